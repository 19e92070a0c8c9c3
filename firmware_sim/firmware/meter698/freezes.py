"""The freezes 5000 to 5006: which instants the meter keeps, and which columns of them (class 9).

Nothing ticks: an instant that has passed is worked out from the clock, as in lib/calendar.py, and
what the registers showed then comes from the meter's memory. The nth newest has n = 0. A freeze's
number (2023) counts its periods since the clock's beginning, so it grows by one from row to row;
freezes at once are counted. DL/T 698.45-2017 7.3 and annex A.
"""

from lib import calendar
from meter698 import axdr

NEVER = -1
AT_ONCE = 0x5000
MINUTE = 0x5002
HOUR = 0x5003
DAY = 0x5004
MONTH = 0x5006

# object, seconds between two (0 = as told, MONTHS = calendar months), how many are kept
MONTHS = -1
KINDS = (
    (AT_ONCE, 0, 3),
    (MINUTE, 60, 5952),
    (HOUR, 3600, 254),
    (DAY, 86400, 62),
    (MONTH, MONTHS, 12),
)
CURVE = 1
PERIOD_MIN = 15
LONGEST_MIN = 1440

# what is stored, as OI and attribute: of a curve, of an hour, of the others; behind them what a
# three-phase meter stores besides
COLUMNS = (
    (MINUTE, ((0x2000, 2), (0x2001, 2), (0x2004, 2), (0x0010, 2), (0x0020, 2))),
    (HOUR, ((0x0010, 2), (0x0020, 2))),
    (0, ((0x0000, 2), (0x0010, 2), (0x0020, 2), (0x2000, 2), (0x2001, 2), (0x2004, 2))),
)
THREE_PHASE = (
    (MINUTE, ((0x2005, 2), (0x200A, 2))),
    (HOUR, ()),
    (0, ((0x2005, 2), (0x200A, 2), (0x0030, 2), (0x0040, 2), (0x0050, 2), (0x0060, 2), (0x0070, 2),
         (0x0080, 2), (0x1010, 2), (0x1020, 2))),
)  # fmt: skip
NO_ROOM = 2
OUT_OF_RANGE = 8
MISMATCH = 7
# one entry of attribute 3: structure of three, long-unsigned, OAD, long-unsigned
ENTRY = 2 + 3 + 5 + 3


