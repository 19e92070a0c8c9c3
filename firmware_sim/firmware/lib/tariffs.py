"""The calendar of tariffs: which tariff counts at a second, and when that changes next.

It stands in `SIZE` bytes as DL/T 645-2007 has them on the line (A.5: 04 00 01 06 to 04 03 00 nn),
two digits a byte:

    00  when the year zones change over to the other set, mm hh DD MM YY; 05 day tables likewise
    0A  (two switches of price sets)    14  weekend word, bit 0 Sunday, 0 = rest; 15 its day table
    16  set 1: zones NN DD MM, two; day tables 1 and 2, each four of tariff mm hh
    34  set 2                           52  holidays NN DD MM YY, two

A day takes the table of its holiday, else of the weekend, else of its zone. What names no date, no
table or no tariff is passed over, the order of rows does not matter: before the first zone of the
year (segment of the day) the last one holds. Where nothing is left, table 1 and tariff 1 hold. Any
bytes are an answer. Pure integers, seconds since 2000 of the meter's clock, nothing is kept.

`sets` are the sets in force before any switch of now: bit 0 the day tables', bit 1 the zones'.
"""

from lib import calendar
from lib.calendar import DAY

ZONE_SWITCH = 0x00
DAY_SWITCH = 0x05
PRICE_SWITCH = 0x0A
WEEKEND = 0x14
WEEKEND_TABLE = 0x15
SETS = 0x16
HOLIDAYS = 0x52
SIZE = 0x5A

SWITCH_SIZE = 5
ROW = 3
HOLIDAY_ROW = 4
ZONES = 2
TABLES = 2
SEGMENTS = 4
TARIFFS = 4
HOLIDAYS_KEPT = 2
TABLES_AT = ZONES * ROW
TABLE_SIZE = SEGMENTS * ROW
SET_SIZE = TABLES_AT + TABLES * TABLE_SIZE

DAY_SET = 1
ZONE_SET = 2
NONE = -1

NEVER = 0xFFFFFFFF

# what is kept of counting by it (sorting.py): sets in force, which pages' pulses are known, how
# many settings of the clock; first, since; pulses of the chip's page and of the counts'; then
# second (4 bytes) and shift (5, lib/wide.py) of each setting
KEPT_SETS, KEPT_KNOWN, KEPT_COUNT, KEPT_FIRST, KEPT_SINCE, KEPT_PULSES = 0, 1, 2, 4, 8, 12
SHIFTS = 16
SHIFT_SIZE = 9
STATE = KEPT_PULSES + 8 * 4 * TARIFFS + SHIFT_SIZE * SHIFTS

# what the metering chip sorts by: tariff 2 from 08:00 to 22:00, else 4
CHIP_PEAK = 2
CHIP_VALLEY = 4
PEAK_FROM = 8 * 60
PEAK_TO = 22 * 60

_TABLE = b"\x04\x00\x00\x02\x00\x08\x04\x00\x22\x04\x00\x22"
_SET = b"\x02\x01\x01\x02\x01\x07" + _TABLE + _TABLE
# as it leaves the factory: sorted as the chip sorts, no switch
FACTORY = b"\x00" * 20 + b"\x7f\x01" + _SET + _SET + b"\x01\x01\x10\x26\x01\x01\x01\x27"


def pair(buf, at: int) -> int:
    """Two digits; NONE if they are not."""
    byte = buf[at]
    if byte & 15 > 9 or byte > 0x99:
        return NONE
    return (byte >> 4) * 10 + (byte & 15)


def switch(buf, at: int) -> int:
    """The instant mm hh DD MM YY at buf[at]; NONE = none is set."""
    year, month, day = pair(buf, at + 4), pair(buf, at + 3), pair(buf, at + 2)
    hour, minute = pair(buf, at + 1), pair(buf, at)
    if not calendar.valid(year, month, day, hour, minute, 0):
        return NONE
    return calendar.seconds(year, month, day, hour, minute, 0)


def holiday(buf, at: int) -> int:
    """The midnight a holiday NN DD MM YY begins at; NONE if it names no day or no table."""
    year, month, day = pair(buf, at + 3), pair(buf, at + 2), pair(buf, at + 1)
    if not 1 <= buf[at] <= TABLES or not calendar.valid(year, month, day, 0, 0, 0):
        return NONE
    return calendar.seconds(year, month, day, 0, 0, 0)


def in_force(buf, at: int, sets: int, t: int) -> int:
    """The sets in force at a second: bit 0 the day tables', bit 1 the zones'; 0 = set 1."""
    if 0 <= switch(buf, at + DAY_SWITCH) <= t:
        sets ^= DAY_SET
    if 0 <= switch(buf, at + ZONE_SWITCH) <= t:
        sets ^= ZONE_SET
    return sets


