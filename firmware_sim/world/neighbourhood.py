"""The neighbourhood: what every meter's chip would see at any instant, from site and seed alone.

Household meters show their household. Public meters show a larger one on each phase. Feeder and
master meters show the sum of what hangs below them, through their current transformers; loss in the
cables is left out for now, and so is the drop along them but for a share of the load.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge.site.model import Meter, Site
from firmware_sim.world.household import Household, household, split_day
from firmware_sim.world.shape import BLOCKS, DAY_MS, SHARES

DAY0 = datetime(2024, 1, 1, tzinfo=UTC)
PHASES = "ABC"
TARIFFS = (1, 2, 3, 4)
NIGHT_V = 231.0
DROP_V = 12.0
"""Between an empty and a full area, V."""
PUBLIC_SCALE = 1.5


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
class Load:
    """A household behind one phase."""

    phase: str
    house: Household


class Neighbourhood:
    """All meters of a site as functions of time.

    shift_ms moves the day's load, not the clock: what a meter draws at t is what the neighbourhood
    draws at t + shift_ms.
    """

    def __init__(self, site: Site, seed: int = 1, shift_ms: int = 0) -> None:
        self.utc_offset_ms = self.offset_ms(site)
        self.shift_ms = shift_ms
        self._day0_ms = int(DAY0.timestamp() * 1000)
        self._site = site
        self._seed = seed
        self._feeder_of_box = self._boxes(site)
        self._own = {m.id: self._loads(m) for m in site.meters}
        self._below = {m.id: self._sum(m) for m in site.meters}

    def meter_state(self, meter: Meter, t_ms: int) -> State:
        """What this meter's chip sees at t_ms (UTC)."""
        days, day_ms = self.when(t_ms)
        ratio = meter.ct_primary / meter.ct_secondary
        loads = self._below[meter.id]
        phases = PHASES if meter.phase == "ABC" else meter.phase
        elements = tuple(
            self._element([one for one in loads if one.phase == phase], t_ms, day_ms, ratio)
            for phase in phases
        )
        forward = tuple(
            sum(one.house.energy(tariff, days, day_ms) for one in loads) / ratio
            for tariff in TARIFFS
        )
        return State(
            elements=elements,
            neutral=_neutral(elements),
            frequency=50.0 + 0.02 * math.sin(2 * math.pi * (t_ms % 47_000) / 47_000),
            temperature=31.0 - 5.5 * math.cos(2 * math.pi * (day_ms / DAY_MS - 3 / 24)) + 4.0,
            forward=forward,
            reverse=(0.0,) * len(TARIFFS),
        )

    def when(self, t_ms: int) -> tuple[int, int]:
        """Whole days since day 0 and local time of day of the load at t_ms."""
        return split_day(t_ms + self.utc_offset_ms + self.shift_ms, self._day0_ms)

    def local(self, t_ms: int) -> tuple[int, ...]:
        """An RTC tuple of the local wall time at t_ms; the load's shift is not in it."""
        at = datetime.fromtimestamp((t_ms + self.utc_offset_ms) / 1000, UTC)
        clock = (at.hour, at.minute, at.second, 0)
        return (at.year, at.month, at.day, at.weekday(), *clock)

    def _element(self, loads: Sequence[Load], t_ms: int, day_ms: int, ratio: float) -> Element:
        active = reactive = apparent = off = 0.0
        for one in loads:
            power = one.house.power(day_ms)
            full = power / one.house.power_factor
            active += power
            apparent += full
            reactive += math.sqrt(full * full - power * power)
            off += one.house.volts_off
        if len(loads) > 1:
            apparent = math.hypot(active, reactive)
        voltage = NIGHT_V - DROP_V * _share(day_ms) + (off / len(loads) if loads else 0.0)
        voltage += 0.3 * math.sin(2 * math.pi * (t_ms % 7_300) / 7_300)
        return Element(
            voltage=voltage,
            current=apparent / voltage / ratio,
            active=active / ratio,
            reactive=reactive / ratio,
            apparent=apparent / ratio,
        )

    def _loads(self, meter: Meter) -> tuple[Load, ...]:
        """What this meter itself supplies: nothing for meters that only measure."""
        if meter.kind not in ("household", "public"):
            return ()
        phases = PHASES if meter.phase == "ABC" else meter.phase
        scale = PUBLIC_SCALE if meter.kind == "public" else 1.0
        return tuple(
            Load(p, household(f"{self._seed}/{self._site.id}/{meter.id}/{p}", scale))
            for p in phases
        )

    def _sum(self, meter: Meter) -> tuple[Load, ...]:
        if meter.kind not in ("feeder", "master"):
            return self._own[meter.id]
        master = meter.kind == "master"
        feeders = {
            feeder.id
            for feeder in self._site.feeders
            if feeder.id == meter.feeder or (master and feeder.transformer == meter.transformer)
        }
        return tuple(
            load
            for other in self._site.meters
            if self._hangs(other, feeders, meter)
            for load in self._own[other.id]
        )

    def _hangs(self, other: Meter, feeders: set[str], above: Meter) -> bool:
        feeder = other.feeder or self._feeder_of_box.get(other.box, "")
        return feeder in feeders or (
            above.kind == "master" and other.transformer == above.transformer
        )

    @staticmethod
    def offset_ms(site: Site) -> int:
        """Local time minus UTC, ms; one for ever: a clock change must not run energy back."""
        offset = ZoneInfo(site.timezone).utcoffset(datetime(2026, 1, 1)) or timedelta()
        return offset // timedelta(milliseconds=1)

    @staticmethod
    def _boxes(site: Site) -> dict[str, str]:
        feeders = {building.id: building.feeder for building in site.buildings}
        return {box.id: feeders.get(box.building, "") for box in site.boxes}


def _share(day_ms: int) -> float:
    """The neighbourhood's share of its peak, straight between the blocks' middles."""
    place = day_ms * BLOCKS / DAY_MS - 0.5
    block = math.floor(place)
    into = place - block
    return SHARES[block % BLOCKS] * (1 - into) + SHARES[(block + 1) % BLOCKS] * into


def _neutral(elements: Sequence[Element]) -> float:
    """Current in the neutral: the vector sum of the phases 120 degrees apart."""
    if len(elements) == 1:
        return elements[0].current
    a, b, c = (element.current for element in elements)
    return math.sqrt(max(0.0, a * a + b * b + c * c - a * b - b * c - c * a))
