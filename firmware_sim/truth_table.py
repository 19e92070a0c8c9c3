"""How the raw answers of a truth file read: the judge's own tables, shared with no decoder.

truth_items.csv names the identifiers of DL/T 645, truth_objects.csv the objects of DL/T 698.45,
truth_registers.csv the registers of the TMU. All values are exact decimals in the reading's unit;
None where the device shows none.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources

from firmware_sim.truth698 import elements

Values = dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Ratio:
    """What stands between a meter and the line it measures, as primary over secondary."""

    ct: tuple[int, int] = (1, 1)
    pt: tuple[int, int] = (1, 1)


ONE = Ratio()


@dataclass(frozen=True, slots=True)
class Item:
    """How the data of one identifier reads: `size` bytes for each quantity in turn."""

    quantities: tuple[str, ...]
    size: int
    decimals: int
    signed: bool
    power_of_ten: int
    """From the meter's unit to the reading's: kW to W is 3."""
    by_ct: bool
    by_pt: bool

    def values(self, raw: bytes, ratio: Ratio = ONE) -> Values:
        """Quantity to value in the reading's unit; None where the meter shows none."""
        fields = [raw[i : i + self.size] for i in range(0, len(raw), self.size)]
        return {
            name: self._primary(self._value(data), ratio)
            for name, data in zip(self.quantities, fields, strict=False)
            if len(data) == self.size
        }

    def _value(self, data: bytes) -> Decimal | None:
        high_first = bytearray(reversed(data))
        negative = self.signed and high_first[0] & 0x80 and high_first[0] != 0xFF
        if negative:
            high_first[0] &= 0x7F
        digits = high_first.hex()
        if not digits.isdecimal():
            return None
        value = Decimal(digits).scaleb(self.power_of_ten - self.decimals)
        return -value if negative else value

    def _primary(self, value: Decimal | None, ratio: Ratio) -> Decimal | None:
        last = self.power_of_ten - self.decimals
        return _before(value, ratio, self.by_ct, self.by_pt, last)


def _before(
    value: Decimal | None, ratio: Ratio, by_ct: bool, by_pt: bool, exponent: int
) -> Decimal | None:
    """Before the transformers; a ratio that does not divide rounds to the last digit."""
    if value is None or ratio == ONE:
        return value
    over = under = 1
    for applies, (primary, secondary) in ((by_ct, ratio.ct), (by_pt, ratio.pt)):
        if applies:
            over, under = over * primary, under * secondary
    return (value * over / under).quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Object:
    """How the datum of one attribute of DL/T 698.45 reads: an array, or one element of it."""

    quantities: tuple[str, ...]
    decimals: int
    by_ct: bool
    by_pt: bool

    def values(self, index: int, raw: bytes, ratio: Ratio = ONE) -> Values:
        """Quantity to value; `index` as in the OAD: 0 = whole, else the element."""
        names = self.quantities[index - 1 : index] if index else self.quantities
        return {
            name: _before(self._value(number), ratio, self.by_ct, self.by_pt, -self.decimals)
            for name, number in zip(names, elements(raw), strict=False)
        }

    def _value(self, number: int | None) -> Decimal | None:
        return None if number is None else Decimal(number).scaleb(-self.decimals)


@dataclass(frozen=True, slots=True)
class Register:
    """One value of the TMU: `words` registers from `register` on, high word first."""

    register: int
    words: int
    quantity: str
    exponent: int
    signed: bool
    blank: bytes
    """What it shows without a sensor; empty where it always shows a value."""

    def value(self, data: bytes) -> Decimal | None:
        """The value in the reading's unit."""
        if data == self.blank:
            return None
        return Decimal(int.from_bytes(data, "big", signed=self.signed)).scaleb(self.exponent)


def answered(item: str, raw: bytes, ratio: Ratio = ONE) -> Values:
    """Everything one answer says; empty for an item that is in neither table.

    `item` as in the truth file: an identifier, "698:20000201" for an object, or "04:0000:0011" for
    registers.
    """
    known = items().get(item)
    if known is not None:
        return known.values(raw, ratio)
    if item.startswith("698:"):
        oad = bytes.fromhex(item[4:])
        # features (bits 7-5 of the attribute) give other data
        one = objects().get((oad[:2].hex().upper(), oad[2]))
        return one.values(oad[3], raw, ratio) if one else {}
    function, _, rest = item.partition(":")
    start_hex, _, count_hex = rest.partition(":")
    if function not in registers() or not count_hex:
        return {}
    start, count = int(start_hex, 16), min(int(count_hex, 16), len(raw) // 2)
    return {
        one.quantity: one.value(raw[2 * (one.register - start) :][: 2 * one.words])
        for one in registers()[function]
        if start <= one.register and one.register + one.words <= start + count
    }


@functools.cache
def items() -> Mapping[str, Item]:
    """Identifiers, DI3 first."""
    return {
        row["item"]: Item(
            quantities=tuple(row["quantities"].split()),
            size=int(row["bytes"]),
            decimals=int(row["decimals"]),
            signed=row["signed"] == "yes",
            power_of_ten=int(row["power_of_ten"]),
            by_ct="ct" in row["ratio"].split(),
            by_pt="pt" in row["ratio"].split(),
        )
        for row in _rows("truth_items.csv")
    }


@functools.cache
def objects() -> Mapping[tuple[str, int], Object]:
    """(OI, attribute) of DL/T 698.45."""
    return {
        (row["oi"], int(row["attribute"])): Object(
            quantities=tuple(row["quantities"].split()),
            decimals=int(row["decimals"]),
            by_ct="ct" in row["ratio"].split(),
            by_pt="pt" in row["ratio"].split(),
        )
        for row in _rows("truth_objects.csv")
    }


@functools.cache
def registers() -> Mapping[str, tuple[Register, ...]]:
    """Function, two hex digits, to its registers."""
    table: dict[str, tuple[Register, ...]] = {}
    for row in _rows("truth_registers.csv"):
        one = Register(
            register=int(row["register"]),
            words=int(row["words"]),
            quantity=row["quantity"],
            exponent=int(row["power_of_ten"]) - int(row["decimals"]),
            signed=row["signed"] == "yes",
            blank=bytes.fromhex(row["blank"]),
        )
        table[row["function"]] = (*table.get(row["function"], ()), one)
    return table


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("firmware_sim").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
