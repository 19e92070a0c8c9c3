"""Unit codes of a Scaler_Unit (units.csv): those that PyPI dlt698 names, and no guess besides."""

import csv
import functools
from importlib import resources

from protocol.dlt698.axdr import ScalerUnit


def symbol(code: int) -> str | None:
    """The unit of a code: 33 is "kWh"; None for one that is not known here."""
    return _symbols().get(code)


def scaler_text(scaler: ScalerUnit) -> str:
    """'10^-2 kWh', or '10^-2 unit 77' for a code that is not known."""
    name = symbol(scaler.unit)
    return f"10^{scaler.exponent} {f'unit {scaler.unit}' if name is None else name}"


@functools.cache
def _symbols() -> dict[int, str]:
    text = resources.files("protocol.dlt698").joinpath("units.csv").read_text(encoding="utf-8")
    return {int(row["code"]): row["symbol"] for row in csv.DictReader(text.splitlines())}
