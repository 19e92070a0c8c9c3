"""A sweep part as the utility gets it on .../data: JSON, numbers in the unit."""

from typing import Annotated, Literal, get_args

import msgspec

from protocol.quantity import quantity
from protocol.uplink.errors import PayloadError, decoded
from protocol.uplink.part import Count, Int64, Part, inconsistent

Lane = Literal["live", "backlog"]
Kind = Literal["sweep", "freeze", "curve", "result"]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One message on .../data; (epoch, seq) is its identity, readers ignore unknown keys."""

    v: Literal[1] = 1
    epoch: str
    seq: Seq
    lane: Lane
    kind: Kind
    slot: Int64
    line: str
    part: Count
    last: bool = False
    meters: list[str]
    t: list[Int64]
    """UTC ms of each meter's first exchange."""
    dt: dict[str, list[Int64]] = {}
    """Per quantity: ms after t when that value was taken; a quantity left out is at t."""
    columns: dict[str, list[float | None]]
    """Per quantity: numbers in the unit, null = missing."""
    q: list[Count]

    def __post_init__(self) -> None:
        if reason := inconsistent(len(self.meters), self.t, self.q, self.dt, self.columns):
            raise ValueError(reason)


_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_DECODER = msgspec.json.Decoder(Batch)
_ENCODER = msgspec.json.Encoder()


def batch_payload(part: Part, epoch: str, seq: int, lane: Lane) -> bytes:
    """The message for one part; each number correctly rounded from its scaled integer.

    PayloadError when the part's kind is none the utility knows.
    """
    kind = _KINDS.get(part.kind)
    if kind is None:
        raise PayloadError(f"part of kind {part.kind!r}")
    return _ENCODER.encode(
        Batch(
            epoch=epoch,
            seq=seq,
            lane=lane,
            kind=kind,
            slot=part.slot,
            line=part.line,
            part=part.part,
            last=part.last,
            meters=part.meters,
            t=part.t,
            dt=part.dt,
            columns={name: _numbers(name, column) for name, column in part.columns.items()},
            q=part.q,
        )
    )


def read_batch(data: bytes) -> Batch:
    """A message of .../data; PayloadError when it is none."""
    return decoded(_DECODER, data)


def _numbers(name: str, column: list[int | None]) -> list[float | None]:
    number = quantity(name).number
    return [None if scaled is None else number(scaled) for scaled in column]
