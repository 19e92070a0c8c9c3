"""Class 03: what has happened, counted and recorded (DL/T 645-2007 A.4).

What befalls the meter (power off, voltage, cover) comes from its memory as pages of start and end;
the energies of a record are those of the registers at these instants. What was done to it over the
line (programming, clock, clears) is kept in rings of ten.
"""

from lib import metering as r
from lib.bcd import put_bcd, put_blank, put_signed
from meter645.energy import put_energy
from meter645.items import put_element
from meter645.put import put_minute, put_second, second_at

NONE = -1
ALL = 0xFF
RECORDS = 10
EVENT_SIZE = 8 + RECORDS * 16

# layouts of a record: start and end, and then
PLAIN = 0
CURRENT = 1
ENERGY = 2
RATE = 3
PHASE = 4
DEMAND = 5
COVER = 6
NO_HOURS = 7
# kind, layout, has phases (or the six kinds of demand), a single-phase meter has it
KINDS = (
    (0x01, PHASE, 3, False),
    (0x02, PHASE, 3, False),
    (0x03, PHASE, 3, False),
    (0x04, PHASE, 3, False),
    (0x05, CURRENT, 0, False),
    (0x06, PLAIN, 0, False),
    (0x07, ENERGY, 0, False),
    (0x08, ENERGY, 0, False),
    (0x09, RATE, 0, False),
    (0x0A, RATE, 0, False),
    (0x0B, NO_HOURS, 3, False),
    (0x0C, NO_HOURS, 3, False),
    (0x0D, NO_HOURS, 3, False),
    (0x0E, ENERGY, 3, False),
    (0x0F, ENERGY, 3, False),
    (0x11, PLAIN, 0, True),
    (0x12, DEMAND, 6, False),
)
POWER_OFF = 0x11
VOLTAGE_QUALITY = 0x10
OPERATIONS = 0x30
# by DI1 of 03 30: cover and terminal cover come from the memory
COVERS = (0x0D, 0x0E)
MEMORY_OF_COVER = 0x20

# what a ring keeps, by DI1 of 03 30: programming, clears of meter, demand and events, clock set,
# then when and by whom a table was set: days, zones, weekend, holidays, combinations, settlement
RING_SIZES = (50, 10, 10, 14, 16, 10, 10, 10, 10, 10, 10, 10, 10)
# behind them: trips and closes of the relay
TRIPS = 13
CLOSES = 14
CLEAR_DEMAND = 2
EVENTS_CLEARED = 3
DEMANDS_AT_CLEAR = 24
# the longest record: a clear of demand
LONGEST = 10 + 8 * DEMANDS_AT_CLEAR

# forward, reverse, combined reactive 1, 2 of total, A, B, C
GROUPS = (0x00, 0x14, 0x28, 0x3C)


class Ring:
    """The ten newest of one kind of record, and how many there were."""

    def __init__(self, size: int):
        self.size = size
        self.count = 0
        self.data = bytearray(size * RECORDS)
        self.times = [0] * RECORDS

    def slot(self, now: int) -> int:
        """Where in `data` the next record goes, which is blank."""
        place = self.count % RECORDS
        self.count += 1
        self.times[place] = now
        put_blank(self.data, place * self.size, self.size)
        return place * self.size

    def place(self, n: int) -> int:
        """The slot number of the nth newest, n from 1; NONE if there is none."""
        if not 1 <= n <= min(RECORDS, self.count):
            return NONE
        return (self.count - n) % RECORDS


