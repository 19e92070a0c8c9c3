"""Dates and times: what is none is none, FF is not said."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dlt698 import moment


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("07EA0A0508001E", "2026-10-05 08:00:30"),
        ("07EA0A05FFFFFF", "2026-10-05 --:--:--"),
        ("FFFFFFFFFFFFFF", "---------- --:--:--"),
        ("07EA0D05080000", None),
        ("07EA0DFF080000", None),
        ("07EAFF20080000", None),
        ("07EA0A00080000", None),
        ("07EA021E080000", None),
        ("07E8021D000000", "2024-02-29 00:00:00"),
        ("07EA021D000000", None),
        ("07EA0A05180000", None),
        ("07EA0A05083C00", None),
        ("07EA0A0508003C", None),
        ("00000A05080000", None),
    ],
)
def test_a_date_time_s_ends_in_seconds(raw: str, said: str | None) -> None:
    assert moment.date_time_s_text(bytes.fromhex(raw)) == said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("07EA0A0703053A0A0107", "2026-10-07 wd3 05:58:10.263"),
        ("07EA0A07FF053A0AFFFF", "2026-10-07 05:58:10"),
        ("07EA0A0707053A0A0107", None),
        ("07EA0A0703053A0A03E8", None),
    ],
)
def test_a_date_time_has_weekday_and_milliseconds(raw: str, said: str | None) -> None:
    assert moment.date_time_text(bytes.fromhex(raw)) == said


def test_a_date_and_a_time_stand_alone_too() -> None:
    assert moment.date_text(bytes.fromhex("07EA0A0703")) == "2026-10-07 wd3"
    assert moment.date_text(bytes.fromhex("07EA0A0708")) is None
    assert moment.time_text(bytes.fromhex("053A0A")) == "05:58:10"
    assert moment.time_text(bytes.fromhex("183A0A")) is None


@given(st.datetimes())
def test_a_time_given_in_numbers_is_read_as_it_was(at: datetime.datetime) -> None:
    year, month, day, hour, minute, second = at.timetuple()[:6]
    raw = moment.date_time_s(year, month, day, hour, minute, second)
    wanted = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    assert moment.date_time_s_text(raw) == wanted


def test_a_time_that_is_none_is_not_written() -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment.date_time_s(2026, 2, 29, 0, 0, 0)


@given(st.binary(min_size=10, max_size=10))
def test_any_bytes_are_a_time_or_none(raw: bytes) -> None:
    for of, size in (
        (moment.date_time_text, 10),
        (moment.date_time_s_text, 7),
        (moment.date_text, 5),
        (moment.time_text, 3),
    ):
        assert of(raw[:size]) is None or isinstance(of(raw[:size]), str)
