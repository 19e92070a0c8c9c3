"""How the raw answers of a truth file read: the judge's own tables, shared with no decoder.

truth_items.csv names the identifiers of DL/T 645, truth_objects.csv the objects of DL/T 698.45,
truth_registers.csv the registers of the TMU and of Modbus meters, by the name of their map. All
values are exact decimals in the reading's unit; None where the device shows none.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from importlib import resources

from firmware_sim.truth698 import elements

Values = dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Ratio:
    """What stands between a meter and the line it measures, as primary over secondary."""

    ct: tuple[int, int] = (1, 1)
    pt: tuple[int, int] = (1, 1)


ONE = Ratio()
LARGEST = 2**63
"""Of a reading, in units of its last digit."""
TMU = "tmu-1"
"""The map of items that name none."""


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
    """One value of a unit: `words` registers from `register` on, high word first."""

    register: int
    words: int
    quantity: str
    exponent: int
    """Of the last digit of a reading."""
    form: str
    """signed or unsigned: an integer; float: a single of IEEE 754."""
    blank: bytes
    """What it shows without a sensor; empty where it always shows a value."""
    by_ct: bool
    by_pt: bool

    def value(self, data: bytes, ratio: Ratio = ONE) -> Decimal | None:
        """The value in the reading's unit."""
        if data == self.blank:
            return None
        number = int.from_bytes(data, "big", signed=self.form == "signed")
        shown = (
            single(number, self.exponent)
            if self.form == "float"
            else Decimal(number).scaleb(self.exponent)
        )
        return _before(shown, ratio, self.by_ct, self.by_pt, self.exponent)


def single(bits: int, last: int) -> Decimal | None:
    """What 32 bits of IEEE 754 say, exactly, then to the digit 10**last, ties to even.

    None for what is no number, and for what no reading could hold.
    """
    power = bits >> 23 & 0xFF
    if power == 0xFF:
        return None
    mantissa = bits & 0x7FFFFF
    # a subnormal has no hidden one
    mantissa, power = (mantissa | 0x800000, power - 150) if power else (mantissa, -149)
    with localcontext() as context:
        context.prec = 200
        exact = Decimal(mantissa) * (Decimal(2) ** power)
        found = exact.quantize(Decimal(1).scaleb(last), ROUND_HALF_EVEN)
        if found.scaleb(-last) >= LARGEST:
            return None
    # zero has no sign
    return -found if bits >> 31 and found else found


def answered(item: str, raw: bytes, ratio: Ratio = ONE) -> Values:
    """Everything one answer says; empty for an item that is in neither table.

    `item` as in the truth file: an identifier, "698:20000201" for an object, "04:0000:0011" for a
    TMU's registers, "sdm630:04:0000:004C" for those of a meter with that map. ValueError for one
    that cannot be read.
    """
    known = items().get(item)
    if known is not None:
        return known.values(raw, ratio)
    if item.startswith("698:"):
        oad = bytes.fromhex(item[4:])
        if len(oad) != 4:
            raise ValueError(f"{item}: an object is named by four bytes")
        # features (bits 7-5 of the attribute) give other data
        one = objects().get((oad[:2].hex().upper(), oad[2]))
        return one.values(oad[3], raw, ratio) if one else {}
    *name, function, start_hex, count_hex = ["", "", *item.split(":")][-4:]
    known_map = "".join(name) or TMU
    if (known_map, function) not in registers():
        return {}
    start, count = int(start_hex, 16), min(int(count_hex, 16), len(raw) // 2)
    return {
        one.quantity: one.value(raw[2 * (one.register - start) :][: 2 * one.words], ratio)
        for one in registers()[known_map, function]
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
def registers() -> Mapping[tuple[str, str], tuple[Register, ...]]:
    """(map, function in two hex digits) to its registers."""
    table: dict[tuple[str, str], tuple[Register, ...]] = {}
    for row in _rows("truth_registers.csv"):
        one = Register(
            register=int(row["register"]),
            words=int(row["words"]),
            quantity=row["quantity"],
            exponent=int(row["power_of_ten"]) - int(row["decimals"]),
            form=row["form"],
            blank=bytes.fromhex(row["blank"]),
            by_ct="ct" in row["ratio"].split(),
            by_pt="pt" in row["ratio"].split(),
        )
        key = row["map"], row["function"]
        table[key] = (*table.get(key, ()), one)
    return table


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("firmware_sim").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
