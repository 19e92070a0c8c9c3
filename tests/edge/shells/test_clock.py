"""The clocks: monotonic and wall time of one instant, whatever the machine does in between."""

import pytest

from edge.door import Clock, Tick
from edge.shells import clock
from edge.shells.clock import TRIES, WallClock, both

SECOND = 1_000_000_000
WALL_MS = 1_772_323_200_000


class Machine(WallClock):
    """Both clocks in virtual time; behind the first `halts` readings it stands still for 3 s."""

    def __init__(self, halts: int) -> None:
        self.now = 5 * SECOND
        self._halts = halts

    def monotonic(self) -> int:
        """Monotonic ns."""
        self.now += 1000
        return self.now

    def tick(self) -> Tick:
        """The wall clock, which runs as the other does."""
        tick = Tick(WALL_MS + self.now // 1_000_000, Clock.TRUSTED)
        if self._halts:
            self._halts -= 1
            self.now += 3 * SECOND
        return tick


@pytest.mark.parametrize("halts", [0, 1, TRIES - 1])
def test_a_pause_between_the_clocks_is_not_taken_for_a_clock_that_was_set(
    monkeypatch: pytest.MonkeyPatch, halts: int
) -> None:
    machine = Machine(halts)
    monkeypatch.setattr(clock, "monotonic_ns", machine.monotonic)
    now, tick = both(machine)
    assert tick.wall_ms - now // 1_000_000 == WALL_MS


def test_a_machine_that_pauses_all_the_time_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(10 * TRIES)
    monkeypatch.setattr(clock, "monotonic_ns", machine.monotonic)
    _, tick = both(machine)
    assert tick.clock is Clock.TRUSTED
