"""How wrong a meter's clock runs: what it shows at any instant, and when it shows what.

Nothing ticks: a clock that was right at one instant is off by its rate ever since, so both ways are
functions. A meter's crystal is allowed 0.5 s a day (GB/T 17215: 5.8 ppm); most keep within it, a
few have aged or been too cold.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

BILLION = 1_000_000_000
ALLOWED_PPB = 5_800
"""0.5 s a day."""
USUAL_PPB = 2_500
"""Standard deviation of those that keep within what is allowed."""
WORST_PPB = 50_000
BAD_SHARE = 0.05
"""How many run worse than is allowed."""

LAST_SET = datetime(2026, 1, 1, tzinfo=UTC)
LAST_SET_DAYS = 270
"""Each clock was last set right at an instant within so many days."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Drift:
    """One clock; instants and what it shows are ms UTC."""

    ppb: int
    """How much faster than time it runs, 1e-9; below 0: slower."""
    right_ms: int
    """When it was right."""

    def gained(self, t_ms: int) -> int:
        """What it is ahead of time at t_ms, ms."""
        return self.ppb * (t_ms - self.right_ms) // BILLION

    def shown(self, t_ms: int) -> int:
        """What it shows at t_ms."""
        return t_ms + self.gained(t_ms)

    def when(self, shown_ms: int) -> int:
        """The first instant at which it shows `shown_ms` or more."""
        t_ms = shown_ms
        # each step is short by the rate of the one before
        for _ in range(3):
            t_ms -= self.shown(t_ms) - shown_ms
        while self.shown(t_ms) >= shown_ms:
            t_ms -= 1
        while self.shown(t_ms) < shown_ms:
            t_ms += 1
        return t_ms


EXACT = Drift(0, 0)


def drift_of(seed: str, meter: str, ppm: float | None = None) -> Drift:
    """A meter's clock as drawn; `ppm` sets its rate, 0 = it is exact."""
    draw = random.Random(f"{seed}/{meter}/clock")
    right_ms = int(LAST_SET.timestamp() * 1000 + draw.random() * LAST_SET_DAYS * DAY_MS)
    ppb = _drawn_ppb(draw) if ppm is None else round(ppm * 1000)
    return Drift(ppb, right_ms) if ppb else EXACT


def _drawn_ppb(draw: random.Random) -> int:
    if draw.random() < BAD_SHARE:
        return round(draw.uniform(ALLOWED_PPB, WORST_PPB)) * draw.choice((-1, 1))
    return round(min(max(draw.gauss(0, USUAL_PPB), -ALLOWED_PPB), ALLOWED_PPB))
