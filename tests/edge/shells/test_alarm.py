"""The waits of a line's thread: late by less than select is, and never early."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shells import alarm
from edge.shells.alarm import AWAKE_NS, SHORT_NS, Alarm
from edge.shells.clock import monotonic_ns

MS = 1_000_000
SPIN_NS = 1_000
"""What looking once takes."""


class Machine:
    """A clock, and a select that ends so much later than told (earlier where below zero)."""

    def __init__(self) -> None:
        self.now = 10**12
        self.late = 0
        self.slept: list[int] = []
        self.ready_after: int | None = None

    def monotonic_ns(self) -> int:
        return self.now

    def select(
        self, watch: list[int], _write: tuple[()], _error: tuple[()], timeout: float
    ) -> tuple[list[int], list[int], list[int]]:
        if self.ready_after is not None:
            self.now += self.ready_after
            return list(watch), [], []
        told = round(timeout * 1e9)
        self.slept.append(told)
        self.now += told + self.late if told else SPIN_NS
        return [], [], []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(alarm, "monotonic_ns", made.monotonic_ns)
    monkeypatch.setattr(alarm, "select", made)
    return made


def over(machine: Machine, one: Alarm, wait: int) -> int:
    """How late a wait of so many ns ended."""
    until = machine.now + wait
    assert one.wait((), until, sharp=True) == []
    return machine.now - until


def test_a_lateness_that_is_always_there_is_taken_off_once_it_is_known(machine: Machine) -> None:
    machine.late = 90_000
    one = Alarm()
    late = [over(machine, one, 5 * MS) for _ in range(60)]
    assert late[0] > 80_000
    assert max(late[50:]) < 5_000


def test_a_wait_that_ends_before_its_time_is_waited_out(machine: Machine) -> None:
    one = Alarm()
    machine.late = 300_000
    for _ in range(80):
        over(machine, one, 5 * MS)
    for machine.late in (0, -100_000, 50_000):
        assert 0 <= over(machine, one, 5 * MS) <= SPIN_NS + 50_000


def test_one_punctual_wait_is_enough_to_shorten_the_next_one_less(machine: Machine) -> None:
    one = Alarm()
    machine.late = 300_000
    for _ in range(80):
        over(machine, one, 5 * MS)
    machine.late = 0
    over(machine, one, 5 * MS)
    assert one.late == 0


def test_a_machine_that_stands_still_for_long_shortens_no_wait_by_more_than_its_bound(
    machine: Machine,
) -> None:
    one = Alarm()
    machine.late = 40 * MS
    for _ in range(200):
        over(machine, one, 5 * MS)
    assert one.late <= SHORT_NS
    machine.late = 0
    machine.slept.clear()
    over(machine, one, 5 * MS)
    assert machine.slept[0] >= 5 * MS - SHORT_NS


def test_little_is_waited_out_awake(machine: Machine) -> None:
    one = Alarm()
    machine.late = 40 * MS
    for _ in range(200):
        over(machine, one, 5 * MS)
    machine.late = 0
    machine.slept.clear()
    over(machine, one, 5 * MS)
    assert machine.slept.count(0) <= AWAKE_NS // SPIN_NS + 2


def test_a_time_that_has_passed_is_one_look(machine: Machine) -> None:
    assert Alarm().wait((), machine.now - MS, sharp=True) == []
    assert machine.slept == [0]


def test_what_is_readable_ends_the_wait_and_teaches_nothing(machine: Machine) -> None:
    one = Alarm()
    machine.ready_after = MS
    assert one.wait((7,), machine.now + 5 * MS, sharp=True) == [7]
    assert one.late == 0


@pytest.fixture
def pipe() -> Iterator[int]:
    out, into = os.pipe()
    yield out
    os.close(out)
    os.close(into)


def test_on_this_machine_no_wait_ends_early(pipe: int) -> None:
    one = Alarm()
    for wait in (0, 200_000, MS, 2 * MS, MS, 2 * MS, 3 * MS):
        until = monotonic_ns() + wait
        assert one.wait((pipe,), until, sharp=True) == []
        assert monotonic_ns() >= until


def test_the_slack_of_the_thread_is_switched_off_and_of_no_other() -> None:
    slack = Path(f"/proc/{threading.get_native_id()}/timerslack_ns")
    if not slack.exists():
        pytest.skip("this kernel does not show the slack")
    before, seen = slack.read_text("ascii"), []

    def run() -> None:
        Alarm().sharpen()
        own = Path(f"/proc/{threading.get_native_id()}/timerslack_ns")
        seen.append(own.read_text("ascii").strip())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == ["1"]
    assert slack.read_text("ascii") == before


def test_a_kernel_that_keeps_its_slack_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    one = Alarm()
    one.sharpen()
    assert one.late == 0


def test_a_wait_that_is_not_sharp_is_one_sleep_as_long_as_told(machine: Machine) -> None:
    one = Alarm()
    machine.late = 90_000
    for _ in range(20):
        assert one.wait((), machine.now + 5 * MS, sharp=False) == []
    assert machine.slept == [5 * MS] * 20
    assert one.late == 0
