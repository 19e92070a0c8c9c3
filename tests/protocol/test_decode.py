"""Decoding over all protocols: vectors of other people, any bytes, frames beside each other."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cext.framing698 import build698
from protocol.decode import PROTOCOLS, decode
from protocol.decoded import Decoded
from tests.edge.wire645 import answer, frame, volts
from tests.edge.wire_modbus import crc

VECTORS = Path(__file__).parents[1] / "vectors"
TELL = answer("123456789012", "02010100", volts(2201), 0)
ASK = frame("123456789012", 0x11, bytes.fromhex("02010100")[::-1], 0)
APDU_698 = bytes.fromhex("68170043050000000000000072790501002000020100 3DA716")


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def rtu(text: str) -> bytes:
    raw = bytes.fromhex(text)
    return raw + crc(raw)


def spans(found: list[Decoded]) -> list[tuple[int, int]]:
    return [(one.start, one.start + one.length) for one in found]


@pytest.mark.parametrize("line", vectors("dlt645.jsonl"), ids=lambda line: line["hex"][:40])
def test_a_645_frame_of_others_is_found_by_itself_or_refused(line: dict[str, Any]) -> None:
    found, reason = decode(bytes.fromhex(line["hex"]))
    if line["valid"]:
        (one,) = found
        assert reason == ""
        assert (one.protocol, one.direction) == (line["protocol"], line["direction"])
        assert one.address == line["meaning"]["address"]
        assert one.start == line["meaning"]["preamble_fe"]
        return
    assert reason
    inside = line["meaning"].get("recovered_frame")
    assert [bytes.fromhex(line["hex"])[a:b].hex(" ").upper() for a, b in spans(found)] == (
        [inside] if inside else []
    )


@pytest.mark.parametrize("line", vectors("modbus.jsonl"), ids=lambda line: line["hex"][:40])
def test_a_modbus_frame_of_others_is_found_by_itself_or_refused(line: dict[str, Any]) -> None:
    found, reason = decode(bytes.fromhex(line["hex"]))
    if not line["valid"]:
        assert found == []
        assert reason.startswith("crc: expected")
        return
    (one,) = found
    said = line["meaning"]
    assert reason == ""
    assert (one.protocol, one.direction) == ("modbus-rtu", line["direction"])
    assert one.address == str(said["unit_id"])
    assert one.control == f"{said['function']:02X}"
    if "start" in said:
        assert one.identifier.split(":")[1] == f"{said['start']:04X}"
    if "count" in said:
        assert int(one.identifier.split(":")[2], 16) == said["count"]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([TELL, ASK, rtu("010400000002"), b"\xfe", b"\x68", b"\x01"])
        | st.binary(max_size=20),
        max_size=6,
    ),
    st.sampled_from([None, *PROTOCOLS]),
    st.sampled_from(["en", "zh"]),
)
def test_any_bytes_are_decoded_or_given_a_reason(
    pieces: list[bytes], protocol: str | None, lang: str
) -> None:
    data = b"".join(pieces)
    found, reason = decode(data, protocol, lang)
    at = 0
    covered = b""
    for start, end in spans(found):
        assert start >= at
        covered += data[start:end]
        at = end
    assert at <= len(data)
    if len(data.replace(b"\xfe", b"")) > len(covered.replace(b"\xfe", b"")):
        assert reason
    if protocol is not None:
        assert {one.protocol for one in found} <= {protocol}


@given(st.binary(max_size=80))
def test_no_random_bytes_are_a_frame_beyond_checksum_odds(data: bytes) -> None:
    found, _ = decode(data)
    for one in found:
        raw = data[one.start : one.start + one.length]
        if one.protocol == "modbus-rtu":
            assert crc(raw[:-2]) == raw[-2:]
        else:
            assert (raw[0], raw[7], raw[-1]) == (0x68, 0x68, 0x16)
            assert sum(raw[:-2]) & 0xFF == raw[-2]


def test_frames_of_both_protocols_beside_each_other_are_all_found() -> None:
    ask, tell = rtu("010400000002"), rtu("01040400010109")
    found, reason = decode(b"\xfe\xfe" + ASK + ask + tell + b"\xfe" + TELL + ask)
    assert reason == ""
    assert [one.protocol for one in found] == [
        "dlt645-2007", "modbus-rtu", "modbus-rtu", "dlt645-2007", "modbus-rtu",
    ]  # fmt: skip
    assert [one.start for one in found] == sorted(one.start for one in found)


def test_what_stands_between_frames_is_named_and_hides_none_of_them() -> None:
    found, reason = decode(b"\x11\x22" + TELL + rtu("010400000002") + b"\x33\x44")
    assert [one.start for one in found] == [2, 2 + len(TELL)]
    assert "11 22" in reason
    assert "33 44" in reason


def test_a_modbus_frame_is_found_behind_noise() -> None:
    found, reason = decode(b"\x00\x99\x01" + rtu("010400000002"))
    assert spans(found) == [(3, 11)]
    assert "00 99 01" in reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("01040500010203 04", "an odd byte count of registers"),
        ("010400000000", "no register asked for"),
        ("0104000000FF", "more registers than an answer holds"),
        ("0105000012 34", "neither on nor off"),
        ("018499", "an exception nobody knows"),
    ],
)
def test_what_no_unit_sends_is_no_frame_whatever_its_crc(text: str, why: str) -> None:
    assert decode(b"\x55" + rtu(text))[0] == [], why


def test_an_odd_frame_that_is_one_from_end_to_end_is_shown_without_values() -> None:
    (one,), reason = decode(rtu("0104050001020304"))
    assert reason == ""
    assert [(field.quantity, field.value) for field in one.values] == [(None, "05 00 01 02 03 04")]
    assert one.note == "length does not fit the function"
    (asked,), _ = decode(rtu("010400000000"))
    assert asked.identifier == "04:0000:0000"


def test_what_stands_inside_a_frame_is_not_a_frame_of_its_own() -> None:
    inside = rtu("010400000002")
    outer = rtu(f"01100010000408{inside.hex()}")
    found, _ = decode(b"\x55" + outer)
    assert spans(found) == [(1, 1 + len(outer))]


def test_a_function_without_a_shape_is_believed_only_from_end_to_end() -> None:
    raw = rtu("0141DEADBEEF")
    (one,), reason = decode(raw)
    assert (one.control, one.values[0].value, reason) == ("41", "DE AD BE EF", "")
    assert decode(b"\x55" + raw)[0] == []


def test_an_exception_has_its_code_and_words() -> None:
    (one,), _ = decode(rtu("018402"))
    assert one.error is not None
    assert (one.error.code, one.error.text) == ("02", "illegal data address")
    assert one.direction == "response"


def test_an_answer_in_the_shape_of_our_map_has_quantities_and_units() -> None:
    registers = (
        "0001 0109 01C5 8000 0302 7FFF 015E FFA4 0259 9C40 0001 5180 0000 0007 0002 04AD 0100"
    )
    (one,), _ = decode(rtu("010422" + registers.replace(" ", "")))
    values = {field.quantity: (field.value, field.unit) for field in one.values}
    assert values["oil_temperature"] == (45.3, "°C")
    assert values["outdoor_temperature"] == (-9.2, "°C")
    assert values["winding_temperature_a"] == (None, "°C")
    assert values["residual_current"] == (40.0, "A")


def test_registers_of_unknown_maps_are_numbers_and_nothing_is_guessed() -> None:
    (one,), _ = decode(rtu("01040443663334"))
    assert [(field.value, field.quantity, field.unit) for field in one.values] == [
        (0x4366, None, ""),
        (0x3334, None, ""),
    ]


def test_coils_are_bits_lowest_first() -> None:
    (one,), _ = decode(rtu("010101 05"))
    assert [field.value for field in one.values] == [True, False, True] + [False] * 5


def test_a_write_that_is_its_own_answer_says_so() -> None:
    (one,), _ = decode(rtu("0106001003E8"))
    assert one.values[0].value == 1000
    assert one.note == "request and answer look the same"


def test_a_698_frame_is_decoded_and_found_by_itself() -> None:
    (one,), reason = decode(b"\xfe" + APDU_698)
    assert (one.protocol, one.start, reason) == ("dlt698.45", 1, "")
    assert one.identifier == "20000201"
    assert one.apdu is not None
    assert decode(b"\xfe" + APDU_698, "dlt698.45") == ([one], "")


@pytest.mark.parametrize(("place", "fault"), [(12, "hcs"), (15, "fcs")])
@pytest.mark.parametrize("protocol", [None, "dlt698.45"])
def test_a_698_frame_with_a_wrong_check_is_refused_by_its_name(
    place: int, fault: str, protocol: str | None
) -> None:
    broken = bytearray(APDU_698)
    broken[place] ^= 1
    found, reason = decode(bytes(broken), protocol)
    assert found == []
    assert reason.startswith(f"{fault}: expected")


def test_frames_of_three_protocols_are_found_beside_each_other() -> None:
    read = rtu("010400000002")
    found, reason = decode(read + TELL + b"\xfe" + APDU_698 + b"\x00" + ASK)
    assert [one.protocol for one in found] == [
        "modbus-rtu",
        "dlt645-2007",
        "dlt698.45",
        "dlt645-2007",
    ]
    at = [0, len(read), len(read) + len(TELL) + 1]
    at.append(at[-1] + len(APDU_698) + 1)
    assert [one.start for one in found] == at
    assert reason != ""


def test_a_645_frame_inside_a_698_frame_is_no_frame_of_its_own() -> None:
    body = bytes.fromhex("090700 F2010201 0302080100 000A 0064") + bytes((len(ASK),)) + ASK
    carried = build698(0x43, bytes(6), 0, 0, 0, body + b"\x00", 0)
    (one,), reason = decode(carried)
    assert (one.protocol, reason) == ("dlt698.45", "")
    assert "not verified" in one.note


def test_the_apdu_is_a_key_of_698_alone() -> None:
    (ours,), _ = decode(APDU_698)
    (theirs,), _ = decode(TELL)
    assert "apdu" in msgspec.to_builtins(ours)
    assert "apdu" not in msgspec.to_builtins(theirs)


def test_a_forced_protocol_finds_no_other() -> None:
    assert decode(rtu("010400000002"), "dlt645-2007")[0] == []
    assert decode(TELL, "modbus-rtu")[0] == []
    assert decode(TELL, "dlt698.45")[0] == []
    found, reason = decode(TELL, "dlt645-1997")
    assert found == []
    assert "dlt645-2007" in reason


def test_a_function_of_both_dialects_is_read_in_the_forced_one() -> None:
    clock = frame("999999999999", 0x08, bytes.fromhex("512210050617"), 0)
    assert decode(clock)[0][0].protocol == "dlt645-2007"
    assert decode(clock, "dlt645-1997")[0][0].protocol == "dlt645-1997"


def test_no_bytes_have_a_reason_too() -> None:
    assert decode(b"") == ([], "no bytes")
    assert decode(b"", None, "zh") == ([], "没有字节")
    assert decode(b"\xfe\xfe")[1]
