"""A meter's store: what its registers showed at any second, and what befell it (docs/firmware.md).

Nothing is kept: the past is worked out from the neighbourhood, like the present, and from what
befell the meter (mishaps.py). Seconds are those of the clock of the meter's board since 2000-01-01
00:00, which runs as wrong as its drift says: what is kept at midnight is kept at its midnight.
"""

import functools
import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from edge.site.model import Meter
from firmware_sim.world.chip import image, pulses
from firmware_sim.world.counts import Column, Counts, demand, peak
from firmware_sim.world.drift import EXACT, Drift
from firmware_sim.world.mishaps import POWER_OFF, Mishaps, Spell
from firmware_sim.world.neighbourhood import DAY0, Neighbourhood
from firmware_sim.world.shape import BLOCK_MS, BLOCKS, DAY_MS, moment

CHIP, COUNTS, PEAKS, AVERAGES = range(4)
EVENT = 0x1000
QUALITY = 0x2000
NOW = -1

EPOCH_MS = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)
TARIFFS = (1, 2, 3, 4)
RECORDS = 10
PERIOD_MS = 900_000
MINUTE_MS = 60_000

BEST_V, WORST_V = 235.4, 198.0
"""Limits of the voltage statistics: 220 V +7 %, -10 %."""


class Past:
    """The store of one meter.

    drift: how wrong its board's clock runs. began_ms: since when nothing befalls it that was not
    told; None = there is no such instant.
    """

    def __init__(
        self,
        world: Neighbourhood,
        meter: Meter,
        baud: int,
        drift: Drift = EXACT,
        began_ms: int | None = None,
    ) -> None:
        self._world = world
        self._meter = meter
        self._baud = baud
        self._drift = drift
        self._began_ms = began_ms
        first_ms = int(DAY0.timestamp() * 1000) - world.utc_offset_ms
        pt = meter.pt_primary / meter.pt_secondary
        self._mishaps = Mishaps(f"{world.seed}/{meter.id}", first_ms, pt)

    def power_off(self, start_ms: int, end_ms: int, before_s: int = 0, after_s: int = 0) -> None:
        """The meter's power was off between two instants, ms UTC, later than all that is known.

        before_s, after_s: what its clock was set off from its board's, for the record it wrote.
        """
        self._mishaps.power_off(Spell(start_ms, end_ms, 0.0, before_s, after_s))

    def clock(self, t_ms: int) -> tuple[int, ...]:
        """What the board's clock shows at t_ms, an RTC tuple."""
        return self._world.local(self._drift.shown(t_ms))

    def fill(self, buf: bytearray, page: int, at: int, since: int, now_ms: int) -> bool:
        """Put a page as at second `at` (NOW: at now_ms) into buf; False if there is none."""
        t_ms = now_ms if at == NOW else self._utc_ms(at)
        if t_ms > now_ms or t_ms + self._world.utc_offset_ms < DAY0.timestamp() * 1000:
            return False
        content = self._page(page, t_ms, since, now_ms)
        if content is None:
            return False
        buf[:] = content.ljust(len(buf), b"\0")
        return True

    def _page(self, page: int, t_ms: int, since: int, now_ms: int) -> bytes | None:
        if page == CHIP:
            state = self._world.meter_state(self._meter, t_ms)
            state = self._mishaps.state(state, t_ms, self._drawn_by(now_ms), now_ms)
            return image(self._meter, self._baud, state)
        if page == AVERAGES:
            return self._averages(t_ms)
        if page >= QUALITY:
            return self._quality(page - QUALITY, t_ms)
        if page >= EVENT:
            return self._events(page - EVENT, since, t_ms)
        if len(self._counts.active) != 3:
            return None
        return self._counted(t_ms) if page == COUNTS else self._peaks(since, t_ms)

    @functools.cached_property
    def _counts(self) -> Counts:
        return Counts(self._world.point(self._meter).flow)

    @functools.cached_property
    def _scale(self) -> float:
        point = self._world.point(self._meter)
        return point.ct * point.pt

    def _counted(self, t_ms: int) -> bytes:
        """Quadrants, apparent energy, phases; everything flows one way and lags: quadrant 1."""
        now = moment(*self._world.when(t_ms))
        counts = self._counts
        none = [0.0] * 4
        banks: list[list[float]] = [
            [counts.total(counts.reactive, tariff, now) for tariff in TARIFFS],
            none, none, none,
            [counts.total(counts.apparent, tariff, now) for tariff in TARIFFS],
            none,
        ]  # fmt: skip
        for active, reactive, apparent in zip(
            counts.active, counts.reactive, counts.apparent, strict=True
        ):
            three = [counts.phase(column, now) for column in (active, reactive, apparent)]
            banks.append([three[0], 0.0, three[1], 0.0, 0.0, 0.0, three[2], 0.0])
        energies = [value / self._scale for bank in banks for value in bank]
        return struct.pack(f">{len(energies)}I", *pulses(energies))

    def _peaks(self, since: int, t_ms: int) -> bytes:
        counts = self._counts
        reactive = counts.reactive
        rows: list[Sequence[Column] | None] = [counts.active, None, reactive, None, reactive]
        rows += [None, None, None, counts.apparent, None]
        # from the board's clock to the load's own day, which the site's `--start` moves
        off_ms = self._periods_off_ms(t_ms)
        move = self._world.utc_offset_ms + self._world.shift_ms - off_ms
        since_ms = since * 1000 + EPOCH_MS - self._world.utc_offset_ms
        until_ms = self._drift.shown(t_ms)
        words: list[int] = []
        for columns in rows:
            for tariff in (0, *TARIFFS):
                best, ended = 0.0, 0
                if columns is not None:
                    best, ended = peak(columns, tariff, since_ms + move, until_ms + move)
                words += [
                    round(best / self._scale * 10),
                    self._shown_second(ended - move) if ended else 0,
                ]
        return struct.pack(f">{len(words)}I", *words)

    def _averages(self, t_ms: int) -> bytes:
        """Mean of the last minute, and the demand of the last whole period: P, Q, S; 0.1 W."""
        counts = self._counts
        state, before = (
            sum(self._world.meter_state(self._meter, t).forward) for t in (t_ms, t_ms - MINUTE_MS)
        )
        move = self._world.utc_offset_ms + self._world.shift_ms - self._periods_off_ms(t_ms)
        period = (self._drift.shown(t_ms) + move) // PERIOD_MS - 1
        demands = [
            demand(columns, period) / self._scale
            for columns in (counts.active, counts.reactive, counts.apparent)
        ]
        return struct.pack(">4i", *(round(watt * 10) for watt in ((state - before) * 60, *demands)))

    def _periods_off_ms(self, t_ms: int) -> int:
        """What the clock is off, in whole demand periods: its periods are the neighbourhood's."""
        return round(self._drift.gained(t_ms) / PERIOD_MS) * PERIOD_MS

    def _drawn_by(self, t_ms: int) -> int:
        """Up to when the seed says what befell the meter."""
        return t_ms if self._began_ms is None else min(t_ms, self._began_ms)

    def _events(self, which: int, since: int, t_ms: int) -> bytes:
        """Count, minutes, the ten newest, as the meter's clock stamped them."""
        mishaps = self._mishaps
        found = []
        for spell in mishaps.ended(which, self._drawn_by(t_ms), t_ms):
            # the first second that lay in it, so that what the store shows then is of it
            begun = -(-self._shown_ms(spell.start_ms) // 1000)
            start = begun + spell.before_s
            end = max(self._second(spell.end_ms) + spell.after_s, start)
            # `since` is of the board's clock, which nobody sets
            if begun >= since:
                found.append((start, end))
        count = len(found)
        minutes = sum((end - start) // 60 for start, end in found)
        if which == POWER_OFF << 4:
            for spell in mishaps.forgotten:
                if -(-self._shown_ms(spell.start_ms) // 1000) >= since:
                    count += mishaps.forgotten_count
                    minutes += mishaps.forgotten_minutes
        words = [count, minutes]
        for start, end in found[: -RECORDS - 1 : -1]:
            words += [start, end, 0, 0]
        return struct.pack(f">{len(words)}I", *words)

    def _quality(self, phase: int, t_ms: int) -> bytes:
        """Of the month of t_ms up to it: minutes watched, over, under; highest, lowest and when."""
        shown_ms = self._drift.shown(t_ms) + self._world.utc_offset_ms
        local = datetime.fromtimestamp(shown_ms / 1000, UTC)
        month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        watched = int((local - month).total_seconds() // 60)
        phases = self._volts if not phase else self._volts[phase - 1 : phase]
        every = [volt for column in phases for volt in column]
        over = watched * sum(volt > BEST_V for volt in every) // len(every)
        under = watched * sum(volt < WORST_V for volt in every) // len(every)
        begun = self._shown_second(int(month.timestamp() * 1000) - self._world.utc_offset_ms)
        words = [watched, over, under]
        for choose in (max, min):
            volt = choose(every)
            # in the month's first day, whose blocks every day repeats
            block = every.index(volt) % BLOCKS
            words += [round(volt * 10), begun + block * BLOCK_MS // 1000]
        return struct.pack(">7I", *words)

    @functools.cached_property
    def _volts(self) -> list[list[float]]:
        """Of each element the voltage in the middle of each block of the clock's day."""
        day = math.ceil(DAY0.timestamp() * 1000) - self._world.utc_offset_ms + DAY_MS
        states = [
            self._world.meter_state(self._meter, day + block * BLOCK_MS + BLOCK_MS // 2)
            for block in range(BLOCKS)
        ]
        return [
            [state.elements[phase].voltage for state in states]
            for phase in range(len(states[0].elements))
        ]

    def _second(self, t_ms: int) -> int:
        """The board's clock at t_ms."""
        return self._shown_ms(t_ms) // 1000

    def _shown_ms(self, t_ms: int) -> int:
        """The same in ms since 2000."""
        return self._drift.shown(t_ms) + self._world.utc_offset_ms - EPOCH_MS

    def _shown_second(self, shown_ms: int) -> int:
        """The second of a clock that shows `shown_ms`, ms UTC."""
        return (shown_ms + self._world.utc_offset_ms - EPOCH_MS) // 1000

    def _utc_ms(self, second: int) -> int:
        """When the board's clock began to show that second."""
        return self._drift.when(second * 1000 + EPOCH_MS - self._world.utc_offset_ms)
