"""Work sources for tests of the line master."""

from typing import Any

from edge.bus.work import NEVER, Outcome, Work
from protocol.exchange import Exchange


class Queue:
    """Hands out a list of exchanges and keeps the outcomes."""

    def __init__(self, *exchanges: Exchange) -> None:
        self.todo = list(exchanges)
        self.ends: list[Outcome] = []
        self.messages: list[Any] = []

    def next(self, now: int) -> Work | None:
        return Work(self.todo.pop(0), None) if self.todo else None

    def done(self, work: Work, outcome: Outcome, now: int) -> tuple[Any, ...]:
        self.ends.append(outcome)
        return ()

    def mail(self, message: Any, now: int) -> tuple[Any, ...]:
        self.messages.append(message)
        return ()

    def wake(self) -> int:
        return 0 if self.todo else NEVER
