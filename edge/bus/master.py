"""The line master: one RS-485 line, one question at a time.

Theory of operation
-------------------
The master is a state machine without I/O. The shell gives it the time, the bytes that came and the
mail from the core; it gives back the bytes to write, when it wants to be called again, and what it
has for the core. It looks at things in one fixed order, so that a recorded run replays exactly:

    scanner -> verdict of the exchange -> deadlines -> mail -> next work -> write

Phases and what moves between them:

    phase     leaves when                                  to
    -------   ------------------------------------------   -------
    DOWN      mail PortUp                                  QUIET
    QUIET     the line was idle for its gap                READY
    READY     a work source has work                       WAITING (request written)
    WAITING   verdict Done or Refused                      QUIET   (outcome to the source)
              verdict Again                                QUIET   (its follow-up is sent next)
              deadline, nothing or no whole frame came     QUIET   (SILENT or GARBLED)
    any       mail PortDown                                DOWN    (LINE_DOWN)
    any       mail Stop                                    STOPPED

The line is half duplex and belongs to us alone, but that is not taken for granted: our own echo,
late answers, other meters' answers and requests of a second master are recognised, counted and
passed over. The gap before a request (30 ms on 645, fact sheet §8) counts from the last byte heard,
whoever sent it; a line that never falls silent is spoken on after QUIET_LIMIT all the same.

A deadline has two parts: until the first byte of the answer the meter's learned limit holds, after
it the byte gap (500 ms, DL/T 645-2007 §5.2.2) with the time of the longest frame as its bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import msgspec

from cext.framing import Frame645, Scanner645
from edge.bus.parts import (
    LineCounters,
    LineState,
    Pause,
    PortDown,
    PortUp,
    Resume,
    Stop,
)
from edge.bus.timing import LineTiming
from edge.bus.work import NEVER, End, Outcome, Work, WorkSource
from edge.site.model import Line
from protocol.exchange import Again, Done, NotMine, Refused, Request

SECOND = 1_000_000_000
BYTE_GAP_NS = SECOND // 2
QUIET_LIMIT_NS = 2 * SECOND
LONGEST_FRAME = 4 + 12 + 255
FOLLOW_UP_RETRIES = 2
BITS = {"N": 10, "E": 11, "O": 11}


class Phase(Enum):
    """Where the master is; see the table on top."""

    DOWN = "down"
    QUIET = "quiet"
    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Spoke:
    """Trace: bytes that go on the line."""

    at: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """Trace: bytes that came; `frame` where they make a whole one."""

    at: int
    frame: Frame645
    verdict: str


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one step gives back."""

    write: bytes
    wake: int
    out: tuple[Any, ...]
    listen: int = 0
    """Bytes need not be handed in before this time, ns: no answer can be whole yet."""


def line_timing(line: Line) -> LineTiming:
    """Times of a line as the site declares it."""
    return LineTiming(
        char_ns=BITS[line.parity] * SECOND // line.baud,
        idle_ns=line.idle_ms * 1_000_000,
        answer_ns=line.answer_ms * 1_000_000,
    )


