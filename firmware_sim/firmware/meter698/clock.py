"""The meter's clock, and what everybody is told: the time, a freeze (DL/T 698.45 annex A, 4000).

A broadcast time is taken when it is at most five minutes off, once a day, not within five minutes
of midnight, as DL/T 645 has it for the same meters.
"""

from lib import calendar
from meter698 import axdr as a

MOST_S = 300
DAY = calendar.DAY
# OI << 16 | method << 8 | mode: time by broadcast (method 127), freeze once (method 3)
SET_TIME = 0x40007F00
FREEZE = 0x50000300
CLOCK_SET = 0x3016


class Clock:
    """Seconds since 2000; `clock()` gives the board's RTC tuple."""

    def __init__(self, clock):
        self._clock = clock
        # what it is set off from the board's, s
        self.shift = 0
        # the day a broadcast was last taken
        self.told_day = -1

    def time(self) -> int:
        """The present."""
        return max(self.board() + self.shift, 0)

    def board(self) -> int:
        """The same of the board's clock, which nobody sets."""
        year, month, day, _, hour, minute, second = self._clock()[:7]
        return calendar.seconds(year % 100, month, day, hour, minute, second)

    def tell(self, told: int) -> bool:
        """A time by broadcast; whether it was taken."""
        now = self.time()
        if told < 0 or abs(told - now) > MOST_S or now // DAY == self.told_day:
            return False
        for one in (now, told):
            if one % DAY < MOST_S or one % DAY >= DAY - MOST_S:
                return False
        self.told_day = now // DAY
        self.shift += told - now
        return True

    def set(self, told: int) -> None:
        """A time from whoever may set any."""
        self.shift = told - self.board()


def broadcast(data, start: int, end: int, meter) -> None:
    """An APDU to everybody: ACTION-Request Normal of time or freeze; all else is passed over."""
    if a.get_u16(data, start, end) != 0x0701 or start + 7 > end:
        return
    method = a.get_u32(data, start + 3, end)
    at = start + 7
    if a.skip(data, at, end) < 0:
        return
    now = meter.time()
    if method == SET_TIME and data[at] == a.DATE_TIME_S:
        if meter.clock.tell(a.get_date_time_s(data, at + 1, end)):
            meter.events.note(CLOCK_SET, now, meter.time())
            # rows stand elsewhere now
            meter.cut.forget(now)
    elif method == FREEZE:
        meter.freezes.freeze_now(now, meter.shift)
        meter.cut.forget(now)
