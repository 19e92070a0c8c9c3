"""Waking a thread at its time, not some tenths of a millisecond behind it.

A wait in select ends late: by the thread's timer slack (50 us unless it is set), by a thousandth
of the wait (Linux fs/select.c), and by what the machine needs to come back from idle. A Modbus
exchange takes 26 ms at 115200 baud; there 0.26 ms are 1 % of the line. The slack is switched off,
the thousandth is known, the rest is learned: the least lateness of late. A wait so shortened that
ends before its time all the same is waited out: nothing happens early because of what was learned.
All that costs CPU, so only the waits that are worth it are sharp.
"""

import contextlib
import select
import threading
from collections.abc import Sequence
from pathlib import Path

from edge.shells.clock import monotonic_ns

SHORT_NS = 500_000
"""Waits of less than this are left as they are, and no more is ever taken off one."""
AWAKE_NS = 200_000
"""No more than this is waited out awake."""
RISE = 16
"""What was learned rises by this part of its distance to a lateness seen; it falls at once."""


class Alarm:
    """The waits of one thread."""

    def __init__(self) -> None:
        self.late = 0
        """How much later than told a wait ends at the least, ns, learned."""

    def sharpen(self) -> None:
        """Switch the calling thread's timer slack off where the kernel lets it."""
        # /proc/thread-self has no such file, the thread's own folder does; where it is not to be
        # had (other systems, a hidden /proc) waits end 50 us later, which `late` learns
        with contextlib.suppress(OSError):
            Path(f"/proc/{threading.get_native_id()}/timerslack_ns").write_text("1", "ascii")

    def wait(self, watch: Sequence[int], until: int, sharp: bool) -> list[int]:
        """What of `watch` became readable before `until`, monotonic ns; [] = it is that late."""
        now = monotonic_ns()
        left = until - now
        if not sharp:
            ready, _, _ = select.select(watch, (), (), max(left, 0) / 1e9)
            return ready
        if left > SHORT_NS:
            told = left - min(left // 1000 + self.late, SHORT_NS)
            ready, _, _ = select.select(watch, (), (), told / 1e9)
            if ready:
                return ready
            since, now = now, monotonic_ns()
            self._learn(now - since - told - left // 1000)
            left = until - now
        while True:
            rest = left / 1e9 if left > AWAKE_NS else 0
            ready, _, _ = select.select(watch, (), (), rest)
            if ready or left <= 0:
                return ready
            left = until - monotonic_ns()

    def _learn(self, late: int) -> None:
        late = min(max(late, 0), SHORT_NS)
        self.late = min(late, self.late + (late - self.late) // RISE)
