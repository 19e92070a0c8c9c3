"""The items the sweep can read, said here a second time: items.csv, a whole answer a row."""

import csv
import pathlib
from dataclasses import dataclass

import pytest

from protocol.dlt645.table import Numbers


@dataclass(frozen=True)
class Known:
    """One item: its quantities, an answer of a meter, and what it gives."""

    identifier: int
    quantities: tuple[str, ...]
    example: bytes
    expected: Numbers


def _known() -> tuple[Known, ...]:
    file = pathlib.Path(__file__).with_name("items.csv")
    return tuple(
        Known(
            identifier=int(row["identifier"], 16),
            quantities=tuple(row["quantities"].split("|")),
            example=bytes.fromhex(row["example"]),
            expected=tuple(None if n == "-" else int(n) for n in row["expected"].split("|")),
        )
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    )


KNOWN = _known()

each_known = pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.identifier:08X}")
