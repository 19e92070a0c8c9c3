"""The day of a neighbourhood in August: what of the coincident peak is drawn when, and how it goes.

Knots (hour, share of the 20:30 peak) of a summer evening area, straight lines between them; which
tariff register counts when (residential peak 08-22, valley 22-08); and the ripple that all loads of
a five-minute block share, whose integral and whose square's integral are closed formulas.
"""

import math
from itertools import pairwise
from typing import NamedTuple

BLOCK_MS = 300_000
"""A household draws evenly, but for a ripple, within five minutes."""
DAY_MS = 86_400_000
SECOND_MS = 1000
DAY_S = DAY_MS // SECOND_MS
HOUR_MS = 3_600_000
BLOCKS = DAY_MS // BLOCK_MS

RIPPLE = 0.02
"""Amplitude of the ripple, of the block's power: no two instants show the same."""
FLICKER_V = 0.2
"""What the medium voltage wanders within seconds, V."""
BLOCK_H = BLOCK_MS / HOUR_MS
SWING_H = BLOCK_H / (2 * math.pi)
BLOCK_SQUARE_H = BLOCK_H * (1 + RIPPLE * RIPPLE / 2)
"""The ripple's square integrated over a whole block, h; the ripple itself sums to BLOCK_H."""

GRAIN = 2**20
"""Energies are counted in this part of a Wh, so that sums below 8 GWh are exact."""

KNOTS = (
    (0.0, 0.42),
    (2.0, 0.30),
    (5.0, 0.22),
    (9.0, 0.33),
    (12.0, 0.50),
    (17.0, 0.50),
    (18.5, 0.75),
    (19.5, 0.95),
    (20.5, 1.00),
    (21.5, 0.97),
    (22.5, 0.75),
    (24.0, 0.42),
)

TARIFF_PEAK = 2
TARIFF_VALLEY = 4


def grained(wh: float) -> float:
    """An energy in whole grains, never less than it is.

    A register adds days, blocks and what has passed of a block; were the sums rounded, that of a
    midnight could come out below the one a moment before.
    """
    return math.ceil(wh * GRAIN) / GRAIN


def share(hour: float) -> float:
    """Share of the peak at this hour of the day, 0 <= hour <= 24."""
    for (h0, s0), (h1, s1) in pairwise(KNOTS):
        if h0 <= hour <= h1:
            return s0 + (s1 - s0) * (hour - h0) / (h1 - h0)
    raise ValueError(f"hour {hour} is not within a day")


SHARES = tuple(share((block + 0.5) * 24 / BLOCKS) for block in range(BLOCKS))
"""The share at the middle of each block."""

TARIFFS = tuple(
    TARIFF_PEAK if 8 <= block * 24 / BLOCKS < 22 else TARIFF_VALLEY for block in range(BLOCKS)
)
"""The tariff of each block, 1..4."""


class Moment(NamedTuple):
    """An instant of the neighbourhood's day, with what every curve needs of it."""

    days: int
    """Whole days since day 0."""
    day_ms: int
    block: int
    tariff: int
    ripple: float
    """What every load of the block is multiplied by now; losses go with its square."""
    linear_h: float
    """The ripple integrated since the block's start, h."""
    square_h: float
    """The ripple's square integrated since the block's start, h."""


def moment(days: int, day_ms: int) -> Moment:
    """The instant `day_ms` into the day, `days` whole days after day 0."""
    block, into = divmod(day_ms, BLOCK_MS)
    ripple, linear_h = rippled(into)
    past = into / HOUR_MS
    return Moment(
        days=days,
        day_ms=day_ms,
        block=block,
        tariff=TARIFFS[block],
        ripple=ripple,
        linear_h=linear_h,
        square_h=past * (1 + RIPPLE * RIPPLE / 2)
        + 2 * (linear_h - past)
        - RIPPLE * RIPPLE * SWING_H * math.sin(4 * math.pi * into / BLOCK_MS) / 4,
    )


def rippled(into_ms: int) -> tuple[float, float]:
    """The ripple this far into a block, and its integral since the block's start, h."""
    x = 2 * math.pi * into_ms / BLOCK_MS
    return 1 + RIPPLE * math.sin(x), into_ms / HOUR_MS + RIPPLE * SWING_H * (1 - math.cos(x))


def flicker(t_ms: int) -> float:
    """What all voltages stand above their block's, V: no two instants show the same."""
    return FLICKER_V * math.sin(2 * math.pi * (t_ms % 7_300) / 7_300)


def split_day(local_ms: int, day0_ms: int) -> tuple[int, int]:
    """Whole days since day 0 and the time of day; before day 0 there is no day."""
    days, day_ms = divmod(local_ms - day0_ms, DAY_MS)
    return (days, day_ms) if days >= 0 else (0, 0)


def share_at(day_ms: int) -> float:
    """The neighbourhood's share of its peak, straight between the blocks' middles, each second."""
    place = day_ms // SECOND_MS * SECOND_MS * BLOCKS / DAY_MS - 0.5
    block = math.floor(place)
    into = place - block
    return SHARES[block % BLOCKS] * (1 - into) + SHARES[(block + 1) % BLOCKS] * into


def outdoor(day_ms: int) -> float:
    """Air in the shade, °C: 31 ± 5.5, highest at 15 h; another each second."""
    second = day_ms // SECOND_MS
    return 31.0 - 5.5 * math.cos(2 * math.pi * (second / DAY_S - 3 / 24))


def frequency(day_ms: int) -> float:
    """Of the network, Hz, as meters measure it: over whole seconds."""
    return 50.0 + 0.02 * math.sin(2 * math.pi * (day_ms // SECOND_MS % 47) / 47)
