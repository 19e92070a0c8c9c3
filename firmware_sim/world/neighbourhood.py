"""The neighbourhood: what every meter's chip would see at any instant, from site and seed alone.

Household meters show their household, public meters a load on each of their phases. Feeder and
master meters show, through their current transformers, the sum of what hangs below them and what
the cables lose. Voltage is the transformer's behind its tap, less the drop on the way. What the
world is and is not: docs/world.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge.site.model import Meter, Site, Tmu
from firmware_sim.world.cabinet import Cabinet, TmuState
from firmware_sim.world.flow import REGISTERS, Blocks, Flow, own_flow, sum_flow
from firmware_sim.world.household import household
from firmware_sim.world.network import NOWHERE, PHASES, TURNS, Place, Station, Tree, solve
from firmware_sim.world.shape import (
    flicker,
    frequency,
    moment,
    outdoor,
    share_at,
    split_day,
)

DAY0 = datetime(2024, 1, 1, tzinfo=UTC)
LIGHT_SCALE = 0.15
"""A public meter of one phase: the light of a building's stairs, of a household."""
PLANT_SCALE = 0.3
"""Each phase of a public meter of three: property, chargers."""


@dataclass(frozen=True, slots=True)
class Element:
    """One measuring element of a meter: V, A (signed with the power), W, var, VA."""

    voltage: float
    current: float
    active: float
    reactive: float
    apparent: float


