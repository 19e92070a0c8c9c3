"""What the journal last heard of each device, transformer and feeder of a gateway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.journal.store import Journal
from edge.site.model import Meter
from protocol.uplink.part import Part, decode_part
from protocol.uplink.quality import Quality

PAGE = 64
"""Journal entries looked at in one read, newest first."""
LOOK_BACK = 20_000
"""Entries looked at before a meter is said to have no reading."""

GOOD = Quality(0)


@dataclass(slots=True)
class Last:
    """The newest row of one device or result, and when it last gave a value."""

    id: str
    """As in the journal: a meter's address, a TMU's id, a transformer's or feeder's id."""
    kind: str
    """A meter's own kind, "tmu", or "result"."""
    line: str
    place: str
    meter: Meter | None = None
    at: int | None = None
    """UTC ms of the newest row; None = there is none."""
    values: dict[str, int] = field(default_factory=dict)
    """Scaled integers by quantity; what is missing is left out."""
    quality: Quality = GOOD
    read_at: int | None = None
    """When a value last came; older than `at` for a meter that has fallen silent."""


def fill(path: str, devices: Iterable[Last], results: Iterable[Last]) -> None:
    """Walks the journal at `path` from its newest entry until each has been met with a value.

    JournalError where it cannot be read.
    """
    wanted = {
        "sweep": {last.id: last for last in devices},
        "result": {last.id: last for last in results},
    }
    journal = Journal.open_reading(path)
    try:
        before: int | None = None
        looked = 0
        while any(wanted.values()) and looked < LOOK_BACK:
            entries = journal.tail(PAGE, before)
            if not entries:
                break
            for entry in entries:
                if wanted.get(entry.kind):
                    _take(decode_part(entry.body), wanted[entry.kind])
            before = entries[-1].seq
            looked += len(entries)
    finally:
        journal.close()


def _take(part: Part, wanted: dict[str, Last]) -> None:
    """Fills in the part's rows; who has a value now is wanted no longer."""
    for place, name in enumerate(part.meters):
        last = wanted.get(name)
        if last is None:
            continue
        came = _values(part.columns, place)
        if last.at is None:
            last.at = part.t[place]
            last.values, last.quality = came, Quality(part.q[place])
        if came:
            last.read_at = part.t[place]
            del wanted[name]


def _values(columns: Mapping[str, list[int | None]], place: int) -> dict[str, int]:
    found = {name: column[place] for name, column in columns.items()}
    return {name: value for name, value in found.items() if value is not None}
