"""A line's thread on a real pty that carries two DL/T 645 meters and a Modbus unit."""

import os
import pty
import queue
import select
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.bus.master import LineMaster
from edge.bus.parts import LineState, MeterRow, RowEnd, StartSweep, SweepPart
from edge.plan.sweep import Asked, Sweep
from edge.shells.line import LineThread
from edge.site.model import Line, Port
from tests.edge import wire645
from tests.edge.shells.peer import DEADLINE_S, address_of
from tests.edge.wire645 import AskVoltage, volts
from tests.edge.wire_modbus import AskOil, answer, frame, refusal

A, B, TMU = "000000000001", "000000000002", "tmu1"
UNIT = 5
LINE = Line(id="station", baud=9600, answer_ms=300)
VOLTS = {A: 2201, B: 2316}
OIL = 652
ASKED = frame(UNIT, 4, bytes((0, 0, 0, 2)))
SIZE_645 = 16

Script = Callable[[bytes], list[tuple[float, bytes]]]


def reply(request: bytes) -> bytes:
    """What the one asked says."""
    if request == ASKED:
        return answer(UNIT, OIL, 1)
    address = address_of(request)
    return wire645.answer(address, "02010100", volts(VOLTS[address]))


class MixedPeer:
    """Answers whole requests of both protocols by script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._end_out, self._end_in = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._end_in, b"!")
        self._thread.join(DEADLINE_S)
        for fd in (self._master, self._slave, self._end_in, self._end_out):
            os.close(fd)

    def _run(self) -> None:
        pending = b""
        while True:
            ready, _, _ = select.select((self._master, self._end_out), (), (), DEADLINE_S)
            if self._end_out in ready or not ready:
                return
            pending = (pending + os.read(self._master, 1024)).lstrip(b"\xfe")
            size = SIZE_645 if pending[:1] == b"\x68" else len(ASKED)
            if len(pending) >= size:
                request, pending = pending[:size], pending[size:]
                self.requests.append(request)
                self._play(self.script(request))

    def _play(self, said: list[tuple[float, bytes]]) -> None:
        for delay, data in said:
            if delay and select.select((self._end_out,), (), (), delay)[0]:
                return
            os.write(self._master, data)


class Running:
    """A line thread on a device: sweep after sweep on request."""

    def __init__(self, path: str) -> None:
        self.inbox: queue.Queue[Any] = queue.Queue(100)
        exchanges = ((A, AskVoltage(A)), (TMU, AskOil(TMU, UNIT)), (B, AskVoltage(B)))
        self.master = LineMaster(
            LINE, [Sweep(LINE.id, [Asked(device, (ask,)) for device, ask in exchanges])]
        )
        self.state: LineState | None = None
        self.thread = LineThread(
            LINE,
            Port(port=path, parity="N"),
            self.master,
            lambda item, wait: self.inbox.put(item, timeout=wait),
        )
        self.thread.start()

    def swept(self, slot: int = 1) -> dict[str, MeterRow]:
        """One whole sweep, by device; the newest LineState stays in `state`."""
        self.thread.mail(StartSweep(slot))
        while True:
            item = self.inbox.get(timeout=DEADLINE_S)
            if isinstance(item, SweepPart) and item.last:
                self.state = self.inbox.get(timeout=DEADLINE_S)
                return {row.meter: row for row in item.rows}


@contextmanager
def mixed(script: Script) -> Iterator[tuple[Running, MixedPeer]]:
    peer = MixedPeer(script)
    running = Running(peer.path)
    try:
        assert isinstance(running.inbox.get(timeout=DEADLINE_S), LineState)
        yield running, peer
    finally:
        assert running.thread.end(DEADLINE_S)
        peer.close()


def values(rows: dict[str, MeterRow]) -> dict[str, list[int | None]]:
    return {device: [value for _, value, _ in row.values] for device, row in rows.items()}


GOOD = {A: [2201], TMU: [OIL], B: [2316]}


def test_meters_and_a_unit_are_read_in_one_sweep() -> None:
    with mixed(lambda r: [(0.03, reply(r))]) as (line, peer):
        assert values(line.swept()) == GOOD
        assert peer.requests[1] == ASKED
        assert line.state is not None
        assert (line.state.counters.noise, line.state.counters.bad) == (0, 0)


def test_a_line_whose_timing_is_learned_reads_on_and_loses_nothing() -> None:
    with mixed(lambda r: [(0.05, reply(r))]) as (line, _):
        for slot in range(1, 13):
            assert values(line.swept(slot)) == GOOD
        assert line.state is not None
        assert (line.state.counters.silent, line.state.counters.garbled) == (0, 0)


def test_the_echo_of_every_request_is_passed_over_in_both_protocols() -> None:
    with mixed(lambda r: [(0, r), (0.04, reply(r))]) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.state is not None
        assert (line.state.counters.echoes, line.state.counters.noise) == (3, 0)


@pytest.mark.parametrize("place", range(1, 9))
def test_a_units_answer_split_at_this_byte_is_whole(place: int) -> None:
    def split(request: bytes) -> list[tuple[float, bytes]]:
        whole = reply(request)
        return [(0.03, whole[:place]), (0.004, whole[place:])]

    with mixed(split) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.master.counters.garbled == 0


def test_late_answers_of_the_other_protocol_go_to_nobody() -> None:
    turns = 0

    def late(request: bytes) -> list[tuple[float, bytes]]:
        nonlocal turns
        turns += 1
        match turns:
            case 1:
                return []
            case 2:
                # the unit's turn: only the meter A of the turn before speaks
                return [(0, wire645.answer(A, "02010100", volts(1111)))]
            case 3:
                # the meter B's turn: the unit has found its answer
                return [(0, answer(UNIT, 999, 1)), (0.04, reply(request))]
            case _:
                return [(0.03, reply(request))]

    with mixed(late) as (line, peer):
        assert values(line.swept()) == GOOD
        assert [len(r) for r in peer.requests] == [16, 8, 16, 16, 8]
        assert line.state is not None
        assert line.state.counters.noise == 22 + 9


def test_a_unit_without_an_answer_is_named_and_the_meters_are_read() -> None:
    with mixed(lambda r: [] if r == ASKED else [(0.03, reply(r))]) as (line, _):
        rows = line.swept()
        assert values(rows) == {**GOOD, TMU: []}
        assert rows[TMU].end is RowEnd.NO_ANSWER
        assert [quantity.name for quantity in rows[TMU].absent] == ["oil_temperature"]


def test_a_unit_that_refuses_is_named_and_not_asked_again() -> None:
    def refuses(request: bytes) -> list[tuple[float, bytes]]:
        return [(0.03, refusal(UNIT, 2) if request == ASKED else reply(request))]

    with mixed(refuses) as (line, peer):
        rows = line.swept()
        assert values(rows) == {**GOOD, TMU: []}
        assert rows[TMU].refused
        assert peer.requests.count(ASKED) == 1


def test_an_answer_with_a_wrong_crc_is_no_value() -> None:
    def bent(request: bytes) -> list[tuple[float, bytes]]:
        whole = reply(request)
        if request == ASKED:
            whole = whole[:3] + bytes((whole[3] ^ 1,)) + whole[4:]
        return [(0.03, whole)]

    with mixed(bent) as (line, _):
        rows = line.swept()
        assert values(rows) == {**GOOD, TMU: []}
        assert rows[TMU].end is RowEnd.GARBLED
