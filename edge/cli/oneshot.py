"""A few questions on one line, once: a work source beside which nothing else wants the line."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.bus.work import NEVER, End, Outcome, Work
from protocol.exchange import Exchange

TRIES = 3
"""How often a question is asked before the meter counts as silent."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one question ended, for whoever asked it."""

    key: int
    outcome: Outcome


class OneShot:
    """A WorkSource: asks each exchange in turn, a lost answer again, then has no work any more.

    A meter that has answered nothing yet and is silent on the first question is not asked the
    others: they are handed back as they are, without a word on the line.
    """

    def __init__(self, exchanges: Iterable[Exchange], tries: int = TRIES) -> None:
        self._left = deque(enumerate(exchanges))
        self._tries = tries
        self._tried = 0
        self._answered = False

    def next(self, now: int) -> Work | None:
        """The question that is due."""
        if not self._left:
            return None
        key, exchange = self._left[0]
        self._tried += 1
        return Work(exchange, key)

    def done(self, work: Work, outcome: Outcome, now: int) -> tuple[Any, ...]:
        """The end of it, and of those that are given up with it; nothing while it is tried."""
        lost = outcome.end in (End.SILENT, End.GARBLED)
        if lost and self._tried < self._tries:
            return ()
        self._tried = 0
        self._left.popleft()
        self._answered = self._answered or not lost
        ended = [Ended(work.key, outcome)]
        if not self._answered or outcome.end is End.LINE_DOWN:
            ended += [Ended(key, outcome) for key, _ in self._left]
            self._left.clear()
        return tuple(ended)

    def mail(self, message: Any, now: int) -> tuple[Any, ...]:
        """Nothing is for it."""
        return ()

    def wake(self) -> int:
        """It has work from the start or never."""
        return NEVER
