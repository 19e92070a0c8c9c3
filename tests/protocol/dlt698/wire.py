"""Frames of one meter, built from the standard's layout and a CRC of their own."""

from cext.framing698 import Frame698, Scanner698

METER = "123456789012"
OTHER = "123456789013"


def crc(data: bytes) -> bytes:
    """CRC-16/X.25, bit by bit, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return (value ^ 0xFFFF).to_bytes(2, "little")


def encode(data: bytes, control: int = 0xC3, address: str = METER, flag: int = 0) -> bytes:
    """A whole frame, no wake-up bytes; `flag` is that of SA but for the length."""
    address_bytes = bytes.fromhex(address)[::-1]
    flag |= len(address_bytes) - 1
    size = 2 + 1 + 1 + len(address_bytes) + 1 + 2 + len(data) + 2
    head = size.to_bytes(2, "little") + bytes((control, flag)) + address_bytes + b"\x00"
    body = head + crc(head) + data
    return b"\x68" + body + crc(body) + b"\x16"


def frame(data: bytes | str, control: int = 0xC3, address: str = METER, flag: int = 0) -> Frame698:
    """The same as a scanner gives it; data as bytes or hex."""
    raw = bytes.fromhex(data) if isinstance(data, str) else data
    found = Scanner698().feed(encode(raw, control, address, flag))
    assert found is not None
    return found
