"""Energies by the meter's own calendar, once it sorts otherwise than the metering chip.

Theory of operation

As it leaves the factory the calendar (tariffs.py) and the chip sort alike, the chip's registers are
used as they are, and nothing of this file exists. From the second `first` on at which they may
differ, it stands in the two doors of Registers, snapshot() and memory(), and writes its own pulses
by tariff over the chip's: tariff k is what it was at `since`, and what the chip has counted in all
its tariffs together in each stretch of k since then, as the store shows the stretch's ends. So the
tariffs add up to the same pulses as the chip's, and the total is the chip's.

What was worked out last is the place to go on from, forward or back, so that a row of instants in
either order costs each stretch once. A change of the calendar that reaches into the past moves
`since` to the present: between `first` and `since` the tariffs are then not known any more
(registers.sorted is False), the totals are. Demand is of no tariff from `first` on.

Without a store (a board) the chip is looked at whenever main.py wakes, at most 6 s behind the
change of a tariff, and `since` moves there.

All seconds are those of the board's clock, as the store has them; the calendar runs on the meter's,
which is ahead by a shift that is remembered from each setting of the clock on.
"""

from lib import tariffs as c
from lib.chip import FORWARD
from lib.chip import SIZE as CHIP_SIZE
from lib.metering import CHIP, COUNTS, COUNTS_SIZE, NOW, PEAKS, PEAKS_SIZE, word
from lib.wide import get_wide, put_wide

NEVER = c.NEVER
MASK = 0xFFFFFFFF
BANK = 4 * c.TARIFFS

# a clock set by less than the time a board looks at its chip in changes nothing
SLACK_S = 6
SHIFTS = c.SHIFTS
ROW = c.SHIFT_SIZE

SETS = c.KEPT_SETS
KNOWN = c.KEPT_KNOWN
COUNT = c.KEPT_COUNT
FIRST = c.KEPT_FIRST
SINCE = c.KEPT_SINCE
PULSES = c.KEPT_PULSES
CHIP_PULSES = 2 * BANK
COUNTS_PULSES = 6 * BANK
STARTS = PULSES + CHIP_PULSES + COUNTS_PULSES
# pages: place and length of their pulses by tariff, where they are kept, bit in KNOWN
PAGES = (
    (CHIP, CHIP_SIZE, FORWARD, CHIP_PULSES, PULSES, 1),
    (COUNTS, COUNTS_SIZE, 0, COUNTS_PULSES, PULSES + CHIP_PULSES, 2),
)
# ten quantities of total and tariffs, demand and second each
PEAK = 8
PEAK_ROW = PEAK * (1 + c.TARIFFS)


def put_u32(buf, at: int, value: int) -> None:
    """Four bytes, big-endian."""
    for i in range(4):
        buf[at + i] = value >> (24 - 8 * i) & 0xFF


def bank_sum(buf, at: int) -> int:
    """The pulses of all tariffs of a bank, modulo 2**32."""
    total = 0
    for i in range(at, at + BANK, 4):
        total += word(buf, i)
    return total & MASK


class Point:
    """Pulses by tariff at one second of the board's clock; NEVER = none yet."""

    def __init__(self, size: int):
        self.when = NEVER
        self.pulses = bytearray(size)


class Page:
    """One page of the store: where its pulses stand, and what was worked out of it last."""

    def __init__(self, row):
        self.number, size, self.start, self.size, self.kept, self.bit = row
        self.image = bytearray(size)
        self.present = Point(self.size)
        self.past = Point(self.size)
        # until when the tariff of the present holds, and which it is
        self.until = -1
        self.tariff = 0


