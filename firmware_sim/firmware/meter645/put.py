"""Instants on the line, and the meter's clock in them: lowest field first, each two digits."""

from lib import calendar
from lib.bcd import put_bcd


def put_minute(out, at, when) -> int:
    """mm hh DD MM YY; zeros for 0."""
    year, month, day, _, hour, minute, _ = _date(when)
    return put_fields(out, at, (minute, hour, day, month, year))


def put_second(out, at, when) -> int:
    """ss mm hh DD MM YY; zeros for 0."""
    year, month, day, _, hour, minute, second = _date(when)
    return put_fields(out, at, (second, minute, hour, day, month, year))


def put_fields(out, at, fields) -> int:
    """Each field as one byte of two digits; how many bytes."""
    for i in range(len(fields)):
        put_bcd(out, at + i, fields[i], 1)
    return len(fields)


def digits(buf, at, size) -> int:
    """BCD bytes, low first; -1 if they are not."""
    value = 0
    for i in range(size - 1, -1, -1):
        byte = buf[at + i]
        if byte & 15 > 9 or byte > 0x99:
            return -1
        value = value * 100 + (byte >> 4) * 10 + (byte & 15)
    return value


def second_at(buf, at) -> int:
    """ss mm hh DD MM YY as seconds since 2000; -1 if there is no such instant."""
    second = digits(buf, at, 1)
    return minute_at(buf, at + 1) + second if _exists(buf, at + 1, second) else -1


def minute_at(buf, at) -> int:
    """mm hh DD MM YY as seconds since 2000; -1 if there is no such instant."""
    if not _exists(buf, at, 0):
        return -1
    return calendar.seconds(
        digits(buf, at + 4, 1),
        digits(buf, at + 3, 1),
        digits(buf, at + 2, 1),
        digits(buf, at + 1, 1),
        digits(buf, at, 1),
        0,
    )


def _exists(buf, at, second) -> bool:
    return calendar.valid(
        digits(buf, at + 4, 1),
        digits(buf, at + 3, 1),
        digits(buf, at + 2, 1),
        digits(buf, at + 1, 1),
        digits(buf, at, 1),
        second,
    )


def _date(when) -> tuple:
    return calendar.date(when) if when > 0 else (0, 0, 0, 0, 0, 0, 0)
