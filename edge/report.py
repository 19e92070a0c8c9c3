"""What the gateway says of itself: its state message, and the card it introduces itself with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.door import CoreSettings
from edge.journal import Backlog
from edge.plan.slots import Coverage
from edge.site.model import Gateway, Site
from edge.site.place import meter_place, tmu_place
from protocol.uplink.event import Event
from protocol.uplink.site import (
    CardDevices,
    CardFeeder,
    CardLine,
    CardTransformer,
    SiteCard,
)
from protocol.uplink.state import Clock, LineHealth, SlotCoverage, State


@dataclass(slots=True)
class LineView:
    """What the core knows of a line."""

    due: int = 0
    """Devices that are read on it."""
    state: str = "starting"
    since: int = 0
    """When it came into that state, ns."""
    reason: str = ""
    slot: int = 0
    sweeps: int = 0
    read: int = 0
    reading: int = 0
    sweep_ms: int = 0
    utilisation: float = 0.0
    counters: Mapping[str, int] = field(default_factory=dict)


def state_message(
    settings: CoreSettings,
    at: int,
    clock: Clock,
    epoch: str,
    backlog: Backlog,
    dropped: int,
    healthy: bool,
    lines: Mapping[str, LineView],
    coverage: Coverage | None,
    open_count: int,
    open_events: Sequence[Event],
) -> State:
    """The message on …/state; `at` wall ms, `healthy` what is to be said besides the lines."""
    down = any(view.state == "down" for view in lines.values())
    return State(
        status="online",
        at=at,
        version=settings.version,
        config=settings.config,
        clock=clock,
        epoch=epoch,
        health="ok" if healthy and not down else "degraded",
        backlog=backlog.count,
        oldest=backlog.oldest_at,
        dropped=dropped,
        lines={line: _health(view) for line, view in lines.items()},
        slot=None if coverage is None else _covered(coverage),
        open_count=open_count,
        open_events=list(open_events),
    )


def _health(view: LineView) -> LineHealth:
    return LineHealth(
        state=view.state,
        reason=view.reason,
        read=view.read,
        due=view.due,
        sweeps=view.sweeps,
        sweep_ms=view.sweep_ms,
        utilisation=view.utilisation,
        counters=dict(view.counters),
    )


def _covered(coverage: Coverage) -> SlotCoverage:
    return SlotCoverage(
        slot=coverage.slot,
        read=coverage.read,
        due=coverage.due,
        lines_missing=list(coverage.lines_missing),
    )


def site_card(site: Site, gateway: Gateway, lines: Iterable[str], period_s: int) -> SiteCard:
    """What a reader needs to place this gateway's readings: its lines, what is on them, and the
    transformers and feeders those are named by; what another gateway reads is in that one's card.
    """
    here = set(lines)
    rows: list[tuple[str, ...]] = [
        (meter.id, meter.kind, meter.line, meter.phase, meter_place(site, meter))
        for meter in site.meters
        if meter.line in here
    ]
    rows += [
        (tmu.id, "tmu", tmu.line, "", tmu_place(site, tmu)) for tmu in site.tmus if tmu.line in here
    ]
    # "T1/F1/B1/B1-1" stands below T1 and T1/F1
    places = {"/".join(row[4].split("/")[:deep]) for row in rows for deep in (1, 2)}
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(5)]
    return SiteCard(
        site=site.id,
        name=site.name,
        gateway=gateway.id,
        config=site.digest,
        timezone=site.timezone,
        period_s=period_s,
        transformers=[
            CardTransformer(id=one.id, name=one.name, rated_kva=one.rated_kva)
            for one in site.transformers
            if one.id in places
        ],
        feeders=[
            CardFeeder(id=one.id, name=one.name, transformer=one.transformer)
            for one in site.feeders
            if f"{one.transformer}/{one.id}" in places
        ],
        lines=[CardLine(id=one.id, name=one.name) for one in site.lines if one.id in here],
        devices=CardDevices(
            id=columns[0], kind=columns[1], line=columns[2], phase=columns[3], place=columns[4]
        ),
    )
