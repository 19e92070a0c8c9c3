"""The form language: how the bytes behind an identifier are to be read (DL/T 645-2007 A.1).

A form is a row of parts in the order of the wire, each of them low byte first:

    XXXXXX.XX   BCD digits with decimals     ±XXX.XXX   the top bit is the sign
    YYMMDDhhmm  a time, any run of YY MM DD hh mm ss
    #6          digits kept as text: an address, an identifier    id4   the same, FF is not a fill
    A32         ASCII, padded with 00        raw4 raw*  bytes as they are; * = all that is left
    bits2(status1)  a bit word of bits.csv      code1(relay)  a code of codes.csv;
    code1       a binary number, in which FF is no fill

`key:` in front names the part (parts.csv), `/kWh` behind gives its unit. `[part part]*phase` is
repeated once for each number of that axis, as often as the data is long where the axis is open;
`*10` is a fixed count, `*+` any. What is FF-filled, not BCD or not a time has no value. One
interpreter reads and writes.
"""

import functools
import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from protocol.dlt645.axis import axis

Kind = Literal["number", "time", "digits", "id", "text", "raw", "bits", "code"]

_PART = re.compile(r"(?:(?P<key>[a-z_0-9]+):)?(?P<format>[^/]+)(?:/(?P<unit>.+))?")
_NUMBER = re.compile(r"(?P<sign>±?)(?P<whole>X+)(?:\.(?P<after>X+))?")
_TIME = re.compile(r"(?:YY|MM|DD|hh|mm|ss)+")
_SIZED = re.compile(r"(?P<kind>#|id|A|raw|bits|code)(?P<size>\d+|\*)(?:\((?P<list>\w+)\))?")
_KINDS: dict[str, Kind] = {
    "#": "digits",
    "id": "id",
    "A": "text",
    "raw": "raw",
    "bits": "bits",
    "code": "code",
}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Cell:
    """One part: how its bytes are to be read."""

    key: str
    """Row of parts.csv; "" = it bears the name of the item."""
    kind: Kind
    size: int
    """Bytes; 0 = all that is left."""
    unit: str = ""
    signed: bool = False
    decimals: int = 0
    list: str = ""
    """Word of bits.csv, list of codes.csv, or the pairs of a time."""

    def read(self, data: bytes) -> int | str | None:
        """A scaled integer, a bit word, a code or text; None = no value. `data` is `size` long."""
        match self.kind:
            case "raw":
                return data.hex(" ").upper()
            case "id":
                return data[::-1].hex().upper()
            case "code":
                return int.from_bytes(data, "little")
        if data.count(0xFF) == len(data):
            return None
        match self.kind:
            case "number":
                return self._number(data)
            case "digits":
                return data[::-1].hex().upper()
            case "time":
                return _read_time(self.list, data)
            case "text":
                return _read_text(data)
        return int.from_bytes(data, "little")

    def write(self, value: int | str | None) -> bytes:
        """The bytes of a value; FF fill for None. ValueError for what does not fit."""
        if value is None:
            return b"\xff" * self.size
        if isinstance(value, int):
            if self.kind != "number":
                return value.to_bytes(self.size, "little")
            return self._digits(value)
        match self.kind:
            case "raw":
                found = bytes.fromhex(value)
            case "text":
                found = value.encode("ascii").ljust(self.size, b"\0")[::-1]
            case "time":
                found = _write_time(self.list, value)
            case _:
                found = bytes.fromhex(value)[::-1]
        if self.size and len(found) != self.size:
            raise ValueError(f"{value!r} does not fit {self.size} bytes")
        return found

    def _number(self, data: bytes) -> int | None:
        number = int.from_bytes(data, "little")
        sign = 1 << (8 * self.size - 1)
        negative = self.signed and number >= sign
        digits = f"{number - sign if negative else number:x}"
        if not digits.isdecimal():
            return None
        return -int(digits) if negative else int(digits)

    def _digits(self, value: int) -> bytes:
        text = f"{abs(value):0{2 * self.size}d}"
        top = "7" if self.signed else "9"
        if len(text) > 2 * self.size or text[0] > top or (value < 0 and not self.signed):
            raise ValueError(f"{value} does not fit {self.size} bytes")
        raw = bytearray(bytes.fromhex(text)[::-1])
        raw[-1] |= 0x80 if value < 0 else 0
        return bytes(raw)


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that are repeated."""

    cells: tuple[Cell, ...]
    numbers: tuple[int, ...]
    """Number of each round."""
    axis: str
    open: bool
    """The data may end after any round."""

    @property
    def size(self) -> int:
        """Bytes of one round."""
        return sum(cell.size for cell in self.cells)


class Got(msgspec.Struct, frozen=True, gc=False):
    """One value read: its part, where in a repetition, and what it is."""

    cell: Cell
    value: int | str | None
    axis: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """A whole form."""

    parts: tuple[Cell | Group, ...]

    @property
    def size(self) -> int | None:
        """Bytes of the data; None where the length says how many."""
        total = 0
        for part in self.parts:
            if isinstance(part, Group):
                if part.open:
                    return None
                total += part.size * len(part.numbers)
            elif not part.size:
                return None
            else:
                total += part.size
        return total

    def read(self, data: bytes) -> tuple[Got, ...] | None:
        """All values; None when the length can't be this form's."""
        spare = len(data) - sum(_least(part) for part in self.parts)
        if spare < 0:
            return None
        found: list[Got] = []
        at = 0
        for part in self.parts:
            if isinstance(part, Group):
                rounds = len(part.numbers)
                if part.open:
                    more, rest = divmod(spare, part.size)
                    if rest or more >= rounds:
                        return None
                    rounds, spare = more + 1, 0
                for number in part.numbers[:rounds]:
                    for cell in part.cells:
                        value = cell.read(data[at : at + cell.size])
                        found.append(Got(cell, value, part.axis, number))
                        at += cell.size
                continue
            size = part.size or spare
            if not part.size:
                spare = 0
            found.append(Got(part, part.read(data[at : at + size])))
            at += size
        return None if spare else tuple(found)

    def empty(self) -> tuple[Got, ...]:
        """The values of data that is not there: None each, one round of what is open."""
        return tuple(
            got
            for part in self.parts
            for got in (
                (Got(part, None),)
                if isinstance(part, Cell)
                else tuple(
                    Got(cell, None, part.axis, number)
                    for number in part.numbers[: 1 if part.open else None]
                    for cell in part.cells
                )
            )
        )


def write(values: tuple[Got, ...]) -> bytes:
    """The bytes that read() gave these values from."""
    return b"".join(got.cell.write(got.value) for got in values)


@functools.cache
def form(text: str) -> Form:
    """The form a text stands for; ValueError where it is not one."""
    parts: list[Cell | Group] = []
    for outside, inside, count in re.findall(r"([^\s\[\]]+)|\[([^\]]+)\]\*(\S+)", text):
        if outside:
            parts.append(cell(outside))
            continue
        cells = tuple(cell(word) for word in inside.split())
        if count == "+":
            parts.append(Group(cells, tuple(range(1, 256)), "", True))
        elif count.isdecimal():
            parts.append(Group(cells, tuple(range(1, int(count) + 1)), "", False))
        else:
            named = axis(count)
            parts.append(Group(cells, named.numbers, count, named.open))
    return Form(tuple(parts))


def cell(text: str) -> Cell:
    """One part of a form; ValueError where it is not one."""
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"not a part: {text!r}")
    key, format, unit = found["key"] or "", found["format"], found["unit"] or ""
    number = _NUMBER.fullmatch(format)
    if number is not None:
        after = len(number["after"] or "")
        digits = len(number["whole"]) + after
        if digits % 2:
            raise ValueError(f"half a byte: {text!r}")
        return Cell(key, "number", digits // 2, unit, bool(number["sign"]), after)
    if _TIME.fullmatch(format):
        return Cell(key, "time", len(format) // 2, unit, list=format)
    sized = _SIZED.fullmatch(format)
    if sized is None:
        raise ValueError(f"not a format: {text!r}")
    size = 0 if sized["size"] == "*" else int(sized["size"])
    return Cell(key, _KINDS[sized["kind"]], size, unit, list=sized["list"] or "")


def _least(part: Cell | Group) -> int:
    if isinstance(part, Cell):
        return part.size
    return part.size * (1 if part.open else len(part.numbers))


def _read_time(pairs: str, data: bytes) -> str | None:
    digits = data[::-1].hex()
    if not digits.isdecimal():
        return None
    said = {pairs[at : at + 2]: int(digits[at : at + 2]) for at in range(0, len(pairs), 2)}
    month, day, hour = said.get("MM", 1), said.get("DD", 1), said.get("hh", 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return None
    if (month, day) == (2, 29) and said.get("YY", 0) % 4:
        return None
    if said.get("mm", 0) > 59 or said.get("ss", 0) > 59:
        return None
    if hour > 23 and ("DD" in said or digits != "24".ljust(len(digits), "0")):
        return None  # the end of the day, 24:00, in a day's table
    date = "-".join(("20" if pair == "YY" else "") + f"{said[pair]:02d}"
                    for pair in ("YY", "MM", "DD") if pair in said)  # fmt: skip
    clock = ":".join(f"{said[pair]:02d}" for pair in ("hh", "mm", "ss") if pair in said)
    return " ".join(filter(None, (date, clock)))


def _write_time(pairs: str, value: str) -> bytes:
    digits = re.sub(r"\D", "", value)
    if pairs.startswith("YY"):
        digits = digits[2:]
    return bytes.fromhex(digits)[::-1]


def _read_text(data: bytes) -> str | None:
    text = data[::-1].rstrip(b"\0")
    if not all(0x20 <= value < 0x7F for value in text):
        return None
    return text.decode("ascii")
