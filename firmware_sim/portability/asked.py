"""What a meter's core is asked on both machines, drawn from a seed, without a line and its pace.

The proof by traces runs main.py as a board has it, without a past. So most of what is read out of a
past, and most of what a request may choose by, is not in it. Here the core is asked alone
(device/cores.py), with a past, on each machine the same.
"""

import random
from collections.abc import Callable, Iterator

from firmware_sim.portability import masters, programmers
from firmware_sim.portability.master698 import Talk, frame
from firmware_sim.portability.masters import METER

_KEY, _WHO = b"\x02\0\0\0", b"\x78\x56\x34\x12"
# its number is set too: who asks calls whoever is there
_ANY = b"\xaa" * 6
_SERVER = b"\x45" + _ANY
_ALL = 0xFF


def requests645(seed: int, count: int) -> Iterator[bytes]:
    """Reads of every class, their parts, and orders, to one DL/T 645 meter."""
    chance = random.Random(seed)
    for _ in range(count):
        what = chance.random()
        if what < 0.7:
            item = _item645(chance)
            yield masters.frame645(_ANY, 0x11, item, 0)
            for part in range(1, chance.choice((1, 1, 1, 3, 5))):
                yield masters.frame645(_ANY, 0x12, item[:4] + bytes([part]), 0)
        elif what < 0.73:
            # another date, at which other things have been
            date = bytes((*_bcd(chance, (60, 60, 24)), 0, *_bcd(chance, (28, 12)), 0x26))
            date = date[:4] + bytes(max(one, 1) for one in date[4:6]) + date[6:]
            yield masters.frame645(_ANY, 0x14, b"\x0c\x01\x00\x04" + _KEY + _WHO + date, 0)
        elif what < 0.85:
            yield masters.frame645(_ANY, *_order645(chance), 0)
        else:
            yield (masters.dlt645 if what < 0.92 else programmers.dlt645)(chance)


def _item645(chance: random.Random) -> bytes:
    """An identifier in the order of the line, with what a load record is asked by behind it."""
    small = chance.choice((0, 1, 2, 3, 12, _ALL))
    kind = chance.choice((0, 0, 1, 2, 3, 3, 4, 5, 5, 6, 0x1D))
    match kind:
        case 0 | 1:
            d2 = chance.choice((*range(12), *range(0x15, 0x1F), 0x29, 0x3D, 0x51, 0x80, 0x94, 0xFF))
            return bytes((small, chance.choice((0, 1, 4, 5, _ALL)), d2, kind))
        case 2:
            first = chance.choice((*range(14), 0x80, _ALL))
            return bytes((chance.randrange(8), chance.choice((0, 1, 2, 3, _ALL)), first, kind))
        case 3:
            ring = chance.choice((*range(0x14), 0x30))
            last = chance.choice((0, 1, 2, 3, 10, 12, _ALL))
            return bytes((last, chance.randrange(0x11), ring, kind))
        case 5:
            part = chance.choice((*range(12), 0x10, _ALL))
            return bytes(
                (chance.choice((1, 1, 2, 3, 12, 62, _ALL)), part, chance.randrange(9), kind)
            )
        case 6:
            how = chance.choice((0, 1, 1, 2, 2, 3))
            count = bytes([chance.choice((1, 1, 2, 3, 9, 0x10))])
            when = bytes((*_bcd(chance, (60, 24)), *_bcd(chance, (28, 12)), 0x26))
            more = count + when if how == 1 else count if chance.random() < 0.95 else b""
            return bytes((how, 0, chance.randrange(8), kind)) + more
    third = chance.choice((0, 0, 0, *range(12)))
    return bytes((chance.randrange(12), chance.choice((0, 1, 2, 4, 5, _ALL)), third, kind))


