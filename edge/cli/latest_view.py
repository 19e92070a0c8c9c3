"""The tables of `boxgate latest`: results, three-phase meters, TMUs, single-phase meters.

Results, TMUs and single-phase meters fit 80 columns, three-phase meters 100. For that the tables of
results, three-phase meters and TMUs round, take kW for W, and leave the rest to --json.
"""

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from edge.cli.columns import Column, in_columns
from edge.cli.newest import GOOD, Last
from edge.words import language, say
from edge.words.messages import width
from protocol.quantity import quantity
from protocol.uplink.quality import Quality

HEAD = 8
"""Widest line of a quantity's title, terminal columns."""

STATUS = (
    "door_open",
    "smoke",
    "water",
    "fan_on",
    "over_temperature",
    "trip",
    "sensor_fault",
    "residual_alarm",
    "supply_lost",
    "self_test_failed",
)
"""The bits of tmu_status from bit 0 up: TMU map 1, fn 04 register 1."""

OIL = "oil_temperature"
WINDINGS = ("winding_temperature_a", "winding_temperature_b", "winding_temperature_c")

GROUPS = ("master", "feeder", "public", "household")
"""Order of the three-phase meters."""

Cell = Callable[[Last], str]


def view(results: Sequence[Last], devices: Sequence[Last], zone: ZoneInfo) -> list[str]:
    """All lines: a table for each kind that there is, then what holds for all of them."""
    everything = (*results, *devices)
    stamps = [_local(last, zone) for last in everything if last.at is not None]
    days = sorted({stamp.date() for stamp in stamps})
    shared = functools.reduce(operator.and_, (last.quality for last in everything))
    if any(last.at is None for last in everything):
        shared = GOOD
    three = [last for last in devices if last.meter is not None and last.meter.phase == "ABC"]
    single = [last for last in devices if last.meter is not None and last.meter.phase != "ABC"]
    tmus = [last for last in devices if last.kind == "tmu"]
    clock = functools.partial(_clock, zone=zone, days=len(days))
    tables = []
    if results:
        tables.append([say("latest_results"), *_results(results, clock, shared)])
    if three:
        tables.append([say("latest_three_phase"), *_three_phase(three, clock, shared)])
    if tmus:
        tables.append([say("latest_tmus"), *_tmus(tmus, clock, shared)])
    if single:
        heading = [say("latest_single_phase")] if tables else []
        tables.append([*heading, *_single_phase(single, clock, shared)])
    lines = [line for table in tables for line in ("", *table)][1:]
    gap = [""] if results or three or tmus else []
    below = [say("latest_day", day=days[0], zone=zone.key)] if len(days) == 1 else []
    if shared:
        below.append(say("latest_all", quality=_words(shared)))
    return lines + (gap + below if below else [])


def status_bits(status: int) -> list[str]:
    """The keys of the bits that are set; a bit without a word is "bit_12"."""
    return [
        STATUS[bit] if bit < len(STATUS) else f"bit_{bit}"
        for bit in range(status.bit_length())
        if status >> bit & 1
    ]


# ---- the tables -------------------------------------------------------------------------------


def _results(lasts: Sequence[Last], clock: Cell, shared: Quality) -> list[str]:
    """A transformer, then its feeders one step in."""
    shown: list[tuple[Column, Cell]] = [
        (Column(("",), left=True), _stepped),
        (Column((say("latest_time"),), left=True), clock),
        (_titled("latest_loading", "%"), _number("loading", 1)),
        (Column(("P", "kW")), _kilo("active_power", 1)),
        *((Column((f"I{p}", "A")), _number(f"current_{p}", 1)) for p in "abcn"),
        (_titled("latest_unbalance", "%"), _number("unbalance", 1)),
        (_titled("latest_cover", "%"), _number("unbalance_coverage", 0)),
        (_titled("latest_today", "kWh"), _number("energy_day", 1)),
        (_titled("latest_cover", "%"), _number("energy_day_coverage", 0)),
    ]
    return _filled(shown, lasts) + _notes(lasts, shared)


def _three_phase(lasts: Sequence[Last], clock: Cell, shared: Quality) -> list[str]:
    """A meter a row, under the words for what its kind measures."""
    shown: list[tuple[Column, Cell]] = [
        (Column((say("latest_meter"),), left=True), lambda last: last.id),
        (Column((say("latest_of"),), left=True), _measures),
        (Column((say("latest_time"),), left=True), clock),
        *((Column((f"U{p}", "V")), _number(f"voltage_{p}", 1)) for p in "abc"),
        *((Column((f"I{p}", "A")), _number(f"current_{p}", 2)) for p in "abc"),
        (Column(("P", "kW")), _kilo("active_power", 2)),
        (Column(("Q", "kvar")), _kilo("reactive_power", 2)),
        (Column(("PF", "-")), _number("power_factor", 3)),
        (_titled("latest_energy", "kWh"), _number("energy_forward", 2)),
    ]
    rows: list[Sequence[str] | str] = []
    for kind in GROUPS:
        group = [last for last in lasts if last.kind == kind]
        if group:
            rows += [say(f"latest_{kind}"), *_rows(shown, group)]
    return in_columns([column for column, _ in shown], rows) + _notes(lasts, shared)


