"""A bench of the small site played by a thread, and what tests need beside it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from edge.site.model import Site, Tmu
from firmware_sim.bridge.bench import Bench, Options
from firmware_sim.bridge.control import Control
from firmware_sim.truth import TruthFile
from tests.firmware_sim.places import LINES, site

WAIT_S = 30.0
"""Longest wait for an answer; a right one takes a tenth of a second, a machine with other work
to do may take many."""

BAUD = 19200
TMUS = (
    Tmu(id="tmu1", transformer="t1", line="b2", unit=1),
    Tmu(id="tmu2", transformer="t1", line="b2", unit=2),
)


@contextmanager
def running(
    folder: Path,
    lines: tuple[str, ...] = LINES,
    truth: TruthFile | None = None,
    options: Options | None = None,
    control: Callable[[Bench], Control] | None = None,
    place: Site | None = None,
) -> Iterator[Bench]:
    """The small site's lines, played by a thread."""
    bench = Bench(place or site(baud=BAUD, tmus=TMUS), lines, folder, options or Options(), truth)
    stop = threading.Event()
    commands = control(bench) if control else None
    thread = threading.Thread(target=bench.serve, args=(lambda: not stop.is_set(), None, commands))
    thread.start()
    try:
        yield bench
    finally:
        stop.set()
        thread.join(WAIT_S)
        bench.close()
        assert not thread.is_alive()


def truth_of(path: Path) -> list[dict[str, Any]]:
    """The records of a truth file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition of another thread; AssertionError when it does not come."""
    end = monotonic() + WAIT_S
    while not true():
        assert monotonic() < end
        threading.Event().wait(0.005)
