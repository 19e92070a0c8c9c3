"""A tiny DL/T 645 master of the tests' own: requests out, answers taken apart, nothing shared."""

from dataclasses import dataclass

NUMBER = "370112100001"
"""The meter most tests talk to."""


def request(number: str, control: int, data: bytes = b"", wake: int = 4) -> bytes:
    """A request frame; `data` before +33H, the number as printed (hex digits)."""
    body = bytes.fromhex(number)[::-1]
    frame = b"\x68" + body + b"\x68" + bytes([control, len(data)])
    frame += bytes((byte + 0x33) % 256 for byte in data)
    return b"\xfe" * wake + frame + bytes([sum(frame) % 256, 0x16])


def read(number: str, item: str, wake: int = 4) -> bytes:
    """A read (11) of an identifier written DI3 first."""
    return request(number, 0x11, bytes.fromhex(item)[::-1], wake)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken apart."""

    wake: int
    number: str
    control: int
    data: bytes

    @property
    def item(self) -> str:
        """The identifier, DI3 first."""
        return self.data[:4][::-1].hex().upper()

    @property
    def raw(self) -> bytes:
        """What follows the identifier."""
        return self.data[4:]


def answer(burst: bytes) -> Answer:
    """The one frame of a burst; AssertionError if it is not exactly one right frame."""
    frame = burst.lstrip(b"\xfe")
    assert frame[0] == 0x68, burst.hex(" ")
    assert frame[7] == 0x68, burst.hex(" ")
    assert len(frame) == frame[9] + 12, burst.hex(" ")
    assert frame[-1] == 0x16, burst.hex(" ")
    assert sum(frame[:-2]) % 256 == frame[-2], burst.hex(" ")
    data = bytes((byte - 0x33) % 256 for byte in frame[10:-2])
    return Answer(len(burst) - len(frame), frame[1:7][::-1].hex().upper(), frame[8], data)


def digits(raw: bytes) -> str:
    """BCD bytes, low first, as digits."""
    return raw[::-1].hex().upper()
