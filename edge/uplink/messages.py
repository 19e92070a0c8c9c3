"""A journal entry as the message the utility gets: its topic's tail and its payload."""

from edge.journal import Entry
from protocol.uplink import (
    Lane,
    PayloadError,
    Topics,
    batch_payload,
    decode_event,
    decode_part,
    event_payload,
)


def message(topics: Topics, entry: Entry, epoch: str, lane: Lane) -> tuple[str, bytes]:
    """(topic, payload); PayloadError when the entry is nothing the utility could read."""
    match entry.kind:
        case "sweep" | "freeze" | "curve" | "result":
            part = decode_part(entry.body)
            return topics.data, batch_payload(part, epoch, entry.seq, lane)
        case "event":
            event = decode_event(entry.body)
            return topics.event, event_payload(event, epoch, entry.seq, lane)
        case other:
            raise PayloadError(f"entry {entry.seq} is of unknown kind {other!r}")