def _order645(chance: random.Random) -> tuple[int, bytes]:
    """Control and data of what changes the meter, some of it with a wrong password."""
    key = _KEY if chance.random() < 0.8 else b"\x04\0\0\0" if chance.random() < 0.5 else b"\2\1\1\1"
    match chance.randrange(8):
        case 0:
            # a row of a calendar: zones, segments, holidays
            name = chance.choice(("04010000", "04010001", "04020001", "04020008", "04030001"))
            rows = [_row(chance) for _ in range(1 if name[3] == "3" else 4)]
            return 0x14, bytes.fromhex(name)[::-1] + key + _WHO + b"".join(sorted(rows))
        case 1:
            item = bytes.fromhex(chance.choice(("04000106", "04000107", "04000109")))[::-1]
            when = bytes((*_bcd(chance, (60, 24)), 1, 0x10, 0x26))
            return 0x14, item + key + _WHO + chance.choice((when, b"\0" * 5, b"\x99" * 5))
        case 2:
            kind = bytes([chance.choice((0x1A, 0x1B, 0x1C, 0x2A, 0x2B, 0x3A, 0x3B, 0x4A))])
            night = bytes.fromhex(chance.choice(("595923311226", "000000010120", "FFFFFFFFFFFF")))
            return 0x1C, key + _WHO + kind + b"\0" + night
        case 3:
            return chance.choice((0x19, 0x1A, 0x1B)), key + _WHO + b"\xff" * chance.choice((0, 4))
        case 4:
            level = chance.choice((b"\x02", b"\x04"))
            item = b"\x05\x0c\0\x04" if chance.random() < 0.9 else b"\x0b\x0c\0\x04"
            return 0x18, item + key + level + b"\0\0\0"
        case 5:
            return 0x1D, bytes([chance.randrange(4)])
        case 6:
            return 0x15, METER
    item = bytes((chance.randrange(16), chance.randrange(16), 0, 4))
    return 0x14, item + key + _WHO + bytes(_bcd(chance, (24,) * chance.randrange(1, 7)))


def _row(chance: random.Random) -> bytes:
    """Tariff or table, then minute and hour or day and month, as printed."""
    return bytes((chance.randrange(5), *_bcd(chance, (30, 13))))


def _bcd(chance: random.Random, below: tuple[int, ...]) -> Iterator[int]:
    for one in below:
        value = chance.randrange(one)
        yield value // 10 << 4 | value % 10


def requests698(seed: int, count: int) -> Iterator[bytes]:
    """Records chosen in every way there is, and the talk of both other masters."""
    chance = random.Random(seed)
    masters = Talk(), programmers.Programmer698()
    for n in range(count):
        # those two say one thing after the other
        turn = n // 60 % 4
        if turn < 2:
            yield masters[turn](chance)
            continue
        if n % 60 == 0:
            yield from _day()
        data = chance.choice((_read, _read, _read, _get, _change))(chance)
        if chance.random() < 0.1:
            # cut short within, with a right check
            data = data[: chance.randrange(1, len(data))]
        yield frame(_SERVER, data)


_PLACES = (*range(0, 0xB0, 0x10), *range(0x1000, 0x10C0, 0x10), *range(0x2000, 0x202A), 0x2131)
_SETTINGS = (*range(0x4000, 0x4020), *range(0x4100, 0x4118), 0x4300, 0x4401, 0xF101, 0xF201)


def _day() -> Iterator[bytes]:
    """A day of the curve, its fragments acknowledged, and the blocks behind; once more, too far."""
    day = b"\x1c\x07\xe9\x0c\x1f\0\0\0\x1c\x07\xea\1\1\0\0\0"
    columns = [bytes.fromhex(one) for one in _COLUMNS[:2]] + _CURVE
    rcsd = bytes([len(columns)]) + b"".join(b"\0" + one for one in columns)
    rows = b"\2\x20\x21\2\0" + day + b"\0"
    yield frame(_SERVER, b"\5\3\1\x50\2\2\0" + rows + rcsd + b"\0")
    for block in (0, 0, 1, 5):
        for part in range(20):
            yield frame(_SERVER, (part | 2 << 14).to_bytes(2, "little"), 0x63)
        yield frame(_SERVER, b"\5\5\1" + block.to_bytes(2, "big") + b"\0")


