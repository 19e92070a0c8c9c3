"""What befell a meter: power offs, voltages out of bounds, opened covers; and what it showed then.

All of it but what the bench tells (`power_off`) is drawn from the seed, and lies before the bench
came up: while it runs, nothing befalls a meter that nobody ordered. Instants are ms UTC.
"""

import random
from collections import deque
from dataclasses import dataclass, replace

from firmware_sim.world.neighbourhood import Element, State

POWER_OFF = 0x11
LOSS, UNDER, OVER, PHASE_LOSS = 0x01, 0x02, 0x03, 0x04

GAP_DAYS = {
    LOSS: 200,
    UNDER: 90,
    OVER: 120,
    PHASE_LOSS: 300,
    POWER_OFF: 60,
    0x2D: 500,
    0x2E: 300,
}
"""Mean days between two of a kind (DI2 of class 03; 2DH, 2EH cover, terminal cover)."""
VOLTS = {LOSS: (70.0, 140.0), UNDER: (142.0, 154.0), OVER: (266.0, 285.0), PHASE_LOSS: (0.0, 40.0)}
"""What a phase has while it lasts, V: below 78 % of 220 V, below 155.4, above 264.6, below 60."""
SHORTEST_MS = 60_000
LONGEST_MS = 7_200_000
GAP_MS = 86_400_000
MOST_TOLD = 1000
"""Power offs told that are kept one by one; older ones only count."""


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when something lasted."""

    start_ms: int
    end_ms: int
    volts: float = 0.0
    """Of a voltage out of bounds: what was left."""
    before_s: int = 0
    """What the meter had set its clock off from its board's when it began."""
    after_s: int = 0
    """The same when it ended."""


NO_POWER = Element(0.0, 0.0, 0.0, 0.0, 0.0)


class Mishaps:
    """Of one meter; `key` is its seed, `pt` its voltage transformer's ratio."""

    def __init__(self, key: str, start_ms: int, pt: float = 1.0) -> None:
        self._key = key
        self._start_ms = start_ms
        self._pt = pt
        self._rows: dict[int, _Row] = {}
        self.told: deque[Spell] = deque(maxlen=MOST_TOLD)
        self.forgotten: list[Spell] = []
        """The newest of those that were told and are no more kept, if there is one."""
        self.forgotten_count = 0
        self.forgotten_minutes = 0

    def power_off(self, spell: Spell) -> None:
        """The power was off, later than all that is known."""
        if len(self.told) == MOST_TOLD:
            self.forgotten = [self.told[0]]
            self.forgotten_count += 1
            self.forgotten_minutes += (self.told[0].end_ms - self.told[0].start_ms) // 60_000
        self.told.append(spell)

    def ended(self, which: int, drawn_ms: int, now_ms: int) -> list[Spell]:
        """All of `which` (kind << 4 | phase), oldest first: drawn ones that ended by drawn_ms."""
        found = self._row(which).ended(drawn_ms) if which >> 4 in GAP_DAYS else []
        if which == POWER_OFF << 4:
            found = found + [spell for spell in self.told if spell.end_ms <= now_ms]
        return found

    def state(self, state: State, t_ms: int, drawn_ms: int, now_ms: int) -> State:
        """What the chip saw at t_ms: the neighbourhood's state and what had befallen the meter."""
        if _within(self.ended(POWER_OFF << 4, drawn_ms, now_ms), t_ms):
            none = (NO_POWER,) * len(state.elements)
            return replace(state, elements=none, neutral=0.0, frequency=0.0)
        if len(state.elements) != 3 or t_ms >= drawn_ms:
            return state
        elements = list(state.elements)
        for phase, element in enumerate(elements):
            for kind in (PHASE_LOSS, LOSS, UNDER, OVER):
                spell = _within(self._row(kind << 4 | phase + 1).ended(drawn_ms), t_ms)
                if spell is not None:
                    elements[phase] = _left(element, spell.volts / self._pt, kind == PHASE_LOSS)
                    break
        return replace(state, elements=tuple(elements))

    def _row(self, which: int) -> "_Row":
        row = self._rows.get(which)
        if row is None:
            row = self._rows[which] = _Row(f"{self._key}/event/{which}", which >> 4, self._start_ms)
        return row


class _Row:
    """One kind of mishap on one phase, drawn as far as anybody asked."""

    def __init__(self, key: str, kind: int, start_ms: int) -> None:
        self._draw = random.Random(key)
        self._gap_ms = GAP_DAYS[kind] * GAP_MS
        self._volts = VOLTS.get(kind, (0.0, 0.0))
        self._found: list[Spell] = []
        self._next = self._one(start_ms)

    def ended(self, by_ms: int) -> list[Spell]:
        """Those that ended by then."""
        while self._next.end_ms <= by_ms:
            self._found.append(self._next)
            self._next = self._one(self._next.end_ms)
        found = self._found
        if found and found[-1].end_ms > by_ms:
            return [spell for spell in found if spell.end_ms <= by_ms]
        return found

    def _one(self, after_ms: int) -> Spell:
        draw = self._draw
        start_ms = after_ms + int(draw.expovariate(1 / self._gap_ms))
        lasts = SHORTEST_MS + int(draw.random() * (LONGEST_MS - SHORTEST_MS))
        return Spell(start_ms, start_ms + lasts, draw.uniform(*self._volts))


def _within(spells: list[Spell], t_ms: int) -> Spell | None:
    """The one that lasted at t_ms."""
    for spell in reversed(spells):
        if spell.start_ms <= t_ms:
            return spell if t_ms < spell.end_ms else None
    return None


def _left(element: Element, volts: float, broken: bool) -> Element:
    """What a phase shows at that voltage: the same current, or none where the phase is broken."""
    if broken:
        return Element(volts, 0.0, 0.0, 0.0, 0.0)
    part = volts / element.voltage
    return Element(
        volts,
        element.current,
        element.active * part,
        element.reactive * part,
        element.apparent * part,
    )
