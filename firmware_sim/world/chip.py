"""The metering chip: what it shows in its registers for a state (map in docs/firmware.md)."""

import math
import struct
from collections.abc import Callable, Sequence

from edge.site.model import Meter
from firmware_sim.world.neighbourhood import State

SIZE = 0x80
PULSES_PER_WH = 1.6
"""Meter constant 1600 imp/kWh."""

BATTERIES_MV = (3600, 3600)
"""The clock's battery and the one for reading without power."""
ON_BATTERY = 0
"""Minutes run on the battery."""

_PLATE = struct.Struct(">BBBB6sBxI")
_LINE = struct.Struct(">3HHh3H")
_WORDS = struct.Struct(">4i")
_POWERS = struct.Struct(">9i")
_FACTORS = struct.Struct(">4h2H")
_ENERGY = struct.Struct(">8I")

SPEED_WORDS = {600: 0x02, 1200: 0x04, 2400: 0x08, 4800: 0x10, 9600: 0x20, 19200: 0x40}


def wire_number(meter_id: str) -> bytes:
    """The meter's number as on the line: BCD, two lowest digits first."""
    return bytes.fromhex(meter_id)[::-1]


def image(meter: Meter, baud: int, state: State) -> bytes:
    """All registers of one meter's chip."""
    elements = state.elements
    return b"".join(
        (
            _PLATE.pack(
                *(0x64, 2, len(elements), SPEED_WORDS.get(baud, 0)),
                *(wire_number(meter.id), meter.unit, ON_BATTERY),
            ),
            _LINE.pack(
                *_three([e.voltage * 100 for e in elements]),
                round(state.frequency * 1000),
                round(state.temperature * 100),
                *_three([_angle(e.active, e.reactive) for e in elements]),
            ),
            _WORDS.pack(
                *_three([e.current * 10_000 for e in elements]), round(state.neutral * 10_000)
            ),
            _POWERS.pack(
                *_three([e.active * 100 for e in elements]),
                *_three([e.reactive * 100 for e in elements]),
                *_three([e.apparent * 100 for e in elements]),
            ),
            _FACTORS.pack(
                _factor(sum(e.active for e in elements), sum(e.apparent for e in elements)),
                *_three([_factor(e.active, e.apparent) for e in elements]),
                *BATTERIES_MV,
            ),
            _ENERGY.pack(*pulses(state.forward), *pulses(state.reverse)),
        )
    )


class Chip:
    """A chip on a board's I2C bus; `registers` gives the image of the moment."""

    def __init__(self, registers: Callable[[], bytes]) -> None:
        self._registers = registers

    def read(self, memory: int, count: int) -> bytes:
        """`count` registers from `memory` on; zeros behind the last."""
        return self._registers()[memory : memory + count].ljust(count, b"\0")


def _three(values: Sequence[float]) -> list[int]:
    """Rounded, with zeros for the elements that are not there."""
    return [round(value) for value in values] + [0] * (3 - len(values))


def _factor(active: float, apparent: float) -> int:
    return round(10_000 * active / apparent) if apparent else 10_000


def _angle(active: float, reactive: float) -> int:
    """Of the current behind the voltage, 0.01 degree, 0 to 360."""
    return round(math.degrees(math.atan2(reactive, active)) * 100) % 36_000


def pulses(energies: Sequence[float]) -> list[int]:
    """Pulses counted so far, u32, which wrap as the chip's do."""
    return [int(wh * PULSES_PER_WH) % (1 << 32) for wh in energies]
