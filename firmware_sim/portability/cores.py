"""A meter's core alone on both machines, asked the same: what one of them answers otherwise."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from firmware_sim.hal.loader import ROOT
from firmware_sim.portability import asked, flash, sensors

DRIVER = Path(__file__).parent / "device" / "cores.py"
BEGINS = 820_540_800
"""2026-01-01, in seconds since 2000."""

_ASKED = """\
from {firmware}.core import Meter
ELEMENTS = {elements}
CHIP = {chip!r}
BEGINS = {begins}
REQUESTS = "{requests}"
TICK = {tick}
"""


@dataclass(frozen=True, slots=True)
class Core:
    """A meter and who asks it."""

    name: str
    firmware: str
    """Its folder in firmware/."""
    elements: int
    requests: Callable[[int, int], Iterator[bytes]]
    """So many from a seed."""
    seed: int


CORES = (
    Core("meter645-1ph", "meter645", 1, asked.requests645, 6451),
    Core("meter645-3ph", "meter645", 3, asked.requests645, 6453),
    Core("meter698-3ph", "meter698", 3, asked.requests698, 6983),
)


NEAR = (1 << 30) - 5_000
FAR = 1 << 29
"""Ticks at which a request ends: the wrap comes between it and its answer, or nowhere near."""


def lay_out(
    folder: Path, core: Core, requests: Iterable[bytes], root: Path = ROOT, tick: int = NEAR
) -> Path:
    """The files of a run, into an empty folder."""
    flash.lay_out(folder, core.firmware, "host", root, DRIVER)
    text = _ASKED.format(
        firmware=core.firmware,
        elements=core.elements,
        chip=sensors.metering(0, core.elements),
        begins=BEGINS,
        requests=" ".join(one.hex() for one in requests),
        tick=tick,
    )
    (folder / "asked.py").write_text(text, encoding="utf-8")
    return folder


def difference(requests: Iterable[bytes], one: str, other: str) -> str:
    """The first request that is answered otherwise, '' if there is none."""
    for request, a, b in zip_longest(requests, one.splitlines(), other.splitlines()):
        if a != b:
            asked_for = "" if request is None else request.hex(" ")
            return f"asked {asked_for}\n  - {a}\n  + {b}"
    return ""
