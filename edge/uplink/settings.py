"""What the session must know, and what it counts."""

from dataclasses import dataclass
from typing import Literal

from edge.uplink.backoff import SECOND


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """What the session must know; times in ns unless named otherwise."""

    site: str
    gateway: str
    ack: Literal["broker", "head-end"] = "broker"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    window: int = 20
    """Publishes in flight, at most; 20 is the fastest for paho."""
    keepalive_s: int = 60
    connack_ns: int = 10 * SECOND
    """From Connect to Connected, name lookup included."""
    ack_ns: int = 30 * SECOND
    """From Publish to Acked."""
    stable_ns: int = 60 * SECOND
    """A connection that lasted this long starts the backoff from the beginning."""
    reconnect_most_s: int = 300
    refused_most_s: int = 60
    """Longest pause after a refused publish, s."""
    settle_ns: int = SECOND
    """Longest time an acknowledgement waits for company in one transaction."""
    settle_count: int = 16
    """…and most company it waits for."""
    journal_ns: int = 5 * SECOND
    """Pause after the journal failed."""
    commit_ns: int = 600 * SECOND
    """Without a word of the head-end for this long, what it has not committed is sent again."""
    commit_most_ns: int = 6 * 3600 * SECOND
    leave_ns: int = 2 * SECOND
    """For the farewell."""


@dataclass(slots=True)
class Counters:
    """What happened since start; shown in the state message under `uplink`."""

    connections: int = 0
    refused_connections: int = 0
    lost_connections: int = 0
    sent: int = 0
    accepted: int = 0
    """Entries the broker has taken."""
    no_subscriber: int = 0
    """Publishes nobody was there to get (PUBACK 16)."""
    refused: int = 0
    """Publishes the broker did not take (PUBACK 128 and above)."""
    unsendable: int = 0
    """Entries that are no message, or longer than the broker takes; they stay in the journal."""
    bad_commits: int = 0
    """Messages on .../commit that are none, of another epoch, or of what has not been sent."""
    journal_errors: int = 0
    cards_too_long: int = 0
    """Site cards longer than the broker's packets, left unsaid."""
    resends: int = 0
    """Times everything uncommitted was begun again for want of a commit."""
