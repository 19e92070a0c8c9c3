"""CRC-16 of Modbus: polynomial A001H reflected, start FFFFH, low byte first on the line.

Modbus over Serial Line V1.02, 6.2.2. Four bits a step: a table of 16 words is enough for a board,
and every value is a small integer.
"""

NIBBLES = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def crc16(buf, start: int, end: int, crc: int = 0xFFFF) -> int:
    """CRC of buf[start:end], without making a slice; `crc`: that of what stands before."""
    table = NIBBLES
    for i in range(start, end):
        crc ^= buf[i]
        crc = (crc >> 4) ^ table[crc & 15]
        crc = (crc >> 4) ^ table[crc & 15]
    return crc
