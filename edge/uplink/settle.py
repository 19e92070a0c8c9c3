"""Acknowledgements on their way to the journal: several in one transaction, none lost to an error.

Each transaction syncs the disk, on an SD card for tens of milliseconds; a window of
acknowledgements needs one. What is lost here with the process is only sent twice.
"""

from collections.abc import Iterable

from edge.journal import Journal, ranges
from edge.uplink.net import NEVER
from edge.uplink.settings import UplinkSettings


class Settler:
    """Ranges of one epoch that a destination has acknowledged and the journal does not know yet."""

    def __init__(self, journal: Journal, dest: str, settings: UplinkSettings) -> None:
        self._journal = journal
        self._dest = dest
        self._settings = settings
        self._epoch = ""
        self._ranges: list[ranges.Range] = []
        self._at = NEVER

    @property
    def due(self) -> int:
        """When flush() must be called at the latest, ns; NEVER when nothing waits."""
        return self._at

    def add(self, now: int, epoch: str, acknowledged: Iterable[ranges.Range]) -> None:
        """Takes ranges; an earlier epoch's, not yet in the journal, no longer mean anything."""
        if epoch != self._epoch:
            self._epoch, self._ranges, self._at = epoch, [], NEVER
        self._ranges = ranges.merge(self._ranges, acknowledged)
        if self._ranges:  # a commit may name none
            self._at = min(self._at, now + self._settings.settle_ns)

    def flush(self, now: int, alone: bool) -> None:
        """One transaction if it is time, or if nothing more is to come (alone); JournalError."""
        full = ranges.total(self._ranges) >= self._settings.settle_count
        if self._ranges and (alone or full or now >= self._at):
            self._journal.commit(self._dest, self._epoch, self._ranges)
            self._ranges, self._at = [], NEVER
