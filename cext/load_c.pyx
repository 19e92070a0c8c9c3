# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False
"""The load calculator, compiled: samples of meters in, loading results out, without the GIL.

The theory, and the reference bit for bit, is load_py.py: same columns, same order of every float
operation (the build forbids the compiler to join a product and a sum), integers otherwise. Their
bounds are chosen there so that no sum of a day overflows 64 bits.
"""

cimport cython
from cpython cimport array
from libc.math cimport floor, sqrt
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import array as _array

cdef extern from *:
    """
    #ifndef BOXGATE_SOURCE_DIGEST
    #define BOXGATE_SOURCE_DIGEST ""
    #endif
    """
    const char *BOXGATE_SOURCE_DIGEST

SOURCE_DIGEST = BOXGATE_SOURCE_DIGEST.decode("ascii")

ctypedef long long i64

cdef i64 NONE = <i64>(<unsigned long long>1 << 63)
MISSING = -(2**63)

SAMPLE = (
    *("point", "t_ms", "day_start_ms"),
    *("voltage_a", "voltage_b", "voltage_c", "current_a", "current_b", "current_c"),
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
    *("reactive_power", "reactive_power_a", "reactive_power_b", "reactive_power_c"),
)
RESULT = (
    *("point", "t_ms", "apparent_power", "apparent_power_a", "apparent_power_b", "apparent_power_c"),
    *("loading", "loading_a", "loading_b", "loading_c", "current_n"),
    *("unbalance", "unbalance_coverage"),
    *("energy_day", "energy_day_a", "energy_day_b", "energy_day_c", "energy_day_coverage"),
)
MEMORY = (
    *("point", "t_ms", "day_start_ms"),
    *("energy_day", "energy_day_a", "energy_day_b", "energy_day_c", "energy_day_coverage"),
    *("active_power", "active_power_a", "active_power_b", "active_power_c"),
)

cdef enum:
    SAMPLE_WIDTH = 17
    RESULT_WIDTH = 18
    MEMORY_WIDTH = 12
    POINTS_MOST = 4096
    CURRENT_MOST = 100000000
    ENERGY_MOST = 1000000000
    GAP = 960000
    LONGEST_DAY = 93600000
    MINUTE = 60000
    WINDOW = 900000
    STEP = 720000000

cdef i64 RATED_MOST = 1000000000000
cdef i64 POWER_MOST = 10000000000
cdef i64 TIME_MOST = 100000000000000
cdef double HALF_ROOT_3 = 0.8660254037844386

MOST_POINTS = POINTS_MOST
MOST_RATED = RATED_MOST
MOST_CURRENT = CURRENT_MOST
MOST_POWER = POWER_MOST
MOST_ENERGY = ENERGY_MOST
MOST_TIME = TIME_MOST
GAP_MS = GAP
DAY_MS = LONGEST_DAY

cdef array.array ROWS = _array.array("q")

cdef struct Past:
    i64 last                    # time of the newest sample, -1 = none
    i64 minute
    i64 whole_at                # of the newest sample with all three currents (and S, where rated)
    i64 whole[4]
    i64 ring[16][5]             # ms; 2 ms x (Ia, Ib, Ic, S)
    i64 total[5]
    i64 day
    i64 power_at[4]             # total, a, b, c
    i64 power[4]
    i64 acc[4]                  # 2 ms x 0.1 W
    i64 cov[4]                  # ms

cdef struct Point:
    i64 rated_s
    i64 rated_i
    Past past

cdef struct Counters:
    i64 late
    i64 restarts
    i64 unknown
    i64 absurd


cdef inline i64 floor_div(i64 over, i64 under) noexcept nogil:
    """under > 0."""
    cdef i64 whole = over // under
    return whole - (over % under < 0)


cdef inline i64 within(i64 value, i64 most, Counters *count) noexcept nogil:
    if -most <= value <= most:
        return value
    if value != NONE:
        count.absurd += 1
    return NONE


cdef void forget(Past *past) noexcept nogil:
    memset(past, 0, sizeof(Past))
    past.last = past.minute = past.whole_at = -1
    past.day = NONE
    past.power_at[0] = past.power_at[1] = past.power_at[2] = past.power_at[3] = -1


