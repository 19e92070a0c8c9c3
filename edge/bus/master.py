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
    QUIET     work was found, the line was idle for it     WAITING (request written)
              idle for any protocol, no work               READY
    READY     a work source has work                       WAITING (request written)
    WAITING   verdict Done or Refused                      QUIET   (outcome to the source)
              verdict Again                                QUIET   (its follow-up is sent next)
              deadline, nothing or no whole frame came     QUIET   (SILENT or GARBLED)
    any       mail PortDown                                DOWN    (LINE_DOWN)
    any       mail Stop                                    STOPPED

The line is half duplex and belongs to us alone, but that is not taken for granted: our own echo,
late answers, other meters' answers and requests of a second master are recognised, counted and
passed over. The silence before a request counts from the last byte heard, whoever sent it; a line
that never falls silent is spoken on after QUIET_LIMIT all the same. Its length is that of the next
request's protocol (edge/bus/timing.py), so the next work is looked for when QUIET begins.

A deadline has two parts: until the first byte of the answer the meter's learned limit holds, after
it the byte gap (500 ms, DL/T 645-2007 §5.2.2) with the time of the longest frame as its bound.

Which protocol a question is in, its request says; nothing else differs here but the scanner
(edge/bus/hearing.py), the silence, that a Modbus answer is watched to its end, and that a Modbus
unit which owes one is asked nothing else meanwhile (edge/bus/owed.py).

The master asks to be woken once an exchange where it can: the answer of a meter whose timing is
known (edge/bus/timing.py) is looked for when a silence of its own protocol behind it is over.
Found whole, with nothing strange before or behind it, it ended by `sure_end` and a request of the
same protocol is written in that step. Found in pieces, early, or among strangers it is treated as
any other: the gap counts from now.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from cext.framing import FrameModbus
from edge.bus.hearing import Frame, Hearing
from edge.bus.owed import Owed
from edge.bus.parts import LineCounters, LineState, Pause, PortDown, PortUp, Resume, Stop
from edge.bus.step import Heard as Heard
from edge.bus.step import Spoke as Spoke
from edge.bus.step import Step as Step
from edge.bus.timing import MARGIN_NS, SECOND, UNWATCHED, MeterTiming, line_timing
from edge.bus.work import DONE, NEVER, REFUSED, End, Outcome, Work, WorkSource
from edge.site.model import Line
from protocol.exchange import DLT645, DLT698, MODBUS, Again, Done, NotMine, Refused, Request

BYTE_GAP_NS = SECOND // 2
QUIET_LIMIT_NS = 2 * SECOND
LONGEST_FRAME = {DLT645: 4 + 12 + 255, DLT698: 4 + 2048, MODBUS: 256}
"""Bytes of an answer, wake-up included; where more is awaited, that is the bound."""
FOLLOW_UP_RETRIES = 2


class Phase(Enum):
    """Where the master is; see the table on top."""

    DOWN = "down"
    QUIET = "quiet"
    READY = "ready"
    WAITING = "waiting"
    STOPPED = "stopped"


DOWN, QUIET, READY, WAITING, STOPPED = Phase


