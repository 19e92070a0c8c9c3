"""Sizes of each firmware as it stands on a board: source, bytecode, heap on a real MicroPython.

Run: `scripts/bench sizes`. The heap is that of a 32-bit VM whose collector is off (see
firmware_sim/portability/wasi.py): what is in use when the main loop is first reached, from sources
and from bytecode, and what of it is left after one collection there (`lives`, a little too low
where that collector loses something). Of all three the bench's own modules, measured by a main of
theirs alone, are taken away. Behind them: what all traffic of a faulty line allocates, the bench's
modules included, for each answer given, which a collector takes back.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.ports import PORTS
from firmware_sim.mpy import bytecode
from firmware_sim.portability import flash, suite, trace, wasi
from firmware_sim.portability.link import Link
from firmware_sim.portability.sensors import Chip
from firmware_sim.portability.trace import CHIP

MINUTES = 6
PORT = PORTS["rp2040"]
BOARD = (
    "A Pico (RP2040, 264 KB of RAM) gives MicroPython a heap of about 210 KB, a Pico W less, as\n"
    "their users report; not measured here. What lives has to fit, and room to load and answer in."
)

_BARE = "import machine\nimport select\nimport time\nselect.poll().poll(0)\n"
_COLLECTED = """\
import gc
import hostlink
import select
_poll = select._Poll.poll
def _told(self, timeout=-1):
    gc.collect()
    hostlink.heap()
    return _poll(self, timeout)
select._Poll.poll = _told
"""


class _Enough(Exception):
    """The device has said how much of its heap is in use."""


class _Asking(Link):
    """Ends the run at the first word about the heap."""

    def call(self, word: str, given: str) -> str:
        """As a Link's."""
        said = super().call(word, given)
        if word == "heap":
            raise _Enough
        return said


def in_use(folder: Path, image: bytes | None) -> int:
    """Bytes in use at the first poll of the board laid out in a folder."""
    board = Board(Clock(), until=60_000_000_000, port=PORT)
    if image is not None:
        board.devices[CHIP] = Chip(image)
    link = _Asking(board)
    with suppress(_Enough):
        wasi.run_board(board, folder, link, watch_heap=True)
    return link.heap[0]


def lives(folder: Path, image: bytes | None) -> int:
    """The same after a collection; main.py in the folder is another one from then on."""
    main = folder / "main.py"
    main.write_text(_COLLECTED + main.read_text("utf-8"), "utf-8")
    return in_use(folder, image)


def an_answer(subject: suite.Subject, folder: Path) -> int:
    """Bytes each answer added."""
    used: list[int] = []

    def machine(board: Board, where: Path) -> None:
        link = Link(board)
        try:
            wasi.run_board(board, where, link, watch_heap=True)
        finally:
            used.extend((link.heap[0], link.heap[-1], len(board.sent)))

    script = trace.shortened(subject.script("rp2040"), MINUTES)
    trace.run(machine, folder, script, PORT, subject.world())
    first, last, answers = used[:3]
    return (last - first) // max(answers, 1)


def main() -> int:
    """Print one line a firmware."""
    with tempfile.TemporaryDirectory() as place:
        bare = Path(place)
        (bare / "main.py").write_text(_BARE, "utf-8")
        own, own_lives = in_use(bare, None), lives(bare, None)
    heads = ("source B", "bytecode B", "from source", "from bytecode", "lives", "B an answer")
    print("heap in use at the main loop, KB, without the bench's own", f"{own / 1000:.1f}")
    print(f"{'firmware':20}" + "".join(f"{head:>15}" for head in heads))
    for subject in suite.SUBJECTS:
        with tempfile.TemporaryDirectory() as place:
            sources = subject.lay_out(Path(place) / "sources", "rp2040")
            compiled = flash.compile_all(sources, Path(place) / "compiled")
            files = sorted(sources.rglob("*.py"))
            sizes = (
                sum(path.stat().st_size for path in files),
                sum(len(bytecode(path.read_text("utf-8"), path.name)) for path in files),
            )
            image = subject.image(0)
            heaps = (in_use(sources, image) - own, in_use(compiled, image) - own)
            each = an_answer(subject, sources)
            left = lives(compiled, image) - own_lives
        row = (*sizes, *(f"{heap / 1000:.1f}" for heap in (*heaps, left)), each)
        print(f"{subject.name:20}" + "".join(f"{one:>15}" for one in row))
    print(BOARD)
    return 0


if __name__ == "__main__":
    sys.exit(main())
