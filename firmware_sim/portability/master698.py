"""What the scripted master of DL/T 698.45 asks, and the frames it asks in, made here alone.

As in masters.py neither the agent's codec nor the firmware's is used. This master talks: behind a
question whose answer may be long it acknowledges fragments and asks for the next block, blindly,
so that faults and power cuts fall between the parts of an answer too.
"""

import random
from collections import deque
from collections.abc import Sequence

from firmware_sim.portability.masters import METER

_OWN = b"\x05" + METER
_FOREIGN = (b"\x45" + b"\xaa" * 6, b"\x05" + b"\xaa" * 6, b"\x40\xaa", b"\x05" + b"\x02" * 6)
_OTHERS = (*_FOREIGN, b"\x15" + METER, b"\x85" + METER, b"\x45" + METER[:3] + b"\xaa" * 3)
_EVERYBODY = b"\xc0\xaa"

_SCRAMBLED = 0x08
_FRAGMENT = 0x20
_REQUEST = 0x43
_FIRST, _LAST, _ACKNOWLEDGED, _MIDDLE = range(4)


def _oads(text: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(oad) for oad in text.split())


_SWEEP_1PH = _oads("20000201 20010201 20040201 200A0201 00100201")
_SWEEP_3PH = _oads("20000200 20010200 20040200 20050200 200A0200 00100201 00200201")
_OBJECTS = _oads(
    "00000200 00000400 00100200 00100202 00100300 00100400 00110200 00200200 00300200 00400400"
    " 00500200 00830200 00900200 00A00500 10100200 10200201 10500200 20000200 20000300 20010400"
    " 20030200 20060200 20070200 200F0200 20100200 20110200 20120200 20130200 20140200 20140203"
    " 20150200 20170200 20190200 20260200 30000300 30000400 30110300 30110400 301B0300 40000200"
    " 40000300 40010200 40020200 40030200 400C0200 41030200 41040200 41090200 41120200 43000300"
    " 50000300 50020300 50030300 50040300 50060300 F1010200 F2010200 FFFFFFFF"
)
_COLUMNS = {
    "minute": _oads("20210200 20000200 20010200 20040200 00100200"),
    "day": _oads("20210200 20230200 00100200 00200200 20040200"),
    "event": _oads("20220200 201E0200 20200200 20240200"),
    "cover": _oads("20220200 201E0200 20200200 00102200 00108200"),
}
_EVENTS = _oads("30110200 30120200 30160200 301B0200 301C0200 30000600 30010700 30030800 30140200")
_NOTHING = b"\x00"


def _crc(data: bytes) -> bytes:
    """CRC-16/X.25, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def frame(server: bytes, data: bytes, control: int = _REQUEST, client: int = 0x10) -> bytes:
    """One frame; `server` with its flag byte, `data` before any scrambling."""
    if control & _SCRAMBLED:
        data = bytes((byte + 0x33) & 0xFF for byte in data)
    size = 2 + 1 + len(server) + 1 + 2 + len(data) + 2
    head = size.to_bytes(2, "little") + bytes([control]) + server + bytes([client])
    body = head + _crc(head) + data
    return b"\x68" + body + _crc(body) + b"\x16"


def _part(number: int, kind: int, data: bytes = b"") -> bytes:
    """A fragment's user data."""
    return (number & 0xFFF | kind << 14).to_bytes(2, "little") + data


def _columns(oads: Sequence[bytes]) -> bytes:
    return bytes([len(oads)]) + b"".join(b"\x00" + oad for oad in oads)


def _time(chance: random.Random) -> bytes:
    """An instant near the boards' own, which begin at three in the morning; seven bytes."""
    hour, minute, second = chance.randrange(5), chance.choice((0, 15, 30, 45)), 0
    day = chance.choice((1, 1, 1, 1, 2, 31))
    return (2026).to_bytes(2, "big") + bytes([1, day, hour, minute, second])


