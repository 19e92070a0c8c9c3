"""The register maps that boxgate reads: maps.csv, one row a value.

Each row says which quantity stands in which register and how, and carries an example of the
register's content with what it must give. Words are big-endian, of 32 bits the high word first.
`missing` is the content that says "no sensor"; `must_be` is what the register has to hold for the
map to be this one. Rows of one map and function whose registers follow each other are read
together: a Block.
"""

import csv
import functools
import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources

from protocol.exchange import Value
from protocol.modbus.frame import ENVELOPE, MOST_REGISTERS
from protocol.quantity import Quantity, quantity

Numbers = tuple[int | None, ...]

_TYPES = {"u16": ("H", 1), "s16": ("h", 1), "u32": ("I", 2), "s32": ("i", 2)}
"""Of a type, its struct code and how many registers it takes."""

_PREFIX = {"mA": -3, "kW": 3}
"""Powers of ten by which the register's unit is more than the quantity's."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a map."""

    quantity: Quantity
    register: int
    type: str
    """"u16", "s16", "u32", "s32"."""
    factor: int
    """Scaled integer of the quantity = factor x content."""
    missing: int | None
    """The content, as its type reads it, that says "no sensor"."""
    must_be: int | None
    """What the register has to hold for the map to be this one."""
    source: str
    example: bytes
    """Content of the register or registers."""
    expected: int | None
    """What the example gives, as scaled integer of the quantity."""

    @property
    def registers(self) -> int:
        """How many registers it takes."""
        return _TYPES[self.type][1]

    @property
    def code(self) -> str:
        """Its struct code."""
        return _TYPES[self.type][0]

    def scaled(self, content: int) -> int | None:
        """Scaled integer of the quantity; None where there is no sensor."""
        return None if content == self.missing else content * self.factor


@dataclass(frozen=True, slots=True)
class Block:
    """Registers read by one question."""

    map: str
    function: int
    start: int
    count: int
    fields: tuple[Field, ...]
    layout: struct.Struct
    quantities: tuple[Quantity, ...]

    @property
    def text(self) -> str:
        """Function, start and count in hex: '04:0000:0011'."""
        return f"{self.function:02X}:{self.start:04X}:{self.count:04X}"

    @property
    def answer_bytes(self) -> int:
        """Length of the whole answer on the line."""
        return ENVELOPE + 2 * self.count

    def contents(self, data: bytes) -> tuple[int, ...] | None:
        """The registers behind the byte count, one number a field; None for another length."""
        return self.layout.unpack(data) if len(data) == self.layout.size else None

    def foreign(self, contents: tuple[int, ...]) -> Field | None:
        """The first field that does not hold what it must for the map to be this one."""
        for field, content in zip(self.fields, contents, strict=True):
            if field.must_be is not None and content != field.must_be:
                return field
        return None

    def numbers(self, contents: tuple[int, ...]) -> Numbers:
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
    text = resources.files("protocol.modbus").joinpath("maps.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        name: tuple(_blocks(name, of_map))
        for name, of_map in itertools.groupby(rows, key=lambda row: row["map"])
    }


def _blocks(name: str, rows: Iterable[dict[str, str]]) -> Iterator[Block]:
    for function, of_function in itertools.groupby(rows, key=lambda row: int(row["function"], 16)):
        fields: list[Field] = []
        for field in map(_field, of_function):
            if fields and not _follows(fields, field):
                yield _block(name, function, fields)
                fields = []
            fields.append(field)
        yield _block(name, function, fields)


def _follows(fields: list[Field], field: Field) -> bool:
    end = fields[-1].register + fields[-1].registers
    together = field.register + field.registers - fields[0].register
    return field.register == end and together <= MOST_REGISTERS


def _block(name: str, function: int, fields: list[Field]) -> Block:
    return Block(
        map=name,
        function=function,
        start=fields[0].register,
        count=sum(field.registers for field in fields),
        fields=tuple(fields),
        layout=struct.Struct(">" + "".join(field.code for field in fields)),
        quantities=tuple(field.quantity for field in fields),
    )


def _field(row: dict[str, str]) -> Field:
    found = quantity(row["quantity"])
    power = _PREFIX.get(row["unit"], 0) - int(row["decimals"]) - found.exponent
    if power < 0:
        raise ValueError(f"maps.csv: {found.name} has no room for the register's decimals")
    code, missing = _TYPES[row["type"]][0], bytes.fromhex(row["missing"])
    return Field(
        quantity=found,
        register=int(row["register"]),
        type=row["type"],
        factor=10**power,
        missing=struct.unpack(">" + code, missing)[0] if missing else None,
        must_be=int(row["must_be"]) if row["must_be"] else None,
        source=row["source"],
        example=bytes.fromhex(row["example"]),
        expected=None if row["expected"] == "-" else int(row["expected"]),
    )
