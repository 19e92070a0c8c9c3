"""DL/T 698.45 APDUs by dice, byte by byte from the layouts; shares nothing with protocol/.

`apdu` makes one that is right from end to end: every service and kind, data of every type.
`bomb` and `lie` make those that are not: nests without end, counts and lengths nobody keeps.
"""

import random
from collections.abc import Callable

FIXED = {
    **{0x00: 0, 0x05: 4, 0x06: 4, 0x0F: 1, 0x10: 2, 0x11: 1, 0x12: 2, 0x14: 8, 0x15: 8, 0x16: 1},
    **{0x17: 4, 0x18: 8, 0x19: 10, 0x1A: 5, 0x1B: 3, 0x1C: 7},
    **{0x50: 2, 0x51: 4, 0x53: 4, 0x54: 3, 0x59: 2, 0x5F: 5},
}
FLOAT32 = 0x17
STRINGS = (0x09, 0x0A, 0x0C, 0x55, 0x56, 0x57)
SOME_OADS = (
    *(0x20000200, 0x20000201, 0x20010200, 0x20040200, 0x200A0201, 0x00100200, 0x00100201),
    *(0x40000200, 0x40010200, 0x20140200, 0x50040200, 0x50020200, 0x20210200, 0x30110200),
)
FLATTEST = 3
"""Deepest nest of data that is right."""


