"""The register maps that boxgate reads: maps.csv, one row a value.

Each row says which quantity stands in which register (or coil) and how, and carries an example of
the content with what it must give. `missing` is the content that says "no sensor", with > before it
every content above it; `offset` is added to the content before it is scaled; `must_be` is what the
register has to hold for the map to be this one. `kind` is what the map belongs to, `mark` [?] where
one source alone or recollection says so.

Rows of one map and function are read together as far as that pays: a Block. Registers between them
are read over where that costs less on the line than a second question.
"""

import csv
import functools
import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources

from protocol.exchange import Value
from protocol.modbus.frame import BITS, ENVELOPE, MOST_BITS, MOST_REGISTERS
from protocol.modbus.words import TYPES, arranged, moved, scaled
from protocol.quantity import Quantity, quantity

Number = int | float
Numbers = tuple[int | None, ...]

METER, UNIT = "meter", "unit"
"""What a map belongs to: a meter of a feeder or household, a unit that watches a box."""

_PREFIX = {"mA": -3, "Wh": -3, "kW": 3, "kvar": 3, "kVA": 3}
"""Powers of ten by which the register's unit is more than the quantity's."""

READ_OVER = 20
"""Registers that cost as much as a second question: 8 + 5 bytes, twice 3.5 characters of silence
and at 9600 bit/s some 20 characters until a unit answers."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a map."""

    quantity: Quantity
    register: int
    """Its address from 0 on; of a bit that of the coil or input."""
    type: str
    """One of TYPES."""
    order: str
    """Word order on the line, one of ORDERS."""
    power: int
    """Scaled integer of the quantity = (content + offset) x 10**power."""
    offset: int
    missing: Number | None
    """The content, as its type reads it, that says "no sensor"."""
    above: bool
    """Every content above `missing` says so, too, and `missing` itself does not."""
    must_be: int | None
    """What the register has to hold for the map to be this one."""
    source: str
    example: bytes
    """Content of the register or registers as on the line."""
    expected: int | None
    """What the example gives, as scaled integer of the quantity."""

    @property
    def registers(self) -> int:
        """How many registers it takes, or one bit."""
        return TYPES[self.type][1]

    @property
    def code(self) -> str:
        """Its struct code; "" of a bit."""
        return TYPES[self.type][0]

    def scaled(self, content: Number) -> int | None:
        """Scaled integer of the quantity; None where there is no sensor or no such value."""
        missing = self.missing
        if missing is not None and (content > missing if self.above else content == missing):
            return None
        return scaled(content + self.offset, self.power, self.quantity.signed)


@dataclass(frozen=True, slots=True)
class Block:
    """Registers, coils or inputs read by one question."""

    map: str
    function: int
    start: int
    count: int
    fields: tuple[Field, ...]
    layout: struct.Struct
    """Of the registers in order of significance, what is read over left out; empty of bits."""
    places: tuple[int, ...]
    """Where the bytes stand in the answer, if any field is not ABCD; else empty."""
    quantities: tuple[Quantity, ...]

    @property
    def text(self) -> str:
        """Function, start and count in hex: '04:0000:0011'."""
        return f"{self.function:02X}:{self.start:04X}:{self.count:04X}"

    @property
    def content_bytes(self) -> int:
        """Bytes behind the byte count of its answer."""
        return (self.count + 7) // 8 if self.function in BITS else 2 * self.count

    @property
    def answer_bytes(self) -> int:
        """Length of the whole answer on the line."""
        return ENVELOPE + self.content_bytes

    @property
    def telling(self) -> bool:
        """Whether an answer shows by itself that it is of this map."""
        return any(field.must_be is not None for field in self.fields)

    def contents(self, data: bytes) -> tuple[Number, ...] | None:
        """What stands behind the byte count, one number a field; None for another length."""
        if len(data) != self.content_bytes:
            return None
        if self.function in BITS:
            bits = int.from_bytes(data, "little")
            return tuple(bits >> field.register - self.start & 1 for field in self.fields)
        return self.layout.unpack(moved(data, self.places) if self.places else data)

    def foreign(self, contents: tuple[Number, ...]) -> Field | None:
        """The first field that does not hold what it must for the map to be this one."""
        for field, content in zip(self.fields, contents, strict=True):
            if field.must_be is not None and content != field.must_be:
                return field
        return None

    def numbers(self, contents: tuple[Number, ...]) -> Numbers:
        """Scaled integers of the quantities."""
        return tuple(
            field.scaled(content) for field, content in zip(self.fields, contents, strict=True)
        )

    def values(self, numbers: Numbers) -> tuple[Value, ...]:
        """Scaled integers under their quantities."""
        return tuple(map(Value, self.quantities, numbers))


