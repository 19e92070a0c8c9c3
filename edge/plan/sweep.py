"""The sweep: every meter of one line asked for every item of its profile, once a slot.

A work source for the line master. Meters are read one after another, all items of one before the
next, so that a meter's values stand close together in time. What goes wrong stays with the meter
it went wrong with:

    an answer lost or garbled       the rest of the meter is asked once more at the sweep's end
    a meter silent at first word    its other items are skipped until then: one silence, not five
    silent for whole sweeps         one probe a sweep, no second round, until it answers again
    an item refused                 named in the row; asked again after REFUSED_FOR sweeps
    a part of a list refused        named in the row; the list is asked again, for its rest
    the slot ends too early         the next sweep begins with the meters that were not reached

What has been read leaves as a part when the sweep ends, when PART_NS have gone by, and when the
sweep is cut short (next slot, stop): nothing read waits longer than that for the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.bus.parts import MeterRow, PortDown, PortUp, RowEnd, StartSweep, Stop, SweepPart
from edge.bus.work import DONE, NEVER, REFUSED, End, Outcome, Work
from protocol.exchange import Exchange
from protocol.quantity import Quantity

PART_NS = 10_000_000_000
DEAD_AFTER = 2
"""Sweeps without any answer after which a meter is only probed."""
REFUSED_FOR = 96
"""Sweeps for which a refused item is not asked again."""

ROW_ENDS = {
    End.SILENT: RowEnd.NO_ANSWER,
    End.GARBLED: RowEnd.GARBLED,
    End.LINE_DOWN: RowEnd.LINE_DOWN,
}


@dataclass(slots=True)
class Asked:
    """One meter of the sweep and what is known of it; outlives single sweeps."""

    meter: str
    exchanges: tuple[Exchange, ...]
    silent_sweeps: int = 0
    refused_until: dict[int, int] = field(default_factory=dict)
    """Index of a refused exchange -> the sweep number that asks it again."""


@dataclass(slots=True)
class _Open:
    """One meter in the sweep that is running."""

    asked: Asked
    row: MeterRow | None = None
    todo: list[int] = field(default_factory=list)
    """Indices of the exchanges still to be asked."""
    rounds: int = 0
    end: RowEnd = RowEnd.WHOLE
    refused: bool = False


class Sweep:
    """Reads `meters` of `line` at every StartSweep; `repeat` = back to back, without being told.

    `limit` ends after that many sweeps (0 = never).
    """

    def __init__(
        self, line: str, meters: Sequence[Asked], repeat: bool = False, limit: int = 0
    ) -> None:
        self.line = line
        self.meters = tuple(meters)
        self.repeat = repeat
        self.limit = limit
        self.number = 0
        """Sweeps begun."""
        self._up = False
        self._slot: int | None = None
        self._running = False
        self._queue: list[_Open] = []
        self._second: list[_Open] = []
        self._rows: list[MeterRow] = []
        self._started = 0
        self._part = 0
        self._part_due = NEVER
        self._minimal = self._exchanges = 0

    # ---- the work source ----------------------------------------------------------------------

    def next(self, now: int) -> Work | None:
        """The next item of the meter in hand."""
        if not self._running and self._may_repeat():
            self._begin(None, now)
        if not self._running or not self._queue:
            return None
        opened = self._queue[0]
        index = opened.todo[0]
        return Work(opened.asked.exchanges[index], index)

    def done(self, work: Work, outcome: Outcome, now: int) -> tuple[Any, ...]:
        """Put the outcome into the meter's row; gives a part when one is due."""
        if not self._running or not self._queue:
            return ()
        opened = self._queue[0]
        if not (work.key in opened.todo and opened.asked.exchanges[work.key] is work.exchange):
            # asked by a sweep that has been closed meanwhile, and not wanted by this one
            return ()
        self._exchanges += 1
        self._minimal += outcome.minimal
        if opened.row is None:
            opened.row = MeterRow(opened.asked.meter, outcome.at)
        if outcome.end is not DONE and outcome.end is not REFUSED:
            opened.end = ROW_ENDS[outcome.end]
            self._queue.pop(0)
            self._put_off(opened)
            return self._turn(now)
        opened.todo.remove(work.key)
        opened.asked.silent_sweeps = 0
        if outcome.end is REFUSED:
            opened.refused = True
            opened.asked.refused_until[work.key] = self.number + REFUSED_FOR
        elif outcome.refusal:
            # a part of a list: the rest stands, and keeps being worth the question
            opened.refused = True
        for value in outcome.values:
            opened.row.values.append((value.quantity, value.scaled, outcome.at))
        if not opened.todo:
            opened.end = RowEnd.WHOLE
            self._queue.pop(0)
            self._close(opened)
        return self._turn(now)

    def mail(self, message: Any, now: int) -> tuple[Any, ...]:
        """StartSweep begins a slot's one sweep; one still open is closed with what it has."""
        match message:
            case StartSweep(slot) if slot == self._slot:
                # told twice, as when the port opens amid a slot: one sweep a slot, not cut short
                return ()
            case StartSweep(slot):
                given = self._finish(now) if self._running else ()
                self._begin(slot, now)
                return given
            case Stop():
                given = self._finish(now) if self._running else ()
                self.repeat = False
                return given
            case PortUp():
                self._up = True
            case PortDown():
                self._up = False
                if self._rows:
                    # what was read does not wait for the port to come back
                    return (self._give(now, last=False),)
        return ()

    def wake(self) -> int:
        """At once while a sweep runs or may begin."""
        if self._running and self._queue:
            return 0
        return 0 if not self._running and self._may_repeat() else NEVER

    # ---- inside -------------------------------------------------------------------------------

    def _may_repeat(self) -> bool:
        return self.repeat and bool(self.meters) and (not self.limit or self.number < self.limit)

    def _begin(self, slot: int | None, now: int) -> None:
        if self.limit and self.number >= self.limit:
            return
        self.number += 1
        self._slot = slot
        self._started = now
        self._part = 0
        self._part_due = now + PART_NS
        self._minimal = self._exchanges = 0
        self._rows = []
        self._second = []
        self._queue = [_Open(asked, todo=self._items(asked)) for asked in self.meters]
        self._running = True

    def _items(self, asked: Asked) -> list[int]:
        due = {i: n for i, n in asked.refused_until.items() if n > self.number}
        asked.refused_until = due
        wanted = [i for i in range(len(asked.exchanges)) if i not in due]
        # a meter that refuses everything is still probed: it stays named, and may be another one
        return wanted or [0]

    def _put_off(self, opened: _Open) -> None:
        """A question was lost: the meter's rest waits for the end of the sweep, once."""
        heard_before = bool(opened.row and opened.row.values)
        dead = opened.asked.silent_sweeps >= DEAD_AFTER
        if opened.rounds == 0 and (heard_before or not dead) and opened.end is not RowEnd.LINE_DOWN:
            opened.rounds = 1
            self._second.append(opened)
        else:
            self._close(opened)

    def _turn(self, now: int) -> tuple[Any, ...]:
        """Second round, part or end, whichever is due."""
        if not self._queue and self._second:
            self._queue, self._second = self._second, []
        if not self._queue:
            return self._finish(now)
        if now >= self._part_due and self._rows:
            return (self._give(now, last=False),)
        return ()

    def _close(self, opened: _Open) -> None:
        """The meter is done with: its row joins the part."""
        row = opened.row
        if row is None:
            row = MeterRow(opened.asked.meter, self._started)
        row.end, row.refused = opened.end, opened.refused or bool(opened.asked.refused_until)
        came = {quantity.name for quantity, _, _ in row.values}
        row.absent = [q for q in self._asked_for(opened.asked) if q.name not in came]
        if not row.values and opened.end is RowEnd.NO_ANSWER:
            opened.asked.silent_sweeps += 1
        self._rows.append(row)

    @staticmethod
    def _asked_for(asked: Asked) -> list[Quantity]:
        return [q for exchange in asked.exchanges for q in exchange.quantities]

    def _finish(self, now: int) -> tuple[Any, ...]:
        """End of the sweep: meters not reached are named, the last part leaves."""
        if self._queue and self._up:
            # a slot too short for the line starves nobody: they come first next time
            first = self.meters.index(self._queue[0].asked)
            self.meters = self.meters[first:] + self.meters[:first]
        for opened in (*self._queue, *self._second):
            if opened.row is None:
                opened.end = RowEnd.NOT_REACHED if self._up else RowEnd.LINE_DOWN
                opened.row = MeterRow(opened.asked.meter, now)
            elif opened.todo and opened.end is RowEnd.WHOLE:
                opened.end = RowEnd.NOT_REACHED
            self._close(opened)
        self._queue, self._second = [], []
        self._running = False
        return (self._give(now, last=True),)

    def _give(self, now: int, last: bool) -> SweepPart:
        part = SweepPart(
            line=self.line,
            slot=self._slot,
            part=self._part,
            last=last,
            started=self._started,
            ended=now,
            rows=tuple(self._rows),
            minimal=self._minimal,
            exchanges=self._exchanges,
        )
        self._part += 1
        self._part_due = now + PART_NS
        self._rows = []
        return part
