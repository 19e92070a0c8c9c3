"""What the broker has said: the newest of everything each gateway told, and no more than that.

A picture is fed with (topic, payload) as they come; any bytes on any topic are taken, what is no
message is counted. Memory is bounded whatever comes: gateways, devices, results, events.

A row replaces another only when it is newer: a later time, or, from the live lane, a later number
or another journal. So what waited in a backlog never covers what is known already, and a gateway
whose clock was set back, with its old journal or a new one, is still seen.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from protocol.uplink.batch import Batch, read_batch
from protocol.uplink.errors import PayloadError
from protocol.uplink.event import Event, EventMessage, read_event
from protocol.uplink.quality import Quality
from protocol.uplink.site import DeviceKind, SiteCard, read_site_card
from protocol.uplink.state import LineHealth, State, read_state
from protocol.uplink.topic import ROOT, checked

MOST_GATEWAYS = 64
MOST_DEVICES = 10_000
"""Rows of devices a gateway, from its batches and its card each."""
MOST_RESULTS = 512
"""Rows of transformers and feeders a gateway."""
MOST_LINES = 256
MOST_EVENTS = 100
"""Events kept a gateway."""
MOST_TEXT = 200
"""Longest text kept of an event, characters."""

SLOWEST_S = 5
"""A sweep is reckoned to take this long at least."""
UNKNOWN_SWEEP_MS = 60_000
"""Where neither the card nor the state tells how long a sweep takes."""
LATE_SWEEPS = 3
"""What is older than so many sweeps is stale."""
AHEAD_MS = 5_000
"""A row from further in the future tells that the two clocks differ."""

DEVICE_COLUMNS = (
    "voltage_a",
    "voltage_b",
    "voltage_c",
    "oil_temperature",
    "winding_temperature_a",
    "winding_temperature_b",
    "winding_temperature_c",
)
"""What is kept of a device."""

RESULT_COLUMNS = (
    "active_power",
    "active_power_a",
    "active_power_b",
    "active_power_c",
    "reactive_power",
    "apparent_power",
    "current_a",
    "current_b",
    "current_c",
    "current_n",
    "loading",
    "loading_a",
    "loading_b",
    "loading_c",
    "unbalance",
    "energy_day",
)
"""What is kept of a transformer or feeder."""

Message = Batch | EventMessage | State | SiteCard


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was understood."""

    topic: str
    """ "data", "event", "state" or "site"."""
    site: str
    gateway: str
    message: Message
    fresh: bool = True
    """Whether it changed the picture."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came on a topic and is no message of ours."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """The newest row of a device, transformer or feeder."""

    t: int
    """UTC ms, by the gateway."""
    arrived: int
    """UTC ms, by the reader."""
    epoch: str
    seq: int
    line: str
    q: int
    answered: bool
    """Whether any value came."""
    values: dict[str, float]

    def age_ms(self, now_ms: int) -> int:
        """How old it is: by its own time, or since it came where the gateway's clock is not set."""
        by_time = now_ms - self.t
        if self.q & Quality.CLOCK_UNTRUSTED or by_time < -AHEAD_MS:
            return max(0, now_ms - self.arrived)
        return max(0, by_time)


@dataclass(frozen=True, slots=True)
class Device:
    """What the card says of one device."""

    kind: DeviceKind
    line: str
    phase: str
    place: str


