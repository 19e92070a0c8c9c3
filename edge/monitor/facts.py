"""What an operator asks of one gateway's picture: loading, meters read, voltages, what is stale."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.monitor.picture import GatewayPicture, Row
from protocol.uplink.event import EventMessage

PHASES = ("a", "b", "c")

HEAVY = 80.0
"""Loading in % from which a transformer or cable is heavily loaded."""
OVER = 100.0

LOWEST_V = 198.0
HIGHEST_V = 235.4
"""Limits at 220 V: +7 %, -10 % (GB/T 12325)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One transformer or feeder; None = not known."""

    id: str
    name: str
    rated_kva: float | None
    values: dict[str, float]
    oil: float | None
    """°C of the top oil; of a dry type, its hottest winding."""
    age_ms: int | None
    stale: bool

    def value(self, name: str) -> float | None:
        """A quantity in its unit."""
        return self.values.get(name)

    @property
    def loading(self) -> float | None:
        """%."""
        return self.values.get("loading")

    @property
    def worst(self) -> str:
        """ "A", "B" or "C": the phase with the highest loading, "" = not known."""
        known = [(self.values[f"loading_{p}"], p) for p in PHASES if f"loading_{p}" in self.values]
        return max(known)[1].upper() if known else ""

    @property
    def power_factor(self) -> float | None:
        """P / S."""
        active, apparent = self.value("active_power"), self.value("apparent_power")
        if active is None or not apparent:
            return None
        return active / apparent


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line."""

    id: str
    name: str
    state: str
    reason: str
    read: int
    due: int
    sweep_ms: int
    utilisation: float
    sweeps: int
    age_ms: int | None
    """Of its newest row."""
    stale: bool


@dataclass(frozen=True, slots=True)
class Voltage:
    """One voltage of one household meter."""

    volts: float
    meter: str
    place: str
    phase: str
    age_ms: int
    stale: bool


@dataclass(frozen=True, slots=True)
class BoxVoltages:
    """The voltages of one box's household meters."""

    place: str
    low: float
    mean: float
    high: float
    meters: int
    due: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    transformers: tuple[Loaded, ...]
    feeders: tuple[Loaded, ...]
    lines: tuple[LineFacts, ...]
    read: int
    due: int
    lowest: Voltage | None
    highest: Voltage | None
    boxes: tuple[BoxVoltages, ...]
    events: tuple[EventMessage, ...]
    """Open ones first, then the newest."""
    open_events: int
    age_ms: int | None
    """Of the newest row of all."""
    stale: bool
    """Whether even that is stale."""


def facts(gateway: GatewayPicture, now_ms: int) -> Facts:
    """What is known of a gateway now."""
    rows = {name: row.age_ms(now_ms) for name, row in gateway.devices.items()}
    lines = tuple(_lines(gateway, now_ms))
    every = list(_voltages(gateway, now_ms))
    fresh = [one for one in every if not one.stale]
    # old voltages say nothing beside new ones; where there are no others they are shown as old
    volts = fresh or every
    newest = min(rows.values(), default=None)
    events = sorted(gateway.events.values(), key=lambda one: (_lasts(one), one.since, one.id))
    return Facts(
        transformers=tuple(_transformers(gateway, now_ms)),
        feeders=tuple(_feeders(gateway, now_ms)),
        lines=lines,
        read=sum(one.read for one in lines),
        due=sum(one.due for one in lines),
        lowest=min(volts, key=lambda one: (one.volts, one.meter), default=None),
        highest=max(volts, key=lambda one: (one.volts, one.meter), default=None),
        boxes=tuple(_boxes(gateway, fresh)),
        events=tuple(reversed(events)),
        open_events=sum(map(_lasts, events)),
        age_ms=newest,
        stale=bool(rows) and all(one.stale for one in lines if one.age_ms is not None),
    )


def _lasts(event: EventMessage) -> bool:
    """Whether it is trouble that is not over; what is only told has no end to wait for."""
    return event.until is None and event.severity != "info"


def _loaded(
    gateway: GatewayPicture,
    name: str,
    title: str,
    rated: float | None,
    oil: float | None,
    now_ms: int,
) -> Loaded:
    row = gateway.results.get(name)
    if row is None:
        return Loaded(name, title, rated, {}, oil, None, False)
    stale = gateway.stale(row, now_ms)
    return Loaded(name, title, rated, row.values, oil, row.age_ms(now_ms), stale)


