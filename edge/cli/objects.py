"""What a person calls an object of DL/T 698.45 -> its OAD, and the rows of a record wanted."""

import difflib
import re
from collections.abc import Sequence

from edge.cli.naming import time_of
from edge.words.messages import BoxgateError
from protocol.dlt698.axdr import Chosen
from protocol.dlt698.moment import date_time_s
from protocol.dlt698.requests import between, moment, newest
from protocol.dlt698.table import VALUE, entries, entry

_HEX = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})", re.ASCII)
_PHASES = "_a"
_FREEZE_TIME, _EVENT_START, _EVENT_END = 0x20210200, 0x201E0200, 0x20200200
_TIMES = frozenset({_FREEZE_TIME, _EVENT_START, _EVENT_END})
_EVENTS = (0x30, 0x31)
_END = date_time_s(2099, 12, 31, 23, 59, 59)
"""A range without an end: a laptop's clock may differ from the meter's."""


def oad_of(text: str, block: bool = False) -> int:
    """The OAD of 8 hex digits, of 4 (an object's value, whole), or of a quantity.

    A quantity is its element alone, with `block` the whole object; what stands in front of the
    phases (`voltage`) is the whole object. BoxgateError for what is neither.
    """
    digits = _HEX.fullmatch(text.replace("-", "").replace(":", ""))
    if digits is not None:
        number = int(digits[1], 16)
        return number if len(digits[1]) == 8 else number << 16 | VALUE << 8
    name = text.lower()
    known: set[str] = set()
    for (oi, attribute), one in entries().items():
        names = [quantity.name for quantity in one.quantities]
        known.update(names)
        whole = oi << 16 | attribute << 8
        if name in names:
            return whole if block or one.axis == "one" else whole | names.index(name) + 1
        if f"{name}{_PHASES}" in names:
            return whole
    near = difflib.get_close_matches(name, sorted(known), 1)
    if near:
        raise BoxgateError("read_item_near", item=text, near=near[0])
    raise BoxgateError("read_object", item=text)


def is_record(oad: int) -> bool:
    """Whether it is a table of rows: freezes, events."""
    found = entry(oad)
    return found is not None and found.record


def columns_of(oad: int, text: str) -> tuple[int, ...]:
    """Columns as people list them: OADs or quantities, commas between; a record keeps objects.

    A row without its time says little, so its time is put in front where none is named.
    """
    named = tuple(oad_of(one, block=True) for one in re.split(r"[,\s]+", text.strip()) if one)
    return named if _TIMES.intersection(named) else (_time_column(oad), *named)


def rows_of(oad: int, last: int | None, since: str | None, until: str | None) -> Chosen:
    """Which rows: the newest so many, or those from a time to before another.

    The time of a freeze is that of its freezing, of an event that of its beginning. Nothing said =
    the newest row. BoxgateError for what is no time.
    """
    if since is None:
        return newest(last or 1)
    return between(_time_column(oad), moment(_time(since)), moment(_time(until) if until else _END))


def times_fit(last: int | None, since: str | None, until: str | None) -> bool:
    """Whether the row options go together."""
    return not (last and (since or until)) and not (until and not since)


def rows_wanted(options: Sequence[tuple[str, object]]) -> str:
    """The first of these options that was given; "" = none."""
    return next((name for name, value in options if value is not None), "")


def _time_column(oad: int) -> int:
    return _EVENT_START if oad >> 24 in _EVENTS else _FREEZE_TIME


def _time(text: str) -> bytes:
    at = time_of(text)
    return date_time_s(at.year, at.month, at.day, at.hour, at.minute, at.second)
