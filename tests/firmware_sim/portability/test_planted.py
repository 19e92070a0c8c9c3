"""Bugs planted in a copy of the firmware are found: by the proof, or by the lint before it."""

import shutil
from pathlib import Path

import pytest

from firmware_sim.hal.loader import ROOT
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, flash, trace, wasi
from firmware_sim.portability.suite import SUBJECTS
from firmware_sim.portability.trace import Event, Machine
from tests.firmware_sim.firmware.language import findings

pytestmark = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)

METER = SUBJECTS[0]
MINUTES = 4


def planted(tmp_path: Path, file: str, old: str, new: str) -> tuple[Path, str]:
    """A board with the meter, one text in one file replaced; its folder and that file's text."""
    root = tmp_path / "root"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} no longer says {old!r}: plant it elsewhere"
    text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    board = tmp_path / "board"
    board.mkdir()
    return flash.lay_out(board, "meter645", "rp2040", root), text


def run(machine: Machine, folder: Path, lead_us: int = trace.LEAD_US) -> list[Event]:
    """Some minutes of the meter on one machine."""
    script = METER.script("rp2040", MINUTES)
    return trace.run(machine, folder, script, PORTS["rp2040"], METER.world(), lead_us)


def test_a_method_that_micropython_lacks_is_found_by_the_proof_alone(tmp_path: Path) -> None:
    folder, text = planted(
        tmp_path,
        "meter645/receiver.py",
        '"""Forget what has come."""\n',
        '"""Forget what has come."""\n        self.buf[:0].reverse()\n',
    )
    assert findings(text) == []
    one, other = run(cpython.run_board, folder), run(wasi.run_board, folder)
    assert "crash" not in trace.count(one)
    assert trace.difference(one, other) != ""
    assert ("crash", ("AttributeError",)) in [(what, about) for _, what, about in other]


def test_the_order_of_a_dict_on_the_wire_is_found_by_the_lint_and_by_the_proof(
    tmp_path: Path,
) -> None:
    folder, text = planted(
        tmp_path,
        "meter645/core.py",
        "        out[head + 9] = size\n",
        "        out[head + 9] = size\n"
        "        for k in {170: 1, 2: 1, 93: 1, 11: 1, 254: 1, 64: 1, 7: 1}:\n"
        "            out[0] = k\n",
    )
    assert any("order" in finding for finding in findings(text))
    one, other = run(cpython.run_board, folder), run(wasi.run_board, folder)
    assert trace.difference(one, other) != ""


def test_ticks_that_are_subtracted_as_numbers_are_found_at_their_wrap(tmp_path: Path) -> None:
    _, text = planted(
        tmp_path, "lib/ticks.py", "return ((a - b + HALF) & MASK) - HALF", "return a - b"
    )
    assert findings(text) == []
    unit = SUBJECTS[-1]
    assert unit.firmware == "tmu"
    script = unit.script("rp2040")
    board = tmp_path / "tmu"
    board.mkdir()
    folder = flash.lay_out(board, "tmu", "rp2040", tmp_path / "root")
    found = trace.run(cpython.run_board, folder, script, PORTS["rp2040"], unit.world())
    stuck = [at for at, what, _ in found if what == "stuck"]
    # 17.9 minutes after the start, to the second
    assert stuck
    assert stuck[0] // 1_000_000 in ((1 << 30) // 1_000_000 - 1, (1 << 30) // 1_000_000)
