"""The agent as threads: one a line, one for the core, paho's own, and the caller's for signals.

The core's queue is bounded; whoever finds it full waits. The core thread is the only one that
touches the journal and the session.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from edge.agent import Core
from edge.door import CoreStep, Note, Signal
from edge.shells.clock import WallClock, both, monotonic_ns
from edge.shells.line import LineThread, Record
from edge.shells.mqtt import MqttShell
from edge.words import BoxgateError

INBOX = 256
SWITCH_INTERVAL_S = 0.0005
"""Python's thread switch interval: 5 ms by default, which every answer on a line might wait."""
TICK_NS = 2_000_000_000
"""How old the core's idea of the wall clock may grow."""
BUILD_DEADLINE_S = 60.0
"""Opening a journal checks it; a large one on a slow card takes its time."""
BUILD_POLL_S = 0.1
LEAVE_S = 4.5
"""From the first signal to leaving whatever hangs; the core itself needs at most 4 s."""
NET_CLOSE_S = 1.0
LINE_CLOSE_S = 1.0


class Agent:
    """Runs a Core with its lines and its broker connection until it has finished.

    `build` makes the Core and gives what closes its journal; both happen in the core thread,
    because SQLite holds a connection to the thread that opened it. `on_end` is called from that
    thread when all is over.
    """

    def __init__(
        self,
        build: Callable[[], tuple[Core, Callable[[], None]]],
        clock: WallClock,
        log: Callable[[Note], None],
        record: Record | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self._build = build
        self._on_end = on_end
        self._built = threading.Event()
        self._clock = clock
        self._log = log
        self._record = record
        self._inbox: queue.Queue[Any] = queue.Queue(INBOX)
        self._lines: dict[str, LineThread] = {}
        self._net: MqttShell | None = None
        self._finished = threading.Event()
        self._go = threading.Event()
        self._abandoned = False
        self._core: Core
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

    def post(self, item: Any, wait_s: float = 0.2) -> None:
        """Into the core's queue; queue.Full after `wait_s`."""
        self._inbox.put(item, timeout=wait_s)

    def open(self, told_to_end: Callable[[], bool] = lambda: False) -> Core:
        """Start the core thread and build the Core in it; raises what stopped that.

        A journal that is not open LEAVE_S after `told_to_end` began to hold is not waited for:
        KeyboardInterrupt.
        """
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        told, until = False, time.monotonic() + BUILD_DEADLINE_S
        while not self._built.wait(min(BUILD_POLL_S, max(0.0, until - time.monotonic()))):
            if not told and told_to_end():
                told, until = True, min(until, time.monotonic() + LEAVE_S)
            if time.monotonic() >= until:
                if told:
                    raise KeyboardInterrupt
                raise BoxgateError("journal_slow", seconds=int(BUILD_DEADLINE_S))
        if self._fault is not None:
            raise self._fault
        return self._core

    def start(self, lines: Mapping[str, LineThread], net: MqttShell | None) -> None:
        """Begin; `lines` and `net` were made with this agent's post."""
        self._lines = dict(lines)
        self._net = net
        for line in self._lines.values():
            line.start()
        self._go.set()

    def abandon(self) -> None:
        """End an agent that was opened and cannot be started."""
        self._abandoned = True
        self._go.set()
        self._thread.join(BUILD_DEADLINE_S)

    def stop(self, name: str) -> bool:
        """Ask the core to end; from any thread but a signal handler. False: its queue is full."""
        try:
            self.post(Signal(name), wait_s=0.5)
        except queue.Full:
            return False
        return True

    def wait(self, timeout_s: float) -> bool:
        """True once everything has ended; raises what the core thread died of."""
        if not self._finished.wait(timeout_s):
            return False
        if self._fault is not None:
            raise self._fault
        return True

    # ---- the core thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            # whatever fails on the way out, the rest of the way is still gone
            with ExitStack() as ending:
                self._core, close = self._build()
                ending.callback(close)
                self._built.set()
                self._go.wait()
                if not self._abandoned:
                    ending.callback(self._end_lines)
                    ending.callback(self._end_net)
                    self._loop()
        except BaseException as error:  # noqa: BLE001 - handed to open() or wait(), which raise it
            self._fault = error
        finally:
            self._built.set()
            self._finished.set()
            if self._on_end is not None:
                self._on_end()

    def _end_net(self) -> None:
        if self._net is not None:
            self._net.close(NET_CLOSE_S)

    def _end_lines(self) -> None:
        for line in self._lines.values():
            line.end(LINE_CLOSE_S)

    def _loop(self) -> None:
        ticked, tick = both(self._clock)
        step = self._step(ticked, tick)
        while not step.finished:
            given = self._next(step.wake)
            if monotonic_ns() - ticked >= TICK_NS:
                ticked, tick = both(self._clock)
                step = self._step(ticked, tick)
                if given is None or step.finished:
                    continue
            step = self._step(monotonic_ns(), given)

    def _next(self, wake: int) -> Any:
        left = (wake - monotonic_ns()) / 1e9
        try:
            return self._inbox.get(timeout=left) if left > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _step(self, now: int, given: Any) -> CoreStep:
        step = self._core.step(now, given)
        if self._record is not None:
            self._record("core", now, given, step)
        for note in step.notes:
            self._log(note)
        for line, message in step.mail:
            self._lines[line].mail(message)
        if self._net is not None:
            for action in step.net:
                self._net.act(action)
        return step
