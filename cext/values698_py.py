"""DL/T 698.45 answers as integers, plain twin and reference.

What a sweep asks comes back as integers, alone or in arrays, each with its type before it. This is
the short way through such an answer: 85 01 or 85 02, PIID, the OADs that were asked in their order,
of each a DAR (no value) or integers, no follow report, a time tag or none. Whatever is not plainly
that (records, blocks, strings, structures, security, a fragment) is left to the general reader of
the protocol room by giving None for all: nothing is guessed and nothing half read. DL/T 698.45-2017
§7.2, §7.3.
"""

from typing import Protocol

_MOST_ASKED = 127
_MOST_WANTED = 1024
_MOST_SERVICE = 0x3F
_GET_ANSWER, _NORMAL, _LIST = 0x85, 1, 2
_DAR, _DATA = 0, 1
_NULL, _ARRAY = 0x00, 0x01
_INTEGERS = {
    0x05: (4, True),
    0x06: (4, False),
    0x0F: (1, True),
    0x10: (2, True),
    0x11: (1, False),
    0x12: (2, False),
    0x14: (8, True),
    0x15: (8, False),
    0x16: (1, False),
}
"""Bytes and sign by tag; high byte first."""
_LEAST, _TOP = -(2**63), 2**63 - 1
_TIME_TAG = 11  # 01, date_time_s, TI


class HasData698(Protocol):
    """A frame: its data after -33H, and whether that is but a part of an APDU."""

    @property
    def data(self) -> bytes: ...
    @property
    def fragment(self) -> bool: ...


class Layout698:
    """The answer to one GET Normal or NormalList as integers in the order asked.

    `asked` is (OAD, how many integers are wanted of it) of each: 1..127 OADs, 1024 integers in
    all; ValueError otherwise. Of an array the first so many are given, the rest is passed over.
    """

    __slots__ = ("_asked", "_size")

    def __init__(self, asked: tuple[tuple[int, int], ...]) -> None:
        if not 0 < len(asked) <= _MOST_ASKED:
            raise ValueError(f"a layout has 1..{_MOST_ASKED} OADs")
        size = 0
        for oad, wanted in asked:
            if not 0 <= oad <= 0xFFFFFFFF:
                raise ValueError("an OAD must be 0..0xffffffff")
            if not 0 < wanted <= _MOST_WANTED:
                raise ValueError(f"of an OAD 1..{_MOST_WANTED} integers are wanted")
            size += wanted
        if size > _MOST_WANTED:
            raise ValueError(f"a layout has at most {_MOST_WANTED} integers")
        self._asked = tuple((oad.to_bytes(4, "big"), wanted) for oad, wanted in asked)
        self._size = size

    @property
    def size(self) -> int:
        """Integers in all."""
        return self._size

    def unpack(self, frame: HasData698, number: int) -> tuple[int | None, ...] | None:
        """The integers of the frame's APDU; None in a place: the meter has no such value.

        None for all unless it is plainly the answer to what was asked; `number` is the service
        number of the question (0..63), which an answer repeats.
        """
        return None if frame.fragment else self.unpack_data(frame.data, number)

    def unpack_data(self, data: bytes, number: int) -> tuple[int | None, ...] | None:
        """The same of a whole APDU (put together from fragments)."""
        if len(data) < 4 or data[0] != _GET_ANSWER or data[2] & _MOST_SERVICE != number:
            return None
        if data[1] == _LIST:
            if data[3] != len(self._asked):
                return None
            at = 4
        elif data[1] == _NORMAL and len(self._asked) == 1:
            at = 3
        else:
            return None
        out: list[int | None] = []
        for oad, wanted in self._asked:
            if data[at : at + 4] != oad or at + 6 > len(data):
                return None
            choice, at = data[at + 4], at + 5
            if choice == _DAR:
                out += [None] * wanted
                at += 1
            elif choice == _DATA:
                at = _integers(data, at, wanted, out)
                if at < 0:
                    return None
            else:
                return None
        tail = data[at:]
        if tail == b"\x00\x00" or (len(tail) == 1 + _TIME_TAG and tail[:2] == b"\x00\x01"):
            return tuple(out)
        return None


def _integers(data: bytes, at: int, wanted: int, out: list[int | None]) -> int:
    """Put `wanted` integers of the data at `at` into `out`; where they end, -1 = not integers."""
    count = 1
    if data[at] == _ARRAY:
        count, at = _length(data, at + 1)
        # each element takes a byte at least
        if count > len(data) - at:
            return -1
    for place in range(count):
        if at >= len(data):
            return -1
        tag = data[at]
        at += 1
        value = None
        if tag != _NULL:
            kind = _INTEGERS.get(tag)
            if kind is None or at + kind[0] > len(data):
                return -1
            value = int.from_bytes(data[at : at + kind[0]], "big", signed=kind[1])
            if not _LEAST < value <= _TOP:
                return -1
            at += kind[0]
        if place < wanted:
            out.append(value)
    out += [None] * (wanted - count)
    return at


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length of one to three bytes and where it ends; of none of these more than any data has."""
    if at < len(data):
        first = data[at]
        if first < 0x80:
            return first, at + 1
        more = first - 0x80
        if more in (1, 2) and at + more < len(data):
            return int.from_bytes(data[at + 1 : at + 1 + more], "big"), at + 1 + more
    return len(data) + 1, at
