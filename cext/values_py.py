"""DL/T 645 data as scaled integers, plain twin and reference.

A field is packed BCD, two digits a byte, low byte first; the top bit of the most significant byte
is the sign of a signed field (DL/T 645-2007 A.2). A meter fills what it does not have with FF:
whatever is not BCD has no value, and minus zero is zero.
"""

from array import array
from typing import Protocol

from cext.framing_py import MINUS, Scanner645, build645, right

MISSING = -(2**63)
"""What an array of integers holds where there is no value; no field can be it."""

_MOST = 128
_WIDEST = 8
_IDENTIFIER, _ENVELOPE, _PREFIX = 4, 12, 14
_READ_ANSWER = 0x91


class HasData(Protocol):
    """A frame: its DATA after -33H."""

    @property
    def data(self) -> bytes: ...


class Layout:
    """One item's data as fields of BCD, low byte first.

    `fields` is (bytes, signed) of each, 1..128 of them, 1..8 bytes wide; ValueError otherwise.
    """

    __slots__ = ("_fields", "_size")

    def __init__(self, fields: tuple[tuple[int, bool], ...]) -> None:
        if not 0 < len(fields) <= _MOST:
            raise ValueError(f"a layout has 1..{_MOST} fields")
        for wide, _ in fields:
            if not 0 < wide <= _WIDEST:
                raise ValueError(f"a field is 1..{_WIDEST} bytes wide")
        self._size = left = sum(wide for wide, _ in fields)
        # each field's place in the digits of all, most significant first; from `sign` on a number
        # has the top bit set (unsigned: never)
        places = []
        for wide, signed in fields:
            sign = 8 * 10 ** (2 * wide - 1) if signed else 10 ** (2 * wide)
            places.append((slice(2 * (left - wide), 2 * left), sign))
            left -= wide
        self._fields = tuple(places)

    @property
    def size(self) -> int:
        """Bytes of the whole item."""
        return self._size

    def unpack(self, frame: HasData, offset: int) -> tuple[int | None, ...] | None:
        """The fields of the frame's DATA from `offset` on; None unless exactly `size` bytes stand
        there. None in a field's place: no value."""
        return self.unpack_data(frame.data, offset)

    def unpack_data(self, data: bytes, offset: int) -> tuple[int | None, ...] | None:
        """The same of data that is already -33H (answers joined from follow-up frames)."""
        if offset < 0 or len(data) - offset != self._size:
            return None
        text = data[offset:][::-1].hex()
        if text.isdecimal():
            # all of it is BCD, as answers mostly are
            return tuple(
                [
                    number if (number := int(text[place])) < sign else sign - number
                    for place, sign in self._fields
                ]
            )
        return tuple([_number(text[place], sign) for place, sign in self._fields])


def _number(digits: str, sign: int) -> int | None:
    """The value of one field's hex digits; None where they are not BCD."""
    negative = False
    if sign != 10 ** len(digits) and digits[0] > "7":
        negative = True
        digits = f"{int(digits[0], 16) - 8}{digits[1:]}"
    if not digits.isdecimal():
        return None
    return -int(digits) if negative else int(digits)


class Answer645:
    """The awaited answer to one read: from bytes to integers in one call that makes no object.

    It is that of `address` (A5..A0 as hex digits) to control code 11 with `identifier`; `out` is
    an array('q') with a place for each field of `layout` and can't be resized from here on.
    ValueError for what does not fit.
    """

    __slots__ = ("_layout", "_out", "_prefix", "_scanner", "_size")

    def __init__(
        self,
        scanner: Scanner645,
        address: int,
        identifier: int,
        layout: Layout,
        out: "array[int]",
    ) -> None:
        if not 0 <= identifier <= 0xFFFFFFFF:
            raise ValueError("identifier must be 0..0xffffffff")
        places = len(layout._fields)
        if not isinstance(out, array) or out.typecode != "q" or len(out) != places:
            raise ValueError("out must be an array('q') with a place for each field")
        self._scanner = scanner
        self._layout = layout
        self._out = memoryview(out)
        # 0: more than a frame can hold
        fits = _IDENTIFIER + layout.size <= 0xFF
        self._size = _ENVELOPE + _IDENTIFIER + layout.size if fits else 0
        data = identifier.to_bytes(_IDENTIFIER, "little") + bytes(layout.size if fits else 0)
        self._prefix = build645(address, _READ_ANSWER, data, 0)[:_PREFIX]

    def take(self, data: bytes) -> bool:
        """True: `data` was that answer alone, whole and right, behind nothing but FE bytes; `out`
        holds its fields, MISSING where there is no value, and the scanner counts the bytes as fed.

        False: nothing has happened; feed() the same bytes. Always False while bytes are pending.
        """
        size = self._size
        raw = data[-size:]
        wake = len(data) - size
        if not (
            raw.startswith(self._prefix)
            and len(raw) == size
            and (not wake or data.count(0xFE, 0, wake) == wake)
            and right(raw)
            and self._scanner.pass_over(len(data))
        ):
            return False
        text = raw[-3 : _PREFIX - 1 : -1].translate(MINUS).hex()
        if text.isdecimal():
            self._out[:] = array(
                "q",
                [
                    number if (number := int(text[place])) < sign else sign - number
                    for place, sign in self._layout._fields
                ],
            )
        else:
            for at, (place, sign) in enumerate(self._layout._fields):
                found = _number(text[place], sign)
                self._out[at] = MISSING if found is None else found
        return True
