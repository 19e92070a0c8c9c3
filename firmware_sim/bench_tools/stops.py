"""How a run is ended from outside: Ctrl-C and its like end it at once, but never in between.

Every signal that means "end" is a KeyboardInterrupt in the main thread. Where one would cut what
must be whole (a child that runs and that nobody knows of), it waits until that is done. Signals
cannot be blocked for it: the kernel would hand them to another thread, and Python acts on them in
the main thread all the same.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

TIDY_S = 8.0
"""Longer than all children may take to end (ALL_STOP_S): whoever presses Ctrl-C twice must not
leave files behind, and whoever still waits then may press it again."""


@dataclass(slots=True)
class _Held:
    """Where the main thread is."""

    depth: int = 0
    """Bodies of `undisturbed` it is in."""
    asked: bool = False
    """Somebody asked for the end meanwhile."""


_HELD = _Held()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the body as Ctrl-C does; a second one does not end the tidying up.

    Where SIGHUP is ignored (nohup) it stays so.
    """
    first: list[float] = []

    def interrupt(number: int, frame: object) -> None:
        now = time.monotonic()
        if first and now - first[-1] < TIDY_S:
            return
        first.append(now)
        if _HELD.depth:
            _HELD.asked = True
        else:
            raise KeyboardInterrupt

    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    old = {number: signal.signal(number, interrupt) for number in ending}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A body that is done whole, and the KeyboardInterrupt behind it; for short bodies."""
    _HELD.depth += 1
    try:
        yield
    finally:
        _HELD.depth -= 1
        if _HELD.asked and not _HELD.depth:
            _HELD.asked = False
            raise KeyboardInterrupt
