"""One household as a pure function of time: what it draws, and exactly what it has drawn.

Half of the load follows the neighbourhood's day, half comes from one big appliance that is on in
some five-minute blocks, more often in the evening: the neighbourhood's sum is smooth, a single
household's peak is several times its mean. A ripple over each block, which sums to nothing, lets no
two instants show the same power. Energy is the integral in closed form, so it never runs back and
agrees with the power at every instant; nothing ticks.
"""

import math
import random
from dataclasses import dataclass
from itertools import accumulate

from firmware_sim.world.shape import BLOCK_MS, BLOCKS, DAY_MS, PEAK_W, SHARES, TARIFFS

APPLIANCE_W = 3600.0
DUTY = 0.25
"""How likely the appliance is on at the peak."""
RIPPLE = 0.04
"""Amplitude of the ripple, of the block's power."""
_WH_PER_W_MS = 1 / 3_600_000


@dataclass(frozen=True, slots=True)
class Household:
    """The pattern of one household's day, and what its meter held on day 0."""

    blocks: tuple[float, ...]
    """Mean power of each block, W."""
    sums: dict[int, tuple[float, ...]]
    """tariff -> energy counted since midnight at each block's start, Wh; one more than blocks."""
    before: dict[int, float]
    """tariff -> energy at day 0, Wh."""
    power_factor: float
    volts_off: float
    """How far this socket is from the others, V."""

    def power(self, day_ms: int) -> float:
        """Active power at this time of day, W."""
        block, into = divmod(day_ms, BLOCK_MS)
        return self.blocks[block] * (1 + RIPPLE * math.sin(2 * math.pi * into / BLOCK_MS))

    def energy(self, tariff: int, days: int, day_ms: int) -> float:
        """Forward energy of one tariff, `days` whole days and `day_ms` after day 0, Wh."""
        if tariff not in self.sums:
            return 0.0
        sums = self.sums[tariff]
        block, into = divmod(day_ms, BLOCK_MS)
        total = self.before[tariff] + days * sums[BLOCKS] + sums[block]
        if TARIFFS[block] == tariff:
            swing = RIPPLE * BLOCK_MS / (2 * math.pi)
            ripple = swing * (1 - math.cos(2 * math.pi * into / BLOCK_MS))
            total += self.blocks[block] * (into + ripple) * _WH_PER_W_MS
        return total


def household(seed: str, scale: float = 1.0) -> Household:
    """The household of this seed; the same seed gives the same household, everywhere."""
    # the stream is this household's own: another one more or less changes nothing here
    draw = random.Random(seed)
    size = draw.uniform(0.6, 1.4) * scale
    base = (1 - APPLIANCE_W * DUTY / PEAK_W) * PEAK_W * size
    blocks = tuple(
        base * share + (APPLIANCE_W * size if draw.random() < DUTY * share else 0.0)
        for share in SHARES
    )
    wh = [power * BLOCK_MS * _WH_PER_W_MS for power in blocks]
    sums = {
        tariff: tuple(
            accumulate(
                (w if t == tariff else 0.0 for w, t in zip(wh, TARIFFS, strict=True)), initial=0.0
            )
        )
        for tariff in sorted(set(TARIFFS))
    }
    age_days = draw.uniform(300, 2500)
    before = {tariff: age_days * column[BLOCKS] for tariff, column in sums.items()}
    return Household(
        blocks=blocks,
        sums=sums,
        before=before,
        power_factor=draw.uniform(0.93, 0.98),
        volts_off=draw.uniform(-1.5, 1.5),
    )


def split_day(local_ms: int, day0_ms: int) -> tuple[int, int]:
    """Whole days since day 0 and the time of day; before day 0 there is no day."""
    days, day_ms = divmod(local_ms - day0_ms, DAY_MS)
    return (days, day_ms) if days >= 0 else (0, 0)
