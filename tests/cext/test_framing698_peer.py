"""DL/T 698.45 framing against frames from elsewhere and against PyPI dlt698 (C++).

Where dlt698 1.0.1 differs at the link, and why we do not follow:

- it refuses a control code whose bit 4 is set or whose function is not 1 or 3; the sums have
  proven the header by then, and what a code means is for the protocol room to say;
- it refuses a length counted in KB (bit 14), which the standard gives a meaning;
- it refuses a broadcast to any other address than AA;
- it gives the address as sent, low byte first; ours is as printed.
"""

import json
import pathlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cext.streams import drain
from tests.cext.streams698 import METER, addresses, bytes_, chunked, datas, encode
from tests.cext.test_framing698 import with_length

peer = pytest.importorskip("dlt698", reason="the peer is for development only")
native = peer._native

VECTORS = [
    json.loads(line)
    for line in pathlib.Path(__file__)
    .parents[1]
    .joinpath("vectors", "dlt698.jsonl")
    .read_text("utf-8")
    .splitlines()
]
TYPES = ("single", "wildcard", "group", "broadcast")
KNOWN = [bits | function for bits in range(0, 256, 8) if bits & 0x10 == 0 for function in (1, 3)]
"""The control codes that the peer knows."""

known = st.builds(encode, st.sampled_from(KNOWN), st.integers(0, 0xBF), addresses, bytes_, datas)
"""Frames that the peer does not refuse."""


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["hex"][:40])
def test_a_frame_from_elsewhere_is_framed_as_its_source_says(
    framing698: ModuleType, row: dict[str, Any]
) -> None:
    raw, meaning = bytes.fromhex(row["hex"]), row["meaning"]
    (frame,) = drain(framing698.Scanner698(), raw)
    assert row["valid"]
    assert frame.raw == raw
    assert f"{frame.control:02X}" == meaning["control"]
    assert TYPES[frame.address_type] == meaning["sa_type"]
    assert (frame.logical, frame.address.hex().upper()) == (meaning["logical"], meaning["sa"])
    assert f"{frame.client:02X}" == meaning["ca"]
    assert frame.answer is meaning["dir"].startswith("server")
    assert (frame.fragment, frame.scrambled) == (meaning["fragment"], meaning["scrambled"])


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["hex"][:40])
def test_a_frame_from_elsewhere_is_built_again_byte_for_byte(
    framing698: ModuleType, row: dict[str, Any]
) -> None:
    (frame,) = drain(framing698.Scanner698(), bytes.fromhex(row["hex"]))
    built = framing698.build698(
        frame.control, frame.address, frame.address_type, frame.logical, frame.client,
        frame.data, 0,
    )  # fmt: skip
    assert built.hex(" ").upper() == row["hex"]


@given(data=st.binary(max_size=100))
def test_the_sum_is_the_peers(framing698: ModuleType, data: bytes) -> None:
    built = framing698.build698(0x43, METER, 0, 0, 0, data, 0)
    assert int.from_bytes(built[-3:-1], "little") == native.crc16(built[1:-3])


@given(
    control=st.sampled_from(KNOWN),
    kind=st.integers(0, 3),
    logical=st.integers(0, 3),
    address=addresses,
    client=bytes_,
    data=datas,
)
def test_the_peer_reads_what_we_build_and_builds_the_same(
    framing698: ModuleType,
    control: int,
    kind: int,
    logical: int,
    address: bytes,
    client: int,
    data: bytes,
) -> None:
    to = b"\xaa" if TYPES[kind] == "broadcast" else address
    ours = framing698.build698(control, to, kind, logical, client, data, 0)
    read = native.decode_frame(ours)
    assert (read.control, read.client, read.payload) == (control, client, data)
    assert (read.server.bytes, read.server.logical) == (to[::-1], logical)
    assert int(read.server.type) == kind
    assert native.encode_frame(read) == ours


@settings(max_examples=200)
@given(chunks=chunked(whole=known))
def test_the_peer_gives_the_same_frames_of_a_faulty_stream_chunk_by_chunk(
    framing698: ModuleType, chunks: list[bytes]
) -> None:
    limits = native.Limits(max_frame_bytes=framing698.LEAST)
    decoder, scanner = native.FrameStreamDecoder(limits), framing698.Scanner698()
    for chunk in chunks:
        ours = [(one.control, one.client, one.data) for one in drain(scanner, chunk)]
        theirs = [one for one in decoder.feed(chunk) if isinstance(one, native.Frame)]
        assert ours == [(one.control, one.client, one.payload) for one in theirs]


@pytest.mark.parametrize(
    "raw", [encode(0x53, 0, METER, 0, b""), encode(0x44, 0, METER, 0, b""),
            with_length(0x4001, 1026), encode(0x43, 0xC0, METER, 0, b"")],
    ids=["bit 4", "function 4", "KB", "broadcast"],
)  # fmt: skip
def test_what_the_peer_refuses_and_we_do_not(framing698: ModuleType, raw: bytes) -> None:
    with pytest.raises(peer.Dlt698Error):
        native.decode_frame(raw)
    assert framing698.Scanner698().feed(raw).raw == raw