@dataclass(frozen=True, slots=True)
class State:
    """What a meter's chip sees, secondary values."""

    elements: tuple[Element, ...]
    neutral: float
    """A."""
    frequency: float
    temperature: float
    """Inside the meter, °C."""
    forward: tuple[float, ...]
    """Energy of tariff 1..4, Wh."""
    reverse: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Where a meter is connected and what passes it."""

    flow: Flow
    station: Station
    drops: tuple[tuple[float, ...], ...]
    """Of each element and block, from the open transformer to here, V."""
    turns: tuple[complex, ...]
    ct: float
    pt: float


class Neighbourhood:
    """All meters and monitoring units of a site as functions of time.

    shift_ms moves the day's load, not the clock: what a meter draws at t is what the neighbourhood
    draws at t + shift_ms.
    """

    def __init__(self, site: Site, seed: int = 1, shift_ms: int = 0) -> None:
        self.utc_offset_ms = self.offset_ms(site)
        self.shift_ms = shift_ms
        self._day0_ms = int(DAY0.timestamp() * 1000)
        self.seed = f"{seed}/{site.id}"
        self._tree = tree = Tree(site)
        own = {m.id: self._own(m) for m in site.meters if m.kind in ("household", "public")}
        hangs: dict[int, list[Flow]] = {}
        drawn: dict[int, tuple[list[Blocks], ...]] = {}
        for meter in site.meters:
            if meter.id in own:
                node = self._node(meter)
                hangs.setdefault(node, []).append(own[meter.id])
                columns = drawn.setdefault(node, ([], [], []))
                for phase, load in zip(_phases(meter), own[meter.id].loads, strict=True):
                    columns[phase].append(load)
        self._hangs = hangs
        self._solution = solve(tree, drawn)
        self._points = {m.id: self._point(m, own.get(m.id)) for m in site.meters}
        self._cabinets = {
            transformer.id: Cabinet(
                transformer, self._solution.loads[bus], self._solution.losses[bus]
            )
            for transformer in site.transformers
            for bus in (tree.index["bus", transformer.id],)
        }

    def meter_state(self, meter: Meter, t_ms: int) -> State:
        """What this meter's chip sees at t_ms (UTC)."""
        now = moment(*self.when(t_ms))
        point = self._points[meter.id]
        open_v = point.station.open_v(share_at(now.day_ms))
        open_v += flicker(t_ms)
        scale = point.ct * point.pt
        elements = []
        vectors = 0j
        for phase, drop in enumerate(point.drops):
            voltage = (open_v - drop[now.block] * now.ripple) / point.pt
            power = point.flow.power(phase, now) / scale
            apparent = abs(power)
            elements.append(Element(voltage, apparent / voltage, power.real, power.imag, apparent))
            vectors += power.conjugate() / voltage * point.turns[phase]
        flow = point.flow
        return State(
            elements=tuple(elements),
            neutral=abs(vectors),
            frequency=frequency(now.day_ms),
            temperature=outdoor(now.day_ms) + 4.0,
            forward=tuple(flow.energy(tariff, now) / scale for tariff in REGISTERS),
            reverse=(0.0,) * len(REGISTERS),
        )

    def point(self, meter: Meter) -> Point:
        """Where this meter is connected and what passes it."""
        return self._points[meter.id]

    def tmu_state(self, tmu: Tmu, t_ms: int) -> TmuState:
        """What this monitoring unit's sensors see at t_ms (UTC)."""
        now = moment(*self.when(t_ms))
        return self._cabinets[tmu.transformer].state(f"{self.seed}/{tmu.id}", now, t_ms)

    def when(self, t_ms: int) -> tuple[int, int]:
        """Whole days since day 0 and local time of day of the load at t_ms."""
        return split_day(t_ms + self.utc_offset_ms + self.shift_ms, self._day0_ms)

    def local(self, t_ms: int) -> tuple[int, ...]:
        """An RTC tuple of the local wall time at t_ms; the load's shift is not in it."""
        at = datetime.fromtimestamp((t_ms + self.utc_offset_ms) / 1000, UTC)
        clock = (at.hour, at.minute, at.second, 0)
        return (at.year, at.month, at.day, at.weekday(), *clock)

    def _own(self, meter: Meter) -> Flow:
        """What a meter itself supplies."""
        public = PLANT_SCALE if meter.phase == "ABC" else LIGHT_SCALE
        scale = public if meter.kind == "public" else 1.0
        phases = PHASES if meter.phase == "ABC" else meter.phase
        houses = [household(f"{self.seed}/{meter.id}/{phase}", scale) for phase in phases]
        return own_flow([house.drawn() for house in houses], houses[0].age_days)

    def _point(self, meter: Meter, own: Flow | None) -> Point:
        node = self._node(meter)
        phases = _phases(meter)
        solution = self._solution
        return Point(
            flow=own or self._sum(node, phases),
            station=self._tree.stations[self._tree.root(node)],
            drops=tuple(solution.drops[node][phase] for phase in phases),
            turns=tuple(TURNS[phase] for phase in phases),
            ct=meter.ct_primary / meter.ct_secondary,
            pt=meter.pt_primary / meter.pt_secondary,
        )

    def _sum(self, node: int, phases: Sequence[int]) -> Flow:
        """What passes a place on the way down."""
        below = [
            flow
            for place, flows in self._hangs.items()
            if self._tree.under(place, node)
            for flow in flows
        ]
        solution = self._solution
        return sum_flow(
            [solution.loads[node][phase] for phase in phases],
            [solution.losses[node][phase] for phase in phases],
            below,
        )

    def _node(self, meter: Meter) -> int:
        """Where a meter is connected: its box, else in the station, at its feeder or the bus."""
        place: Place = NOWHERE
        if meter.box:
            place = ("box", meter.box)
        elif meter.feeder:
            place = ("head", meter.feeder)
        elif meter.transformer:
            place = ("bus", meter.transformer)
        return self._tree.index.get(place, self._tree.index[NOWHERE])

    @staticmethod
    def offset_ms(site: Site) -> int:
        """Local time minus UTC, ms; one for ever: a clock change must not run energy back."""
        offset = ZoneInfo(site.timezone).utcoffset(datetime(2026, 1, 1)) or timedelta()
        return offset // timedelta(milliseconds=1)


def _phases(meter: Meter) -> tuple[int, ...]:
    """The network phases of a meter's elements."""
    return (0, 1, 2) if meter.phase == "ABC" else (PHASES.index(meter.phase),)