def _transformers(gateway: GatewayPicture, now_ms: int) -> Iterable[Loaded]:
    if gateway.card is None:
        return
    for one in gateway.card.transformers:
        oil = _temperature(gateway, one.id, now_ms)
        yield _loaded(gateway, one.id, one.name, one.rated_kva, oil, now_ms)


def _feeders(gateway: GatewayPicture, now_ms: int) -> Iterable[Loaded]:
    """The card's, then what has a result and is on no card."""
    card = gateway.card
    known = {one.id for one in card.transformers} if card else set()
    for one in card.feeders if card else ():
        known.add(one.id)
        yield _loaded(gateway, one.id, one.name, None, None, now_ms)
    for name in sorted(gateway.results.keys() - known):
        yield _loaded(gateway, name, "", None, None, now_ms)


def _temperature(gateway: GatewayPicture, transformer: str, now_ms: int) -> float | None:
    """By the TMU that stands at the transformer's place; what is stale is no temperature of now."""
    for name, device in gateway.known.items():
        if device.kind != "tmu" or device.place != transformer:
            continue
        row = gateway.devices.get(name)
        if row is None or gateway.stale(row, now_ms):
            continue
        if "oil_temperature" in row.values:
            return row.values["oil_temperature"]
        windings = [row.values.get(f"winding_temperature_{phase}") for phase in PHASES]
        return max((one for one in windings if one is not None), default=None)
    return None


def _lines(gateway: GatewayPicture, now_ms: int) -> Iterable[LineFacts]:
    due: dict[str, int] = {}
    for device in gateway.known.values():
        due[device.line] = due.get(device.line, 0) + 1
    rows: dict[str, list[Row]] = {}
    for row in gateway.devices.values():
        rows.setdefault(row.line, []).append(row)
    names = {line.id: line.name for line in gateway.card.lines} if gateway.card else {}
    for line in gateway.line_ids():
        health, here = gateway.health(line), rows.get(line, [])
        total = due.get(line) or health.due
        fresh = [row for row in here if not gateway.stale(row, now_ms)]
        online = gateway.state is not None and gateway.state.status == "online"
        # joined in mid sweep: until every device has had its row, the gateway's own count is better
        joined = online and len(here) < total
        read = health.read if joined else sum(row.answered for row in fresh)
        yield LineFacts(
            id=line,
            name=names.get(line, ""),
            state=health.state if online else "",
            reason=health.reason,
            read=min(read, total),
            due=total,
            sweep_ms=health.sweep_ms,
            utilisation=health.utilisation,
            sweeps=health.sweeps,
            age_ms=min((row.age_ms(now_ms) for row in here), default=None),
            stale=bool(here) and not fresh,
        )


def _voltages(gateway: GatewayPicture, now_ms: int) -> Iterable[Voltage]:
    """Of household meters."""
    for name, device in gateway.known.items():
        row = gateway.devices.get(name)
        if device.kind != "household" or row is None:
            continue
        stale = gateway.stale(row, now_ms)
        age = row.age_ms(now_ms)
        for phase in PHASES:
            volts = row.values.get(f"voltage_{phase}")
            if volts is None:
                continue
            # a single-phase meter has one element; the network phase it hangs on, the card says
            own = device.phase if len(device.phase) == 1 else phase.upper()
            yield Voltage(volts, name, device.place, own, age, stale)


def _boxes(gateway: GatewayPicture, volts: Iterable[Voltage]) -> Iterable[BoxVoltages]:
    due: dict[str, int] = {}
    for device in gateway.known.values():
        if device.kind == "household":
            due[device.place] = due.get(device.place, 0) + 1
    by_place: dict[str, list[Voltage]] = {place: [] for place in due}
    for one in volts:
        by_place[one.place].append(one)
    for place, here in by_place.items():
        if not here:
            yield BoxVoltages(place, 0.0, 0.0, 0.0, 0, due[place])
            continue
        levels = [one.volts for one in here]
        mean = sum(levels) / len(levels)
        meters = len({one.meter for one in here})
        yield BoxVoltages(place, min(levels), mean, max(levels), meters, due[place])
