"""All frames of an input, and in words what was not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dlt645.find import find
from tests.cext.streams import chunked, encode, frames

GOOD = encode(bytes.fromhex("129078563412"), 0x91, bytes.fromhex("00010102 0122"))
BAD = GOOD[:-2] + bytes([GOOD[-2] ^ 1]) + GOOD[-1:]
SUM = f"checksum: expected {GOOD[-2]:02X}, got {GOOD[-2] ^ 1:02X}"


@pytest.mark.parametrize(
    ("data", "count", "why"),
    [
        (GOOD, 1, ""),
        (b"\xfe" * 9 + GOOD + b"\xfe" + GOOD, 2, ""),
        (GOOD + GOOD, 2, ""),
        (b"\x00\x68" + GOOD, 1, "not understood (2 bytes): 00 68"),
        (BAD, 0, SUM),
        (BAD + BAD + GOOD, 1, f"{SUM}; {SUM}"),
        (BAD * 9, 0, f"{SUM}; {SUM}; {SUM}; {SUM}; …"),
        (GOOD[:-1], 0, "truncated: 18 bytes expected, 17 there"),
        (GOOD + GOOD[:11], 1, "truncated: 18 bytes expected, 11 there"),
        (GOOD[:9], 0, "truncated: 12 bytes expected, 9 there"),
        (GOOD[:-1] + b"\x17", 0, "end: expected 16, got 17"),
        (GOOD[:7] + b"\x69" + GOOD[8:], 0, "start: expected 68 behind the address, got 69"),
        (b"\x01\x02", 0, "not understood (2 bytes): 01 02"),
        (b"\xfe\xfe", 0, "no frame: only wake-up bytes"),
        (b"", 0, "no bytes"),
    ],
)
def test_frames_and_the_reason_for_the_rest(data: bytes, count: int, why: str) -> None:
    found, said = find(data)
    assert (len(found), said) == (count, why)


def test_a_good_frame_behind_a_false_header_is_found() -> None:
    found, why = find(GOOD[:9] + b"\xff" + GOOD)
    assert [frame.raw for frame in found] == [GOOD]
    assert why == "truncated: 267 bytes expected, 10 there"


def test_the_reason_is_in_chinese_too() -> None:
    assert find(BAD, "zh")[1].startswith("校验和")


def test_a_long_piece_is_shown_by_its_beginning() -> None:
    assert find(bytes(100))[1] == f"not understood (100 bytes): {'00 ' * 16}…"


@given(st.lists(frames, max_size=5), st.integers(0, 4))
def test_whole_frames_need_no_reason(sent: list[bytes], wake: int) -> None:
    found, why = find(b"".join(b"\xfe" * wake + raw for raw in sent))
    if sent:
        assert [frame.raw for frame in found] == sent
        assert why == ""


@given(chunked(), st.sampled_from(["en", "zh"]))
def test_any_bytes_have_frames_or_a_reason(pieces: list[bytes], lang: str) -> None:
    data = b"".join(pieces)
    found, why = find(data, lang)
    assert found or why
    for frame in found:
        assert data[frame.start : frame.start + len(frame.raw)] == frame.raw
    if sum(len(frame.raw) for frame in found) + data.count(0xFE) < len(data):
        assert why
