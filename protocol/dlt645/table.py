"""The items of DL/T 645-2007 that the sweep can read: those rows of tables/ that are quantities.

An identifier is an item when everything in its answer is BCD of one format and has a quantity of
now in the vocabulary. So there are

    single items    one field
    phase blocks    all phases, always of the same length; what a meter has not is FF-filled
    tariff blocks   total and then as many tariffs as the meter has: the length says how many
"""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from cext.values import Layout
from protocol.dlt645.axis import BLOCK
from protocol.dlt645.form import Cell
from protocol.dlt645.frame import IDENTIFIER
from protocol.dlt645.rows import Entry, Row, entry, measured
from protocol.exchange import Value
from protocol.quantity import Quantity, quantity

_PREFIX = {"kW": 3, "kvar": 3, "kVA": 3}
"""Powers of ten by which the wire's unit is more than the quantity's."""

_MOST_TARIFFS = 63

Numbers = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One identifier: what its answer holds."""

    entry: Entry
    quantities: tuple[Quantity, ...]
    width: int
    """Bytes of one field."""
    decimals: int
    unit: str
    """Unit on the wire, e.g. kW where the quantity is in W."""
    signed: bool
    tariffs: bool
    factor: int
    """Scaled integer of the quantity = factor x digits on the wire."""
    layout: Layout

    @property
    def identifier(self) -> int:
        """DI3..DI0 as one int."""
        return self.entry.identifier

    @property
    def text(self) -> str:
        """The identifier as DI3..DI0: '02010100'."""
        return f"{self.identifier:08X}"

    @property
    def size(self) -> int:
        """Bytes of the item's data when all is there."""
        return self.layout.size

    def name(self, lang: str = "en") -> str:
        """The item's name, as everywhere else."""
        return self.entry.name(lang)

    def numbers(self, data: bytes) -> Numbers | None:
        """Scaled integers of the item's data (behind the identifier, -33H), one a quantity.

        None: the length is impossible for this item. A tariff block may be shorter than the
        quantities (a meter with fewer tariffs: None for the rest) or longer (tariffs that have no
        name here are left out).
        """
        found = self.layout.unpack_data(data, 0)
        if found is None:
            count, rest = divmod(len(data), self.width)
            if not self.tariffs or rest or not 0 < count <= _MOST_TARIFFS + 1:
                return None
            fields = Layout(((self.width, self.signed),) * count).unpack_data(data, 0)
            wanted = len(self.quantities)
            found = ((fields or ()) + (None,) * wanted)[:wanted]
        return self.scaled(found)

    def scaled(self, digits: Numbers) -> Numbers:
        """Digits on the wire as scaled integers of the quantities."""
        if self.factor == 1:
            return digits
        return tuple(None if number is None else number * self.factor for number in digits)

    def values(self, numbers: Numbers) -> tuple[Value, ...]:
        """Scaled integers under their quantities."""
        return tuple(map(Value, self.quantities, numbers))


def item(identifier: int | str) -> Item:
    """The item of an identifier (0x02010100 or "02010100"); KeyError if it is none."""
    number = identifier
    if isinstance(number, str):
        try:
            number = int(number, 16)
        except ValueError:
            raise KeyError(identifier) from None
    found = _item(number)
    if found is None:
        raise KeyError(identifier)
    return found


@functools.cache
def items() -> dict[int, Item]:
    """All items by identifier, ascending; blocks behind their single items."""
    found = (_item(identifier) for row in measured() for identifier in _of(row))
    return {each.identifier: each for each in sorted(filter(None, found), key=_identifier)}


def unit_power(unit: str) -> int:
    """The power of ten by which a unit on the wire is more than that of its quantity."""
    return _PREFIX.get(unit, 0)


def _identifier(item: Item) -> int:
    return item.identifier


def _of(row: Row) -> Iterator[int]:
    """The identifiers of a row that have a quantity, and every block one of them stands in."""
    for each in itertools.product(*(token.numbers for token in row.tokens)):
        bytes_ = bytes(each)
        if row.quantity_of(bytes_) is None:
            continue
        yield int.from_bytes(bytes_, "big")
        for at, token in enumerate(row.tokens):
            if token.axis:
                yield int.from_bytes(bytes_[:at] + bytes([BLOCK]) + bytes_[at + 1 :], "big")


@functools.lru_cache(maxsize=256)
def _item(identifier: int) -> Item | None:
    known = entry(identifier)
    if known is None:
        return None
    row = known.pieces[0].row
    if len(row.form.parts) != 1 or any(piece.row is not row for piece in known.pieces):
        return None
    (cell,) = row.form.parts
    names = tuple(itertools.takewhile(bool, (piece.quantity for piece in known.pieces)))
    # of a block as long as the meter has tariffs, those the vocabulary has; of now alone it is
    # no block of them (settlement days)
    least = len(known.pieces) if known.stops else min(2, len(known.pieces))
    if not isinstance(cell, Cell) or cell.kind != "number" or len(names) < least:
        return None
    return _made(known, cell, tuple(quantity(name) for name in names if name))


def _made(known: Entry, cell: Cell, quantities: tuple[Quantity, ...]) -> Item:
    factors = {_factor(cell.unit, cell.decimals, each) for each in quantities}
    if len(factors) != 1:
        raise ValueError(f"{known.identifier:08X}: quantities of different exponents")
    return Item(
        entry=known,
        quantities=quantities,
        width=cell.size,
        decimals=cell.decimals,
        unit=cell.unit,
        signed=cell.signed,
        tariffs=len(known.pieces) > 1 and not known.stops,
        factor=factors.pop(),
        layout=Layout(((cell.size, cell.signed),) * len(quantities)),
    )


def _factor(unit: str, decimals: int, quantity: Quantity) -> int:
    """ValueError where the wire is finer than the quantity: digits are never thrown away."""
    power = unit_power(unit) - decimals - quantity.exponent
    if power < 0:
        raise ValueError(f"{quantity.name} has no room for {decimals} decimals of {unit}")
    return int(10**power)


LONGEST = IDENTIFIER + (_MOST_TARIFFS + 1) * 4
"""Bytes of the longest answer an item can have, identifier included, follow-ups joined."""
