"""Are the loadings true? Worked out once more from what the meters answered.

S = sqrt(P² + Q²) of the master meter's own answers times its CT and PT ratio, over the
transformer's rated power (domain.md §4); a feeder's S from its own meter. Nothing of the agent's
code is used: the registers come from the truth file, by the judge's table.
"""

import json
import math
import pathlib
from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from edge.site.model import Meter, Site
from firmware_sim.bench_tools.listen import Result
from firmware_sim.played import plays
from firmware_sim.truth_table import answered as read_answer

TOLERANCE_PERCENT = 0.02
"""Of rated power; a published loading is rounded to 0.01 %."""
TOLERANCE_S = 0.0002
"""Relative, of a feeder's S; and one step of the published number."""
STEP_VA = 0.1

BEFORE_MS = 500
AFTER_MS = 5000
"""Where the answers to a meter's exchanges lie around the time its row says."""

NEEDED = ("active_power", "reactive_power")

Series = dict[tuple[str, str], list[tuple[int, float]]]
"""(meter, quantity) -> (UTC ms, primary value), in order of time."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One transformer or feeder: what arrived, and whether the meters' answers say the same."""

    place: str
    loading: float | None
    """Newest that arrived with its power, %; None = none did."""
    power_w: float | None
    compared: int
    wrong: int
    worst: float
    """Largest difference: percentage points of a transformer's loading, % of a feeder's S."""


def places(site: Site, lines: Collection[str]) -> dict[str, Meter]:
    """Transformers and feeders that have a meter on these lines, with it."""
    due = {}
    for meter in site.meters:
        if meter.line not in lines or not plays(meter):
            continue
        if meter.kind == "master":
            due[meter.transformer] = meter
        elif meter.kind == "feeder":
            due[meter.feeder] = meter
    order = [t.id for t in site.transformers] + [f.id for f in site.feeders]
    return {place: due[place] for place in order if place in due}


def loadings(
    site: Site, lines: Collection[str], results: Iterable[Result], truth: pathlib.Path
) -> list[Loaded]:
    """Every transformer and feeder with a meter on these lines, checked against the truth file."""
    due = places(site, lines)
    answered = _answered(truth, {meter.id: meter for meter in due.values()})
    rated = {one.id: one.rated_kva * 1000 for one in site.transformers}
    by_place: dict[str, list[Result]] = {place: [] for place in due}
    for result in results:
        if result.place in by_place:
            by_place[result.place].append(result)
    return [
        _check(place, by_place[place], due[place].id, rated.get(place), answered) for place in due
    ]


def _check(
    place: str, found: list[Result], meter: str, rated_va: float | None, answered: Series
) -> Loaded:
    compared = wrong = 0
    worst = 0.0
    for result in found:
        true_va = _apparent(answered, meter, result.t)
        name = "apparent_power" if rated_va is None else "loading"
        got = result.values.get(name)
        if got is None or true_va is None:
            # half a sweep at the end, or a meter that did not answer: nothing to compare
            continue
        compared += 1
        if rated_va is None:
            away = abs(got - true_va)
            worst = max(worst, 100 * away / true_va if true_va else away)
            wrong += away > TOLERANCE_S * true_va + STEP_VA
        else:
            away = abs(got - 100 * true_va / rated_va)
            worst = max(worst, away)
            wrong += away > TOLERANCE_PERCENT
    # a sweep that was cut off at the end has rows that lack values
    told = [r for r in found if None not in (r.values.get("loading"), r.values.get(NEEDED[0]))]
    newest = max(told, key=lambda result: result.t, default=None)
    return Loaded(
        place,
        newest.values.get("loading") if newest else None,
        newest.values.get("active_power") if newest else None,
        compared,
        wrong,
        worst,
    )


def _apparent(answered: Series, meter: str, t: int) -> float | None:
    """S of the sweep whose row says t, from the meter's own answers; None where one is lacking."""
    active = _first(answered.get((meter, NEEDED[0]), []), t - BEFORE_MS)
    reactive = _first(answered.get((meter, NEEDED[1]), []), t - BEFORE_MS)
    if active is None or reactive is None:
        return None
    return math.hypot(active, reactive)


def _first(series: list[tuple[int, float]], since: int) -> float | None:
    index = bisect_left(series, (since, -math.inf))
    if index == len(series) or series[index][0] > since + BEFORE_MS + AFTER_MS:
        return None
    return series[index][1]


def _answered(truth: pathlib.Path, meters: dict[str, Meter]) -> Series:
    found: Series = {}
    for line in truth.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        meter = meters.get(record["meter"])
        if meter is None:
            continue
        ratio = meter.ct_primary / meter.ct_secondary * meter.pt_primary / meter.pt_secondary
        for name, value in read_answer(record["item"], bytes.fromhex(record["raw"])).items():
            if name in NEEDED and value is not None:
                series = found.setdefault((meter.id, name), [])
                series.append((int(record["t"]), float(value) * ratio))
    for series in found.values():
        series.sort()
    return found
