"""Decimal digits into a fixed buffer, two a byte, low byte first (DL/T 645-2007 A.1)."""

BLANK = 0xFF


def put_bcd(out: bytearray, at: int, value: int, size: int) -> None:
    """`value` as 2*size digits; a value with more digits shows its top (all nines)."""
    if value >= 100**size:
        value = 100**size - 1
    for i in range(at, at + size):
        pair = value % 100
        out[i] = pair + pair // 10 * 6
        value //= 100


def put_signed(out: bytearray, at: int, value: int, size: int) -> None:
    """As put_bcd, the sign in the top bit of the last byte; the top digit goes to 7 only."""
    negative = value < 0
    if negative:
        value = -value
    top = 8 * 10 ** (2 * size - 1) - 1
    if value > top:
        value = top
    put_bcd(out, at, value, size)
    if negative:
        out[at + size - 1] |= 0x80


def put_blank(out: bytearray, at: int, size: int) -> None:
    """FF: the meter has no such element."""
    for i in range(size):
        out[at + i] = BLANK


def round10(raw: int) -> int:
    """A tenth of raw, halves away from zero."""
    if raw < 0:
        return -((5 - raw) // 10)
    return (raw + 5) // 10
