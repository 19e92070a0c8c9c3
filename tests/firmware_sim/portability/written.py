"""What the tests of writes and power cuts share: runs that are aimed once, flashes and answers."""

import tempfile
from collections import Counter
from functools import cache, partial
from pathlib import Path

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.flash_time import checksum
from firmware_sim.hal.loader import nv_memory
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import brownouts, cpython, flash, trace, wasi
from firmware_sim.portability.brownouts import Cut
from firmware_sim.portability.script import Script
from firmware_sim.portability.suite import PROGRAMMED, WRITTEN_LEAD_US, WRITTEN_MIN, Programmed

HEAP = "16m"
"""Enough for starts as short as these are; clearing more takes longer than the start."""
Kept = tuple[bytes, bool]
"""An image of the NV memory, and whether something in the flash has gone bad."""


@cache
def drawn(name: str, port: str) -> tuple[Script, list[Cut]]:
    """The run of a firmware on a port, and its cuts within writes."""
    one = next(one for one in PROGRAMMED if one.name == name)
    with tempfile.TemporaryDirectory() as place:
        return one.script(one.lay_out(Path(place), PORTS[port].profile), port)


def both_machines_write_the_same(one: Programmed, port: str, place: Path) -> None:
    """The proof: equal traces with each operation on the flash, and equal flashes at the end."""
    (place / "source").mkdir()
    folder = one.lay_out(place / "source", PORTS[port].profile)
    compiled = flash.compile_all(folder, place / "bytecode")
    script, cuts = drawn(one.name, port)
    world = one.subject.world()
    here, there = Flash(), Flash()
    first = trace.run(cpython.run_board, folder, script, PORTS[port], world, WRITTEN_LEAD_US, here)
    vm = partial(wasi.run_board, heap=HEAP)
    other = trace.run(vm, compiled, script, PORTS[port], world, WRITTEN_LEAD_US, there)
    assert trace.difference(first, other) == ""
    assert here == there
    seen = trace.count(first)
    assert seen["power off"] == len(script.power) == seen["start"]
    assert seen["tx"] > 100 * WRITTEN_MIN[port], seen
    assert not {"crash", "stuck", "watchdog"} & set(seen)
    # the cuts are those that were aimed, and left what they left then
    left = [str(about[2]) for _, what, about in first if what.startswith("cut in ")]
    aimed = [checksum(cut.left) for cut in cuts]
    assert Counter(aimed) - Counter(left) == Counter()


def kept(firmware: str, data: bytes) -> Kept:
    """What the NV memory finds in a flash."""
    nv = nv_memory(Flash(data=bytearray(data)), firmware)
    image = bytearray(nv.size)
    nv.get(0, image)
    return bytes(image), nv.fault


def findings(one: Programmed, port: str, folder: Path, script: Script, cuts: list[Cut]) -> str:
    """The first cut that left neither the device of before nor the one of after, '' = none."""
    firmware, world = one.subject.firmware, one.subject.world()
    row = PORTS[port]
    for cut in cuts:
        flashes = brownouts.before_and_after(folder, script, row, world, cut, WRITTEN_LEAD_US)
        if kept(firmware, cut.left) not in [kept(firmware, data) for data in flashes]:
            return f"{cut.what} cut at {cut.off} ns: an image of neither"
        said = [
            brownouts.answers(folder, row, world, data, one.questions, one.subject.speeds[0])
            for data in (cut.left, *flashes)
        ]
        if not any(said[0]) or said[0] not in said[1:]:
            return f"{cut.what} cut at {cut.off} ns: answers of neither"
    return ""
