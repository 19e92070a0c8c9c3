"""The sum of bytes modulo 256 (DL/T 645-2007 5.2.6)."""


def sum8(buf: bytearray, start: int, end: int) -> int:
    """Sum of buf[start:end] modulo 256.

    The slice is a small block for the collector; a loop of bytecode would cost several times the
    time, and this sum is run twice an exchange.
    """
    return sum(buf[start:end]) & 0xFF
