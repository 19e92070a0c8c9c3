"""The metering chips of a fleet: the neighbourhood's own registers, worked out fast.

A fleet's single-phase household shows, byte for byte, what `world/chip.py` shows of the
neighbourhood's state (tests/firmware_sim/fleet/test_chips.py). Only what changes is worked out, and
what is the same for every meter at one instant but once.

Beyond one area the same households come again: the nth repetition lives its day `SHIFT_MS` later
than the one before, and its registers stand further by a number of pulses of its own.
"""

import struct

from edge.site.model import Meter
from firmware_sim.world.chip import BATTERIES_MV, PULSES_PER_WH, image, wire_number
from firmware_sim.world.neighbourhood import Neighbourhood, Point
from firmware_sim.world.network import Station
from firmware_sim.world.shape import (
    BLOCK_MS,
    BLOCKS,
    SECOND_MS,
    TARIFF_PEAK,
    TARIFF_VALLEY,
    TARIFFS,
    flicker,
    frequency,
    outdoor,
    rippled,
    share_at,
)

SHIFT_MS = 977
"""By how much each repetition of the area is later in its day."""
PLATE = 0x10
MOVING = struct.Struct(">H4xHhH4xi8xi" + "i8x" * 3 + "hh4x2H4xI4xI16x")
"""The registers behind the plate that a single-phase meter fills; the others are 0."""
U32 = (1 << 32) - 1


class Instant:
    """What all meters of one area share at one instant; most of it is the same for a second."""

    __slots__ = (
        *("_second", "_steady_v", "block", "days", "frequency"),
        *("linear_h", "open_v", "ripple", "t_ms", "temperature"),
    )

    def __init__(self) -> None:
        self.t_ms = -1
        self.days = 0
        self.block = 0
        self.ripple = 0.0
        self.linear_h = 0.0
        """As `Moment` has them."""
        self.open_v = 0.0
        """Of the area's one transformer, V."""
        self.frequency = 0
        self.temperature = 0
        self._second = -1
        self._steady_v = 0.0

    def move(self, world: Neighbourhood, station: Station, t_ms: int) -> None:
        """Be at t_ms (UTC)."""
        self.t_ms = t_ms
        self.days, day_ms = world.when(t_ms)
        self.block, into_ms = divmod(day_ms, BLOCK_MS)
        self.ripple, self.linear_h = rippled(into_ms)
        if day_ms // SECOND_MS != self._second:
            self._second = day_ms // SECOND_MS
            self._steady_v = station.open_v(share_at(day_ms))
            self.frequency = round(frequency(day_ms) * 1000)
            self.temperature = round((outdoor(day_ms) + 4.0) * 100)
        self.open_v = self._steady_v + flicker(t_ms)


class Household:
    """One household of the area, as its flow and its place in the network give it.

    What holds for a block of a day is worked out once, when the block is entered.
    """

    __slots__ = (
        *("_active", "_drops", "_load", "_peak", "_peak_0", "_valley", "_valley_0"),
        *("active", "angle", "block", "days", "drop", "factor", "load", "peak", "plate"),
        *("station", "valley"),
    )

    def __init__(self, world: Neighbourhood, meter: Meter, baud: int) -> None:
        point: Point = world.point(meter)
        if len(point.drops) != 1 or point.ct * point.pt != 1:
            raise ValueError(f"{meter.id} is no single-phase meter of a household")
        flow = point.flow
        self.station = point.station
        self._drops = point.drops[0]
        self._load = flow.loads[0]
        self._active = flow.active
        self._peak = flow.sums[TARIFF_PEAK]
        self._peak_0 = flow.before[TARIFF_PEAK]
        self._valley = flow.sums[TARIFF_VALLEY]
        self._valley_0 = flow.before[TARIFF_VALLEY]
        # reactive follows active, so angle and factor stay
        shown = image(meter, baud, world.meter_state(meter, 0))
        self.plate = shown[:PLATE]
        self.angle = int.from_bytes(shown[0x1A:0x1C], "big")
        self.factor = int.from_bytes(shown[0x54:0x56], "big")
        self.enter(0, 0)

    def enter(self, days: int, block: int) -> None:
        """Be in this block of this day."""
        self.days = days
        self.block = block
        self.drop = self._drops[block]
        self.load = self._load[block]
        self.active = self._active[block]
        self.peak = self._peak_0 + days * self._peak[BLOCKS] + self._peak[block]
        """Wh of the peak tariff at the block's start."""
        self.valley = self._valley_0 + days * self._valley[BLOCKS] + self._valley[block]


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
        home = self.household
        t_ms += self.shift_ms
        if t_ms != instant.t_ms:
            instant.move(world, home.station, t_ms)
        block, ripple = instant.block, instant.ripple
        if block != home.block or instant.days != home.days:
            home.enter(instant.days, block)
        voltage = instant.open_v - home.drop * ripple
        power = home.load * ripple
        apparent = abs(power)
        amperes = round(apparent / voltage * 10_000)
        peak, valley = home.peak, home.valley
        if TARIFFS[block] == TARIFF_PEAK:
            peak += home.active * instant.linear_h
        else:
            valley += home.active * instant.linear_h
        factor = home.factor
        return self.plate + MOVING.pack(
            round(voltage * 100), instant.frequency, instant.temperature, home.angle,
            amperes, amperes,
            round(power.real * 100), round(power.imag * 100), round(apparent * 100),
            factor, factor, *BATTERIES_MV,
            int(peak * PULSES_PER_WH) & U32, int(valley * PULSES_PER_WH) + self.further & U32,
        )  # fmt: skip
