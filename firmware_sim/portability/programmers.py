"""Masters who mostly set something: what their devices must keep when the power goes meanwhile.

Frames are made as in masters.py and master698.py. A device here has one of two numbers, for its
number too is set; who asks does not know which one holds and calls either.
"""

import random
from collections import deque

from firmware_sim.portability import master698, masters
from firmware_sim.portability.masters import METER

NUMBERS = (METER, bytes.fromhex("999910123700"))
UNITS = (masters.UNIT, 9)

_ANY = b"\xaa" * 6
_KEY = bytes.fromhex("02000000")
_WHO = bytes.fromhex("78563412")
_NIGHT = bytes.fromhex("595923311226")

# identifier as printed, bytes of what stands there
_SET645 = tuple(
    (bytes.fromhex(item)[::-1], size)
    for item, size in (
        ("04000103", 1), ("04000104", 1), ("04000403", 32), ("0400040E", 6), ("04000D01", 2),
        ("04000D08", 2), ("04000E03", 2), ("04000F01", 4), ("04000702", 1), ("04000B01", 2),
    )
)  # fmt: skip
ASK645 = tuple(
    bytes.fromhex(item)[::-1]
    for item in (
        "04000103", "04000104", "04000403", "0400040E", "04000D01", "04000E03", "04000702",
        "04000B01", "04000501", "03300001", "03300D01", "1D000001", "05010001",
    )
)  # fmt: skip
"""Identifiers in the order of the line, of what an order changes and time alone does not."""


def _bcd(chance: random.Random, count: int) -> bytes:
    """Digits that every field takes: none of them above 2."""
    return bytes(chance.randrange(3) << 4 | chance.randrange(1, 3) for _ in range(count))


def dlt645(chance: random.Random) -> bytes:
    """A request to a DL/T 645 meter."""
    number = chance.choice(NUMBERS)
    control, data = _order645(chance)
    if control == 0x08 or (control == 0x16 and chance.random() < 0.3):
        number = b"\x99" * 6
    return masters.frame645(number, control, data, chance.randrange(6))


def _order645(chance: random.Random) -> tuple[int, bytes]:
    """Control and data."""
    what = chance.random()
    if what < 0.25:
        return 0x11, chance.choice(ASK645)
    if what < 0.60:
        item, size = chance.choice(_SET645)
        return 0x14, item + _KEY + _WHO + _bcd(chance, size)
    if what < 0.67:
        return 0x14, b"\x01\x04\x00\x04" + _KEY + _WHO + chance.choice(NUMBERS)
    if what < 0.72:
        time = _bcd(chance, 3)
        return 0x14, b"\x0c\x01\x00\x04" + _KEY + _WHO + time + b"\x04\x01\x01\x26"
    if what < 0.76:
        return 0x08, _bcd(chance, 2) + b"\x03\x01\x01\x26"
    if what < 0.82:
        return 0x16, chance.choice((b"\x99" * 4, bytes(_bcd(chance, 1)) + b"\x99" * 3))
    if what < 0.85:
        return 0x17, b"\x20"
    if what < 0.88:
        # another level's, so that the own one goes on opening
        return 0x18, bytes.fromhex("050C0004") + _KEY + b"\x04" + _bcd(chance, 3)
    if what < 0.91:
        return 0x19, b"\x04\0\0\0" + _WHO
    if what < 0.94:
        return 0x1B, _KEY + _WHO + chance.choice((b"\xff" * 4, bytes.fromhex("FF001103")))
    if what < 0.98:
        return 0x1C, _KEY + _WHO + bytes([chance.choice((0x1A, 0x1C, 0x2A, 0x2B)), 0]) + _NIGHT
    return 0x14, b"\x03\x01\x00\x04" + b"\x02\x77\x77\x77" + _WHO + b"\x30"


