"""The TMU's sensor front end: what it shows in its registers for a state (docs/firmware.md)."""

import struct

from edge.site.model import Line, Tmu
from firmware_sim.world.cabinet import TmuState

SIZE = 0x20
KIND = 0x54
VERSION = 1

_IMAGE = struct.Struct(">BBBBHHHBx6hHHI")
PARITIES = {"N": 0, "O": 1, "E": 2}

OIL = 1 << 0
WINDINGS = 0b111 << 1
ALWAYS = 0b1_1111 << 4
"""Cabinet, outdoor, humidity, residual current, supply."""

DOOR, SMOKE, WATER = 1, 2, 4


def sensor_image(tmu: Tmu, line: Line, state: TmuState, failed: int = 0) -> bytes:
    """All registers of one unit's front end; `failed`: bits of the sensors that give nothing."""
    fitted = ALWAYS
    oil, winding = 0.0, (0.0, 0.0, 0.0)
    if state.oil is not None:
        fitted, oil = fitted | OIL, state.oil
    if state.winding is not None:
        fitted, winding = fitted | WINDINGS, state.winding
    contacts = DOOR * state.door | SMOKE * state.smoke | WATER * state.water
    temperatures = (oil, *winding, state.cabinet, state.outdoor)
    return _IMAGE.pack(
        KIND,
        VERSION,
        tmu.unit,
        PARITIES[line.parity],
        line.baud // 100,
        fitted,
        failed,
        contacts,
        *(_within(100 * one, -32768, 32767) for one in temperatures),
        _within(100 * state.humidity, 0, 0xFFFF),
        _within(1000 * state.supply, 0, 0xFFFF),
        _within(10_000 * state.residual, 0, 0xFFFF_FFFF),
    )


def _within(value: float, low: int, high: int) -> int:
    """Rounded, held within what the register can show."""
    return min(max(round(value), low), high)
