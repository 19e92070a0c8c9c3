"""DL/T 698.45 streams as a bad line makes them, and an encoder of its own, bit by bit."""

import itertools
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from tests.cext.streams import drain


def crc(data: bytes) -> bytes:
    """CRC-16/X.25 as its polynomial says, one bit after the other, low byte first."""
    register = 0xFFFF
    for value in data:
        for bit in range(8):
            carry = (register ^ value >> bit) & 1
            register >>= 1
            if carry:
                register ^= 0x8408
    register = 0xFFFF - register
    return bytes([register % 256, register // 256])


def encode(control: int, flag: int, address: bytes, client: int, data: bytes) -> bytes:
    """A frame built here by the standard's text; `address` and `data` as they are sent, the low
    four bits of `flag` are put in."""
    length = 9 + len(address) + len(data)
    header = bytes([length % 256, length // 256, control, flag & 0xF0 | len(address) - 1])
    header += address + bytes([client])
    header += crc(header)
    return b"\x68" + header + data + crc(header + data) + b"\x16"


def fits(raw: bytes) -> bool:
    """Whether these bytes are one whole frame, said by other means than the kernels'."""
    if len(raw) < 12 or raw[0] != 0x68 or raw[-1] != 0x16:
        return False
    header = 7 + raw[4] % 16
    return (
        raw[1] + 256 * raw[2] == len(raw) - 2
        and raw[header : header + 2] == crc(raw[1:header])
        and raw[-3:-1] == crc(raw[1:-3])
    )


def frames_of(framing698: ModuleType, *chunks: bytes) -> list[bytes]:
    """The raw bytes of all frames in the chunks, by a fresh scanner."""
    scanner = framing698.Scanner698()
    return [frame.raw for chunk in chunks for frame in drain(scanner, chunk)]


def seen(scanner: Any, frame: Any) -> tuple[object, ...]:
    """All that can be told of a frame and its scanner."""
    names = "raw start control address_type logical address client data scrambled fragment answer"
    fields = tuple(getattr(frame, name) for name in names.split()) if frame is not None else ()
    return (*fields, repr(frame), scanner.noise, scanner.bad)


METER = bytes.fromhex("129078563412")
"""As sent: the meter's number is 123456789012."""
ANSWER = encode(0xC3, 0, METER, 0x10, bytes.fromhex("85 01 00 20000201 01 12 096D 00 00"))
OTHER = encode(0xC3, 0, b"\x01" * 6, 0x10, bytes.fromhex("85 01 01 40010200 00 06 00 00"))
PROVEN = encode(0xC3, 0, METER, 0, bytes(400))[:14]
"""A header with the right HCS, of a frame of 415 bytes and more."""

addresses = (
    st.binary(min_size=6, max_size=6)
    | st.binary(min_size=1, max_size=16)
    | st.sampled_from([b"\x68" * 6, b"\xaa" * 6, b"\xaa", b"\x16" * 16])
)
datas = (
    st.binary(max_size=60)
    | st.binary(min_size=200, max_size=300)
    | st.sampled_from([b"\x68\x16" * 20, ANSWER, b"\x09\x20" + OTHER + ANSWER, b"\xfe" * 9])
)
bytes_ = st.integers(0, 255)
frames = st.builds(encode, bytes_, bytes_, addresses, bytes_, datas)


@st.composite
def pieces(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """One piece of a stream: a frame, or what a line makes of one."""
    frame = draw(whole)
    kinds = ["good", "good", "torn", "bad", "header", "false", "noise", "wake", "flood"]
    match draw(st.sampled_from(kinds)):
        case "torn":
            return frame[: draw(st.integers(0, len(frame) - 1))]
        case "bad":
            at = draw(st.integers(0, len(frame) - 1))
            return frame[:at] + bytes([frame[at] ^ draw(st.integers(1, 255))]) + frame[at + 1 :]
        case "header":
            return draw(st.sampled_from([PROVEN, PROVEN[:5], PROVEN[:13]]))
        case "false":
            return b"\x68\x40\x00" + draw(st.binary(max_size=25))
        case "noise":
            return draw(st.binary(max_size=30))
        case "wake":
            return b"\xfe" * draw(st.integers(0, 8))
        case "flood":
            flood = draw(
                st.sampled_from([b"\x68", b"\x68\x68\x05", b"\x68\x20\x00\xc3\x05", PROVEN])
            )
            return flood * draw(st.integers(1, 120))
    return frame


@st.composite
def chunked(
    draw: st.DrawFn, most: int = 8, whole: st.SearchStrategy[bytes] = frames
) -> list[bytes]:
    """A faulty stream of such frames, cut anywhere."""
    stream = b"".join(draw(st.lists(pieces(whole), max_size=most)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    if len(stream) < 600 and draw(st.booleans()):
        cuts = list(range(len(stream)))
    return [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]
