"""The 698 meter at its limits: broken requests, tables set and denied, choices at their edges."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.hal.loader import run_main
from protocol.dlt698 import requests as ask
from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.axdr import Chosen, Data, Range, Road, Ti
from protocol.dlt698.parts import Dar
from tests.firmware_sim.firmware.bench698 import BROADCAST, Bench, frame, get, piece
from tests.firmware_sim.firmware.rows698 import Meter, at
from tests.firmware_sim.hal.test_main import MS, board
from tests.firmware_sim.held import NOW, Held, second

CURVE, DAYS, MONTHS = 0x50020200, 0x50040200, 0x50060200
TIME, COUNT, POWER = 0x20210200, 0x20230200, 0x20040200
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)


def moment(hours: int) -> Any:
    return ask.moment(at(NOW - timedelta(hours=hours)))


def curve(period: int, *oads: str, depth: int = 5952, second: int = 0) -> bytes:
    """SET of attribute 3 of the curve; the second column may have a period of its own."""
    data = bytes([0x01, len(oads)])
    for n, oad in enumerate(oads):
        one = second if second and n == 1 else period
        data += b"\2\3\x12" + one.to_bytes(2, "big") + b"\x51" + bytes.fromhex(oad)
        data += b"\x12" + depth.to_bytes(2, "big")
    return bytes.fromhex("06010750020300") + data + b"\0"


STORED = ("20000200", "20010200", "20040200", "00100200", "00200200")
REQUESTS = (
    get("20000201"),
    get("00100200", "20040200", "43000300"),
    ask.encode_get_record(CURVE, ask.between(TIME, moment(5), moment(1), Ti(1, 15)), (TIME,), 5),
    ask.encode_get_record(CURVE, ask.newest(200), (), 5),
    ask.encode_get_record(
        MONTHS,
        Chosen(10, (3, Chosen(3, ((bytes.fromhex("05370112100001"),),)))),
        (TIME, Road(MONTHS, (0x00100200,))),
        5,
    ),
    ask.encode_get_record(0x30110200, ask.everything(), (0x20220200, 0x201E0200), 5),
    ask.encode_get_next(0, 5),
    curve(5, *STORED),
    bytes.fromhex("0603070141030200" + "0A0241424103020000" + "00"),
    bytes.fromhex("07010740007F001C07EA0810141F2D00"),
    bytes.fromhex("0701005000030012000A00"),
    bytes.fromhex("02070010" + "FF" * 24 + "0080008001040000000064" + "0000"),
)
CUT, WRONG, MORE, OTHER = range(4)


@st.composite
def broken(draw: Any) -> bytes:
    """A request with some of it cut out, changed, put in or taken from another."""
    data = bytearray(draw(st.sampled_from(REQUESTS)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        match draw(st.integers(CUT, OTHER)):
            case 0:
                del data[place : place + draw(st.integers(1, 3))]
            case 1:
                data[place : place + 1] = draw(
                    st.sampled_from([b"\0", b"\1", b"\x7f", b"\x81", b"\x82", b"\xff"])
                )
            case 2:
                data[place:place] = draw(st.binary(min_size=1, max_size=3))
            case _:
                data[place:] = draw(st.sampled_from(REQUESTS))[place:]
    return bytes(data[:450])


@settings(max_examples=300, derandomize=True)
@given(
    st.lists(
        st.tuples(broken(), st.sampled_from([0x43, 0x4B, 0x63, 0x43]), st.integers(0, 3)),
        min_size=1,
        max_size=3,
    )
)
def test_broken_requests_get_a_readable_answer_or_silence_and_the_next_is_served(
    asked: list[tuple[bytes, int, int]],
) -> None:
    bench = Bench(3, memory=Held(3).store)
    for data, control, kind in asked:
        if control & 0x20:
            data = piece(data, kind, 0)
        got = bench.ask(frame(data, control=control))
        if got is not None and not got.control & 0x20:
            assert isinstance(parse(bytes(got.payload)), Apdu)
    assert bench.ask(frame(get("20000201"))).control == 0xC3


@settings(max_examples=150, derandomize=True)
@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from(REQUESTS).map(frame)),
                max_size=6))  # fmt: skip
def test_any_stream_of_bytes_is_survived(stream: list[bytes]) -> None:
    bench = Bench()
    for data in stream:
        bench.hear(data)
    bench.say()
    assert bench.ask(frame(get("20000201"))) is not None


def test_a_list_longer_than_the_answer_is_refused_object_by_object() -> None:
    bench = Bench(3, memory=Held(3).store)
    request = bytes([5, 2, 5, 0x81, 200]) + bytes.fromhex("50040300" * 200) + b"\0"
    half = len(request) // 3 + 1
    parts = [request[i : i + half] for i in range(0, len(request), half)]
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        got = bench.ask(frame(piece(part, 1 if last else 3 if n else 0, n), control=0x63))
    whole = b""
    for n in range(300):
        data = bytes(got.payload)
        whole += data[2:]
        if data[1] >> 6 == 1:
            break
        got = bench.ask(frame(piece(b"", 2, n), control=0x63))
    apdu = parse(whole)
    assert isinstance(apdu, Apdu)
    kinds = [type(one.outcome).__name__ for one in apdu.results]
    assert len(kinds) == 200
    assert kinds[:20] == ["Data"] * 20
    assert kinds.count("Dar") > 100
    assert {one.outcome.code for one in apdu.results if isinstance(one.outcome, Dar)} == {2}
    assert 7900 < len(whole) <= 8192


@pytest.mark.parametrize(
    ("receive", "most"), [(0, 64), (63, 64), (100, 100), (1024, 1024), (9000, 1024)]
)
def test_a_connection_settles_frames_between_64_and_1024_bytes(receive: int, most: int) -> None:
    bench = Bench()
    offer = bytes.fromhex("02070010" + "FF" * 24 + f"0400{receive:04X}" + "01040000000000" + "0000")
    bench.ask(frame(offer))
    bench.hear(frame(get(*["43000300"] * 30)))
    said = bench.say()
    assert said is not None
    assert len(said[1]) == 4 + most


def test_another_version_is_not_agreed_to() -> None:
    bench = Bench()
    offer = bytes.fromhex("02070011" + "FF" * 24 + "04000040" + "01040000000000" + "0000")
    assert bench.serve(offer)[-4] == 5


def test_bit_6_of_a_piid_is_not_given_back_for_it_says_that_a_report_waits() -> None:
    assert Bench().serve(get("20000201", piid=0xFF))[2] == 0xBF


def test_what_is_nested_too_deep_is_unreadable() -> None:
    data = bytes.fromhex("060107" + "41030200" + "0101" * 100 + "00" + "00")
    assert Bench().serve(data).hex() == "ee07010000"


@pytest.mark.parametrize(
    ("request_", "dar"),
    [
        (curve(5, *STORED), 0),
        (curve(5, *STORED, depth=100), 0),
        (curve(5, *STORED, second=10), 8),
        (curve(0, *STORED), 8),
        (curve(1441, *STORED), 8),
        (curve(5, *STORED, depth=0), 8),
        (curve(5, *STORED, depth=5953), 8),
        (curve(5, *STORED[:4]), 8),
        (curve(5, *STORED[:4], "20050200"), 8),
        (bytes.fromhex("060107" + "50020300" + "1105" + "00"), 7),
        (bytes.fromhex("060107" + "50040300" + "1105" + "00"), 3),
        (bytes.fromhex("060107" + "41030200" + "0A21" + "41" * 33 + "00"), 8),
        (bytes.fromhex("060107" + "41030200" + "0902" + "4142" + "00"), 7),
        (bytes.fromhex("060107" + "41030300" + "0A02" + "4142" + "00"), 6),
    ],
)
def test_what_is_set_is_taken_or_refused_with_its_reason_and_logged_only_if_taken(
    request_: bytes, dar: int
) -> None:
    bench = Bench(memory=Held(1).store)
    before = bench.value("50020300")
    assert bench.serve(request_)[7] == dar
    assert bench.value("30120400") == f"12000{int(dar == 0)}"
    assert (bench.value("50020300") != before) is (dar == 0)


def test_a_curve_of_less_depth_keeps_less_and_the_same_period_does_not_begin_anew() -> None:
    meter = Meter()
    assert len(meter.rows(CURVE, ask.newest(8), TIME)) == 8
    told = curve(15, *STORED, depth=7)[7:-1]
    assert meter.freezes.set_curve(told, 0, len(told), second(NOW)) == 0
    assert len(meter.rows(CURVE, ask.everything(), TIME)) == 7


def test_a_count_of_records_is_of_those_that_can_be_read() -> None:
    bench = Bench(memory=Held(1).store)
    assert bench.value("30110400") == "12000A"
    assert bench.value("30110500") == "12000A"


def test_an_action_on_what_only_a_three_phase_meter_has_is_undefined() -> None:
    for elements, dar in ((1, 4), (3, 3)):
        bench = Bench(elements, memory=Held(elements).store)
        assert bench.serve(bytes.fromhex("070107" + "10100100" + "0000"))[7] == dar


def test_an_average_without_elements_has_no_element() -> None:
    bench = Bench(3, memory=Held(3).store)
    assert bench.value("20170201") == "dar 6"
    assert bench.value("20070202") == "dar 6"


@pytest.mark.parametrize(
    ("hour", "minute", "told", "taken"),
    [
        (12, 0, (12, 4), True),
        (0, 4, (0, 6), False),
        (0, 6, (0, 4), False),
        (23, 54, (23, 56), False),
        (23, 56, (23, 54), False),
        (23, 50, (23, 54), True),
    ],
)
def test_the_time_is_not_set_within_five_minutes_of_midnight(
    hour: int, minute: int, told: tuple[int, int], taken: bool
) -> None:
    bench = Bench()
    bench.rtc = (2026, 8, 16, 0, hour, minute, 0, 0)
    data = "1C" + at(datetime(2026, 8, 16, *told)).hex()
    bench.ask(frame(bytes.fromhex("07010040007F00" + data + "00"), "AA", kind=BROADCAST))
    assert (bench.value("40000200") == data.upper()) is taken


def test_the_time_is_set_once_a_day_alone() -> None:
    bench = Bench()
    for told, kept in ((50, 50), (55, 50)):
        data = "1C" + at(NOW.replace(second=told)).hex()
        bench.ask(frame(bytes.fromhex("07010040007F00" + data + "00"), "AA", kind=BROADCAST))
        assert bench.value("40000200")[-2:] == f"{kept:02X}"


def test_a_broadcast_in_fragments_is_passed_over() -> None:
    # its first two bytes stand where the word of a fragment does
    apdu = bytes.fromhex("07010050000300" + "00" + "00")
    for control, kept in ((0x63, 0), (0x43, 1)):
        bench = Bench()
        bench.ask(frame(apdu, "AA", kind=BROADCAST, control=control))
        assert bench.meter.freezes.kept(0x5000, 0) == kept


def test_a_request_inside_a_frame_that_proves_false_is_found() -> None:
    outer = bytearray(frame(frame(get("20000201")) + bytes(20), wake=0))
    outer[-2] ^= 1
    assert Bench().ask(bytes(outer)) is not None


def test_bits_that_fill_no_byte_end_with_it() -> None:
    both = bytes.fromhex("06020702" + "41120200" + "0405A8" + "41030200" + "0A0141" + "00")
    assert Bench().serve(both).hex() == "86020702" + "4112020003" + "4103020000" + "0000"


def test_a_new_request_ends_an_answer_in_fragments() -> None:
    bench = Bench()
    assert bench.ask(frame(get(*["43000300"] * 20))).control == 0xE3
    assert bench.ask(frame(get("20000201"))).control == 0xC3
    assert bench.ask(frame(piece(b"", 2, 0), control=0x63)) is None


def test_a_request_in_fragments_ends_an_answer_in_fragments() -> None:
    bench = Bench()
    assert bench.ask(frame(get(*["43000300"] * 20))).control == 0xE3
    assert bench.ask(frame(piece(get("20000201")[:3], 0, 0), control=0x63)) is not None
    assert bench.ask(frame(piece(b"", 2, 0), control=0x63)) is None


@pytest.mark.parametrize(
    ("kind", "low", "high", "meant"),
    [
        (0, 1, 2, True), (0, 0, 1, False), (1, 1, 2, False), (1, 0, 1, True),
        (2, 1, 1, True), (3, 0, 2, True), (3, 1, 2, False), (3, 0, 1, False), (2, 2, 3, False),
    ],
)  # fmt: skip
def test_a_range_of_addresses_is_open_where_its_kind_says(
    kind: int, low: int, high: int, meant: bool
) -> None:
    low_tsa, high_tsa = (bytes.fromhex("55" + "0705" + f"37011210000{n}") for n in (low, high))
    rsd = b"\x0a\x01" + b"\x06\x01" + bytes([kind]) + low_tsa + high_tsa
    asked = DAYS.to_bytes(4, "big") + rsd + b"\x01\x00" + TIME.to_bytes(4, "big")
    record = Meter().record(asked)
    assert isinstance(record.outcome, tuple)
    assert len(record.outcome) == int(meant)


def test_several_ranges_are_refused_and_one_is_a_range() -> None:
    one = Range(*ask.between(TIME, moment(72), moment(0)).parts)
    assert len(Meter().rows(DAYS, Chosen(3, ((one,),)), TIME)) == 3
    assert Meter().refusal(DAYS, Chosen(3, ((one, one),)), TIME) == 8


def test_years_are_twelve_months() -> None:
    start = ask.moment(at(datetime(2025, 9, 1)))
    rows = Meter().rows(MONTHS, ask.between(TIME, start, moment(0), Ti(5, 1)), TIME)
    assert rows == [[datetime(2025, 9, 1)]]


def test_an_index_names_the_nth_newest_row() -> None:
    rows = Meter().rows(DAYS + 3, ask.everything(), TIME)
    assert rows == [[MIDNIGHT - timedelta(days=2)]]


def test_a_number_that_has_not_come_yet_gives_no_row() -> None:
    meter = Meter()
    ((number,),) = meter.rows(DAYS, ask.newest(1), COUNT)
    ahead = ask.between(COUNT, Data(6, number + 1), Data(6, number + 9))
    assert meter.rows(DAYS, ahead, TIME) == []
    near = ask.between(COUNT, Data(6, number - 1), Data(6, number + 1))
    assert meter.rows(DAYS, near, COUNT) == [[number - 1], [number]]


def test_freezes_are_counted_by_the_periods_since_2000() -> None:
    ((days,),) = Meter().rows(DAYS, ask.newest(1), COUNT)
    assert days == (NOW - datetime(2000, 1, 1)).days
    ((months,),) = Meter().rows(MONTHS, ask.newest(1), COUNT)
    assert months == 26 * 12 + 7


def test_a_road_of_another_record_is_null() -> None:
    road = Road(CURVE, (0x00100201,))
    assert Meter().rows(DAYS, ask.newest(1), road) == [[None]]


def test_events_are_chosen_by_start_and_by_end() -> None:
    start, end = Held.event(0x11, 0, 3)
    everyone = Chosen(1, ())
    for kind, when in ((6, start), (7, end), (8, end)):
        span = (at(when), at(when + timedelta(seconds=1)), Ti(0, 0), everyone)
        rows = Meter().rows(0x30110200, Chosen(kind, span), 0x201E0200)
        assert rows == [[start]], kind


def test_features_1_and_2_of_a_column_are_of_the_start_3_and_4_of_the_end() -> None:
    start, end = (Held(1).energy(1, 0, when) for when in Held.event(0x2D, 0, 1))
    columns = (0x00102201, 0x00104201, 0x00106201, 0x00108201)
    assert Meter().rows(0x301B0200, ask.newest(1), *columns) == [[start, start, end, end]]


def test_only_the_whole_of_a_key_column_chooses_rows() -> None:
    assert Meter().refusal(DAYS, ask.where(0x20210300, moment(0)), TIME) == 8


def test_main_answers_on_the_board_after_the_delay() -> None:
    one = board(2000)
    end = one.listen(frame(get("20000201")), 50 * MS, 9600)
    one.listen(frame(get("20000201"), "370112100002"), 900 * MS, 9600)
    run_main(one, "meter698")
    [(start, _, data)] = one.sent
    assert data.lstrip(b"\xfe")[14:-3].hex().endswith("85010520000201" + "01120899" + "0000")
    assert end + 20 * MS - 1000 <= start <= end + 21 * MS
