"""What a conductor is worth: conductors.csv, by the text that site.toml gives a cable.

A text that the table does not hold has no figures: nothing is guessed from its cross-section.
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Conductor:
    """One conductor at 60 °C; its neutral is its equal."""

    name: str
    r_ohm_km: float
    """Resistance of one phase, ohm/km."""
    x_ohm_km: float
    """Reactance of one phase at 50 Hz, ohm/km."""
    ampacity_a: float | None
    """Permitted phase current 载流量, A; None = not known."""
    source: str
    """Where the figures are from."""


@functools.cache
def conductors() -> dict[str, Conductor]:
    """The whole table, by the normal form of the text."""
    text = resources.files("edge.site").joinpath("conductors.csv").read_text(encoding="utf-8")
    return {
        _normal(row["conductor"]): Conductor(
            name=row["conductor"],
            r_ohm_km=float(row["r_ohm_km"]),
            x_ohm_km=float(row["x_ohm_km"]),
            ampacity_a=float(row["ampacity_a"]) if row["ampacity_a"] else None,
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def conductor(text: str) -> Conductor | None:
    """The conductor of a text such as "Al 4x240"; None where the table does not hold it.

    Case, spaces and the sign between the numbers (x, X, ×, *) do not matter.
    """
    return conductors().get(_normal(text))


def _normal(text: str) -> str:
    folded = text.casefold().replace("×", "x").replace("*", "x")
    return "".join(folded.split())
