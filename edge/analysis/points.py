"""The points of a site that have results: transformers and feeders, with meter and rating."""

import math
from dataclasses import dataclass

from edge.site.conductors import conductor
from edge.site.model import Feeder, Meter, Site, Transformer


@dataclass(frozen=True, slots=True)
class Point:
    """One transformer or feeder with a meter of its own."""

    id: str
    meter: str
    rated_power: int
    """Rated apparent power S_N, 0.1 VA; 0 = it has none (a feeder)."""
    rated_current: int
    """Rated (transformer) or permitted (feeder: ampacity) phase current, mA; 0 = not known."""


def points(site: Site) -> tuple[Point, ...]:
    """Transformers by their master meter, then feeders by their feeder meter, in the site's order.

    Where a place has two such meters, which `check` warns of, the first one counts. A transformer
    and a feeder of one id would be one row to the utility: the transformer has it.
    """
    masters = _first(site, "master")
    feeders = _first(site, "feeder")
    found = {one.id: _transformer(one, masters[one.id]) for one in site.transformers
             if one.id in masters}  # fmt: skip
    for one in site.feeders:
        if one.id in feeders:
            found.setdefault(one.id, _feeder(one, feeders[one.id]))
    return tuple(found.values())


def _first(site: Site, kind: str) -> dict[str, Meter]:
    """Place -> its meter of that kind."""
    found: dict[str, Meter] = {}
    for meter in site.meters:
        if meter.kind == kind:
            found.setdefault(meter.transformer if kind == "master" else meter.feeder, meter)
    return found


def _transformer(one: Transformer, meter: Meter) -> Point:
    """I_N = S_N / (root 3 U_N), GB/T 1094.1."""
    amps = one.rated_kva * 1000 / (math.sqrt(3) * one.rated_voltage_v)
    return Point(one.id, meter.id, round(one.rated_kva * 10_000), round(amps * 1000))


def _feeder(one: Feeder, meter: Meter) -> Point:
    found = conductor(one.conductor)
    amps = found.ampacity_a if found else None
    return Point(one.id, meter.id, 0, round((amps or 0) * 1000))
