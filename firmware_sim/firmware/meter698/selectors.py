"""What a GET Record asks for: which rows (RSD) and which columns (RCSD) of which record.

Every selection becomes one range low <= key < high of one key, with a step or a most, so that
records.py knows one kind of row choice. RSD 0 all; 1 equal; 2 from, to, interval; 3 as 2 where it
lists one range; 4, 6 by the start and 5, 7, 8 by the storing of a row, which for a freeze are one
instant; 9 and 10 the last n. DL/T 698.45-2017 7.3; which meters a choice (MS) names is [?] but for
none, all and addresses.
"""

from lib import calendar
from meter698 import axdr

START = 1
END = 2
NUMBER = 3
# the columns that rows are chosen by, of freezes and of events
FREEZE_KEYS = ((0x2021, START), (0x2023, NUMBER))
EVENT_KEYS = ((0x201E, START), (0x2020, END), (0x2022, NUMBER))

FOREVER = 1 << 40
TYPE_MISMATCH = 7
OUT_OF_RANGE = 8

# seconds of a TI's units; months and years are counted by the calendar
UNITS = (1, 60, 3600, 86400)
MONTH_UNIT = 4
YEAR_UNIT = 5
ADDRESS = 6
TSA = 0x55


class Selection:
    """One question, read by read(); `dar` is why it cannot be answered, 0 if it can."""

    def __init__(self):
        self.dar = 0
        self.oi = 0
        self.attribute = 0
        self.index = 0
        self.key = 0
        self.low = 0
        self.high = FOREVER
        self.step = 0
        self.months = 0
        # the newest so many, -1 = all; table order is newest first, a range goes up in time
        self.most = -1
        self.ascending = False
        # whether the meters named include this one
        self.meant = True
        # where in the request the CSDs stand, and how many they are
        self.columns = 0
        self.count = 0

    def read(self, data, at: int, end: int, number, keys) -> int:
        """OAD, RSD and RCSD at data[at:end]; the place behind or MALFORMED.

        number: the meter's, lowest digits first. keys: what its record's rows may be chosen by.
        """
        self.oi = axdr.get_u16(data, at, end)
        self.attribute = axdr.get_u8(data, at + 2, end)
        self.index = axdr.get_u8(data, at + 3, end)
        if self.index < 0:
            return axdr.MALFORMED
        at = self._rows(data, at + 4, end, number, keys)
        if at < 0:
            return axdr.MALFORMED
        self.count = axdr.get_length(data, at, end)
        if self.count < 0:
            return axdr.MALFORMED
        at += axdr.length_size(data, at)
        self.columns = at
        for _ in range(self.count):
            at = column_end(data, at, end)
            if at < 0:
                return axdr.MALFORMED
        return at

    def takes(self, value: int) -> bool:
        """Whether a row with this key is one of the range and its interval."""
        if not self.low <= value < self.high:
            return False
        if self.step:
            return (value - self.low) % self.step == 0
        if self.months:
            a = calendar.date(self.low)
            b = calendar.date(value)
            # the weekday goes with the date
            same = a[2] == b[2] and a[4] == b[4] and a[5] == b[5] and a[6] == b[6]
            return same and (12 * (b[0] - a[0]) + b[1] - a[1]) % self.months == 0
        return True

    def _rows(self, data, at: int, end: int, number, keys) -> int:
        kind = axdr.get_u8(data, at, end)
        at += 1
        if kind == 0:
            return at
        if kind == 1:
            return self._equal(data, at, end, keys)
        if kind == 2:
            return self._range(data, at, end, keys)
        if kind == 3:
            return self._ranges(data, at, end, keys)
        if kind in (4, 5):
            self._by(START if kind == 4 else END)
            return self._meters(data, self._instant(data, at, end), end, number)
        if kind in (6, 7, 8):
            self._by(START if kind == 6 else END)
            return self._meters(data, self._span(data, at, end), end, number)
        if kind in (9, 10):
            self.most = axdr.get_u8(data, at, end)
            if self.most < 0:
                return axdr.MALFORMED
            return at + 1 if kind == 9 else self._meters(data, at + 1, end, number)
        self._refuse(OUT_OF_RANGE)
        return axdr.MALFORMED

    def _refuse(self, dar: int) -> None:
        """Remember the first reason."""
        if not self.dar:
            self.dar = dar

    def _by(self, key: int) -> None:
        self.key = key
        self.ascending = True

    def _column(self, data, at: int, end: int, keys) -> int:
        """The OAD that rows are chosen by."""
        oi = axdr.get_u16(data, at, end)
        if axdr.get_u16(data, at + 2, end) < 0:
            return axdr.MALFORMED
        self._by(0)
        for one, key in keys:
            if one == oi and data[at + 2] == 2:
                self.key = key
        if not self.key:
            # rows are not searched by a value that was measured
            self._refuse(OUT_OF_RANGE)
        return at + 4

    def _value(self, data, at: int, end: int) -> int:
        """A Data of the key's type; 0 and a refusal where it is another."""
        tag = axdr.get_u8(data, at, end)
        value = axdr.MALFORMED
        if self.key == NUMBER:
            if tag == axdr.U32:
                value = axdr.get_u32(data, at + 1, end)
            elif tag == axdr.U16:
                value = axdr.get_u16(data, at + 1, end)
            elif tag == axdr.U8:
                value = axdr.get_u8(data, at + 1, end)
            if value < 0:
                self._refuse(TYPE_MISMATCH)
        elif tag == axdr.DATE_TIME_S:
            value = axdr.get_date_time_s(data, at + 1, end)
            if value < 0:
                # not an instant, or one of no time at all
                self._refuse(OUT_OF_RANGE)
        else:
            self._refuse(TYPE_MISMATCH)
        return max(value, 0)

    def _equal(self, data, at: int, end: int, keys) -> int:
        at = self._column(data, at, end, keys)
        behind = axdr.skip(data, at, end)
        if at < 0 or behind < 0:
            return axdr.MALFORMED
        self.low = self._value(data, at, end)
        self.high = self.low + 1
        return behind

    def _range(self, data, at: int, end: int, keys) -> int:
        at = self._column(data, at, end, keys)
        second = axdr.skip(data, at, end)
        if at < 0 or second < 0:
            return axdr.MALFORMED
        third = axdr.skip(data, second, end)
        if third < 0:
            return axdr.MALFORMED
        behind = axdr.skip(data, third, end)
        if behind < 0:
            return axdr.MALFORMED
        self.low = self._value(data, at, end)
        self.high = self._value(data, second, end)
        if data[third] == axdr.TI and self.key != NUMBER:
            self._interval(data, third + 1, end)
        elif data[third] != axdr.NULL:
            self._refuse(TYPE_MISMATCH)
        return behind

    def _ranges(self, data, at: int, end: int, keys) -> int:
        """Several ranges: sources do not say whether each or all of them must hold."""
        count = axdr.get_length(data, at, end)
        if count < 0:
            return axdr.MALFORMED
        at += axdr.length_size(data, at)
        for _ in range(count):
            at = self._range(data, at, end, keys)
            if at < 0:
                return axdr.MALFORMED
        if count != 1:
            self._refuse(OUT_OF_RANGE)
        return at

    def _instant(self, data, at: int, end: int) -> int:
        """A date_time_s without its tag: just then."""
        if at + 7 > end:
            return axdr.MALFORMED
        value = axdr.get_date_time_s(data, at, end)
        if value < 0:
            self._refuse(OUT_OF_RANGE)
        self.low = max(value, 0)
        self.high = self.low + 1
        return at + 7

    def _span(self, data, at: int, end: int) -> int:
        """From, to, interval without tags."""
        if at + 17 > end:
            return axdr.MALFORMED
        self._instant(data, at, end)
        low = self.low
        self._instant(data, at + 7, end)
        self.high = self.low
        self.low = low
        self._interval(data, at + 14, end)
        return at + 17

    def _interval(self, data, at: int, end: int) -> None:
        """A TI; 0 of any unit = every row."""
        unit = data[at]
        count = axdr.get_u16(data, at + 1, end)
        if unit < MONTH_UNIT:
            self.step = count * UNITS[unit]
        elif unit == MONTH_UNIT:
            self.months = count
        elif unit == YEAR_UNIT:
            self.months = 12 * count
        else:
            self._refuse(OUT_OF_RANGE)

    def _meters(self, data, at: int, end: int, number) -> int:
        """A choice of meters (MS): is this one of them. A meter knows its address alone."""
        kind = axdr.get_u8(data, at, end)
        if kind < 0 or kind > 7:
            if kind > 7:
                self._refuse(OUT_OF_RANGE)
            return axdr.MALFORMED
        at += 1
        if kind < 2:
            self.meant = kind == 1
            return at
        self.meant = False
        count = axdr.get_length(data, at, end)
        if count < 0:
            return axdr.MALFORMED
        at += axdr.length_size(data, at)
        for _ in range(count):
            if kind == 3:
                self.meant = self.meant or _side(data, at, end, number) == 0
                at = _octets_end(data, at, end)
            elif kind in (2, 4):
                at += 1 if kind == 2 else 2
            else:
                at = self._region(data, at, end, number, kind == ADDRESS)
            if at < 0 or at > end:
                return axdr.MALFORMED
        return at

    def _region(self, data, at: int, end: int, number, addresses: bool) -> int:
        """Kind 0 [from, to), 1 (from, to], 2 [from, to], 3 (from, to)."""
        kind = axdr.get_u8(data, at, end)
        if kind < 0 or kind > 3:
            return axdr.MALFORMED
        first = at + 1
        second = _bound_end(data, first, end)
        if second < 0:
            return axdr.MALFORMED
        behind = _bound_end(data, second, end)
        if behind < 0:
            return axdr.MALFORMED
        if addresses and data[first] == TSA and data[second] == TSA:
            low = _side(data, first + 1, end, number)
            high = _side(data, second + 1, end, number)
            above = low == 1 or (low == 0 and kind in (0, 2))
            below = high == -1 or (high == 0 and kind in (1, 2))
            self.meant = self.meant or (above and below)
        return behind


