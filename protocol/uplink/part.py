"""One part of a sweep as the journal keeps it: scaled integers in columns, MessagePack.

A part is what one line has read of a slot: a row per meter, a column per quantity. Missing is
None, never 0. Unknown keys are passed over, so that a newer journal stays readable.
"""

from typing import Annotated

import msgspec

from protocol.quantity import quantities
from protocol.uplink.errors import PayloadError, decoded

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep part. Every list has one place for each meter, in the order of `meters`."""

    kind: str = "sweep"
    slot: Int64
    """Number of the slot: floor(UTC ms / period), or a count when back to back."""
    line: str
    part: Count
    """Number of this part within the slot and line, from 0."""
    last: bool
    """Whether this is the line's last part of the slot."""
    meters: list[str]
    t: list[Int64]
    """UTC ms of each meter's first exchange."""
    dt: dict[str, list[Int64]] = {}
    """Per quantity: ms after t when that value was taken; a quantity left out is at t."""
    columns: dict[str, list[Int64 | None]]
    """Per quantity: scaled integers, value in the unit = integer x 10**exponent."""
    q: list[Count]
    """Quality bits, see protocol.uplink.quality."""

    def __post_init__(self) -> None:
        if reason := inconsistent(len(self.meters), self.t, self.q, self.dt, self.columns):
            raise ValueError(reason)
        for name in self.columns:
            if name not in quantities():
                raise ValueError(f"unknown quantity {name}")


def inconsistent(
    count: int,
    t: list[int],
    q: list[int],
    dt: dict[str, list[int]],
    columns: dict[str, list[int | None]] | dict[str, list[float | None]],
) -> str:
    """What is wrong with the lengths and names of a part or batch, "" = nothing."""
    if len(t) != count or len(q) != count:
        return f"t and q need {count} places each, one for each meter"
    for name, column in columns.items():
        if len(column) != count:
            return f"column {name} has {len(column)} places for {count} meters"
    for name, offsets in dt.items():
        if name not in columns:
            return f"dt names {name}, which is no column"
        if len(offsets) != count:
            return f"dt {name} has {len(offsets)} places for {count} meters"
    return ""


_DECODER = msgspec.msgpack.Decoder(Part)
_ENCODER = msgspec.msgpack.Encoder()


def encode_part(part: Part) -> bytes:
    """The part as the journal's body; PayloadError when an integer needs more than 64 bits."""
    try:
        return _ENCODER.encode(part)
    except OverflowError as error:
        raise PayloadError(f"part of line {part.line}: {error}") from error


def decode_part(data: bytes) -> Part:
    """A journal body as a part; PayloadError when it is none."""
    return decoded(_DECODER, data)
