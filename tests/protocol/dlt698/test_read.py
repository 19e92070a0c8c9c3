"""One read of attributes: what each frame on the line means to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cext.framing698 import Frame698
from protocol.dlt698.apdu import Apdu, encode, parse
from protocol.dlt698.axdr import Data
from protocol.dlt698.parts import Dar
from protocol.dlt698.read import ReadObjects, asked
from protocol.dlt698.table import entries, values
from protocol.exchange import DLT698, Done, Exchange, NotMine, Refused
from protocol.quantity import quantity
from tests.protocol.dlt698.strategies import ANY_APDU
from tests.protocol.dlt698.wire import METER, OTHER, frame
from tests.protocol.dlt698.wire import encode as framed

FIVE = ["20000201", "20010201", "20040201", "200A0201", "00100201"]
GOOD = {
    "20000201": "01 12 0899",
    "20010201": "01 05 00001388",
    "20040201": "01 05 FFFFE890",
    "200A0201": "01 10 FC82",
    "00100201": "01 06 0001E240",
}
NAMES = ["voltage_a", "current_a", "active_power", "power_factor", "energy_forward"]
WANTED = [2201, 5000, -6000, -894, 123456]


def five(changed: dict[str, str] | None = None, tail: str = "00 00", number: int = 0) -> str:
    given = GOOD | (changed or {})
    return f"85 02 {number:02X} 05" + "".join(f"{oad} {given[oad]}" for oad in FIVE) + tail


def begun(oads: list[str] | None = None, address: str = METER) -> ReadObjects:
    exchange = ReadObjects(address, FIVE if oads is None else oads)
    exchange.start()
    return exchange


def said(verdict: object) -> dict[str, int | None]:
    assert isinstance(verdict, Done)
    return {value.quantity.name: value.scaled for value in verdict.values}


def test_one_attribute_is_asked_by_get_normal() -> None:
    exchange: Exchange = ReadObjects("000000000000", [0x20000201], wake=0)
    # 600888/dlt698, guide/voltage.md: request and answer
    request = exchange.start()
    assert request.data == bytes.fromhex(
        "68 17 00 43 05 00 00 00 00 00 00 00 72 79 05 01 00 20 00 02 01 00 3D A7 16"
    )
    assert (request.answer_bytes, request.expect, request.protocol) == (30, None, DLT698)
    assert (exchange.address, exchange.item) == ("000000000000", "20000201")
    assert exchange.quantities == (quantity("voltage_a"),)
    answer = "85 01 00 20 00 02 01 01 12 09 6D 00 00"
    assert said(exchange.on_frame(frame(answer, address="000000000000"))) == {"voltage_a": 2413}


def test_several_are_asked_by_one_list_and_answered_in_so_many_bytes() -> None:
    exchange = ReadObjects(METER, FIVE, wake=4)
    request = exchange.start()
    asks = bytes.fromhex("05 02 00 05" + "".join(FIVE) + "00")
    assert request.data == b"\xfe" * 4 + framed(asks, 0x43)
    assert request.answer_bytes == 4 + len(framed(bytes.fromhex(five())))
    assert exchange.item == ",".join(FIVE)
    assert said(exchange.on_frame(frame(five()))) == dict(zip(NAMES, WANTED, strict=True))


def test_whole_attributes_bring_all_their_elements() -> None:
    exchange = begun(["20000200", "00100200"])
    body = (
        "20000200 01 01 03 12 0899 12 089A 12 089B"
        "00100200 01 01 05 06 00000005 06 00000001 06 00000001 06 00000001 06 00000002"
    )
    verdict = exchange.on_frame(frame(f"85 02 00 02 {body} 00 00"))
    assert list(said(verdict).values()) == [2201, 2202, 2203, 5, 1, 1, 1, 2]


def test_fewer_elements_leave_none_and_more_are_passed_over() -> None:
    few = begun(["20000200"]).on_frame(frame("85 01 00 20000200 01 01 01 12 0899 00 00"))
    assert said(few) == {"voltage_a": 2201, "voltage_b": None, "voltage_c": None}
    many = begun(["20000200"]).on_frame(
        frame("85 01 00 20000200 01 01 04 12 0001 12 0002 12 0003 12 0004 00 00")
    )
    assert list(said(many).values()) == [1, 2, 3]


def test_null_is_no_value_and_no_refusal() -> None:
    verdict = begun().on_frame(frame(five({"20010201": "01 00"})))
    assert said(verdict)["current_a"] is None
    assert isinstance(verdict, Done)
    assert verdict.refused == ""
    whole = begun(["20000200"]).on_frame(frame("85 01 00 20000200 01 00 00 00"))
    assert list(said(whole).values()) == [None, None, None]


def test_what_one_is_refused_stands_beside_the_values_of_the_rest() -> None:
    verdict = begun().on_frame(frame(five({"200A0201": "00 06"})))
    assert "power_factor" not in said(verdict)
    assert len(said(verdict)) == 4
    assert isinstance(verdict, Done)
    assert verdict.refused == "200A0201 object does not exist"


def test_all_refused_is_a_refusal() -> None:
    assert begun(["200A0201"]).on_frame(frame("85 01 00 200A0201 00 06 00 00")) == Refused(
        6, "object does not exist"
    )
    both = begun(["200A0201", "200F0200"]).on_frame(
        frame("85 02 00 02 200A0201 00 06 200F0200 00 04 00 00")
    )
    assert both == Refused(6, "200A0201 object does not exist; 200F0200 object undefined")


@pytest.mark.parametrize("foreign", ["01 06 00000899", "01 10 0899", "01 01 01 12 0899"])
def test_another_type_than_the_tables_gives_no_value(foreign: str) -> None:
    verdict = begun().on_frame(frame(five({"20000201": foreign})))
    assert "voltage_a" not in said(verdict)
    assert isinstance(verdict, Done)
    assert verdict.refused == "20000201 type is not that of the table"


def test_results_in_another_order_are_told_apart_by_their_oad() -> None:
    shuffled = "".join(f"{oad} {GOOD[oad]}" for oad in reversed(FIVE))
    verdict = begun().on_frame(frame(f"85 02 00 05 {shuffled} 00 00"))
    assert said(verdict) == dict(zip(NAMES, WANTED, strict=True))


@pytest.mark.parametrize(
    "tail", ["00 01 07EA0A05080000 01 0005", "01 01 01 20000201 01 12 096D 00"]
)
def test_a_time_tag_or_a_report_behind_the_answer_changes_nothing(tail: str) -> None:
    assert list(said(begun().on_frame(frame(five(tail=tail)))).values()) == WANTED


@pytest.mark.parametrize("number", [0x40, 0x80, 0xC0])
def test_priority_and_a_waiting_report_are_passed_over_in_the_number(number: int) -> None:
    assert list(said(begun().on_frame(frame(five(number=number)))).values()) == WANTED


def test_each_start_takes_the_next_number_and_a_late_answer_is_not_mine() -> None:
    exchange = ReadObjects(METER, FIVE)
    numbers = [exchange.start().data[4 + 14 + 2] for _ in range(65)]
    assert numbers == [*range(64), 0]
    exchange.start()
    assert exchange.on_frame(frame(five(number=0))) == NotMine("sequence")
    assert list(said(exchange.on_frame(frame(five(number=1)))).values()) == WANTED


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (frame("05 01 00 20000201 00", 0x43), "echo"),
        (frame(five(), address=OTHER), "address"),
        (frame(five(), address="1234567890"), "address"),
        (frame(five(), flag=0x10), "address"),
        (frame(five(), flag=0x40), "address"),
        (frame(five(), 0x83), "function"),
        (frame(five(), 0x81), "function"),
        (frame(five(number=1)), "sequence"),
        (frame("85 01 00 20000202 01 12 0899 00 00"), "identifier"),
        (frame("85 02 00 01 20000201 01 12 0899 00 00"), "identifier"),
        (frame("85 02 00 00 00 00"), "identifier"),
        (frame("85 03 00 50040200 00 00 00 00 00"), "service"),
        (frame("86 01 00 20000201 00 00 00"), "service"),
        (frame("90 00 00 00"), "service"),
        (frame(five()[:-5]), "length"),
        (frame("85 01"), "length"),
        (frame(""), "length"),
    ],
)
def test_what_is_no_answer_to_this_is_not_mine(given: Frame698, why: str) -> None:
    exchange = begun()
    assert exchange.on_frame(given) == NotMine(why)
    assert list(said(exchange.on_frame(frame(five()))).values()) == WANTED


def test_a_scrambled_answer_is_read() -> None:
    sent = bytes((byte + 0x33) % 256 for byte in bytes.fromhex(five()))
    assert list(said(begun().on_frame(frame(sent, 0xCB))).values()) == WANTED


@pytest.mark.parametrize("wild", ["AAAAAAAAAAAA", "AAAA56789012", "12345678901A"])
def test_a_wildcard_is_so_marked_and_takes_the_meter_that_answers(wild: str) -> None:
    exchange = ReadObjects(wild, FIVE)
    sent = exchange.start().data
    assert sent[4 + 4 : 4 + 11] == b"\x45" + bytes.fromhex(wild)[::-1]
    assert list(said(exchange.on_frame(frame(five()))).values()) == WANTED


def test_a_wildcard_takes_no_meter_that_differs_elsewhere() -> None:
    assert begun(address="AAAA56789012").on_frame(frame(five(), address=OTHER)) == NotMine(
        "address"
    )


def test_a_meter_that_cannot_answer_the_service_refuses() -> None:
    verdict = begun().on_frame(frame("EE 00 02 00 00"))
    assert verdict == Refused(2, "the meter cannot answer this service (ERROR 2)")
    assert begun().on_frame(frame("EE 01 02 00 00")) == NotMine("sequence")


@pytest.mark.parametrize("address", ["", "12345678901", "1234567890123", "12345678901X"])
def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        ReadObjects(address, FIVE)


@pytest.mark.parametrize("oad", ["77770200", "50040200", "00100206", "200F0201", "20020200", "X"])
def test_what_is_no_quantity_is_refused_at_once(oad: str) -> None:
    with pytest.raises(KeyError):
        ReadObjects(METER, [oad])


@pytest.mark.parametrize("count", [0, 128])
def test_no_attribute_and_too_many_are_refused_at_once(count: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.127"):
        ReadObjects(METER, [0x20000201] * count)


READABLE = [
    row.oi << 16 | row.attribute << 8 | place
    for row in entries().values()
    for place in range((row.axis != "one") * len(row.quantities) + 1)
    if row.quantities
]
RESULTS = st.lists(
    st.tuples(
        st.sampled_from([int(oad, 16) for oad in FIVE]),
        st.one_of(
            st.binary(max_size=9),
            st.sampled_from([bytes.fromhex(text) for text in (*GOOD.values(), "0006", "0100")]),
        ),
    ),
    max_size=6,
)


@pytest.mark.parametrize("oad", READABLE, ids=lambda oad: f"{oad:08X}")
def test_every_quantity_of_the_table_is_read_as_the_table_reads_it(oad: int) -> None:
    one = asked(oad)
    datum = bytearray(one.skeleton)
    for place in range(len(datum)):
        if place not in one.fixed:
            datum[place] = place % 100 + 1
    apdu = bytes.fromhex(f"85 01 00 {oad:08X} 01") + bytes(datum) + bytes(2)
    parsed = parse(apdu)
    assert isinstance(parsed, Apdu)
    (result,) = parsed.results
    assert isinstance(result.outcome, Data)
    exchange = begun([f"{oad:08X}"])
    assert exchange.on_frame(frame(apdu)) == Done(values(oad, result.outcome))
    assert exchange.start().answer_bytes == 4 + 17 + len(apdu)


@settings(max_examples=400)
@given(RESULTS, st.sampled_from([0, 0, 0, 1, 0x40]), st.sampled_from([b"\0\0", b"\0", b"\0\0\0"]))
def test_a_done_has_only_values_of_what_was_asked(
    results: list[tuple[int, bytes]], number: int, tail: bytes
) -> None:
    """Whatever stands in the list: no exception, and no value that the table does not give."""
    body = b"".join(oad.to_bytes(4, "big") + datum for oad, datum in results)
    data = bytes((0x85, 2, number, len(results))) + body + tail
    verdict = begun().on_frame(frame(data))
    if not isinstance(verdict, Done):
        return
    apdu = parse(data)
    assert isinstance(apdu, Apdu)
    assert apdu.number == 0
    assert sorted(one.oad for one in apdu.results) == sorted(int(oad, 16) for oad in FIVE)
    wanted = {
        value.quantity.name: value.scaled
        for one in apdu.results
        if not isinstance(one.outcome, Dar)
        for value in values(one.oad, one.outcome)
    }
    assert said(verdict) == wanted
    assert bool(verdict.refused) == (len(wanted) < len(FIVE))


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.binary(max_size=60), ANY_APDU.map(encode)),
            st.sampled_from([0xC3, 0xE3, 0xCB, 0xEB, 0x43, 0x83, 0x81]),
            st.booleans(),
            st.sampled_from([0x00, 0x40, 0x10, 0xC0]),
        ),
        max_size=6,
    )
)
def test_no_frame_raises_and_none_of_them_is_a_value(
    seen: list[tuple[bytes, int, bool, int]],
) -> None:
    exchange = begun()
    for data, control, mine, flag in seen:
        verdict = exchange.on_frame(frame(data[:1500], control, METER if mine else OTHER, flag))
        assert not isinstance(verdict, Done)
