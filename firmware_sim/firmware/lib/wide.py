"""Figures of five bytes, two's complement, big-endian: seconds, and what clocks differ by.

Four bytes are too few: the seconds since 2000 pass 2**31 in 2068, and a clock that is set is off
its board's by up to a century either way.
"""

WIDE = 5


def put_wide(buf, at: int, value: int) -> int:
    """Put a figure at buf[at]; the place behind."""
    for i in range(WIDE):
        buf[at + i] = value >> 8 * (WIDE - 1 - i) & 0xFF
    return at + WIDE


def get_wide(buf, at: int) -> int:
    """What put_wide() has put."""
    value = buf[at] - 0x100 if buf[at] & 0x80 else buf[at]
    for i in range(1, WIDE):
        value = value << 8 | buf[at + i]
    return value
