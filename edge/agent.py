"""Core: the rooms of the agent put together as one state machine.

Theory of operation
-------------------
One thread owns the Core and feeds it: parts and states from the lines, events from the broker
connection, the wall clock (Tick), signals. Each step gives back mail for the lines, actions for the
connection, notes for the log, and when to be called again. Nothing here waits, sleeps or asks for
the time.

A reading's way: SweepPart -> Part (wall time, primary values, quality) -> one journal transaction,
followed by the results and events it gives rise to (edge/books.py). When append returns, the part
is accepted: from then on only the session's cursor and the journal's limits decide about it. While
the disk refuses, records wait in the intake and the lines pause before anything read is lost.

Ends: a Stop signal, or `sweeps` finished sweeps of every line that has meters. Back to back, a
line whose port stays away is not waited for; its meters count as unread.

    RUNNING  --stop-->           CLOSING   lines are told to hand over what they have
    RUNNING  --sweeps done-->    DRAINING  lines stop, the backlog goes out (at most DRAIN_NS)
    CLOSING / DRAINING  -->      LEAVING   every line has stopped (or STOP_NS): session says goodbye
    LEAVING  -->                 finished  session closed (or LEAVE_NS)
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from edge.books import Books
from edge.bus.parts import LineState, Pause, Resume, StartSweep, Stop, SweepPart
from edge.bus.work import NEVER
from edge.door import CLOCK_QUALITY, Clock, CoreSettings, CoreStep, Note, Signal, Tick
from edge.journal import Journal
from edge.plan.record import to_part
from edge.plan.slots import Coverage, Slots
from edge.report import LineView, state_message
from edge.site.model import Meter, Site
from edge.uplink import Session
from edge.uplink.standing import Standing

SECOND = 1_000_000_000
STATE_EVERY_NS = 60 * SECOND
STATE_GAP_NS = 5 * SECOND
PRUNE_EVERY_NS = 60 * SECOND
CLOCK_SET_MS = 1000
"""From here on a change of the wall clock is one that was set, not one that drifts."""
WAKE_AT_LEAST_NS = 2 * SECOND
"""So that a clock set anew is noticed."""
DRAIN_NS = 30 * SECOND
DOWN_NS = 10 * SECOND
"""A line whose port is gone this long is not waited for where a number of sweeps was asked."""
STOP_NS = 2 * SECOND
LEAVE_NS = 2 * SECOND


class Life(Enum):
    """See the table on top."""

    RUNNING = "running"
    CLOSING = "closing"
    DRAINING = "draining"
    LEAVING = "leaving"
    FINISHED = "finished"


class Core:
    """One gateway. `lines` are its lines that have a port here: id -> meters due."""

    def __init__(
        self,
        site: Site,
        lines: Mapping[str, tuple[str, ...]],
        journal: Journal,
        session: Session | None,
        settings: CoreSettings,
    ) -> None:
        self.settings = settings
        self.life = Life.RUNNING
        self._notes: list[Note] = []
        self.books = Books(site, lines, journal, self._notes.append)
        self._session = session
        self._meters: dict[str, Meter] = {meter.id: meter for meter in site.meters}
        self._lines = {line: LineView(due=len(devices)) for line, devices in lines.items()}
        self._due = dict(lines)
        self._coverage: Coverage | None = None
        self._slots = Slots(settings.period_ms, self._due) if settings.period_ms else None
        self._slot: int | None = None
        self._offset_ms: int | None = None
        self._clock = Clock.UNTRUSTED
        self._read: set[str] = set()
        self._short: set[str] = set()
        """Meters of lines that were given up before their last sweep."""
        self._paused = False
        self._prune_at = 0
        self._state_at = 0
        self._state_last = -STATE_EVERY_NS
        self._deadline = NEVER
        self._drained_by = NEVER
        self._mail: list[tuple[str, Any]] = []
        self._net: list[Any] = []
        self._session_wake = 0
        self._standing = Standing()

    def step(self, now: int, given: Any) -> CoreStep:
        """One step at monotonic `now` ns with one input; the first must be a Tick."""
        match given:
            case Tick(wall_ms, clock):
                self._tick(now, wall_ms, clock)
            case SweepPart():
                self._take_part(now, given)
            case LineState():
                self._take_state(now, given)
            case Signal(name):
                self._signal(now, name)
            case None:
                pass
            case _:
                self._drive(now, given, unread=True)
        self._housekeep(now)
        self._live(now)
        # nothing given: all that has come has been taken
        self._drive(now, None, unread=given is not None)
        step = CoreStep(
            tuple(self._mail),
            tuple(self._net),
            self._wake(now),
            tuple(self._notes),
            self.life is Life.FINISHED,
        )
        self._mail.clear()
        self._net.clear()
        self._notes.clear()
        return step

    def unread(self) -> list[str]:
        """Meters due without one value since the start, or whose line was given up."""
        return sorted({m for due in self._due.values() for m in due} - self._read | self._short)

    def wall_ms(self, now: int) -> int:
        """Wall time of a monotonic instant by the newest Tick, ms UTC."""
        return now // 1_000_000 + (self._offset_ms or 0)

    # ---- time ---------------------------------------------------------------------------------

    def _tick(self, now: int, wall_ms: int, clock: Clock) -> None:
        before, self._offset_ms = self._offset_ms, wall_ms - now // 1_000_000
        if before is None:
            self.books.started(self.settings.version, wall_ms)
            self._store(now)
        elif abs(self._offset_ms - before) >= CLOCK_SET_MS:
            self._note("warning", "clock_set", by_ms=self._offset_ms - before)
            self.books.clock_set(self._offset_ms - before)
        if clock is not self._clock:
            self._note("info", "clock", state=clock.value)
            self._clock = clock
            self._state_soon(now)

    def _begin_slots(self, now: int) -> None:
        """Start the slot the wall clock stands in; a small step back never starts one twice."""
        if self._slots is None or self._offset_ms is None or self.life is not Life.RUNNING:
            return
        wall = self.wall_ms(now)
        slot = self._slots.number(wall)
        if self._slot is not None and self._slot - 1 <= slot <= self._slot:
            return
        self._slot = slot
        self._slots.begin(slot)
        for line in self._lines:
            self._mail.append((line, StartSweep(slot)))

    # ---- readings -----------------------------------------------------------------------------

    def _take_part(self, now: int, sweep: SweepPart) -> None:
        view = self._lines[sweep.line]
        if sweep.part == 0:
            view.slot = self.wall_ms(sweep.started) if sweep.slot is None else sweep.slot
            view.reading = 0
        read = [row.meter for row in sweep.rows if row.values]
        view.reading += len(read)
        self._read.update(read)
        clock = CLOCK_QUALITY[self._clock]
        part = to_part(sweep, view.slot, self._meters, self.wall_ms, clock)
        if part.meters or self._due[sweep.line]:
            self.books.part(part, self.wall_ms(now))
        self._store(now)
        if self._slots is not None:
            self._covered(self._slots.add(view.slot, sweep))
        if sweep.last:
            self._swept(now, view, sweep)

    def _swept(self, now: int, view: LineView, sweep: SweepPart) -> None:
        took = sweep.ended - sweep.started
        view.sweeps += 1
        view.read = view.reading
        view.sweep_ms = took // 1_000_000
        view.utilisation = round(sweep.minimal / took, 4) if took else 0.0
        self._note(
            "info",
            "sweep",
            line=sweep.line,
            slot=view.slot,
            read=view.read,
            due=len(self._due[sweep.line]),
            ms=view.sweep_ms,
            exchanges=sweep.exchanges,
            utilisation=view.utilisation,
        )
        self._state_soon(now)

    def _store(self, now: int) -> None:
        """Commit what has come in; pause the lines while too much waits."""
        self.books.store(now, self.wall_ms(now))
        if self.books.intake.full != self._paused:
            self._paused = self.books.intake.full
            word = Pause() if self._paused else Resume()
            self._mail.extend((line, word) for line in self._lines)
            self._state_soon(now)

    def _covered(self, coverage: Coverage | None) -> None:
        if coverage is None:
            return
        self._coverage = coverage
        self._note(
            "info" if coverage.read == coverage.due else "warning",
            "slot",
            slot=coverage.slot,
            read=coverage.read,
            due=coverage.due,
            missing=",".join(coverage.missing[:5]),
            lines_missing=",".join(coverage.lines_missing),
        )

    # ---- lines --------------------------------------------------------------------------------

    def _take_state(self, now: int, state: LineState) -> None:
        view = self._lines[state.line]
        if state.state != view.state:
            view.since = now
            level = "warning" if state.state == "down" else "info"
            self._note(level, "line", line=state.line, state=state.state, reason=state.reason)
            self.books.line(state.line, state.state, state.reason, self.wall_ms(now))
            self._store(now)
            self._state_soon(now)
            if state.state == "up" and view.state != "up" and self._slot is not None:
                # a line that opens within a slot still reads it
                self._mail.append((state.line, StartSweep(self._slot)))
        view.state, view.reason = state.state, state.reason
        view.counters = {name: getattr(state.counters, name) for name in state.counters.__slots__}

    # ---- the broker ---------------------------------------------------------------------------

    def _drive(self, now: int, event: Any, unread: bool) -> None:
        if self._session is None:
            return
        actions = self._session.step(now, event, unread)
        self._net.extend(actions.items)
        self._session_wake = actions.wake
        changed = self._standing.changed(self._session)
        if changed is not None:
            state, reason = changed
            level = "info" if state == "online" else "warning"
            self._note(level, "broker", state=state, reason=reason)

    def _state_soon(self, now: int) -> None:
        self._state_at = min(self._state_at, max(now, self._state_last + STATE_GAP_NS))

    def _say_state(self, now: int) -> None:
        self._state_last = now
        self._state_at = now + STATE_EVERY_NS
        if self._session is None:
            return
        intake = self.books.intake
        self._session.state(
            state_message(
                settings=self.settings,
                at=self.wall_ms(now),
                clock=self._clock.value,
                epoch=self.books.epoch,
                backlog=self.books.backlog(),
                dropped=self.books.dropped,
                healthy=not intake.held and not intake.dropped,
                lines=self._lines,
                coverage=self._coverage,
                open_count=self.books.open_count,
                open_events=self.books.open_events(),
            )
        )

    # ---- housekeeping -------------------------------------------------------------------------

    def _housekeep(self, now: int) -> None:
        self._begin_slots(now)
        if now >= self.books.intake.retry_at:
            self._store(now)
        if self._slots is not None and self._offset_ms is not None:
            for coverage in self._slots.overdue(self.wall_ms(now)):
                self._covered(coverage)
        if now >= self._prune_at and self._offset_ms is not None:
            self._prune_at = now + PRUNE_EVERY_NS
            self._prune(now)
        if now >= self._state_at and self._offset_ms is not None and self.life is Life.RUNNING:
            self._say_state(now)

    def _prune(self, now: int) -> None:
        # age is only judged by a clock that is trusted: a wrong year must not empty the journal
        wall = self.wall_ms(now) if self._clock is Clock.TRUSTED else 0
        self.books.prune(wall)

    # ---- the end ------------------------------------------------------------------------------

    def _signal(self, now: int, name: str) -> None:
        self._note("info", "signal", name=name)
        if self.life is Life.RUNNING:
            self._stop_lines(now, Life.CLOSING)
        elif self.life is Life.DRAINING:
            self.life = Life.CLOSING

    def _stop_lines(self, now: int, life: Life) -> None:
        self.life = life
        self._deadline = now + STOP_NS
        self._drained_by = now + DRAIN_NS
        self._mail.extend((line, Stop()) for line in self._lines)

    def _live(self, now: int) -> None:
        if self.life is Life.RUNNING and self._swept_enough(now):
            self._stop_lines(now, Life.DRAINING)
        elif self.life in (Life.CLOSING, Life.DRAINING):
            stopped = all(view.state == "stopped" for view in self._lines.values())
            if not stopped and now < self._deadline:
                return
            waiting = self._session is not None and self.books.backlog().count > 0
            if self.life is Life.DRAINING and waiting and now < self._drained_by:
                return
            self._leave(now)
        elif self.life is Life.LEAVING:
            assert self._session is not None
            if self._session.closed or now >= self._deadline:
                self.life = Life.FINISHED

    def _swept_enough(self, now: int) -> bool:
        """Whether no line has sweeps to give any more that this run waits for."""
        enough = self.settings.sweeps
        behind = {line for line, v in self._lines.items() if self._due[line] and v.sweeps < enough}
        if not enough or not all(self._given_up(now, self._lines[line]) for line in behind):
            return False
        for line in sorted(behind):
            self._short.update(self._due[line])
            self._note("warning", "line_given_up", line=line, sweeps=self._lines[line].sweeps)
        return True

    def _given_up(self, now: int, view: LineView) -> bool:
        """A port gone for DOWN_NS; slots need no patience, they end by the clock."""
        return self._slots is None and view.state == "down" and now - view.since >= DOWN_NS

    def _leave(self, now: int) -> None:
        self.books.close(now, self.wall_ms(now))
        if self._session is None:
            self.life = Life.FINISHED
            return
        self.life = Life.LEAVING
        self._deadline = now + LEAVE_NS
        self._say_state(now)
        # its farewell comes out of the session's step at the end of this one
        self._session.stop(now)

    def _wake(self, now: int) -> int:
        wakes = [self._prune_at, self.books.intake.retry_at, now + WAKE_AT_LEAST_NS]
        if self.life is Life.RUNNING:
            wakes.append(self._state_at)
            if self._slots is not None and self._slot is not None:
                ahead = self._slots.begins(self._slot + 1) - self.wall_ms(now)
                wakes.append(now + max(0, ahead) * 1_000_000)
        if self._session is not None:
            wakes.append(self._session_wake)
        if self.life in (Life.CLOSING, Life.LEAVING):
            wakes.append(self._deadline)
        if self.life is Life.DRAINING:
            wakes.append(self._drained_by)
        return min(wakes)

    def _note(self, level: str, key: str, **facts: Any) -> None:
        self._notes.append(Note(level, key, tuple(facts.items())))
