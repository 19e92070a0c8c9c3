"""The ear: frames, pairs, delays and gaps out of timed bytes, however they are cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cli.ear import GAP_NS, HELD, PAIR_NS, Ear, Overheard
from tests.edge.wire645 import answer, frame, volts
from tests.edge.wire_modbus import crc

MS = 1_000_000
CHAR = MS
"""11 bits at about 11000 baud: 1 ms a character."""
A, B = "000000000001", "000000000002"
ITEM = bytes.fromhex("02010100")[::-1]
ASK_A = frame(A, 0x11, ITEM)
TELL_A = answer(A, "02010100", volts(2201))
ASK_B = frame(B, 0x11, ITEM)


def rtu(text: str) -> bytes:
    raw = bytes.fromhex(text)
    return raw + crc(raw)


ASK_TMU = rtu("010400000002")
TELL_TMU = rtu("01040400010109")


def told(ear: Ear, *pieces: tuple[int, bytes]) -> list[Overheard]:
    """What is heard of pieces handed over at these milliseconds, and of the silence behind."""
    out: list[Overheard] = []
    for at, data in pieces:
        out += ear.feed(at * MS, data)
    return out + ear.silence()


def byte_by_byte(begin: int, data: bytes) -> list[tuple[int, bytes]]:
    """As a UART hands it over: each character when it has ended, ms."""
    return [(begin + place + 1, data[place : place + 1]) for place in range(len(data))]


def test_an_answer_is_paired_with_its_question_and_its_delay_is_from_bit_to_bit() -> None:
    ear = Ear(CHAR)
    back = len(ASK_A) + 70
    heard = told(ear, *byte_by_byte(0, ASK_A), *byte_by_byte(back, TELL_A))
    asked, answered = heard
    assert asked.said is not None
    assert asked.said.direction == "request"
    assert (asked.delay_ns, asked.gap_ns) == (None, None)
    assert answered.asked == asked
    assert answered.delay_ns == answered.gap_ns == 70 * MS
    assert answered.at == back * MS


def test_delays_are_the_same_when_whole_frames_are_handed_over() -> None:
    back = len(ASK_A) + 70 + len(TELL_A)
    _, answered = told(Ear(CHAR), (len(ASK_A), ASK_A), (back, TELL_A))
    assert answered.delay_ns == 70 * MS


def test_a_delay_is_never_below_nothing() -> None:
    asked, answered = told(Ear(CHAR), (100, ASK_A), (100, TELL_A))
    assert answered.asked == asked
    assert answered.delay_ns == answered.gap_ns == 0


def test_frames_handed_over_together_are_timed_one_behind_the_other() -> None:
    first, second = told(Ear(CHAR), (100, TELL_A + ASK_B))
    assert first.end == (100 - len(ASK_B)) * MS
    assert (second.at, second.end) == (first.end, 100 * MS)


def test_the_gap_before_the_next_question_is_told() -> None:
    ear = Ear(CHAR)
    end = 200
    later = end + 30 + len(ASK_B)
    *_, asked = told(ear, (len(ASK_A), ASK_A), (end, TELL_A), (later, ASK_B))
    assert asked.gap_ns == 30 * MS
    assert asked.delay_ns is None


def test_an_answer_of_another_meter_is_no_answer_to_the_question() -> None:
    *_, answered = told(Ear(CHAR), (20, ASK_B), (100, TELL_A))
    assert answered.asked is None
    assert answered.delay_ns is None


def test_an_answer_to_another_item_is_no_answer_to_the_question() -> None:
    other = answer(A, "02020100", b"\x00\x00\x01")
    *_, answered = told(Ear(CHAR), (20, ASK_A), (100, other))
    assert answered.asked is None


def test_an_error_answer_is_paired() -> None:
    *_, refused = told(Ear(CHAR), (20, ASK_A), (100, frame(A, 0xD1, b"\x02")))
    assert refused.asked is not None
    assert refused.said is not None
    assert refused.said.error is not None


def test_a_wildcard_question_is_answered_by_any_meter() -> None:
    *_, answered = told(Ear(CHAR), (20, frame("AAAAAAAAAAAA", 0x11, ITEM)), (100, TELL_A))
    assert answered.asked is not None


def test_a_question_is_answered_once_and_not_for_ever() -> None:
    first, second = told(Ear(CHAR), (20, ASK_A), (100, TELL_A), (300, TELL_A))[1:]
    assert first.asked is not None
    assert second.asked is None
    late = 20 + PAIR_NS // MS + 1000
    *_, too_late = told(Ear(CHAR), (20, ASK_A), (late, TELL_A))
    assert too_late.asked is None


def test_modbus_is_heard_beside_645_and_paired() -> None:
    heard = told(Ear(CHAR), (8, ASK_TMU), (60, TELL_TMU), (200, ASK_A), (300, TELL_A))
    assert [one.said.protocol for one in heard if one.said] == ["modbus-rtu"] * 2 + [
        "dlt645-2007"
    ] * 2
    assert heard[1].asked == heard[0]
    assert heard[1].delay_ns == (60 - 8 - len(TELL_TMU)) * MS
    assert heard[3].asked == heard[2]


def test_modbus_question_and_answer_handed_over_together_are_two_frames() -> None:
    asked, answered = told(Ear(CHAR), (50, ASK_TMU + TELL_TMU))
    assert asked.said is not None
    assert answered.said is not None
    assert (asked.said.direction, answered.said.direction) == ("request", "response")


def test_the_second_of_two_equal_writes_is_the_answer() -> None:
    write = rtu("0106001003E8")
    asked, answered = told(Ear(CHAR), (8, write), (60, write))
    assert asked.said is not None
    assert answered.said is not None
    assert (asked.said.direction, answered.said.direction) == ("request", "response")
    assert answered.asked == asked


def test_a_meter_whose_header_is_a_modbus_frame_by_chance_is_heard_all_the_same() -> None:
    heads = (bytes.fromhex(f"6803{n:04X}0001") for n in range(0x10000))
    head = next(one for one in heads if crc(one)[1] == 0x68)
    address = (head[1:] + crc(head)[:1])[::-1].hex()
    asked = frame(address, 0x11, ITEM, 0)
    (heard,) = told(Ear(CHAR), *byte_by_byte(0, asked))
    assert heard.raw == asked
    assert heard.said is not None
    assert heard.said.address == address.upper()


def test_noise_is_told_where_it_stood() -> None:
    heard = told(Ear(CHAR), (5, b"\x01\x02\x03"), (30, ASK_A), (120, b"\x99\x98"))
    assert [one.said is None for one in heard] == [True, False, True]
    assert [one.raw for one in heard if one.said is None] == [b"\x01\x02\x03", b"\x99\x98"]
    assert all(one.reason for one in heard if one.said is None)


def test_wake_up_bytes_are_neither_noise_nor_part_of_the_frame() -> None:
    ear = Ear(CHAR)
    (heard,) = told(ear, (20, ASK_A), (50, b"\xfe\xfe"))
    assert heard.raw == ASK_A.lstrip(b"\xfe")
    assert ear.noise == 0


def test_a_frame_with_a_wrong_checksum_is_noise_with_its_reason() -> None:
    torn = bytearray(TELL_A)
    torn[-2] ^= 1
    (heard,) = told(Ear(CHAR), (100, bytes(torn)))
    assert heard.said is None
    assert "checksum" in heard.reason


def test_a_frame_torn_by_silence_does_not_hold_back_the_next() -> None:
    ear = Ear(CHAR)
    ear.feed(0, ASK_A[:12])
    heard = ear.feed(GAP_NS + MS, ASK_B)
    assert [one.said is None for one in heard] == [True, False]


def test_the_two_halves_of_a_frame_are_not_joined_over_a_silence() -> None:
    heard = told(Ear(CHAR), (0, ASK_A[:12]), (GAP_NS // MS + 1, ASK_A[12:]))
    assert [one.said for one in heard] == [None, None]


def test_a_line_that_never_falls_silent_is_held_in_bounded_room() -> None:
    ear = Ear(CHAR)
    heard: list[Overheard] = []
    for at in range(3 * HELD):
        heard += ear.feed(at * MS, b"\x55")
        assert len(ear._held) <= HELD
        assert len(ear._chunks) <= 2 * HELD + 1
    assert sum(len(one.raw) for one in heard) > HELD


def test_times_are_kept_in_bounded_room_where_all_is_understood() -> None:
    ear = Ear(CHAR)
    for at in range(3 * HELD):
        ear.feed(at * MS, ASK_A[at % len(ASK_A) :][:1])
    assert len(ear._chunks) <= 2 * HELD + 1


def test_silence_is_due_only_while_something_is_held() -> None:
    ear = Ear(CHAR)
    assert ear.wake == 0
    ear.feed(7 * MS, ASK_A[:12])
    assert ear.wake == 7 * MS + GAP_NS
    ear.feed(8 * MS, ASK_A[12:])
    assert ear.wake == 0


@settings(max_examples=60)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_frames_do_not_hang_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    stream = ASK_A + TELL_A + ASK_TMU + TELL_TMU + ASK_B
    ear = Ear(CHAR)
    heard: list[Overheard] = []
    at = place = 0
    while place < len(stream):
        size = cuts[at % len(cuts)]
        heard += ear.feed(at * MS, stream[place : place + size])
        at, place = at + 1, place + size
    heard += ear.silence()
    wanted = [ASK_A, TELL_A, ASK_TMU, TELL_TMU, ASK_B]
    assert [one.raw for one in heard] == [raw.lstrip(b"\xfe") for raw in wanted]
    assert ear.noise == 0


@settings(max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12))
def test_any_bytes_are_heard_without_loss_in_bounded_room(pieces: list[bytes]) -> None:
    ear = Ear(CHAR)
    heard: list[Overheard] = []
    for place, piece in enumerate(pieces):
        heard += ear.feed(place * MS, piece)
        assert len(ear._held) <= HELD
    heard += ear.silence()
    assert len(ear._chunks) <= 2 * HELD
    said = b"".join(one.raw for one in heard).replace(b"\xfe", b"")
    assert said == b"".join(pieces).replace(b"\xfe", b"")
