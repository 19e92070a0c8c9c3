"""What a fleet's master asks, and the one answer that is right.

Built from the standard and the chip's registers alone: nothing is shared with the firmware that
answers, and an answer is right only if every byte of it is.
"""

import struct
from collections.abc import Callable

HEAD = b"\xfe\xfe\xfe\xfe\x68"
"""Wake-up bytes and the first start byte."""
CLOSING = tuple(bytes((check, 0x16)) for check in range(256))
"""Checksum and end."""
SHIFT = bytes((byte + 0x33) & 0xFF for byte in range(256))
QUESTION = 20
"""Bytes of a question, with its wake-up bytes."""
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


class Item:
    """One thing asked, with what of its frames is the same for every meter.

    identifier: as printed, DI3 first. size: bytes of its value. value: the number its digits show,
    from the chip's registers.
    """

    __slots__ = ("_asked", "_asked_sum", "_told", "_told_sum", "identifier", "size", "value")

    def __init__(self, identifier: str, size: int, value: Callable[[bytes], int]) -> None:
        self.identifier = identifier
        self.size = size
        self.value = value
        self._asked = _tail(identifier, READ, 0)
        self._told = _tail(identifier, ANSWERED, size)
        # with the first 68
        self._asked_sum = 0x68 + sum(self._asked)
        self._told_sum = 0x68 + sum(self._told)

    def question(self, number: bytes) -> bytes:
        """What asks the meter for it, `QUESTION` bytes; `number` as on the line."""
        return b"".join((HEAD, number, self._asked, CLOSING[sum(number) + self._asked_sum & 0xFF]))

    def answer(self, number: bytes, image: bytes) -> bytes:
        """The one right answer while the meter's chip shows `image`."""
        # a decimal's digits read as hexadecimal ones are BCD
        digits = int(str(self.value(image)), 16).to_bytes(self.size, "little").translate(SHIFT)
        check = sum(number) + self._told_sum + sum(digits) & 0xFF
        return b"".join((HEAD, number, self._told, digits, CLOSING[check]))


def _tail(identifier: str, control: int, size: int) -> bytes:
    """From the second 68 to the identifier, +33H."""
    return bytes((0x68, control, 4 + size)) + bytes.fromhex(identifier)[::-1].translate(SHIFT)


ITEMS = (
    Item("00010000", 4, energy),
    Item("02010100", 2, voltage),
    Item("02030000", 3, power),
)
"""Asked in turn, one a round."""