class Talk:
    """One master's side: called for each burst; what it says next may hang on what it said."""

    def __init__(self) -> None:
        self._next: deque[tuple[bytes, int]] = deque()
        self._number = 0

    def __call__(self, chance: random.Random) -> bytes:
        """The next clean request."""
        wake = b"\xfe" * chance.randrange(6)
        if self._next and chance.random() < 0.95:
            data, control = self._next.popleft()
            return wake + frame(_OWN, data, control)
        self._next.clear()
        return wake + self._ask(chance)

    def _ask(self, chance: random.Random) -> bytes:
        if chance.random() < 0.04:
            return frame(_EVERYBODY, self._broadcast(chance))
        data, parts = self._order(chance)
        control = _REQUEST | (_SCRAMBLED if chance.random() < 0.1 else 0)
        server = _OWN if chance.random() < 0.9 else chance.choice(_OTHERS)
        if len(data) > 40 and chance.random() < 0.3:
            control |= _FRAGMENT
            data = self._cut(data, control, chance)
        for number in range(parts):
            self._next.append((_part(number, _ACKNOWLEDGED), control | _FRAGMENT))
        return frame(server, data, control, chance.choice((0, 0x10, 0xFF)))

    def _cut(self, data: bytes, control: int, chance: random.Random) -> bytes:
        """The request's first fragment; the others stand in the queue."""
        size = chance.randrange(12, 40)
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        for number, piece in enumerate(pieces[1:], 1):
            kind = _LAST if number == len(pieces) - 1 else _MIDDLE
            self._next.append((_part(number, kind, piece), control))
        return _part(0, _FIRST, pieces[0])

    def _order(self, chance: random.Random) -> tuple[bytes, int]:
        """An APDU, and how many fragments of its answer to acknowledge."""
        self._number = (self._number + 1) % 64
        piid = bytes([self._number | chance.choice((0, 0, 0, 0x40, 0x80))])
        tag = b"\x00" if chance.random() < 0.9 else b"\x01" + _time(chance) + b"\x01\x00\x05"
        what = chance.random()
        if what < 0.24:
            oads: Sequence[bytes] = chance.choice((_SWEEP_1PH, _SWEEP_3PH))
            return b"\x05\x02" + piid + bytes([len(oads)]) + b"".join(oads) + tag, 0
        if what < 0.36:
            return b"\x05\x01" + piid + chance.choice(_OBJECTS) + tag, 0
        if what < 0.46:
            oads = chance.sample(_OBJECTS, chance.randrange(8, 40))
            return b"\x05\x02" + piid + bytes([len(oads)]) + b"".join(oads) + tag, 6
        if what < 0.60:
            return b"\x05\x03" + piid + self._record(chance) + tag, 2
        if what < 0.63:
            two = self._record(chance) + self._record(chance)
            return b"\x05\x04" + piid + b"\x02" + two + tag, 3
        if what < 0.67:
            return self._curve(piid, chance), 0
        if what < 0.77:
            return b"\x06" + self._set(piid, chance) + tag, 0
        if what < 0.81:
            omd = chance.choice(_oads("40007F00 50000300 80008100 00100100"))
            return b"\x07\x01" + piid + omd + _NOTHING + tag, 0
        if what < 0.91:
            return self._connect(piid, chance) + tag, 0
        if what < 0.93:
            return b"\x03" + piid + tag, 0
        if what < 0.95:
            return b"\x05\x05" + piid + bytes([0, chance.randrange(3)]) + tag, 0
        if what < 0.97:
            return b"\x10\x00\x05\x01" + piid + _OBJECTS[0] + b"\x00\x01\x04\x01\x02\x03\x04", 0
        return bytes([chance.randrange(256)]) + chance.randbytes(chance.randrange(20)), 0

    def _record(self, chance: random.Random) -> bytes:
        """OAD, RSD and RCSD of a freeze or event."""
        what = chance.random()
        if what < 0.35:
            oad, columns = bytes.fromhex("50040200"), _COLUMNS["day"]
        elif what < 0.6:
            oad, columns = (
                bytes.fromhex(chance.choice(("50020200", "50030200"))),
                _COLUMNS["minute"],
            )
        elif what < 0.7:
            oad, columns = bytes.fromhex(chance.choice(("50000200", "50060200"))), _COLUMNS["day"]
        else:
            oad = chance.choice(_EVENTS)
            columns = _COLUMNS["cover" if oad[1] == 0x1B else "event"]
        key = b"\x20\x21\x02\x00" if oad[0] == 0x50 else b"\x20\x1e\x02\x00"
        now = b"\x1c" + _time(chance)
        row = chance.choice(
            (
                b"\x01" + key + now,
                b"\x02" + key + now + b"\x1c" + _time(chance) + b"\x54\x01\x00\x1e",
                b"\x01\x20\x23\x02\x00\x06" + chance.randbytes(4),
                b"\x05" + now[1:] + b"\x01",
                b"\x09" + bytes([chance.randrange(1, 5)]),
                b"\x0a" + bytes([chance.randrange(1, 5)]) + chance.choice((b"\x00", b"\x01")),
            )
        )
        return oad + row + (b"\x00" if chance.random() < 0.1 else _columns(columns))

    def _curve(self, piid: bytes, chance: random.Random) -> bytes:
        """A day of the curve, its fragments, its next block and the fragments of that."""
        day = b"\x07\xe9\x0c\x1f\x00\x00\x00"
        rows = b"\x02\x20\x21\x02\x00\x1c" + day + b"\x1c\x07\xea\x01\x01\x03\x00\x00\x00"
        oads = chance.choice((_COLUMNS["minute"], *2 * [_WIDE]))
        for block in range(chance.randrange(1, 4)):
            for number in range(24):
                self._next.append((_part(number, _ACKNOWLEDGED), _REQUEST | _FRAGMENT))
            following = bytes([5, 5]) + piid + block.to_bytes(2, "big") + b"\x00"
            self._next.append((following, _REQUEST))
        return b"\x05\x03" + piid + b"\x50\x02\x02\x00" + rows + _columns(oads) + b"\x00"

    def _set(self, piid: bytes, chance: random.Random) -> bytes:
        """Kind, PIID and what is set: mostly what nobody may."""
        data = chance.choice(
            (
                *(b"\x40\x01\x02\x00\x09\x06" + METER, b"\x40\x00\x02\x00\x1c" + _time(chance)),
                *(b"\x00\x10\x02\x00\x06\x00\x00\x00\x00", b"\x41\x00\x02\x00\x11\x1e"),
                b"\x41\x03\x02\x00\x0a\x04" + chance.randbytes(4),
                b"\x40\x03\x02\x00\x09"
                + bytes([n := chance.randrange(1, 8)])
                + chance.randbytes(n),
                b"\x41\x03\x02\x00\x09\x01\x00",
                b"\x50\x02\x03\x00\x01\x00",
            )
        )
        if chance.random() < 0.25:
            return b"\x03" + piid + b"\x01" + data + data[:4] + b"\x00"
        return b"\x01" + piid + data

    def _connect(self, piid: bytes, chance: random.Random) -> bytes:
        sizes = chance.choice((64, 128, 200, 512, 512, 1024)).to_bytes(2, "big")
        offer = b"\x00\x10" + b"\xff" * 24 + b"\x02\x00" + sizes + b"\x01\x04\x00"
        timeout = chance.choice((0, 0, 10, 600)).to_bytes(4, "big")
        mechanism = chance.choice((b"\x00", *2 * [b"\x00"], b"\x01\x04abcd", b"\x02\x01\x00\x00"))
        return b"\x02" + piid + offer + timeout + mechanism

    def _broadcast(self, chance: random.Random) -> bytes:
        """Everybody is told the time or to freeze; or asked, which nobody answers."""
        told = b"\x07\x01\x01\x40\x00\x7f\x00\x1c" + _time(chance) + b"\x00"
        freeze = b"\x07\x01\x02\x50\x00\x03\x00" + _NOTHING + b"\x00"
        return chance.choice((told, freeze, b"\x05\x01\x03\x40\x01\x02\x00\x00"))


_WIDE = _oads("20210200 20230200 20000200 20010200 20040200 00100200 00200200 20050200 200A0200")
