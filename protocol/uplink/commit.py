"""The head-end's word on .../commit: which entries it has stored for good."""

from typing import Annotated, Literal

import msgspec

from protocol.uplink.batch import Seq
from protocol.uplink.errors import decoded

LIMIT = 1 << 18
"""Longest commit looked at, bytes."""

Ranges = Annotated[list[tuple[Seq, Seq]], msgspec.Meta(max_length=10_000)]


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Closed ranges of seq of one epoch that are stored; saying it twice is harmless."""

    v: Literal[1] = 1
    epoch: str
    ranges: Ranges


_DECODER = msgspec.json.Decoder(Commit)


def commit_payload(commit: Commit) -> bytes:
    """The message for one commit."""
    return msgspec.json.encode(commit)


def read_commit(data: bytes) -> Commit:
    """A message of .../commit; PayloadError when it is none."""
    return decoded(_DECODER, data, LIMIT)
