"""The clocks of the machine, and what the wall clock's word is worth.

Linux says through adjtimex(2) whether anything disciplines the clock (NTP, PTP, an RTC with a
driver): TIME_ERROR or STA_UNSYNC means nobody does. A gateway without a network after a power cut
runs on the last saved time; its readings then carry CLOCK_UNTRUSTED, not a wrong certainty.
"""

import ctypes
import ctypes.util
import time

from edge.door import Clock, Tick

TIME_ERROR = 5
STA_UNSYNC = 0x0040
APART_NS = 2_000_000
"""Two clocks read no further apart than this were read at one instant."""
TRIES = 5
SANE_SINCE_MS = 1_735_689_600_000
"""2025-01-01: no gateway of ours ran before; an earlier wall clock is wrong whatever it claims."""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2): the head that is read here, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 192),
    )


def monotonic_ns() -> int:
    """Now, for every interval and deadline."""
    return time.monotonic_ns()


class WallClock:
    """Reads the wall clock with its state."""

    def __init__(self) -> None:
        self._was_trusted = False
        library = ctypes.util.find_library("c")
        self._libc = ctypes.CDLL(library or None)

    def tick(self) -> Tick:
        """The wall clock now, ms UTC, and what it is worth."""
        wall_ms = time.time_ns() // 1_000_000
        if wall_ms < SANE_SINCE_MS:
            return Tick(wall_ms, Clock.UNTRUSTED)
        if self._disciplined():
            self._was_trusted = True
            return Tick(wall_ms, Clock.TRUSTED)
        return Tick(wall_ms, Clock.HOLDING if self._was_trusted else Clock.UNTRUSTED)

    def _disciplined(self) -> bool:
        timex = _Timex()
        adjtimex = getattr(self._libc, "adjtimex", None)
        if adjtimex is None:
            return False
        state = int(adjtimex(ctypes.byref(timex)))
        return 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC


def both(clock: WallClock) -> tuple[int, Tick]:
    """Monotonic ns and the wall clock of one instant.

    A thread that stood still between reading one and the other (a busy or halted machine) would
    take the pause for a clock that was set: such a pair is read again.
    """
    for _ in range(TRIES):
        before = monotonic_ns()
        tick = clock.tick()
        if monotonic_ns() - before <= APART_NS:
            break
    return before, tick
