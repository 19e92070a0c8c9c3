"""What a whole frame says: every function, direction, address form and error of DL/T 645."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Scanner645
from protocol.decoded import Decoded, Fault
from protocol.dlt645.meaning import meaning
from tests.cext.streams import frames
from tests.protocol.dlt645.wire import di, frame

METER = "123456789012"
RIGHT = "02 563412 44332211"
"""Level 02, password 123456, operator 11223344."""


def say(control: int, data: str, address: str = METER, lang: str = "en") -> Decoded:
    return meaning(frame(address, control, bytes.fromhex(data)), lang)


def listed(said: Decoded) -> list[tuple[str, object]]:
    return [(field.name, field.value) for field in said.values]


def test_the_json_is_the_issues_in_its_order() -> None:
    said = say(0x91, "00 FF 01 02" + "0122 FFFF 0322")
    assert list(json.loads(msgspec.json.encode(said))) == [
        "protocol", "start", "length", "direction", "address", "control", "function", "identifier",
        "name", "values", "error", "note",
    ]  # fmt: skip
    assert (said.protocol, said.direction, said.address) == ("dlt645-2007", "response", METER)
    assert (said.control, said.identifier, said.length) == ("91", "0201FF00", 22)
    assert json.loads(msgspec.json.encode(said.values[0])) == {
        "name": "voltage phase A",
        "quantity": "voltage_a",
        "value": 220.1,
        "unit": "V",
    }
    assert said.values[1].value is None


RIGHTS = [("password level", "02"), ("password", "123456"), ("operator code", "11223344")]


@pytest.mark.parametrize(
    ("control", "data", "values"),
    [
        (0x08, "56 34 12 23 07 26", [("time", "2026-07-23 12:34:56")]),
        (0x13, "", []),
        (0x93, "12 90 78 56 34 12", [("communication address", METER)]),
        (0x14, "01 00 04 05" + RIGHT + "",
         [("password level", "02"), ("password", "123456"), ("operator code", "11223344")]),
        (0x14, "03 01 00 04" + RIGHT + "15", [*RIGHTS, ("demand period", 15)]),
        (0x94, "", []),
        (0x15, "12 90 78 56 34 12", [("communication address", METER)]),
        (0x95, "", []),
        (0x16, "00 00 01 99", [("freeze period", "monthly on day 01 at 00:00")]),
        (0x16, "30 23 99 99", [("freeze period", "daily at 23:30")]),
        (0x16, "15 99 99 99", [("freeze period", "hourly at minute 15")]),
        (0x16, "99 99 99 99", [("freeze period", "at once")]),
        (0x16, "30 23 31 12", [("freeze period", "once on 12-31 at 23:30")]),
        (0x16, "30 24 31 12", [("freeze period", None), ("data as sent", "30 24 31 12")]),
        (0x96, "", []),
        (0x17, "08", [("speed", 2400)]),
        (0x97, "40", [("speed", 19200)]),
        (0x17, "18", [("speed", None)]),
        (0x18, "03 0C 00 04 02 563412 02 654321",
         [("password level", "02"), ("password", "123456"),
          ("new password level", "02"), ("new password", "214365")]),
        (0x98, "02 654321", [("new password level", "02"), ("new password", "214365")]),
        (0x19, RIGHT, RIGHTS),
        (0x99, "", []),
        (0x1A, RIGHT, RIGHTS),
        (0x1B, RIGHT + "FFFFFFFF", [*RIGHTS, ("identifier", "FFFFFFFF")]),
        (0x1C, RIGHT + "1A 00 00 00 00 30 12 99",
         [*RIGHTS, ("command", "1A open (trip)"), ("reserved byte", "00"),
          ("valid until", "2099-12-30 00:00:00")]),
        (0x1C, RIGHT + "77 00 00 00 00 30 12 99",
         [*RIGHTS, ("command", "77"), ("reserved byte", "00"),
          ("valid until", "2099-12-30 00:00:00")]),
        (0x9C, "", []),
        (0x1D, "01", [("output signal", "01 demand period")]),
        (0x9D, "02", [("output signal", "02 tariff switch")]),
        (0x03, "FF000007 44332211 0102",
         [("operator code", "11223344"), ("further data as sent", "01 02")]),
        (0x12, "00 FF 01 00 FF", [("frame sequence number", 255)]),
        (0x1F, "01 02", [("data as sent", "01 02")]),
    ],
)  # fmt: skip
def test_the_data_of_a_function_is_told(
    control: int, data: str, values: list[tuple[str, object]]
) -> None:
    assert listed(say(control, data)) == values


@pytest.mark.parametrize("level", ["98", "99"])
@pytest.mark.parametrize(
    ("control", "head", "rest"),
    [(0x14, "03 01 00 04", "15"), (0x1C, "", "1A 00 00 00 00 30 12 99"), (0x1B, "", "FFFFFFFF")],
)
def test_data_under_a_key_is_not_read(level: str, control: int, head: str, rest: str) -> None:
    said = say(control, f"{head} {level} {RIGHT[3:]} {rest}")
    assert listed(said)[0] == ("password level", level)
    assert listed(said)[3:] == [("data as sent", bytes.fromhex(rest).hex(" ").upper())]
    assert "encrypted" in said.note


def test_a_number_of_records_that_may_be_bcd_is_doubtful() -> None:
    assert say(0x11, "02000006 09").note == ""
    assert say(0x11, "02000006 10").note.startswith("[?]")


def test_an_answer_that_goes_on_is_not_read_alone() -> None:
    said = say(0xB1, "00 FF 01 00 00010000")
    assert listed(said) == [("data as sent", "00 01 00 00")]
    assert said.note.startswith("more follows")


def test_a_further_part_bears_its_number() -> None:
    said = say(0xB2, "00 FF 01 00 00010000 07")
    assert listed(said) == [("frame sequence number", 7), ("data as sent", "00 01 00 00")]
    assert "more follows" in said.note
    assert "part of an answer" in say(0x92, "00 FF 01 00 00010000 08").note


@pytest.mark.parametrize("function", [0x11, 0x12, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1D])
def test_an_error_is_its_bits_by_name(function: int) -> None:
    said = say(0xC0 | function, "08")
    assert said.error == Fault("08", "baud rate cannot change")
    assert said.values == []


def test_an_error_word_of_two_bytes_is_the_extensions() -> None:
    assert say(0xDC, "0102").error == Fault("0201", "security error word 0201")
    assert say(0xC3, "0102").error == Fault("0201", "security error word 0201")
    assert say(0xD1, "0601").error == Fault(
        "06", "no requested data; wrong password or not authorised"
    )


def test_an_error_without_a_byte_gives_no_reason() -> None:
    assert say(0xD1, "").error == Fault("", "no reason given")


@pytest.mark.parametrize(
    ("address", "control", "note"),
    [
        ("AAAAAAAAAAAA", 0x13, "any meter (wildcard address)"),
        ("AAAAAAAAAAAA", 0x93, "answers with the wildcard instead of its own address"),
        ("AAAA56789012", 0x13, "abbreviated address: the AA bytes match any"),
        ("999999999999", 0x13, "all meters (broadcast): no answer"),
        ("3A2107000481", 0x13, "address is not BCD"),
        ("12AA56789012", 0x13, "address is not BCD"),
        ("123456789012", 0x13, ""),
    ],
)
def test_what_is_special_about_an_address_is_noted(address: str, control: int, note: str) -> None:
    assert say(control, "", address).note.split("; length")[0] == note


@pytest.mark.parametrize(
    ("control", "data"),
    [
        (0x91, "00 01 01 02 01"), (0x91, "00 01 01 02"), (0x08, "00"), (0x13, "00"), (0x93, "00"),
        (0x14, "00 01 01 02 00"), (0x17, "0808"), (0x19, "00"), (0x1C, RIGHT), (0x16, "00"),
        (0x11, "00 01 01 02 01"), (0x12, "00 01 01 02"), (0x9C, "00"), (0x92, "00 01 01 02"),
    ],
)  # fmt: skip
def test_data_of_a_wrong_length_gives_no_value(control: int, data: str) -> None:
    said = say(control, data)
    assert "length does not fit" in said.note
    assert all(field.value is None or field.name == "data as sent" for field in said.values)


def test_data_too_short_for_an_identifier_is_noted() -> None:
    assert say(0x91, "00 01").note == "no identifier"
    assert say(0x18, "00 01").note == "no identifier"


@pytest.mark.parametrize("control", [0x51, 0x33, 0xB4, 0x31])
def test_a_control_code_that_can_not_be_is_noted(control: int) -> None:
    said = say(control, "00 01 01 02 01 22")
    assert said.note == "control code not in the standard"
    assert listed(said) == [("data as sent", "00 01 01 02 01 22")]


def test_an_unknown_identifier_is_shown_as_sent() -> None:
    said = say(0x91, "FF 22 80 02 01")
    assert (said.identifier, said.name) == ("028022FF", "")
    assert listed(said) == [("data as sent", "01")]
    assert said.note == "identifier not in the table"


def test_doubtful_rows_carry_their_mark() -> None:
    assert say(0x91, "01 01 01 03" + "00" * 131).note.startswith("[?]")
    assert say(0x91, "00 01 90 00 00010000").note.startswith("[E]")
    assert say(0x91, "00 01 01 02 0122").note == ""


def test_a_status_bit_of_an_extension_marks_the_word_where_it_is_set() -> None:
    assert say(0x91, "01 05 00 04 0400").note == ""
    assert say(0x91, "01 05 00 04 0080").note == "[E] later extension of the standard"


def test_an_event_record_of_unknown_edition_gives_start_and_end_only() -> None:
    said = say(0x91, "01 01 01 03" + "563412230726" + "573412230726" + "FF" * 119)
    assert listed(said)[:2] == [
        ("start", "2026-07-23 12:34:56"),
        ("end", "2026-07-23 12:34:57"),
    ]
    assert len(said.values) == 3


def test_event_totals_are_count_then_minutes() -> None:
    said = say(0x91, "00 00 01 03" + "010000 300000" + "000000 000000" + "FFFFFF FFFFFF")
    assert listed(said)[:2] == [("count phase A", 1), ("accumulated minutes phase A", 30)]
    assert listed(said)[4:] == [("count phase C", None), ("accumulated minutes phase C", None)]


def test_chinese_words_come_with_chinese_names() -> None:
    said = say(0x91, "00 FF 01 02" + "0122 FFFF 0322", lang="zh")
    assert (said.function, said.name) == ("读数据", "三相电压")
    assert said.values[2].name == "C相电压"
    totals = say(0x91, "00 00 01 03" + "00" * 18, lang="zh")
    assert [field.name for field in totals.values[:2]] == ["A相次数", "A相累计时间"]
    frozen = say(0x91, "01 01 06 05" + "00" * 8, lang="zh")
    assert frozen.values[1].name == "上1次日冻结正向有功电能尖"
    assert say(0x13, "", "AAAAAAAAAAAA", "zh").note == "任意电表（通配地址）"


@pytest.mark.parametrize(
    ("control", "data", "values", "function"),
    [
        (0x81, "10 90 15 00 00 00", [("forward active energy total", 0.15)], "1997 read"),
        (0x81, "10 90 FF FF FF FF", [("forward active energy total", None)], "1997 read"),
        (0x81, "10 90 15 00 00",
         [("forward active energy total", None), ("data as sent", "15 00 00")], "1997 read"),
        (0x01, "10 90", [], "1997 read"),
        (0xA1, "10 90 15 00 00 00", [("data as sent", "15 00 00 00")], "1997 read"),
        (0x81, "11 B6 20 02", [("data as sent", "20 02")], "1997 read"),
        (0x81, "10", [("data as sent", "10")], "1997 read"),
        (0x03, "10 90", [], "1997 read again"),
        (0x04, "10 C0 01", [("data as sent", "01")], "1997 write"),
    ],
)  # fmt: skip
def test_the_older_dialect_is_named_and_never_read_as_2007(
    control: int, data: str, values: list[tuple[str, object]], function: str
) -> None:
    said = say(control, data)
    assert (said.protocol, said.function) == ("dlt645-1997", function)
    assert said.note.startswith("DL/T 645-1997 dialect")
    assert listed(said) == values


@pytest.mark.parametrize(("control", "data"), [(0x03, "FF000007"), (0xC3, "0102"), (0x08, "")])
def test_what_both_dialects_have_is_the_newer_one(control: int, data: str) -> None:
    assert say(control, data).protocol == "dlt645-2007"


@given(frames, st.sampled_from(["en", "zh", "fr", ""]))
def test_no_frame_raises(data: bytes, lang: str) -> None:
    found = Scanner645().feed(data)
    assert found is not None
    said = meaning(found, lang)
    assert msgspec.json.encode(said)


@given(
    st.integers(0, 255),
    st.sampled_from(["0001FF00", "0201FF00", "03010101", "040005FF", "0506FF01", "06000001",
                     "0101FF01", "028000FF"]),
    st.binary(max_size=200),
)  # fmt: skip
def test_no_control_code_over_any_data_raises(control: int, identifier: str, data: bytes) -> None:
    said = meaning(frame(METER, control, di(identifier) + data))
    assert said.control == f"{control:02X}"
    assert said.protocol in ("dlt645-2007", "dlt645-1997")
