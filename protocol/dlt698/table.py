"""The objects of DL/T 698.45 (objects.csv), and what a datum of one of them is as a quantity.

A row is one attribute: type, decimal exponent and unit as the standard sets them, what its
elements are (`axis`), and which quantities of the vocabulary the first of them are. Data of another
type than the row's has no meaning here: another edition may scale it otherwise.
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec

from protocol.dlt698 import moment
from protocol.dlt698.axdr import (
    ARRAY,
    BIT_STRING,
    DATE_TIME_S,
    NULL,
    OCTETS,
    SCALER_UNIT,
    STRUCTURE,
    VISIBLE,
    Data,
    show_data,
)
from protocol.dlt698.secret import HIDDEN, PASSWORD_OI
from protocol.dlt698.units import scaler_text
from protocol.dlt698.words import word
from protocol.exchange import Value
from protocol.quantity import Quantity, quantities

VALUE = 2
"""The attribute that holds an object's value, unless its row says otherwise."""

_TAGS = {
    "s16": 0x10,
    "s32": 0x05,
    "s64": 0x14,
    "u8": 0x11,
    "u16": 0x12,
    "u32": 0x06,
    "u64": 0x15,
    "enum": 0x16,
    "date_time_s": DATE_TIME_S,
    "octets": OCTETS,
    "visible": VISIBLE,
    "bits8": BIT_STRING,
    "bits16": BIT_STRING,
    "bits32": BIT_STRING,
}
_BITS = {"bits8": 8, "bits16": 16, "bits32": 32}
_PHASES = "ABC"


class Cell(msgspec.Struct, frozen=True):
    """One value of a datum: an integer with its exponent, or text; None = the meter has none."""

    place: int
    """Which element, from 1; 0 = the datum as a whole."""
    part: str
    """"" or "time": the second value of a maximum demand."""
    value: int | str | None
    exponent: int
    unit: str
    quantity: Quantity | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One attribute of one object."""

    oi: int
    attribute: int
    interface: int
    """Its interface class."""
    en: str
    zh: str
    type: str
    exponent: int
    unit: str
    axis: str
    """What its elements are: tariff, phase, total (then phases), harmonic, number; "one" = none."""
    quantities: tuple[Quantity, ...]
    mark: str
    source: str

    @property
    def record(self) -> bool:
        """Whether it is a table of rows, read by GET Record."""
        return self.type == "record"

    def name(self, lang: str, place: int = 0) -> str:
        """Its name, or that of one element."""
        base = self.zh if lang == "zh" else self.en
        if not place or self.axis == "one":
            return base
        if place <= len(self.quantities):
            found = self.quantities[place - 1]
            return found.zh if lang == "zh" else found.en
        return f"{base}{'' if lang == 'zh' else ' '}{self._element(place, lang)}"

    def _element(self, place: int, lang: str) -> str:
        if self.axis == "number":
            return f"{place}"
        if place == 1 and self.axis != "phase":
            return word("total", lang)
        match self.axis:
            case "tariff":
                return word("tariff", lang, n=place - 1)
            case "harmonic":
                return word("harmonic", lang, n=place)
        first = 1 if self.axis == "phase" else 2
        at = place - first
        return word("phase", lang, n=_PHASES[at] if at < len(_PHASES) else place)


@functools.cache
def entries() -> dict[tuple[int, int], Entry]:
    """Every row by object and attribute."""
    text = resources.files("protocol.dlt698").joinpath("objects.csv").read_text(encoding="utf-8")
    found = (_entry(row) for row in csv.DictReader(text.splitlines()))
    return {(entry.oi, entry.attribute): entry for entry in found}


def tag(kind: str) -> int:
    """The tag of a row's type; KeyError for one of several types, a structure, a record."""
    return _TAGS[kind]


def entry(oad: int) -> Entry | None:
    """The row of an OAD; None where the table has none. Feature bits other than 0 have none."""
    return entries().get((oad >> 16, oad >> 8 & 0xFF))


def oad_name(oad: int, lang: str = "en") -> str:
    """The name of an OAD's attribute or element; "" where the table has none."""
    found = entry(oad)
    if found is not None:
        return found.name(lang, oad & 0xFF)
    value = entries().get((oad >> 16, VALUE))
    if value is None:
        return ""
    return f"{value.name(lang)} {word('attribute', lang)} {oad >> 8 & 0x1F}"


