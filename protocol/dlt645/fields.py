"""From what a form read to the values people and programs see: names, units, bits, codes."""

import functools
from dataclasses import dataclass

from protocol.decoded import Field
from protocol.dlt645.axis import axis, rows
from protocol.dlt645.form import Cell, Got
from protocol.dlt645.rows import Found, Piece
from protocol.quantity import quantities

_BEFORE = {"phase", "place", "demand", "quadrant"}
"""Axes whose Chinese word stands in front."""


@dataclass(frozen=True, slots=True)
class Bits:
    """One named run of bits in a word."""

    low: int
    width: int
    names: tuple[str, str]
    states: tuple[tuple[str, ...], tuple[str, ...]]
    """Words of the values; empty = a single bit, true or false."""
    mark: str


def word(key: str, lang: str) -> str:
    """One of words.csv."""
    return _words()[key][lang == "zh"]


def part_name(key: str, lang: str) -> str:
    """The name of a part of a form (parts.csv)."""
    return _parts()[key][lang == "zh"]


def fields(found: Found, lang: str) -> list[Field]:
    """The values of an identifier's items."""
    several = len(found) > 1
    return [field for piece, gots in found for field in _piece(piece, gots, several, lang)]


def marks(found: Found) -> set[str]:
    """The marks of the rows, and of the bits, that these values rest on."""
    said = {piece.row.mark for piece, _ in found}
    for _, gots in found:
        for got in gots:
            if got.cell.kind == "bits" and isinstance(got.value, int):
                said |= {bits.mark for bits in named_bits(got.cell.list) if _cut(bits, got.value)}
    return said - {""}


def values(gots: tuple[Got, ...], lang: str, name: str = "") -> list[Field]:
    """The values of a form that belongs to no identifier; `name` for a part without one."""
    return [field for got in gots for field in _fields(got, name, "", None, lang)]


def recorded(gots: tuple[Got, ...], lang: str) -> list[Field]:
    """The values of a load record, which bear their quantity: their time stands beside them."""
    return [
        field
        for got in gots
        for field in _fields(got, "", "", _parts()[got.cell.key][2] + _suffix(got), lang)
    ]


def number(cell: Cell, value: int) -> int | float:
    """A scaled integer as a number in the unit, correctly rounded."""
    return value / 10**cell.decimals if cell.decimals else value


@functools.cache
def named_bits(name: str) -> tuple[Bits, ...]:
    """The named bits of a word, lowest first."""
    return tuple(_bits(row) for row in rows("bits.csv") if row["word"] == name)


@functools.cache
def codes(name: str) -> dict[int, tuple[str, str]]:
    """The codes of a list by number."""
    return {
        int(row["code"], 16): (row["en"], row["zh"])
        for row in rows("codes.csv")
        if row["list"] == name
    }


def _piece(piece: Piece, gots: tuple[Got, ...], several: bool, lang: str) -> list[Field]:
    name = piece.name(lang)
    outer = f"{name}: " if several else ""
    return [field for got in gots for field in _fields(got, name, outer, piece.quantity, lang)]


def _fields(got: Got, name: str, outer: str, quantity: str | None, lang: str) -> list[Field]:
    cell = got.cell
    if cell.kind == "bits":
        return _flags(cell, got.value, outer, lang)
    if cell.key:
        name = outer + _joined(part_name(cell.key, lang), got, lang)
    else:
        name = _joined(name, got, lang)
    known = quantity if quantity in quantities() and (not cell.key or not outer) else None
    return [Field(name, known, _value(got, lang), cell.unit)]


def _joined(name: str, got: Got, lang: str) -> str:
    if not got.axis:
        return f"{name} {got.number}" if got.number else name
    said = axis(got.axis).word(got.number, lang)
    if lang != "zh":
        return f"{name} {said}"
    return said + name if got.axis in _BEFORE else name + said


def _value(got: Got, lang: str) -> int | float | str | None:
    cell, value = got.cell, got.value
    if not isinstance(value, int):
        return value
    if cell.kind == "number":
        return number(cell, value)
    if cell.kind != "code" or not cell.list:
        return value
    listed = codes(cell.list)
    if all(en.isdecimal() for en, _ in listed.values()):
        return int(listed[value][0]) if value in listed else None
    return f"{value:02X} {listed[value][lang == 'zh']}" if value in listed else f"{value:02X}"


def _flags(cell: Cell, value: int | str | None, outer: str, lang: str) -> list[Field]:
    """Each named bit of a word, and every other bit that is set."""
    named = named_bits(cell.list)
    if not isinstance(value, int):
        return [Field(outer + bits.names[lang == "zh"], None, None, "") for bits in named]
    found = [
        Field(outer + bits.names[lang == "zh"], None, _state(bits, value, lang), "")
        for bits in named
    ]
    left = value
    for bits in named:
        left &= ~(((1 << bits.width) - 1) << bits.low)
    found += [
        Field(f"{outer}{word('bit', lang)} {bit}", None, True, "")
        for bit in range(8 * cell.size)
        if left >> bit & 1
    ]
    return found


def _cut(bits: Bits, value: int) -> int:
    return value >> bits.low & ((1 << bits.width) - 1)


def _state(bits: Bits, value: int, lang: str) -> str | bool | None:
    number_, states = _cut(bits, value), bits.states[lang == "zh"]
    if not states:
        return bool(number_)
    return states[number_] if number_ < len(states) else None


def _bits(row: dict[str, str]) -> Bits:
    low, _, high = row["bits"].partition("-")
    en, zh = (tuple(filter(None, row[key].split("|"))) for key in ("states_en", "states_zh"))
    return Bits(
        low=int(low),
        width=int(high or low) - int(low) + 1,
        names=(row["en"], row["zh"]),
        states=(en, zh),
        mark=row["mark"],
    )


def _suffix(got: Got) -> str:
    return axis(got.axis).suffix(got.number) if got.axis else ""


@functools.cache
def _words() -> dict[str, tuple[str, str]]:
    return {row["key"]: (row["en"], row["zh"]) for row in rows("words.csv")}


@functools.cache
def _parts() -> dict[str, tuple[str, str, str]]:
    return {row["key"]: (row["en"], row["zh"], row["quantity"]) for row in rows("parts.csv")}
