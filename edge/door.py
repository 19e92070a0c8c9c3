"""What passes between the Core and the shells: clock, signals, notes for the log, its steps."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from protocol.uplink.quality import Quality


class Clock(Enum):
    """What the wall clock's word is worth."""

    TRUSTED = "trusted"
    HOLDING = "holding"
    """Was synchronised since boot, is not now."""
    UNTRUSTED = "untrusted"


CLOCK_QUALITY = {
    Clock.TRUSTED: Quality(0),
    Clock.HOLDING: Quality.CLOCK_HOLDING,
    Clock.UNTRUSTED: Quality.CLOCK_UNTRUSTED,
}


@dataclass(frozen=True, slots=True)
class Tick:
    """The wall clock, read by the shell: ms UTC."""

    wall_ms: int
    clock: Clock


@dataclass(frozen=True, slots=True)
class Signal:
    """Somebody wants the agent to end."""

    name: str


@dataclass(frozen=True, slots=True)
class Note:
    """One event for the log: level, English key, facts."""

    level: str
    key: str
    facts: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class CoreStep:
    """What one step gives back; `mail` is (line id, message)."""

    mail: tuple[tuple[str, Any], ...]
    net: tuple[Any, ...]
    wake: int
    notes: tuple[Note, ...]
    finished: bool


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """How the agent is run; everything else is the site's."""

    version: str
    config: str
    """Digest of the site files."""
    period_ms: int
    """0 = back to back."""
    sweeps: int = 0
    """End after this many sweeps of every line; 0 = never."""
