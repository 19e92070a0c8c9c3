"""What a master may have the meter do: set, freeze, clear, switch (DL/T 645-2007 7.4-7.13).

Every order's data stands in `data[0:n]`, before +33H. The answer: how many bytes of `out` are its
data, or an error (ERROR + its bits), or SILENCE.
"""

from lib import calendar, tariffs
from meter645.events import CLOSES, TRIPS
from meter645.locks import LEVELS
from meter645.put import digits, put_second, second_at
from meter645.settings import CALENDAR

SILENCE = -1
ERROR = 0x1000
# error bits: other, no requested data, not authorised, speed
OTHER = ERROR + 0x01
NO_DATA = ERROR + 0x02
DENIED = ERROR + 0x04
SPEED = ERROR + 0x08

TIME = 0x08
WRITE = 0x14
WRITE_ADDRESS = 0x15
FREEZE = 0x16
CHANGE_SPEED = 0x17
CHANGE_PASSWORD = 0x18
CLEAR_DEMAND = 0x19
CLEAR_METER = 0x1A
CLEAR_EVENTS = 0x1B
RELAY = 0x1C
TERMINAL = 0x1D

PROGRAMMED = 0
DEMAND_CLEARED = 2
EVENTS_CLEARED = 3
CLOCK_SET = 4

# what of class 04 has a log of its own: DI2, DI1, DI0, which; day tables behind zone tables
ANY = 99
TABLES = (
    (0x01, 0x00, 0x00, 6),
    (0x02, 0x00, 0x00, 6),
    (0x01, 0x00, ANY, 5),
    (0x02, 0x00, ANY, 5),
    (0x00, 0x08, ANY, 7),
    (0x03, 0x00, ANY, 8),
    (0x00, 0x06, 0x01, 9),
    (0x00, 0x06, 0x02, 10),
    (0x00, 0x06, 0x03, 11),
    (0x00, 0x0B, ANY, 12),
)
MOST_TIME_S = 300
DAY = 86400
SPEEDS = (0x02, 0x04, 0x08, 0x10, 0x20, 0x40)


def names_one(data, at: int) -> bool:
    """Whether data[at:at + 6] can be a meter's number; one of 99s is everybody's."""
    for i in range(at, at + 6):
        if data[i] != 0x99:
            return digits(data, at, 6) >= 0
    return False


