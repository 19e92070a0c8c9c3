"""The events that are open: each begun once, updated a few times, ended once under the same id.

What kind of event is how severe, and whose duty, is data: event_types.csv.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

from edge.site.model import Site
from edge.site.place import duty
from protocol.uplink.event import Event, Scalar, Severity

UPDATES_MOST = 10
"""Updates of one event, at most: a port that fails in ever new words must not fill the journal."""
CAUSE_MOST = 200
"""Longest cause, characters."""
FALLBACK_DUTY = "grid_manager"
"""Who gets what nobody in the site has the duty for."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A row of event_types.csv."""

    type: str
    severity: Severity
    duties: tuple[str, ...]
    subject: str
    """What its subject is the id of."""


@functools.cache
def event_types() -> dict[str, EventType]:
    """Every type of event the watch knows, by name."""
    file = resources.files("edge.analysis").joinpath("event_types.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    found = (
        EventType(
            row["type"],
            msgspec.convert(row["severity"], Severity),
            tuple(row["duties"].split("|")),
            row["subject"],
        )
        for row in rows
    )
    return {one.type: one for one in found}


def duties(site: Site, place: str, type_: str) -> str:
    """Whom an event of that type and place goes to, "," between several; "" = nobody named."""
    wanted = (duty(site, place, one) for one in event_types()[type_].duties)
    return ",".join(one for one in wanted if one) or duty(site, place, FALLBACK_DUTY)


class Happenings:
    """The open events, by type and subject. Every method gives the event to tell, or None."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open: dict[tuple[str, str], Event] = {}
        self._updates: dict[str, int] = {}
        self._stamp = -(2**62)

    def is_open(self, type_: str, subject: str) -> bool:
        """Whether such an event has begun and not ended."""
        return (type_, subject) in self._open

    def newest(self, most: int) -> list[Event]:
        """The last `most` events to begin that are open, oldest first."""
        return list(self._open.values())[-most:]

    def __len__(self) -> int:
        return len(self._open)

    def begin(
        self,
        type_: str,
        subject: str,
        place: str,
        since: int,
        now_ms: int,
        cause: str,
        evidence: Mapping[str, Scalar],
    ) -> Event | None:
        """A new event; None where one of that type and subject is open."""
        if self.is_open(type_, subject):
            return None
        event = self._event(type_, subject, place, since, now_ms, cause, evidence)
        self._open[type_, subject] = event
        return event

    def instant(
        self,
        type_: str,
        subject: str,
        place: str,
        now_ms: int,
        cause: str,
        evidence: Mapping[str, Scalar],
    ) -> Event:
        """An event that is over as it begins."""
        event = self._event(type_, subject, place, now_ms, now_ms, cause, evidence)
        return msgspec.structs.replace(event, until=now_ms)

    def update(self, type_: str, subject: str, cause: str) -> Event | None:
        """The open event with another cause; None where nothing is new or too much has been."""
        event = self._open.get((type_, subject))
        cause = cause[:CAUSE_MOST]
        if event is None or event.cause == cause or self._updates.get(event.id, 0) >= UPDATES_MOST:
            return None
        self._updates[event.id] = self._updates.get(event.id, 0) + 1
        updated = msgspec.structs.replace(event, cause=cause)
        self._open[type_, subject] = updated
        return updated

    def move(self, by_ms: int) -> None:
        """The wall clock has been set by that much: open events began that much later."""
        for key, event in self._open.items():
            facts = dict(event.evidence)
            answered = facts.get("last_answer_ms")
            if isinstance(answered, int):
                facts["last_answer_ms"] = answered + by_ms
            since = event.since + by_ms
            self._open[key] = msgspec.structs.replace(event, since=since, evidence=facts)

    def end(
        self, type_: str, subject: str, until: int, evidence: Mapping[str, Scalar]
    ) -> Event | None:
        """The open event's end, never before its beginning; None where none is open."""
        event = self._open.pop((type_, subject), None)
        if event is None:
            return None
        self._updates.pop(event.id, None)
        until = max(until, event.since)
        facts = {**event.evidence, **evidence, "lasted_ms": until - event.since}
        return msgspec.structs.replace(event, until=until, evidence=facts)

    def _event(
        self,
        type_: str,
        subject: str,
        place: str,
        since: int,
        now_ms: int,
        cause: str,
        evidence: Mapping[str, Scalar],
    ) -> Event:
        # two events of one millisecond, or of a clock set back, are still two
        self._stamp = max(now_ms, self._stamp + 1)
        return Event(
            id=f"{type_}-{subject}-{self._stamp}",
            type=type_,
            subject=subject,
            place=place,
            since=since,
            cause=cause[:CAUSE_MOST],
            evidence=dict(evidence),
            severity=event_types()[type_].severity,
            duty=duties(self._site, place, type_),
        )
