"""The door between a line master and the plan: work to do, how it ended.

A work source is whatever wants the line next: a sweep, a backfill, an on-demand read, a scan.
The master asks each in order of rank and runs one work at a time.
"""

from enum import Enum
from typing import Any, Protocol

import msgspec

from protocol.exchange import Exchange, Value

NEVER = 2**63 - 1
"""A wake time that never comes, ns."""


class End(Enum):
    """How an exchange ended."""

    DONE = "done"
    REFUSED = "refused"
    SILENT = "silent"
    """No answer in time."""
    GARBLED = "garbled"
    """Bytes came, no whole frame of this meter among them."""
    LINE_DOWN = "line_down"
    """The port went away while it ran."""


DONE, REFUSED = End.DONE, End.REFUSED
"""The two ends that every answered exchange is held against; Python looks a member up through its
enum anew each time."""


class Work(msgspec.Struct, frozen=True, gc=False):
    """One exchange to run; `key` is the source's own mark to find it again."""

    exchange: Exchange
    key: Any


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How a work ended; `at` is when its last answer byte came (or was given up), ns.

    Where nobody watched that byte come (edge/bus/timing.py) `at` is when it has come at the latest,
    as learned of this meter: the time of the look less the idle gap, never the look itself.
    """

    end: End
    at: int
    values: tuple[Value, ...] = ()
    refusal: str = ""
    """What the meter refused, in words; beside values: of a list, while it gave the rest."""
    elapsed: int = 0
    """First request byte to `at`, ns."""
    minimal: int = 0
    """The minimal time of what was exchanged: request + delay + answer + idle, ns."""


class WorkSource(Protocol):
    """Something that wants the line."""

    def next(self, now: int) -> Work | None:
        """The next work, or None when there is nothing to do at this time."""

    def done(self, work: Work, outcome: Outcome, now: int) -> tuple[Any, ...]:
        """The work has ended; what this gives the core (sweep parts), if anything."""

    def mail(self, message: Any, now: int) -> tuple[Any, ...]:
        """A message from the core; sources pass over what is not for them."""

    def wake(self) -> int:
        """When next() may have work again, ns; NEVER if only mail can change it."""