class Orders:
    """The orders of one meter; `meter` is its core (core.py)."""

    def __init__(self, meter):
        self._meter = meter
        self.tripped = False
        self.alarm = False
        self.kept = False
        # what the multi-function terminal puts out: 0 seconds, 1 demand period, 2 tariff switch
        self.terminal = 0
        self.told_day = -1

    def broadcast(self, control: int, data, n: int) -> None:
        """What everybody is told and nobody answers: time and freeze."""
        if control == TIME and n == 6:
            self._time(data)
        elif control == FREEZE:
            self._freeze(data, n)

    def do(self, control: int, data, n: int, out) -> int:
        """An order for this meter alone."""
        if control == WRITE:
            return self._write(data, n) if 12 <= n else OTHER
        if control == FREEZE:
            return self._freeze(data, n)
        if control == CHANGE_SPEED:
            return self._speed(data, n, out)
        if control == CHANGE_PASSWORD:
            return self._password(data, n, out)
        if control == CLEAR_DEMAND:
            return self._clear_demand(data, n)
        if control == CLEAR_METER:
            # a meter with a security chip takes this from its key alone, whatever the password
            return DENIED
        if control == CLEAR_EVENTS:
            return self._clear_events(data, n)
        if control == RELAY:
            return self._relay(data, n)
        if control == TERMINAL:
            if n != 1 or data[0] > 2:
                return OTHER
            self.terminal = out[0] = data[0]
            return 1
        return SILENCE

    def _time(self, data) -> None:
        """Broadcast time: at most five minutes off, once a day, not around midnight."""
        meter = self._meter
        now = meter.periods.now
        told = second_at(data, 0)
        if told < 0 or abs(told - now) > MOST_TIME_S or now // DAY == self.told_day:
            return
        for one in (now, told):
            if one % DAY < MOST_TIME_S or one % DAY >= DAY - MOST_TIME_S:
                return
        self.told_day = now // DAY
        meter.shift += told - now

    def _write(self, data, n: int) -> int:
        meter = self._meter
        d0, d1, d2, d3 = data[0], data[1], data[2], data[3]
        if d3 != 0x04:
            return NO_DATA
        if d2 == 0 and d1 == 0x01 and d0 in (0x01, 0x02, 0x0C):
            return self._set_clock(data, n, d0)
        if d2 == 0 and d1 == 0x04 and d0 == 0x01:
            size = 6
            level = 2
        else:
            size, level = meter.settings.row(d2, d1, d0)
            if not size:
                return NO_DATA
        if not meter.locks.opens(data, 4, level, meter.periods.now):
            return DENIED
        error = meter.settings.refuses(d2, d1, d0, data, 12, n - 12)
        if error:
            return ERROR + error
        if n != 12 + size:
            return OTHER
        if d2 == 0 and d1 == 0x04 and d0 == 0x01:
            if not names_one(data, 12):
                return OTHER
            # taken behind the answer
            meter.parts.number = bytes(data[12:18])
        else:
            place = meter.settings.place(d2, d1, d0)
            if CALENDAR <= place < CALENDAR + tariffs.SIZE:
                meter.tariffs().write(place - CALENDAR, data, 12, size)
            else:
                for i in range(size):
                    meter.settings.data[place + i] = data[12 + i]
        self._programmed(data)
        for one in TABLES:
            if one[0] == d2 and one[1] in (d1, ANY) and one[2] in (d0, ANY):
                self._note(one[3], data, 4, 8)
                break
        return 0

    def _programmed(self, data) -> None:
        """The programming record: when, operator, identifier."""
        ring = self._meter.events.rings[PROGRAMMED]
        at = ring.slot(self._meter.periods.now)
        put_second(ring.data, at, self._meter.periods.now)
        for i in range(4):
            ring.data[at + 6 + i] = data[8 + i]
            ring.data[at + 10 + i] = data[i]

    def _set_clock(self, data, n: int, d0: int) -> int:
        meter = self._meter
        before = meter.periods.now
        if not meter.locks.opens(data, 4, 4, before):
            return DENIED
        year, month, day, _, hour, minute, second = calendar.date(before)
        at = 12
        if d0 != 0x01:
            second, minute, hour = (digits(data, at + i, 1) for i in range(3))
            at += 3
        if d0 != 0x02:
            if at + 4 > n:
                return OTHER
            day, month, year = (digits(data, at + 1 + i, 1) for i in range(3))
            at += 4
        if at != n or not calendar.valid(year, month, day, hour, minute, second):
            return OTHER
        after = calendar.seconds(year, month, day, hour, minute, second)
        meter.shift = after - meter.board()
        ring = meter.events.rings[CLOCK_SET]
        place = ring.slot(before)
        for i in range(4):
            ring.data[place + i] = data[8 + i]
        put_second(ring.data, place + 4, before)
        put_second(ring.data, place + 10, after)
        return 0

    def _freeze(self, data, n: int) -> int:
        """mm hh DD MM, 99 from the month down: every month, day, hour, or at once."""
        periods = self._meter.periods
        if n != 4:
            return OTHER
        minute, hour, day, month = (digits(data, i, 1) for i in range(4))
        if minute == hour == day == month == ANY:
            periods.freeze_now()
            return 0
        any_below = True
        for value, least, most in ((hour, 0, 23), (day, 1, 31), (month, 1, 12)):
            if value == ANY:
                any_below = False
            elif not any_below or not least <= value <= most:
                # what lies above "any" is any too
                return OTHER
        if not 0 <= minute <= 59:
            return OTHER
        for i in range(4):
            periods.pattern[i] = (minute, hour, day, month)[i]
        periods.since = periods.now
        return 0

    def _speed(self, data, n: int, out) -> int:
        if n != 1 or data[0] not in SPEEDS:
            return SPEED
        # said at the old speed; the core changes when the answer has gone
        self._meter.speed_word = out[0] = data[0]
        return 1

    def _password(self, data, n: int, out) -> int:
        """04 00 0C nn, old PA P0 P1 P2, new PA P0 P1 P2."""
        locks = self._meter.locks
        level = data[0] - 1 if n == 12 else LEVELS
        if n != 12 or data[1] != 0x0C or data[2] or data[3] != 0x04 or not 0 <= level < LEVELS:
            return OTHER
        if not locks.opens(data, 4, level, self._meter.periods.now) or data[8] != level:
            return DENIED
        locks.change(data, 8)
        for i in range(4):
            out[i] = data[8 + i]
        return 4

    def _clear_demand(self, data, n: int) -> int:
        meter = self._meter
        if n != 8:
            return OTHER
        if not meter.locks.opens(data, 0, 4, meter.periods.now):
            return DENIED
        since = meter.periods.peak_since(0)
        slot = self._note(DEMAND_CLEARED, data, 4, 4)
        meter.events.demands_since[slot] = since
        meter.periods.demand_cleared = meter.periods.on_board(meter.periods.now)
        return 0

    def _clear_events(self, data, n: int) -> int:
        meter = self._meter
        if n != 12:
            return OTHER
        if not meter.locks.opens(data, 0, 2, meter.periods.now):
            return DENIED
        if not meter.events.forget(data[11], data[10], data[9], data[8]):
            return OTHER
        self._note(EVENTS_CLEARED, data, 8, 4)
        return 0

    def _note(self, which: int, data, size: int, start: int) -> int:
        """A record of when, operator and, of events cleared, the identifier: data[start:] on.

        Its slot in the ring.
        """
        periods = self._meter.periods
        ring = self._meter.events.rings[which]
        # energies and demands of this instant are asked of the store, which goes by the board
        at = ring.slot(periods.on_board(periods.now))
        put_second(ring.data, at, periods.now)
        for i in range(size):
            ring.data[at + 6 + i] = data[start + i]
        return at // ring.size

    def _relay(self, data, n: int) -> int:
        """PA P0 P1 P2, operator, N1 what, N2 0, N3..N8 until when that holds."""
        meter = self._meter
        now = meter.periods.now
        if n != 16:
            return OTHER
        if not meter.locks.opens(data, 0, 2, now):
            return DENIED
        until = second_at(data, 10)
        if until < now:
            return OTHER
        what = data[8]
        if what == 0x1A:
            if self.kept:
                return OTHER
            self._switch(True, data)
        elif what == 0x1B or what == 0x1C:
            self._switch(False, data)
        elif what == 0x2A or what == 0x2B:
            self.alarm = what == 0x2A
        elif what == 0x3A or what == 0x3B:
            self.kept = what == 0x3A
        else:
            return OTHER
        return 0

    def _switch(self, tripped: bool, data) -> None:
        if tripped != self.tripped:
            self.tripped = tripped
            self._note(TRIPS if tripped else CLOSES, data, 4, 4)
