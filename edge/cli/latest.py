"""`boxgate latest`: the last reading of every device, from the journal alone, no broker needed.

Works beside a running agent and after it; on the machine itself, offline.
"""

import argparse
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge.analysis.points import points
from edge.cli.latest_view import status_bits, view
from edge.cli.newest import Last, fill
from edge.cli.place import state_folder, this_gateway
from edge.site.load import read_gateway, read_site
from edge.site.model import GatewayFile, Site
from edge.site.place import feeder_place, meter_place, tmu_place
from edge.words import BoxgateError
from protocol.quantity import quantity


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
        "--meter", action="append", metavar="ID", help="only this meter or TMU; may be repeated"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line: each result and device"
    )


def run(args: argparse.Namespace) -> int:
    """0, or 1 when a device shown has no value in its newest row."""
    site = read_site(args.site)
    gateway = this_gateway(site, args.gateway)
    config = read_gateway(args.config) if args.config else GatewayFile()
    state = state_folder(args.state, config, gateway)
    if args.line and args.line not in gateway.lines:
        ids = ", ".join(gateway.lines)
        raise BoxgateError("line_unknown", line=args.line, ids=ids)
    lines = (args.line,) if args.line else gateway.lines
    devices = _named(_devices(site, lines), args.meter)
    results = [] if args.meter else _results(site, lines)
    fill(str(state / "journal.db"), devices, results)
    # a device asked for by name is never hidden; of the rest, those that have been asked already
    named = args.meter or args.line
    devices = [last for last in devices if last.at is not None or named]
    results = [last for last in results if last.at is not None]
    if not devices:
        raise BoxgateError("nothing_read", path=state)
    if args.json:
        shown = [_json(last) for last in (*results, *devices)]
    else:
        shown = view(results, devices, ZoneInfo(site.timezone))
    for text in shown:
        print(text)
    return 0 if all(last.values for last in devices) else 1


def _devices(site: Site, lines: tuple[str, ...]) -> list[Last]:
    """Meters in the site's order, then TMUs."""
    meters = [
        Last(one.id, one.kind, one.line, meter_place(site, one), one)
        for one in site.meters
        if one.line in lines
    ]
    tmus = [Last(one.id, "tmu", one.line, tmu_place(site, one)) for one in site.tmus]
    return meters + [last for last in tmus if last.line in lines]


def _named(devices: list[Last], names: list[str] | None) -> list[Last]:
    """Those of these names, all where none is given; an address may leave out leading zeros."""
    if not names:
        return devices
    known = {last.id for last in devices}
    asked = {name if name in known else name.zfill(12) for name in names}
    for name in sorted(asked - known):
        raise BoxgateError("meter_unknown", meter=name)
    return [last for last in devices if last.id in asked]


def _results(site: Site, lines: tuple[str, ...]) -> list[Last]:
    """What has a meter of its own on these lines: each transformer, its feeders behind it."""
    line_of = {meter.id: meter.line for meter in site.meters}
    feeders = {one.id for one in site.feeders} - {one.id for one in site.transformers}
    found = [
        Last(
            point.id,
            "result",
            line_of[point.meter],
            feeder_place(site, point.id) if point.id in feeders else point.id,
        )
        for point in points(site)
        if line_of[point.meter] in lines
    ]
    order = {one.id: place for place, one in enumerate(site.transformers)}
    # a stable sort: the transformer stands before its feeders already
    return sorted(found, key=lambda last: order.get(last.place.partition("/")[0], len(order)))


def _json(last: Last) -> str:
    row: dict[str, Any] = {"kind": last.kind}
    row["subject" if last.kind == "result" else "meter"] = last.id
    row |= {"line": last.line, "place": last.place}
    if last.meter is not None:
        row |= {"box": last.meter.box, "household": last.meter.household}
    row |= {"t": last.at, "read_at": last.read_at, "quality": _keys(last)}
    if last.kind == "tmu":
        status = last.values.get("tmu_status")
        row["status"] = None if status is None else status_bits(status)
    row["values"] = {name: quantity(name).number(value) for name, value in last.values.items()}
    return json.dumps(row, ensure_ascii=False)


def _keys(last: Last) -> str:
    """The quality bits by their English keys, the same in every language."""
    if last.at is None:
        return "never_read"
    return ",".join(bit.name.lower() for bit in last.quality if bit.name) or "good"
