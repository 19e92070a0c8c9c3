"""The meter's registers at one instant, now or in the past, and the digits of every energy.

Three pages, each fetched only when somebody asks for what stands in it:

    chip     the metering chip's map (chip.py)
    counts   what meters of more than active energy count, u32 pulses, 1600 a kvarh or kVAh:
             00 reactive quadrant 1..4, each tariff 1..4; 40 apparent forward, 50 reverse;
             60 80 A0 phase A B C: active forward, reverse, quadrant 1..4, apparent forward, reverse
    peaks    maximum demand, (u32 0.1 W, u32 seconds since 2000) each: ten quantities in the order
             forward, reverse, reactive 1, 2, quadrant 1..4, apparent forward, reverse, each in
             total and tariff 1..4; the seconds are 0 where there was none

The past comes through one door, `memory(buf, page, at, since)`: it fills buf with a page as it was
at the second `at` (-1 = now) of the clock, and says whether there is such. PEAKS are since `since`.
"""

from lib import chip as c
from lib.registers import u16

CHIP = 0
COUNTS = 1
PEAKS = 2
AVERAGES = 3
# + kind << 4 | phase: count u32, minutes u32, then ten of start, end (s since 2000), two words more
EVENT = 0x1000
# + phase: voltage of the month that holds `at`
QUALITY = 0x2000

NOW = -1
MISSING = -(1 << 30)
# a demand that nobody can know
UNKNOWN = 0xFFFFFFFF

COUNTS_SIZE = 0xC0
PEAKS_SIZE = 400
AVERAGES_SIZE = 16
APPARENT = 0x40
PHASES = 0x60
PHASE_SIZE = 0x20

# DI2 of phase A, B, C: ten quantities each (fact: steps of 14H)
PHASE_FIRST = (0x15, 0x29, 0x3D)
QUANTITIES = 10
ROLL = 100000000

# quantities, as DI2 of the totals
COMBINED = 0x00
FORWARD = 0x01
REVERSE = 0x02
REACTIVE_1 = 0x03
REACTIVE_2 = 0x04
QUADRANT_1 = 0x05
APPARENT_FORWARD = 0x09
APPARENT_REVERSE = 0x0A


def word(buf: bytearray, at: int) -> int:
    """Four bytes, unsigned."""
    return u16(buf, at) << 16 | u16(buf, at + 2)


class Registers:
    """One meter's registers; `combinations` are its words 04 00 06 01..03."""

    def __init__(self, snapshot, memory, elements, combinations):
        self.elements = elements
        self.chip = bytearray(c.SIZE)
        self.counts = bytearray(COUNTS_SIZE)
        self.peaks = bytearray(PEAKS_SIZE)
        self.averages = bytearray(AVERAGES_SIZE)
        self.memory = memory
        self._snapshot = snapshot
        self._combinations = combinations
        # how a counter is read, and where its register rolls over
        self._read = c.energy
        self._roll = ROLL
        # the instant they are of, s since 2000; NOW = the present
        self.when = NOW
        # what the meter's clock is, or was, off the board's at that instant; who knows sets it
        self.ahead = 0
        self._counted = False
        # False: how they are shared out among the tariffs is not known
        self.sorted = True

    def stand_between(self, sorting) -> tuple:
        """From now on a Sorting is asked for pages; what it has to ask: (snapshot, memory)."""
        doors = (self._snapshot, self.memory)
        self._snapshot = sorting.snapshot
        if self.memory is not None:
            self.memory = sorting.memory
        return doors

    def now(self) -> None:
        """What the chip shows."""
        self._snapshot(self.chip)
        self.when = NOW
        self._counted = False

    def at(self, when: int) -> bool:
        """What it showed at that second; False if nobody knows."""
        if self.memory is None or when < 0 or not self.memory(self.chip, CHIP, when, 0):
            return False
        self.when = when
        self._counted = False
        return True

    def peak(self, when: int, since: int) -> bool:
        """The maximum demands between two seconds, into `peaks`."""
        return self.memory is not None and self.memory(self.peaks, PEAKS, when, since)

    def average(self) -> bool:
        """s32, 0.1 W: mean of the last minute; present demand active, reactive, apparent."""
        return self.memory is not None and self.memory(self.averages, AVERAGES, NOW, 0)

    def energy(self, which: int, tariff: int) -> int:
        """One energy by its DI2 and tariff (0 = total), 0.01 kWh; MISSING if it has none."""
        # what is asked most comes first
        if which == FORWARD:
            return c.energy(self.chip, c.FORWARD, tariff) % ROLL
        return self._energy(which, tariff)

    def fine(self, which: int, tariff: int) -> int:
        """The same in 0.0001 kWh."""
        self._read = c.fine
        self._roll = ROLL * 100
        value = self._energy(which, tariff)
        self._read = c.energy
        self._roll = ROLL
        return value

    def _energy(self, which: int, tariff: int) -> int:
        if which <= REVERSE:
            return self._sum(which, tariff)
        if self.elements != 3 or not self._count():
            return MISSING
        if which <= APPARENT_REVERSE:
            return self._sum(which, tariff)
        for phase in range(3):
            k = which - PHASE_FIRST[phase]
            if 0 <= k < QUANTITIES and not tariff:
                return self._sum(k + 1, -1 - phase)
        return MISSING

    def _count(self) -> bool:
        """Have the counts of the present instant at hand."""
        if not self._counted:
            self._counted = self.memory is not None and self.memory(
                self.counts, COUNTS, self.when, 0
            )
        return self._counted

    def _sum(self, which: int, tariff: int) -> int:
        """An energy that is there; combinations add and subtract by their words."""
        if which == COMBINED:
            parts = ((1, FORWARD), (4, REVERSE))
            bits = self._combinations(0)
        elif which == REACTIVE_1 or which == REACTIVE_2:
            parts = (
                (1, QUADRANT_1),
                (4, QUADRANT_1 + 1),
                (16, QUADRANT_1 + 2),
                (64, QUADRANT_1 + 3),
            )
            bits = self._combinations(which - COMBINED - 2)
        else:
            return self._bank(which, tariff) % self._roll
        value = 0
        for bit, part in parts:
            if bits & bit:
                value += self._bank(part, tariff)
            if bits & bit << 1:
                value -= self._bank(part, tariff)
        # a signed register keeps one digit for its sign
        return value % self._roll if value >= 0 else -(-value % self._roll)

    def _bank(self, which: int, tariff: int) -> int:
        """A counter; tariff -1, -2, -3 = phase A, B, C."""
        if tariff < 0:
            k = which - 1 if which <= REVERSE else which - 3
            return self._read(self.counts, PHASES + PHASE_SIZE * (-1 - tariff) + 4 * k, 1)
        if which == FORWARD:
            return self._read(self.chip, c.FORWARD, tariff)
        if which == REVERSE:
            return self._read(self.chip, c.REVERSE, tariff)
        if which >= APPARENT_FORWARD:
            return self._read(self.counts, APPARENT + 16 * (which - APPARENT_FORWARD), tariff)
        return self._read(self.counts, 16 * (which - QUADRANT_1), tariff)