class Events:
    """The events of one meter."""

    def __init__(self, registers, periods):
        self._registers = registers
        self._periods = periods
        self._page = bytearray(EVENT_SIZE)
        self._start = [0] * len(GROUPS) * 4
        self.rings = [Ring(size) for size in RING_SIZES + (10, 10)]
        # by the board's clock: since when the demands were that each clear has wiped (by slot), and
        # when each kind of event was cleared
        self.demands_since = [0] * RECORDS
        self.cleared = [0] * (OPERATIONS + 1)

    def forget(self, d3: int, d2: int, d1: int, d0: int) -> bool:
        """Forget what an identifier with DI0 = FF names, all for FFFFFFFF; False if it is none."""
        if d0 != ALL or (d3 != 0x03 and d3 != ALL):
            return False
        for kind in range(len(self.cleared)):
            if kind == d2 or d2 == ALL:
                self.cleared[kind] = self._periods.on_board(self._periods.now)
        for one in range(len(RING_SIZES)):
            # an erased log of clears would hide the clearing: those stay
            named = d2 == ALL or (d2 == OPERATIONS and d1 in (one, ALL))
            if named and not 1 <= one <= EVENTS_CLEARED:
                self.rings[one].count = 0
        return True

    def put(self, out, at, d2: int, d1: int, d0: int) -> int:
        """The data of an identifier, or NONE."""
        if d2 == OPERATIONS:
            return self._operations(out, at, d1, d0)
        if d2 == VOLTAGE_QUALITY:
            return self._quality(out, at, d1, d0)
        for kind, layout, phases, single in KINDS:
            if kind == d2 and (single or self._registers.elements == 3):
                if d1 == 0 and d0 == 0:
                    return self._totals(out, at, kind, layout, phases)
                if (d1 == 0) == (phases == 0) and d1 <= phases:
                    pos = at
                    if d0 == ALL and not phases:
                        # the totals are the item 00 of the block
                        pos += max(0, self._totals(out, at, kind, layout, phases))
                    size = self._records(out, pos, kind, d1, layout, d0)
                    return size if size == NONE else pos + size - at
        return NONE

    def _load(self, kind: int, phase: int) -> bool:
        memory = self._registers.memory
        if memory is None:
            return False
        which = kind if kind <= OPERATIONS else OPERATIONS
        return memory(self._page, r.EVENT + kind * 16 + phase, r.NOW, self.cleared[which])

    def _totals(self, out, at, kind, layout, phases) -> int:
        """Count and minutes of each phase; what only happens has a count alone."""
        pos = at
        for phase in range(1, phases + 1) if phases else (0,):
            if not self._load(kind, phase):
                return NONE
            put_bcd(out, pos, r.word(self._page, 0), 3)
            pos += 3
            if kind != POWER_OFF and layout not in (COVER, DEMAND):
                put_bcd(out, pos, r.word(self._page, 4), 3)
                pos += 3
        return pos - at

    def _records(self, out, at, kind, phase, layout, d0) -> int:
        first = 1 if d0 == ALL else d0
        last = RECORDS if d0 == ALL else d0
        if not 1 <= first <= last <= RECORDS:
            return NONE
        if not self._load(kind, phase):
            return NONE
        pos = at
        for n in range(first, last + 1):
            place = 8 + 16 * (n - 1)
            start = r.word(self._page, place)
            if not start or pos + LONGEST > len(out):
                break
            end = r.word(self._page, place + 4)
            pos += self._record(out, pos, layout, start, end, place + 8)
        return pos - at if pos > at else NONE

    def _record(self, out, at, layout, start, end, extra) -> int:
        pos = at + put_second(out, at, start)
        if layout == CURRENT:
            put_signed(out, pos, r.word(self._page, extra), 3)
            pos += 3
        pos += put_second(out, pos, end)
        if layout == RATE:
            put_bcd(out, pos, r.word(self._page, extra), 2)
            pos += 2
        elif layout == DEMAND:
            put_bcd(out, pos, r.word(self._page, extra), 3)
            put_minute(out, pos + 3, r.word(self._page, extra + 4))
            pos += 8
        elif layout == COVER:
            pos += self._six(out, pos, start)
            pos += self._six(out, pos, end)
        if layout == ENERGY or layout == RATE:
            pos += self._increments(out, pos, start, end, False)
        elif layout == PHASE or layout == NO_HOURS:
            pos += self._increments(out, pos, start, end, True)
            if layout == PHASE:
                # ampere-hours: this meter does not count them
                put_blank(out, pos, 16)
                pos += 16
        return pos - at

    def _six(self, out, at, when) -> int:
        """Forward, reverse and the quadrants' energy at an instant; FF for what it has not."""
        known = self._registers.at(when)
        for i, which in enumerate((1, 2, 5, 6, 7, 8)):
            value = self._registers.energy(which, 0) if known else r.MISSING
            _put(out, at + 4 * i, value)
        return 24

    def _increments(self, out, at, start, end, moments) -> int:
        """What four energies grew by in total and each phase; `moments`: and what flowed then."""
        registers = self._registers
        known = registers.at(start)
        for i in range(len(self._start)):
            which = GROUPS[i // 4] + i % 4 + 1
            self._start[i] = registers.energy(which, 0) if known else r.MISSING
        pos = at
        if end and known:
            known = registers.at(end)
        for i in range(len(self._start)):
            which = GROUPS[i // 4] + i % 4 + 1
            value = registers.energy(which, 0) if known and end else r.MISSING
            if value != r.MISSING:
                value -= self._start[i]
                if value < 0 and i % 4 < 2:
                    # a register that only counts up has rolled over in between
                    value += r.ROLL
            _put(out, pos, value)
            pos += 4
            if moments and i > 4 and i % 4 == 3:
                # voltage, current, power and power factor at the start
                put_blank(out, pos, 13)
                pos += 13
        if moments and registers.at(start):
            for phase in range(3):
                put_element(out, at + 32 + 29 * phase, phase, registers.chip)
        return pos - at

    def _operations(self, out, at, d1, d0) -> int:
        if d1 in COVERS:
            kind = MEMORY_OF_COVER + d1
            if d0 == 0:
                return self._totals(out, at, kind, COVER, 0)
            return self._records(out, at, kind, 0, COVER, d0)
        if d1 >= len(RING_SIZES):
            return NONE
        if d0 == 0:
            put_bcd(out, at, self.rings[d1].count, 3)
            return 3
        return self._ring(out, at, d1, d0)

    def put_relay(self, out, at, d3: int, d2: int, d1: int, d0: int) -> int:
        """1D: trips, 1E: closes (E). Count; or when, by whom and six energies."""
        which = TRIPS + d3 - 0x1D
        if d2:
            return NONE
        if d1 == 0 and d0 == 1:
            put_bcd(out, at, self.rings[which].count, 3)
            return 3
        return self._ring(out, at, which, d0) if d1 == 1 else NONE

    def _ring(self, out, at, which, d0) -> int:
        """The nth newest record of a ring, or all."""
        ring = self.rings[which]
        pos = at
        for n in range(1 if d0 == ALL else d0, (RECORDS if d0 == ALL else d0) + 1):
            place = ring.place(n)
            if place == NONE or pos + LONGEST > len(out):
                break
            for i in range(ring.size):
                out[pos + i] = ring.data[place * ring.size + i]
            pos += ring.size
            if which == CLEAR_DEMAND:
                pos += self._demands(out, pos, place)
            elif which >= TRIPS:
                pos += self._six(out, pos, ring.times[place])
        return pos - at if pos > at else NONE

    def _demands(self, out, at, slot) -> int:
        """The demands that a clear has wiped: six totals, and phases that this meter has not."""
        registers = self._registers
        ring = self.rings[CLEAR_DEMAND]
        when = ring.times[slot]
        # what the clock was off then
        shift = second_at(ring.data, slot * ring.size) - when
        put_blank(out, at, 8 * DEMANDS_AT_CLEAR)
        if registers.elements == 3 and registers.peak(when - 1, self.demands_since[slot]):
            for i, which in enumerate((1, 2, 5, 6, 7, 8)):
                place = (which - 1) * 40
                put_bcd(out, at + 8 * i, r.word(registers.peaks, place), 3)
                since = r.word(registers.peaks, place + 4)
                put_minute(out, at + 8 * i + 3, since + shift if since else 0)
        return 8 * DEMANDS_AT_CLEAR

    def _quality(self, out, at, d1, d0) -> int:
        """How well the voltage kept its limits: 0310 00 mm total, 0310 pp mm a phase."""
        registers = self._registers
        if d0 > 12 or d1 > registers.elements or registers.memory is None:
            return NONE
        # month d0 ago; the first of a month is no settlement day of ours
        when = self._periods.month_on_board(d0)
        page = self._page
        if when < 0 or not registers.memory(page, r.QUALITY + d1, when, 0):
            return NONE
        watched = r.word(page, 0)
        high = r.word(page, 4)
        low = r.word(page, 8)
        out_of = (high + low) * 10000 // watched if watched else 0
        put_bcd(out, at, watched, 3)
        put_bcd(out, at + 3, 10000 - out_of if watched else 0, 3)
        put_bcd(out, at + 6, out_of, 3)
        put_bcd(out, at + 9, high, 3)
        put_bcd(out, at + 12, low, 3)
        for i in range(2):
            put_bcd(out, at + 15 + 6 * i, r.word(page, 12 + 8 * i), 2)
            # the time without its year
            second = r.word(page, 16 + 8 * i)
            put_minute(out, at + 17 + 6 * i, second + self._periods.shift if second else 0)
        return 27


def _put(out, at, value) -> None:
    if value == r.MISSING:
        put_blank(out, at, 4)
    else:
        put_energy(out, at, value)
