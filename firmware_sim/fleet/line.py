"""One line of a fleet: its meters on a segment, and a master that never lets it rest.

The master asks one meter after the other, the next one as soon as the line may be used again, and
holds every answer against what the meter's chip showed when it was asked. What is not answered in
time is counted and passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_sim.clock import Clock
from firmware_sim.fleet.asking import ITEMS, QUESTION
from firmware_sim.fleet.chips import FleetChip, Instant
from firmware_sim.hal.loader import MeterCore
from firmware_sim.segment import Segment
from firmware_sim.world.neighbourhood import Neighbourhood

MS = 1_000_000
IDLE_NS = 30 * MS
"""Silence of the line before a request (DL/T 645-2007 5.2.1)."""
PATIENCE_NS = 600 * MS
"""End of a request to the end of its answer, and no more: 500 ms for its first byte."""


@dataclass(slots=True)
class Tally:
    """What came of a fleet's questions."""

    right: int = 0
    wrong: int = 0
    """Answers that are not, byte for byte, what the chip showed."""
    silent: int = 0
    """Questions without an answer in time."""

    def add(self, other: "Tally") -> None:
        """The other's as well."""
        self.right += other.right
        self.wrong += other.wrong
        self.silent += other.silent


@dataclass(slots=True)
class Node:
    """One meter of the line, as the master and the world see it."""

    number: bytes
    """As on the line, lowest digits first."""
    chip: FleetChip


class FleetLine:
    """One line; asks from `begin` on for as long as its clock is run."""

    def __init__(
        self,
        clock: Clock,
        baud: int,
        world: Neighbourhood,
        wall_ms: int,
        instant: Instant,
        lazy: bool = True,
        idle_ns: int = IDLE_NS,
    ) -> None:
        self.clock = clock
        self.nodes: list[Node] = []
        """In the order in which they are asked."""
        self.tally = Tally()
        self.segment = Segment(clock, baud, (), self._heard, lazy)
        self._idle_ns = idle_ns
        self._patience_ns = self.segment.wire.span(QUESTION) + PATIENCE_NS
        self._world = world
        self._wall_ms = wall_ms
        self._instant = instant
        self._item = ITEMS[0]
        self._round = 0
        self._turn: Iterator[Node] = iter(())
        self._of: Node | None = None
        self._shown = b""
        self._due = 0

    def show(self, node: Node) -> bytes:
        """What this meter's chip shows now; the answer will be held against it."""
        t_ms = self._wall_ms + self.clock.now // MS
        image = node.chip.image(self._world, self._instant, t_ms)
        if node is self._of:
            self._shown = image
        return image

    def add(self, node: Node, core: MeterCore) -> None:
        """The meter of a node joins the line, to be asked after those that are there."""
        self.nodes.append(node)
        self.segment.add_meter(node.number, core)

    def begin(self, at: int) -> None:
        """Ask the first meter at `at` ns."""
        self._turn = iter(self.nodes)
        self._ask(at)
        self.clock.at(self._due, self._overdue)

    def _ask(self, at: int) -> None:
        node = next(self._turn, None)
        if node is None:
            self._round += 1
            self._item = ITEMS[self._round % len(ITEMS)]
            self._turn = iter(self.nodes)
            node = next(self._turn)
        self._of = node
        self._shown = b""
        self._due = at + self._patience_ns
        self.segment.from_master(self._item.question(node.number), at)

    def _heard(self, talker: object, data: bytes, end: int) -> None:
        asked, shown = self._of, self._shown
        if asked is not None and shown and data == self._item.answer(asked.number, shown):
            self.tally.right += 1
        else:
            self.tally.wrong += 1
        self._ask(end + self._idle_ns)

    def _overdue(self) -> None:
        """The one standing deadline of this line: on to the next if the meter said nothing."""
        now = self.clock.now
        if now >= self._due:
            self.tally.silent += 1
            self._ask(now + self._idle_ns)
        self.clock.at(self._due, self._overdue)
