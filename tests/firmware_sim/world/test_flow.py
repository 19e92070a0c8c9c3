"""Flow: energy is the integral of power, whatever the interval, loss with the square included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.world.flow import Flow, own_flow, sum_flow
from firmware_sim.world.shape import (
    BLOCK_MS,
    BLOCKS,
    DAY_MS,
    GRAIN,
    HOUR_MS,
    RIPPLE,
    TARIFF_PEAK,
    TARIFF_VALLEY,
    TARIFFS,
    moment,
)

LOAD = tuple(complex(500 + 7 * block % 900, 100) for block in range(BLOCKS))
LOSS = tuple(complex(200 + block, 30) for block in range(BLOCKS))
"""Far more than any cable's, so that a mistake in it shows."""
BELOW = own_flow([LOAD, LOAD], 500.0)
ABOVE = sum_flow([LOAD, LOAD], [LOSS, LOSS], [BELOW])


def power(flow: Flow, day_ms: int) -> float:
    """All phases, W."""
    return sum(flow.power(phase, moment(0, day_ms)).real for phase in range(len(flow.loads)))


def energy(flow: Flow, days: int, day_ms: int) -> float:
    """All registers, Wh."""
    return sum(flow.energy(tariff, moment(days, day_ms)) for tariff in (1, 2, 3, 4))


@given(st.integers(0, BLOCKS - 1), st.integers(0, BLOCK_MS), st.integers(0, BLOCK_MS))
def test_energy_within_a_block_is_the_integral_of_power(block: int, one: int, other: int) -> None:
    start, end = sorted((one, min(other, BLOCK_MS - 1)))
    end = max(min(end, BLOCK_MS - 1), start)
    start = min(start, BLOCK_MS - 1)
    end = max(end, start)
    at = block * BLOCK_MS
    # Simpson's rule needs no more than these steps for a sine and its square
    steps = 20
    points = [power(ABOVE, at + start + (end - start) * i // steps) for i in range(steps + 1)]
    inner = 4 * sum(points[1:-1:2]) + 2 * sum(points[2:-1:2])
    simpson = (points[0] + inner + points[-1]) / (3 * steps) * (end - start) / HOUR_MS
    used = energy(ABOVE, 3, at + end) - energy(ABOVE, 3, at + start)
    assert used == pytest.approx(simpson, rel=1e-4, abs=2e-3)


@given(st.integers(1, BLOCKS - 1))
def test_nothing_is_lost_or_counted_twice_between_two_blocks(block: int) -> None:
    at = block * BLOCK_MS
    step = energy(ABOVE, 3, at) - energy(ABOVE, 3, at - 1)
    assert step == pytest.approx(power(ABOVE, at - 1) / HOUR_MS, rel=1e-3, abs=1 / GRAIN)


def test_midnight_is_a_block_like_any_other() -> None:
    step = energy(ABOVE, 4, 0) - energy(ABOVE, 3, DAY_MS - 1)
    assert step == pytest.approx(power(ABOVE, DAY_MS - 1) / HOUR_MS, rel=1e-3, abs=1 / GRAIN)


def test_a_register_whose_hours_are_over_stands_still_to_the_last_bit() -> None:
    for days in range(800, 1200):
        for flow in (BELOW, ABOVE):
            at_22 = flow.energy(TARIFF_PEAK, moment(days, 22 * HOUR_MS))
            assert flow.energy(TARIFF_PEAK, moment(days + 1, 0)) == at_22
            at_8 = flow.energy(TARIFF_VALLEY, moment(days, 8 * HOUR_MS))
            assert flow.energy(TARIFF_VALLEY, moment(days, 22 * HOUR_MS)) == at_8


def test_only_the_register_of_the_hour_counts() -> None:
    for block in (0, 8 * 12, 22 * 12):
        at = block * BLOCK_MS
        for tariff in (1, 2, 3, 4):
            now, then = moment(3, at + BLOCK_MS // 2), moment(3, at)
            counted = ABOVE.energy(tariff, now) - ABOVE.energy(tariff, then)
            assert (counted > 0) == (tariff == TARIFFS[block])


def test_loss_goes_with_the_square_of_the_ripple() -> None:
    crest, trough, mean = (moment(0, BLOCK_MS // 4 * quarter) for quarter in (1, 3, 0))
    lost = [ABOVE.power(0, at).real - BELOW.power(0, at).real for at in (crest, mean, trough)]
    assert lost[0] / lost[1] == pytest.approx((1 + RIPPLE) ** 2)
    assert lost[2] / lost[1] == pytest.approx((1 - RIPPLE) ** 2)


def test_before_day_0_the_cables_lost_at_the_rate_of_now() -> None:
    for tariff in (2, 4):
        rate = ABOVE.energy(tariff, moment(0, 0)) / BELOW.energy(tariff, moment(0, 0))
        day = [
            flow.energy(tariff, moment(1, 0)) - flow.energy(tariff, moment(0, 0))
            for flow in (ABOVE, BELOW)
        ]
        assert rate == pytest.approx(day[0] / day[1])


def test_nothing_below_is_nothing_and_no_error() -> None:
    empty = sum_flow([(0j,) * BLOCKS] * 3, [(0j,) * BLOCKS] * 3, [])
    assert energy(empty, 900, 1000) == 0.0
    assert power(empty, 1000) == 0.0
