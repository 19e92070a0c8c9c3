"""CRC-16/X.25 of header and frame checks (DL/T 698.45-2017 5.1): 8408H reflected, low byte first.

Begins at FFFFH and is inverted at the end. Four bits a step: sixteen words are enough for a board.
"""

NIBBLES = (
    0x0000, 0x1081, 0x2102, 0x3183, 0x4204, 0x5285, 0x6306, 0x7387,
    0x8408, 0x9489, 0xA50A, 0xB58B, 0xC60C, 0xD68D, 0xE70E, 0xF78F,
)  # fmt: skip


def crc_x25(buf, start: int, end: int) -> int:
    """CRC of buf[start:end], without making a slice."""
    table = NIBBLES
    crc = 0xFFFF
    for i in range(start, end):
        crc ^= buf[i]
        crc = (crc >> 4) ^ table[crc & 15]
        crc = (crc >> 4) ^ table[crc & 15]
    return crc ^ 0xFFFF
