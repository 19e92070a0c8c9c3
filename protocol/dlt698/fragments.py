"""Long APDUs in several frames: put together, acknowledged, cut up (§6.2.4, sheet §1).

Theory of operation
-------------------
The user data of such a frame begins with a word: number (bits 0..11) and what it is (bits 14, 15).
The first one opens, whatever its number, for field tools begin anywhere; a middle or the last one
counts only with the next number. One that was had already is acknowledged again and not put in
again: the acknowledgement was lost. Any other is out of order and neither kept nor acknowledged;
its sender repeats the missing one or gives up. `Fragments` is one conversation's: whoever listens
to many keeps one for each pair of addresses. Nothing grows beyond MOST_BYTES.
"""

import msgspec

from protocol.dlt698.wire import MOST_BYTES

FIRST, LAST, ACKNOWLEDGEMENT, MIDDLE = 0, 1, 2, 3
NAMES = ("first", "last", "ack", "middle")
_NUMBERS = 0x1000
_WORD = 2


class Fragment(msgspec.Struct, frozen=True):
    """The user data of one fragment, apart."""

    number: int
    kind: int
    data: bytes


class Keep(msgspec.Struct, frozen=True):
    """Taken, or had before: send this user data as acknowledgement."""

    acknowledgement: bytes


class Whole(msgspec.Struct, frozen=True):
    """The APDU is whole; the service's own answer acknowledges it."""

    apdu: bytes


class Acknowledged(msgspec.Struct, frozen=True):
    """The other side has this fragment of ours."""

    number: int


class Waste(msgspec.Struct, frozen=True):
    """Not put in: "order", "repeated" (the last one, answered already), "length", "size"."""

    why: str


Taken = Keep | Whole | Acknowledged | Waste


def fragment(data: bytes) -> Fragment | None:
    """The user data of a fragment taken apart; None if too short. Bits 12, 13 are reserved."""
    if len(data) < _WORD:
        return None
    word = int.from_bytes(data[:_WORD], "little")
    return Fragment(word % _NUMBERS, word >> 14, data[_WORD:])


def fragment_data(number: int, kind: int, data: bytes = b"") -> bytes:
    """The user data of one fragment; its frame's control byte has bit 5 set."""
    return (number % _NUMBERS | kind << 14).to_bytes(_WORD, "little") + data


def split(apdu: bytes, most: int) -> list[bytes]:
    """An APDU as the user data of fragments with at most `most` bytes of it each, numbered from 0.

    ValueError where it needs none, or more than there are numbers.
    """
    if most < 1 or not most < len(apdu) <= most * _NUMBERS:
        raise ValueError(f"{len(apdu)} bytes cannot be cut into fragments of {most}")
    pieces = [apdu[at : at + most] for at in range(0, len(apdu), most)]
    kinds = [FIRST, *[MIDDLE] * (len(pieces) - 2), LAST]
    return [
        fragment_data(number, kind, piece)
        for number, (kind, piece) in enumerate(zip(kinds, pieces, strict=True))
    ]


class Fragments:
    """The fragments of one conversation, from one side."""

    __slots__ = ("_ended", "_most", "_newest", "_pieces", "_size", "repeated", "wasted")

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0
        self._newest: Fragment | None = None
        self._ended = True
        self.repeated = 0
        """Fragments that came again."""
        self.wasted = 0
        """Fragments not put in: out of order, too short, too many bytes."""

    @property
    def held(self) -> int:
        """Bytes of the APDU that has begun."""
        return self._size

    def reset(self) -> None:
        """Give up what has begun: the other side is silent, or began something else."""
        self._pieces.clear()
        self._size = 0
        self._newest = None
        self._ended = True

    def take(self, data: bytes) -> Taken:
        """What one more fragment's user data makes of it. Never raises."""
        got = fragment(data)
        if got is None:
            return self._waste("length")
        if got.kind == ACKNOWLEDGEMENT:
            return Acknowledged(got.number)
        if got == self._newest:
            self.repeated += 1
            return Waste("repeated") if self._ended else self._keep(got)
        if got.kind == FIRST:
            self.reset()
            self._ended = False
        elif (
            self._ended
            or self._newest is None
            or got.number != (self._newest.number + 1) % _NUMBERS
        ):
            return self._waste("order")
        if self._size + len(got.data) > self._most:
            self.reset()
            return self._waste("size")
        self._pieces.append(got.data)
        self._size += len(got.data)
        self._newest = got
        if got.kind != LAST:
            return self._keep(got)
        apdu = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._ended = True
        return Whole(apdu)

    def _keep(self, got: Fragment) -> Keep:
        return Keep(fragment_data(got.number, ACKNOWLEDGEMENT))

    def _waste(self, why: str) -> Waste:
        self.wasted += 1
        return Waste(why)
