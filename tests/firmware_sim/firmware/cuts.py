"""Power cuts at the bytes that an order writes, each on a copy of the flash."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TypeVar

from firmware_sim.hal.board import PowerOff
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import nv_memory

MOST = 100_000
Device = TypeVar("Device")


def image(flash: Flash, firmware: str) -> bytes:
    """All that a device of that firmware would find in the flash."""
    nv = nv_memory(flash, firmware)
    buf = bytearray(nv.size)
    nv.get(0, buf)
    return bytes(buf)


def cut_within(
    flash: Flash,
    ready: Callable[[Flash], Device],
    order: Callable[[Device], object],
    step: int = 1,
    torn: int = 0,
) -> Iterator[Flash]:
    """The flash after a cut at each byte, or each `step`th, that the order writes.

    `ready` powers the device and brings it to where the order may come.
    """
    for cut in range(0, MOST, step):
        one = deepcopy(flash)
        device = ready(one)
        one.cut, one.torn = cut, torn
        try:
            order(device)
        except PowerOff:
            one.cut = None
            yield one
        else:
            return
    raise AssertionError("the order never comes to its end")
