"""The durable spine: one SQLite file in which everything read waits until it is delivered."""

from edge.journal.model import Backlog, Entry, JournalError, Limits, Pruned
from edge.journal.reader import JournalReader
from edge.journal.store import Journal

__all__ = ["Backlog", "Entry", "Journal", "JournalError", "JournalReader", "Limits", "Pruned"]