@dataclass(slots=True)
class GatewayPicture:
    """All that is known of one gateway."""

    site: str
    gateway: str
    state: State | None = None
    online: State | None = None
    """The last state that came from the gateway itself; the will tells nothing of lines."""
    since: int | None = None
    """When it took the status it has, UTC ms."""
    since_seen: bool = False
    """Whether that change was seen; else it is only known to be no later."""
    card: SiteCard | None = None
    known: dict[str, Device] = field(default_factory=dict)
    devices: dict[str, Row] = field(default_factory=dict)
    results: dict[str, Row] = field(default_factory=dict)
    events: dict[str, EventMessage] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    """Those taken for over because the gateway names them no more; one named again is open."""
    heard: int = 0
    """When it was last heard of, UTC ms, by the reader."""
    turned_away: int = 0
    """Rows, devices and lines beyond what is kept."""

    def take(self, message: Message, retained: bool, now_ms: int) -> bool:
        """Takes one message; whether it told anything newer than what was known."""
        match message:
            case Batch():
                return self._batch(message, now_ms)
            case EventMessage():
                return self._event(message)
            case State():
                self._state(message, retained, now_ms)
            case SiteCard():
                self._card(message)
        return True

    def late_ms(self, line: str) -> int:
        """What came over this line is stale beyond this age."""
        period = self.card.period_s * 1000 if self.card else 0
        sweep = max(period, self.health(line).sweep_ms) or UNKNOWN_SWEEP_MS
        return LATE_SWEEPS * max(sweep, SLOWEST_S * 1000)

    def stale(self, row: Row, now_ms: int) -> bool:
        """Whether the row is older than it should be."""
        return row.age_ms(now_ms) > self.late_ms(row.line)

    def health(self, line: str) -> LineHealth:
        """What the gateway last said of a line."""
        lines = self.online.lines if self.online else {}
        return lines.get(line) or LineHealth()

    def line_ids(self) -> list[str]:
        """Every line known, in the card's order, then those only the state names."""
        named = [line.id for line in self.card.lines] if self.card else []
        lines = self.online.lines if self.online else {}
        return list(dict.fromkeys([*named, *lines]))

    def whole(self) -> bool:
        """Whether there is enough for a full picture: state, card and a result."""
        return self.state is not None and self.card is not None and bool(self.results)

    def _batch(self, batch: Batch, now_ms: int) -> bool:
        of_result = batch.kind == "result"
        if not of_result and batch.kind != "sweep":
            return False
        kept, most = (self.results, MOST_RESULTS) if of_result else (self.devices, MOST_DEVICES)
        wanted = RESULT_COLUMNS if of_result else DEVICE_COLUMNS
        columns = [(name, batch.columns[name]) for name in wanted if name in batch.columns]
        every = list(batch.columns.values())
        fresh = False
        for place, name in enumerate(batch.meters):
            old = kept.get(name)
            if old is not None and not _newer(batch, batch.t[place], old):
                continue
            if old is None and len(kept) >= most:
                self.turned_away += 1
                continue
            values = {}
            for column, numbers in columns:
                number = numbers[place]
                if number is not None and math.isfinite(number):
                    values[column] = number
            kept[name] = Row(
                t=batch.t[place],
                arrived=now_ms,
                epoch=batch.epoch,
                seq=batch.seq,
                line=batch.line,
                q=batch.q[place],
                answered=any(numbers[place] is not None for numbers in every),
                values=values,
            )
            fresh = True
        return fresh

    def _event(self, event: EventMessage) -> bool:
        old = self.events.get(event.id)
        if old is not None and old.epoch == event.epoch and event.seq <= old.seq:
            return False
        self.events[event.id] = msgspec.structs.replace(
            event,
            evidence={},
            cause=event.cause[:MOST_TEXT],
            place=event.place[:MOST_TEXT],
            subject=event.subject[:MOST_TEXT],
            type=event.type[:MOST_TEXT],
            duty=event.duty[:MOST_TEXT],
        )
        if len(self.events) > MOST_EVENTS:
            # what is over goes before what still lasts, the oldest first
            oldest = min(self.events.values(), key=lambda one: (one.until is None, one.since))
            del self.events[oldest.id]
        return True

    def _open_events(self, state: State) -> None:
        """Events the gateway holds open: those begun before we listened, none that it forgot."""
        named = {event.id: event for event in state.open_events[:MOST_EVENTS]}
        for name, event in named.items():
            if name not in self.events or name in self.forgotten:
                # it began before we listened: any message of its own is newer
                self.forgotten.discard(name)
                facts = {field: getattr(event, field) for field in Event.__struct_fields__}
                began = EventMessage(epoch=state.epoch, seq=1, lane="live", **facts)
                self.events.pop(name, None)
                self._event(began)
        if state.open_count != len(named) or state.at is None:
            return
        for name, held in self.events.items():
            if held.until is None and name not in named and held.since < state.at:
                # a gateway that began anew has no end to tell of what was open before
                self.events[name] = msgspec.structs.replace(held, until=state.at)
                self.forgotten.add(name)
        self.forgotten &= self.events.keys()

    def _state(self, state: State, retained: bool, now_ms: int) -> None:
        if len(state.lines) > MOST_LINES:
            self.turned_away += len(state.lines) - MOST_LINES
            lines = dict(list(state.lines.items())[:MOST_LINES])
            state = msgspec.structs.replace(state, lines=lines)
        before = self.state
        if before is None or (before.status, before.reason) != (state.status, state.reason):
            # a will carries no time; one that was kept by the broker is older than we know
            said = state.at if state.status == "offline" else None
            self.since = said if said is not None else now_ms
            self.since_seen = said is not None or (before is not None and not retained)
        if state.status == "online":
            self._open_events(state)
        self.state = state
        if state.status == "online":
            self.online = state

    def _card(self, card: SiteCard) -> None:
        named = (card.transformers, card.feeders, card.lines)
        over = sum(max(0, len(column) - MOST_LINES) for column in named)
        over += max(0, len(card.devices.id) - MOST_DEVICES)
        self.turned_away += over
        listed = card.devices
        columns = zip(listed.id, listed.kind, listed.line, listed.phase, listed.place, strict=True)
        self.known = {}
        for name, kind, line, phase, place in columns:
            if len(self.known) >= MOST_DEVICES:
                break
            self.known[name] = Device(kind, line, phase, place)
        self.card = msgspec.structs.replace(
            card,
            transformers=card.transformers[:MOST_LINES],
            feeders=card.feeders[:MOST_LINES],
            lines=card.lines[:MOST_LINES],
            devices=type(listed)(),
        )


