"""What stands behind every identifier of DL/T 645-2007: the rows of tables/ and their blocks.

A row's pattern is four tokens for DI3..DI0: a byte in hex, `{axis}` (the byte is the number on that
axis) or `{phase=15,29,3D}` (these bytes are the axis's first, second … number). Names and
quantities are templates over the axes.

FF in one of DI2, DI1, DI0 asks for a block: the items of all values of that byte, ascending, joined
(§7.1). Blocks stand in no table. Where the byte runs along an open axis the data may end after any
item; where it runs over rows, the data must be as long as all of them, as the unmarked ones, or as
the first unbroken run: then there is no doubt what each byte is, else there is no value. With two
FF the order is not stated anywhere, so nothing is read from them.
"""

import functools
import re
from dataclasses import dataclass

from protocol.dlt645.axis import BLOCK, Axis, axis, rows
from protocol.dlt645.form import Form, Got, form
from protocol.quantity import quantities

FILES = {
    0x00: "energy.csv",
    0x01: "demand.csv",
    0x02: "variables.csv",
    0x03: "events.csv",
    0x04: "parameters.csv",
    0x05: "freezes.csv",
    0x1D: "events.csv",
    0x1E: "events.csv",
}
"""The table of each DI3. A table is read when one of its classes is first asked for."""

_MEASURED = ("energy.csv", "variables.csv")
"""The tables with a quantity in a row: so the sweep's items need no other."""

_SEPARATOR = {0x05: 0xAA}
"""Classes whose blocks keep their items apart by a byte (freezes; one source)."""

