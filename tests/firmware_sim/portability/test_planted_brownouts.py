"""Bugs planted in a copy of the NV memory are found: by what a cut leaves, or by the proof."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import ROOT
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import brownouts, cpython, flash, script, trace, wasi
from firmware_sim.portability.suite import PROGRAMMED, WRITTEN_LEAD_US
from tests.firmware_sim.portability.written import HEAP, findings

METER = PROGRAMMED[0]
PORT = "rp2040"


def planted(tmp_path: Path, file: str, *texts: tuple[str, str]) -> Path:
    """The folder of a board with the meter, texts of one file replaced."""
    root = tmp_path / "root"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    path = root / file
    text = path.read_text(encoding="utf-8")
    for old, new in texts:
        assert text.count(old) == 1, f"{file} no longer says {old!r}: plant it elsewhere"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    board = tmp_path / "board"
    board.mkdir()
    return flash.lay_out(board, "meter645", "rp2040", root)


def drawn(folder: Path, minutes: int = 4) -> tuple[script.Script, list[brownouts.Cut]]:
    """A run of that board, its cuts aimed."""
    world = METER.subject.world()
    calm = script.draw(1, METER.programmer(), (9600,), minutes, faulty=0.15)
    return brownouts.aimed(folder, calm, PORTS[PORT], world, 1, WRITTEN_LEAD_US)


def found(folder: Path) -> str:
    """What the check of before or after finds."""
    return findings(METER, PORT, folder, *drawn(folder))


def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    assert found(planted(tmp_path, "lib/nv.py")) == ""


def test_a_seal_that_is_written_with_the_record_is_found(tmp_path: Path) -> None:
    folder = planted(tmp_path, "lib/nv.py", ("self._pages.add(BLANK)", "self._pages.add(SEAL)"))
    assert "neither" in found(folder)


def test_a_snapshot_that_is_written_over_the_old_one_is_found(tmp_path: Path) -> None:
    folder = planted(tmp_path, "lib/nv.py", ("area = 1 - self._area", "area = self._area"))
    assert "neither" in found(folder)


@pytest.mark.skipif(wasi.missing() != "", reason=f"{wasi.missing()} not installed")
def test_the_order_of_a_dict_in_the_flash_is_found_by_the_proof_though_no_answer_shows_it(
    tmp_path: Path,
) -> None:
    folder = planted(
        tmp_path,
        "lib/nv.py",
        ("self._changed = []\n        self._blocks", "self._changed = {}\n        self._blocks"),
        ("self._changed = []\n        return", "self._changed = {}\n        return"),
        (
            "self._changed.append((at + first, last + 1 - first))",
            "self._changed[at + first] = last + 1 - first",
        ),
        ("for _, count in self._changed:", "for _, count in self._changed.items():"),
        ("for place, count in self._changed:", "for place, count in self._changed.items():"),
    )
    some, _ = drawn(folder, 1)
    world, port = METER.subject.world(), PORTS[PORT]
    one = trace.run(cpython.run_board, folder, some, port, world, WRITTEN_LEAD_US, Flash())
    compiled = flash.compile_all(folder, tmp_path / "bytecode")
    vm = partial(wasi.run_board, heap=HEAP)
    other = trace.run(vm, compiled, some, port, world, WRITTEN_LEAD_US, Flash())
    parted = trace.difference(one, other)
    assert "'program'" in parted
    assert [event for event in one if event[1] == "tx"] == [
        event for event in other if event[1] == "tx"
    ]
