"""The one error of the uplink's decoders, and the decoding they share."""

from typing import Protocol, TypeVar

import msgspec

MAX_BYTES = 4 << 20
"""Longest payload a decoder looks at, bytes."""

T = TypeVar("T", covariant=True)


class PayloadError(Exception):
    """Bytes that are not the message they should be; the text says why, with the path."""


class _Decoder(Protocol[T]):
    def decode(self, buf: bytes, /) -> T: ...


def decoded(decoder: _Decoder[T], data: bytes, limit: int = MAX_BYTES) -> T:
    """What the decoder makes of the bytes; PayloadError for whatever it cannot take."""
    if len(data) > limit:
        raise PayloadError(f"{len(data)} bytes, at most {limit} are read")
    try:
        return decoder.decode(data)
    # ValueError: text that is not UTF-8. RecursionError: a nesting bomb under an unknown key.
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PayloadError(str(error) or type(error).__name__) from error