class Picture:
    """Every gateway the broker told of; keys are (site, gateway)."""

    def __init__(self) -> None:
        self.gateways: dict[tuple[str, str], GatewayPicture] = {}
        self.messages = 0
        """Messages that were understood."""
        self.unreadable = 0
        """Messages that were not."""
        self.turned_away = 0
        """Messages of gateways beyond MOST_GATEWAYS."""

    def take(
        self, topic: str, payload: bytes, now_ms: int, retained: bool = False
    ) -> Told | Unreadable:
        """Takes one message as it came; raises nothing, whatever it is."""
        try:
            site, gateway, kind = _levels(topic)
            message = _read(kind, payload)
        except PayloadError as error:
            self.unreadable += 1
            return Unreadable(topic[:MOST_TEXT], str(error)[:MOST_TEXT])
        self.messages += 1
        key = (site, gateway)
        known = self.gateways.get(key)
        if known is None:
            if len(self.gateways) >= MOST_GATEWAYS:
                self.turned_away += 1
                return Told(kind, site, gateway, message, fresh=False)
            known = self.gateways[key] = GatewayPicture(site, gateway)
        known.heard = now_ms
        fresh = known.take(message, retained, now_ms)
        return Told(kind, site, gateway, message, fresh)

    def sorted(self) -> list[GatewayPicture]:
        """All gateways by site and id."""
        return [self.gateways[key] for key in sorted(self.gateways)]

    def events(self) -> Iterator[EventMessage]:
        """Every event kept, of all gateways."""
        for gateway in self.gateways.values():
            yield from gateway.events.values()


def _newer(batch: Batch, t: int, old: Row) -> bool:
    if t > old.t:
        return True
    return batch.lane == "live" and (batch.epoch != old.epoch or batch.seq > old.seq)


def _levels(topic: str) -> tuple[str, str, str]:
    """Site, gateway and kind of boxgate/1/{site}/{gateway}/{kind}."""
    head, _, rest = topic.partition(f"{ROOT}/")
    levels = rest.split("/")
    if head or len(levels) != 3:
        raise PayloadError(f"no topic of {ROOT}")
    site, gateway, kind = levels
    return checked(site), checked(gateway), kind


def _read(kind: str, payload: bytes) -> Message:
    match kind:
        case "data":
            return read_batch(payload)
        case "event":
            return read_event(payload)
        case "state":
            return read_state(payload)
        case "site":
            return read_site_card(payload)
        case _:
            raise PayloadError(f"nothing is read on .../{kind}")
