"""What is on its way into the journal: committed at once, or held while the disk refuses.

A record the journal cannot take now (disk full, I/O error) is held in memory in its order and tried
again every RETRY_NS. `full` asks whoever reads to pause: reading stops before anything read is
lost. Only past HELD_LIMIT is the oldest held record dropped, and counted.
"""

from collections import deque
from dataclasses import dataclass

from edge.journal.model import JournalError
from edge.journal.store import Journal

RETRY_NS = 1_000_000_000
TOO_LARGE = "journal_too_large"
"""The one refusal that no disk will ever take back: such a record must not hold the others."""
HELD_PAUSE = 32
HELD_LIMIT = 256
NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record for the journal; `at` wall ms."""

    kind: str
    at: int
    body: bytes


class Intake:
    """The one way into a journal."""

    def __init__(self, journal: Journal) -> None:
        self.accepted = 0
        """Records committed."""
        self.dropped = 0
        """Records lost because the journal stayed unwritable for too long."""
        self.retry_at = NEVER
        """When store() is due again, monotonic ns."""
        self._journal = journal
        self._held: deque[Record] = deque()

    @property
    def held(self) -> int:
        """Records that wait for the disk."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read."""
        return len(self._held) >= HELD_PAUSE

    def add(self, record: Record) -> None:
        """Put a record behind those that wait; store() commits it."""
        self._held.append(record)

    def store(self, now: int) -> JournalError | None:
        """Commit what is held, oldest first; the error that begins a time of refusal."""
        refusal = None
        while self._held:
            record = self._held[0]
            try:
                self._journal.append(record.kind, record.at, record.body)
            except JournalError as error:
                if error.key == TOO_LARGE:
                    refusal = error
                    self._held.popleft()
                    self.dropped += 1
                    continue
                refusal = error if self.retry_at == NEVER else None
                self.retry_at = now + RETRY_NS
                break
            self._held.popleft()
            self.accepted += 1
        else:
            self.retry_at = NEVER
        while len(self._held) > HELD_LIMIT:
            self._held.popleft()
            self.dropped += 1
        return refusal

    def give_up(self) -> None:
        """The end has come: what still waits is lost, and counted."""
        self.dropped += len(self._held)
        self._held.clear()