def column_end(data, at: int, end: int) -> int:
    """The place behind the CSD at data[at], or MALFORMED: 0 and an OAD, 1 and a ROAD."""
    kind = axdr.get_u8(data, at, end)
    at += 5
    if kind not in (0, 1) or at > end:
        return axdr.MALFORMED
    if kind == 0:
        return at
    count = axdr.get_length(data, at, end)
    if count < 0:
        return axdr.MALFORMED
    at += axdr.length_size(data, at) + 4 * count
    return at if at <= end else axdr.MALFORMED


def _octets_end(data, at: int, end: int) -> int:
    size = axdr.get_u8(data, at, end)
    return at + 1 + size if 0 <= size and at + 1 + size <= end else axdr.MALFORMED


def _bound_end(data, at: int, end: int) -> int:
    """The place behind a region's bound, which may be an address."""
    if axdr.get_u8(data, at, end) == TSA:
        return _octets_end(data, at + 1, end)
    return axdr.skip(data, at, end)


def _side(data, at: int, end: int, number) -> int:
    """Whether the meter's number is below (-1), at (0) or above (1) a TSA; 2 = no such address.

    A TSA: its length, a flag byte with the address's length less 1, the address from its top.
    """
    if _octets_end(data, at, end) < 0 or data[at] != 7 or data[at + 1] & 0x0F != 5:
        return 2
    for i in range(6):
        if number[5 - i] != data[at + 2 + i]:
            return -1 if number[5 - i] < data[at + 2 + i] else 1
    return 0
