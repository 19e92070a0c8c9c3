"""The sum of bytes modulo 256 (DL/T 645-2007 5.2.6)."""


def sum8(buf: bytearray, start: int, end: int) -> int:
    """Sum of buf[start:end] modulo 256, without making a slice."""
    total = 0
    for i in range(start, end):
        total += buf[i]
    return total & 0xFF
