"""The 698 meter's link: what it answers, what it meets with silence, fragments both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware_sim.firmware.bench698 import (
    BROADCAST,
    GROUP,
    WILDCARD,
    WORD,
    Bench,
    frame,
    get,
    peer,
    piece,
)
from tests.firmware_sim.frames import NUMBER

VOLTAGE = get("20000201")
ANSWER = bytes.fromhex("850105200002010112089900 00")
LONG = get(*["43000300"] * 20)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (NUMBER, 0),
        ("AA" * 6, WILDCARD),
        ("AA" * 6, 0),
        ("3701AAAAAAA1", WILDCARD),
        ("AA", WILDCARD),
    ],
)
def test_its_number_and_digits_a_for_any_are_answered_with_the_real_number(
    number: str, kind: int
) -> None:
    got = Bench().ask(frame(VOLTAGE, number, kind=kind))
    assert (got.control, got.client, bytes(got.payload)) == (0xC3, 0x10, ANSWER)
    assert bytes(got.server.bytes)[::-1].hex() == NUMBER


@pytest.mark.parametrize(
    "raw",
    [
        frame(VOLTAGE, "370112100002"),
        frame(VOLTAGE, "AAAAAAAAAAA2", kind=WILDCARD),
        frame(VOLTAGE, "112100001"[1:]),
        frame(VOLTAGE, kind=GROUP),
        frame(VOLTAGE, "AA", kind=BROADCAST),
        frame(VOLTAGE, logical=1),
        frame(VOLTAGE, control=0xC3),
        frame(VOLTAGE, control=0x03),
        frame(VOLTAGE, control=0x41),
        frame(b""),
    ],
    ids=["other", "wild", "short", "group", "everybody", "module", "answer", "report", "link", "0"],
)
def test_what_is_not_for_it_meets_silence_and_costs_no_look_at_the_chip(raw: bytes) -> None:
    bench = Bench()
    assert bench.ask(raw) is None
    assert bench.snapshots == 0


@pytest.mark.parametrize("place", range(1, 25))
def test_one_wrong_bit_anywhere_behind_the_start_meets_silence(place: int) -> None:
    raw = bytearray(frame(VOLTAGE, wake=0))
    raw[place] ^= 1
    bench = Bench()
    bench.hear(bytes(raw))
    assert bench.say() is None


def test_a_scrambled_request_is_answered_scrambled() -> None:
    bench = Bench()
    got = bench.ask(frame(VOLTAGE, control=0x4B))
    assert got.control == 0xCB
    raw = bytes(bench.meter.out)
    assert bytes((byte + 0x33) % 256 for byte in ANSWER) in raw
    assert ANSWER not in raw


def test_the_answer_begins_after_the_set_delay_and_wake_up_bytes() -> None:
    bench = Bench(delay_us=35_000, wake=2)
    bench.hear(frame(VOLTAGE))
    said = bench.say()
    assert said is not None
    assert said[0] == 35_000
    assert said[1][:3] == b"\xfe\xfe\x68"


@pytest.mark.parametrize(("pause", "answered"), [(499_000, True), (502_000, False)])
def test_a_pause_of_more_than_500_ms_ends_a_frame_that_has_begun(
    pause: int, answered: bool
) -> None:
    raw = frame(VOLTAGE)
    bench = Bench()
    bench.hear(raw[:12])
    bench.hear(raw[12:], pause_us=pause)
    assert (bench.say() is not None) is answered


def test_of_two_glued_requests_the_second_is_answered() -> None:
    got = Bench().ask(frame(get("200F0200")) + frame(VOLTAGE, wake=0))
    assert bytes(got.payload) == ANSWER


def test_a_request_behind_noise_and_false_headers_is_found() -> None:
    noise = b"\x68\x00\x68\x17\x00\x43\x05\x68" * 3
    assert Bench().ask(noise + frame(VOLTAGE)) is not None


def test_a_request_in_fragments_is_acknowledged_piece_by_piece_and_taken_once() -> None:
    bench = Bench()
    pieces = [(VOLTAGE[:2], 0, 0), (VOLTAGE[2:5], 3, 1), (VOLTAGE[2:5], 3, 1), (VOLTAGE[5:], 1, 2)]
    for data, kind, number in pieces[:-1]:
        got = bench.ask(frame(piece(data, kind, number), control=0x63))
        assert (got.control, bytes(got.payload)) == (0xE3, piece(b"", 2, number))
    for _ in range(2):
        got = bench.ask(frame(piece(*pieces[-1]), control=0x63))
        assert (got.control, bytes(got.payload)) == (0xC3, ANSWER)


def test_fragments_out_of_order_or_more_than_it_takes_meet_silence() -> None:
    bench = Bench()
    assert bench.ask(frame(piece(b"1", 3, 1), control=0x63)) is None
    assert bench.ask(frame(piece(b"1", 0, 0), control=0x63)) is not None
    assert bench.ask(frame(piece(b"1", 3, 2), control=0x63)) is None
    for number in (1, 2, 3):
        bench.ask(frame(piece(bytes(400), 3, number), control=0x63))
    assert bench.say() is None
    assert bench.ask(frame(VOLTAGE)) is not None


@pytest.mark.parametrize("control", [0x43, 0x4B])
def test_a_long_answer_goes_out_in_fragments_each_again_on_demand(control: int) -> None:
    bench = Bench()
    got = bench.ask(frame(LONG, control=control))
    whole = b""
    for number in range(10):
        data = bytes(got.payload)
        word = int.from_bytes(data[:WORD], "little")
        assert (got.control, word & 0xFFF) == (0xE3 | control & 8, number)
        assert word >> 14 == (0 if not number else 1 if word >> 14 == 1 else 3)
        whole += data[WORD:]
        if word >> 14 == 1:
            break
        if number:
            again = bench.ask(frame(piece(b"", 2, number - 1), control=control | 0x20))
            assert bytes(again.payload) == data
        got = bench.ask(frame(piece(b"", 2, number), control=control | 0x20))
    assert number > 1
    assert len(peer.decode_apdu(whole).attributes) == 20
    assert bench.ask(frame(piece(b"", 2, number), control=control | 0x20)) is None


@settings(max_examples=100)
@given(st.lists(st.one_of(st.binary(max_size=60), st.binary(max_size=40).map(frame)), max_size=5))
def test_any_bytes_are_survived_and_the_meter_answers_afterwards(pieces: list[bytes]) -> None:
    bench = Bench()
    for one in pieces:
        bench.hear(one)
    bench.say()
    assert bench.ask(frame(VOLTAGE)) is not None


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_any_chunking_gives_the_same_answer_at_the_same_time(sizes: list[int]) -> None:
    stream = b"\x68\x01" + frame(get("200F0200"), "370112100002") + frame(VOLTAGE)
    whole, cut = Bench(), Bench()
    whole.hear(stream)
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        cut.hear(stream[at : at + size])
        at += size
        turn += 1
    assert cut.say() == whole.say() is not None
