"""Any GET: fragments and blocks followed, rows of records, what is refused."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698 import requests as ask
from protocol.dlt698.fragments import LAST, MIDDLE, fragment_data, split
from protocol.dlt698.get import Get, GetRecord
from protocol.dlt698.moment import date_time_s
from protocol.dlt698.question import MOST_FOLLOW_UPS, Question
from protocol.dlt698.read import ReadObjects
from protocol.exchange import DLT698, Again, Done, NotMine, Refused, Request, Verdict
from tests.protocol.dlt698.test_read import FIVE, WANTED, five
from tests.protocol.dlt698.wire import METER, encode, frame

DAY, TIME, ENERGY = 0x50040200, 0x20210200, 0x00100201
COLUMNS = f"02 00 {TIME:08X} 00 {ENERGY:08X}"
WHEN = date_time_s(2026, 10, 5, 0, 0, 0)
ROW = f"1C {WHEN.hex()} 06 "


def day(count: int = 2) -> GetRecord:
    exchange = GetRecord(METER, DAY, ask.newest(count), [TIME, ENERGY])
    exchange.start()
    return exchange


def rows(*numbers: int) -> str:
    return f"01 {len(numbers):02X}" + "".join(f"{ROW}{number:08X}" for number in numbers)


def next_of(verdict: Verdict) -> Request:
    assert isinstance(verdict, Again)
    assert verdict.request.protocol == DLT698
    return verdict.request


def energies(exchange: Get) -> list[object]:
    return [one.value for one in exchange.decoded() if one.quantity == "energy_forward"]


def test_rows_of_a_record_are_asked_and_read() -> None:
    exchange = GetRecord(METER, DAY, ask.newest(2), [TIME, ENERGY], wake=1)
    request = exchange.start()
    asks = bytes.fromhex(f"05 03 00 50040200 09 02 {COLUMNS} 00")
    assert request.data == b"\xfe" + encode(asks, 0x43)
    assert (exchange.item, exchange.quantities, exchange.decoded()) == ("50040200", (), [])
    answer = f"85 03 00 50040200 {COLUMNS} {rows(123456, 123400)} 00 00"
    assert exchange.on_frame(frame(answer)) == Done(())
    assert [(one.name, one.value) for one in exchange.decoded()] == [
        ("row 1: freeze time", "2026-10-05 00:00:00"),
        ("row 1: forward active energy total", 1234.56),
        ("row 2: freeze time", "2026-10-05 00:00:00"),
        ("row 2: forward active energy total", 1234.0),
    ]
    assert exchange.decoded("zh")[1].name.endswith("正向有功电能总")
    (record,) = exchange.records
    assert len(record.outcome) == 2  # type: ignore[arg-type]


def test_no_rows_is_an_answer() -> None:
    exchange = day()
    assert exchange.on_frame(frame(f"85 03 00 50040200 {COLUMNS} 01 00 00 00")) == Done(())
    assert exchange.decoded() == []


def test_a_record_that_is_refused_is_a_refusal() -> None:
    exchange = day()
    verdict = exchange.on_frame(frame("85 03 00 50040200 00 00 06 00 00"))
    assert verdict == Refused(6, "object does not exist")
    assert exchange.decoded() == []


@pytest.mark.parametrize(
    "answer",
    [
        f"85 03 00 50020200 {COLUMNS} 01 00 00 00",
        f"85 03 00 50040200 01 00 {TIME:08X} 01 00 00 00",
        "85 01 00 50040200 00 06 00 00",
        "85 04 00 00 00 00",
    ],
)
def test_another_record_or_other_columns_are_not_mine(answer: str) -> None:
    exchange = day()
    assert exchange.on_frame(frame(answer)) == NotMine("identifier")
    assert exchange.decoded() == []


def test_all_columns_are_whatever_the_meter_stores() -> None:
    exchange = GetRecord(METER, DAY, ask.newest(1), [])
    exchange.start()
    assert exchange.on_frame(frame(f"85 03 00 50040200 {COLUMNS} {rows(7)} 00 00")) == Done(())
    assert energies(exchange) == [0.07]


def test_attributes_of_any_type_are_read_and_those_refused_noted() -> None:
    oads = [0x40010200, 0x40000200, 0x77770200]
    exchange = Get(METER, functools.partial(ask.encode_get_list, oads))
    exchange.start()
    verdict = exchange.on_frame(
        frame(
            "85 02 00 03 40010200 01 09 06 123456789012"
            f"40000200 01 1C {WHEN.hex()} 77770200 00 06 00 00"
        )
    )
    assert verdict == Done(())
    fields, notes = exchange.fields()
    assert [one.value for one in fields] == ["123456789012", "2026-10-05 00:00:00", None]
    assert notes == ["77770200: DAR 6 object does not exist"]
    exchange.start()
    assert exchange.decoded() == []


def test_what_is_no_get_is_refused_at_once() -> None:
    for build in (ask.encode_release, functools.partial(ask.encode_get_next, 1)):
        with pytest.raises(ValueError, match="no GET-Request"):
            Get(METER, build)


# ---- fragments -------------------------------------------------------------------------------


def test_an_answer_in_fragments_is_acknowledged_and_read() -> None:
    exchange = ReadObjects(METER, FIVE, wake=1)
    exchange.start()
    pieces = split(bytes.fromhex(five()), 24)
    for number, piece in enumerate(pieces[:-1]):
        request = next_of(exchange.on_frame(frame(piece, 0xE3)))
        word = (number | 2 << 14).to_bytes(2, "little")
        assert request.data == b"\xfe" + encode(word, 0x63)
        assert request.answer_bytes == 1 + len(encode(pieces[number + 1]))
    verdict = exchange.on_frame(frame(pieces[-1], 0xE3))
    assert isinstance(verdict, Done)
    assert [value.scaled for value in verdict.values] == WANTED


def test_a_fragment_that_comes_again_is_acknowledged_again_and_not_read_twice() -> None:
    exchange = ReadObjects(METER, FIVE)
    exchange.start()
    one, two, three = split(bytes.fromhex(five()), 24)
    first = exchange.on_frame(frame(one, 0xE3))
    assert exchange.on_frame(frame(one, 0xE3)) == first
    assert exchange.on_frame(frame(three, 0xE3)) == NotMine("sequence")
    exchange.on_frame(frame(two, 0xE3))
    verdict = exchange.on_frame(frame(three, 0xE3))
    assert isinstance(verdict, Done)


def test_fragments_of_a_late_answer_are_not_acknowledged() -> None:
    exchange = ReadObjects(METER, FIVE)
    exchange.start()
    exchange.start()
    for piece in split(bytes.fromhex(five(number=0)), 24):
        assert exchange.on_frame(frame(piece, 0xE3)) == NotMine("sequence")


def test_a_retry_gives_up_the_fragments_that_came() -> None:
    exchange = ReadObjects(METER, FIVE)
    exchange.start()
    one, two, _ = split(bytes.fromhex(five()), 24)
    exchange.on_frame(frame(one, 0xE3))
    exchange.start()
    assert exchange.on_frame(frame(two, 0xE3)) == NotMine("sequence")


def never_ends(exchange: Question, pieces: int) -> int:
    """Fragments without an end: how many were acknowledged."""
    head = bytes.fromhex(five())[:10]
    verdict = exchange.on_frame(frame(fragment_data(0, 0, head), 0xE3))
    count = 0
    while isinstance(verdict, Again):
        count += 1
        assert count < pieces
        piece = fragment_data(count, MIDDLE, b"")
        verdict = exchange.on_frame(frame(piece, 0xE3))
    assert verdict == NotMine("sequence")
    return count


def test_fragments_that_never_end_are_given_up() -> None:
    exchange = ReadObjects(METER, FIVE)
    exchange.start()
    assert never_ends(exchange, 5000) == MOST_FOLLOW_UPS
    last = fragment_data(5, LAST, b"")
    assert isinstance(exchange.on_frame(frame(last, 0xE3)), NotMine)


# ---- blocks ----------------------------------------------------------------------------------


def block(number: int, body: str, last: bool = False, piid: int = 0) -> str:
    return f"85 05 {piid:02X} {last:02X} {number:04X} {body} 00 00"


def test_rows_in_blocks_are_asked_for_and_joined() -> None:
    exchange = day(4)
    one = next_of(exchange.on_frame(frame(block(1, f"02 01 50040200 {COLUMNS} {rows(1, 2)}"))))
    assert one.data == b"\xfe" * 4 + encode(bytes.fromhex("05 05 00 0001 00"), 0x43)
    two = next_of(exchange.on_frame(frame(block(2, f"02 01 50040200 {COLUMNS} {rows(3)}"))))
    assert two.data[-6:-4] == b"\x00\x02"
    end = exchange.on_frame(frame(block(3, f"02 01 50040200 {COLUMNS} {rows(4)}", last=True)))
    assert end == Done(())
    assert energies(exchange) == [0.01, 0.02, 0.03, 0.04]
    assert len(exchange.records) == 1


def test_a_block_that_comes_again_or_too_soon_is_not_mine() -> None:
    exchange = day(4)
    first = frame(block(1, f"02 01 50040200 {COLUMNS} {rows(1)}"))
    next_of(exchange.on_frame(first))
    assert exchange.on_frame(first) == NotMine("sequence")
    late = frame(block(3, f"02 01 50040200 {COLUMNS} {rows(9)}", last=True))
    assert exchange.on_frame(late) == NotMine("sequence")
    plain = frame(f"85 03 00 50040200 {COLUMNS} {rows(9)} 00 00")
    assert exchange.on_frame(plain) == NotMine("service")
    exchange.on_frame(frame(block(2, f"02 01 50040200 {COLUMNS} {rows(2)}", last=True)))
    assert energies(exchange) == [0.01, 0.02]


def test_attributes_in_blocks_are_the_sweeps_values() -> None:
    exchange = ReadObjects(METER, FIVE)
    exchange.start()
    body = bytes.fromhex(five())[4:-2].hex()
    cut = body.index("20040201")
    next_of(exchange.on_frame(frame(block(0, f"01 02 {body[:cut]}"))))
    verdict = exchange.on_frame(frame(block(1, f"01 03 {body[cut:]}", last=True)))
    assert isinstance(verdict, Done)
    assert [value.scaled for value in verdict.values] == WANTED


def test_a_block_may_be_refused() -> None:
    exchange = day()
    next_of(exchange.on_frame(frame(block(1, f"02 01 50040200 {COLUMNS} {rows(1)}"))))
    verdict = exchange.on_frame(frame(block(2, "00 0A", last=True)))
    assert isinstance(verdict, Refused)
    assert verdict.code == 10


def test_blocks_without_an_end_are_given_up() -> None:
    exchange = day()
    verdict = exchange.on_frame(frame(block(0, "01 00")))
    count = 0
    while isinstance(verdict, Again):
        count += 1
        assert count < 70000
        verdict = exchange.on_frame(frame(block(count & 0xFFFF, "01 00")))
    assert count == MOST_FOLLOW_UPS
    assert verdict == NotMine("sequence")


PIECES = st.one_of(
    st.binary(max_size=30),
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.binary(max_size=30)).map(
        lambda one: fragment_data(one[0], one[1], bytes.fromhex("8503 00") * (not one[0]) + one[2])
    ),
    st.tuples(st.booleans(), st.integers(0, 3), st.binary(max_size=30)).map(
        lambda one: bytes((0x85, 5, 0, one[0], 0, one[1])) + one[2] + bytes(2)
    ),
    st.just(bytes.fromhex(block(0, "01 00"))),
    st.just(bytes.fromhex(block(0, f"02 01 50040200 {COLUMNS} {rows(1)}", last=True))),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(PIECES, st.booleans()), max_size=10))
def test_no_fragment_or_block_raises(seen: list[tuple[bytes, bool]]) -> None:
    exchange = day()
    for data, cut in seen:
        verdict = exchange.on_frame(frame(data, 0xE3 if cut else 0xC3))
        if isinstance(verdict, Done):
            assert [record.oad for record in exchange.records] == [DAY]
