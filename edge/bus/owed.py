"""Answers that a Modbus unit may still give, to questions that were given up.

A Modbus answer does not say which registers it holds: one that comes late would be taken for the
answer to the next question of the same unit, function and length, and each after it as well. So as
long as a unit owes an answer it is asked nothing else. The same question again is no danger: a late
answer is as good an answer to it. But behind that one the other is still to come, and the wait for
it is as long as the slowest answer to that question took. That is enough for a unit that takes up
to twice the time it is given, whatever else is lost.

Questions to other units go on meanwhile: no scanner takes one unit's answer for another's.
"""

from dataclasses import dataclass

from protocol.exchange import Request


@dataclass(slots=True)
class _Debt:
    """What one unit owes."""

    question: bytes
    since: int
    """When the first of the questions that are owed for was sent, ns."""
    until: int
    """From then on nothing is expected any more, ns."""
    count: int = 0
    lag: int = 0
    """How long after `since` it answered, ns; 0 = it has not."""


class Owed:
    """The debts of one line's units; `patience` ns is how late an answer is still expected.

    Bounded by the 247 units that a line can have.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._debts: dict[int, _Debt] = {}

    def free_at(self, request: Request, now: int) -> int:
        """When this may be asked, ns; at once = 0."""
        debt = self._debts.get(_unit(request))
        if debt is None or debt.question == request.data:
            return 0
        if now >= debt.until:
            del self._debts[_unit(request)]
            return 0
        return debt.until

    def asked(self, request: Request, now: int, deadline: int) -> None:
        """It goes out; given up at `deadline` at the latest."""
        debt = self._debts.get(_unit(request))
        if debt is None:
            return
        if now >= debt.until:
            del self._debts[_unit(request)]
        else:
            debt.until = max(debt.until, deadline + self._patience)

    def given_up(self, request: Request, sent: int, now: int) -> None:
        """It was not answered in time."""
        unit = _unit(request)
        debt = self._debts.get(unit)
        if debt is None or debt.question != request.data:
            debt = self._debts[unit] = _Debt(request.data, sent, 0)
        debt.count += 1
        debt.until = now + self._patience

    def answered(self, request: Request, now: int) -> None:
        """It was answered, by this question's answer or an earlier one's."""
        debt = self._debts.get(_unit(request))
        if debt is not None:
            debt.lag = now - debt.since
            debt.until = now + debt.lag + self._patience

    def heard(self, unit: int, now: int) -> None:
        """An answer of the unit came while nobody waited for one."""
        debt = self._debts.get(unit)
        if debt is None:
            return
        debt.count -= 1
        debt.lag = max(debt.lag, now - debt.since)
        debt.until = now + debt.lag + self._patience
        if not debt.count:
            del self._debts[unit]


def _unit(request: Request) -> int:
    return request.expect[0] if request.expect is not None else -1