def cells(oad: int, data: Data) -> tuple[Cell, ...] | None:
    """The values of an OAD's datum; None where no row fits it: object, element or type unknown."""
    found = entry(oad)
    if oad >> 16 == PASSWORD_OI:
        return (Cell(0, "", HIDDEN, 0, "", None),)
    if found is None or found.type in ("any", "record"):
        return None
    place = oad & 0xFF
    if found.axis == "one":
        return None if place else _cell(found, 0, data)
    if place:
        return _cell(found, place, data)
    if data.tag == NULL:
        return (Cell(0, "", None, found.exponent, found.unit, None),)
    if data.tag != ARRAY:
        return None
    all_cells: list[Cell] = []
    for number, one in enumerate(data.value, 1):
        those = _cell(found, number, one)
        if those is None:
            return None
        all_cells += those
    return tuple(all_cells)


def values(oad: int, data: Data) -> tuple[Value, ...]:
    """The quantities of an OAD's datum as scaled integers; () where it holds none of them.

    A quantity that the meter sends as null is there with None.
    """
    return tuple(
        Value(cell.quantity, cell.value if isinstance(cell.value, int) else None)
        for cell in cells(oad, data) or ()
        if cell.quantity is not None
    )


def text(data: Data) -> int | float | str | bool | None:
    """A datum of unknown meaning as one scalar: a number, a text, or its JSON."""
    if data.tag == SCALER_UNIT:
        return scaler_text(data.value)
    said = show_data(data)
    if not isinstance(said, dict) or len(said) != 1:
        return None if said is None else _json(said)
    (one,) = said.values()
    if isinstance(one, float) and one != one:  # not a number
        return None
    return one if isinstance(one, int | float | str) or one is None else _json(one)


def _json(said: Any) -> str:
    return msgspec.json.encode(said).decode()


def _cell(found: Entry, place: int, data: Data) -> tuple[Cell, ...] | None:
    """One element: one value, of a structure one each member."""
    quantity = None
    if found.quantities:
        at = max(place, 1) - 1
        quantity = found.quantities[at] if at < len(found.quantities) else None
    exponent, unit = found.exponent, found.unit
    if data.tag == NULL:
        return (Cell(place, "", None, exponent, unit, quantity),)
    if not found.type.startswith("structure("):
        fits, value = _scalar(found.type, data)
        return (Cell(place, "", value, exponent, unit, quantity),) if fits else None
    kinds = found.type[len("structure(") : -1].split()
    if data.tag != STRUCTURE or len(data.value) != len(kinds):
        return None
    members: list[Cell] = []
    for number, (kind, member) in enumerate(zip(kinds, data.value, strict=True), 1):
        fits, value = (True, None) if member.tag == NULL else _scalar(kind, member)
        if not fits:
            return None
        if kind == "date_time_s":
            members.append(Cell(place, "time", value, 0, "", None))
        else:
            members.append(Cell(place or number, "", value, exponent, unit, None))
    return tuple(members)


def _scalar(kinds: str, data: Data) -> tuple[bool, int | str | None]:
    """Whether a datum is of one of these types, and its value."""
    for kind in kinds.split("|"):
        if data.tag != _TAGS[kind] or data.value is None:
            continue
        if kind in _BITS:
            return data.value.count == _BITS[kind], data.value.data.hex().upper()
        if kind == "date_time_s":
            unsaid = moment.unsaid(data.value)
            return True, None if unsaid else moment.date_time_s_text(data.value)
        if kind == "octets":
            return True, data.value.hex().upper()
        if kind == "visible":
            return True, data.value.rstrip(b"\0 ").decode("ascii", "backslashreplace")
        return True, int(data.value)
    return False, None


def _entry(row: dict[str, str]) -> Entry:
    exponent = int(row["exponent"])
    those = tuple(quantities()[name] for name in row["quantities"].split("|") if name)
    for one in those:
        if (one.exponent, one.unit) != (exponent, row["unit"]):
            raise ValueError(f"objects.csv: {row['en']} is not scaled as {one.name}")
    return Entry(
        oi=int(row["oi"], 16),
        attribute=int(row["attribute"]),
        interface=int(row["class"]),
        en=row["en"],
        zh=row["zh"],
        type=row["type"],
        exponent=exponent,
        unit=row["unit"],
        axis=row["axis"],
        quantities=those,
        mark=row["mark"],
        source=row["source"],
    )
