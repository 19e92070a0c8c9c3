"""A board's kit runs on a real MicroPython, and does what its sources do on CPython."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware_sim.cli.flash_kit import BOARDS, FIRMWARES, lay_kit
from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board, PowerOff
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, trace, wasi
from firmware_sim.portability.link import Link
from firmware_sim.portability.sensors import Chip
from firmware_sim.portability.suite import SUBJECTS

pytestmark = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to run it: {wasi.missing()} not installed"
)

SECOND = 1_000_000_000
POWER = ((0, 70 * SECOND), (71 * SECOND, 120 * SECOND))
"""A start on an empty flash, and one on what was kept."""


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", FIRMWARES)
def test_two_minutes_of_traffic_are_those_of_the_sources(
    tmp_path: Path, board: str, name: str
) -> None:
    subject = next(one for one in SUBJECTS if one.firmware == name)
    lay_kit(tmp_path / "kit", board, name)
    sources = subject.lay_out(tmp_path / "sources", board)
    script = replace(subject.script(board, 2), power=POWER)
    port, world = PORTS[board], subject.world()
    one = trace.run(cpython.run_board, sources, script, port, world, flash=Flash())
    other = trace.run(wasi.run_board, tmp_path / "kit", script, port, world, flash=Flash())
    assert trace.difference(one, other) == ""
    seen = trace.count(other)
    assert seen["start"] == len(POWER)
    assert seen["tx"] > 30, seen
    # the Modbus meter keeps nothing
    assert ("flash read" in seen) == (name != "sdm630")
    assert not {"crash", "stuck", "watchdog"} & set(seen)


def test_a_kit_that_lacks_a_module_is_found(tmp_path: Path) -> None:
    subject = next(one for one in SUBJECTS if one.firmware == "sdm630")
    lay_kit(tmp_path / "kit", "rp2040", "sdm630")
    (tmp_path / "kit" / "lib" / "float32.mpy").unlink()
    script = trace.shortened(subject.script("rp2040"), 1)
    run = trace.run(wasi.run_board, tmp_path / "kit", script, PORTS["rp2040"], subject.world())
    assert ("crash", ("ImportError",)) in [event[1:] for event in run]


@pytest.mark.parametrize("name", FIRMWARES)
def test_it_starts_in_the_heap_of_a_pico_with_room_to_spare(tmp_path: Path, name: str) -> None:
    # some 210 KB there; here without one collection, and 30 of them are the bench's own modules
    subject = next(one for one in SUBJECTS if one.firmware == name)
    lay_kit(tmp_path / "kit", "rp2040", name)
    board = Board(Clock(), until=SECOND, port=PORTS["rp2040"])
    image = subject.image(0)
    assert image is not None
    board.devices[trace.CHIP] = Chip(image)
    link = Link(board)
    with pytest.raises(PowerOff):
        wasi.run_board(board, tmp_path / "kit", link, watch_heap=True, heap="190k")
    assert link.heap
