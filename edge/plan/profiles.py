"""What a sweep asks of each meter profile: profiles.csv, one row an item, in the order asked.

The same quantities whatever the protocol; by DL/T 698.45 all items of a meter are one list. A
Modbus meter's profile is its register map (protocol/modbus/maps.csv).
"""

import csv
import functools
from importlib import resources


@functools.cache
def profiles() -> dict[tuple[str, str], tuple[str, ...]]:
    """(profile, protocol) -> items in the order of their rank: identifiers, or OADs of 698."""
    text = resources.files("edge.plan").joinpath("profiles.csv").read_text(encoding="utf-8")
    rows = sorted(csv.DictReader(text.splitlines()), key=lambda row: int(row["rank"]))
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row["profile"], row["protocol"]), []).append(row["item"])
    return {key: tuple(items) for key, items in found.items()}