class LineMaster:
    """One line. `work` are its sources in order of rank, first wins."""

    def __init__(self, line: Line, work: Sequence[WorkSource], trace: bool = False) -> None:
        self.line = line
        self.timing = line_timing(line)
        self.sources = tuple(work)
        self.trace = trace
        self.phase = Phase.DOWN
        self.counters = LineCounters()
        self._scanner = Scanner645()
        self._out: list[Any] = []
        self._paused = False
        self._quiet_until = 0
        self._quiet_end = 0
        self._work: Work | None = None
        self._source: WorkSource | None = None
        self._request: Request | None = None
        self._follow_up = False
        self._resends = 0
        self._started = 0
        self._sent_until = 0
        self._deadline = NEVER
        self._first_deadline = NEVER
        self._last_end = NEVER
        self._heard_at = 0
        self._answering = False
        self._bytes_sent = 0
        self._bytes_back = 0
        self._all_back = 0
        self._while_sending = b""

    def step(self, now: int, data: bytes = b"", mail: Sequence[Any] = ()) -> Step:
        """One step at monotonic `now` ns with the bytes and the mail that came since the last."""
        if data:
            self._hear(now, data)
        if self.phase is Phase.WAITING and now >= self._deadline:
            self._give_up(now)
        for message in mail:
            self._take(now, message)
        write = self._speak(now) if self.phase in (Phase.QUIET, Phase.READY) else b""
        out = tuple(self._out)
        if out:
            self._out.clear()
        return Step(write, self._wake(), out, self._listen(now))

    # ---- scanner and verdicts -----------------------------------------------------------------

    def _hear(self, now: int, data: bytes) -> None:
        self._heard_at = now
        self._bytes_back += len(data)
        scanner = self._scanner
        passed_over = b""
        frame = scanner.feed(data)
        while frame is not None:
            passed_over = frame.raw if self._judge(now, frame) else b""
            frame = scanner.feed(b"")
        if self.phase is Phase.WAITING:
            if passed_over and data.endswith(passed_over):
                # whole and not for us: whoever it was has finished, our meter is still awaited
                self._answering = False
                self._deadline = max(now, self._first_deadline)
            elif not self._is_echo(now, data):
                # the answer has begun: the byte gap rules from here
                self._answering = True
                later = max(self._first_deadline, now + BYTE_GAP_NS)
                self._deadline = min(self._last_end, later)
        elif self.phase in (Phase.QUIET, Phase.READY):
            self._be_quiet(now)

    def _is_echo(self, now: int, data: bytes) -> bool:
        """Whether all that came since the request is its own beginning, heard while it is sent."""
        if now >= self._sent_until or self._request is None:
            return False
        self._while_sending += data
        return self._request.data.startswith(self._while_sending)

    def _judge(self, now: int, frame: Frame645) -> bool:
        """True if the frame was passed over: not the answer we wait for."""
        if self._work is None or self.phase is not Phase.WAITING:
            self._pass_over(now, frame, "no question")
            return True
        verdict = self._work.exchange.on_frame(frame)
        match verdict:
            case NotMine(why):
                self._pass_over(now, frame, why)
                return True
            case Again(request):
                self._note(now, frame, "again")
                self._answered(now)
                self._request, self._follow_up, self._resends = request, True, 0
                self._be_quiet(now)
            case Done(values):
                self._note(now, frame, "done")
                self._answered(now)
                # handed over after its time (this process stood still): it did not come only now
                self._end(now, End.DONE, values=values, at=min(now, self._deadline))
            case Refused(_, text):
                self._note(now, frame, "refused")
                self._answered(now)
                self.counters.refused += 1
                self._end(now, End.REFUSED, refusal=text)
        return False

    def _pass_over(self, now: int, frame: Frame645, why: str) -> None:
        self._note(now, frame, why)
        self._bytes_back = 0
        if frame.control & 0x80:
            self.counters.late += 1
        elif self._request is not None and self._request.data.endswith(frame.raw):
            self.counters.echoes += 1
        else:
            self.counters.foreign += 1

    def _answered(self, now: int) -> None:
        assert self._work is not None
        # of the time since our last bit the answer's own bytes are not the meter's delay
        delay = now - self._sent_until - self._bytes_back * self.timing.char_ns
        assert self._request is not None
        off = now - self._sent_until - self._request.answer_bytes * self.timing.char_ns
        self.timing.of(self._work.exchange.address).answered(delay, off)
        self._all_back += self._bytes_back

    # ---- deadlines ----------------------------------------------------------------------------

    def _give_up(self, now: int) -> None:
        assert self._work is not None
        if self._request is not None and not self._request.answer_bytes:
            self._end(now, End.DONE)
            return
        self._scanner.gap()
        if self._follow_up and self._resends < FOLLOW_UP_RETRIES:
            # the same SEQ again: what was collected is not thrown away for one lost frame
            self._resends += 1
            self._be_quiet(now)
            return
        if self._answering:
            self.counters.garbled += 1
            self._end(now, End.GARBLED)
        else:
            self.timing.of(self._work.exchange.address).silent()
            self.counters.silent += 1
            self._end(now, End.SILENT)

    # ---- mail ---------------------------------------------------------------------------------

    def _take(self, now: int, message: Any) -> None:
        if self.phase is Phase.STOPPED:
            return
        match message:
            case PortUp():
                if self.phase is Phase.DOWN:
                    self._scanner = Scanner645()
                    # we have not listened: whatever is on the line now gets its gap
                    self._heard_at = now
                    self._be_quiet(now)
                    self._tell("up", "")
            case PortDown(reason):
                self._end(now, End.LINE_DOWN)
                self.phase = Phase.DOWN
                self._tell("down", reason)
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
            case Stop():
                self._work = self._source = self._request = None
                self.phase = Phase.STOPPED
                self._offer(now, message)
                self._tell("stopped", "")
                return
        self._offer(now, message)

    def _offer(self, now: int, message: Any) -> None:
        for source in self.sources:
            self._out.extend(source.mail(message, now))

    # ---- next work and write ------------------------------------------------------------------

    def _speak(self, now: int) -> bytes:
        if self.phase is Phase.QUIET:
            if now < self._quiet_until:
                return b""
            self.phase = Phase.READY
        if self._request is None or self._work is None:
            if not self._find_work(now):
                return b""
            assert self._work is not None
            self._request = self._work.exchange.start()
            self._started = now
            self._follow_up, self._resends = False, 0
            self._bytes_sent = self._all_back = 0
        return self._write(now, self._request)

    def _find_work(self, now: int) -> bool:
        if self._paused:
            return False
        for source in self.sources:
            work = source.next(now)
            if work is not None:
                self._work, self._source = work, source
                return True
        return False

    def _write(self, now: int, request: Request) -> bytes:
        assert self._work is not None
        self._scanner.gap()
        char = self.timing.char_ns
        self._sent_until = now + len(request.data) * char
        self._bytes_sent += len(request.data)
        self._bytes_back = 0
        self._while_sending = b""
        self._answering = False
        self.phase = Phase.WAITING
        if request.answer_bytes:
            first = self._sent_until + self.timing.limit(self._work.exchange.address)
            # an adapter or a pty may hand over the whole answer at its end, not byte by byte
            self._first_deadline = self._deadline = first + request.answer_bytes * char
            self._last_end = first + LONGEST_FRAME * char + BYTE_GAP_NS
        else:
            self._deadline = self._last_end = self._sent_until
        if self.trace:
            self._out.append(Spoke(now, request.data))
        return request.data

    # ---- ends ---------------------------------------------------------------------------------

    def _end(
        self, now: int, end: End, values: Any = (), refusal: str = "", at: int | None = None
    ) -> None:
        work, source = self._work, self._source
        self._work = self._source = self._request = None
        self._be_quiet(now)
        if work is None or source is None:
            return
        self.counters.exchanges += 1
        minimal = 0
        if end in (End.DONE, End.REFUSED):
            minimal = self.timing.minimal(work.exchange.address, self._bytes_sent, self._all_back)
        at = now if at is None else at
        outcome = Outcome(end, at, tuple(values), refusal, at - self._started, minimal)
        given = source.done(work, outcome, now)
        if given:
            self._out.extend(given)
            self._tell("up", "")

    def _be_quiet(self, now: int) -> None:
        """Keep the gap; it counts from the last byte on the line, ours or another's."""
        if self.phase is not Phase.QUIET:
            self._quiet_end = now + QUIET_LIMIT_NS
        last = max(self._heard_at, self._sent_until)
        self._quiet_until = min(last + self.timing.idle_ns, self._quiet_end)
        self.phase = Phase.QUIET

    def _wake(self) -> int:
        match self.phase:
            case Phase.WAITING:
                return self._deadline
            case Phase.QUIET:
                return self._quiet_until
            case Phase.READY if not self._paused:
                return min([source.wake() for source in self.sources], default=NEVER)
            case _:
                return NEVER

    def _listen(self, now: int) -> int:
        """When an answer may be whole; at once in every other phase."""
        if self.phase is not Phase.WAITING or self._work is None or self._request is None:
            return 0
        expected = self._request.answer_bytes
        if self._answering:
            rest = expected - self._bytes_back
            return min(self._deadline, now + rest * self.timing.char_ns) if rest > 0 else 0
        whole = self._sent_until + expected * self.timing.char_ns
        return self.timing.worth_listening(self._work.exchange.address, whole)

    # ---- telling ------------------------------------------------------------------------------

    def _tell(self, state: str, reason: str) -> None:
        counters = replace(self.counters, noise=self._scanner.noise, bad=self._scanner.bad)
        self._out.append(LineState(self.line.id, state, reason, counters))

    def _note(self, now: int, frame: Frame645, verdict: str) -> None:
        if self.trace:
            self._out.append(Heard(now, frame, verdict))
