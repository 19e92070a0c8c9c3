"""What happened, to what and why, as the journal keeps it and as the utility gets it."""

from typing import Literal

import msgspec

from protocol.uplink.batch import Lane, Seq
from protocol.uplink.errors import decoded
from protocol.uplink.part import Int64

Scalar = str | int | float | bool | None
Severity = Literal["info", "warning", "critical"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the journal keeps it (MessagePack)."""

    id: str
    """Stays the same from its beginning to its end: a later message of it has `until`."""
    type: str
    """What happened: "line_down", "meter_silent", …"""
    subject: str
    """The id of what it happened to."""
    place: str = ""
    """Where that is, ids from the transformer down joined by "/"."""
    since: Int64
    """UTC ms."""
    until: Int64 | None = None
    """UTC ms, None = not over."""
    cause: str = ""
    evidence: dict[str, Scalar] = {}
    """The facts it rests on; names end in their unit."""
    severity: Severity = "info"
    duty: str = ""
    """Grid number and duty it goes to, never a person."""


class EventMessage(Event, frozen=True, kw_only=True):
    """One message on .../event."""

    v: Literal[1] = 1
    epoch: str
    seq: Seq
    lane: Lane


_JOURNAL = msgspec.msgpack.Decoder(Event)
_MESSAGE = msgspec.json.Decoder(EventMessage)


def encode_event(event: Event) -> bytes:
    """The event as the journal's body."""
    return msgspec.msgpack.encode(event)


def decode_event(data: bytes) -> Event:
    """A journal body as an event; PayloadError when it is none."""
    return decoded(_JOURNAL, data)


def event_payload(event: Event, epoch: str, seq: int, lane: Lane) -> bytes:
    """The message for one event."""
    facts = {name: getattr(event, name) for name in Event.__struct_fields__}
    return msgspec.json.encode(EventMessage(epoch=epoch, seq=seq, lane=lane, **facts))


def read_event(data: bytes) -> EventMessage:
    """A message of .../event; PayloadError when it is none."""
    return decoded(_MESSAGE, data)
