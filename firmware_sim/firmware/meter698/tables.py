"""The calendar of tariffs as objects: 4008, 4009, 4011 to 4017 (DL/T 698.45-2017 annex A, class 8).

The calendar itself is lib/tariffs.py, in the bytes of DL/T 645, so that both meters count alike.
4014 and 4016 are the zones and the day tables in force, 4015 and 4017 those of the other set; 4008
and 4009 say when they change places. A programmer may set all of them (orders.py), whole. A table
of fewer rows than the meter has room for is filled up with its last row. How rows are laid out
rests on one source [?].
"""

from lib import tariffs as c
from lib.timetable import (
    FINE,
    SEGMENTS_EXCEEDED,
    TARIFFS_EXCEEDED,
    ZONES_EXCEEDED,
    Timetable,
    refused,
)
from meter698 import axdr as a

VALUE = 2
DENIED = 3
NO_OBJECT = 6
MISMATCH = 7
OUT_OF_RANGE = 8
TOO_MANY = ((ZONES_EXCEEDED, 17), (SEGMENTS_EXCEEDED, 18), (TARIFFS_EXCEEDED, 19))
PROGRAMMED = 0x3012

SWITCHES = ((0x4008, c.ZONE_SWITCH), (0x4009, c.DAY_SWITCH))
HOLIDAYS = 0x4011
WEEKEND = 0x4012
WEEKEND_TABLE = 0x4013
# of the sets in force, and of the others
ZONES = (0x4014, 0x4015)
DAYS = (0x4016, 0x4017)
DATE = 0x1A
DATE_TIME_SIZE = 7
DAYS_SIZE = c.TABLES * c.TABLE_SIZE
# bytes of the calendar, and of what is counted by it: what is kept of them
KEPT = c.SIZE + c.STATE


def bcd(value: int) -> int:
    """Two digits in a byte."""
    return value // 10 << 4 | value % 10


def has(oi: int) -> bool:
    """Whether such an object is one of the calendar's."""
    return 0x4008 <= oi <= 0x4009 or 0x4011 <= oi <= 0x4017


class Tables:
    """The calendar of one meter."""

    def __init__(self, meter):
        self.data = bytearray(c.FACTORY)
        self.calendar = Timetable(meter, self.data, 0)

    def keep_parts(self) -> tuple:
        """What is kept, as buffers of KEPT bytes together."""
        return (self.data, self.calendar.state)

    def kept(self) -> None:
        """They hold again what was kept."""
        self.calendar.load()

    def put(self, body, at: int, oi: int, attribute: int, index: int, meter) -> int:
        """An object's Data; the place behind it, or -DAR."""
        if attribute != VALUE:
            return -NO_OBJECT
        if oi == HOLIDAYS:
            return self._put_rows(body, at, c.HOLIDAYS, c.HOLIDAYS_KEPT, index, _put_holiday)
        place = self._place(oi, meter.time())
        if oi in ZONES:
            return self._put_rows(body, at, place, c.ZONES, index, _put_row)
        if oi in DAYS:
            return self._put_rows(body, at, place, c.TABLES, index, _put_table)
        if index:
            return -NO_OBJECT
        if oi == WEEKEND:
            # bit 0 is the first one on the line
            return a.put_tag_bits(body, at, mirrored(self.data[c.WEEKEND]), 8)
        if oi == WEEKEND_TABLE:
            return a.put_tag_u8(body, at, self.data[c.WEEKEND_TABLE])
        return a.put_tag_date_time_s(body, at, c.switch(self.data, place))

    def set(self, data, oi: int, attribute: int, index: int, value: int, end: int, meter) -> int:
        """SET to the Data data[value:end]; 0 or a DAR."""
        if not meter.link.trusted():
            return DENIED
        if attribute != VALUE or index:
            return NO_OBJECT
        place = self._place(oi, meter.time())
        made = bytearray(DAYS_SIZE)
        if oi == HOLIDAYS:
            size = _rows(data, value, end, made, c.HOLIDAYS_KEPT, c.HOLIDAY_ROW, _take_holiday)
        elif oi in ZONES:
            size = _rows(data, value, end, made, c.ZONES, c.ROW, _take_row)
            size = -17 if size == -OUT_OF_RANGE else size
        elif oi in DAYS:
            size = _rows(data, value, end, made, c.TABLES, c.TABLE_SIZE, _take_table)
        else:
            size = _take_one(data, value, end, made, oi)
        if size < 0:
            return -size
        part = size
        if oi in DAYS:
            part = c.TABLE_SIZE
        elif oi == HOLIDAYS:
            part = c.HOLIDAY_ROW
        for i in range(0, size, part):
            why = refused(place + i, made, i, part)
            if why != FINE:
                for one, dar in TOO_MANY:
                    if one == why:
                        return dar
                return OUT_OF_RANGE
        self.calendar.write(place, made, 0, size)
        meter.events.note(PROGRAMMED, meter.time(), meter.time())
        return 0

    def _place(self, oi: int, now: int) -> int:
        """Where in the calendar an object stands at a second."""
        for one, place in SWITCHES:
            if one == oi:
                return place
        if oi == WEEKEND or oi == WEEKEND_TABLE:
            return c.WEEKEND + oi - WEEKEND
        if oi == HOLIDAYS:
            return c.HOLIDAYS
        force = self.calendar.in_force(now)
        if oi in ZONES:
            return c.SETS + c.SET_SIZE * (force >> 1 ^ ZONES.index(oi))
        return c.SETS + c.SET_SIZE * (force & 1 ^ DAYS.index(oi)) + c.TABLES_AT

    def _put_rows(self, body, at: int, place: int, count: int, index: int, put) -> int:
        """An array's elements, or for an index that one alone."""
        if index > count:
            return -NO_OBJECT
        if not index:
            at = a.put_array(body, at, count)
        size = c.ROW
        if put == _put_holiday:
            size = c.HOLIDAY_ROW
        elif put == _put_table:
            size = c.TABLE_SIZE
        for i in range(count):
            if index in (0, i + 1):
                at = put(body, at, self.data, place + size * i)
        return at


