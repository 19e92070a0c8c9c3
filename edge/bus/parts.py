"""What passes between a line and the core: mail down, parts and states up."""

from dataclasses import dataclass, field
from enum import Enum

from protocol.quantity import Quantity

# ---- down: mail -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortUp:
    """The shell opened the line's serial device."""


@dataclass(frozen=True, slots=True)
class PortDown:
    """The line's serial device is gone or could not be opened."""

    reason: str


@dataclass(frozen=True, slots=True)
class StartSweep:
    """A slot has begun: read every meter. A sweep still running is closed with what it has."""

    slot: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Start nothing new until Resume: the core cannot take more (disk)."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after Pause."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End now: hand over what the open sweep has read, start nothing more."""


# ---- up ---------------------------------------------------------------------------------------


class RowEnd(Enum):
    """Why values of a meter are missing from its row."""

    WHOLE = "whole"
    NO_ANSWER = "no_answer"
    GARBLED = "garbled"
    LINE_DOWN = "line_down"
    NOT_REACHED = "not_reached"


@dataclass(slots=True)
class MeterRow:
    """One meter's part in a sweep, in the order asked; times monotonic ns."""

    meter: str
    at: int
    """When its first exchange ended (or was given up)."""
    end: RowEnd = RowEnd.WHOLE
    refused: bool = False
    values: list[tuple[Quantity, int | None, int]] = field(default_factory=list)
    """(quantity, scaled integer, end of its exchange); None = the meter has no such value."""
    absent: list[Quantity] = field(default_factory=list)
    """Quantities asked for that did not come: named, never silently left out."""


@dataclass(frozen=True, slots=True)
class SweepPart:
    """What a line has read since its last part; `last` closes its sweep."""

    line: str
    slot: int | None
    """None = back to back: the core gives it the wall time of `started`."""
    part: int
    last: bool
    started: int
    """Start of the sweep, monotonic ns."""
    ended: int
    rows: tuple[MeterRow, ...]
    minimal: int = 0
    """Minimal line time of the sweep so far, ns; minimal / (ended - started) = utilisation."""
    exchanges: int = 0


@dataclass(slots=True)
class LineCounters:
    """What a line has met since it started; only ever grows."""

    exchanges: int = 0
    silent: int = 0
    garbled: int = 0
    refused: int = 0
    echoes: int = 0
    late: int = 0
    """Whole answers that were not to the question being asked."""
    foreign: int = 0
    """Requests that somebody else sent: a second master on the pair."""
    noise: int = 0
    """Bytes that belong to no frame."""
    bad: int = 0
    """Frames refused for checksum or end."""


@dataclass(frozen=True, slots=True)
class LineState:
    """A line's port came up, went down, or the line has stopped."""

    line: str
    state: str
    """"up", "down", "stopped"."""
    reason: str
    counters: LineCounters
