"""`boxgate new METERS.csv DIR`: the utility's meter list to a draft of site.toml and meters.csv.

What the list cannot know (transformer, cables, who is responsible) is written with a usual value
and marked `# fill in`; `boxgate check` warns of every mark that is left.
"""

import argparse
import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from edge.site.fields import ID
from edge.site.meterlist import Listed, MeterList, read_meter_list
from edge.words.messages import BoxgateError, say

COLUMNS: tuple[str, ...] = (
    *("id", "name", "kind", "line", "protocol", "profile", "phase", "box"),
    *("household", "feeder", "transformer", "ct"),
)

TRANSFORMER = """
[[transformer]]
id = "T1"
model = "S13-400"          # fill in: from the nameplate
rated_kva = 400            # fill in: from the nameplate
vector_group = "Dyn11"     # fill in: Dyn11 or Yyn0
no_load_loss_w = 410       # fill in: from the nameplate or the test report
load_loss_w = 4520         # fill in: from the nameplate or the test report
impedance_percent = 4.0    # fill in: from the nameplate
tap = "10/0.4"             # fill in: the tap in use

[[feeder]]
id = "F1"                  # fill in: one [[feeder]] for each outgoing cable
transformer = "T1"
conductor = "Al 4x240"     # fill in: material, cores and square millimetres
length_m = 100             # fill in: transformer to the first building
"""

RESPONSIBILITY = """
[[responsibility]]
scope = "area"
grid = "GRID-1"            # fill in: the number of the grid, never a person
duty = "grid_manager"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    parser.add_argument("meters", metavar="METERS.csv", type=Path, help="the utility's meter list")
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder for the draft")
    parser.add_argument("--id", metavar="ID", help="the site's id (else the folder's name)")
    parser.add_argument(
        "--timezone", metavar="ZONE", default="Asia/Shanghai", help="IANA time zone (Asia/Shanghai)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the draft, say what was left out and what comes next."""
    site_id = args.id if args.id is not None else args.folder.absolute().name
    if args.id is not None and not ID.fullmatch(args.id):
        raise BoxgateError("site_value_id", key="--id", row="boxgate new", got=args.id or '""')
    found = read_meter_list(args.meters)
    texts = {
        args.folder / "site.toml": site_toml(found, site_id, args.timezone),
        args.folder / "meters.csv": meters_csv(found),
    }
    _write(texts)
    if found.personal:
        print(say("new_dropped", columns=", ".join(found.personal)))
    if found.ignored:
        print(say("new_ignored", columns=", ".join(found.ignored)))
    print(say("new_done", meters=len(found.meters), dir=args.folder))
    return 0


def site_toml(found: MeterList, site_id: str, timezone: str) -> str:
    """The draft of site.toml."""
    if not ID.fullmatch(site_id):
        site_id = "site-1"
    head = [
        "# Draft from a meter list. Replace every value marked `fill in` and remove the mark.\n",
        "version = 1",
        f"id = {_quoted(site_id)}",
        f"timezone = {_quoted(timezone)}",
        "period_s = 900",
        'meters = "meters.csv"\n',
    ]
    parts = ["\n".join(head), TRANSFORMER]
    parts += _buildings(found.meters) + _boxes(found.meters) + _lines(found.meters)
    lines = ", ".join(_quoted(line) for line in _in_order(m.line for m in found.meters))
    parts.append(f'\n[[gateway]]\nid = "gw1"\nlines = [{lines}]\n')
    parts.append(RESPONSIBILITY)
    return "".join(parts)


def meters_csv(found: MeterList) -> str:
    """The draft of meters.csv; a cell the list does not have stays empty for `check` to ask."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for meter in found.meters:
        home = meter.kind == "household"
        writer.writerow(
            (
                meter.address,
                meter.name,
                meter.kind,
                meter.line,
                meter.protocol,
                _profile(meter),
                meter.phase,
                meter.box if home else "",
                meter.household,
                "F1" if meter.kind in ("feeder", "public") else "",
                "T1" if meter.kind == "master" else "",
                meter.ct,
            )
        )
    return text.getvalue()


def _profile(meter: Listed) -> str:
    if meter.phase == "ABC":
        return "3ph"
    return {"dlt645": "1ph-2013", "dlt698": "1ph-2020"}.get(meter.protocol, "3ph")


def _buildings(meters: tuple[Listed, ...]) -> list[str]:
    stairwells: dict[str, int] = {}
    for meter in _households(meters):
        stairwells[meter.building] = max(stairwells.get(meter.building, 1), meter.stairwell)
    return [
        f"\n[[building]]\nid = {_quoted(building)}\n"
        'feeder = "F1"              # fill in: the cable it hangs on\n'
        f"stairwells = {count}\n"
        for building, count in stairwells.items()
    ]


def _boxes(meters: tuple[Listed, ...]) -> list[str]:
    first: dict[str, Listed] = {}
    for meter in _households(meters):
        first.setdefault(meter.box, meter)
    count = Counter(meter.box for meter in _households(meters))
    return [
        f"\n[[box]]\nid = {_quoted(box)}\nbuilding = {_quoted(meter.building)}\n"
        f"stairwell = {meter.stairwell}\npositions = {max(12, count[box])}\n"
        for box, meter in first.items()
    ]


def _lines(meters: tuple[Listed, ...]) -> list[str]:
    return [
        f"\n[[line]]\nid = {_quoted(line)}\n"
        "baud = 2400                # fill in: as set in its meters\n"
        "unit_load = 0.125          # fill in: 1, 0.5, 0.25 or 0.125, from the meters' data sheet\n"
        for line in _in_order(meter.line for meter in meters)
    ]


def _households(meters: tuple[Listed, ...]) -> list[Listed]:
    return [meter for meter in meters if meter.kind == "household"]


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are all TOML's too."""
    return json.dumps(text, ensure_ascii=False)


def _write(texts: dict[Path, str]) -> None:
    """Both files or none; nothing that is there is ever overwritten."""
    for path in texts:
        if os.path.lexists(path):
            raise BoxgateError("new_exists", name=path)
    written: list[Path] = []
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                written.append(path)
                file.write(text)
        except OSError as error:
            for done in written:
                done.unlink(missing_ok=True)
            if isinstance(error, FileExistsError):
                raise BoxgateError("new_exists", name=error.filename or path) from error
            cause = os.strerror(error.errno) if error.errno else "OSError"
            raise BoxgateError("new_unwritable", name=path, cause=cause) from error
