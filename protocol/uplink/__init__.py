"""What the journal keeps for the utility and what the utility gets; docs/payload.md shows it."""

from protocol.uplink.batch import Batch, Lane, batch_payload, read_batch
from protocol.uplink.commit import Commit, commit_payload, read_commit
from protocol.uplink.errors import PayloadError
from protocol.uplink.event import (
    Event,
    EventMessage,
    decode_event,
    encode_event,
    event_payload,
    read_event,
)
from protocol.uplink.part import Part, decode_part, encode_part
from protocol.uplink.quality import Quality
from protocol.uplink.site import (
    CardDevices,
    CardFeeder,
    CardLine,
    CardTransformer,
    SiteCard,
    read_site_card,
    site_payload,
)
from protocol.uplink.state import LineHealth, State, read_state, state_payload
from protocol.uplink.topic import Topics

__all__ = [
    "Batch",
    "CardDevices",
    "CardFeeder",
    "CardLine",
    "CardTransformer",
    "Commit",
    "Event",
    "EventMessage",
    "Lane",
    "LineHealth",
    "Part",
    "PayloadError",
    "Quality",
    "SiteCard",
    "State",
    "Topics",
    "batch_payload",
    "commit_payload",
    "decode_event",
    "decode_part",
    "encode_event",
    "encode_part",
    "event_payload",
    "read_batch",
    "read_commit",
    "read_event",
    "read_site_card",
    "read_state",
    "site_payload",
    "state_payload",
]