def _get(chance: random.Random) -> bytes:
    """Any attribute of any object there may be, one or several."""
    count = chance.choice((1, 1, 2, 5))
    oads = b""
    for _ in range(count):
        oi = chance.choice(chance.choice((_PLACES, _SETTINGS, (*range(0x3000, 0x301E), 0x5002))))
        oads += oi.to_bytes(2, "big") + bytes((chance.choice((2, 2, 3, 4, 5)), chance.randrange(4)))
    return (b"\x05\x01\1" if count == 1 else b"\x05\x02\1" + bytes([count])) + oads + b"\0"


_CURVE = [
    bytes.fromhex(f"{oi}0200") for oi in ("2000", "2001", "2004", "0010", "0020", "2005", "200A")
]
"""What a three-phase meter's curve has."""


def _change(chance: random.Random) -> bytes:
    """CONNECT by password, right or wrong, SET of a record's columns, ACTION of the password."""
    match chance.randrange(6):
        case 0 | 1:
            password = chance.choice((b"00000000", b"00000000", b"1"))
            offer = chance.choice((b"\0\x10", b"\0\x10", b"\0\x11")) + b"\xff" * 24
            offer += b"\2\0\2\0\1\4\0" + bytes(4)
            return b"\2\1" + offer + b"\1" + bytes([len(password)]) + password + b"\0"
        case 2:
            columns = _CURVE[: chance.choice((3, 7, 7, 7))]
            period = chance.choice((1, 15, 15, 60)).to_bytes(2, "big")
            rows = [b"\2\3\x12" + period + b"\x51" + one + b"\x12\2\0" for one in columns]
            return b"\6\1\1\x50\2\3\0" + bytes((1, len(rows))) + b"".join(rows) + b"\0"
        case 3:
            return b"\6\1\1\x44\1\2\0\x0a\x08" + chance.choice((b"00000000", b"0000 000")) + b"\0"
        case 4:
            # a length in two bytes
            return b"\x06\1\1\x40\3\2\0" + b"\x09\x81\x06\1\2\3\4\5\6" + b"\0"
    return b"\x07\1\1\x40\0\x7f\0\x1c" + _time(chance) + b"\0"


def _read(chance: random.Random) -> bytes:
    """GET-Request Record."""
    return b"\x05\x03\1" + _record(chance) + b"\0"


_FREEZES = ("5000", "5002", "5003", "5004", "5006")
_EVENTS = ("3000", "3001", "3003", "3011", "3012", "3016", "301B", "301C")
_COLUMNS = (
    *("20210200", "20230200", "20220200", "201E0200", "20200200", "20240200", "00100200"),
    *("00102200", "00108200", "00200200", "20000200", "20010200", "20040200", "10100200"),
)


def _record(chance: random.Random) -> bytes:
    """OAD, RSD and RCSD."""
    freeze = chance.random() < 0.7
    oad = bytes.fromhex(chance.choice(_FREEZES if freeze else _EVENTS))
    oad += bytes([chance.choice((2, 2, 2, 3, 4, 6, 7)), chance.choice((0, 0, 0, 0, 1, 3))])
    return oad + _rows(chance, freeze) + _rcsd(chance)


def _rcsd(chance: random.Random) -> bytes:
    columns = []
    for one in chance.sample(_COLUMNS, chance.randrange(1, 5)):
        column = bytes.fromhex(one)
        if chance.random() < 0.1:
            # a ROAD: an object and what of it
            column = b"\x01" + bytes.fromhex("50040200") + b"\x02" + column + b"\x00\x10\x02\x00"
            columns.append(column)
        else:
            columns.append(b"\0" + column)
    return b"\0" if chance.random() < 0.1 else bytes([len(columns)]) + b"".join(columns)


