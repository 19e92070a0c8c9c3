"""Which instants the meter keeps: settlement days, freezes, load records; all as functions of now.

Nothing ticks: an instant that has passed is worked out when somebody asks for it, from the clock
and the settings, and what the registers showed then comes from the meter's memory.
"""

from lib import calendar
from meter645 import settings as s
from meter645.put import digits, minute_at

NEVER = -1
UNSET = 99
# twelve settlements on a 31st, and where the thirteenth demand period began
MONTHS = 24

HOUR = 3600
DAY = 86400

# how many the meter keeps, by DI2 of class 05; 0: no such freeze
KEPT = (12, 3, 2, 2, 254, 2, 62, 2)
TIMED = 0
INSTANT = 1
HOURLY = 4
DAILY = 6
# when a switch-over freezes: the setting 04 00 01 nn that names its time, by DI2
SWITCHED = ((2, 0x06), (3, 0x07), (5, 0x08), (7, 0x09))


class Periods:
    """The instants of one meter. `now` is its clock, seconds since 2000, set before each answer."""

    def __init__(self, settings):
        self._settings = settings
        self.now = 0
        # commands to freeze: the pattern as mm hh DD MM (99 = any), since when, and the last three
        # at once. As it leaves the factory: every day at 00:00
        self.pattern = bytearray((0, 0, UNSET, UNSET))
        self.since = 0
        self.at_once = [NEVER, NEVER, NEVER]
        # what the meter's clock is set off from the board's, s, and was at each of these
        self.shift = 0
        self.shifts = [0, 0, 0]
        # by the board's clock
        self.demand_cleared = 0

    def freeze_now(self) -> None:
        """Remember this instant; the fourth last is forgotten."""
        self.at_once = [self.now, self.at_once[0], self.at_once[1]]
        self.shifts = [self.shift, self.shifts[0], self.shifts[1]]

    def on_board(self, when: int) -> int:
        """A second of the meter's clock by the board's, which its store goes by; NEVER is never."""
        return when - self.shift if when >= 0 else NEVER

    def frozen_at(self, kind: int, n: int) -> int:
        """The nth last freeze by the board's clock; NEVER if there is none."""
        when = self.freeze(kind, n)
        if kind == INSTANT and when >= 0:
            return when - self.shifts[n - 1]
        return self.on_board(when)

    def settlement(self, n: int) -> int:
        """The nth last settlement, n from 1; NEVER before the clock's beginning."""
        return self._settled(n, self.now + 1)

    def _settled(self, n: int, before: int) -> int:
        """The nth last settlement before a second."""
        year, month = calendar.date(before)[:2]
        left = n
        for _ in range(MONTHS):
            below = before
            for _ in range(3):
                when = self._latest_settlement(year, month, below)
                if when < 0:
                    break
                left -= 1
                if not left:
                    return when
                below = when
            month -= 1
            if not month:
                month = 12
                year -= 1
            if year < 0:
                break
        return NEVER

    def peak_since(self, n: int) -> int:
        """Where the demand period begins that ends at the nth last settlement; n = 0: now.

        By the board's clock, as what follows.
        """
        return self.peak_since_at(self.settlement(n) if n else self.now + 1, self.shift)

    def peak_since_at(self, when: int, shift: int) -> int:
        """Where the demand period began that ran before an instant of a clock `shift` off.

        What is frozen at a settlement is the month that ends with it.
        """
        begun = max(self._settled(1, when) - shift, 0)
        return self.demand_cleared if begun < self.demand_cleared <= when - shift else begun

    def month_on_board(self, n: int) -> int:
        """An instant of the month n months ago, by the board's clock: now, or its last second.

        Months are the board's, who watches the voltage; n counts from the meter's own.
        """
        now = self.on_board(self.now)
        if not n:
            return now
        year, month = calendar.date(self.now)[:2]
        index = 12 * year + month - 1 - n
        if index < 0:
            return NEVER
        # from the middle of the meter's month to the same one of the board
        middle = calendar.seconds(index // 12, index % 12 + 1, 15, 0, 0, 0) - self.shift
        if middle < 0:
            return NEVER
        year, month = calendar.date(middle)[:2]
        days = calendar.month_days(year, month)
        return min(calendar.seconds(year, month, days, 23, 59, 59), now)

    def freeze(self, kind: int, n: int) -> int:
        """The nth last freeze of a kind (DI2 of class 05); NEVER if there is none."""
        if kind >= len(KEPT) or not 1 <= n <= KEPT[kind]:
            return NEVER
        if kind == INSTANT:
            return self.at_once[n - 1]
        if kind == TIMED:
            when = self._timed(n)
            return when if when >= self.since else NEVER
        if kind == HOURLY:
            step = self._number(s.HOURLY_STEP, 1) * 60
            start = self._minute(s.HOURLY_START)
            if step <= 0 or self.now < start:
                return NEVER
            when = start + (self.now - start) // step * step - (n - 1) * step
            return when if when >= start else NEVER
        if kind == DAILY:
            minute = max(self._number(s.DAILY, 1), 0)
            hour = max(self._number(s.DAILY + 1, 1), 0)
            return _last(self.now, DAY, hour * HOUR + minute * 60) - (n - 1) * DAY
        for one, low in SWITCHED:
            if one == kind and n == 1:
                when = self._minute(self._settings.place(0x00, 0x01, low))
                return when if 0 < when <= self.now else NEVER
        return NEVER

    def record_start(self) -> int:
        """From when on load records are kept: MMDDhhmm of this year or, not yet come, the last."""
        buf = self._settings.data
        at = s.RECORD_START
        year = calendar.date(self.now)[0]
        minute, hour, day, month = (digits(buf, at + i, 1) for i in range(4))
        if month == day == 1 and not hour and not minute:
            # as it leaves the factory: since ever, over the turn of each year
            return 0
        for one in (year, year - 1):
            if calendar.valid(one, month, day, hour, minute, 0):
                when = calendar.seconds(one, month, day, hour, minute, 0)
                if when <= self.now:
                    return when
        return 0

    def record_step(self, kind: int) -> int:
        """Seconds between the load records of a class 1..6; 0 = not kept."""
        if not self._settings.data[s.RECORD_MODE] >> (kind - 1) & 1:
            return 0
        return max(self._number(s.RECORD_STEP + 2 * (kind - 1), 2), 0) * 60

    def _number(self, at: int, size: int) -> int:
        return digits(self._settings.data, at, size)

    def _minute(self, at: int) -> int:
        return minute_at(self._settings.data, at)

    def _latest_settlement(self, year: int, month: int, below: int) -> int:
        """The last of the month's settlements before `below`."""
        found = NEVER
        for i in range(3):
            hour = self._number(s.SETTLEMENT + 2 * i, 1)
            day = self._number(s.SETTLEMENT + 2 * i + 1, 1)
            if calendar.valid(year, month, day, hour, 0, 0):
                when = calendar.seconds(year, month, day, hour, 0, 0)
                if found < when < below:
                    found = when
        return found

    def _timed(self, n: int) -> int:
        minute, hour, day, month = self.pattern
        if hour == UNSET:
            return _last(self.now, HOUR, minute * 60) - (n - 1) * HOUR
        into = hour * HOUR + minute * 60
        if day == UNSET:
            return _last(self.now, DAY, into) - (n - 1) * DAY
        year, this = calendar.date(self.now)[:2]
        left = n
        for _ in range(6 * MONTHS):
            if year < 0:
                break
            if day <= calendar.month_days(year, this) and month in (UNSET, this):
                when = calendar.seconds(year, this, day, 0, 0, 0) + into
                left -= when <= self.now
                if not left:
                    return when
            this -= 1
            if not this:
                this = 12
                year -= 1
        return NEVER


def _last(now: int, step: int, into: int) -> int:
    """The last instant up to now that lies `into` a step."""
    return (now - into) // step * step + into