_TOKEN = re.compile(r"\{(?P<axis>[a-z]+)(?:=(?P<bytes>[0-9A-F,]+))?\}|(?P<byte>[0-9A-F]{2})")
_NAME = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Token:
    """One byte of a pattern."""

    axis: str
    """"" = one byte that never changes."""
    numbers: dict[int, int]
    """Number on the axis by byte."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables."""

    tokens: tuple[Token, ...]
    """Of DI3, DI2, DI1, DI0."""
    pattern: str
    en: str
    zh: str
    quantity: str
    form: Form
    mark: str
    """"" = several sources agree, "E" = later extension, "?" = one source only."""
    source: str
    example: bytes
    """A whole answer of a meter, from the first 68 to the 16."""
    gives: tuple[str, ...]
    """What the example holds: scaled integers and texts, "-" = no value."""

    def name(self, bytes_: bytes, lang: str) -> str:
        """The row's name for an identifier (DI3..DI0); FF = the block's word."""
        numbers = self._numbers(bytes_)
        words = {name: axis(name).word(number, lang) for name, number in numbers.items()}
        said = _NAME.sub(lambda found: words[found[1]], self.zh if lang == "zh" else self.en)
        return " ".join(said.split())

    def quantity_of(self, bytes_: bytes) -> str | None:
        """The quantity an identifier of this row gives; None if the vocabulary has none."""
        if not self.quantity:
            return None
        numbers = self._numbers(bytes_)
        suffix = "".join(axis(name).suffix(number) for name, number in numbers.items())
        name = self.quantity + suffix
        return name if name in quantities() else None

    def _numbers(self, bytes_: bytes) -> dict[str, int]:
        return {
            token.axis: token.numbers.get(byte, BLOCK)
            for token, byte in zip(self.tokens, bytes_, strict=True)
            if token.axis
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """One item inside an answer."""

    row: Row
    identifier: bytes
    """DI3..DI0 of the item itself."""

    def name(self, lang: str) -> str:
        """The item's name."""
        return self.row.name(self.identifier, lang)

    @property
    def quantity(self) -> str | None:
        """The vocabulary's name for it."""
        return self.row.quantity_of(self.identifier)


Found = tuple[tuple[Piece, tuple[Got, ...]], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What an identifier asks for: one item, or a block of them."""

    identifier: int
    pieces: tuple[Piece, ...]
    stops: tuple[int, ...]
    """How many pieces the data may hold; () = any number, from the first on."""
    separator: int | None

    def name(self, lang: str = "en") -> str:
        """What it is called; of a block over rows, its first and last item."""
        first, last = self.pieces[0], self.pieces[-1]
        if first.row is last.row:
            return first.row.name(self.identifier.to_bytes(4, "big"), lang)
        return f"{first.name(lang)} … {last.name(lang)}"

    @property
    def mark(self) -> str:
        """The worst mark of its rows."""
        marks = {piece.row.mark for piece in self.pieces}
        return "?" if "?" in marks or self.separator else "E" if "E" in marks else ""

    def read(self, data: bytes) -> Found | None:
        """The items of the data behind the identifier; None when the length can't be theirs."""
        if self.separator is not None:
            return self._apart(data)
        if len(self.pieces) == 1:
            got = self.pieces[0].row.form.read(data)
            return None if got is None else ((self.pieces[0], got),)
        sizes = [piece.row.form.size for piece in self.pieces]
        if not data:
            return None
        ends = [0]
        for size in sizes:
            if size is None:
                return None  # items of open length, one after another: no telling them apart
            ends.append(ends[-1] + size)
        if len(data) not in ends or (self.stops and ends.index(len(data)) not in self.stops):
            return None
        found = []
        for piece, start, end in zip(self.pieces, ends, ends[1:], strict=False):
            if end > len(data):
                break
            got = piece.row.form.read(data[start:end])
            if got is None:
                return None
            found.append((piece, got))
        return tuple(found)

    def empty(self) -> Found:
        """The items without any value."""
        return tuple((piece, piece.row.form.empty()) for piece in self.pieces[:64])

    def _apart(self, data: bytes) -> Found | None:
        """Items behind each of which a separator stands; an item not kept is empty."""
        parts = data.split(bytes([self.separator or 0]))
        if len(parts) == len(self.pieces) + 1 and not parts[-1]:
            parts.pop()
        if len(parts) != len(self.pieces):
            return None
        found = []
        for piece, part in zip(self.pieces, parts, strict=True):
            got = piece.row.form.read(part) if part else ()
            if got is None:
                return None
            found.append((piece, got))
        return tuple(found)


@functools.cache
def table() -> tuple[Row, ...]:
    """All rows, in the order of the tables."""
    return tuple(row for file in dict.fromkeys(FILES.values()) for row in _file(file))


def measured() -> tuple[Row, ...]:
    """The rows that may give a quantity."""
    return tuple(row for file in _MEASURED for row in _file(file) if row.quantity)


@functools.lru_cache(maxsize=4096)
def entry(identifier: int) -> Entry | None:
    """What an identifier asks for; None when the tables do not know it."""
    if not 0 <= identifier <= 0xFFFFFFFF:
        return None
    bytes_ = identifier.to_bytes(4, "big")
    for row in _class(bytes_[0]):
        if all(byte in token.numbers for token, byte in zip(row.tokens, bytes_, strict=True)):
            return Entry(identifier, (Piece(row, bytes_),), (), None)
    blocks = [at for at in (1, 2, 3) if bytes_[at] == BLOCK]
    return _block(identifier, bytes_, blocks[0]) if len(blocks) == 1 else None


def _block(identifier: int, bytes_: bytes, at: int) -> Entry | None:
    """The items of all values of one byte."""
    found: dict[int, Piece] = {}
    open_ = False
    for row in _class(bytes_[0]):
        if all(
            place == at or bytes_[place] in token.numbers for place, token in enumerate(row.tokens)
        ):
            token = row.tokens[at]
            open_ = open_ or bool(token.axis and axis(token.axis).open)
            for byte in token.numbers:
                item = bytes_[:at] + bytes([byte]) + bytes_[at + 1 :]
                found.setdefault(byte, Piece(row, item))
    if len(found) < 2:
        return None
    ordered = sorted(found)
    pieces = tuple(found[byte] for byte in ordered)
    separator = _SEPARATOR.get(bytes_[0]) if at == 2 else None
    same = all(piece.row is pieces[0].row for piece in pieces)
    if separator is not None or (open_ and same):
        return Entry(identifier, pieces, (), separator)
    run = next((n for n in range(1, len(ordered)) if ordered[n] != ordered[n - 1] + 1), len(pieces))
    plain = next((n for n, piece in enumerate(pieces) if piece.row.mark), len(pieces))
    return Entry(identifier, pieces, tuple({run, plain, len(pieces)} - {0}), None)


@functools.cache
def _class(top: int) -> tuple[Row, ...]:
    file = FILES.get(top)
    return () if file is None else tuple(row for row in _file(file) if top in row.tokens[0].numbers)


@functools.cache
def _file(file: str) -> tuple[Row, ...]:
    return tuple(_row(row) for row in rows(file))


def _row(row: dict[str, str]) -> Row:
    return Row(
        tokens=tuple(_token(text) for text in row["pattern"].split()),
        pattern=row["pattern"],
        en=row["en"],
        zh=row["zh"],
        quantity=row["quantity"],
        form=form(row["form"]),
        mark=row["mark"],
        source=row["source"],
        example=bytes.fromhex(row["example"]),
        gives=tuple(row["gives"].split("|")),
    )


@functools.cache
def _token(text: str) -> Token:
    found = _TOKEN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a byte of a pattern: {text!r}")
    if found["byte"]:
        return Token("", {int(text, 16): 0})
    named: Axis = axis(found["axis"])
    given = found["bytes"]
    numbers = [int(byte, 16) for byte in given.split(",")] if given else list(named.numbers)
    return Token(found["axis"], dict(zip(numbers, named.numbers, strict=False)))
