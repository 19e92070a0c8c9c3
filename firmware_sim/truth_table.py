"""How the raw answers of a truth file read: the judge's own tables, shared with no decoder.

truth_items.csv names the identifiers of DL/T 645, truth_registers.csv the registers of the TMU. All
values are exact decimals in the reading's unit; None where the device shows none.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources

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
        """Before the transformers; a ratio that does not divide rounds to the last digit."""
        if value is None or ratio == ONE:
            return value
        over = under = 1
        for applies, (primary, secondary) in ((self.by_ct, ratio.ct), (self.by_pt, ratio.pt)):
            if applies:
                over, under = over * primary, under * secondary
        last = Decimal(1).scaleb(self.power_of_ten - self.decimals)
        return (value * over / under).quantize(last, ROUND_HALF_UP)


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

    `item` as in the truth file: an identifier, or "04:0000:0011" for registers.
    """
    known = items().get(item)
    if known is not None:
        return known.values(raw, ratio)
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
