"""The business day begins at local midnight, also where the clocks are changed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.analysis.day import Days

HOUR = 3_600_000


def utc(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]


def test_the_day_begins_at_midnight_of_the_site_and_not_of_utc() -> None:
    days = Days("Asia/Shanghai")
    begin = utc(2026, 7, 31, 16)
    assert days.start(begin) == begin
    assert days.start(begin + 24 * HOUR - 1) == begin
    assert days.start(begin + 24 * HOUR) == begin + 24 * HOUR
    assert days.start(begin - 1) == begin - 24 * HOUR


@pytest.mark.parametrize(
    ("month", "day", "before", "hours"), [(3, 29, 23, 23), (10, 25, 22, 25)], ids=["short", "long"]
)
def test_a_day_of_changed_clocks_is_an_hour_shorter_or_longer(
    month: int, day: int, before: int, hours: int
) -> None:
    days = Days("Europe/Berlin")
    begin = utc(2026, month, day - 1, before)
    assert days.start(begin) == days.start(begin + hours * HOUR - 1) == begin
    assert days.start(begin + hours * HOUR) == begin + hours * HOUR


def test_where_midnight_is_skipped_the_day_begins_with_its_first_moment() -> None:
    # Santiago, 6 September 2026: 24:00 becomes 01:00
    days = Days("America/Santiago")
    begin = utc(2026, 9, 6, 4)
    assert days.start(begin - 1) == begin - 24 * HOUR
    assert days.start(begin + HOUR) == begin


@given(
    st.integers(2 * 24 * HOUR, utc(2200, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "America/Santiago"]),
)
def test_the_day_of_its_beginning_is_the_day_itself(t: int, zone: str) -> None:
    begin = Days(zone).start(t)
    assert begin is not None
    assert begin <= t < begin + 26 * HOUR
    assert Days(zone).start(begin) == begin


@pytest.mark.parametrize("t", [-1, -(2**63), 2**63 - 1, 10**14])
def test_a_time_beyond_any_calendar_has_no_day(t: int) -> None:
    assert Days("Asia/Shanghai").start(t) is None
