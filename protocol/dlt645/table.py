"""The items of DL/T 645-2007 that boxgate reads: items.csv, one row an identifier.

Each row says which quantities stand in the answer and how, and carries a whole answer frame with
the values it must give. All fields of one item have one format. `form` is

    single    one field
    block     all phases, always of the same length; what a meter has not is FF-filled
    tariffs   total and then as many tariffs as the meter has: the length says how many
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources

from cext.values import Layout
from protocol.dlt645.frame import IDENTIFIER
from protocol.exchange import Value
from protocol.quantity import Quantity, quantity

_PREFIX = {"kW": 3, "kvar": 3, "kVA": 3}
"""Powers of ten by which the wire's unit is more than the quantity's."""

_MOST_TARIFFS = 63

Numbers = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One identifier: what its answer holds."""

    identifier: int
    quantities: tuple[Quantity, ...]
    width: int
    """Bytes of one field."""
    decimals: int
    unit: str
    """Unit on the wire, e.g. kW where the quantity is in W."""
    signed: bool
    tariffs: bool
    source: str
    example: bytes
    """A whole answer, from the first 68 to the 16."""
    expected: Numbers
    """What the example gives, as scaled integers of the quantities."""
    factor: int
    """Scaled integer of the quantity = factor x digits on the wire."""
    layout: Layout

    @property
    def text(self) -> str:
        """The identifier as DI3..DI0: '02010100'."""
        return f"{self.identifier:08X}"

    @property
    def size(self) -> int:
        """Bytes of the item's data when all is there."""
        return self.layout.size

    def name(self, lang: str = "en") -> str:
        """The item's name; of a block, its first and last quantity."""
        first, last = self.quantities[0], self.quantities[-1]
        names = [quantity.zh if lang == "zh" else quantity.en for quantity in (first, last)]
        return names[0] if first is last else " … ".join(names)

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


@functools.cache
def items() -> dict[int, Item]:
    """All items by identifier, in the order of items.csv."""
    text = resources.files("protocol.dlt645").joinpath("items.csv").read_text(encoding="utf-8")
    found = [_item(row) for row in csv.DictReader(text.splitlines())]
    return {item.identifier: item for item in found}


def item(identifier: int | str) -> Item:
    """The item of an identifier (0x02010100 or "02010100"); KeyError if it is not in the table."""
    if isinstance(identifier, str):
        try:
            identifier = int(identifier, 16)
        except ValueError:
            raise KeyError(identifier) from None
    return items()[identifier]


def _item(row: dict[str, str]) -> Item:
    quantities = tuple(quantity(name) for name in row["quantities"].split("|"))
    width, decimals, signed = int(row["bytes"]), int(row["decimals"]), row["signed"] == "yes"
    factors = {_factor(row["unit"], decimals, each) for each in quantities}
    if len(factors) != 1:
        raise ValueError(f"items.csv {row['identifier']}: quantities of different exponents")
    return Item(
        identifier=int(row["identifier"], 16),
        quantities=quantities,
        width=width,
        decimals=decimals,
        unit=row["unit"],
        signed=signed,
        tariffs=row["form"] == "tariffs",
        source=row["source"],
        example=bytes.fromhex(row["example"]),
        expected=tuple(None if n == "-" else int(n) for n in row["expected"].split("|")),
        factor=factors.pop(),
        layout=Layout(((width, signed),) * len(quantities)),
    )


def _factor(unit: str, decimals: int, quantity: Quantity) -> int:
    """ValueError where the wire is finer than the quantity: digits are never thrown away."""
    power = _PREFIX.get(unit, 0) - decimals - quantity.exponent
    if power < 0:
        raise ValueError(f"{quantity.name} has no room for {decimals} decimals of {unit}")
    return int(10**power)


LONGEST = IDENTIFIER + (_MOST_TARIFFS + 1) * 4
"""Bytes of the longest answer an item can have, identifier included, follow-ups joined."""
