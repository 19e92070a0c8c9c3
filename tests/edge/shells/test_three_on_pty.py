"""A line's thread on a real pty that carries meters of both kinds and a Modbus unit."""

import itertools
import os
import pty
import queue
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.bus import timing
from edge.bus.master import LineMaster
from edge.bus.parts import LineState, MeterRow, StartSweep, SweepPart
from edge.plan.sweep import Asked, Sweep
from edge.shells.line import LineThread
from edge.site.model import Line, Port
from edge.site.silence import silences
from protocol.exchange import DLT645, DLT698, MODBUS, Exchange
from tests.edge import wire645, wire698, wire_modbus
from tests.edge.shells.peer import DEADLINE_S

OLD, NEW, TMU, UNIT = "000000000001", "000000000002", "tmu1", 5
LINE = Line(id="b1", baud=115200, answer_ms=300)
ASK: dict[str, tuple[str, Exchange]] = {
    DLT645: (OLD, wire645.AskVoltage(OLD)),
    DLT698: (NEW, wire698.AskVolts(NEW)),
    MODBUS: (TMU, wire_modbus.AskOil(TMU, UNIT)),
}
ANSWERS = {
    DLT645: wire645.answer(OLD, "02010100", wire645.volts(2201)),
    DLT698: wire698.answer(NEW, 2316),
    MODBUS: wire_modbus.answer(UNIT, 652, 1),
}
GOOD = {OLD: [2201], NEW: [2316], TMU: [652]}
REQUESTS = {exchange.start().data.lstrip(b"\xfe"): name for name, (_, exchange) in ASK.items()}

Script = Callable[[str, bytes], list[tuple[float, bytes]]]
"""(protocol, request) -> what is written, each after so many seconds."""


class Peer:
    """Answers whole requests by script, and takes the time between an answer and what follows."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.gaps: list[int] = []
        """Silences before requests as measured here, ns."""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._end_out, self._end_in = os.pipe()
        self._wrote = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._end_in, b"!")
        self._thread.join(DEADLINE_S)
        for fd in (self._master, self._slave, self._end_in, self._end_out):
            os.close(fd)

    def _run(self) -> None:
        pending, began = b"", 0
        while True:
            ready, _, _ = select.select((self._master, self._end_out), (), (), DEADLINE_S)
            if self._end_out in ready or not ready:
                return
            began = began if pending else time.monotonic_ns()
            pending += os.read(self._master, 1024)
            protocol = REQUESTS.get(pending.lstrip(b"\xfe"))
            if protocol is not None:
                if self._wrote:
                    self.gaps.append(began - self._wrote)
                request, pending = pending, b""
                self._play(self.script(protocol, request))

    def _play(self, said: list[tuple[float, bytes]]) -> None:
        for delay, data in said:
            if delay and select.select((self._end_out,), (), (), delay)[0]:
                return
            # taken before, not after: whatever holds this thread up then lengthens no silence
            self._wrote = time.monotonic_ns()
            os.write(self._master, data)


class Running:
    """A line thread on a device: sweep after sweep on request."""

    def __init__(self, path: str, asked: list[tuple[str, Exchange]]) -> None:
        self.inbox: queue.Queue[Any] = queue.Queue(100)
        sweep = Sweep(LINE.id, [Asked(device, (exchange,)) for device, exchange in asked])
        self.master = LineMaster(LINE, [sweep])
        self.state: LineState | None = None
        port = Port(port=path, parity="N")
        self.thread = LineThread(LINE, port, self.master, self._post)
        self.thread.start()

    def _post(self, item: Any, wait_s: float) -> None:
        self.inbox.put(item, timeout=wait_s)

    def swept(self, slot: int) -> dict[str, MeterRow]:
        """One whole sweep, by device; the newest LineState stays in `state`."""
        self.thread.mail(StartSweep(slot))
        rows: dict[str, MeterRow] = {}
        while True:
            item = self.inbox.get(timeout=DEADLINE_S)
            if isinstance(item, SweepPart):
                rows |= {row.meter: row for row in item.rows}
                if item.last:
                    self.state = self.inbox.get(timeout=DEADLINE_S)
                    return rows


@contextmanager
def running(script: Script, turns: list[str]) -> Iterator[tuple[Running, Peer]]:
    peer = Peer(script)
    line = Running(peer.path, [ASK[turn] for turn in turns])
    try:
        assert isinstance(line.inbox.get(timeout=DEADLINE_S), LineState)
        yield line, peer
    finally:
        assert line.thread.end(DEADLINE_S)
        peer.close()


def values(rows: dict[str, MeterRow]) -> dict[str, list[int | None]]:
    return {device: [value for _, value, _ in row.values] for device, row in rows.items()}


def usual(protocol: str, _request: bytes) -> list[tuple[float, bytes]]:
    return [(0.004, ANSWERS[protocol])]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer held up by a busy machine is no silent meter."""
    monkeypatch.setattr(timing, "MARGIN_NS", 5 * timing.SECOND)


@pytest.mark.parametrize("turns", list(itertools.permutations(ASK)), ids=" ".join)
@pytest.mark.usefixtures("unhurried")
def test_meters_of_both_kinds_and_a_unit_are_read_in_one_sweep(turns: tuple[str, ...]) -> None:
    with running(usual, list(turns)) as (line, _):
        for slot in range(1, 9):
            assert values(line.swept(slot)) == GOOD
        assert line.state is not None
        told = line.state.counters
        assert (told.silent, told.garbled, told.noise, told.bad, told.late) == (0, 0, 0, 0, 0)


@pytest.mark.usefixtures("unhurried")
def test_the_echo_of_every_request_is_passed_over_in_all_protocols() -> None:
    def echoing(protocol: str, request: bytes) -> list[tuple[float, bytes]]:
        return [(0, request), (0.004, ANSWERS[protocol])]

    with running(echoing, list(ASK)) as (line, _):
        assert values(line.swept(1)) == GOOD
        assert line.state is not None
        assert (line.state.counters.echoes, line.state.counters.noise) == (3, 0)


@pytest.mark.parametrize("late", ASK)
def test_an_answer_that_comes_into_another_protocols_turn_goes_to_nobody(late: str) -> None:
    turns = [late, *(name for name in ASK if name != late)]
    asked = 0

    def script(protocol: str, _request: bytes) -> list[tuple[float, bytes]]:
        nonlocal asked
        asked += 1
        if asked == 1:
            return []
        first = [(0.0, ANSWERS[late])] if asked == 2 else []
        return [*first, (0.004, ANSWERS[protocol])]

    with running(script, turns) as (line, _):
        assert values(line.swept(1)) == GOOD
        assert line.state is not None
        assert (line.state.counters.silent, line.state.counters.late) == (1, 0)
        assert line.state.counters.noise > 0


@pytest.mark.usefixtures("unhurried")
def test_the_pause_of_modbus_is_kept_back_to_back_however_uneven_its_unit() -> None:
    delays = itertools.cycle([0.001] * 12 + [0.002, 0.007, 0.001, 0.0035])
    unit = ASK[MODBUS][1]

    def uneven(protocol: str, _request: bytes) -> list[tuple[float, bytes]]:
        return [(next(delays), ANSWERS[protocol])]

    peer = Peer(uneven)
    line = Running(peer.path, [(f"tmu{n}", unit) for n in range(120)])
    try:
        rows = line.swept(1)
        assert len(rows) == 120
        assert all(row.values for row in rows.values())
        assert len(peer.gaps) == 119
        assert min(peer.gaps) >= silences(LINE)[MODBUS]
    finally:
        assert line.thread.end(DEADLINE_S)
        peer.close()
