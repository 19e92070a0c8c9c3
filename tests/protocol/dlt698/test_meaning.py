"""What frames say: refusals, envelopes, addresses, any bytes; one meaning with DL/T 645."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cext.framing698 import Frame698, build698
from protocol.decode import decode
from protocol.decoded import Decoded
from protocol.dlt698.apdu import Apdu, encode
from protocol.dlt698.describe import describe
from protocol.dlt698.find import find, wrong
from protocol.dlt698.fragments import fragment_data, split
from protocol.dlt698.meaning import direction, meaning, meanings
from tests.edge.wire645 import answer
from tests.protocol.dlt698.strategies import ANY_APDU

METER = bytes.fromhex("123456789012")


def frame(data: bytes, control: int = 0xC3, kind: int = 0, address: bytes = METER) -> Frame698:
    (one,) = find(build698(control, address, kind, 0, 0, data, 4))
    return one


def said(apdu: str, control: int = 0xC3, lang: str = "en") -> Decoded:
    return meaning(frame(bytes.fromhex(apdu), control), lang)


@pytest.mark.parametrize(
    ("control", "way"),
    [
        (0x43, "request"),
        (0xC3, "response"),
        (0x83, "report"),
        (0x03, "response"),
        (0x81, "request"),
        (0x01, "response"),
        (0x63, "request"),
        (0xA3, "report"),
        (0xCB, "response"),
    ],
)
def test_a_control_byte_says_which_way_a_frame_goes(control: int, way: str) -> None:
    assert direction(control) == way


def test_a_refused_attribute_is_the_frames_error() -> None:
    one = said("85 01 00 200F0200 00 04 00 00")
    assert one.error is not None
    assert (one.error.code, one.error.text) == ("04", "object undefined")
    assert [value.value for value in one.values] == [None]
    assert one.note == ""


def test_a_set_attribute_says_its_outcome() -> None:
    assert said("86 01 00 40000200 00 00 00").values[0].value == "ok"
    refused = said("86 01 00 40000200 03 00 00")
    assert refused.error is not None
    assert refused.error.text == "access denied"


def test_a_called_method_says_its_outcome() -> None:
    refused = said("87 01 00 43000100 14 00 00 00", lang="zh")
    assert refused.error is not None
    assert refused.error.text == "安全认证不匹配"


def test_a_set_request_shows_what_is_to_be() -> None:
    one = said("06 01 00 40000200 1C 07EA0A05080000 00", 0x43)
    assert (one.direction, one.identifier) == ("request", "40000200")
    assert one.values[0].value == "2026-10-05 08:00:00"


def test_a_value_in_a_row_is_a_quantity_only_beside_its_time() -> None:
    bare = said("85 03 00 50040200 01 00 00100201 01 01 06 0001E240 00 00")
    assert [value.quantity for value in bare.values] == [None]
    timed = said(
        "85 03 00 50040200 02 00 20210200 00 00100201 01 01 1C 07EA0A05000000 06 0001E240 00 00"
    )
    assert [value.quantity for value in timed.values] == [None, "energy_forward"]


@pytest.mark.parametrize(
    ("kind", "note"), [(1, "wildcard address"), (2, "group address"), (3, "broadcast")]
)
def test_an_address_that_is_not_one_meters_is_named(kind: int, note: str) -> None:
    one = meaning(frame(bytes.fromhex("05 01 00 40010200 00"), 0x43, kind, b"\xaa" * 6))
    assert note in one.note


def test_a_security_envelope_is_opened_and_said_to_be_unverified() -> None:
    inner = bytes.fromhex("85 01 00 20000201 01 12 096D 00 00")
    carried = bytes((0x90, 0, len(inner))) + inner + bytes.fromhex("01 00 04 DEADBEEF")
    one = meaning(frame(carried))
    assert one.apdu is not None
    assert one.apdu["apdu"]["service"] == "GET-Response"
    assert one.apdu["verification"] == {"mac": "DEADBEEF"}
    assert (one.values[0].quantity, one.values[0].value) == ("voltage_a", 241.3)
    assert "not verified" in one.note


def test_an_enciphered_apdu_is_shown_as_sent() -> None:
    one = said("90 01 03 AABBCC 00")
    assert one.apdu is not None
    assert one.apdu["cipher"] == "AABBCC"
    assert "not verified" in one.note


def test_a_security_envelope_in_another_is_not_opened() -> None:
    inner = bytes.fromhex("10 00 01 05 01 01 00")
    one = meaning(frame(bytes((0x10, 0, len(inner))) + inner + bytes.fromhex("01 01 00"), 0x43))
    assert one.apdu is not None
    assert "apdu" not in one.apdu


def test_a_waiting_report_and_one_that_follows_are_said() -> None:
    one = said("85 01 40 200F0200 01 12 1388 01 01 01 20000201 01 12 096D 00")
    assert one.note == "a report is waiting (ACD); with a report behind it"
    assert [value.quantity for value in one.values] == ["frequency", "voltage_a"]


def test_an_unknown_object_and_a_foreign_type_are_shown_as_sent() -> None:
    unknown = said("85 01 00 77770200 01 12 096D 00 00")
    assert (unknown.values[0].value, unknown.note) == (2413, "object not in the table")
    foreign = said("85 01 00 200F0200 01 06 00001388 00 00")
    assert (foreign.values[0].quantity, foreign.values[0].unit) == (None, "")
    assert foreign.note == "type is not that of the table"


def test_an_apdu_that_is_none_is_shown_as_sent_with_the_reason() -> None:
    one = said("85 01 00 200F0200 01 07")
    assert (one.apdu, one.values[0].value) == (None, "85 01 00 20 0F 02 00 01 07")
    assert one.note == "APDU not understood: unknown type 07 at byte 8"


def test_fragments_of_two_meters_between_each_other_are_kept_apart() -> None:
    apdu = bytes.fromhex("85 01 00 20000201 01 12 096D 00 00")
    other = bytes.fromhex("999999999998")
    frames = []
    for piece in split(apdu, 5):
        frames += [frame(piece, 0xE3), frame(piece, 0xE3, 0, other)]
    last = list(meanings(frames))[-2:]
    assert [one.address for one in last] == [METER.hex(), other.hex()]
    assert [one.values[0].value for one in last] == [241.3, 241.3]


def test_a_fragment_out_of_order_is_said_to_be_unused() -> None:
    (one,) = meanings([frame(fragment_data(3, 3, b"x"), 0xE3)])
    assert one.note == "fragment 3, middle; fragment not used: order"


@pytest.mark.parametrize(
    ("identifier", "bcd", "apdu"),
    [
        ("02010100", "0122", "20000201 01 12 0899"),
        ("02030000", "006000", "20040201 01 05 00001770"),
        ("02060000", "9408", "200A0201 01 10 037E"),
        ("02800002", "9849", "200F0200 01 12 1386"),
        ("00010000", "56341200", "00100201 01 06 0001E240"),
    ],
)
def test_one_reading_is_the_same_quantity_and_integer_from_645_and_698(
    identifier: str, bcd: str, apdu: str
) -> None:
    ours = said(f"85 01 00 {apdu} 00 00").values[0]
    sent = answer("123456789012", identifier, bytes.fromhex(bcd), 0)
    (theirs,) = decode(sent)[0][0].values
    assert ours.quantity == theirs.quantity
    prefix = 1000 if theirs.unit.startswith("k") and not ours.unit.startswith("k") else 1
    assert isinstance(theirs.value, float)
    assert ours.value == pytest.approx(theirs.value * prefix, rel=1e-12)


@given(ANY_APDU, st.sampled_from([0x43, 0xC3, 0x83, 0x03, 0x81, 0x01]), st.booleans())
@settings(max_examples=120)
def test_any_service_can_be_said(one: Apdu, control: int, zh: bool) -> None:
    told = meaning(frame(encode(one), control), "zh" if zh else "en")
    json.loads(msgspec.json.encode(told))
    assert told.apdu is not None


@given(st.binary(max_size=100), st.booleans())
@settings(max_examples=300)
def test_any_user_data_can_be_said(data: bytes, fragment: bool) -> None:
    (told,) = meanings([frame(data, 0xE3 if fragment else 0xC3)])
    json.loads(msgspec.json.encode(told))


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_any_bytes_are_frames_or_not(data: bytes) -> None:
    for one in meanings(find(data)):
        json.loads(msgspec.json.encode(one))
    wrong(data)


def test_a_frame_cut_short_is_named() -> None:
    raw = build698(0x43, METER, 0, 0, 0, bytes.fromhex("05 01 00 40010200 00"), 4)
    assert wrong(raw[:-1]) == "a dlt698.45 frame of 25 bytes ends after 24"
    assert wrong(raw) == ""
    assert wrong(raw[:-1] + b"\x17") == ""


OFFER = "02 07 0010" + "FF" * 24 + "0400 0200 01 0400 00000064"
SECRET = b"K7qs-pw9"
BY_PASSWORD = f"{OFFER} 01 {len(SECRET):02X} {SECRET.hex()} 00"
SETS_PASSWORD = f"06 01 07 44010200 0A {len(SECRET):02X} {SECRET.hex()} 00"
SETS_AND_READS = f"06 03 07 01 44010200 0A 08 {SECRET.hex()} 44010200 00 00"
TELLS_PASSWORD = f"85 01 07 44010200 01 0A 08 {SECRET.hex()} 0000"


@pytest.mark.parametrize(
    ("apdu", "control"),
    [(BY_PASSWORD, 0x43), (SETS_PASSWORD, 0x43), (SETS_AND_READS, 0x43), (TELLS_PASSWORD, 0xC3)],
)
def test_a_password_is_named_and_never_shown(apdu: str, control: int) -> None:
    one = said(apdu, control)
    whole = json.dumps(msgspec.to_builtins(one))
    assert one.apdu is not None
    assert "********" in whole
    assert SECRET.decode() not in whole
    assert SECRET.hex().upper() not in whole
    assert SECRET.decode() not in describe(frame(bytes.fromhex(apdu), control))


def test_what_is_set_beside_a_password_is_shown() -> None:
    apdu = f"06 02 07 02 44010200 0A 08 {SECRET.hex()} 41030200 0A 02 4142 00"
    values = [value.value for value in said(apdu, 0x43).values]
    assert values == ["********", "AB"]


@pytest.mark.parametrize(
    ("result", "text"),
    [(1, "password wrong"), (2, "symmetric"), (4, "signature"), (5, "version"), (77, "77")],
)
def test_a_refused_connection_is_the_frames_error_in_words(result: int, text: str) -> None:
    apdu = "82 07" + "42" * 32 + "0010" + "FF" * 24 + "0200 0200 01 0400 00000064"
    one = said(f"{apdu} {result:02X} 00 00 00")
    assert one.error is not None
    assert one.error.code == f"{result:02X}"
    assert text in one.error.text
    assert said(f"{apdu} 00 00 00 00").error is None
