"""A line's thread on a real pty: what a pair of wires does to frames, one case a test."""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.bus.master import LineMaster
from edge.bus.parts import LineState, MeterRow, RowEnd, StartSweep, SweepPart
from edge.plan.sweep import Asked, Sweep
from edge.shells.line import LineThread
from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Port
from tests.edge.shells.peer import DEADLINE_S, Peer, Script, address_of
from tests.edge.wire645 import AskVoltage, answer, frame, volts

A, B = "000000000001", "000000000002"
LINE = Line(id="b1", baud=9600, answer_ms=400)
SENDING = 0.03
"""The time our request takes on a line of 9600 baud; a pty hands it over at once."""
VOLTS = {A: 2201, B: 2316}


def reply(request: bytes, wake: int = 4) -> bytes:
    address = address_of(request)
    return answer(address, "02010100", volts(VOLTS[address]), wake)


class Running:
    """A line thread on a device, and what it gives."""

    def __init__(self, path: str, tap: Callable[..., None] | None = None) -> None:
        self.inbox: queue.Queue[Any] = queue.Queue(100)
        self.sweep = Sweep("b1", [Asked(a, (AskVoltage(a),)) for a in (A, B)])
        self.master = LineMaster(LINE, [self.sweep])
        port = Port(port=path, parity="N")
        self.thread = LineThread(
            LINE, port, self.master, lambda item, wait: self.inbox.put(item, timeout=wait)
        )
        self.thread.start()

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The next thing of the line for which `wanted` holds."""
        while True:
            item = self.inbox.get(timeout=DEADLINE_S)
            if wanted(item):
                return item

    def up(self) -> None:
        self.until(lambda item: isinstance(item, LineState) and item.state == "up")

    def swept(self, slot: int = 1) -> dict[str, MeterRow]:
        """One whole sweep, by meter."""
        self.thread.mail(StartSweep(slot))
        part = self.until(lambda item: isinstance(item, SweepPart) and item.last)
        return {row.meter: row for row in part.rows}


@contextmanager
def line_with(script: Script) -> Iterator[tuple[Running, Peer]]:
    peer = Peer(script)
    running = Running(peer.path)
    try:
        running.up()
        yield running, peer
    finally:
        assert running.thread.end(DEADLINE_S)
        peer.close()


def values(rows: dict[str, MeterRow]) -> dict[str, list[int | None]]:
    return {meter: [value for _, value, _ in row.values] for meter, row in rows.items()}


GOOD = {A: [2201], B: [2316]}


def test_echo_on_every_request_is_passed_over() -> None:
    with line_with(lambda r: [(0, b"\xfe" * 4 + r), (0.01, reply(r))]) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.master.counters.echoes == 2


@pytest.mark.parametrize("wake", [0, 7])
def test_any_number_of_wake_up_bytes_before_an_answer_is_fine(wake: int) -> None:
    with line_with(lambda r: [(0, reply(r, wake))]) as (line, _):
        assert values(line.swept()) == GOOD


@pytest.mark.parametrize("place", range(1, 22))
def test_an_answer_split_at_this_byte_is_whole(place: int) -> None:
    with line_with(lambda r: [(0, reply(r)[:place]), (0.004, reply(r)[place:])]) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.master.counters.garbled == 0


def test_an_answer_that_comes_byte_by_byte_is_whole() -> None:
    def trickle(request: bytes) -> list[tuple[float, bytes]]:
        return [(0.001, bytes((byte,))) for byte in reply(request)]

    with line_with(trickle) as (line, _):
        assert values(line.swept()) == GOOD


def test_a_gap_inside_a_frame_is_waited_for() -> None:
    with line_with(lambda r: [(SENDING, reply(r)[:11]), (0.3, reply(r)[11:])]) as (line, _):
        assert values(line.swept()) == GOOD


def test_a_frame_broken_off_is_garbled_and_asked_for_again() -> None:
    tries: list[str] = []

    def broken_once(request: bytes) -> list[tuple[float, bytes]]:
        tries.append(address_of(request))
        whole = reply(request)
        return [(SENDING, whole[:11] if tries.count(A) == 1 and tries[-1] == A else whole)]

    with line_with(broken_once) as (line, _):
        assert values(line.swept()) == GOOD
        assert tries == [A, B, A]
        assert line.master.counters.garbled == 1


def test_a_late_answer_of_a_in_bs_slot_goes_to_nobody() -> None:
    held: list[bytes] = []

    def late(request: bytes) -> list[tuple[float, bytes]]:
        if address_of(request) == A and not held:
            held.append(reply(request))
            return []
        if address_of(request) == B:
            return [(0, held[0]), (0.02, reply(request))]
        return [(0, reply(request))]

    with line_with(late) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.master.counters.late == 1


def test_a_foreign_answer_is_passed_over() -> None:
    stranger = answer("999000000001", "02010100", volts(1111))
    with line_with(lambda r: [(0, stranger), (0.02, reply(r))]) as (line, _):
        assert values(line.swept()) == GOOD
        assert line.master.counters.late == 2


def test_a_meter_without_an_answer_is_named_and_the_others_are_read() -> None:
    with line_with(lambda r: [(0, reply(r))] if address_of(r) == B else []) as (line, peer):
        rows = line.swept()
        assert values(rows) == {A: [], B: [2316]}
        assert rows[A].end is RowEnd.NO_ANSWER
        assert [q.name for q in rows[A].absent] == ["voltage_a"]
        assert [address_of(r) for r in peer.requests] == [A, B, A]


def test_a_port_that_goes_away_comes_back_by_itself(tmp_path: Path) -> None:
    link = tmp_path / "b1"
    first = Peer(lambda r: [(0, reply(r))])
    link.symlink_to(first.path)
    running = Running(str(link))
    try:
        running.up()
        assert values(running.swept(1)) == GOOD
        link.unlink()
        first.close()
        down = running.until(lambda i: isinstance(i, LineState) and i.state == "down")
        assert "was lost" in down.reason
        second = Peer(lambda r: [(0, reply(r))])
        link.symlink_to(second.path)
        running.up()
        assert values(running.swept(2)) == GOOD
    finally:
        assert running.thread.end(DEADLINE_S)
    second.close()


def test_a_second_process_on_the_same_port_is_refused_and_the_first_reads_on() -> None:
    with line_with(lambda r: [(0, reply(r))]) as (line, peer):
        child_out, child_in = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                SerialPort(LINE, Port(port=peer.path, parity="N"))
                os.write(child_in, b"opened")
            except PortError as error:
                os.write(child_in, error.key.encode())
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        assert os.read(child_out, 100) == b"port_busy"
        os.close(child_out)
        os.close(child_in)
        assert values(line.swept()) == GOOD


def test_ending_the_thread_frees_the_port() -> None:
    with line_with(lambda r: [(0, reply(r))]) as (line, peer):
        assert line.thread.end(DEADLINE_S)
        SerialPort(LINE, Port(port=peer.path, parity="N")).close()


def test_a_full_queue_to_the_core_pauses_the_line_and_loses_nothing() -> None:
    peer = Peer(lambda r: [(0, reply(r))])
    taken: list[Any] = []
    gate, refused = threading.Event(), threading.Event()

    def post(item: Any, wait: float) -> None:
        if not gate.is_set():
            refused.set()
            gate.wait(wait)
            raise queue.Full
        taken.append(item)

    sweep = Sweep("b1", [Asked(a, (AskVoltage(a),)) for a in (A, B)], repeat=True, limit=2)
    port = Port(port=peer.path, parity="N")
    thread = LineThread(LINE, port, LineMaster(LINE, [sweep]), post)
    thread.start()
    try:
        assert refused.wait(DEADLINE_S)
        assert peer.requests == []
        gate.set()
        peer.wait_requests(4)
    finally:
        assert thread.end(DEADLINE_S)
        peer.close()
    assert thread.pauses > 0
    assert isinstance(taken[0], LineState)
    assert len([item for item in taken if isinstance(item, SweepPart)]) >= 1


def test_a_request_goes_out_whole_with_its_wake_up_bytes() -> None:
    with line_with(lambda r: [(0, reply(r))]) as (line, peer):
        line.swept()
        expected = frame(A, 0x11, bytes.fromhex("02010100")[::-1], wake=0)
        assert peer.requests[0] == expected


def test_a_thread_that_dies_of_a_fault_says_that_its_line_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda died: None)
    with line_with(lambda r: [(0, reply(r))]) as (line, _):

        def broken(*_: object) -> None:
            raise ValueError("planted")

        monkeypatch.setattr(line.master, "step", broken)
        line.thread.mail(StartSweep(1))
        state = line.until(lambda item: isinstance(item, LineState) and item.state == "down")
        assert state.reason == "internal fault: ValueError: planted"
