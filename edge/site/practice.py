"""What the field advises beyond what must be right: RS-485 loads and lengths, boxes, bus time.

The minimal time of an exchange is request + the meter's delay + answer + the idle time before the
next request, which is that of its protocol (silence.py).
"""

import math
from collections import Counter
from dataclasses import dataclass

from edge.site.fields import profiles
from edge.site.model import Line, Meter, Site, Tmu
from edge.site.problem import Problems
from edge.site.rows import Row
from edge.site.rules import Tables
from edge.site.silence import BITS, SECOND_NS, silences

DELAY_S = 0.020
"""A usual meter's delay between request and answer, Td of DL/T 645-2007."""

UNIT_LOADS = 32
"""What one RS-485 segment assures, TIA-485-A."""
LENGTH_M = 1200
DAY_S = 86400
DIRECT_A = 100
"""The most a meter without current transformers carries: 5(60) A and 10(100) A are usual."""
CT_OVERLOAD = 1.2
"""To how much of its rated primary current a transformer keeps its class, GB/T 20840.2."""


@dataclass(frozen=True, slots=True)
class LineUse:
    """What hangs on one line, and the least time one sweep of it can take."""

    meters: int
    tmus: int
    seconds: float


def line_use(site: Site, line: Line) -> LineUse:
    """The figures of one line of a checked site."""
    meters = site.meters_on(line.id)
    tmus = tuple(tmu for tmu in site.tmus if tmu.line == line.id)
    return LineUse(len(meters), len(tmus), minimal_sweep_s(line, meters, tmus))


def minimal_sweep_s(line: Line, meters: tuple[Meter, ...], tmus: tuple[Tmu, ...]) -> float:
    """Least time to ask everything on the line once, seconds."""
    known, silent = profiles(), silences(line)
    asked = [known[meter.profile, meter.protocol] for meter in meters]
    asked += [known[tmu.map, "modbus"] for tmu in tmus]
    character = BITS[line.parity] / line.baud
    total = 0.0
    for one in asked:
        total += one.wire_bytes * character
        total += one.exchanges * (DELAY_S + silent[one.protocol] / SECOND_NS)
    return total


def check_practice(site: Site, tables: Tables, problems: Problems) -> None:
    """Warnings on a site that is right."""
    _period(tables["site"][0], problems)
    households = Counter(meter.box for meter in site.meters if meter.kind == "household")
    for box in tables["box"]:
        positions = box.values.get("positions", 12)
        if households[box.id] > positions:
            facts = {"box": box.id, "count": households[box.id], "positions": positions}
            box.warning(problems, "positions", "site_box_full", **facts)
    _masters(site, tables, problems)
    rows = {row.id: row for row in tables["line"]}
    for line in site.lines:
        _line(line, line_use(site, line), site.period_s, rows[line.id], problems)


def _masters(site: Site, tables: Tables, problems: Problems) -> None:
    """A ratio forgotten or mistyped shows a loading that is wrong by that ratio."""
    rows = {row.id: row for row in tables["meter"]}
    transformers = {one.id: one for one in site.transformers}
    for meter in site.meters:
        if meter.kind != "master" or meter.id not in rows:
            continue
        one = transformers[meter.transformer]
        rated_a = one.rated_kva * 1000 / (math.sqrt(3) * one.rated_voltage_v)
        ratio = f"{meter.ct_primary}/{meter.ct_secondary}"
        direct = meter.ct_primary == meter.ct_secondary
        most_a = DIRECT_A if direct else CT_OVERLOAD * meter.ct_primary
        if most_a < rated_a:
            facts = {"id": meter.id, "ct": ratio, "most": round(most_a), "rated": round(rated_a)}
            rows[meter.id].warning(problems, "ct", "site_ct_small", place=one.id, **facts)


def _period(site: Row, problems: Problems) -> None:
    period = site.values["period_s"]
    if period and DAY_S % period:
        site.warning(problems, "period_s", "site_period_odd", got=period)


def _line(line: Line, use: LineUse, period_s: int, row: Row, problems: Problems) -> None:
    if not use.meters + use.tmus:
        row.warning(problems, "id", "site_line_idle", line=line.id)
    loads, segments = use.meters * line.unit_load + use.tmus, line.repeaters + 1
    if loads > UNIT_LOADS * segments:
        facts = {"line": line.id, "loads": loads, "limit": UNIT_LOADS * segments}
        row.warning(problems, "unit_load", "site_unit_loads", **facts)
    if line.length_m > LENGTH_M * segments:
        facts = {"line": line.id, "length": line.length_m, "limit": LENGTH_M * segments}
        row.warning(problems, "length_m", "site_line_long", **facts)
    if period_s and use.seconds > period_s:
        facts = {
            "line": line.id,
            "count": use.meters + use.tmus,
            "need": f"{use.seconds:.1f}",
            "period": period_s,
        }
        row.warning(problems, "baud", "site_sweep_long", **facts)
