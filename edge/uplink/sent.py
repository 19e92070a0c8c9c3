"""What the head-end can have: a commit counts only for what has been sent.

A head-end that says "everything up to here", or counts wrongly, must not settle an entry nobody
has given it. What the journal held when the gateway began may have been sent by the run before.
"""

from collections.abc import Sequence

from edge.journal import Journal, ranges


class Sent:
    """The entries of one epoch that have left this gateway."""

    def __init__(self, journal: Journal) -> None:
        """JournalError when the journal cannot tell how far it had come."""
        self._epoch = journal.epoch
        self._ranges = ranges.merge((), [(1, journal.head)])

    def add(self, epoch: str, seq: int) -> None:
        """An entry leaves; the first one of another epoch begins anew."""
        if epoch != self._epoch:
            self._epoch, self._ranges = epoch, []
        self._ranges = ranges.merge(self._ranges, [(seq, seq)])

    def of(self, epoch: str, committed: Sequence[ranges.Range]) -> list[ranges.Range]:
        """What of these ranges has been sent."""
        if epoch != self._epoch:
            return []
        return ranges.common(ranges.merge((), committed), self._ranges)
