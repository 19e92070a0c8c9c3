"""Where a run is seen: `boxgate monitor` on a terminal, now and then a line elsewhere.

On a terminal the monitor has it whole, but for the last lines: there our own words stand
(footer.py). Elsewhere words are lines of their own, progress one line every PLAIN_EVERY looks.
"""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from firmware_sim.bench_tools.children import Foreground
from firmware_sim.bench_tools.rig import Rig
from firmware_sim.bench_tools.stops import undisturbed

PLAIN_EVERY = 10
"""Looks between two lines of progress where the output is no terminal."""
MONITOR = "edge.cli.monitor"

Out = Callable[[str], None]


class Screen(Protocol):
    """What the demo shows on."""

    def progress(self, text: str, last: bool) -> None:
        """Where the run is, at every look; `last`: there is no further look."""

    def tell(self, text: str) -> None:
        """Something that happened."""

    def closed(self) -> bool:
        """Whether whoever watches has ended it."""


class Plain:
    """Lines."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._looks = 0

    def progress(self, text: str, last: bool) -> None:
        """A line every PLAIN_EVERY looks, and the last one."""
        self._looks += 1
        if last or self._looks % PLAIN_EVERY == 0:
            self._out(text)

    def tell(self, text: str) -> None:
        """A line."""
        self._out(text)

    def closed(self) -> bool:
        """Nobody can."""
        return False


class Monitor:
    """The monitor in the foreground; what we say stands below it and, afterwards, on the terminal.

    When it ends before we do, lines take its place.
    """

    def __init__(self, bench: Rig, out: Out) -> None:
        self._words = bench.folder / "demo.log"
        self._words.write_text("", encoding="utf-8")
        self._out = out
        self._told: list[str] = []
        self._plain = Plain(out)
        self._child = Foreground(
            *("-m", "firmware_sim.bench_tools.footer", str(self._words)),
            *("-m", "edge.cli.main", "monitor", "--broker", bench.broker.url),
            *("--site", bench.site.id),
        )
        # stopped by the terminal at once, we could not wait for those below us to give it back
        self._on_stop = signal.signal(signal.SIGTSTP, self._suspend)

    def progress(self, text: str, last: bool) -> None:
        """The last line of the terminal."""
        if self.closed():
            self._plain.progress(text, last)
        else:
            self._write("=", text)

    def tell(self, text: str) -> None:
        """The line above it, and once more when the monitor has gone."""
        if self.closed():
            self._plain.tell(text)
        else:
            self._told.append(text)
            self._write("!", text)

    def _suspend(self, number: int, frame: object) -> None:
        """Ctrl-Z: the shell may have the terminal only when the monitor has given it back."""
        self._child.suspend()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._child.resume()

    def _write(self, mark: str, text: str) -> None:
        with self._words.open("a", encoding="utf-8") as file:
            file.write(f"{mark}{text}\n")

    def closed(self) -> bool:
        """Whether somebody pressed q, or it fell."""
        return self._child.ended() is not None

    def stop(self) -> None:
        """Give the terminal back, and say there what was told meanwhile."""
        signal.signal(signal.SIGTSTP, self._on_stop)
        self._child.stop()
        for text in self._told:
            self._out(text)


@contextmanager
def screen(bench: Rig, out: Out) -> Iterator[Screen]:
    """The screen that fits where our output goes."""
    if not _paintable() or not _there(MONITOR):
        yield Plain(out)
        return
    monitor = None
    try:
        with undisturbed():
            monitor = Monitor(bench, out)
        yield monitor
    finally:
        if monitor is not None:
            monitor.stop()


def _paintable() -> bool:
    """Whether there is a terminal, and one that can be drawn on."""
    drawn_on = os.environ.get("TERM", "") not in ("", "dumb")
    return drawn_on and sys.stdout.isatty() and sys.stdin.isatty()


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