cdef inline void now(
    const Point *point, const i64 *current, const i64 *active, const i64 *reactive, i64 *out
) noexcept nogil:
    """Apparent power, loading and neutral current of this sample."""
    cdef double along[3]
    cdef double across[3]
    cdef double p, q, s, re, im
    cdef bint vectors = True
    cdef i64 amps, rated = point.rated_i
    cdef int x
    for x in range(3):
        along[x] = across[x] = 0.0
    for x in range(4):
        if active[x] == NONE or reactive[x] == NONE:
            vectors = vectors and x == 0
            continue
        p = <double>active[x]
        q = <double>reactive[x]
        s = sqrt(p * p + q * q)
        out[2 + x] = <i64>floor(s + 0.5)
        if x == 0:
            continue
        amps = current[x - 1]
        if amps == NONE or (s == 0.0 and amps != 0):
            vectors = False
        elif s != 0.0:
            along[x - 1] = <double>amps * (p / s)
            across[x - 1] = -<double>amps * (q / s)
    if vectors:
        re = along[0] - 0.5 * (along[1] + along[2]) + HALF_ROOT_3 * (across[1] - across[2])
        im = across[0] - 0.5 * (across[1] + across[2]) + HALF_ROOT_3 * (along[2] - along[1])
        out[10] = <i64>floor(sqrt(re * re + im * im) + 0.5)
    if rated:
        for x in range(3):
            if current[x] != NONE:
                out[7 + x] = (20000 * current[x] + rated) // (2 * rated)
    rated = point.rated_s
    if not rated:
        if out[7] != NONE and out[8] != NONE and out[9] != NONE:
            out[6] = max(out[7], out[8], out[9])
    elif out[2] != NONE:
        out[6] = (20000 * out[2] + rated) // (2 * rated)


cdef inline void unbalance(Point *point, i64 t, const i64 *current, i64 *out) noexcept nogil:
    """The last 15 whole minutes."""
    cdef Past *past = &point.past
    cdef i64 minute = t // MINUTE
    cdef i64 old, apparent, begin, end, span, covered, most, least, mean
    cdef i64 whole[4]
    cdef i64 rate[4]
    cdef i64 *bucket
    cdef bint judged
    cdef int x
    if past.minute >= 0:
        old = max(past.minute, minute - 16) + 1
        while old <= minute:
            bucket = past.ring[old & 15]
            for x in range(5):
                past.total[x] -= bucket[x]
                bucket[x] = 0
            old += 1
    past.minute = minute
    apparent = out[2] if point.rated_s else 0
    if current[0] == NONE or current[1] == NONE or current[2] == NONE or apparent == NONE:
        return
    whole[0], whole[1], whole[2], whole[3] = current[0], current[1], current[2], apparent
    if past.whole_at >= 0 and t - past.whole_at <= GAP:
        for x in range(4):
            rate[x] = past.whole[x] + whole[x]
        begin = max(past.whole_at, (minute - 15) * MINUTE)
        while begin < t:
            old = begin // MINUTE
            end = min((old + 1) * MINUTE, t)
            span = end - begin
            bucket = past.ring[old & 15]
            bucket[0] += span
            past.total[0] += span
            for x in range(4):
                bucket[1 + x] += rate[x] * span
                past.total[1 + x] += rate[x] * span
            begin = end
    past.whole_at = t
    for x in range(4):
        past.whole[x] = whole[x]
    bucket = past.ring[minute & 15]
    covered = past.total[0] - bucket[0]
    out[12] = (20000 * covered + WINDOW) // (2 * WINDOW)
    if not covered:
        return
    most = least = past.total[1] - bucket[1]
    for x in range(2, 4):
        mean = past.total[x] - bucket[x]
        most = max(most, mean)
        least = min(least, mean)
    if point.rated_s:
        judged = 10 * (past.total[4] - bucket[4]) >= 6 * covered * point.rated_s
    else:
        judged = point.rated_i > 0 and 10 * most >= 6 * covered * point.rated_i
    if judged:
        out[11] = (20000 * (most - least) + most) // (2 * most)


