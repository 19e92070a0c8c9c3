"""Virtual time: integer nanoseconds and a heap of what happens when.

Events at the same instant run in the order of their making, so that a run depends on nothing but
its inputs. Nothing here asks for the time: whoever owns the clock moves it,
in virtual time from event to event, on a pty up to the present.
"""

from collections.abc import Callable
from heapq import heappop, heappush

NEVER = 2**63 - 1


class Clock:
    """A clock that stands still until it is run."""

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._made = 0

    def at(self, when: int, act: Callable[[], None]) -> None:
        """Run `act` at `when` ns; what lies in the past runs at the next step, late by none."""
        self._made = made = self._made + 1
        heappush(self._heap, (when if when > self.now else self.now, made, act))

    def next_at(self) -> int:
        """When the next event is, ns; NEVER without one."""
        return self._heap[0][0] if self._heap else NEVER

    def step(self) -> None:
        """Go to the next event and run it; IndexError without one."""
        when, _, act = heappop(self._heap)
        self.now = when
        act()

    def run_until(self, when: int) -> None:
        """Run everything up to and at `when`; the clock then stands there, never earlier."""
        heap = self._heap
        # as step(), written out: a fleet spends a tenth of its time between these two lines
        while heap and heap[0][0] <= when:
            self.now, _, act = heappop(heap)
            act()
        self.now = max(self.now, when)
