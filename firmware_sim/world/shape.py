"""The day of a neighbourhood in August: how much of the coincident peak is drawn at each hour.

Knots (hour, share of the 20:30 peak) of a summer evening area, straight lines between them; and
which tariff register counts when (residential peak 08-22, valley 22-08).
"""

from itertools import pairwise

BLOCK_MS = 300_000
"""A household draws evenly, but for a ripple, within five minutes."""
DAY_MS = 86_400_000
BLOCKS = DAY_MS // BLOCK_MS

PEAK_W = 1800.0
"""Mean of 252 households at 20:30, W."""

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
