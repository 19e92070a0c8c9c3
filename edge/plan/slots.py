"""Slots: which one it is, when the next begins, and what came in of each line.

slot = floor(wall / period). A slot closes when every line has given its last part, or GRACE_MS
after its end, and then says its coverage: meters with any value / meters due.
"""

from dataclasses import dataclass, field

from edge.bus.parts import SweepPart

GRACE_MS = 10_000
KEEP = 4
"""Slots open at once at most; an older one is closed with what it has."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a closed slot holds."""

    slot: int
    read: int
    due: int
    missing: tuple[str, ...]
    """Meters without any value."""
    lines_missing: tuple[str, ...]
    """Lines that never gave their last part."""


@dataclass(slots=True)
class _Slot:
    lines: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)


class Slots:
    """Open slots of a gateway whose lines and meters are `due`: line id -> meters."""

    def __init__(self, period_ms: int, due: dict[str, tuple[str, ...]]) -> None:
        self.period_ms = period_ms
        self.due = due
        self._meters = {meter for meters in due.values() for meter in meters}
        self._open: dict[int, _Slot] = {}

    def number(self, wall_ms: int) -> int:
        """The slot a wall time lies in."""
        return wall_ms // self.period_ms

    def begins(self, slot: int) -> int:
        """Wall ms at which a slot begins."""
        return slot * self.period_ms

    def begin(self, slot: int) -> None:
        """The slot has begun: it is closed in time even if nothing comes of it."""
        self._open.setdefault(slot, _Slot())

    def add(self, slot: int, part: SweepPart) -> Coverage | None:
        """A part came in; the slot's coverage if that completed it."""
        opened = self._open.get(slot)
        if opened is None:
            return None
        opened.read.update(row.meter for row in part.rows if row.values)
        if part.last:
            opened.lines.add(part.line)
        return self._close(slot) if opened.lines >= set(self.due) else None

    def overdue(self, wall_ms: int) -> list[Coverage]:
        """Slots whose time is up at this wall time, oldest first.

        So is that of slots which have not come yet: begun by a clock that has been set back since,
        they would keep the places of those that come now until that time returns. The next one is
        spared, for a small step back.
        """
        ahead = self.number(wall_ms) + 1
        late = [s for s in self._open if wall_ms >= self.begins(s + 1) + GRACE_MS or s > ahead]
        crowded = sorted(self._open)[:-KEEP]
        return [self._close(slot) for slot in sorted({*late, *crowded})]

    def _close(self, slot: int) -> Coverage:
        opened = self._open.pop(slot)
        missing = self._meters - opened.read
        return Coverage(
            slot=slot,
            read=len(opened.read),
            due=len(self._meters),
            missing=tuple(sorted(missing)),
            lines_missing=tuple(sorted(set(self.due) - opened.lines)),
        )
