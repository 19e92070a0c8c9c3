"""Dates and times of DL/T 698.45 as text, and from numbers: FF stands for "not said".

Their bytes are what travels (§7.3.3, sheet §4); a text is only made of one that can be a time. In
`date_time` the milliseconds end it, in `date_time_s` the seconds do.
"""

import datetime

_ANY_YEAR, _ANY = 0xFFFF, 0xFF
_MOST_MS = 999


def date_time_s(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bytes:
    """The seven bytes of a date_time_s; ValueError if there is no such time."""
    datetime.datetime(year, month, day, hour, minute, second)  # only checked
    return year.to_bytes(2, "big") + bytes((month, day, hour, minute, second))


def date_time_s_text(raw: bytes) -> str | None:
    """'2026-10-05 08:00:30'; places not said are '--'; None where that is no time."""
    return _joined(_date(raw[:4]), _clock(raw[4:7]))


def date_time_text(raw: bytes) -> str | None:
    """'2026-10-07 wd3 05:58:10.263' (weekday 0 is Sunday); None where that is no time."""
    date, weekday, clock = _date(raw[:4]), raw[4], _clock(raw[5:8])
    ms = int.from_bytes(raw[8:10], "big")
    if (weekday > 6 and weekday != _ANY) or (ms > _MOST_MS and ms != _ANY_YEAR):
        return None
    day = "" if weekday == _ANY else f" wd{weekday}"
    fraction = "" if ms == _ANY_YEAR else f".{ms:03}"
    joined = _joined(date and date + day, clock)
    return joined and joined + fraction


def date_text(raw: bytes) -> str | None:
    """'2026-10-07 wd3'."""
    date, weekday = _date(raw[:4]), raw[4]
    if date is None or (weekday > 6 and weekday != _ANY):
        return None
    return date if weekday == _ANY else f"{date} wd{weekday}"


def time_text(raw: bytes) -> str | None:
    """'05:58:10'."""
    return _clock(raw)


def unsaid(raw: bytes) -> bool:
    """Whether every byte is FF: no time at all."""
    return not raw.strip(b"\xff")


def _joined(date: str | None, clock: str | None) -> str | None:
    return None if date is None or clock is None else f"{date} {clock}"


def _date(raw: bytes) -> str | None:
    year, month, day = int.from_bytes(raw[:2], "big"), raw[2], raw[3]
    if (month != _ANY and not 1 <= month <= 12) or (day != _ANY and not 1 <= day <= 31):
        return None
    if _ANY not in (month, day):
        try:
            # a day that is not said to be of a year may be the 29th of February
            datetime.date(2000 if year == _ANY_YEAR else year, month, day)
        except ValueError:
            return None
    return f"{'----' if year == _ANY_YEAR else f'{year:04}'}-{_two(month)}-{_two(day)}"


def _clock(raw: bytes) -> str | None:
    real = all(one in (_ANY,) or one < most for one, most in zip(raw, (24, 60, 60), strict=True))
    return ":".join(_two(one) for one in raw) if real else None


def _two(value: int) -> str:
    return "--" if value == _ANY else f"{value:02}"
