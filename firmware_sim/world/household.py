"""One household: what it draws in each five minutes of its day.

Part of the load follows the neighbourhood's day; the rest are cooling units and the kitchen, each
on in some five-minute blocks, more often in the evening, and all at once in one of them. So the
neighbourhood's sum is smooth, and a single household's peak is several times its mean.
"""

import math
import random
from dataclasses import dataclass

from firmware_sim.world.shape import BLOCKS, SHARES

PEAK_W = 1800.0
"""Mean of 252 households at 20:30, W."""
UNITS = 3
UNIT_W = 750.0
"""What one cooling unit draws while it runs."""
DUTY = 0.36
"""How likely one unit runs at the neighbourhood's peak."""
KITCHEN_W = 1400.0
KITCHEN_DUTY = 0.04
EVENING = range(19 * BLOCKS // 24, 22 * BLOCKS // 24)
"""In one of these blocks the household runs everything it has."""

_CHANCE_W = UNITS * UNIT_W * DUTY + KITCHEN_W * KITCHEN_DUTY
_ALL_W = UNITS * UNIT_W + KITCHEN_W
BASE_W = PEAK_W - _CHANCE_W - (_ALL_W - _CHANCE_W) / len(EVENING)
"""What follows the day, so that all of it together comes to PEAK_W in the mean."""
SMALLEST, LARGEST = 0.7, 1.3
"""A household's size, of the mean one."""


@dataclass(frozen=True, slots=True)
class Household:
    """The pattern of one household's day, and how long its meter has counted on day 0."""

    blocks: tuple[float, ...]
    """Mean power of each block, W."""
    power_factor: float
    age_days: float

    def drawn(self) -> tuple[complex, ...]:
        """W + j var of each block."""
        tangent = math.tan(math.acos(self.power_factor))
        return tuple(complex(power, power * tangent) for power in self.blocks)


def household(seed: str, scale: float = 1.0) -> Household:
    """The household of this seed; the same seed gives the same household, everywhere."""
    # the stream is this household's own: another one more or less changes nothing here
    draw = random.Random(seed)
    chance = draw.random
    size = draw.uniform(SMALLEST, LARGEST) * scale
    busiest = draw.choice(EVENING)
    blocks = []
    for block, share in enumerate(SHARES):
        units = sum(chance() < DUTY * share for _ in range(UNITS))
        kitchen = chance() < KITCHEN_DUTY * share
        running = _ALL_W if block == busiest else UNIT_W * units + KITCHEN_W * kitchen
        blocks.append(size * (BASE_W * share + running))
    return Household(
        blocks=tuple(blocks),
        power_factor=draw.uniform(0.93, 0.97),
        age_days=draw.uniform(300, 2500),
    )
