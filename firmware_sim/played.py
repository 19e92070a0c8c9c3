"""Which devices of a site the bench plays, and by which firmware; all others stay silent."""

from collections.abc import Callable, Mapping

from edge.site.model import Meter, Tmu
from firmware_sim.hal.loader import MeterMaker, meter645, meter698, sdm630

MODBUS = "modbus"

BY_PROTOCOL: Mapping[str, Callable[[], MeterMaker]] = {"dlt645": meter645, "dlt698": meter698}
BY_MAP: Mapping[str, Callable[[], MeterMaker]] = {"sdm630": sdm630}
"""Modbus meters go by their register map."""

UNIT_MAP = "tmu-1"
"""The one map of a monitoring unit that is played."""


def maker(meter: Meter) -> Callable[[], MeterMaker] | None:
    """Where a meter's core comes from; None if the bench has none like it."""
    return BY_MAP.get(meter.profile) if is_modbus(meter) else BY_PROTOCOL.get(meter.protocol)


def is_modbus(meter: Meter) -> bool:
    """Whether it goes by unit and registers, not by its number."""
    return meter.protocol == MODBUS


def plays(device: Meter | Tmu) -> bool:
    """Whether it answers on the bench."""
    if isinstance(device, Tmu):
        return device.map == UNIT_MAP
    return maker(device) is not None
