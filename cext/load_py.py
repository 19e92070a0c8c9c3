"""The load calculator, plain twin and reference: samples of meters in, loading results out.

Theory of operation
-------------------
A point is a place of the network with a three-phase meter: a transformer or a feeder. A sample is
what its meter showed at one time; a result row says how the point is loaded then. Two kinds of
values stand in a result:

    of now       apparent power, loading, neutral current: from this sample alone
    of a while   unbalance over 15 min, energy of the day: from this and earlier samples

Of a while there is one rule: between two samples that both have the value and lie at most GAP_MS
apart, time is covered and the value runs straight from one to the other (trapezoid). Longer gaps
are not bridged; the coverage says what share of the time was covered. A sample without a value
gives no result that rests on it.

Fifteen minutes are the last 15 whole minutes: 16 buckets in a ring, the running minute left out. A
bucket holds the covered milliseconds and, of each current and S, twice its integral. The day's
energy is the integral of P since `day_start_ms`; an interval over midnight is cut there.

All sums are exact integers; floats only make roots and the neutral's vector sum, in an order that
the compiled kernel keeps, so that both give the same bits. Halves are rounded up: floor(x + 0.5).

Nothing a sample may hold raises or overflows: a value beyond its limit counts as MISSING, a time at
or before the last one of its point leaves the past alone (`late`); farther back than GAP_MS the
clock has been set, and the point begins anew (`restarts`).
"""

from array import array
from collections.abc import Sequence
from math import floor, sqrt

MISSING = -(2**63)
"""Stands in every column for a value that is not there."""

SAMPLE = (
    *("point", "t_ms", "day_start_ms"),
    *("voltage_a", "voltage_b", "voltage_c", "current_a", "current_b", "current_c"),
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
    *("reactive_power", "reactive_power_a", "reactive_power_b", "reactive_power_c"),
)
"""Columns of a sample: UTC ms, 0.1 V, mA, 0.1 W, 0.1 var. Voltages are for results to come.

The sums of P and Q are the meter's own: it rounds them once, not once a phase."""

RESULT = (
    *(
        "point",
        "t_ms",
        "apparent_power",
        "apparent_power_a",
        "apparent_power_b",
        "apparent_power_c",
    ),
    *("loading", "loading_a", "loading_b", "loading_c", "current_n"),
    *("unbalance", "unbalance_coverage"),
    *("energy_day", "energy_day_a", "energy_day_b", "energy_day_c", "energy_day_coverage"),
)
"""Columns of a result: UTC ms, 0.1 VA, 0.01 %, mA, 0.01 kWh."""

MEMORY = (
    *("point", "t_ms", "day_start_ms"),
    *("energy_day", "energy_day_a", "energy_day_b", "energy_day_c", "energy_day_coverage"),
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
)
"""Columns of what restore() takes, in the units of samples and results."""

MOST_POINTS = 4096
MOST_RATED = 10**12
MOST_CURRENT = 10**8
"""100 kA in mA; what is beyond is no current."""
MOST_POWER = 10**10
"""1 GW in 0.1 W: a day of it fits 64 bits."""
MOST_ENERGY = 10**9
MOST_TIME = 10**14
"""UTC ms in the year 5138."""
GAP_MS = 960_000
"""15 min and one more, for the jitter of sweeps that start every 15 min."""
DAY_MS = 93_600_000
"""No day is longer than 26 h, whatever the time zone does."""

_MINUTE = 60_000
_WINDOW = 15 * _MINUTE
_STEP = 720_000_000  # 0.01 kWh in 0.1 W ms, twice
_HALF_ROOT_3 = 0.8660254037844386


class _Point:
    """What is remembered of one point."""

    __slots__ = (
        *("acc", "cov", "day", "last", "minute", "power", "power_at"),
        *("rated_i", "rated_s", "ring", "total", "whole", "whole_at"),
    )

    def __init__(self, rated_s: int, rated_i: int) -> None:
        self.rated_s = rated_s
        self.rated_i = rated_i
        self.forget()

    def forget(self) -> None:
        """As before the first sample."""
        self.last = -1  # time of the newest sample
        self.minute = -1
        self.whole_at = -1  # of the newest sample with all three currents (and S, where rated)
        self.whole = [0, 0, 0, 0]
        self.ring = [[0, 0, 0, 0, 0] for _ in range(16)]  # ms; 2 ms x (Ia, Ib, Ic, S)
        self.total = [0, 0, 0, 0, 0]
        self.day = MISSING
        self.power_at = [-1, -1, -1, -1]  # total, a, b, c
        self.power = [0, 0, 0, 0]
        self.acc = [0, 0, 0, 0]  # 2 ms x 0.1 W
        self.cov = [0, 0, 0, 0]  # ms


