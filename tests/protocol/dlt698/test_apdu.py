"""Services: every kind there and back, bounds, any bytes."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.apdu import Apdu, Unread, encode, parse, to_json
from protocol.dlt698.axdr import Data
from protocol.dlt698.parts import Record, Records, Result, Results
from protocol.dlt698.services import SERVICES
from protocol.dlt698.wire import MOST_BYTES
from tests.protocol.dlt698.strategies import ANY_APDU, BODIES, apdu


def test_every_service_of_every_kind_is_tried() -> None:
    assert set(BODIES) == {(tag, kind) for tag, one in SERVICES.items() for kind in one.kinds}
    for (tag, kind), body in BODIES.items():
        named = SERVICES[tag].kinds[kind].parts + SERVICES[tag].tail
        assert list(body) == [part.name for part in named]


@pytest.mark.parametrize(("tag", "kind"), sorted(BODIES))
def test_every_service_comes_back_as_it_was(tag: int, kind: int) -> None:
    @given(apdu(tag, kind))
    @settings(max_examples=8)
    def there_and_back(sent: Apdu) -> None:
        got = parse(encode(sent))
        assert got == sent
        assert encode(sent) == encode(got)
        said = json.loads(msgspec.json.encode(to_json(sent)))
        assert said["service"] == SERVICES[tag].name

    there_and_back()


@given(st.binary(max_size=120))
@settings(max_examples=250)
def test_any_bytes_are_an_apdu_or_said_not_to_be(raw: bytes) -> None:
    got = parse(raw)
    if isinstance(got, Apdu):
        json.loads(msgspec.json.encode(to_json(got)))
    else:
        assert 0 <= got.at <= len(raw)
        assert got.why


@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=120))
@settings(max_examples=250)
def test_any_bytes_behind_a_services_head_are_read_or_refused(
    key: tuple[int, int], rest: bytes
) -> None:
    tag, kind = key
    got = parse(bytes((tag, kind) if kind else (tag,)) + rest)
    if isinstance(got, Apdu):
        json.loads(msgspec.json.encode(to_json(got)))


@given(ANY_APDU, st.data())
@settings(max_examples=80)
def test_an_apdu_that_ends_too_early_or_too_late_is_none(one: Apdu, draw: st.DataObject) -> None:
    sent = encode(one)
    size = draw.draw(st.integers(0, len(sent) - 1))
    # rows under ROAD columns can be read two ways, and a byte more or less may make the other right
    either = "Road(" in repr(one)
    assert either or isinstance(parse(sent[:size]), Unread)
    assert either or isinstance(parse(sent + b"\x00"), Unread)


@given(ANY_APDU, st.data())
@settings(max_examples=80)
def test_an_apdu_with_a_byte_changed_is_read_or_refused(one: Apdu, draw: st.DataObject) -> None:
    sent = bytearray(encode(one))
    place = draw.draw(st.integers(0, len(sent) - 1))
    sent[place] ^= draw.draw(st.integers(1, 255))
    got = parse(bytes(sent))
    if isinstance(got, Apdu):
        json.loads(msgspec.json.encode(to_json(got)))


def refusal(text: str) -> Unread:
    got = parse(bytes.fromhex(text))
    assert isinstance(got, Unread)
    return got


def test_what_is_wrong_is_named_with_its_place() -> None:
    assert refusal("").tag is None
    assert refusal("77 01 00") == Unread("unknown service 77", 0, 0x77)
    assert refusal("05 06 00") == Unread("unknown kind 06 of GET-Request", 1, 5)
    assert refusal("05 01 00 20 00 02 00 00 FF") == Unread("1 bytes too many", 8, 5)
    assert refusal("85 01 00 20 00 02 00 02") == Unread("result choice 02", 8, 0x85)
    assert refusal("85 01 00 20 00 02 00 01 07") == Unread("unknown type 07", 8, 0x85)
    assert refusal("05 01 00 20 00 02 00 02") == Unread("optional part begins with 02", 8, 5)


def test_rows_of_no_column_are_refused_for_they_could_be_without_number() -> None:
    head = "85 03 00 50 04 02 00 00 01"
    assert "rows of no column" in refusal(f"{head} 01 00 00").why
    assert isinstance(parse(bytes.fromhex(f"{head} 00 00 00")), Apdu)


def test_a_count_that_lies_is_refused_before_anything_is_made_of_it() -> None:
    assert "elements announced" in refusal("05 02 00 84 FF FF FF FF 20 00 02 00 00").why
    assert "elements announced" in refusal("85 03 00 50 04 02 00 01 00 20 00 02 00 01 82 FF FF").why


def test_an_apdu_longer_than_the_bound_is_refused() -> None:
    for size, fits in ((MOST_BYTES, True), (MOST_BYTES + 1, False)):
        head = bytes.fromhex("10 00 82") + (size - 8).to_bytes(2, "big")
        got = parse(head + bytes(size - 8) + bytes.fromhex("01 01 00"))
        assert isinstance(got, Apdu) == fits


def test_a_reserved_bit_of_the_piid_is_taken_as_sent() -> None:
    got = parse(bytes.fromhex("05 01 41 20 00 02 00 00"))
    assert isinstance(got, Apdu)
    assert (got.piid, got.number) == (0x41, 1)


def test_results_and_records_are_found_wherever_they_stand() -> None:
    result = Result(0x20000200, Data(0x12, 1))
    record = Record(0x50040200, (0x00100201,), ((Data(0x06, 1),),))
    block = {"last": True, "block": 1}
    assert Apdu(0x85, 1, 0, {"results": (result,)}).results == (result,)
    assert Apdu(0x85, 5, 0, {**block, "outcome": Results((result,))}).results == (result,)
    assert Apdu(0x85, 3, 0, {"record": record}).records == (record,)
    assert Apdu(0x85, 4, 0, {"records": (record,)}).records == (record,)
    assert Apdu(0x85, 5, 0, {**block, "outcome": Records((record,))}).records == (record,)
    asked = parse(bytes.fromhex("05 03 00 50 04 02 00 00 00 00"))
    assert isinstance(asked, Apdu)
    assert (asked.results, asked.records) == ((), ())


ROAD_ROWS = "85 03 00 60 12 03 00 01 01 50 04 02 00 02 20 21 02 00 00 10 02 01 01 01"


@pytest.mark.parametrize(
    ("row", "cells", "data"),
    [
        ("06 00 00 00 07", (0x50040200,), (Data(0x06, 7),)),
        ("00 06 00 00 00 07", (0x20210200, 0x00100201), (Data(0x00, None), Data(0x06, 7))),
    ],
)
def test_a_road_column_has_one_datum_or_one_for_each_of_its_objects(
    row: str, cells: tuple[int, ...], data: tuple[Data, ...]
) -> None:
    sent = bytes.fromhex(f"{ROAD_ROWS} {row} 00 00")
    got = parse(sent)
    assert isinstance(got, Apdu)
    (record,) = got.records
    assert (record.cells(), record.outcome) == (cells, (data,))
    assert encode(got) == sent
    assert isinstance(parse(sent[:-1]), Unread)


@pytest.mark.parametrize(
    "wrong",
    [
        Apdu(0x05, 1, 0, {}),
        Apdu(0x05, 9, 0, {}),
        Apdu(0x77, 0, 0, {}),
        Apdu(0x05, 1, 256, {"oad": 1}),
        Apdu(0x05, 1, 0, {"oad": -1}),
        Apdu(0x05, 1, 0, {"oad": "20000200"}),
        Apdu(0x85, 1, 0, {"results": ()}),
        Apdu(0x85, 3, 0, {"record": Record(1, (1,), ((),))}),
    ],
)
def test_what_does_not_fit_is_not_written(wrong: Apdu) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode(wrong)
