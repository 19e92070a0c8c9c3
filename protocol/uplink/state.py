"""How the gateway is: the retained message on .../state, and the will that replaces it."""

from typing import Literal

import msgspec

from protocol.uplink.errors import decoded
from protocol.uplink.event import Event, Scalar
from protocol.uplink.part import Count, Int64

Clock = Literal["trusted", "holding", "untrusted"]


class LineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one line is."""

    state: str = ""
    """"up", "down", "stopped", …"""
    reason: str = ""
    """Why it is not up."""
    read: Count = 0
    """Meters whose reading came whole in the last sweep."""
    due: Count = 0
    """Meters on the line."""
    sweeps: Count = 0
    """Sweeps ended since start."""
    sweep_ms: Count = 0
    """How long the last sweep took."""
    utilisation: float = 0.0
    """Minimal time of the last sweep's exchanges over its real time, 0 to 1."""
    counters: dict[str, int] = {}


class SlotCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the last closed slot holds, over all lines; none when read back to back."""

    slot: Int64
    read: Count = 0
    """Devices with any value."""
    due: Count = 0
    lines_missing: list[str] = []
    """Lines that did not end their sweep in time."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One message on .../state."""

    v: Literal[1] = 1
    status: Literal["online", "offline"]
    reason: Literal["", "lost", "stopped"] = ""
    """Why offline: "lost" is the broker's word (will), "stopped" the gateway's own."""
    at: Int64 | None = None
    """UTC ms when this was written; None in the will, which is written ahead."""
    version: str = ""
    config: str = ""
    """Digest of the site files."""
    clock: Clock = "untrusted"
    epoch: str = ""
    """Of the journal in use."""
    health: str = ""
    """"ok" or "degraded"."""
    backlog: Count = 0
    """Entries in the journal that wait for the utility."""
    oldest: Int64 | None = None
    """UTC ms of the oldest of them."""
    dropped: Count = 0
    """Parts and entries given up before delivery."""
    lines: dict[str, LineHealth] = {}
    slot: SlotCoverage | None = None
    open_count: Count = 0
    """Events that have begun and not ended."""
    open_events: list[Event] = []
    """The newest of them: who comes later has not heard them begin."""
    uplink: dict[str, Scalar] = {}
    """The session's own counters since start, filled in by the session."""


_DECODER = msgspec.json.Decoder(State)


def state_payload(state: State) -> bytes:
    """The message for one state."""
    return msgspec.json.encode(state)


def read_state(data: bytes) -> State:
    """A message of .../state; PayloadError when it is none."""
    return decoded(_DECODER, data)
