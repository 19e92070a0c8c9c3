"""What a fleet's master asks, and the one answer that is right.

Built from the standard and the chip's registers alone: nothing is shared with the firmware that
answers, and an answer is right only if every byte of it is.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

HEAD = b"\xfe\xfe\xfe\xfe\x68"
"""Wake-up bytes and the first start byte."""
CLOSING = tuple(bytes((check, 0x16)) for check in range(256))
"""Checksum and end."""
SHIFT = bytes((byte + 0x33) & 0xFF for byte in range(256))
READ = 0x11
ANSWERED = 0x91
_PULSES = struct.Struct(">4I")
_POWER = struct.Struct(">i")


def energy(image: bytes) -> int:
    """Forward active energy, 0.01 kWh: 16 pulses each."""
    pulses: tuple[int, ...] = _PULSES.unpack_from(image, 0x60)
    return sum(pulses) // 16 % 100_000_000


def voltage(image: bytes) -> int:
    """Voltage of the element, 0.1 V, from 0.01 V."""
    return ((image[0x10] << 8 | image[0x11]) + 5) // 10


def power(image: bytes) -> int:
    """Active power of a meter that takes it, 0.1 W, from 0.01 W."""
    watts: int = _POWER.unpack_from(image, 0x30)[0]
    return (watts + 5) // 10


@dataclass(frozen=True, slots=True)
class Item:
    """One thing asked, with what of its frames is the same for every meter."""

    identifier: str
    """As printed, DI3 first."""
    size: int
    """Bytes of its value."""
    value: Callable[[bytes], int]
    """The number its digits show, from the chip's registers."""

    def question(self, number: bytes) -> bytes:
        """What asks the meter for it; `number` as on the line."""
        tail, total = _tail(self.identifier, READ, 0)
        return b"".join((HEAD, number, tail, CLOSING[sum(number) + total & 0xFF]))

    def answer(self, number: bytes, image: bytes) -> bytes:
        """The one right answer while the meter's chip shows `image`."""
        tail, total = _tail(self.identifier, ANSWERED, self.size)
        # a decimal's digits read as hexadecimal ones are BCD
        digits = int(str(self.value(image)), 16).to_bytes(self.size, "little").translate(SHIFT)
        check = sum(number) + total + sum(digits) & 0xFF
        return b"".join((HEAD, number, tail, digits, CLOSING[check]))


@cache
def _tail(identifier: str, control: int, size: int) -> tuple[bytes, int]:
    """From the second 68 to the identifier, +33H, and the sum of it and the first 68."""
    tail = bytes((0x68, control, 4 + size)) + bytes.fromhex(identifier)[::-1].translate(SHIFT)
    return tail, 0x68 + sum(tail)


ITEMS = (
    Item("00010000", 4, energy),
    Item("02010100", 2, voltage),
    Item("02030000", 3, power),
)
"""Asked in turn, one a round."""