class LineMaster:
    """One line. `work` are its sources in order of rank, first wins."""

    def __init__(self, line: Line, work: Sequence[WorkSource], trace: bool = False) -> None:
        self.line = line
        self.timing = line_timing(line)
        self.sources = tuple(work)
        self.trace = trace
        self.phase = DOWN
        self.counters = LineCounters()
        self.sure_end = 0
        """When the present answer has ended though nobody looked, ns; 0 = it is watched."""
        self._hearing = Hearing()
        self._owed = Owed(self.timing.answer_ns + MARGIN_NS)
        self._longest = self._silence = max(self.timing.silence_ns.values())
        self._out: list[Any] = []
        self._paused = False
        self._quiet_until = 0
        self._quiet_end = 0
        self._work: Work | None = None
        self._source: WorkSource | None = None
        self._request: Request | None = None
        self._meter = MeterTiming()
        self._follow_up = False
        self._resends = 0
        self._started = 0
        self._sent_until = 0
        self._deadline = NEVER
        self._first_deadline = NEVER
        self._last_end = NEVER
        self._listen = 0
        self._heard_at = 0
        self._answering = self._strange = False
        self._bytes_sent = self._all_back = 0
        self._while_sending = b""

    def step(self, now: int, data: bytes = b"", mail: Sequence[Any] = ()) -> Step:
        """One step at monotonic `now` ns with the bytes and the mail that came since the last."""
        if data:
            self._hear(now, data)
        if self.phase is WAITING:
            if now >= self._deadline:
                self._give_up(now)
            elif self.sure_end and now >= self._listen:
                self._not_whole()
        for message in mail:
            self._take(now, message)
        write = self._speak(now) if self.phase is QUIET or self.phase is READY else b""
        out = tuple(self._out)
        self._out.clear()
        if self.phase is WAITING:
            wake = self._listen if self.sure_end else self._deadline
            return Step(write, wake, out, self._listen)
        request = self._request
        sharp = self.phase is QUIET and request is not None and request.protocol not in UNWATCHED
        return Step(write, self._wake(), out, sharp=sharp)

    # ---- scanner and verdicts -----------------------------------------------------------------

    def _hear(self, now: int, data: bytes) -> None:
        self._heard_at = now
        if self.sure_end and not self._listen <= now <= self._listen + self._silence:
            # handed over before it was asked for, or this process stood still: nothing is sure
            self.sure_end = 0
        hearing, before = self._hearing, self.phase
        passed_over = b""
        frame = hearing.feed(data)
        while frame is not None:
            passed_over = frame.raw if self._judge(now, frame) else b""
            frame = hearing.feed(b"")
        if self.phase is WAITING:
            self._wait_on(now, data, passed_over)
        elif before is QUIET or before is READY:
            self._be_quiet(now)

    def _wait_on(self, now: int, data: bytes, passed_over: bytes) -> None:
        """What came holds no answer yet."""
        if self.sure_end:
            self._not_whole()
        if passed_over and data.endswith(passed_over):
            # whole and not for us: whoever it was has finished, our meter is still awaited
            self._answering = False
            self._deadline = max(now, self._first_deadline)
        elif self._hearing.back and not self._is_echo(now, data):
            # the answer has begun: the byte gap rules from here
            self._deadline = min(self._last_end, max(self._first_deadline, now + BYTE_GAP_NS))
            # watched from here: whoever looked later would take its own delay for the meter's
            self._listen = now
            self._answering = True

    def _not_whole(self) -> None:
        """The answer was not there, or not all of it, when it had to be: watch it."""
        self.sure_end = 0
        self._meter.patience = 0

    def _is_echo(self, now: int, data: bytes) -> bool:
        """Whether all that came since the request is its own beginning, heard while it is sent."""
        if now >= self._sent_until or self._request is None:
            return False
        self._while_sending += data
        return self._request.data.startswith(self._while_sending)

    def _judge(self, now: int, frame: Frame) -> bool:
        """True if the frame was passed over: not the answer we wait for."""
        if self._work is None or self.phase is not WAITING:
            self._pass_over(now, frame, "no question")
            return True
        verdict = self._work.exchange.on_frame(frame)
        match verdict:
            case Done():
                learn = not self._follow_up and now < self._deadline
                at = self._ended(now, frame, learn)
                self._note(at, frame, "done")
                if verdict.refused:
                    self.counters.refused += 1
                self._end(now, DONE, verdict.values, verdict.refused, at=at)
            case NotMine():
                self._pass_over(now, frame, verdict.why)
                return True
            case Again(request):
                self._note(self._ended(now, frame, learn=False), frame, "again")
                self._request, self._follow_up, self._resends = request, True, 0
                self._be_quiet(now)
            case Refused(_, text):
                # shorter than what was asked for: says nothing of when that would have ended
                at = self._ended(now, frame, learn=False)
                self._note(at, frame, "refused")
                self.counters.refused += 1
                self._end(now, REFUSED, refusal=text, at=at)
        return False

    def _pass_over(self, now: int, frame: Frame, why: str) -> None:
        self._note(now, frame, why)
        self._hearing.pass_over(frame)
        if isinstance(frame, FrameModbus):
            self._owed.heard(frame.unit, now)
        if frame.answer:
            self.counters.late += 1
        elif self._request is not None and self._request.data.endswith(frame.raw):
            self.counters.echoes += 1
            return
        else:
            self.counters.foreign += 1
        self._strange = True

    def _ended(self, now: int, frame: Frame, learn: bool) -> int:
        """When the answer's last byte came, ns; where it was watched its meter is learned."""
        hearing, meter, end = self._hearing, self._meter, self.sure_end
        self._all_back += hearing.back
        if self._request is not None and self._request.expect is not None:
            self._owed.answered(self._request, now)
        if end:
            self.sure_end = 0
            if not hearing.behind(frame) and not self._strange:
                meter.unwatched += 1
                self._heard_at = end
                return end
            meter.patience = 0
        elif learn:
            assert self._request is not None
            # of the time since our last bit the answer's own bytes are not the meter's delay
            since, char = now - self._sent_until, self.timing.char_ns
            expected = self._request.answer_bytes * char
            meter.answered(since - hearing.back * char, since - expected)
        # handed over after its time (this process stood still): it did not come only now
        return min(now, self._deadline)

    # ---- deadlines ----------------------------------------------------------------------------

    def _give_up(self, now: int) -> None:
        assert self._work is not None
        if self._request is not None and not self._request.answer_bytes:
            self._end(now, DONE)
            return
        self._hearing.gap()
        while self.phase is WAITING and (frame := self._hearing.feed(b"")) is not None:
            # whole behind a torn 698 frame, whose length it had to wait for
            self._judge(now, frame)
        if self.phase is not WAITING:
            return
        if self._follow_up and self._resends < FOLLOW_UP_RETRIES:
            # the same SEQ again: what was collected is not thrown away for one lost frame
            self._resends += 1
            self._be_quiet(now)
            return
        if self._request is not None and self._request.expect is not None:
            self._owed.given_up(self._request, self._started, now)
        if self._answering:
            self.counters.garbled += 1
            self._end(now, End.GARBLED)
        else:
            self._meter.silent()
            self.counters.silent += 1
            self._end(now, End.SILENT)

    # ---- mail ---------------------------------------------------------------------------------

    def _take(self, now: int, message: Any) -> None:
        if self.phase is STOPPED:
            return
        match message:
            case PortUp():
                if self.phase is DOWN:
                    self._hearing.gap()
                    # we have not listened: whatever is on the line now gets its gap
                    self._heard_at = now
                    self._be_quiet(now)
                    self._tell("up", "")
            case PortDown(reason):
                self._end(now, End.LINE_DOWN)
                self.phase = DOWN
                self._tell("down", reason)
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
            case Stop():
                self._work = self._source = self._request = None
                self.phase = STOPPED
                self._offer(now, message)
                self._tell("stopped", "")
                return
        self._offer(now, message)

    def _offer(self, now: int, message: Any) -> None:
        for source in self.sources:
            self._out.extend(source.mail(message, now))

    # ---- next work and write ------------------------------------------------------------------

    def _speak(self, now: int) -> bytes:
        request = self._request
        if request is None:
            request = self._find_request(now)
        if request is None:
            if self.phase is QUIET and now >= self._be_idle(self._longest):
                self.phase = READY
            return b""
        if self.phase is QUIET and now < self._be_idle(self.timing.silence_ns[request.protocol]):
            return b""
        owed_until = self._owed.free_at(request, now) if request.expect is not None else 0
        if now < owed_until:
            if self.phase is READY:
                self._be_quiet(now)
            self._quiet_until = owed_until
            return b""
        if self._paused and not self._bytes_sent:
            # found before the pause began: it waits as if it had not been
            return b""
        return self._write(now, request)

    def _find_request(self, now: int) -> Request | None:
        """The first request of the next work; None = there is none."""
        if not self._find_work(now):
            return None
        assert self._work is not None
        exchange = self._work.exchange
        request = self._request = exchange.start()
        self._meter = self.timing.of(exchange.address)
        self._follow_up, self._resends = False, 0
        self._bytes_sent = self._all_back = 0
        return request

    def _be_idle(self, silence: int) -> int:
        """When the line has been silent for so long, counted from the last byte on it, ns."""
        last = max(self._heard_at, self._sent_until)
        self._quiet_until = min(last + silence, self._quiet_end)
        return self._quiet_until

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
        timing, meter, data = self.timing, self._meter, request.data
        self._silence = timing.silence_ns[request.protocol]
        self._hearing.ask(request)
        if not self._bytes_sent:
            self._started = now
        self._bytes_sent += len(data)
        self._sent_until = sent = now + len(data) * timing.char_ns
        self._while_sending = b""
        self._answering = self._strange = False
        self.phase = WAITING
        self.sure_end = 0
        if request.answer_bytes:
            first = sent + timing.limit(meter)
            # an adapter or a pty may hand over the whole answer at its end, not byte by byte
            whole = request.answer_bytes * timing.char_ns
            self._first_deadline = self._deadline = first + whole
            longest = max(LONGEST_FRAME[request.protocol], request.answer_bytes)
            self._last_end = first + longest * timing.char_ns + BYTE_GAP_NS
            always = request.protocol not in UNWATCHED
            if not (self._follow_up or always):
                self.sure_end = timing.latest_end(meter, sent + whole)
            self._listen = self.sure_end + self._silence
            if not self.sure_end or self._listen > self._deadline:
                self.sure_end = 0
                self._listen = min(timing.watch_from(meter, sent + whole, always), self._deadline)
        else:
            self._listen = self._deadline = self._last_end = sent
        if request.expect is not None:
            self._owed.asked(request, now, self._last_end)
        if self.trace:
            self._out.append(Spoke(now, data, request.protocol))
        return data

    # ---- ends ---------------------------------------------------------------------------------

    def _end(
        self, now: int, end: End, values: Any = (), refusal: str = "", at: int | None = None
    ) -> None:
        work, source, request = self._work, self._source, self._request
        self._work = self._source = self._request = None
        self.sure_end = 0
        self._be_quiet(now)
        if work is None or source is None:
            return
        self.counters.exchanges += 1
        minimal = 0
        if (end is DONE or end is REFUSED) and request is not None:
            sent, back = self._bytes_sent, self._all_back
            minimal = self.timing.minimal(self._meter, sent, back, self._silence)
        at = now if at is None else at
        outcome = Outcome(end, at, values, refusal, at - self._started, minimal)
        given = source.done(work, outcome, now)
        if given:
            self._out.extend(given)
            self._tell("up", "")

    def _be_quiet(self, now: int) -> None:
        """From now on the line is to be silent; for how long, says what is asked next."""
        if self.phase is not QUIET:
            self._quiet_end = now + QUIET_LIMIT_NS
        self._be_idle(self._longest)
        self.phase = QUIET

    def _wake(self) -> int:
        """When a line that waits for no answer wants to be called."""
        if self.phase is QUIET:
            held = self._paused and self._request is not None and not self._bytes_sent
            return NEVER if held else self._quiet_until
        if self.phase is READY and not self._paused:
            return min([source.wake() for source in self.sources], default=NEVER)
        return NEVER

    # ---- telling ------------------------------------------------------------------------------

    def _tell(self, state: str, reason: str) -> None:
        hearing = self._hearing
        echoes = self.counters.echoes + hearing.echoes
        counters = replace(self.counters, noise=hearing.noise, bad=hearing.bad, echoes=echoes)
        self._out.append(LineState(self.line.id, state, reason, counters))

    def _note(self, at: int, frame: Frame, verdict: str) -> None:
        if self.trace:
            self._out.append(Heard(at, frame, verdict))
