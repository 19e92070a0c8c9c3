"""The metering chips of a fleet: the neighbourhood's own registers, worked out fast.

A fleet's single-phase household shows, byte for byte, what `world/chip.py` shows of the
neighbourhood's state (tests/firmware_sim/fleet/test_chips.py). Only what changes is worked out, and
what is the same for every meter at one instant but once.

Beyond one area the same households come again: the nth repetition lives its day `SHIFT_MS` later
than the one before, and its registers stand further by a number of pulses of its own.
"""

import math
import struct

from edge.site.model import Meter
from firmware_sim.world.chip import BATTERIES_MV, PULSES_PER_WH, image, wire_number
from firmware_sim.world.neighbourhood import FLICKER_V, Neighbourhood, Point
from firmware_sim.world.shape import (
    BLOCKS,
    TARIFF_PEAK,
    TARIFF_VALLEY,
    Moment,
    moment,
    outdoor,
    share_at,
)

SHIFT_MS = 977
"""By how much each repetition of the area is later in its day."""
PLATE = 0x10
MOVING = struct.Struct(">3HHh3H4i9i4h2H8I")
"""The registers behind the plate."""
U32 = (1 << 32) - 1


class Instant:
    """What all meters of one area share at one instant."""

    __slots__ = ("_at", "flicker", "frequency", "now", "open_of_peak", "temperature")

    def __init__(self) -> None:
        self._at = -1
        self.now: Moment
        self.open_of_peak = 0.0
        self.flicker = 0.0
        self.frequency = 0
        self.temperature = 0

    def move(self, world: Neighbourhood, t_ms: int) -> None:
        """Be at t_ms (UTC)."""
        if t_ms == self._at:
            return
        self._at = t_ms
        self.now = now = moment(*world.when(t_ms))
        self.open_of_peak = share_at(now.day_ms)
        self.flicker = FLICKER_V * math.sin(2 * math.pi * (t_ms % 7_300) / 7_300)
        hertz = 50.0 + 0.02 * math.sin(2 * math.pi * (t_ms % 47_000) / 47_000)
        self.frequency = round(hertz * 1000)
        self.temperature = round((outdoor(now.day_ms) + 4.0) * 100)


class Household:
    """One household of the area, as its flow and its place in the network give it."""

    __slots__ = ("angle", "factor", "peak", "plate", "point", "valley")

    def __init__(self, world: Neighbourhood, meter: Meter, baud: int) -> None:
        point: Point = world.point(meter)
        if len(point.drops) != 1 or point.ct * point.pt != 1:
            raise ValueError(f"{meter.id} is no single-phase meter of a household")
        self.point = point
        self.peak = point.flow.sums[TARIFF_PEAK]
        self.valley = point.flow.sums[TARIFF_VALLEY]
        # reactive follows active, so angle and factor stay
        shown = image(meter, baud, world.meter_state(meter, 0))
        self.plate = shown[:PLATE]
        self.angle = int.from_bytes(shown[0x1A:0x1C], "big")
        self.factor = int.from_bytes(shown[0x54:0x56], "big")


class FleetChip:
    """The chip of one meter of the fleet."""

    __slots__ = ("further", "household", "plate", "shift_ms")

    def __init__(self, household: Household, number: str, repeated: int) -> None:
        self.household = household
        self.plate = household.plate[:4] + wire_number(number) + household.plate[10:]
        self.shift_ms = repeated * SHIFT_MS
        self.further = repeated * 1_000_003 % (1 << 30)
        """Pulses of the valley tariff that this repetition stands further."""

    def image(self, world: Neighbourhood, instant: Instant, t_ms: int) -> bytes:
        """All registers at t_ms (UTC)."""
        instant.move(world, t_ms + self.shift_ms)
        now = instant.now
        household = self.household
        point = household.point
        flow = point.flow
        block = now.block
        voltage = point.station.open_v(instant.open_of_peak) + instant.flicker
        voltage -= point.drops[0][block] * now.ripple
        power = flow.loads[0][block] * now.ripple
        apparent = abs(power)
        amperes = round(apparent / voltage * 10_000)
        peak = flow.before[TARIFF_PEAK] + now.days * household.peak[BLOCKS] + household.peak[block]
        valley = flow.before[TARIFF_VALLEY] + now.days * household.valley[BLOCKS]
        valley += household.valley[block]
        if now.tariff == TARIFF_PEAK:
            peak += flow.active[block] * now.linear_h
        else:
            valley += flow.active[block] * now.linear_h
        factor = household.factor
        return self.plate + MOVING.pack(
            round(voltage * 100), 0, 0, instant.frequency, instant.temperature,
            household.angle, 0, 0, amperes, 0, 0, amperes,
            round(power.real * 100), 0, 0, round(power.imag * 100), 0, 0,
            round(apparent * 100), 0, 0, factor, factor, 0, 0, *BATTERIES_MV,
            0, int(peak * PULSES_PER_WH) & U32, 0,
            int(valley * PULSES_PER_WH) + self.further & U32, 0, 0, 0, 0,
        )  # fmt: skip