def mirrored(byte: int) -> int:
    """Its bits in the other order."""
    value = 0
    for i in range(8):
        value = value << 1 | byte >> i & 1
    return value


def _put_row(body, at: int, data, place: int) -> int:
    """Month, day, table; or hour, minute, tariff."""
    at = a.put_structure(body, at, 3)
    for i in (2, 1, 0):
        at = a.put_tag_u8(body, at, max(c.pair(data, place + i), 0))
    return at


def _put_table(body, at: int, data, place: int) -> int:
    at = a.put_array(body, at, c.SEGMENTS)
    for i in range(c.SEGMENTS):
        at = _put_row(body, at, data, place + c.ROW * i)
    return at


def _put_holiday(body, at: int, data, place: int) -> int:
    """Date (year, month, day, weekday) and table; a date that names no day is all FF."""
    at = a.put_structure(body, at, 2)
    at = a.put_u8(body, at, DATE)
    if c.holiday(data, place) < 0:
        at = a.put_u8(body, a.put_u32(body, at, -1), 0xFF)
    else:
        at = a.put_u16(body, at, 2000 + c.pair(data, place + 3))
        at = a.put_u8(body, at, c.pair(data, place + 2))
        at = a.put_u8(body, at, c.pair(data, place + 1))
        at = a.put_u8(body, at, (c.holiday(data, place) // c.DAY + 6) % 7)
    return a.put_tag_u8(body, at, max(c.pair(data, place), 0))


def _rows(data, at: int, end: int, made, most: int, size: int, take) -> int:
    """An array's elements into `made`, filled up with the last; its bytes or -DAR."""
    if a.get_u8(data, at, end) != a.ARRAY:
        return -MISMATCH
    count = a.get_length(data, at + 1, end)
    if count > most:
        return -OUT_OF_RANGE
    if count < 1:
        return -MISMATCH
    at += 1 + a.length_size(data, at + 1)
    for i in range(count):
        at = take(data, at, end, made, size * i)
        if at < 0:
            return at
    for i in range(size * count, size * most):
        made[i] = made[i - size]
    return size * most


def _take_row(data, at: int, end: int, made, place: int) -> int:
    """A structure of three unsigned; the place behind it or -DAR."""
    if a.get_u16(data, at, end) != a.STRUCTURE << 8 | 3:
        return -MISMATCH
    at += 2
    for i in (2, 1, 0):
        value = a.get_u8(data, at + 1, end)
        if a.get_u8(data, at, end) != a.U8 or value < 0:
            return -MISMATCH
        # what has no two digits is refused as what it is: out of range
        made[place + i] = bcd(value) if value < 100 else 0xFF
        at += 2
    return at


def _take_table(data, at: int, end: int, made, place: int) -> int:
    table = bytearray(c.TABLE_SIZE)
    size = _rows(data, at, end, table, c.SEGMENTS, c.ROW, _take_row)
    if size < 0:
        return -18 if size == -OUT_OF_RANGE else size
    for i in range(size):
        made[place + i] = table[i]
    return a.skip(data, at, end)


def _take_holiday(data, at: int, end: int, made, place: int) -> int:
    if a.get_u16(data, at, end) != a.STRUCTURE << 8 | 2 or a.get_u8(data, at + 2, end) != DATE:
        return -MISMATCH
    year = a.get_u16(data, at + 3, end)
    if a.get_u8(data, at + 8, end) != a.U8 or a.get_u8(data, at + 9, end) < 0:
        return -MISMATCH
    if year == 0xFFFF and data[at + 5] & data[at + 6] == 0xFF:
        for i in range(c.HOLIDAY_ROW):
            made[place + i] = 0
        return at + 10
    fields = (data[at + 9], data[at + 6], data[at + 5], year - 2000)
    for i in range(c.HOLIDAY_ROW):
        made[place + i] = bcd(fields[i]) if 0 <= fields[i] < 100 else 0xFE
    return at + 10


def _take_one(data, at: int, end: int, made, oi: int) -> int:
    """A switch, the weekend word or its table."""
    tag = a.get_u8(data, at, end)
    if oi == WEEKEND:
        if tag != a.BITS or a.get_u8(data, at + 1, end) not in (7, 8) or at + 3 > end:
            return -MISMATCH
        made[0] = mirrored(data[at + 2]) & 0x7F
        return 1
    if oi == WEEKEND_TABLE:
        if tag != a.U8 or at + 2 > end:
            return -MISMATCH
        made[0] = data[at + 1]
        return 1
    if tag != a.DATE_TIME_S or at + 1 + DATE_TIME_SIZE > end:
        return -MISMATCH
    when = a.get_date_time_s(data, at + 1, end)
    if when == a.UNSET:
        return c.SWITCH_SIZE
    # a switch is on a minute
    if when < 0 or when % 60:
        return -OUT_OF_RANGE
    year = data[at + 1] << 8 | data[at + 2]
    fields = (data[at + 6], data[at + 5], data[at + 4], data[at + 3], year - 2000)
    for i in range(c.SWITCH_SIZE):
        made[i] = bcd(fields[i])
    return c.SWITCH_SIZE
