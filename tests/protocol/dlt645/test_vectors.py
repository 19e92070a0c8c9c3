"""Other people's frames (tests/vectors/dlt645.jsonl): framed, refused and read as stated."""

import json
import pathlib
import re
from typing import Any

import pytest

from cext.framing import Frame645, Scanner645
from protocol.decoded import Decoded
from protocol.dlt645 import dialect1997
from protocol.dlt645.describe import describe
from protocol.dlt645.fields import part_name, word
from protocol.dlt645.find import find
from protocol.dlt645.frame import address_text, error_names
from protocol.dlt645.meaning import meaning
from protocol.dlt645.read import Read
from protocol.dlt645.rows import entry
from protocol.dlt645.table import items
from protocol.exchange import Done, NotMine
from tests.cext.conftest import KERNELS, load
from tests.cext.streams import drain, encode

LINES = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parents[2] / "vectors" / "dlt645.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
VALID = [line for line in LINES if line["valid"]]
INVALID = [line for line in LINES if not line["valid"]]
READ = [
    line
    for line in VALID
    if line["meaning"].get("control") == "91" and int(line["meaning"]["di"], 16) in items()
]
PREFIX = {"kW": 1000, "kvar": 1000, "kVA": 1000}


def of(lines: list[dict[str, Any]]) -> pytest.MarkDecorator:
    ids = [f"{LINES.index(line) + 1}-{line['meaning'].get('control', '?')}" for line in lines]
    return pytest.mark.parametrize("line", lines, ids=ids)


def test_the_vectors_are_all_here() -> None:
    assert (len(VALID), len(INVALID)) == (62, 6)
    assert len(READ) >= 20


@pytest.mark.parametrize("kernel", KERNELS)
@of(VALID)
def test_a_valid_line_is_framed_as_stated(line: dict[str, Any], kernel: str) -> None:
    sent, meaning = bytes.fromhex(line["hex"]), line["meaning"]
    (frame,) = drain(load("framing", kernel).Scanner645(), sent)
    assert address_text(frame.address) == meaning["address"]
    assert frame.control == int(meaning["control"], 16)
    assert frame.data == bytes.fromhex(meaning.get("data_minus33", ""))
    assert frame.start == meaning["preamble_fe"]
    assert frame.raw == sent[frame.start :]


@pytest.mark.parametrize("kernel", KERNELS)
@of(INVALID)
def test_an_invalid_line_gives_no_frame_but_one_inside(line: dict[str, Any], kernel: str) -> None:
    sent, inside = bytes.fromhex(line["hex"]), line["meaning"].get("recovered_frame")
    found = [frame.raw for frame in drain(load("framing", kernel).Scanner645(), sent)]
    assert found == ([bytes.fromhex(inside)] if inside else [])


@of(READ)
def test_a_read_answer_gives_the_stated_value(line: dict[str, Any]) -> None:
    meaning = line["meaning"]
    (frame,) = drain(Scanner645(), bytes.fromhex(line["hex"]))
    verdict = Read(meaning["address"], items()[int(meaning["di"], 16)]).on_frame(frame)
    if meaning["value"] is None:
        assert verdict == NotMine("length")
        return
    assert isinstance(verdict, Done)
    (value,) = verdict.values
    assert value.scaled is not None
    stated = meaning["value"] * PREFIX.get(meaning["unit"], 1)
    assert value.quantity.number(value.scaled) == pytest.approx(stated, abs=1e-9)