class Sorting:
    """The tariffs of one meter whose calendar is, or was, another than its chip's.

    meter: has time(), shift, registers and keep. tables, place: its calendar. state: c.STATE bytes
    that outlive the power.
    """

    def __init__(self, meter, tables, place, state):
        self._meter = meter
        self._registers = meter.registers
        self._tables = tables
        self._place = place
        self._state = state
        self._pages = [Page(row) for row in PAGES]
        self._snapshot, self._memory = meter.registers.stand_between(self)
        self.first = word(state, FIRST)
        self.since = word(state, SINCE)
        places = range(STARTS, STARTS + ROW * state[COUNT], ROW)
        self._starts = [word(state, at) for at in places]
        self._shifts = [get_wide(state, at + 4) for at in places]
        # what a look at the chip has moved is not yet kept
        self._looked = False
        if self._memory is None:
            self._inner = meter.on_deadline
            meter.on_deadline = self._on_deadline

    # what the calendar's owner says

    def begin(self, first: int) -> None:
        """The calendar may sort otherwise than the chip from a second on that is not over."""
        self.first = self.since = first
        self._state[KNOWN] = 0
        self._starts = [0]
        self._shifts = [self._meter.shift]
        self._forget()
        self._note()

    def is_sorting(self) -> bool:
        """Whether that second has come."""
        return self.first <= self._now()

    def pieces(self) -> list:
        """What the meter's clock has shown since `since`: (from, to), a piece for each setting."""
        now = self._now()
        at = self.since
        found = []
        while True:
            ahead, until = self._ahead(at)
            found.append((at + ahead, min(until, now) + ahead))
            if until > now:
                return found
            at = until

    def settle(self, when: int = NOW) -> None:
        """The calendar is about to change in what it said before `when`: `since` moves there."""
        if self._memory is None:
            self._look(self._now())
        else:
            self._roll(self._now() if when == NOW else when)
        self._note()

    def changed(self) -> None:
        """Something of the calendar is other than it was."""
        for page in self._pages:
            page.until = -1
        self._note()

    def clock_set(self) -> None:
        """The meter's clock may have been set."""
        if abs(self._meter.shift - self._shifts[-1]) <= SLACK_S:
            return
        now = self._now()
        if self._memory is None:
            self._look(now)
        elif len(self._starts) == SHIFTS:
            self._roll(self._starts[1])
        self._starts.append(now)
        self._shifts.append(self._meter.shift)
        self._drop()
        self.changed()

    # the doors of Registers

    def snapshot(self, buf) -> None:
        """The chip as it is, sorted."""
        self._snapshot(buf)
        self._registers.sorted = self._sort(self._pages[0], buf, self._now(), True)

    def memory(self, buf, page: int, at: int, since: int) -> bool:
        """A page of the store, sorted."""
        if not self._memory(buf, page, at, since):
            return False
        when = self._now() if at == NOW else at
        if page == CHIP:
            self._registers.sorted = self._sort(self._pages[0], buf, when, at == NOW)
        elif page == COUNTS:
            if not self._sort(self._pages[1], buf, when, at == NOW):
                self._registers.sorted = False
        elif page == PEAKS and when > self.first:
            for row in range(0, min(len(buf), PEAKS_SIZE), PEAK_ROW):
                for i in range(row + PEAK, row + PEAK_ROW):
                    buf[i] = 0xFF
        return True

    def _sort(self, page, buf, when: int, present: bool) -> bool:
        """The pulses by tariff of a page as at `when`, over the chip's; False if not known."""
        if when <= self.first:
            return True
        if self._memory is None:
            self._look_at(page, buf, when)
        elif when < self.since:
            return False
        elif not present:
            if not self._move(page, page.past, when):
                return False
            self._put(buf, page, page.past.pulses)
            return True
        elif when >= page.until:
            # where clocks run apart the store may not have the second that has just begun
            if not self._move(page, page.present, when) and not (
                self._move(page, page.present, when - 1)
            ):
                return False
            self._hold(page, when)
        # what has been counted since goes to the tariff of now
        pulses = page.present.pulses
        for bank in range(0, page.size, BANK):
            more = bank_sum(buf, page.start + bank) - bank_sum(pulses, bank)
            for i in range(bank, bank + BANK, 4):
                value = word(pulses, i)
                if i == bank + 4 * (page.tariff - 1):
                    value += more
                put_u32(buf, page.start + i, value)
        return True

    def _put(self, buf, page, pulses) -> None:
        for i in range(page.size):
            buf[page.start + i] = pulses[i]

    # with a store

    def _move(self, page, point, when: int) -> bool:
        """Have a point at `when`, from the nearest second that is known; False: nobody knows."""
        best = None
        if not self._from_since(page):
            return False
        for one in (page.past, page.present):
            if self.since <= one.when < NEVER and (
                best is None or abs(one.when - when) < abs(best.when - when)
            ):
                best = one
        if best is None or when - self.since < abs(best.when - when):
            start = self.since
            for i in range(page.size):
                point.pulses[i] = self._state[page.kept + i]
        else:
            start = best.when
            for i in range(page.size):
                point.pulses[i] = best.pulses[i]
        point.when = NEVER
        if not self._walk(page, point.pulses, start, when):
            return False
        point.when = when
        return True

    def _from_since(self, page) -> bool:
        """Have the pulses at `since`: at the first one they are the chip's."""
        if self._state[KNOWN] & page.bit:
            return True
        if self.since != self.first or not self._image(page, self.since):
            return False
        for i in range(page.size):
            self._state[page.kept + i] = page.image[page.start + i]
        self._state[KNOWN] |= page.bit
        return True

    def _walk(self, page, pulses, start: int, end: int) -> bool:
        """From the pulses at `start` to those at `end`, which may lie before it."""
        low = min(start, end)
        high = max(start, end)
        sums = [bank_sum(pulses, bank) for bank in range(0, page.size, BANK)]
        last = sums
        if end < start:
            if not self._image(page, low):
                return False
            last = self._sums(page)
        while low < high:
            ahead, until = self._ahead(low)
            limit = min(high, until)
            k = c.tariff(self._tables, self._place, self._state[SETS], low + ahead)
            low = self._change(low, ahead, limit)
            if low == start:
                new = sums
            else:
                if not self._image(page, low):
                    return False
                new = self._sums(page)
            for n in range(len(sums)):
                at = BANK * n + 4 * (k - 1)
                more = new[n] - last[n]
                put_u32(pulses, at, word(pulses, at) + (more if start < end else -more))
            last = new
        return True

    def _roll(self, now: int) -> None:
        """Let `since` be a later second."""
        known = 0
        if not self._move(self._pages[0], self._pages[0].present, now) and now > self.since:
            now -= 1
        for page in self._pages:
            if self._move(page, page.present, now):
                known |= page.bit
                for i in range(page.size):
                    self._state[page.kept + i] = page.present.pulses[i]
        # a page the store has not, or knows nothing of: not known from here on
        self._state[KNOWN] = known
        self.since = now
        self._forget()

    def _drop(self) -> None:
        """Settings of the clock that no second from `since` on needs."""
        while len(self._starts) > 1 and self._starts[1] <= self.since:
            self._starts.pop(0)
            self._shifts.pop(0)

    def _image(self, page, when: int) -> bool:
        return self._memory(page.image, page.number, when, 0)

    def _sums(self, page) -> list:
        first = page.start
        return [bank_sum(page.image, bank) for bank in range(first, first + page.size, BANK)]

    def _change(self, t: int, ahead: int, limit: int) -> int:
        sets = self._state[SETS]
        return c.change(self._tables, self._place, sets, t + ahead, limit + ahead) - ahead

    def _ahead(self, t: int) -> tuple:
        """What the meter's clock was ahead by at a second, and until when."""
        i = len(self._starts) - 1
        until = NEVER
        while i > 0 and self._starts[i] > t:
            until = self._starts[i]
            i -= 1
        return (self._shifts[i], until)

    def _hold(self, page, now: int) -> None:
        """Which tariff counts, and for how long: a day at most, then it is looked at again."""
        ahead = self._ahead(now)[0]
        page.tariff = c.tariff(self._tables, self._place, self._state[SETS], now + ahead)
        page.until = self._change(now, ahead, now + c.DAY)

    # without a store

    def _on_deadline(self, t: int) -> int:
        """The core's, looked at whenever main.py wakes."""
        now = self._now()
        if now >= self.first and now >= self._pages[0].until:
            self._look(now)
        if self._looked:
            self._looked = False
            self._note()
            if self._meter.keep is not None:
                self._meter.keep.save()
        return self._inner(t)

    def _look(self, now: int) -> None:
        """Give what the chip has counted since the last look to the tariff of then."""
        page = self._pages[0]
        page.until = -1
        self._snapshot(page.image)
        self._look_at(page, page.image, now)

    def _look_at(self, page, buf, now: int) -> None:
        if page.until > now:
            return
        state = self._state
        known = state[KNOWN] & page.bit
        ahead = self._ahead(self.since)[0]
        k = c.tariff(self._tables, self._place, state[SETS], self.since + ahead)
        for bank in range(0, page.size, BANK):
            more = bank_sum(buf, page.start + bank) - bank_sum(state, page.kept + bank)
            for i in range(bank, bank + BANK, 4):
                value = word(buf, page.start + i)
                if known:
                    value = word(state, page.kept + i)
                    if i == bank + 4 * (k - 1):
                        value += more
                put_u32(page.present.pulses, i, value)
        for i in range(page.size):
            state[page.kept + i] = page.present.pulses[i]
        state[KNOWN] |= page.bit
        self.since = now
        self._looked = True
        self._hold(page, now)

    def _now(self) -> int:
        return self._meter.time() - self._meter.shift

    def _forget(self) -> None:
        """Nothing that was worked out holds any more."""
        for page in self._pages:
            page.present.when = page.past.when = NEVER
            page.until = -1

    def _note(self) -> None:
        """Into what outlives the power."""
        state = self._state
        put_u32(state, FIRST, self.first)
        put_u32(state, SINCE, self.since)
        state[COUNT] = len(self._starts)
        for i in range(len(self._starts)):
            put_u32(state, STARTS + ROW * i, self._starts[i])
            put_wide(state, STARTS + ROW * i + 4, self._shifts[i])
