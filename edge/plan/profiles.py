"""What a sweep asks of each meter profile: profiles.csv, one row an item, in the order asked."""

import csv
import functools
from importlib import resources


@functools.cache
def profiles() -> dict[str, tuple[str, ...]]:
    """Profile name -> identifiers (8 hex digits) in the order of their rank."""
    text = resources.files("edge.plan").joinpath("profiles.csv").read_text(encoding="utf-8")
    rows = sorted(csv.DictReader(text.splitlines()), key=lambda r: (r["profile"], int(r["rank"])))
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["profile"], []).append(row["item"])
    return {name: tuple(items) for name, items in found.items()}