def blocks(name: str) -> tuple[Block, ...]:
    """The blocks of a map, in the order of maps.csv; KeyError if there is no such map."""
    return maps()[name]


@functools.cache
def maps() -> dict[str, tuple[Block, ...]]:
    """All maps by name."""
    return {
        name: tuple(_blocks(name, of_map))
        for name, of_map in itertools.groupby(_rows(), key=lambda row: row["map"])
    }


@functools.cache
def kinds() -> dict[str, str]:
    """Of every map what it belongs to: METER or UNIT."""
    return {row["map"]: row["kind"] for row in _rows()}


@functools.cache
def marks() -> dict[str, str]:
    """Of every map its mark: "[?]" = check it against the device's own manual; "" = confirmed."""
    return {row["map"]: row["mark"] for row in _rows()}


@functools.cache
def _rows() -> tuple[dict[str, str], ...]:
    text = resources.files("protocol.modbus").joinpath("maps.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _blocks(name: str, rows: Iterable[dict[str, str]]) -> Iterator[Block]:
    for function, of_function in itertools.groupby(rows, key=lambda row: int(row["function"], 16)):
        fields: list[Field] = []
        for field in map(_field, of_function):
            if (field.type == "bit") != (function in BITS):
                raise ValueError(f"maps.csv: {name}: {field.type} is not read by {function:02X}")
            if fields and not _together(name, function, fields, field):
                yield _block(name, function, fields)
                fields = []
            fields.append(field)
        yield _block(name, function, fields)


def _together(name: str, function: int, fields: list[Field], field: Field) -> bool:
    """Whether one question for this field as well is cheaper than another one."""
    gap = field.register - _end(fields[-1])
    if gap < 0:
        raise ValueError(f"maps.csv: {name}: register {field.register} stands in two rows")
    bits = function in BITS
    whole = _end(field) - fields[0].register
    most, over = (MOST_BITS, 16 * READ_OVER) if bits else (MOST_REGISTERS, READ_OVER)
    return gap <= over and whole <= most


def _end(field: Field) -> int:
    return field.register + field.registers


def _block(name: str, function: int, fields: list[Field]) -> Block:
    start = fields[0].register
    return Block(
        map=name,
        function=function,
        start=start,
        count=_end(fields[-1]) - start,
        fields=tuple(fields),
        layout=struct.Struct("" if function in BITS else _layout(fields)),
        places=() if function in BITS else _places(fields),
        quantities=tuple(field.quantity for field in fields),
    )


def _layout(fields: list[Field]) -> str:
    code, at = ">", fields[0].register
    for field in fields:
        code += "x" * (2 * (field.register - at)) + field.code
        at = _end(field)
    return code


def _places(fields: list[Field]) -> tuple[int, ...]:
    start = fields[0].register
    plain = list(range(2 * (_end(fields[-1]) - start)))
    places = list(plain)
    for field in fields:
        at = 2 * (field.register - start)
        own = [at + place for place in arranged(field.order, field.registers)]
        places[at : at + len(own)] = own
    return tuple(places) if places != plain else ()


def _field(row: dict[str, str]) -> Field:
    found = quantity(row["quantity"])
    type_, order, missing = row["type"], row["order"], row["missing"]
    return Field(
        quantity=found,
        register=int(row["register"]),
        type=type_,
        order=order,
        power=_PREFIX.get(row["unit"], 0) - int(row["decimals"]) - found.exponent,
        offset=int(row["offset"] or 0),
        missing=_content(type_, missing.removeprefix(">")) if missing else None,
        above=missing.startswith(">"),
        must_be=int(row["must_be"]) if row["must_be"] else None,
        source=row["source"],
        example=bytes.fromhex(row["example"]),
        expected=None if row["expected"] == "-" else int(row["expected"]),
    )


def _content(type_: str, text: str) -> Number:
    """What these hex digits, highest first, are as this type."""
    number: Number = struct.unpack(">" + TYPES[type_][0], bytes.fromhex(text))[0]
    return number
