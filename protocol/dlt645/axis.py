"""The axes of the identifier tables: phase, tariff, settlement day … with their words (axes.csv).

An axis is a run of numbers that one byte of an identifier, or a repetition inside the data, goes
through. An open axis ends where the meter has no more: the length of the data says where.
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources

BLOCK = 0xFF
"""In place of a number: all of them."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis; `words` are (en, zh, suffix of the quantity) by number, 255 for the block."""

    numbers: tuple[int, ...]
    open: bool
    words: dict[int, tuple[str, str, str]]

    def word(self, number: int, lang: str) -> str:
        """What a number is called; of BLOCK, what all together are called."""
        return self.words[number][lang == "zh"]

    def suffix(self, number: int) -> str:
        """What the number adds to the name of a quantity."""
        return self.words[number][2]


def axis(name: str) -> Axis:
    """The axis of that name; ValueError if there is none."""
    try:
        return _axes()[name]
    except KeyError:
        raise ValueError(f"no axis {name!r} in axes.csv") from None


def rows(file: str) -> list[dict[str, str]]:
    """The rows of one of the tables."""
    text = resources.files("protocol.dlt645.tables").joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@functools.cache
def _axes() -> dict[str, Axis]:
    words: dict[str, dict[int, tuple[str, str, str]]] = {}
    open_: dict[str, bool] = {}
    for row in rows("axes.csv"):
        first, _, last = row["numbers"].partition("-")
        for number in range(int(first, 16), int(last or first, 16) + 1):
            said = (row["en"], row["zh"], row["suffix"])
            en, zh, suffix = (text.replace("{n}", str(number)) for text in said)
            words.setdefault(row["axis"], {})[number] = (en, zh, suffix)
        open_[row["axis"]] = row["open"] == "yes"
    return {
        name: Axis(tuple(number for number in said if number != BLOCK), open_[name], said)
        for name, said in words.items()
    }
