"""A thread for one line: the serial port around a LineMaster.

The thread asks the clock, moves bytes and mail, and hands what the master gives to the core's
queue. When that queue is full the line waits and counts: reading pauses, nothing is thrown away.
A lost port is opened again by itself, with growing pauses, for as long as it takes; one that opens
and is lost again and again is given longer ones, or its coming and going would fill the journal.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from edge.bus.master import Heard, LineMaster, Spoke, Step
from edge.bus.parts import LineState, PortDown, PortUp, Stop
from edge.shells.alarm import Alarm
from edge.shells.clock import monotonic_ns
from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Port

MAILBOX = 64
REOPEN_FIRST_NS = 500_000_000
REOPEN_MOST_NS = 5_000_000_000
STOOD_NS = 10_000_000_000
"""A port that was open for so long was no mere flicker."""
FLICKER_MOST_NS = 30_000_000_000
"""The longest pause between two flickers."""
LONGEST_WAIT_NS = 1_000_000_000
POST_WAIT_S = 0.2

Record = Callable[[str, int, Any, Any], None]
"""(component, now, input, what the step gave back): for the replay proof."""
Tap = Callable[[str, Spoke | Heard], None]


class LineThread:
    """One line. `post` puts into the core's bounded queue and may raise queue.Full."""

    def __init__(
        self,
        line: Line,
        port: Port,
        master: LineMaster,
        post: Callable[[Any, float], None],
        opened: SerialPort | None = None,
        tap: Tap | None = None,
        record: Record | None = None,
    ) -> None:
        self.line = line
        self.pauses = 0
        """Times the core's queue was full."""
        self.mail_refused = 0
        """Messages that found the mailbox full."""
        self._place = port
        self._master = master
        self._post = post
        self._port = opened
        self._tap = tap
        self._record = record
        self._mailbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._bell_out, self._bell_in = os.pipe()
        self._bell = (self._bell_out,)
        self._bell_lock = threading.Lock()
        self._hung = True
        """The bell's descriptors are ours; once closed, their numbers are somebody else's."""
        os.set_blocking(self._bell_out, False)
        os.set_blocking(self._bell_in, False)
        self._alarm = Alarm()
        self._end = threading.Event()
        self._down_reason = ""
        self._news: list[Any] = [] if opened is None else [PortUp()]
        self._reopen_at = 0
        self._pause = REOPEN_FIRST_NS
        self._opened_at = 0
        self._flicker = REOPEN_FIRST_NS // 2
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"line-{line.id}", daemon=True)

    def start(self) -> None:
        """Begin; the port may be open already."""
        self._thread.start()

    def mail(self, message: Any) -> None:
        """Leave a message and ring; a full mailbox refuses and counts."""
        if self._mailbox.qsize() >= MAILBOX:
            self.mail_refused += 1
            return
        self._mailbox.put(message)
        self._ring()

    def end(self, timeout_s: float) -> bool:
        """Stop the thread whatever it does; True if it has ended and the port is free."""
        self._end.set()
        self._ring()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _ring(self) -> None:
        with self._bell_lock:
            if self._hung:
                # a full pipe is a bell that rings already
                with contextlib.suppress(BlockingIOError):
                    os.write(self._bell_in, b"!")

    def _take_down_the_bell(self) -> None:
        with self._bell_lock:
            self._hung = False
            os.close(self._bell_out)
            os.close(self._bell_in)

    # ---- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._alarm.sharpen()
            data = b""
            while not self._end.is_set() and not self._stopped:
                data = self._turn(data)
        except Exception as error:
            # the core must not take a dead line for one that is up
            reason = f"internal fault: {type(error).__name__}: {error}"
            self._hand_over((LineState(self.line.id, "down", reason, self._master.counters),))
            raise
        finally:
            if self._port is not None:
                self._port.close()
            self._take_down_the_bell()

    def _turn(self, data: bytes) -> bytes:
        """One step of the master and the wait after it; what the port said in that time."""
        if self._port is None and monotonic_ns() >= self._reopen_at:
            self._reopen()
        mail: tuple[Any, ...] = ()
        if self._news or not self._mailbox.empty():
            mail = self._collect()
        now = monotonic_ns()
        step = self._master.step(now, data, mail)
        if self._record is not None:
            self._record(self.line.id, now, (data, mail), step)
        if step.write and self._port is not None:
            try:
                self._port.write(step.write)
            except PortError as error:
                self._lose(error)
        if step.out:
            self._hand_over(step.out)
        if self._news or self._stopped:
            return b""
        return self._wait(step)

    def _wait(self, step: Step) -> bytes:
        """What came before the step's time or mail did.

        Before `listen` the port is not watched: what comes by then waits in the driver.
        """
        now, listen = monotonic_ns(), step.listen
        until = min(step.wake, now + LONGEST_WAIT_NS)
        port = self._port
        if port is None:
            self._sleep(self._bell, min(until, self._reopen_at))
            return b""
        try:
            if listen > now:
                if self._sleep(self._bell, min(listen, until)):
                    return b""
                data = port.take()
                if data:
                    return data
            if port.fd in self._sleep((self._bell_out, port.fd), until, step.sharp):
                return port.read()
        except PortError as error:
            self._lose(error)
        return b""

    def _sleep(self, watch: tuple[int, ...], until: int, sharp: bool = False) -> list[int]:
        """What of `watch` became readable before the time; a bell heard is answered."""
        ready = self._alarm.wait(watch, until, sharp)
        if ready and self._bell_out in ready:
            os.read(self._bell_out, MAILBOX)
        return ready

    def _collect(self) -> tuple[Any, ...]:
        mail, self._news = self._news, []
        for _ in range(MAILBOX):
            if self._mailbox.empty():
                break
            mail.append(self._mailbox.get_nowait())
        self._stopped = any(isinstance(message, Stop) for message in mail)
        return tuple(mail)

    def _lose(self, error: PortError) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
        now = monotonic_ns()
        before = REOPEN_FIRST_NS // 2 if now - self._opened_at >= STOOD_NS else self._flicker
        self._pause = self._flicker = min(before * 2, FLICKER_MOST_NS)
        self._reopen_at = now + self._pause
        self._down_reason = error.key
        self._news.append(PortDown(error.text("en")))

    def _reopen(self) -> None:
        """Try; a reason is told when it has changed (one line in the log, not thousands)."""
        try:
            self._port = SerialPort(self.line, self._place)
        except PortError as error:
            self._pause = min(self._pause * 2, REOPEN_MOST_NS)
            self._reopen_at = monotonic_ns() + self._pause
            if error.key != self._down_reason:
                self._down_reason = error.key
                self._news.append(PortDown(error.text("en")))
            return
        self._opened_at = monotonic_ns()
        self._down_reason = ""
        self._news.append(PortUp())

    def _hand_over(self, out: Sequence[Any]) -> None:
        for item in out:
            if isinstance(item, Spoke | Heard):
                if self._tap is not None:
                    self._tap(self.line.id, item)
                continue
            while not self._end.is_set():
                try:
                    self._post(item, POST_WAIT_S)
                    break
                except queue.Full:
                    self.pauses += 1
