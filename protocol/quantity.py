"""The vocabulary: every measured quantity with its unit, decimal exponent and Chinese name.

A value travels as a scaled integer: value in the unit = integer x 10**exponent. Each protocol
converts to this one exponent, so that a 645 kW and a 698 W are the same thing here.
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measured quantity, e.g. voltage_a in V with exponent -1 (0.1 V)."""

    name: str
    unit: str
    exponent: int
    signed: bool
    zh: str
    en: str
    source: str

    def number(self, scaled: int) -> float:
        """The scaled integer as a number in the unit, correctly rounded."""
        if self.exponent >= 0:
            return float(scaled * 10**self.exponent)
        divisor: int = 10**-self.exponent
        return scaled / divisor


@functools.cache
def quantities() -> dict[str, Quantity]:
    """All quantities by name, in the order of quantity.csv."""
    text = resources.files("protocol").joinpath("quantity.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Quantity(
            name=row["name"],
            unit=row["unit"],
            exponent=int(row["exponent"]),
            signed=row["signed"] == "yes",
            zh=row["zh"],
            en=row["en"],
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def quantity(name: str) -> Quantity:
    """The quantity of that name; KeyError if there is none."""
    return quantities()[name]
