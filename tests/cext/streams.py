"""Streams as a bad line makes them, and an encoder of its own, for the tests of both kernels."""

import itertools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from hypothesis import strategies as st


def encode(address: bytes, control: int, data: bytes) -> bytes:
    """A frame built here, by the standard's text, from the six address bytes as sent."""
    body = bytearray([0x68])
    body += address
    body += bytes([0x68, control, len(data)])
    for value in data:
        body.append((value + 0x33) % 256)
    body.append(sum(body) % 256)
    body.append(0x16)
    return bytes(body)


def drain(scanner: Any, data: bytes) -> Iterator[Any]:
    """All frames that feeding `data` gives."""
    frame = scanner.feed(data)
    while frame is not None:
        yield frame
        frame = scanner.feed(b"")


def frames_of(framing: ModuleType, *chunks: bytes) -> list[bytes]:
    """The raw bytes of all frames in the chunks, by a fresh scanner."""
    scanner = framing.Scanner645()
    return [frame.raw for chunk in chunks for frame in drain(scanner, chunk)]


addresses = st.binary(min_size=6, max_size=6) | st.just(b"\x68" * 6) | st.just(b"\xaa" * 6)
datas = st.binary(max_size=40) | st.binary(min_size=200, max_size=255) | st.just(b"\x35" * 20)
frames = st.builds(encode, addresses, st.integers(0, 255), datas)


@st.composite
def faults(draw: st.DrawFn) -> bytes:
    """One piece of a stream: a frame, or what a line makes of one."""
    frame = draw(frames)
    match draw(
        st.sampled_from(["good", "good", "torn", "bad", "header", "noise", "wake", "flood"])
    ):
        case "torn":
            return frame[: draw(st.integers(0, len(frame) - 1))]
        case "bad":
            at = draw(st.integers(0, len(frame) - 1))
            return frame[:at] + bytes([frame[at] ^ draw(st.integers(1, 255))]) + frame[at + 1 :]
        case "header":
            return frame[:9] + bytes([draw(st.integers(0, 255))])
        case "noise":
            return draw(st.binary(max_size=30))
        case "wake":
            return b"\xfe" * draw(st.integers(0, 8))
        case "flood":
            return draw(st.sampled_from([b"\x68", b"\x68\x16", b"\x68\x02"])) * draw(
                st.integers(1, 300)
            )
    return frame


@st.composite
def chunked(draw: st.DrawFn, pieces: int = 8) -> list[bytes]:
    """A faulty stream cut anywhere."""
    stream = b"".join(draw(st.lists(faults(), max_size=pieces)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    if draw(st.booleans()) and len(stream) < 600:
        cuts = list(range(len(stream)))
    edges = [0, *cuts, len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]
