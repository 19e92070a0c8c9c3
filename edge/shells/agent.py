"""The agent as threads: one a line, one for the core, paho's own, and the caller's for signals.

The core's queue is bounded; whoever finds it full waits. The core thread is the only one that
touches the journal and the session.
"""

import queue
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from edge.agent import Core, CoreStep, Note, Signal
from edge.shells.clock import WallClock, monotonic_ns
from edge.shells.line import LineThread, Record
from edge.shells.mqtt import MqttShell

INBOX = 256
SWITCH_INTERVAL_S = 0.0005
"""Python's thread switch interval: 5 ms by default, which every answer on a line might wait."""
TICK_NS = 1_000_000_000
NET_CLOSE_S = 1.0
LINE_CLOSE_S = 1.0


class Agent:
    """Runs a Core with its lines and its broker connection until it has finished."""

    def __init__(
        self,
        core: Core,
        clock: WallClock,
        log: Callable[[Note], None],
        record: Record | None = None,
    ) -> None:
        self._core = core
        self._clock = clock
        self._log = log
        self._record = record
        self._inbox: queue.Queue[Any] = queue.Queue(INBOX)
        self._lines: dict[str, LineThread] = {}
        self._net: MqttShell | None = None
        self._finished = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

    def post(self, item: Any, wait_s: float = 0.2) -> None:
        """Into the core's queue; queue.Full after `wait_s`."""
        self._inbox.put(item, timeout=wait_s)

    def start(self, lines: Mapping[str, LineThread], net: MqttShell | None) -> None:
        """Begin; `lines` and `net` were made with this agent's post."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._lines = dict(lines)
        self._net = net
        for line in self._lines.values():
            line.start()
        self._thread.start()

    def stop(self, name: str) -> None:
        """Ask the core to end; from any thread but a signal handler."""
        self.post(Signal(name), wait_s=1.0)

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
            self._loop()
        except BaseException as error:  # noqa: BLE001 - handed to wait(), which raises it
            self._fault = error
        finally:
            if self._net is not None:
                self._net.close(NET_CLOSE_S)
            for line in self._lines.values():
                line.end(LINE_CLOSE_S)
            self._finished.set()

    def _loop(self) -> None:
        step = self._step(self._clock.tick())
        ticked = monotonic_ns()
        while not step.finished:
            given = self._next(step.wake)
            if monotonic_ns() - ticked >= TICK_NS:
                ticked = monotonic_ns()
                step = self._step(self._clock.tick())
                if given is None or step.finished:
                    continue
            step = self._step(given)

    def _next(self, wake: int) -> Any:
        left = (wake - monotonic_ns()) / 1e9
        try:
            return self._inbox.get(timeout=left) if left > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _step(self, given: Any) -> CoreStep:
        now = monotonic_ns()
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