cdef inline void energy(Past *past, i64 t, i64 day, const i64 *active, i64 *out) noexcept nogil:
    """The integral of P since midnight."""
    cdef i64 power, begin, before
    cdef int x
    if day != past.day:
        past.day = day
        for x in range(4):
            past.acc[x] = past.cov[x] = 0
    for x in range(4):
        power = active[x]
        if power == NONE:
            continue
        begin = past.power_at[x]
        if begin >= 0 and t - begin <= GAP:
            before = past.power[x]
            if begin < day:
                before += floor_div((power - before) * (day - begin), t - begin)
                begin = day
            past.acc[x] += (before + power) * (t - begin)
            past.cov[x] += t - begin
        past.power_at[x] = t
        past.power[x] = power
        if past.cov[x]:
            out[13 + x] = floor_div(past.acc[x] + STEP // 2, STEP)
    if active[0] != NONE and t > day:
        out[17] = (20000 * past.cov[0] + (t - day)) // (2 * (t - day))


cdef void one(Point *point, const i64 *sample, i64 *out, Counters *count) noexcept nogil:
    cdef i64 current[3]
    cdef i64 active[4]          # total, a, b, c
    cdef i64 reactive[4]
    cdef Past *past = &point.past
    cdef i64 t = sample[1], day = sample[2]
    cdef int x
    out[0] = sample[0]
    out[1] = t
    for x in range(2, RESULT_WIDTH):
        out[x] = NONE
    for x in range(3):
        current[x] = within(sample[6 + x], CURRENT_MOST, count)
        if current[x] != NONE and current[x] < 0:
            current[x] = -current[x]
    for x in range(4):
        active[x] = within(sample[9 + x], POWER_MOST, count)
        reactive[x] = within(sample[13 + x], POWER_MOST, count)
    now(point, current, active, reactive, out)
    if not 0 <= t <= TIME_MOST:
        count.absurd += 1
        return
    if t <= past.last:
        if past.last - t <= GAP:
            count.late += 1
            return
        count.restarts += 1
        forget(past)
    past.last = t
    unbalance(point, t, current, out)
    if t - LONGEST_DAY <= day <= t:
        energy(past, t, day, active, out)
    else:
        count.absurd += 1


cdef array.array rows(object given, str what):
    if not isinstance(given, array.array) or (<array.array>given).ob_descr.typecode != c"q":
        raise TypeError(f"{what} must be an array('q')")
    return given


@cython.final
cdef class LoadCalculator:
    """Loading of points; `rated` is (apparent power in 0.1 VA, phase current in mA) of each."""

    cdef Point *points
    cdef Py_ssize_t number
    cdef Counters count

    def __cinit__(self, rated):
        cdef Py_ssize_t at, number = len(rated)
        if number > POINTS_MOST:
            raise ValueError(f"at most {POINTS_MOST} points")
        for pair in rated:
            if not (0 <= pair[0] <= RATED_MOST and 0 <= pair[1] <= RATED_MOST):
                raise ValueError(f"a rating must be 0..{RATED_MOST}")
        self.points = <Point *>calloc(max(number, 1), sizeof(Point))
        if self.points is NULL:
            raise MemoryError
        self.number = number
        for at in range(number):
            self.points[at].rated_s, self.points[at].rated_i = rated[at]
            forget(&self.points[at].past)

    def __dealloc__(self):
        free(self.points)

    @property
    def late(self):
        """Samples not newer than the last one of their point: only values of now were given."""
        return self.count.late

    @property
    def restarts(self):
        """Samples so far back that their point began anew."""
        return self.count.restarts

    @property
    def unknown(self):
        """Samples of points that are not there: no row was given."""
        return self.count.unknown

    @property
    def absurd(self):
        """Values and times beyond their limits: taken as MISSING."""
        return self.count.absurd

    def feed(self, samples):
        """A RESULT row for each SAMPLE row of a known point, in their order."""
        cdef array.array given = rows(samples, "samples")
        cdef Py_ssize_t length = len(given)
        cdef Py_ssize_t at, made = 0, count = length // SAMPLE_WIDTH
        cdef array.array results
        cdef const i64[::1] view    # an array that is looked at cannot be resized meanwhile
        cdef const i64 *sample
        cdef i64 *out
        if length % SAMPLE_WIDTH:
            raise ValueError(f"samples must come in rows of {SAMPLE_WIDTH}")
        if not count:
            return array.clone(ROWS, 0, False)
        view = given
        results = array.clone(ROWS, count * RESULT_WIDTH, False)
        sample = &view[0]
        out = <i64 *>results.data.as_longlongs
        with nogil:
            for at in range(count):
                if 0 <= sample[0] < self.number:
                    one(&self.points[sample[0]], sample, out, &self.count)
                    out += RESULT_WIDTH
                    made += 1
                else:
                    self.count.unknown += 1
                sample += SAMPLE_WIDTH
        if made < count:
            array.resize(results, made * RESULT_WIDTH)
        return results

    def restore(self, memory):
        """Take up the day of one point where a result left it: one MEMORY row; was it taken?"""
        cdef array.array given = rows(memory, "memory")
        cdef const i64 *row = <const i64 *>given.data.as_longlongs
        cdef i64 number, t, day, power
        cdef Past *past
        cdef int x
        if len(given) != MEMORY_WIDTH:
            raise ValueError(f"memory must be one row of {MEMORY_WIDTH}")
        number, t, day = row[0], row[1], row[2]
        if not 0 <= number < self.number:
            self.count.unknown += 1
            return False
        if not 0 <= t <= TIME_MOST or not t - LONGEST_DAY <= day <= t:
            self.count.absurd += 1
            return False
        past = &self.points[number].past
        if t <= past.last:
            return False
        forget(past)
        past.last = t
        past.minute = t // MINUTE
        past.day = day
        for x in range(4):
            if -ENERGY_MOST <= row[3 + x] <= ENERGY_MOST and 0 <= row[7] <= 10000:
                past.acc[x] = row[3 + x] * STEP
                past.cov[x] = max(1, row[7] * (t - day) // 10000)
        for x in range(4):
            power = within(row[8 + x], POWER_MOST, &self.count)
            if power != NONE:
                past.power_at[x] = t
                past.power[x] = power
        return True