@of(LINES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_line_has_a_description(line: dict[str, Any], lang: str) -> None:
    said = describe(bytes.fromhex(line["hex"]), lang)
    assert "\n" not in said
    inside = line["meaning"].get("recovered_frame")
    assert (said.startswith(("no whole frame", "没有完整帧"))) == (
        not line["valid"] and inside is None
    )


NAMES = {
    "read data": 0x11,
    "read subsequent data": 0x12,
    "read address": 0x13,
    "broadcast time": 0x08,
    "relay/alarm control": 0x1C,
    "1997 read data": 0x01,
}
QUANTITIES = {
    "forward active energy total": "energy_forward",
    "forward active energy total (1997 DI 9010)": "energy_forward",
    "reverse active energy total": "energy_reverse",
    "combined active energy total": "energy_combined",
    "combined reactive 1 energy total": "energy_reactive_1",
    "combined reactive 2 energy total": "energy_reactive_2",
    "voltage A": "voltage_a",
    "voltage B": "voltage_b",
    "voltage C": "voltage_c",
    "current A": "current_a",
    "current B": "current_b",
    "active power total": "active_power",
    "reactive power total": "reactive_power",
    "apparent power total": "apparent_power",
    "power factor total": "power_factor",
    "grid frequency": "frequency",
    "meter internal temperature (02800007)": "meter_temperature",
}
TITLES = {
    "communication address": "communication address",
    "meter number": "meter number",
    "meter number (04000402)": "meter number",
}


def of_part(said: Decoded, part: str) -> object:
    """The one value whose name is that part's."""
    (value,) = [field.value for field in said.values if field.name == part_name(part, "en")]
    return value


def check(key: str, stated: Any, frame: Frame645, said: Decoded, line: dict[str, Any]) -> None:
    """One field of a line's meaning against what we make of its frame."""
    match key:
        case "preamble_fe" | "checksum_ok" | "framing_error" | "recovered_frame":
            pass  # of the input, not of the frame: test_the_input_is_found_as_stated
        case "address" | "control":
            assert getattr(said, key) == stated
        case "function":
            known = stated in NAMES
            assert known or stated == "?"
            assert not known or frame.control & 0x1F == NAMES[stated]
            assert said.function
        case "data_minus33":
            assert frame.data == bytes.fromhex(stated)
        case "di" | "di97":
            assert said.identifier == stated
        case "more_frames":
            assert bool(frame.control & 0x20) == stated
            assert (word("more", "en") in said.note) == stated
        case "quantity":
            quantity = QUANTITIES.get(stated)
            if quantity is None:
                assert said.name == TITLES[stated]
            elif said.protocol == "dlt645-1997":
                assert said.values[0].quantity == quantity
            else:
                known_entry = entry(frame.identifier)
                assert known_entry is not None
                assert known_entry.pieces[0].quantity == quantity
        case "unit":
            assert said.values[0].unit == stated
        case "value":
            assert said.values[0].value == stated
        case "error_byte":
            assert said.error is not None
            assert said.error.code == stated
        case "error_bits":
            assert said.error is not None
            names = dialect1997.error_names if said.protocol == "dlt645-1997" else error_names
            assert said.error.text == names(sum(1 << bit for bit in stated), "en")
        case "time":
            assert of_part(said, "time") == stated
        case "sequence":
            assert of_part(said, "sequence") == stated
        case "length_mismatch":
            assert (word("length", "en") in said.note) == stated
        case "no_answer":
            assert (word("broadcast", "en") in said.note) == stated
        case "command":
            assert of_part(said, "command") == stated
        case "valid_until":
            assert of_part(said, "until") == stated
        case _:
            pytest.fail(f"{key} of a line's meaning is not looked at")


@of([line for line in LINES if "control" in line["meaning"]])
def test_every_field_of_a_lines_meaning_is_what_we_say(line: dict[str, Any]) -> None:
    stated = line["meaning"]
    # of a line that is refused, what it would have said: the same frame with its right sum
    body = encode(
        bytes.fromhex(stated["address"])[::-1],
        int(stated["control"], 16),
        bytes.fromhex(stated["data_minus33"]),
    )
    ((frame,), why) = find(bytes.fromhex(line["hex"]) if line["valid"] else body)
    assert why == ""
    said = meaning(frame)
    assert said.protocol == line["protocol"]
    assert said.direction == line["direction"]
    for key, value in stated.items():
        check(key, value, frame, said, line)


@of(LINES)
def test_the_input_is_found_as_stated(line: dict[str, Any]) -> None:
    sent, stated = bytes.fromhex(line["hex"]), line["meaning"]
    frames, why = find(sent)
    if line["valid"]:
        assert [frame.raw for frame in frames] == [sent[stated["preamble_fe"] :]]
        assert (why, meaning(frames[0]).start) == ("", stated["preamble_fe"])
        return
    inside = stated.get("recovered_frame")
    assert [frame.raw for frame in frames] == ([bytes.fromhex(inside)] if inside else [])
    error = stated["framing_error"]
    checksum = re.fullmatch(r"checksum expected (\w\w) got (\w\w)", error)
    if checksum:
        assert why == f"checksum: expected {checksum[1]}, got {checksum[2]}"
    elif error.startswith("end"):
        assert why == "end: expected 16, got 17"
    elif inside:
        assert why == "not understood (1 bytes): 68"
    else:
        assert why == "start: expected 68 behind the address, got 69"
