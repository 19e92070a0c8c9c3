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
from firmware_sim.world.network import Station
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

    __slots__ = ("_at", "frequency", "now", "open_v", "temperature")

    def __init__(self) -> None:
        self._at = -1
        self.now: Moment
        self.open_v = 0.0
        """Of the area's one transformer, V."""
        self.frequency = 0
        self.temperature = 0

    def move(self, world: Neighbourhood, station: Station, t_ms: int) -> None:
        """Be at t_ms (UTC)."""
        if t_ms == self._at:
            return
        self._at = t_ms
        self.now = now = moment(*world.when(t_ms))
        self.open_v = station.open_v(share_at(now.day_ms))
        self.open_v += FLICKER_V * math.sin(2 * math.pi * (t_ms % 7_300) / 7_300)
        hertz = 50.0 + 0.02 * math.sin(2 * math.pi * (t_ms % 47_000) / 47_000)
        self.frequency = round(hertz * 1000)
        self.temperature = round((outdoor(now.day_ms) + 4.0) * 100)


class Household:
    """One household of the area, as its flow and its place in the network give it."""

    __slots__ = (
        *("active", "angle", "drops", "factor", "load", "peak", "peak_0", "peak_day", "plate"),
        *("station", "valley", "valley_0", "valley_day"),
    )

    def __init__(self, world: Neighbourhood, meter: Meter, baud: int) -> None:
        point: Point = world.point(meter)
        if len(point.drops) != 1 or point.ct * point.pt != 1:
            raise ValueError(f"{meter.id} is no single-phase meter of a household")
        flow = point.flow
        self.station = point.station
        self.drops = point.drops[0]
        self.load = flow.loads[0]
        self.active = flow.active
        self.peak = flow.sums[TARIFF_PEAK]
        self.peak_day = self.peak[BLOCKS]
        self.peak_0 = flow.before[TARIFF_PEAK]
        self.valley = flow.sums[TARIFF_VALLEY]
        self.valley_day = self.valley[BLOCKS]
        self.valley_0 = flow.before[TARIFF_VALLEY]
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
        household = self.household
        instant.move(world, household.station, t_ms + self.shift_ms)
        now = instant.now
        block, days, ripple = now.block, now.days, now.ripple
        voltage = instant.open_v - household.drops[block] * ripple
        power = household.load[block] * ripple
        apparent = abs(power)
        amperes = round(apparent / voltage * 10_000)
        peak = household.peak_0 + days * household.peak_day + household.peak[block]
        valley = household.valley_0 + days * household.valley_day + household.valley[block]
        if now.tariff == TARIFF_PEAK:
            peak += household.active[block] * now.linear_h
        else:
            valley += household.active[block] * now.linear_h
        factor = household.factor
        return self.plate + MOVING.pack(
            round(voltage * 100), 0, 0, instant.frequency, instant.temperature,
            household.angle, 0, 0, amperes, 0, 0, amperes,
            round(power.real * 100), 0, 0, round(power.imag * 100), 0, 0,
            round(apparent * 100), 0, 0, factor, factor, 0, 0, *BATTERIES_MV,
            0, int(peak * PULSES_PER_WH) & U32, 0,
            int(valley * PULSES_PER_WH) + self.further & U32, 0, 0, 0, 0,
        )  # fmt: skip