class Freezes:
    """The freezes of one meter, of 1 or 3 elements."""

    def __init__(self, elements):
        self.elements = elements
        # the curve: minutes from row to row, rows kept, and since when it is so
        self.period = PERIOD_MIN
        self.depth = KINDS[CURVE][2]
        self.since = 0
        self.at_once = [NEVER, NEVER, NEVER]
        # what the clock was set off from the board's at each of them, s
        self.shifts = [0, 0, 0]
        self.told = 0

    def freeze_now(self, now: int, shift: int = 0) -> None:
        """Remember this instant of a clock that is `shift` off; the fourth last is forgotten."""
        self.at_once = [now, self.at_once[0], self.at_once[1]]
        self.shifts = [shift, self.shifts[0], self.shifts[1]]
        self.told += 1

    def has(self, oi: int) -> bool:
        """Whether there is such a freeze."""
        for one, _, _ in KINDS:
            if one == oi:
                return True
        return False

    def kept(self, oi: int, now: int) -> int:
        """How many rows the clock says there are."""
        step, most = self._kind(oi)
        if step == 0:
            return min(self.told, most)
        if step == MONTHS:
            year, month = calendar.date(now)[:2]
            return min(12 * year + month, most)
        first = 0
        if oi == MINUTE:
            first = -(-self.since // step)
        return max(0, min(now // step - first + 1, most))

    def when(self, oi: int, n: int, now: int) -> int:
        """The second of the nth newest, n from 0 to below kept()."""
        step, _ = self._kind(oi)
        if step == 0:
            return self.at_once[n]
        if step == MONTHS:
            return _month(self.number(oi, n, now))
        return now // step * step - n * step

    def held_at(self, oi: int, n: int, now: int, shift: int) -> int:
        """The same by the board's clock, from which the meter's is now set off by `shift`."""
        return self.when(oi, n, now) - self.ahead(oi, n, shift)

    def ahead(self, oi: int, n: int, shift: int) -> int:
        """What the clock was set off from the board's at the nth newest; `shift`: now."""
        return self.shifts[n] if oi == AT_ONCE else shift

    def number(self, oi: int, n: int, now: int) -> int:
        """The record number of the nth newest."""
        step, _ = self._kind(oi)
        if step == 0:
            return self.told - n
        if step == MONTHS:
            year, month = calendar.date(now)[:2]
            return 12 * year + month - 1 - n
        return now // step - n

    def first_below(self, oi: int, now: int, second: int) -> int:
        """The n of the newest freeze before a second; kept() if there is none."""
        low = 0
        high = self.kept(oi, now)
        while low < high:
            n = (low + high) // 2
            if self.when(oi, n, now) < second:
                high = n
            else:
                low = n + 1
        return low

    def stores(self, oi: int, column: int, attribute: int) -> bool:
        """Whether an object is one of a freeze's columns."""
        for one, kept in self._columns(oi):
            if one == column and kept == attribute:
                return True
        return False

    def put_columns(self, out, at: int, oi: int) -> tuple:
        """What RCSD 0 means: time and number, then all that is stored, as CSDs; (place, count)."""
        columns = self._columns(oi)
        for one in (0x2021, 0x2023):
            at = axdr.put_oad(out, axdr.put_u8(out, at, 0), one, 2, 0)
        for one, attribute in columns:
            at = axdr.put_oad(out, axdr.put_u8(out, at, 0), one, attribute, 0)
        return (at, 2 + len(columns))

    def put_attribute(self, out, at: int, oi: int) -> int:
        """Attribute 3: of each column its period, object and depth; -DAR where there is no room."""
        period = self.period if oi == MINUTE else 1
        depth = self.depth if oi == MINUTE else self._kind(oi)[1]
        columns = self._columns(oi)
        if at + 2 + ENTRY * len(columns) > len(out):
            return -NO_ROOM
        at = axdr.put_array(out, at, len(columns))
        for one, attribute in columns:
            at = axdr.put_structure(out, at, 3)
            at = axdr.put_tag_u16(out, at, period)
            at = axdr.put_tag_oad(out, at, one, attribute, 0)
            at = axdr.put_tag_u16(out, at, depth)
        return at

    def set_curve(self, data, start: int, end: int, now: int) -> int:
        """Set attribute 3 of the curve, an array as put_attribute() gives it; 0 or a DAR.

        One period and one depth serve all columns, and the columns stay: what asks for others, or
        for more rows than there is room for, is refused. What was kept at another period is gone.
        """
        if axdr.get_u8(data, start, end) != axdr.ARRAY:
            return MISMATCH
        count = axdr.get_length(data, start + 1, end)
        if count < 0 or axdr.skip(data, start, end) != end:
            return MISMATCH
        at = start + 1 + axdr.length_size(data, start + 1)
        period = depth = 0
        for i in range(count):
            if (
                axdr.get_u16(data, at, end) != 0x0203
                or axdr.get_u8(data, at + 2, end) != axdr.U16
                or axdr.get_u8(data, at + 5, end) != axdr.OAD
                or axdr.get_u8(data, at + 10, end) != axdr.U16
            ):
                return MISMATCH
            one = axdr.get_u16(data, at + 3, end)
            deep = axdr.get_u16(data, at + 11, end)
            if i and (one != period or deep != depth):
                return OUT_OF_RANGE
            period = one
            depth = deep
            oi = axdr.get_u16(data, at + 6, end)
            if not self.stores(MINUTE, oi, axdr.get_u8(data, at + 8, end)):
                return OUT_OF_RANGE
            at += ENTRY
        if (
            count != len(self._columns(MINUTE))
            or not 1 <= period <= LONGEST_MIN
            or not 1 <= depth <= KINDS[CURVE][2]
        ):
            return OUT_OF_RANGE
        if period != self.period:
            self.since = now
        self.period = period
        self.depth = depth
        return 0

    def _kind(self, oi: int) -> tuple:
        """(seconds between two, how many)."""
        if oi == MINUTE:
            return (self.period * 60, self.depth)
        for one, step, most in KINDS:
            if one == oi:
                return (step, most)
        return (0, 0)

    def _columns(self, oi: int) -> tuple:
        stored = _of(COLUMNS, oi)
        return stored + _of(THREE_PHASE, oi) if self.elements == 3 else stored


def _of(table, oi: int) -> tuple:
    """A freeze's row, or the one that serves all others."""
    for one, columns in table:
        if one == oi or not one:
            return columns
    return ()


def _month(number: int) -> int:
    """The first second of a month, counted from January 2000."""
    return calendar.seconds(number // 12, number % 12 + 1, 1, 0, 0, 0)
