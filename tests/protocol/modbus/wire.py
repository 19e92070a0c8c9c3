"""Answers of a TMU, put together here and not by the code under test."""

from cext.framing import FrameModbus, ScannerModbus
from tests.cext.rtu import encode

REGISTERS = "0001 0109 01C5 8000 0302 7FFF 015E FFA4 0259 9C40 0001 5180 0000 0007 0002 04AD 0100"
"""The 17 input registers of domain.md §3 with something in each."""

CONTENT = bytes.fromhex(REGISTERS)


def answer(content: bytes = CONTENT, unit: int = 1, function: int = 4) -> bytes:
    """A whole answer holding these registers."""
    return encode(unit, function, bytes([len(content)]) + content)


def framed(raw: bytes) -> FrameModbus:
    """The frame that a scanner asking for just this gives."""
    scanner = ScannerModbus()
    scanner.expect(raw[0], raw[1] & 0x7F, len(raw))
    frame = scanner.feed(raw)
    assert frame is not None
    return frame


def with_register(number: int, content: int) -> bytes:
    """The registers with another content in one of them."""
    return CONTENT[: 2 * number] + content.to_bytes(2, "big") + CONTENT[2 * number + 2 :]
