"""A fleet in one process: lines of meters in virtual time, as fast as the machine allows.

Two ways to play a meter: its event-driven core alone, called when there is something for it (the
way the bench plays it on ptys), or its whole board with main.py unmodified (boards.py).
"""

import gc
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any

from firmware_sim.clock import Clock
from firmware_sim.fleet.area import BAUD, METERS, area, number
from firmware_sim.fleet.boards import Boards
from firmware_sim.fleet.chips import FleetChip, Household, Instant
from firmware_sim.fleet.line import IDLE_NS, FleetLine, Node, Tally
from firmware_sim.fleet.rings import Rings
from firmware_sim.hal.loader import MeterCore, meter645
from firmware_sim.wire import BITS
from firmware_sim.world.chip import wire_number
from firmware_sim.world.neighbourhood import Neighbourhood

START_MS = 1_785_585_600_000
"""2026-08-01 12:00 UTC, when every fleet's day begins; 20:00 at the meters."""
SECOND = 1_000_000_000
STAGGER_NS = 7_919_000
"""The lines begin one after the other, so that they do not act at the same instants."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played."""

    lines: int
    meters: int = METERS
    """On each line."""
    baud: int = BAUD
    first: int = 0
    """Number of the first line: a shard's lines are those of the whole fleet."""
    boards: bool = False
    """Whole boards with main.py instead of cores."""
    lazy: bool = True
    idle_ns: int = IDLE_NS
    """Silence of a line before each request: back to back, or more."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to."""

    virtual_s: float
    wall_s: float
    tally: Tally

    @property
    def speed(self) -> float:
        """Virtual time over wall time."""
        return self.virtual_s / self.wall_s


class Fleet:
    """The lines of a plan, from construction to close()."""

    def __init__(self, plan: Plan) -> None:
        self.clock = Clock()
        site = area(baud=plan.baud, meters=plan.meters)
        world = Neighbourhood(site)
        by_line = [site.meters_on(line.id) for line in site.lines]
        homes = {meter.id: Household(world, meter, plan.baud) for meter in site.meters}
        self._boards = Boards(self.clock, plan.baud) if plan.boards else None
        self._plan = plan
        self._rtc = partial(_rtc, world, self.clock)
        instants: defaultdict[int, Instant] = defaultdict(Instant)
        self.lines = [
            FleetLine(
                self.clock,
                plan.baud,
                world,
                START_MS,
                instants[n // len(by_line)],
                lazy=plan.lazy,
                idle_ns=plan.idle_ns,
            )
            for n in range(plan.first, plan.first + plan.lines)
        ]
        # in the order in which they are asked: neighbours in time lie together in memory
        for place in range(plan.meters):
            for n, line in enumerate(self.lines, plan.first):
                meter = by_line[n % len(by_line)][place]
                self._join(line, number(n, place), homes[meter.id], n // len(by_line))
        for n, line in enumerate(self.lines):
            line.begin(self.clock.now + n * STAGGER_NS)
        # what stands now stands until the end: no collection need look at it again
        gc.collect()
        gc.freeze()

    def run(self, seconds: float) -> Ran:
        """Play on for so many seconds of the meters' time."""
        before = self.tally()
        began = time.perf_counter()
        self.clock.run_until(self.clock.now + int(seconds * SECOND))
        wall = time.perf_counter() - began
        after = self.tally()
        return Ran(
            seconds,
            wall,
            Tally(
                after.right - before.right,
                after.wrong - before.wrong,
                after.silent - before.silent,
            ),
        )

    def tally(self) -> Tally:
        """Of all lines since the beginning."""
        total = Tally()
        for line in self.lines:
            total.add(line.tally)
        return total

    def close(self) -> None:
        """Every board's power goes off; the collector looks at everything again."""
        if self._boards is not None:
            self._boards.close()
        gc.unfreeze()

    def _join(self, line: FleetLine, number: str, home: Household, repeated: int) -> None:
        """One more meter on a line."""
        node = Node(wire_number(number), FleetChip(home, number, repeated))
        if self._boards is not None:
            self._boards.add(line, node)
        else:
            line.add(node, _core(line, node, self._plan.baud, self._rtc))


def _rtc(world: Neighbourhood, clock: Clock) -> tuple[int, ...]:
    return world.local(START_MS + clock.now // 1_000_000)


def _core(line: FleetLine, node: Node, baud: int, clock: Any) -> MeterCore:
    """One meter's core; its event rings are made when an event first asks for one."""

    def snapshot(buf: bytearray) -> None:
        buf[:] = line.show(node)

    made: Any = meter645()(node.number, 1, snapshot, clock, BITS * 1_000_000 // baud)
    made.events.rings = Rings(made.events.rings)
    core: MeterCore = made
    return core