def tariff(buf, at: int, sets: int, t: int) -> int:
    """The tariff that counts at a second, 1 to 4."""
    return _of_minute(buf, _table(buf, at, sets, t), t % DAY // 60)


def change(buf, at: int, sets: int, t: int, limit: int) -> int:
    """The first second behind t and before `limit` of another tariff; else `limit`."""
    now = tariff(buf, at, sets, t)
    while t < limit:
        t = _next(buf, at, sets, t)
        if t < limit and tariff(buf, at, sets, t) != now:
            return t
    return limit


def differs_from(buf, at: int, sets: int, now: int) -> int:
    """From which second on, not before `now`, it may sort otherwise than the chip; NONE = never."""
    days = in_force(buf, at, sets, now) & DAY_SET
    if _sorts_otherwise(buf, at, days):
        return now
    when = switch(buf, at + DAY_SWITCH)
    return when if when > now and _sorts_otherwise(buf, at, days ^ DAY_SET) else NONE


def in_use(buf, at: int, sets: int, place: int, since: int, now: int) -> bool:
    """Whether what stands `place` bytes into the calendar had a say between two seconds."""
    if place < SETS:
        return True
    if place >= HOLIDAYS:
        when = holiday(buf, at + place)
        return since - DAY < when <= now and when >= 0
    which = (place - SETS) // SET_SIZE
    zones = (place - SETS) % SET_SIZE < TABLES_AT
    for t in (since, now):
        force = in_force(buf, at, sets, t)
        if (force >> 1 if zones else force & DAY_SET) == which:
            return True
    return False


def _next(buf, at: int, sets: int, t: int) -> int:
    """The next second at which anything of the calendar begins."""
    midnight = t - t % DAY
    best = midnight + DAY
    for place in (ZONE_SWITCH, DAY_SWITCH):
        when = switch(buf, at + place)
        if t < when < best:
            best = when
    table = _table(buf, at, sets, t)
    for i in range(SEGMENTS):
        start = _start(buf, table + ROW * i)
        if start >= 0 and t < midnight + start * 60 < best:
            best = midnight + start * 60
    return best


def _table(buf, at: int, sets: int, t: int) -> int:
    """Where the day table stands that holds at a second."""
    force = in_force(buf, at, sets, t)
    _, month, day, weekday = calendar.date(t)[:4]
    n = 0
    for i in range(HOLIDAYS_KEPT):
        row = at + HOLIDAYS + HOLIDAY_ROW * i
        if not n and holiday(buf, row) == t - t % DAY:
            n = buf[row]
    if not n and not buf[at + WEEKEND] >> weekday & 1 and 1 <= buf[at + WEEKEND_TABLE] <= TABLES:
        n = buf[at + WEEKEND_TABLE]
    if not n:
        n = _of_zone(buf, at + SETS + SET_SIZE * (force >> 1), month * 100 + day)
    return at + SETS + SET_SIZE * (force & DAY_SET) + TABLES_AT + TABLE_SIZE * (n - 1)


def _of_zone(buf, at: int, today: int) -> int:
    """The day table of the zone that holds on MMDD."""
    found = 1
    best = NONE
    for i in range(ZONES):
        row = at + ROW * i
        # a 29th of February begins a zone in every year
        month, day = pair(buf, row + 2), pair(buf, row + 1)
        if calendar.valid(0, month, day, 0, 0, 0) and 1 <= buf[row] <= TABLES:
            start = month * 100 + day
            # those of today and before stand above those that are still to come
            rank = start + (10000 if start <= today else 0)
            if rank >= best:
                best = rank
                found = buf[row]
    return found


def _of_minute(buf, table: int, minute: int) -> int:
    """The tariff of a day table at a minute of the day."""
    found = 1
    best = NONE
    for i in range(SEGMENTS):
        row = table + ROW * i
        start = _start(buf, row)
        if start >= 0:
            rank = start + (10000 if start <= minute else 0)
            if rank >= best:
                best = rank
                found = buf[row]
    return found


def _start(buf, row: int) -> int:
    """The minute of the day a segment begins at; NONE if it is none."""
    minute, hour = pair(buf, row + 1), pair(buf, row + 2)
    if not 0 <= minute < 60 or not 0 <= hour < 24 or not 1 <= buf[row] <= TARIFFS:
        return NONE
    return hour * 60 + minute


def _sorts_otherwise(buf, at: int, which: int) -> bool:
    """Whether a table of a set of day tables sorts otherwise than the chip."""
    first = at + SETS + SET_SIZE * which + TABLES_AT
    for table in range(first, first + TABLES * TABLE_SIZE, TABLE_SIZE):
        for i in range(-3, SEGMENTS):
            minute = (0, PEAK_FROM, PEAK_TO)[i] if i < 0 else _start(buf, table + ROW * i)
            peak = PEAK_FROM <= minute < PEAK_TO
            if minute >= 0 and _of_minute(buf, table, minute) != (
                CHIP_PEAK if peak else CHIP_VALLEY
            ):
                return True
    return False
