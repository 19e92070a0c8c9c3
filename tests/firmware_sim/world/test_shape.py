"""The day's shape: its knots, and the ripple with its two integrals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.world.shape import (
    BLOCK_H,
    BLOCK_MS,
    BLOCK_SQUARE_H,
    DAY_MS,
    HOUR_MS,
    RIPPLE,
    TARIFFS,
    moment,
    share,
    share_at,
    split_day,
)


@given(st.integers(1, BLOCK_MS - 1), st.sampled_from((1, 2)))
def test_the_closed_integrals_are_those_of_the_ripple_and_its_square(into: int, power: int) -> None:
    steps = 2000
    points = [moment(0, into * i // steps).ripple ** power for i in range(steps + 1)]
    # steps are whole milliseconds: uneven, so trapezoids between where they really are
    places = [into * i // steps / HOUR_MS for i in range(steps + 1)]
    area = sum((places[i + 1] - places[i]) * (points[i + 1] + points[i]) / 2 for i in range(steps))
    now = moment(0, into)
    assert (now.linear_h, now.square_h)[power - 1] == pytest.approx(area, rel=1e-7)


def test_a_whole_block_is_where_the_integrals_end() -> None:
    last = moment(0, BLOCK_MS - 1)
    one_ms = 1 / HOUR_MS
    assert last.linear_h + one_ms == pytest.approx(BLOCK_H, rel=1e-7)
    assert last.square_h + one_ms == pytest.approx(BLOCK_SQUARE_H, rel=1e-7)


def test_the_ripple_swings_by_its_amplitude_about_one() -> None:
    assert moment(0, 0).ripple == 1
    assert moment(0, BLOCK_MS // 4).ripple == pytest.approx(1 + RIPPLE)
    assert moment(0, BLOCK_MS * 3 // 4).ripple == pytest.approx(1 - RIPPLE)


@pytest.mark.parametrize(("hour", "of_peak"), [(2, 0.30), (5, 0.22), (18.5, 0.75), (20.5, 1.0)])
def test_the_shape_passes_its_knots(hour: float, of_peak: float) -> None:
    assert share(hour) == of_peak
    assert share_at(round(hour * HOUR_MS)) == pytest.approx(of_peak, abs=0.01)


def test_an_hour_outside_the_day_is_refused() -> None:
    with pytest.raises(ValueError, match="hour"):
        share(24.5)


def test_the_peak_tariff_counts_from_eight_to_twenty_two() -> None:
    assert [TARIFFS[hour * 12] for hour in (0, 7, 8, 21, 22, 23)] == [4, 4, 2, 2, 4, 4]
    assert TARIFFS[8 * 12 - 1] == 4
    assert TARIFFS[22 * 12 - 1] == 2


def test_days_are_counted_from_day_0_and_before_it_time_stands_still() -> None:
    assert split_day(5 * DAY_MS + 7, 3 * DAY_MS) == (2, 7)
    assert split_day(7, 3 * DAY_MS) == (0, 0)
