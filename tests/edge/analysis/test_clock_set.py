"""A gateway that woke in 1970 and learns the time: what it remembers moves with its clock."""

import msgspec
import pytest

from tests.edge.analysis.sweeps import B1, T0, Run, sweep_part

METER = B1[5]
YEARS = 1_000_000_000_000


@pytest.fixture
def run() -> Run:
    """A run in which a meter has been silent for two sweeps."""
    run = Run()
    run.sweep()
    run.sweep_of("b1", {METER: "silent"})
    run.sweep_of("b1", {METER: "silent"})
    return run


def after(run: Run, word: str) -> None:
    """The next sweep, in the new time."""
    run.slot += 1
    part = sweep_part("b1", run.slot + YEARS // 60_000, dict.fromkeys(B1, "ok") | {METER: word})
    run.note(run.watch.part(part, run.now + YEARS))


def test_a_silence_that_began_before_the_clock_was_set_has_not_lasted_for_decades(run: Run) -> None:
    (begun,) = run.told
    run.watch.clock_set(YEARS - YEARS % 60_000)
    after(run, "ok")
    ended = run.told[-1]
    assert (ended.id, ended.evidence["ended_by"]) == (begun.id, "answer")
    assert ended.evidence["lasted_ms"] == 2 * 60_000
    assert ended.since == begun.since + YEARS - YEARS % 60_000


def test_the_last_answer_of_an_open_silence_moves_too(run: Run) -> None:
    (begun,) = run.watch.newest_open(9)
    run.watch.clock_set(-YEARS)
    (moved,) = run.watch.newest_open(9)
    assert moved.evidence["last_answer_ms"] == T0 + 60_000 + 50 - YEARS
    assert moved.since == begun.since - YEARS


def test_a_silence_seen_before_the_clock_was_set_begins_in_the_new_time() -> None:
    run = Run()
    run.sweep()
    run.sweep_of("b1", {METER: "silent"})
    run.watch.clock_set(YEARS - YEARS % 60_000)
    after(run, "silent")
    (begun,) = run.told
    assert begun.since == T0 + 2 * 60_000 + 50 + YEARS - YEARS % 60_000
    assert begun.evidence["last_answer_ms"] == begun.since - 60_000


def test_a_line_that_came_back_before_the_clock_was_set_bounds_no_silence_after_it() -> None:
    run = Run()
    run.sweep()
    run.port("down")
    run.port("up")
    run.watch.clock_set(-YEARS)
    for _ in range(2):
        run.slot += 1
        part = sweep_part("b1", run.slot, dict.fromkeys(B1, "ok") | {METER: "silent"})
        early = msgspec.structs.replace(part, t=[t - YEARS for t in part.t])
        run.note(run.watch.part(early, run.now - YEARS))
    assert run.told[-1].type == "meter_silent"
    assert run.told[-1].since == T0 + 2 * 60_000 + 50 - YEARS
