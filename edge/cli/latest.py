"""`boxgate latest`: the last reading of every meter, from the journal alone, no broker needed.

Works beside a running agent and after it; on the machine itself, offline.
"""

import argparse
import functools
import json
import math
import operator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge.cli.place import state_folder, this_gateway
from edge.journal.store import Journal
from edge.site.load import read_gateway, read_site
from edge.site.model import GatewayFile, Meter, Site
from edge.words import BoxgateError, language, say
from edge.words.messages import width
from protocol.quantity import quantity
from protocol.uplink.part import Part, decode_part
from protocol.uplink.quality import Quality

PAGE = 64
"""Journal entries looked at in one read, newest first."""
LOOK_BACK = 20_000
"""Entries looked at before a meter is said to have no reading."""
HEAD = 8
"""Widest line of a column's title, terminal columns."""

GOOD = Quality(0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "site", metavar="SITE", type=Path, help="folder of site.toml and meters.csv"
    )
    parser.add_argument("--gateway", metavar="ID", help="which gateway of the site this is")
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml of this gateway")
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="folder of the journal (default: /var/lib/boxgate/GATEWAY)",
    )
    parser.add_argument("--line", metavar="ID", help="only this line")
    parser.add_argument(
        "--meter", action="append", metavar="ADDRESS", help="only this meter; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a meter and line")


@dataclass(slots=True)
class Last:
    """The newest row of one meter, and when it last gave a value."""

    meter: Meter
    at: int | None = None
    slot: int = 0
    values: dict[str, int] = field(default_factory=dict)
    quality: Quality = GOOD
    read_at: int | None = None
    """When a value last came; older than `at` for a meter that has fallen silent."""


def run(args: argparse.Namespace) -> int:
    """0, or 1 when a meter shown has no value in its newest row."""
    site = read_site(args.site)
    gateway = this_gateway(site, args.gateway)
    config = read_gateway(args.config) if args.config else GatewayFile()
    state = state_folder(args.state, config, gateway)
    wanted = _wanted(site, gateway.lines, args)
    found = _collect(str(state / "journal.db"), wanted)
    # a meter asked for by name is never hidden; of the rest, those that have been asked already
    named = args.meter or args.line
    seen = [last for last in found if last.at is not None or named]
    if not seen:
        raise BoxgateError("nothing_read", path=state)
    for text in map(_json, seen) if args.json else _table(seen, ZoneInfo(site.timezone)):
        print(text)
    return 0 if all(last.values for last in seen) else 1


def _wanted(site: Site, lines: tuple[str, ...], args: argparse.Namespace) -> list[Meter]:
    meters = [meter for meter in site.meters if meter.line in lines]
    if args.line:
        if args.line not in lines:
            raise BoxgateError("line_unknown", line=args.line, ids=", ".join(lines))
        meters = [meter for meter in meters if meter.line == args.line]
    if args.meter:
        asked = {address.zfill(12) for address in args.meter}
        known = {meter.id for meter in meters}
        for address in sorted(asked - known):
            raise BoxgateError("meter_unknown", meter=address)
        meters = [meter for meter in meters if meter.id in asked]
    return meters


def _collect(path: str, meters: list[Meter]) -> list[Last]:
    """Walks the journal from its newest entry until every meter has been met with a value."""
    lasts = {meter.id: Last(meter) for meter in meters}
    open_ones = set(lasts)
    journal = Journal.open_reading(path)
    try:
        before: int | None = None
        looked = 0
        while open_ones and looked < LOOK_BACK:
            entries = journal.tail(PAGE, before)
            if not entries:
                break
            for entry in entries:
                if entry.kind == "sweep":
                    _take(decode_part(entry.body), lasts, open_ones)
            before = entries[-1].seq
            looked += len(entries)
    finally:
        journal.close()
    return list(lasts.values())


def _take(part: Part, lasts: dict[str, Last], open_ones: set[str]) -> None:
    for place, meter in enumerate(part.meters):
        if meter not in open_ones:
            continue
        last = lasts[meter]
        values = {name: column[place] for name, column in part.columns.items()}
        came = {name: value for name, value in values.items() if value is not None}
        if last.at is None:
            last.at, last.slot = part.t[place], part.slot
            last.values, last.quality = came, Quality(part.q[place])
        if came:
            last.read_at = part.t[place]
            open_ones.discard(meter)


