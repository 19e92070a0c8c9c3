"""DL/T 645 data as scaled integers, plain twin and reference.

A field is packed BCD, two digits a byte, low byte first; the top bit of the most significant byte
is the sign of a signed field (DL/T 645-2007 A.2). A meter fills what it does not have with FF:
whatever is not BCD has no value, and minus zero is zero.
"""

from typing import Protocol

_MOST = 128
_WIDEST = 8


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
        self._fields = tuple((wide, bool(signed)) for wide, signed in fields)
        self._size = sum(wide for wide, _ in fields)

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
        out: list[int | None] = []
        for wide, signed in self._fields:
            number = int.from_bytes(data[offset : offset + wide], "little")
            sign = 1 << (8 * wide - 1)
            negative = signed and number >= sign
            digits = f"{number - sign if negative else number:x}"
            if digits.isdecimal():
                out.append(-int(digits) if negative else int(digits))
            else:
                out.append(None)
            offset += wide
        return tuple(out)
