"""A line's thread at its edges: a port that flickers, a core without room, a bell after the end."""

import queue
import select
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from edge.bus.master import LineMaster
from edge.bus.parts import LineState, Resume, Stop
from edge.plan.sweep import Asked, Sweep
from edge.shells import line as shell
from edge.shells.line import LineThread
from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Port
from tests.edge.shells.peer import DEADLINE_S, Peer
from tests.edge.wire645 import AskVoltage

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
LINE = Line(id="b1", baud=9600, answer_ms=400)
A = "000000000001"


class Clock:
    """Virtual time, and an alarm that waits in it; what is watched beside a bell is readable."""

    def __init__(self, end: int, over: threading.Event) -> None:
        self.now = 1
        self._end = end
        self._over = over

    def read(self) -> int:
        """Monotonic ns."""
        if self.now >= self._end:
            self._over.set()
        return self.now

    def sharpen(self) -> None:
        """Sharp as it is."""

    def wait(self, watch: Sequence[int], until: int, sharp: bool) -> list[int]:
        """A device is readable at once, nothing else ever is."""
        if len(watch) > 1:
            return [watch[-1]]
        self.now = max(self.now, until)
        return []


class Flicker:
    """A serial port that opens, stays for so long, and is then gone with EIO."""

    def __init__(self, clock: Clock, lasts: int) -> None:
        self._clock, self._lasts = clock, lasts
        self.opened = 0
        self.fd = -1

    def __call__(self, line: Line, port: Port) -> "Flicker":
        """Open it."""
        self.opened += 1
        return self

    def read(self) -> bytes:
        """It goes."""
        self._clock.now += self._lasts
        raise PortError("port_lost", line="b1", port="dev", reason="Input/output error")

    def close(self) -> None:
        """It is gone anyway."""


def openings(monkeypatch: pytest.MonkeyPatch, lasts: int) -> int:
    """How often a port that lasts so long is opened within an hour."""
    over = threading.Event()
    clock = Clock(HOUR, over)
    port = Flicker(clock, lasts)
    monkeypatch.setattr(shell, "SerialPort", port)
    monkeypatch.setattr(shell, "monotonic_ns", clock.read)
    monkeypatch.setattr(shell, "Alarm", lambda: clock)
    told: list[Any] = []
    master = LineMaster(LINE, [Sweep("b1", [])])
    thread = LineThread(LINE, Port(port="dev"), master, lambda item, wait: told.append(item))
    thread.start()
    try:
        assert over.wait(DEADLINE_S)
    finally:
        assert thread.end(DEADLINE_S)
    downs = [one for one in told if isinstance(one, LineState) and one.state == "down"]
    assert len(downs) <= port.opened
    return port.opened


def test_a_port_that_opens_and_is_lost_at_once_is_opened_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # each opening is an event that ends and one that begins, in the journal and on the log
    assert openings(monkeypatch, 0) < 2 * HOUR // shell.FLICKER_MOST_NS


def test_a_port_that_stood_for_a_while_is_opened_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lasted = shell.STOOD_NS
    assert openings(monkeypatch, lasted) >= HOUR // (lasted + shell.REOPEN_FIRST_NS) - 1


def test_a_line_that_has_ended_rings_nothing_that_is_somebody_elses_by_now() -> None:
    peer = Peer(lambda request: [])
    port = Port(port=peer.path, parity="N")
    master = LineMaster(LINE, [Sweep("b1", [])])
    told: queue.Queue[Any] = queue.Queue()
    opened = SerialPort(LINE, port)
    thread = LineThread(LINE, port, master, lambda item, wait: told.put(item), opened=opened)
    thread.start()
    thread.mail(Stop())
    assert thread.end(DEADLINE_S)
    with ExitStack() as stack:
        # the numbers that the thread has given back: another line's port, a broker, the journal
        pairs = [socket.socketpair() for _ in range(8)]
        for one in (one for pair in pairs for one in pair):
            stack.callback(one.close)
        thread.mail(Resume())
        thread.end(0)
        assert select.select([one for pair in pairs for one in pair], (), (), 0)[0] == []
    peer.close()


def test_a_thread_that_dies_is_told_of_however_long_the_core_has_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda died: None)
    told: queue.Queue[Any] = queue.Queue()
    refusals = iter(range(50))

    def post(item: Any, wait: float) -> None:
        if (
            isinstance(item, LineState)
            and item.state == "down"
            and next(refusals, None) is not None
        ):
            raise queue.Full
        told.put(item)

    def broken(*_: object) -> None:
        raise ValueError("planted")

    master = LineMaster(LINE, [Sweep("b1", [Asked(A, (AskVoltage(A),))])])
    thread = LineThread(LINE, Port(port="/dev/null/none"), master, post)
    monkeypatch.setattr(master, "step", broken)
    thread.start()
    state = told.get(timeout=DEADLINE_S)
    assert (state.state, state.reason) == ("down", "internal fault: ValueError: planted")
    assert thread.end(DEADLINE_S)
    assert thread.pauses == 50


def test_a_port_unplugged_before_rts_is_raised_was_lost_and_is_not_unable() -> None:
    peer = Peer(lambda request: [])
    port = SerialPort(LINE, Port(port=peer.path, parity="N", direction="rts"))
    peer.close()
    with pytest.raises(PortError) as caught:
        port.write(b"a")
    port.close()
    assert (caught.value.key, caught.value.facts["reason"]) == ("port_lost", "Input/output error")


def test_a_port_that_has_no_rts_is_said_to_be_unable() -> None:
    peer = Peer(lambda request: [])
    port = SerialPort(LINE, Port(port=peer.path, parity="N", direction="rts"))
    with pytest.raises(PortError) as caught:
        port.write(b"a")
    port.close()
    peer.close()
    assert caught.value.key == "port_direction"
