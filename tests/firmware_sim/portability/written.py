"""The tests of power cuts within writes: runs that are aimed once, flashes and answers.

A file imports them and names its subjects in ROWS (conftest.py), and how many cuts of each kind
must fall within writes at least, LEAST and LEAST_IN_ALL.
"""

import tempfile
from collections import Counter
from functools import cache, partial
from pathlib import Path

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.flash_time import checksum
from firmware_sim.hal.loader import nv_memory
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import brownouts, cpython, flash, trace, wasi
from firmware_sim.portability.brownouts import Cut
from firmware_sim.portability.script import Script
from firmware_sim.portability.suite import PROGRAMMED, WRITTEN_LEAD_US, WRITTEN_MIN, Programmed
from tests.firmware_sim.portability.proving import on_vm

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


@on_vm
@pytest.mark.parametrize("port", WRITTEN_MIN)
def test_both_machines_write_the_same_and_leave_the_same_at_each_cut(
    row: Programmed, port: str, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    folder = row.lay_out(tmp_path / "source", PORTS[port].profile)
    compiled = flash.compile_all(folder, tmp_path / "bytecode")
    script, cuts = drawn(row.name, port)
    world = row.subject.world()
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


@on_vm
def test_dozens_of_cuts_fall_within_the_writes(
    row: Programmed, request: pytest.FixtureRequest
) -> None:
    cuts = Counter(cut.what for port in WRITTEN_MIN for cut in drawn(row.name, port)[1])
    least: Counter[str] = request.module.LEAST
    assert cuts >= least
    assert cuts.total() >= request.module.LEAST_IN_ALL


@on_vm
def test_a_cut_within_a_write_leaves_the_device_of_before_or_after(
    row: Programmed, tmp_path: Path
) -> None:
    port = "rp2040"
    folder = row.lay_out(tmp_path, PORTS[port].profile)
    assert findings(row, port, folder, *drawn(row.name, port)) == ""
