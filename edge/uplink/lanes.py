"""What goes next to the utility: the live lane first, then the backlog, each in seq order.

At connect time everything that still waits is backlog; what is appended later is live. So fresh
readings do not stand behind a month of old ones, and within a lane order never turns back.
"""

from bisect import insort
from dataclasses import dataclass, field

from edge.journal import Entry, Journal
from protocol.uplink import Lane


@dataclass(slots=True)
class _Way:
    """One lane: what has been taken up to `cursor`, and what must be taken once more."""

    lane: Lane
    cursor: int
    again: list[int] = field(default_factory=list)


class Lanes:
    """The two lanes of one connection over one journal and destination."""

    def __init__(self, journal: Journal, dest: str) -> None:
        self._journal = journal
        self._dest = dest
        self.open()

    def open(self) -> None:
        """Begins anew: all that waits now is backlog."""
        self.epoch = self._journal.epoch
        self._parting = self._journal.head
        self._live = _Way("live", self._parting)
        self._backlog = _Way("backlog", 0)

    def live(self, limit: int) -> list[Entry]:
        """Up to `limit` next entries of the live lane; JournalError."""
        return self._take(self._live, self._journal.head, limit)

    def backlog(self, limit: int) -> list[Entry]:
        """Up to `limit` next entries of the backlog lane; JournalError."""
        return self._take(self._backlog, self._parting, limit)

    def again(self, seq: int) -> None:
        """An entry the broker did not take: it is next in its lane, before what comes after it."""
        way = self._live if seq > self._parting else self._backlog
        insort(way.again, seq)

    def _take(self, way: _Way, upto: int, limit: int) -> list[Entry]:
        if limit <= 0:
            return []
        while way.again:
            entries = self._journal.waiting(self._dest, way.again[0] - 1, way.again[0], 1)
            way.again.pop(0)
            if entries:
                return entries
        if way.cursor >= upto:
            return []
        entries = self._journal.waiting(self._dest, way.cursor, upto, limit)
        way.cursor = entries[-1].seq if len(entries) == limit else upto
        return entries