class LoadCalculator:
    """Loading of points; `rated` is (apparent power in 0.1 VA, phase current in mA) of each.

    0 = none: without a rated power the loading is that of the worst phase. ValueError for more
    than MOST_POINTS points and for a rating outside 0..MOST_RATED.
    """

    __slots__ = ("_absurd", "_late", "_points", "_restarts", "_unknown")

    def __init__(self, rated: Sequence[tuple[int, int]]) -> None:
        if len(rated) > MOST_POINTS:
            raise ValueError(f"at most {MOST_POINTS} points")
        for pair in rated:
            if not (0 <= pair[0] <= MOST_RATED and 0 <= pair[1] <= MOST_RATED):
                raise ValueError(f"a rating must be 0..{MOST_RATED}")
        self._points = [_Point(power, current) for power, current in rated]
        self._late = self._restarts = self._unknown = self._absurd = 0

    @property
    def late(self) -> int:
        """Samples not newer than the last one of their point: only values of now were given."""
        return self._late

    @property
    def restarts(self) -> int:
        """Samples so far back that their point began anew."""
        return self._restarts

    @property
    def unknown(self) -> int:
        """Samples of points that are not there: no row was given."""
        return self._unknown

    @property
    def absurd(self) -> int:
        """Values and times beyond their limits: taken as MISSING."""
        return self._absurd

    def feed(self, samples: "array[int]") -> "array[int]":
        """A RESULT row for each SAMPLE row of a known point, in their order.

        Both are array("q"), row after row. ValueError when the length is not one of whole rows.
        """
        if not isinstance(samples, array) or samples.typecode != "q":
            raise TypeError("samples must be an array('q')")
        width = len(SAMPLE)
        if len(samples) % width:
            raise ValueError(f"samples must come in rows of {width}")
        out = array("q")
        for at in range(0, len(samples), width):
            point = samples[at]
            if 0 <= point < len(self._points):
                out.extend(self._one(self._points[point], samples[at : at + width]))
            else:
                self._unknown += 1
        return out

    def restore(self, memory: "array[int]") -> bool:
        """Take up the day of one point where a result left it: one MEMORY row; was it taken?

        False when the point has something newer, or the row is of no use. ValueError for another
        length.
        """
        if not isinstance(memory, array) or memory.typecode != "q":
            raise TypeError("memory must be an array('q')")
        if len(memory) != len(MEMORY):
            raise ValueError(f"memory must be one row of {len(MEMORY)}")
        number, t, day = memory[0], memory[1], memory[2]
        if not 0 <= number < len(self._points):
            self._unknown += 1
            return False
        if not 0 <= t <= MOST_TIME or not t - DAY_MS <= day <= t:
            self._absurd += 1
            return False
        point = self._points[number]
        if t <= point.last:
            return False
        point.forget()
        point.last = t
        point.minute = t // _MINUTE
        point.day = day
        coverage = memory[7]
        for x in range(4):
            energy = memory[3 + x]
            if -MOST_ENERGY <= energy <= MOST_ENERGY and 0 <= coverage <= 10_000:
                point.acc[x] = energy * _STEP
                # what has a value has been covered, if only for a millisecond
                point.cov[x] = max(1, coverage * (t - day) // 10_000)
        for x in range(4):
            power = self._within(memory[8 + x], MOST_POWER)
            if power != MISSING:
                point.power_at[x], point.power[x] = t, power
        return True

    def _within(self, value: int, most: int) -> int:
        if -most <= value <= most:
            return value
        if value != MISSING:
            self._absurd += 1
        return MISSING

    def _one(self, point: _Point, sample: "array[int]") -> list[int]:
        out = [MISSING] * len(RESULT)
        t = sample[1]
        out[0], out[1] = sample[0], t
        current = [self._within(sample[6 + x], MOST_CURRENT) for x in range(3)]
        current = [value if value == MISSING else abs(value) for value in current]
        active = [self._within(sample[9 + x], MOST_POWER) for x in range(4)]
        reactive = [self._within(sample[13 + x], MOST_POWER) for x in range(4)]
        self._now(point, current, active, reactive, out)
        if not 0 <= t <= MOST_TIME:
            self._absurd += 1
            return out
        if t <= point.last:
            if point.last - t <= GAP_MS:
                self._late += 1
                return out
            self._restarts += 1
            point.forget()
        point.last = t
        self._unbalance(point, t, current, out)
        day = sample[2]
        if t - DAY_MS <= day <= t:
            self._energy(point, t, day, active, out)
        else:
            self._absurd += 1
        return out

    @staticmethod
    def _now(
        point: _Point, current: list[int], active: list[int], reactive: list[int], out: list[int]
    ) -> None:
        """Apparent power, loading and neutral current of this sample."""
        along = [0.0, 0.0, 0.0]  # each current as a vector to its own voltage
        across = [0.0, 0.0, 0.0]
        vectors = True
        for x in range(4):
            if active[x] == MISSING or reactive[x] == MISSING:
                vectors = vectors and x == 0
                continue
            p, q = float(active[x]), float(reactive[x])
            s = sqrt(p * p + q * q)
            out[2 + x] = floor(s + 0.5)
            if x == 0:
                continue
            amps = current[x - 1]
            if amps == MISSING or (s == 0.0 and amps != 0):
                vectors = False
            elif s != 0.0:
                along[x - 1] = float(amps) * (p / s)
                across[x - 1] = -float(amps) * (q / s)
        if vectors:
            re = along[0] - 0.5 * (along[1] + along[2]) + _HALF_ROOT_3 * (across[1] - across[2])
            im = across[0] - 0.5 * (across[1] + across[2]) + _HALF_ROOT_3 * (along[2] - along[1])
            out[10] = floor(sqrt(re * re + im * im) + 0.5)
        rated = point.rated_i
        if rated:
            for x in range(3):
                if current[x] != MISSING:
                    out[7 + x] = (20_000 * current[x] + rated) // (2 * rated)
        rated = point.rated_s
        if not rated:
            if MISSING not in out[7:10]:
                out[6] = max(out[7:10])
        elif out[2] != MISSING:
            out[6] = (20_000 * out[2] + rated) // (2 * rated)

    @staticmethod
    def _unbalance(point: _Point, t: int, current: list[int], out: list[int]) -> None:
        """The last 15 whole minutes."""
        ring, total = point.ring, point.total
        minute = t // _MINUTE
        if point.minute >= 0:
            for old in range(max(point.minute, minute - 16) + 1, minute + 1):
                bucket = ring[old & 15]
                for x in range(5):
                    total[x] -= bucket[x]
                    bucket[x] = 0
        point.minute = minute
        apparent = out[2] if point.rated_s else 0
        if MISSING in current or apparent == MISSING:
            return
        whole = [current[0], current[1], current[2], apparent]
        if point.whole_at >= 0 and t - point.whole_at <= GAP_MS:
            rate = [before + after for before, after in zip(point.whole, whole, strict=True)]
            begin = max(point.whole_at, (minute - 15) * _MINUTE)
            while begin < t:
                at = begin // _MINUTE
                end = min((at + 1) * _MINUTE, t)
                span = end - begin
                bucket = ring[at & 15]
                bucket[0] += span
                total[0] += span
                for x in range(4):
                    bucket[1 + x] += rate[x] * span
                    total[1 + x] += rate[x] * span
                begin = end
        point.whole_at, point.whole = t, whole
        running = ring[minute & 15]
        covered = total[0] - running[0]
        out[12] = (20_000 * covered + _WINDOW) // (2 * _WINDOW)
        if not covered:
            return
        means = [total[x] - running[x] for x in (1, 2, 3)]
        most, least = max(means), min(means)
        if point.rated_s:
            judged = 10 * (total[4] - running[4]) >= 6 * covered * point.rated_s
        else:
            judged = point.rated_i > 0 and 10 * most >= 6 * covered * point.rated_i
        if judged:
            out[11] = (20_000 * (most - least) + most) // (2 * most)

    @staticmethod
    def _energy(point: _Point, t: int, day: int, active: list[int], out: list[int]) -> None:
        """The integral of P since midnight."""
        if day != point.day:
            point.day = day
            point.acc = [0, 0, 0, 0]
            point.cov = [0, 0, 0, 0]
        for x, power in enumerate(active):
            if power == MISSING:
                continue
            begin = point.power_at[x]
            if begin >= 0 and t - begin <= GAP_MS:
                before = point.power[x]
                if begin < day:
                    before += (power - before) * (day - begin) // (t - begin)
                    begin = day
                point.acc[x] += (before + power) * (t - begin)
                point.cov[x] += t - begin
            point.power_at[x], point.power[x] = t, power
            if point.cov[x]:
                out[13 + x] = (point.acc[x] + _STEP // 2) // _STEP
        if active[0] != MISSING and t > day:
            out[17] = (20_000 * point.cov[0] + (t - day)) // (2 * (t - day))
