"""What passes through the journal's door: limits, entries, reports and its one error."""

from dataclasses import dataclass

from edge.words import BoxgateError

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much the journal keeps; beyond that it drops in a stated order."""

    max_age_ms: int = 90 * DAY_MS
    """Entries older than this go, delivered or not."""
    max_bytes: int = 1 << 30
    """Room in the file, bytes of used pages; the write-ahead log comes on top (a few MB)."""
    max_body: int = 1 << 20
    """Longest body of one entry, bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `seq` its number, `at` wall time in ms UTC, `body` opaque to the journal."""

    seq: int
    kind: str
    at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many entries one prune has removed: delivered ones, and undelivered ones (a loss)."""

    delivered: int
    undelivered: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a destination still waits for; `oldest_at` is ms UTC, None when nothing waits."""

    count: int
    oldest_at: int | None


class JournalError(BoxgateError):
    """The journal could not do what was asked; nothing of that call has been kept."""
