"""The ear on a line of three protocols: pairs and fragments of 698, Modbus by its question."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cli.ear import GAP_NS, HELD, Ear, Overheard
from edge.cli.pairs import answers
from protocol.decoded import Decoded
from tests.edge import wire645, wire698
from tests.edge.wire_modbus import crc

MS = 1_000_000
A, B = "370113200002", "370113200004"
ASK = wire698.question(A, 5)
TELL = wire698.answer(A, 2201, 5)
ITEM = bytes.fromhex("02010100")[::-1]
ASK_645 = wire645.frame(A, 0x11, ITEM)
TELL_645 = wire645.answer(A, "02010100", wire645.volts(2201))


def rtu(text: str) -> bytes:
    raw = bytes.fromhex(text)
    return raw + crc(raw)


ASK_RTU, TELL_RTU = rtu("010400000002"), rtu("01040400010109")


def told(*pieces: tuple[int, bytes]) -> list[Overheard]:
    """What is heard of pieces handed over at these milliseconds, and of the silence behind."""
    ear = Ear(MS)
    out: list[Overheard] = []
    for at, data in pieces:
        out += ear.feed(at * MS, data)
    return out + ear.silence()


def said(one: Overheard) -> Decoded:
    assert one.said is not None
    return one.said


def fragment(control: int, number: int, kind: int, data: bytes = b"", address: str = A) -> bytes:
    word = (number | kind << 14).to_bytes(2, "little")
    return wire698.frame(address, control, word + data)


def test_a_698_answer_is_paired_with_its_question_and_delay() -> None:
    asked, answered = told((len(ASK), ASK), (len(ASK) + 70 + len(TELL), TELL))
    assert said(asked).direction == "request"
    assert answered.asked == asked
    assert answered.delay_ns == 70 * MS
    assert said(answered).values[0].quantity == "voltage_a"


def test_another_meter_service_number_or_client_is_no_answer() -> None:
    of_client_11 = bytearray(TELL.lstrip(b"\xfe"))
    of_client_11[11] = 0x11
    of_client_11[12:14] = wire698.fcs(bytes(of_client_11[1:12]))
    of_client_11[-3:-1] = wire698.fcs(bytes(of_client_11[1:-3]))
    strangers = (
        bytes(of_client_11),
        wire698.answer(B, 2201, 5),
        wire698.answer(A, 2201, 6),
        wire698.frame(A, 0xC3, b"\x82\x05" + bytes(60)),
    )
    for stranger in strangers:
        *_, heard = told((30, ASK), (120, stranger))
        assert heard.said is not None
        assert heard.asked is None


def test_a_wildcard_is_answered_by_any_meter() -> None:
    asked = wire698.question("AAAAAAAAAAAA", 5)
    *_, answered = told((30, asked), (120, TELL))
    assert answered.asked is not None


def test_an_error_response_is_an_answer() -> None:
    *_, refused = told((30, ASK), (120, wire698.frame(A, 0xC3, b"\xee\x05\x01\x00\x00")))
    assert refused.asked is not None


def test_fragments_are_put_together_and_each_answers_what_asked_for_it() -> None:
    apdu = bytes.fromhex("850105" + wire698.VOLTAGE.hex() + "0112089A0000")
    pieces = (
        ASK,
        fragment(0xE3, 0, 0, apdu[:6]),
        fragment(0x63, 0, 2),
        fragment(0xE3, 1, 3, apdu[6:9]),
        fragment(0x63, 1, 2),
        fragment(0xE3, 2, 1, apdu[9:]),
    )
    heard = told(*((100 * place, piece) for place, piece in enumerate(pieces)))
    assert [one.raw for one in heard] == [piece.lstrip(b"\xfe") for piece in pieces]
    assert [one.asked is not None for one in heard] == [False, True, False, True, False, True]
    assert all(not said(one).values for one in heard[:-1])
    assert [one.value for one in said(heard[-1]).values] == [220.2]


def test_a_645_frame_that_a_698_frame_carries_is_its_content_however_it_is_cut() -> None:
    carried = wire698.frame(A, 0x43, b"\x09\x07\x05" + TELL_645.lstrip(b"\xfe"))
    for cut in range(1, len(carried)):
        (heard,) = told((10, carried[:cut]), (20, carried[cut:]))
        assert heard.raw == carried


def test_645_frames_behind_a_torn_698_frame_are_told_when_it_is_given_up() -> None:
    torn = TELL[:-4]
    heard = told((30, torn), (60, ASK_645), (120, TELL_645))
    assert [one.raw for one in heard if one.said] == [
        ASK_645.lstrip(b"\xfe"),
        TELL_645.lstrip(b"\xfe"),
    ]
    assert heard[0].said is None


def test_a_report_is_what_its_confirmation_answers() -> None:
    report = wire698.frame(A, 0x83, bytes.fromhex("8801050120000201" + "01120899" + "0000"))
    confirmed = wire698.frame(A, 0x03, bytes.fromhex("08010501200002010000"[:-2]))
    first, second = told((40, report), (120, confirmed))
    assert said(first).direction == "report"
    assert second.asked == first


def test_a_modbus_answer_is_named_by_its_question() -> None:
    ask, tell = rtu("030300100003"), rtu("0303060001000200FF")
    *_, answered = told((8, ask), (60, tell))
    assert said(answered).identifier == "03:0010:0003"
    names = [one.name for one in said(answered).values]
    assert names == ["register 0010", "register 0011", "register 0012"]


def test_a_modbus_answer_to_what_a_map_reads_is_shown_in_its_words() -> None:
    data = bytes.fromhex("43663334") + bytes(4 * 37)
    body = b"\x01\x04" + bytes((len(data),)) + data
    *_, answered = told((8, rtu("01040000004C")), (200, body + crc(body)))
    first = said(answered).values[0]
    assert (first.quantity, first.value, first.unit) == ("voltage_a", 230.2, "V")
    assert "sdm630" in said(answered).note


def test_a_unit_whose_address_is_a_start_byte_is_heard_at_once_where_it_was_asked() -> None:
    ask, tell = rtu("680400000002"), rtu("68040400010109")
    ear = Ear(MS)
    asked = ear.feed(10 * MS, ask)
    assert [one.raw for one in asked] == [ask]
    assert [one.raw for one in ear.feed(60 * MS, tell)] == [tell]


def test_an_answer_that_looks_like_a_request_is_one_where_it_was_asked_for() -> None:
    ask, tell = rtu("010100000018"), rtu("010103050001")
    heard = told((8, ask), (60, tell))
    assert [said(one).direction for one in heard] == ["request", "response"]
    assert [one.name for one in said(heard[1]).values][-1] == "bit 0017"


@settings(max_examples=60)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_frames_of_three_protocols_do_not_hang_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    wanted = [ASK, TELL, ASK_RTU, TELL_RTU, ASK_645, TELL_645, ASK, TELL]
    stream = b"".join(wanted)
    ear = Ear(MS)
    heard: list[Overheard] = []
    turn = place = 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        heard += ear.feed(turn * MS, stream[place : place + size])
        turn, place = turn + 1, place + size
    heard += ear.silence()
    assert [one.raw for one in heard] == [raw.lstrip(b"\xfe") for raw in wanted]
    assert [one.asked is not None for one in heard] == [False, True] * 4
    assert ear.noise == 0


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=60),
            st.sampled_from([ASK, TELL, ASK_645, TELL_645, ASK_RTU, ASK[:9], TELL[:20]]),
            st.builds(lambda data: fragment(0xE3, 0, 0, data), st.binary(max_size=30)),
        ),
        max_size=12,
    )
)
def test_any_bytes_are_heard_without_loss_in_bounded_room(pieces: list[bytes]) -> None:
    ear = Ear(MS)
    heard: list[Overheard] = []
    for place, piece in enumerate(pieces):
        heard += ear.feed(place * MS, piece)
        assert len(ear._held) <= HELD
    heard += ear.silence()
    told_bytes = b"".join(one.raw for one in heard).replace(b"\xfe", b"")
    assert told_bytes == b"".join(pieces).replace(b"\xfe", b"")


@settings(max_examples=200)
@given(st.binary(min_size=10, max_size=60), st.binary(min_size=10, max_size=60))
def test_no_apdu_breaks_the_pairing(given_apdu: bytes, asked_apdu: bytes) -> None:
    for ask, tell in ((0x43, 0xC3), (0x63, 0xE3), (0x43, 0xE3)):
        asked, answered = wire698.frame(A, ask, asked_apdu), wire698.frame(A, tell, given_apdu)
        assert answers("dlt698", answered, asked) in (True, False)


def test_fragments_of_very_many_meters_are_held_in_bounded_room() -> None:
    ear = Ear(MS)
    for number in range(300):
        ear.feed(number * GAP_NS, fragment(0xE3, 0, 0, bytes(200), f"{number:012d}"))
        assert len(ear._talk._pairs) <= 65