def _json(last: Last) -> str:
    row: dict[str, Any] = {
        "meter": last.meter.id,
        "line": last.meter.line,
        "box": last.meter.box,
        "household": last.meter.household,
        "t": last.at,
        "read_at": last.read_at,
        "quality": _keys(last),
        "values": {name: _number(name, value) for name, value in last.values.items()},
    }
    return json.dumps(row, ensure_ascii=False)


def _keys(last: Last) -> str:
    """The quality bits by their English keys, the same in every language."""
    if last.at is None:
        return "never_read"
    return ",".join(bit.name.lower() for bit in last.quality if bit.name) or "good"


def _table(lasts: list[Last], zone: ZoneInfo) -> list[str]:
    """Aligned columns: meter, box, time, then every quantity that any meter has.

    A quality that all rows share stands once below, so that a row fits 80 columns.
    """
    names = list(dict.fromkeys(name for last in lasts for name in last.values))
    shared = functools.reduce(operator.and_, (last.quality for last in lasts))
    if any(last.at is None for last in lasts):
        shared = GOOD
    days = {_local(last, zone).date() for last in lasts if last.at is not None}
    head = [[say("latest_meter")], [say("latest_box")], [say("latest_time")]]
    head += [_title(name) for name in names]
    head.append([say("latest_quality")])
    height = max(map(len, head))
    cells = [[title[i] if i < len(title) else "" for title in head] for i in range(height)]
    for last in lasts:
        row = [last.meter.id, last.meter.box or "-", _clock(last, zone, len(days) == 1)]
        row += [_fixed(name, last.values.get(name)) for name in names]
        cells.append([*row, _quality(last, shared)])
    widths = [max(width(row[i]) for row in cells) for i in range(len(head))]
    below = [say("latest_day", day=day, zone=zone.key) for day in sorted(days) if len(days) == 1]
    if shared:
        below.append(say("latest_all", quality=_words(shared)))
    return [_line(row, widths) for row in cells] + below


def _line(row: list[str], widths: list[int]) -> str:
    left = [0, 1, 2, len(row) - 1]
    cells = []
    for place, (cell, most) in enumerate(zip(row, widths, strict=True)):
        pad = " " * (most - width(cell))
        cells.append(cell + pad if place in left else pad + cell)
    # one column is enough before the narrow titles of quantities, so that a row fits 80
    gaps = ["  " if place in (1, 2, len(row) - 1) else " " for place in range(1, len(row))]
    return (cells[0] + "".join(map("".join, zip(gaps, cells[1:], strict=True)))).rstrip()


def _title(name: str) -> list[str]:
    """The quantity's name in lines of at most HEAD columns, then its unit."""
    known = quantity(name)
    if language() == "zh":
        rows = math.ceil(width(known.zh) / HEAD)
        size = math.ceil(len(known.zh) / rows)
        lines = [known.zh[i : i + size] for i in range(0, len(known.zh), size)]
    else:
        lines = name.split("_")
    return [*lines, known.unit or "-"]


def _fixed(name: str, value: int | None) -> str:
    """All digits that the meter gave, the last zeros too."""
    if value is None:
        return "-"
    return f"{_number(name, value):.{max(0, -quantity(name).exponent)}f}"


def _number(name: str, value: int) -> float:
    return quantity(name).number(value)


def _quality(last: Last, without: Quality = GOOD) -> str:
    if last.at is None:
        return say("latest_never")
    left = last.quality & ~without
    return _words(left) if left else say("latest_good")


def _words(quality: Quality) -> str:
    return ", ".join(say(f"quality_{bit.name.lower()}") for bit in quality if bit.name)


def _local(last: Last, zone: ZoneInfo) -> datetime:
    """When the row's values came (the try that failed, where none ever came), in the site's day."""
    at = last.read_at if last.read_at is not None else last.at
    return datetime.fromtimestamp((at or 0) / 1000, zone)


def _clock(last: Last, zone: ZoneInfo, same_day: bool) -> str:
    if last.at is None:
        return "-"
    return f"{_local(last, zone):{'%H:%M:%S' if same_day else '%m-%d %H:%M:%S'}}"
