"""Clocks that run wrong: what they show is a function of time, and so is when they show it."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_sim.world.drift import ALLOWED_PPB, EXACT, LAST_SET, WORST_PPB, Drift, drift_of

NOON = int(datetime(2026, 8, 16, 4, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000
CLOCKS = st.builds(
    Drift,
    st.integers(-1_000_000, 1_000_000),
    st.integers(NOON - 4000 * DAY_MS, NOON + 4000 * DAY_MS),
)
INSTANTS = st.integers(NOON - 1000 * DAY_MS, NOON + 4000 * DAY_MS)


@given(CLOCKS, INSTANTS)
@example(EXACT, NOON)
@example(Drift(1_000_000, NOON - 4000 * DAY_MS), NOON + 4000 * DAY_MS)
@example(Drift(-1_000_000, NOON - 4000 * DAY_MS), NOON + 4000 * DAY_MS)
def test_when_is_the_first_instant_at_which_that_is_shown(clock: Drift, shown: int) -> None:
    first = clock.when(shown)
    assert clock.shown(first) >= shown > clock.shown(first - 1)


@given(CLOCKS, INSTANTS, st.integers(0, 10 * DAY_MS))
def test_no_clock_runs_back(clock: Drift, at: int, step: int) -> None:
    assert clock.shown(at) <= clock.shown(at + step)


@given(st.integers(-50_000, 50_000), INSTANTS)
def test_a_clock_is_right_where_it_was_set_and_gains_its_rate_from_there(
    ppb: int, right: int
) -> None:
    clock = Drift(ppb, right)
    assert clock.gained(right) == 0
    assert clock.gained(right + 1_000_000_000) == ppb


def test_most_clocks_keep_half_a_second_a_day_and_few_are_worse_within_50_ppm() -> None:
    rates = [abs(drift_of("1/desk", f"{n:012d}").ppb) for n in range(2000)]
    bad = [rate for rate in rates if rate > ALLOWED_PPB]
    assert 50 < len(bad) < 150
    assert WORST_PPB / 2 < max(bad) <= WORST_PPB
    assert len({rate for rate in rates if rate <= ALLOWED_PPB}) > 1000


def test_each_was_last_set_within_the_months_before_the_october_of_2026() -> None:
    first = LAST_SET.timestamp() * 1000
    since = [drift_of("1/desk", f"{n:012d}").right_ms for n in range(200)]
    assert first <= min(since) < max(since) < first + 270 * DAY_MS


def test_a_clock_goes_by_seed_and_number_alone() -> None:
    assert drift_of("1/desk", "370112110001") == drift_of("1/desk", "370112110001")
    assert drift_of("1/desk", "370112110001") != drift_of("2/desk", "370112110001")
    assert drift_of("1/desk", "370112110001") != drift_of("1/desk", "370112110002")


@pytest.mark.parametrize(("ppm", "ppb"), [(12.5, 12_500), (-3.0, -3000)])
def test_a_rate_may_be_set_for_all(ppm: float, ppb: int) -> None:
    one = drift_of("1/desk", "370112110001", ppm)
    assert one.ppb == ppb
    assert one.right_ms == drift_of("1/desk", "370112110001").right_ms


def test_no_rate_is_no_drift() -> None:
    assert drift_of("1/desk", "370112110001", 0.0) == EXACT
    assert EXACT.shown(NOON) == NOON == EXACT.when(NOON)
