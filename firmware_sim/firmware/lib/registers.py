"""Big-endian words out of a register image, in small integers only.

A word is put together from its halves so that no value below 2**30 passes through a big integer,
which on a 32-bit port would be a heap allocation per read.
"""


def u16(buf: bytearray, at: int) -> int:
    """Two bytes, unsigned."""
    return buf[at] << 8 | buf[at + 1]


def s16(buf: bytearray, at: int) -> int:
    """Two bytes, two's complement."""
    value = buf[at] << 8 | buf[at + 1]
    return value - 0x10000 if value & 0x8000 else value


def s32(buf: bytearray, at: int) -> int:
    """Four bytes, two's complement."""
    value = buf[at] << 8 | buf[at + 1]
    if value & 0x8000:
        value -= 0x10000
    return value * 0x10000 + (buf[at + 2] << 8 | buf[at + 3])
