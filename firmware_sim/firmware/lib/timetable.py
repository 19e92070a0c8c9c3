"""The tables of tariffs of one meter as they are written, and what a writing does.

The calendar itself is tariffs.py; sorting.py counts by it from the second on that it may sort
otherwise than the metering chip, and is made then. What is refused here a meter refuses: dates and
times there are not, rows that go back in time, tables and tariffs it has not.
"""

from lib import calendar
from lib import tariffs as c
from lib.metering import NOW
from lib.tariffs import KEPT_COUNT as COUNT
from lib.tariffs import KEPT_SETS as SETS
from lib.tariffs import NEVER, STATE

# why something is refused
FINE = 0
WRONG = 1
ZONES_EXCEEDED = 2
SEGMENTS_EXCEEDED = 3
TARIFFS_EXCEEDED = 4


class Timetable:
    """meter: has time(), shift, registers, keep. tables, place: where the calendar stands.

    `state` is to outlive the power beside the tables; load() when it has been filled.
    """

    def __init__(self, meter, tables, place):
        self._meter = meter
        self._tables = tables
        self._place = place
        self.state = bytearray(STATE)
        self._sorting = None

    def load(self) -> None:
        """The power has come back."""
        if self.state[COUNT]:
            self._sort()

    def in_force(self, t: int) -> int:
        """Bit 0: the set of day tables, bit 1: of zones; 1 = the second, at the meter's second."""
        return c.in_force(self._tables, self._place, self.state[SETS], t)

    def write(self, at: int, data, start: int, size: int) -> None:
        """data[start:start + size] becomes what stands `at` bytes into the calendar."""
        tables = self._tables
        place = self._place + at
        for i in range(size):
            if tables[place + i] != data[start + i]:
                break
        else:
            return
        if c.PRICE_SWITCH <= at < c.WEEKEND:
            # prices are not sorted by here
            self._put(place, data, start, size)
            return
        now = self._meter.time()
        sorting = self._sorting
        if sorting is not None and sorting.is_sorting():
            # what was counts for the time before now: what had a say in it, or would have
            if at in (c.ZONE_SWITCH, c.DAY_SWITCH):
                _settle_switch(
                    sorting, self._meter.shift, c.switch(tables, place), c.switch(data, start)
                )
            else:
                for since, until in sorting.pieces():
                    if c.in_use(tables, self._place, self.state[SETS], at, since, until) or (
                        at >= c.HOLIDAYS and 0 <= c.holiday(data, start) <= until
                    ):
                        sorting.settle()
                        break
        if at in (c.ZONE_SWITCH, c.DAY_SWITCH):
            # the set in force stays in force until the new instant
            bit = c.ZONE_SET if at == c.ZONE_SWITCH else c.DAY_SET
            self.state[SETS] = self.state[SETS] & ~bit | self.in_force(now) & bit
        self._put(place, data, start, size)
        self._changed()

    def clock_set(self) -> None:
        """The meter's clock may have been set."""
        if self._sorting is not None:
            if self._sorting.is_sorting():
                self._sorting.clock_set()
            else:
                self._changed()

    def _put(self, place: int, data, start: int, size: int) -> None:
        for i in range(size):
            self._tables[place + i] = data[start + i]

    def _changed(self) -> None:
        if self._sorting is not None and self._sorting.is_sorting():
            self._sorting.changed()
            return
        now = self._meter.time()
        first = c.differs_from(self._tables, self._place, self.state[SETS], now)
        if first >= 0:
            self._sort().begin(first - self._meter.shift)
        elif self._sorting is not None:
            self._sorting.begin(NEVER)

    def _sort(self):
        if self._sorting is None:
            # a meter as it left the factory has no room to spare for it
            from lib.sorting import Sorting

            self._sorting = Sorting(self._meter, self._tables, self._place, self.state)
        return self._sorting


def _settle_switch(sorting, shift: int, old: int, new: int) -> None:
    """A switch is about to be another: what it did, and what the new one would have done.

    old, new: by the meter's clock, which is `shift` ahead of the board's.
    """
    pieces = sorting.pieces()
    before = behind = False
    for since, until in pieces:
        if 0 <= new <= until:
            sorting.settle()
            return
        before = before or since < old
        behind = behind or 0 <= old <= until
    if before and behind:
        # where the clock was not set, what is behind it stays as it is counted
        sorting.settle(old - shift if len(pieces) == 1 else NOW)


def refused(at: int, data, start: int, size: int) -> int:
    """Why data[start:start + size] cannot stand `at` bytes into a calendar; FINE if it can."""
    if at < c.WEEKEND:
        return _unless(_is_blank(data, start, size) or c.switch(data, start) >= 0)
    if at == c.WEEKEND:
        return FINE
    if at == c.WEEKEND_TABLE:
        return _unless(1 <= data[start] <= c.TABLES)
    if at >= c.HOLIDAYS:
        return _unless(_is_blank(data, start, size) or c.holiday(data, start) >= 0)
    zones = (at - c.SETS) % c.SET_SIZE < c.TABLES_AT
    last = -1
    for row in range(start, start + size, c.ROW):
        high, low = c.pair(data, row + 2), c.pair(data, row + 1)
        if zones:
            if not calendar.valid(0, high, low, 0, 0, 0) or not 1 <= data[row] <= c.TABLES:
                return WRONG
        elif not 0 <= high < 24 or not 0 <= low < 60 or c.pair(data, row) < 1:
            return WRONG
        elif data[row] > c.TARIFFS:
            return TARIFFS_EXCEEDED
        if high * 100 + low < last:
            return WRONG
        last = high * 100 + low
    return FINE


def _is_blank(data, start: int, size: int) -> bool:
    """Nothing is set: 00, 99 or FF alone."""
    for i in range(size):
        if data[start + i] != data[start]:
            return False
    return data[start] in (0x00, 0x99, 0xFF)


def _unless(right) -> int:
    return FINE if right else WRONG
