"""What a monitoring unit's sensors see in its box: air, oil or windings, residual current, door.

Top oil follows the transformer's loading by IEC 60076-7's steady rise and one time lag, solved over
the blocks of a day that repeats itself: so it is a closed-form function of time like all the rest.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from edge.site.model import Transformer
from firmware_sim.world.flow import Blocks
from firmware_sim.world.shape import BLOCK_MS, BLOCKS, HOUR_MS, Moment, outdoor

OIL_RISE_K = 55.0
"""Top oil over the air around it at rated load."""
WINDING_RISE_K = 100.0
"""A dry winding of class F over the air around it at rated load."""
EXPONENT = 0.8
OIL_LAG_MS = 180 * 60_000
WINDING_LAG_MS = 45 * 60_000
BOX_K = 8.0
"""What sun and no wind put on the air in a steel box."""
BOX_SHARE = 0.1
"""How much of the transformer's own rise the air around it takes on."""

DOOR_CHANCE = 0.2
"""On how many days somebody opens the door."""
DOOR_HOURS = (9.0, 17.0)
DOOR_MINUTES = (2.0, 12.0)

Rise = tuple[float, ...]
"""K over the air at the start of each block, then at the day's end, which is the start again."""


@dataclass(frozen=True, slots=True)
class TmuState:
    """What the sensors of one monitoring unit see."""

    oil: float | None
    """Top oil, °C; None = a dry type has none."""
    winding: tuple[float, float, float] | None
    """Windings of a dry type, °C; None = an oil type."""
    cabinet: float
    """Air in the box, °C."""
    outdoor: float
    """°C."""
    humidity: float
    """Relative, in the box, %."""
    residual: float
    """Residual current of the low-voltage side, A."""
    supply: float
    """The unit's own supply, V."""
    door: bool
    smoke: bool
    water: bool


class Cabinet:
    """One transformer's box over the day."""

    def __init__(
        self, transformer: Transformer, loads: Sequence[Blocks], losses: Sequence[Blocks]
    ) -> None:
        rated = transformer.rated_kva * 1000
        phases = [
            [abs(load + loss) for load, loss in zip(drawn, lost, strict=True)]
            for drawn, lost in zip(loads, losses, strict=True)
        ]
        self._loading = [sum(block) / rated for block in zip(*phases, strict=True)]
        self._dry = transformer.insulation == "dry"
        if self._dry:
            self._lag_ms = WINDING_LAG_MS
            columns = [[3 * va / rated for va in column] for column in phases]
            self._targets = [[_winding_rise(k) for k in column] for column in columns]
        else:
            self._lag_ms = OIL_LAG_MS
            ratio = transformer.load_loss_w / (transformer.no_load_loss_w or 1.0)
            self._targets = [[_oil_rise(k, ratio) for k in self._loading]]
        self._rises = [_lagged(column, self._lag_ms) for column in self._targets]

    def state(self, seed: str, now: Moment, t_ms: int) -> TmuState:
        """What the unit with this seed sees at an instant of the day."""
        rises = [self._rise(column, now) for column in range(len(self._rises))]
        air = outdoor(now.day_ms)
        inside = air + BOX_K + BOX_SHARE * max(rises)
        a, *others = (inside + rise for rise in rises)
        return TmuState(
            oil=None if self._dry else a,
            winding=(a, others[0], others[1]) if self._dry else None,
            cabinet=inside,
            outdoor=air,
            humidity=65.0 - 2.4 * (air - 31.0) - 0.5 * (inside - air - 10.0),
            residual=0.012 + 0.045 * self._loading[now.block] * now.ripple,
            supply=12.0 + 0.04 * math.sin(2 * math.pi * (t_ms % 61_000) / 61_000),
            door=_door(f"{seed}/door/{now.days}", now.day_ms),
            smoke=False,
            water=False,
        )

    def _rise(self, column: int, now: Moment) -> float:
        """K over the air in the box."""
        target = self._targets[column][now.block]
        left = math.exp(-(now.day_ms - now.block * BLOCK_MS) / self._lag_ms)
        return target + (self._rises[column][now.block] - target) * left


def _oil_rise(loading: float, ratio: float) -> float:
    """Steady top-oil rise, K; `ratio` of load to no-load loss (IEC 60076-7)."""
    return OIL_RISE_K * float(((1 + ratio * loading * loading) / (1 + ratio)) ** EXPONENT)


def _winding_rise(loading: float) -> float:
    """Steady rise of a dry winding, K (IEC 60076-12)."""
    return WINDING_RISE_K * float((loading * loading) ** EXPONENT)


def _lagged(targets: Sequence[float], lag_ms: int) -> Rise:
    """The rise that follows its target with one lag, the same at the day's both ends."""
    keep = math.exp(-BLOCK_MS / lag_ms)
    rise = 0.0
    for target in targets:
        rise = target + (rise - target) * keep
    # what a day leaves of any start is keep to the power of its blocks
    rises = [rise / (1 - keep**BLOCKS)]
    for target in targets:
        rises.append(target + (rises[-1] - target) * keep)
    return tuple(rises)


def _door(seed: str, day_ms: int) -> bool:
    """Whether the door stands open at this time of the seed's day."""
    # most of the day needs no draw: nobody comes before nine or after five
    hour = day_ms / HOUR_MS
    if not DOOR_HOURS[0] <= hour <= DOOR_HOURS[1] + DOOR_MINUTES[1] / 60:
        return False
    draw = random.Random(seed)
    if draw.random() >= DOOR_CHANCE:
        return False
    opened = draw.uniform(*DOOR_HOURS)
    return opened <= hour < opened + draw.uniform(*DOOR_MINUTES) / 60