def _tmus(lasts: Sequence[Last], clock: Cell, shared: Quality) -> list[str]:
    """A unit a row, below it their status in words.

    A transformer has oil or windings to measure, never both: what no unit has is left out, and
    that a unit has no sensor for it is no remark worth a line.
    """
    has = {name for last in lasts for name in last.values}
    dry = any(name in has for name in WINDINGS)
    left_out = {*(() if dry else WINDINGS), *((OIL,) if dry and OIL not in has else ())}
    sensors: list[tuple[str, Column, Cell]] = [
        (name, _titled(f"latest_{key}", *more), _number(name, digits))
        for name, key, more, digits in (
            (OIL, "oil", ("°C",), 1),
            (WINDINGS[0], "winding", ("A °C",), 1),
            (WINDINGS[1], "winding", ("B °C",), 1),
            (WINDINGS[2], "winding", ("C °C",), 1),
            ("cabinet_temperature", "cabinet", ("°C",), 1),
            ("outdoor_temperature", "outdoor", ("°C",), 1),
            ("humidity", "humidity", ("%",), 1),
            ("residual_current", "residual", ("A",), 3),
            ("door_openings", "doors", (), 0),
        )
    ]
    shown: list[tuple[Column, Cell]] = [
        (Column((say("latest_tmu"),), left=True), lambda last: last.id),
        (Column((say("latest_of"),), left=True), lambda last: last.place),
        (Column((say("latest_time"),), left=True), clock),
        *((column, cell) for name, column, cell in sensors if name not in left_out),
        (_titled("latest_up"), _uptime),
    ]
    states = [f"{last.id}: {_status(last)}" for last in lasts if "tmu_status" in last.values]
    return _filled(shown, lasts) + states + _notes(lasts, shared | Quality.NO_VALUE)


def _single_phase(lasts: Sequence[Last], clock: Cell, shared: Quality) -> list[str]:
    """Meter, box, time, then every quantity that any meter has, with all digits it gave."""
    names = list(dict.fromkeys(name for last in lasts for name in last.values))
    shown: list[tuple[Column, Cell]] = [
        (Column((say("latest_meter"),), left=True), lambda last: last.id),
        (Column((say("latest_box"),), left=True, gap=2), _box),
        (Column((say("latest_time"),), left=True, gap=2), clock),
        *(
            (Column(_title(name)), _number(name, max(0, -quantity(name).exponent)))
            for name in names
        ),
        (
            Column((say("latest_quality"),), left=True, gap=2),
            lambda last: _quality(last, shared) or say("latest_good"),
        ),
    ]
    return _filled(shown, lasts)


# ---- cells ------------------------------------------------------------------------------------


def _filled(shown: Sequence[tuple[Column, Cell]], lasts: Iterable[Last]) -> list[str]:
    return in_columns([column for column, _ in shown], _rows(shown, lasts))


def _rows(shown: Sequence[tuple[Column, Cell]], lasts: Iterable[Last]) -> list[list[str]]:
    return [[cell(last) for _, cell in shown] for last in lasts]


def _titled(key: str, *more: str) -> Column:
    return Column((say(key), *more))


def _title(name: str) -> tuple[str, ...]:
    """The quantity's name in lines of at most HEAD columns, then its unit."""
    known = quantity(name)
    if language() == "zh":
        rows = math.ceil(width(known.zh) / HEAD)
        size = math.ceil(len(known.zh) / rows)
        lines = [known.zh[i : i + size] for i in range(0, len(known.zh), size)]
    else:
        lines = name.split("_")
    return (*lines, known.unit or "-")


def _number(name: str, digits: int, divisor: int = 1) -> Cell:
    """The value in the quantity's unit / divisor, the last zeros too; "-" where it is missing."""

    def cell(last: Last) -> str:
        value = last.values.get(name)
        return "-" if value is None else f"{quantity(name).number(value) / divisor:z.{digits}f}"

    return cell


def _kilo(name: str, digits: int) -> Cell:
    return _number(name, digits, 1000)


def _stepped(last: Last) -> str:
    return "  " * last.place.count("/") + last.id


def _box(last: Last) -> str:
    return (last.meter.box if last.meter else "") or "-"


def _measures(last: Last) -> str:
    """The narrowest thing its place names: a transformer, a feeder, a box."""
    return last.place.rpartition("/")[2] or "-"


def _uptime(last: Last) -> str:
    seconds = last.values.get("tmu_uptime")
    if seconds is None:
        return "-"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours // 24}d {hours % 24:02}:{minutes:02}"


def _status(last: Last) -> str:
    keys = status_bits(last.values["tmu_status"])
    words = [
        say(f"tmu_{key}") if key in STATUS else say("tmu_bit", bit=key.removeprefix("bit_"))
        for key in keys
    ]
    return ", ".join(words) or say("latest_good")


def _notes(lasts: Iterable[Last], shared: Quality) -> list[str]:
    """Who is not good, and why. That values are primary ones the table's heading says."""
    without = shared | Quality.CT_APPLIED
    said = ((last.id, _quality(last, without)) for last in lasts)
    return [f"{name}: {words}" for name, words in said if words]


def _quality(last: Last, without: Quality) -> str:
    if last.at is None:
        return say("latest_never")
    return _words(last.quality & ~without)


def _words(quality: Quality) -> str:
    return ", ".join(say(f"quality_{bit.name.lower()}") for bit in quality if bit.name)


def _local(last: Last, zone: ZoneInfo) -> datetime:
    """When the row's values came (the try that failed, where none ever came), in the site's day."""
    at = last.read_at if last.read_at is not None else last.at
    return datetime.fromtimestamp((at or 0) / 1000, zone)


def _clock(last: Last, zone: ZoneInfo, days: int) -> str:
    """The time; where there are several days the day too, and no seconds, to keep the width."""
    if last.at is None:
        return "-"
    return f"{_local(last, zone):{'%H:%M:%S' if days == 1 else '%m-%d %H:%M'}}"
