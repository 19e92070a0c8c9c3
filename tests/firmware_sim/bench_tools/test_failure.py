"""The course of a failure: broken when all is well, mended when named, over when all is read."""

from types import SimpleNamespace
from typing import Any

import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools import failure as module
from firmware_sim.bench_tools.devices import Devices
from firmware_sim.bench_tools.failure import HOLD_S, KINDS, PHASE_MOST_S, Failure, Phase
from firmware_sim.bench_tools.listen import Told

LINES = ("b1", "b2", "b3", "b4", "b5", "station")
DUE = {f"{line}-{n}": line for line in LINES for n in range(3 if line == "b5" else 4)}


class Bench:
    """Stands for a Rig: what arrived and what the gateway says is set by the test."""

    def __init__(self) -> None:
        self.lines = LINES
        self.devices = Devices(
            kinds=dict.fromkeys(DUE, "single-phase"),
            lines=DUE,
            households=tuple(d for d, line in DUE.items() if line != "station"),
            station=tuple(d for d, line in DUE.items() if line == "station"),
        )
        self.due = tuple(DUE)
        self.whole = 0
        self.state_at = 0
        self.sweeps = 1
        self.told: list[Told] = []
        self.commands: list[str] = []
        self.broker_at_work = True
        self.arrived = SimpleNamespace(newest={}, meters=lambda _: self.whole)
        self.meters = SimpleNamespace(tell=self.commands.append)
        self.state = SimpleNamespace(
            events=lambda: self.told,
            line=lambda _: {"sweeps": self.sweeps},
            backlog=5,
            told_at=lambda: self.state_at,
        )

    def kill_broker(self) -> None:
        self.broker_at_work = False

    def start_broker_again(self) -> None:
        self.broker_at_work = True


class Time:
    """A clock that the test turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        clock = SimpleNamespace(
            monotonic=lambda: self.now, time_ns=lambda: int(self.now * 1_000_000_000)
        )
        monkeypatch.setattr(module, "time", clock)

    @property
    def ms(self) -> int:
        return int(self.now * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def started(name: str, bench: Bench) -> Failure:
    """A failure that has just been broken."""
    given: Any = bench
    failure = Failure(KINDS[name], given)
    assert len(failure.look()) == 1, "what is to come"
    assert failure.look() == []
    bench.whole = len(bench.due)
    assert len(failure.look()) == 2
    assert failure.phase is Phase.BROKEN
    return failure


def read_again(bench: Bench, clock: Time) -> None:
    bench.arrived.newest = dict.fromkeys(bench.due, clock.ms + 1)


def test_a_line_is_taken_away_only_after_a_whole_sweep_and_comes_back_when_named(
    clock: Time,
) -> None:
    bench = Bench()
    failure = started("line", bench)
    assert bench.commands == ["break line b3"]
    clock.now += HOLD_S
    assert failure.look() == []
    bench.told = [Told("e1", "line_down", "b3", clock.ms, None)]
    assert len(failure.look()) == 1
    assert bench.commands == ["break line b3", "mend line b3"]
    read_again(bench, clock)
    assert failure.look() == [], "its event is not over"
    bench.told = [Told("e1", "line_down", "b3", clock.ms, clock.ms)]
    assert len(failure.look()) == 1
    assert (failure.phase, failure.unnamed()) == (Phase.OVER, [])


def test_a_sweep_that_ends_first_after_the_repair_was_cut_off_the_second_was_not(
    clock: Time,
) -> None:
    bench = Bench()
    failure = started("usb", bench)
    assert failure.cut_off() == {"b1", "b2", "b3"}
    clock.now += HOLD_S
    bench.told = [Told(f"e{line}", "line_down", line, clock.ms, None) for line in failure.subjects]
    failure.look()
    assert failure.phase is Phase.MENDED
    bench.sweeps += 1
    assert failure.cut_off() == {"b1", "b2", "b3"}
    bench.sweeps += 1
    assert failure.cut_off() == frozenset()


def test_the_line_of_a_meter_is_the_one_whose_sweep_is_cut_off(clock: Time) -> None:
    assert started("meter", Bench()).cut_off() == {"b5"}
    assert started("broker", Bench()).cut_off() == frozenset()


def test_it_is_not_over_before_every_device_was_read_again(clock: Time) -> None:
    bench = Bench()
    failure = started("line", bench)
    clock.now += HOLD_S
    bench.told = [Told("e1", "line_down", "b3", clock.ms, clock.ms)]
    failure.look()
    read_again(bench, clock)
    del bench.arrived.newest["b4-0"]
    assert failure.look() == []


def test_a_hub_takes_three_lines_and_each_must_be_named(clock: Time) -> None:
    bench = Bench()
    failure = started("usb", bench)
    assert bench.commands == ["break line b1", "break line b2", "break line b3"]
    clock.now += HOLD_S
    bench.told = [Told("e1", "line_down", "b1", clock.ms, None)]
    assert failure.look() == []
    assert failure.unnamed() == ["b2", "b3"]


def test_a_meter_is_dead_for_three_whole_sweeps_of_its_line(clock: Time) -> None:
    bench = Bench()
    failure = started("meter", bench)
    assert bench.commands == ["break meter b5-0"]
    bench.told = [Told("e1", "meter_silent", "b5-0", clock.ms, None)]
    bench.sweeps += 3
    assert failure.look() == []
    bench.sweeps += 1
    assert len(failure.look()) == 1
    assert bench.commands[-1] == "mend meter b5-0"


def test_the_broker_s_failure_is_over_when_nothing_waits(clock: Time) -> None:
    bench = Bench()
    failure = started("broker", bench)
    assert not bench.broker_at_work
    clock.now += HOLD_S
    failure.look()
    assert bench.broker_at_work
    read_again(bench, clock)
    bench.state_at = clock.ms + 1
    assert failure.look() == []
    bench.state.backlog = 0
    assert len(failure.look()) == 1


def test_an_event_of_before_names_nothing(clock: Time) -> None:
    bench = Bench()
    bench.told = [Told("e0", "line_down", "b3", clock.ms - 60_000, clock.ms - 50_000)]
    failure = started("line", bench)
    clock.now += HOLD_S
    assert failure.look() == []
    assert failure.unnamed() == ["b3"]


def test_it_may_be_held_longer_than_any_phase_may_take(clock: Time) -> None:
    bench = Bench()
    given: Any = bench
    failure = Failure(KINDS["line"], given, hold_s=2 * PHASE_MOST_S)
    failure.look()
    bench.whole = len(bench.due)
    failure.look()
    bench.told = [Told("e1", "line_down", "b3", clock.ms, None)]
    clock.now += 2 * PHASE_MOST_S - 1
    assert failure.look() == []
    clock.now += 1
    assert len(failure.look()) == 1
    assert failure.phase is Phase.MENDED


@pytest.mark.parametrize("name", list(KINDS))
def test_no_phase_waits_for_ever(name: str, clock: Time) -> None:
    given: Any = Bench()
    failure = Failure(KINDS[name], given)
    clock.now += PHASE_MOST_S + 1
    with pytest.raises(BoxgateError) as caught:
        failure.look()
    assert caught.value.key == "demo_failed"