def tmu(chance: random.Random) -> bytes:
    """A request to a TMU."""
    unit = chance.choice((*UNITS * 3, 0))
    what = chance.random()
    if what < 0.25:
        return masters.frame_modbus(unit, 3, b"\x00\x00\x00\x07")
    if what < 0.33:
        return masters.frame_modbus(unit, 6, b"\x00\x00\x00" + bytes([chance.choice(UNITS)]))
    first = chance.randrange(3, 6)
    values = [chance.randrange(100, 2500) for _ in range(chance.randrange(1, 8 - first))]
    words = b"".join(value.to_bytes(2, "big") for value in values)
    if len(values) == 1:
        return masters.frame_modbus(unit, 6, bytes([0, first]) + words)
    head = bytes([0, first, 0, len(values), len(words)])
    return masters.frame_modbus(unit, 16, head + words)


_CONNECT = (
    b"\x02\x00\x00\x10" + b"\xff" * 24 + b"\x02\x00\x02\x00\x01\x04\x00" + bytes(4)
    + b"\x01\x0800000000" + b"\x00"
)  # fmt: skip
ASK698 = tuple(
    bytes.fromhex(oad)
    for oad in ("40010200", "40030200", "41030200", "F2010201", "30120400", "30160400", "50020300")
)


class Programmer698:
    """A programmer of DL/T 698.45: connects, for every power cut ends that, and sets."""

    def __init__(self) -> None:
        self._next: deque[bytes] = deque()

    def __call__(self, chance: random.Random) -> bytes:
        """The next clean request."""
        if not self._next:
            orders = [self._order(chance) for _ in range(chance.randrange(1, 4))]
            self._next.extend((_CONNECT, *orders))
        data = self._next.popleft()
        number = chance.choice((*NUMBERS, _ANY, _ANY))
        wake = b"\xfe" * chance.randrange(6)
        if data[:2] == b"\x07\x01" and chance.random() < 0.5:
            return wake + master698.frame(b"\xc0\xaa", data)
        return wake + master698.frame((b"\x45" if number == _ANY else b"\x05") + number, data)

    def _order(self, chance: random.Random) -> bytes:
        """An APDU."""
        what = chance.random()
        if what < 0.2:
            return get698(*chance.sample(ASK698, 3))
        time = b"\x1c\x07\xea\x01\x01\x03" + bytes([chance.randrange(8), chance.randrange(60)])
        if what < 0.3:
            omd, data = chance.choice(
                (
                    (b"\x40\x00\x7f\x00", time),
                    (b"\x50\x00\x03\x00", b"\x00"),
                    (
                        b"\xf2\x01\x7f\x00",
                        b"\x02\x03\x51\xf2\x01\x02\x01\x5f\x06\x02\x08\x01\x00\x16\x00",
                    ),
                )
            )
            return b"\x07\x01\x00" + omd + data + b"\x00"
        size = chance.randrange(1, 8)
        oad, data = chance.choice(
            (
                (b"\x40\x01\x02\x00", b"\x09\x06" + chance.choice(NUMBERS)[::-1]),
                (b"\x40\x00\x02\x00", time),
                (b"\x40\x03\x02\x00", b"\x09" + bytes([size]) + chance.randbytes(size)),
                (b"\x41\x03\x02\x00", b"\x0a\x08" + chance.randbytes(8).hex()[:8].encode()),
                (b"\x41\x03\x02\x00", b"\x0a\x04" + chance.randbytes(2).hex().encode()),
                (b"\x50\x02\x03\x00", b"\x54\x01\x00" + bytes([chance.choice((1, 5, 15, 60))])),
            )
        )
        return b"\x06\x01\x00" + oad + data + b"\x00"


def get698(*oads: bytes) -> bytes:
    """GET of several objects."""
    return b"\x05\x02\x00" + bytes([len(oads)]) + b"".join(oads) + b"\x00"


def questions645() -> tuple[bytes, ...]:
    """What a meter is asked for all it keeps, under either number."""
    return tuple(masters.frame645(_ANY, 0x11, item) for item in ASK645)


def questions698() -> tuple[bytes, ...]:
    """The same of DL/T 698.45."""
    return (master698.frame(b"\x45" + _ANY, get698(*ASK698)),)


def questions_tmu() -> tuple[bytes, ...]:
    """The same of a TMU."""
    return tuple(masters.frame_modbus(unit, 3, b"\x00\x00\x00\x07") for unit in UNITS)