def _rows(chance: random.Random, freeze: bool) -> bytes:
    """An RSD of each kind, 0 to 10, and one there is not."""
    kind = chance.randrange(12)
    out = bytes([kind])
    match kind:
        case 1:
            column, value = _key(chance, freeze)
            return out + column + value(chance)
        case 2:
            return out + _between(chance, freeze)
        case 3:
            count = chance.choice((0, 1, 1, 2))
            return out + bytes([count]) + b"".join(_between(chance, freeze) for _ in range(count))
        case 4 | 5:
            return out + _time(chance) + _meters(chance)
        case 6 | 7 | 8:
            return out + _time(chance) + _time(chance) + _interval(chance) + _meters(chance)
        case 9:
            return out + bytes([chance.randrange(5)])
        case 10:
            return out + bytes([chance.randrange(5)]) + _meters(chance)
    return out


def _between(chance: random.Random, freeze: bool) -> bytes:
    """A column, from, to, and every how often or null."""
    column, value = _key(chance, freeze)
    every = b"\0" if chance.random() < 0.4 else b"\x54" + _interval(chance)
    return column + value(chance) + value(chance) + every


def _key(chance: random.Random, freeze: bool) -> tuple[bytes, Callable[[random.Random], bytes]]:
    """What rows are chosen by, and a Data of its type or, seldom, another."""
    by_time = "20210200" if freeze else chance.choice(("201E0200", "20200200"))
    by_number = "20230200" if freeze else "20220200"
    if chance.random() < 0.05:
        return bytes.fromhex("20000200"), _number
    if chance.random() < 0.7:
        return bytes.fromhex(by_time), lambda chance: b"\x1c" + _time(chance)
    return bytes.fromhex(by_number), _number


def _number(chance: random.Random) -> bytes:
    """A Data: one byte, two, four, or text."""
    size, tag = chance.choice(((1, 0x11), (2, 0x12), (4, 0x06), (4, 0x06)))
    if chance.random() < 0.05:
        return b"\x0a\x02ab"
    return bytes([tag]) + chance.randrange(1 << 14 if size > 1 else 256).to_bytes(size, "big")


def _time(chance: random.Random) -> bytes:
    """A date_time_s, mostly a midnight or a quarter of an hour there has been."""
    if chance.random() < 0.05:
        return b"\xff" * 7
    minute = chance.choice((0, 0, 15, 30, 45, 61 if chance.random() < 0.05 else 0))
    day, hour = chance.choice((1, 1, 15, 28)), chance.choice((0, 0, 0, chance.randrange(24)))
    year, month = chance.choice(((2025, 11), (2025, 12), (2026, 1), (2026, 1), (2026, 2)))
    return year.to_bytes(2, "big") + bytes([month, day, hour, minute, 0])


def _interval(chance: random.Random) -> bytes:
    """A TI of any unit."""
    return bytes([chance.randrange(7), 0, chance.choice((0, 1, 1, 2, 15, 60))])


def _meters(chance: random.Random) -> bytes:
    """An MS of each kind: none, all, types, addresses, numbers, regions of these three."""
    kind = chance.randrange(9)
    count = chance.choice((1, 1, 2))
    out = bytes([kind])
    if kind < 2 or kind == 8:
        return out
    return out + bytes([count]) + b"".join(_one_of(chance, kind) for _ in range(count))


def _one_of(chance: random.Random, kind: int) -> bytes:
    match kind:
        case 2:
            return chance.randbytes(1)
        case 3:
            return _address(chance)
        case 4:
            return chance.randbytes(2)
    bounds = [
        b"\x55" + _address(chance) if kind == 6 else b"\x12" + chance.randbytes(2) for _ in range(2)
    ]
    return bytes([chance.choice((0, 1, 2, 3, 3, 4))]) + b"".join(bounds)


def _address(chance: random.Random) -> bytes:
    """A TSA: this meter's, one beside it, or none of six bytes."""
    number = bytearray(METER[::-1])
    number[chance.randrange(6)] ^= chance.choice((0, 0, 1, 0x10))
    return b"\x07\x05" + bytes(number) if chance.random() < 0.95 else b"\x03\x01\x12\x34"
