"""Event rings that are made when an event first asks for one.

Fifteen empty rings are half of a meter's memory, and nobody writes into them in a fleet that is
only read. A ring made on demand is the firmware's own and stays; all else is as it was.
"""

from functools import cache
from typing import Any

from firmware_sim.hal.loader import firmware


class Rings:
    """The rings of one core, in place of its list of empty ones."""

    __slots__ = ("_made", "_sizes")

    def __init__(self, empty: list[Any]) -> None:
        if any(ring.count for ring in empty):
            raise ValueError("rings that hold events cannot be made anew")
        self._sizes = _one(tuple(ring.size for ring in empty))
        self._made: dict[int, Any] | None = None

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, which: int) -> Any:
        size = self._sizes[which]
        which %= len(self._sizes)
        if self._made is None:
            self._made = {}
        if which not in self._made:
            self._made[which] = firmware("meter645.events").Ring(size)
        return self._made[which]


@cache
def _one(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The same tuple for all meters of the same sizes."""
    return sizes