class Dice698:
    """Right APDUs, one by one."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def oad(self) -> bytes:
        """One of the table three times of four, else any."""
        if self.dice.random() < 0.75:
            return self.dice.choice(SOME_OADS).to_bytes(4, "big")
        return self.dice.randbytes(4)

    def some(self, one: Callable[[], bytes], most: int = 3) -> bytes:
        """A count and so many."""
        count = self.dice.randint(0, most)
        return bytes((count,)) + b"".join(one() for _ in range(count))

    def octets(self) -> bytes:
        """An octet string, now and then one of a long length."""
        size = self.dice.choice((0, 1, 4, 7, 16, 130 if self.dice.random() < 0.1 else 3))
        head = bytes((size,)) if size < 0x80 else bytes((0x81, size))
        return head + self.dice.randbytes(size)

    def data(self, depth: int = 0) -> bytes:
        """Data of any type."""
        dice, roll = self.dice, self.dice.random()
        if roll < 0.6:
            tag = dice.choice(tuple(FIXED))
            held = dice.randbytes(FIXED[tag])
            if tag == FLOAT32:
                # no NaN: a signalling one would be written as the quiet one Python makes of it
                held = bytes((held[0] & 0xBF,)) + held[1:]
            return bytes((tag,)) + held
        if roll < 0.75:
            return bytes((dice.choice(STRINGS),)) + self.octets()
        if roll < 0.85 and depth < FLATTEST:
            return bytes((dice.choice((1, 2)),)) + self.some(lambda: self.data(depth + 1), 4)
        match dice.randrange(9):
            case 0:
                return b"\x03" + dice.choice((b"\x00", b"\x01"))
            case 1:
                bits = dice.randrange(40)
                return bytes((4, bits)) + dice.randbytes((bits + 7) // 8)
            case 2:
                return b"\x52" + self.road()
            case 3:
                return b"\x5d" + self.oad() + self.octets()
            case 4:
                return b"\x5e" + self.oad() + self.octets() + self.octets()
            case 5:
                return b"\x60" + self.rcsd()
            case 6 if depth < FLATTEST:
                return b"\x5a" + self.rsd(depth + 1)
            case 7 if depth < FLATTEST:
                return b"\x5c" + self.ms(depth + 1)
            case _:
                return b"\x5b" + self.csd()

    def road(self) -> bytes:
        """An object and some of its attributes."""
        return self.oad() + self.some(self.oad)

    def csd(self) -> bytes:
        """A column."""
        if self.dice.random() < 0.8:
            return b"\x00" + self.oad()
        return b"\x01" + self.road()

    def rcsd(self) -> bytes:
        """Columns."""
        return self.some(self.csd)

    def ms(self, depth: int = FLATTEST) -> bytes:
        """Which meters."""
        kind = self.dice.randrange(8)
        ones: list[Callable[[], bytes] | None] = [
            *(None, None, lambda: self.dice.randbytes(1), self.octets),
            lambda: self.dice.randbytes(2),
            *[lambda: self.dice.randbytes(1) + self.data(depth) + self.data(depth)] * 3,
        ]
        one = ones[kind]
        return bytes((kind,)) + (b"" if one is None else self.some(one, 2))

    def rsd(self, depth: int = FLATTEST) -> bytes:
        """Which rows."""
        kind, any_ = self.dice.randrange(11), self.dice.randbytes

        def within() -> bytes:
            return self.oad() + self.data(depth) + self.data(depth) + self.data(depth)

        match kind:
            case 0:
                held = b""
            case 1:
                held = self.oad() + self.data(depth)
            case 2:
                held = within()
            case 3:
                held = self.some(within, 2)
            case 4 | 5:
                held = any_(7) + self.ms(depth)
            case 6 | 7 | 8:
                held = any_(17) + self.ms(depth)
            case _:
                held = any_(1) + (self.ms(depth) if kind == 10 else b"")
        return bytes((kind,)) + held

    def outcome(self) -> bytes:
        """DAR or data."""
        if self.dice.random() < 0.2:
            return b"\x00" + self.dice.randbytes(1)
        return b"\x01" + self.data()

    def result(self) -> bytes:
        """An attribute and what came of it."""
        return self.oad() + self.outcome()

    def ask(self) -> bytes:
        """A record asked for."""
        return self.oad() + self.rsd() + self.rcsd()

    def record(self) -> bytes:
        """A record's rows, or why there are none."""
        columns = [self.oad() for _ in range(self.dice.randint(1, 4))]
        head = self.oad() + bytes((len(columns),)) + b"".join(b"\x00" + one for one in columns)
        if self.dice.random() < 0.2:
            return head + b"\x00" + self.dice.randbytes(1)
        rows = self.dice.randint(0, 4)
        return head + bytes((1, rows)) + b"".join(self.data() for _ in range(rows * len(columns)))

    def reading(self) -> bytes:
        """An answer as a sweep gets it: integers alone or in arrays, here and there a refusal."""
        dice = self.dice

        def integer() -> bytes:
            tag = dice.choice((0x05, 0x06, 0x10, 0x12, 0x12, 0x14, 0x15, 0x11, 0x00))
            return bytes((tag,)) + dice.randbytes(FIXED[tag])

        def one() -> bytes:
            if dice.random() < 0.1:
                return self.oad() + b"\x00" + dice.randbytes(1)
            data = integer() if dice.random() < 0.5 else b"\x01" + self.some(integer, 6)
            return self.oad() + b"\x01" + data

        if dice.random() < 0.3:
            return b"\x85\x01" + dice.randbytes(1) + one() + b"\x00" + self.tag()
        return b"\x85\x02" + dice.randbytes(1) + self.some(one, 7) + b"\x00" + self.tag()

    def apdu(self) -> bytes:
        """A whole APDU of any service a plain RS-485 line carries, its envelope included."""
        dice, any_ = self.dice, self.dice.randbytes
        if dice.random() < 0.3:
            return self.reading()
        piid = any_(1)
        tag = dice.choice((0x05, 0x85, 0x85, 0x85, 0x06, 0x86, 0x07, 0x87, 0x88, 0x08, 0x10, 0x02))
        kind = dice.randint(1, 5 if tag & 0x7F == 5 else 2)
        make: dict[tuple[int, int], Callable[[], bytes]] = {
            (0x05, 1): self.oad,
            (0x05, 2): lambda: self.some(self.oad, 6),
            (0x05, 3): self.ask,
            (0x05, 4): lambda: self.some(self.ask, 2),
            (0x05, 5): lambda: any_(2),
            (0x85, 1): self.result,
            (0x85, 2): lambda: self.some(self.result, 6),
            (0x85, 3): self.record,
            (0x85, 4): lambda: self.some(self.record, 2),
            (0x85, 5): lambda: (
                dice.choice((b"\x00", b"\x01"))
                + any_(2)
                + dice.choice((b"\x00\x01", b"\x01" + self.some(self.result)))
            ),
            (0x06, 1): lambda: self.oad() + self.data(),
            (0x06, 2): lambda: self.some(lambda: self.oad() + self.data()),
            (0x86, 1): lambda: self.oad() + any_(1),
            (0x86, 2): lambda: self.some(lambda: self.oad() + any_(1)),
            (0x07, 1): lambda: self.oad() + self.data(),
            (0x07, 2): lambda: self.some(lambda: self.oad() + self.data()),
            (0x87, 1): self.called,
            (0x87, 2): lambda: self.some(self.called),
            (0x88, 1): lambda: self.some(self.result),
            (0x88, 2): lambda: self.some(self.record, 2),
            (0x08, 1): lambda: self.some(self.oad),
            (0x08, 2): lambda: self.some(self.oad),
        }
        if tag == 0x10:
            inner = bytes((5, 1)) + piid + self.oad() + b"\x00"
            return b"\x10\x00" + bytes((len(inner),)) + inner + b"\x01" + self.octets()
        if tag == 0x02:
            return b"\x02" + piid + any_(2 + 8 + 16 + 2 + 2 + 1 + 2 + 4) + b"\x00" + self.tag()
        body = bytes((tag, kind)) + piid + make[tag, kind]()
        if tag & 0x80:
            follow = b"\x00"
            if dice.random() < 0.1:
                follow = b"\x01\x01" + self.some(self.result)
            return body + follow + self.tag()
        return body + self.tag()

    def called(self) -> bytes:
        """What became of a method."""
        back = b"\x01" + self.data() if self.dice.random() < 0.5 else b"\x00"
        return self.oad() + self.dice.randbytes(1) + back

    def tag(self) -> bytes:
        """No time tag, mostly."""
        return b"\x01" + self.dice.randbytes(10) if self.dice.random() < 0.1 else b"\x00"


def bomb(dice: random.Random) -> bytes:
    """An answer whose data nest deeper than anybody means, whole or torn off."""
    deep = dice.choice((15, 16, 17, 40, 200, 900))
    level = dice.choice((b"\x01\x01", b"\x02\x01", b"\x01\x02\x00", b"\x5a\x01\x20\x00\x02\x00"))
    end = dice.choice((b"", b"\x00", b"\x12\x09\x6d", b"\x00\x00\x00"))
    return b"\x85\x01\x05\x20\x00\x02\x00\x01" + level * deep + end


def lie(dice: random.Random, apdu: bytes) -> bytes:
    """The APDU with one of its bytes made into a length or count that is not so."""
    out = bytearray(apdu)
    at = dice.randrange(3, len(out)) if len(out) > 3 else 0
    out[at : at + 1] = dice.choice(
        (
            *(b"\x7f", b"\x80", b"\x81\x00", b"\x81\xff", b"\x82\xff\xff", b"\x84\xff\xff\xff\xff"),
            *(b"\x85\x00\x00\x00\x00\x01", b"\xff", b"\x84\x00\x00\x00\x01", b"\x82\x00\x05"),
        )
    )
    return bytes(out)
