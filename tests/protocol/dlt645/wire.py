"""Frames built here, by the standard's text and not by the code under test."""

from cext.framing import Frame645, Scanner645
from tests.cext.streams import encode


def frame(address: str, control: int, data: bytes) -> Frame645:
    """The frame of a printed address, as a scanner gives it."""
    found = Scanner645().feed(encode(bytes.fromhex(address)[::-1], control, data))
    assert found is not None
    return found


def di(identifier: str) -> bytes:
    """DI0..DI3 of a printed identifier."""
    return bytes.fromhex(identifier)[::-1]


def bcd(number: int | None, width: int, signed: bool) -> bytes:
    """Digits low byte first, sign in the top bit, FF for what the meter has not."""
    if number is None:
        return b"\xff" * width
    raw = bytearray(bytes.fromhex(f"{abs(number):0{2 * width}d}"))
    if number < 0:
        assert signed
        raw[0] |= 0x80
    return bytes(reversed(raw))
