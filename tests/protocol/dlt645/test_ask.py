"""Ask: blocks, freezes, events and load records, with follow-up frames and refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Frame645
from protocol.dlt645.ask import EARLIEST, NEWEST, SINCE, Ask, event_identifier, freeze_identifier
from protocol.dlt645.frame import NO_DATA
from protocol.exchange import Again, Done, Exchange, NotMine, Refused
from tests.cext.streams import encode
from tests.protocol.dlt645.test_load import KEPT, block
from tests.protocol.dlt645.wire import di, frame

METER = "123456789012"
WIRE = bytes.fromhex(METER)[::-1]


def wire(control: int, data: bytes) -> bytes:
    return b"\xfe" * 4 + encode(WIRE, control, data)


def part(identifier: str, control: int, data: bytes, sequence: int | None = None) -> Frame645:
    return frame(METER, control, di(identifier) + data + bytes([sequence] if sequence else []))


def test_an_answer_in_one_frame_is_its_fields() -> None:
    ask = Ask(METER, 0x02800002)
    exchange: Exchange = ask
    assert exchange.start().data == wire(0x11, di("02800002"))
    assert exchange.start().answer_bytes == 4 + 12 + 4 + 2
    assert ask.fields() == ([], [])
    assert ask.on_frame(part("02800002", 0x91, b"\x00\x50")) == Done(())
    ((field,), notes) = ask.fields()
    assert (field.quantity, field.value, field.unit, notes) == ("frequency", 50.0, "Hz", [])
    assert (ask.item, ask.name(), ask.quantities) == ("02800002", "grid frequency", ())


def test_load_records_from_a_time_are_collected_over_follow_up_frames() -> None:
    ask = Ask.load(METER, which=SINCE, count=3, since=(26, 7, 23, 15, 30))
    assert ask.start().data == wire(0x11, di("06000001") + bytes.fromhex("03 3015230726"))
    whole = block(KEPT) * 3
    cut = [whole[:190], whole[190:300], whole[300:]]
    first = ask.on_frame(part("06000001", 0xB1, cut[0]))
    assert isinstance(first, Again)
    assert first.request.data == wire(0x12, di("06000001") + b"\x01")
    assert first.request.answer_bytes == 4 + 12 + 5 + 200
    # the answer to a repeated question of the same number is taken as well
    assert ask.on_frame(part("06000001", 0xB2, cut[1], 9)) == NotMine("sequence")
    second = ask.on_frame(part("06000001", 0xB2, cut[1], 1))
    assert isinstance(second, Again)
    assert second.request.data == wire(0x12, di("06000001") + b"\x02")
    assert ask.on_frame(part("06000001", 0xB2, cut[1], 1)) == NotMine("sequence")
    assert ask.on_frame(part("06000001", 0x92, cut[2], 2)) == Done(())
    assert ask.data == whole
    found, _ = ask.fields()
    assert [field.value for field in found if field.name.endswith("time")] == [
        "2026-07-23 15:30"
    ] * 3


def test_load_records_may_be_asked_by_class() -> None:
    ask = Ask.load(METER, only=2, which=EARLIEST, count=1)
    assert ask.item == "06020000"
    assert Ask.load(METER, which=NEWEST).item == "06000002"


@pytest.mark.parametrize(("which", "since"), [(SINCE, None), (NEWEST, (26, 7, 23, 15, 30))])
def test_a_time_belongs_to_its_question_alone(which: int, since: tuple[int, ...] | None) -> None:
    with pytest.raises(ValueError, match="SINCE"):
        Ask.load(METER, which=which, since=since)


def test_freezes_and_events_have_their_identifiers() -> None:
    assert freeze_identifier("daily", 0x01) == 0x05060101
    assert freeze_identifier("timed", 0x00, 12) == 0x0500000C
    assert event_identifier(0x11, 0, 1) == 0x03110001
    assert event_identifier(0x30, 0x0D, 2) == 0x03300D02
    with pytest.raises(KeyError):
        freeze_identifier("weekly", 1)
    with pytest.raises(ValueError, match="byte"):
        event_identifier(0x11, 0, 256)


def test_a_daily_freeze_and_an_event_are_read() -> None:
    ask = Ask(METER, freeze_identifier("daily", 0x01))
    ask.start()
    answer = part("05060101", 0x91, bytes.fromhex("00030000 00010000 00020000"))
    assert ask.on_frame(answer) == Done(())
    assert [field.value for field in ask.fields()[0]] == [3.0, 1.0, 2.0]
    ask = Ask(METER, event_identifier(0x11, 0, 1))
    answer = part("03110001", 0x91, bytes.fromhex("563412230726 563512230726"))
    assert ask.on_frame(answer) == Done(())
    assert [field.value for field in ask.fields()[0]] == [
        "2026-07-23 12:34:56", "2026-07-23 12:35:56"
    ]  # fmt: skip


def test_a_refusal_says_whether_asking_again_is_of_use() -> None:
    verdict = Ask(METER, 0x05060101).on_frame(frame(METER, 0xD1, b"\x02"))
    assert isinstance(verdict, Refused)
    assert verdict.code & NO_DATA


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (frame(METER, 0x11, di("02800002")), "echo"),
        (frame("123456789013", 0x91, di("02800002") + b"\x00\x50"), "address"),
        (frame(METER, 0x94, b""), "function"),
        (frame(METER, 0x92, di("02800002") + b"\x00\x50\x01"), "function"),
        (frame(METER, 0x91, di("02800001") + b"\x00\x50"), "identifier"),
        (frame(METER, 0x91, di("02800002") + b"\x00"), "length"),
        (frame(METER, 0xB1, di("02800002")), "length"),
    ],
)
def test_what_is_not_the_answer_changes_nothing(answer: Frame645, why: str) -> None:
    ask = Ask(METER, 0x02800002)
    ask.start()
    assert ask.on_frame(answer) == NotMine(why)
    assert ask.data is None
    assert ask.on_frame(part("02800002", 0x91, b"\x00\x50")) == Done(())


def test_there_is_no_sequence_number_after_255() -> None:
    ask = Ask(METER, 0x06000000)
    verdict = ask.on_frame(part("06000000", 0xB1, b"\x00"))
    for sequence in range(1, 255):
        assert isinstance(verdict, Again)
        verdict = ask.on_frame(part("06000000", 0xB2, b"\x00", sequence))
    assert ask.on_frame(part("06000000", 0xB2, b"\x00", 255)) == NotMine("sequence")
    assert ask.on_frame(part("06000000", 0x92, b"\x00", 255)) == Done(())


def test_start_begins_anew() -> None:
    ask = Ask(METER, 0x06000000)
    first = ask.start()
    ask.on_frame(part("06000000", 0xB1, b"\x00"))
    assert ask.start() == first
    assert ask.on_frame(part("06000000", 0x91, block(KEPT))) == Done(())
    assert ask.data == block(KEPT)


def test_a_new_start_forgets_the_old_answer() -> None:
    ask = Ask(METER, 0x06000000)
    assert ask.on_frame(part("06000000", 0x91, block(KEPT))) == Done(())
    ask.start()
    assert ask.data is None
    assert ask.fields() == ([], [])


@pytest.mark.parametrize(("identifier", "length"), [(0x0001FF00, 20), (0x0201FF00, 6)])
def test_the_expected_length_is_the_usual_meters(identifier: int, length: int) -> None:
    assert Ask(METER, identifier, wake=1).start().answer_bytes == 1 + 12 + 4 + length


@given(
    identifier=st.sampled_from([0x0001FF00, 0x0506FF01, 0x06000000, 0x03010101, 0x12345678]),
    seen=st.lists(
        st.tuples(st.sampled_from([0x91, 0xB1, 0x92, 0xB2, 0xD1, 0x11]), st.binary(max_size=40)),
        max_size=8,
    ),
)
def test_no_frame_raises(identifier: int, seen: list[tuple[int, bytes]]) -> None:
    ask = Ask(METER, identifier)
    for control, data in seen:
        ask.on_frame(frame(METER, control, di(ask.item) + data))
        ask.fields()
