"""Other people's frames (tests/vectors/dlt698.jsonl): every field is what we say of them."""

import json
import pathlib
from typing import Any

import msgspec
import pytest

from cext.framing698 import Frame698
from protocol.decoded import Decoded
from protocol.dlt698.apdu import Apdu, encode, parse, to_json
from protocol.dlt698.find import find
from protocol.dlt698.fragments import NAMES, fragment
from protocol.dlt698.meaning import PROTOCOL, direction, meaning, meanings

LINES = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parents[2] / "vectors" / "dlt698.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
SAID = [line for line in LINES if "apdu" in line["meaning"]]
TYPES = ("single", "wildcard", "group", "broadcast")
DIRECTIONS = {"request": "request", "response": "response", "notification": "report"}
QUANTITIES = {
    "voltage A": ["voltage_a"],
    "voltage": ["voltage_a", "voltage_b", "voltage_c"],
    "forward active energy total": ["energy_forward"],
    "forward active energy total,t1..t4": [
        "energy_forward",
        *(f"energy_forward_t{tariff}" for tariff in range(1, 5)),
    ],
}


def of(lines: list[dict[str, Any]]) -> pytest.MarkDecorator:
    ids = [f"{LINES.index(line) + 1}-{line['meaning']['control']}" for line in lines]
    return pytest.mark.parametrize("line", lines, ids=ids)


def framed(line: dict[str, Any]) -> Frame698:
    (frame,) = find(bytes.fromhex(line["hex"]))
    return frame


def test_the_vectors_are_all_here() -> None:
    assert (len(LINES), len(SAID)) == (36, 32)
    assert all(line["valid"] for line in LINES)


@of(SAID)
def test_a_lines_apdu_is_what_we_say_and_is_written_as_it_stood(line: dict[str, Any]) -> None:
    frame = framed(line)
    apdu = parse(frame.data)
    assert isinstance(apdu, Apdu)
    assert to_json(apdu) == line["meaning"]["apdu"]
    assert encode(apdu) == frame.data


def check(key: str, stated: Any, frame: Frame698, said: Decoded) -> None:
    """One field of a line's meaning against what we make of its frame."""
    control = frame.control
    fragment_said = fragment(frame.data)
    match key:
        case "control":
            assert said.control == stated
        case "dir":
            assert stated == ("server->client" if control & 0x80 else "client->server")
            assert frame.answer == (control & 0x80 != 0)
        case "prm":
            assert stated == ("client-initiated" if control & 0x40 else "server-initiated")
        case "fragment":
            assert frame.fragment == stated
        case "scrambled":
            assert frame.scrambled == stated
        case "function":
            assert control & 0x07 == stated
        case "sa_type":
            assert TYPES[frame.address_type] == stated
        case "logical":
            assert frame.logical == stated
        case "sa":
            assert said.address == stated
        case "ca":
            assert f"{frame.client:02X}" == stated
        case "hcs_ok" | "fcs_ok":
            assert stated  # of a frame the scanner gives, both are right
        case "apdu":
            assert said.apdu == stated
        case "engineering":
            pass  # test_engineering_values_are_ours
        case "fragment_seq":
            assert fragment_said is not None
            assert fragment_said.number == stated
            assert said.apdu is not None
            assert said.apdu["number"] == stated
        case "fragment_type":
            assert fragment_said is not None
            assert NAMES[fragment_said.kind] == stated
            assert said.apdu is not None
            assert said.apdu["kind"] == stated
        case "fragment_data":
            assert said.apdu is not None
            assert said.apdu["data"] == stated
        case _:
            pytest.fail(f"{key} of a line's meaning is not looked at")


@of(LINES)
def test_every_field_of_a_lines_meaning_is_what_we_say(line: dict[str, Any]) -> None:
    frame = framed(line)
    said = meaning(frame)
    assert said.protocol == PROTOCOL == line["protocol"]
    assert said.direction == direction(frame.control) == DIRECTIONS[line["direction"]]
    assert (said.start, said.length) == (0, len(bytes.fromhex(line["hex"])))
    for key, value in line["meaning"].items():
        check(key, value, frame, said)


def oads_in(stated: Any) -> set[str]:
    """Every OAD a line's meaning names."""
    found = set()
    if isinstance(stated, dict):
        for key, value in stated.items():
            if key == "oad":
                found.add(value)
            elif key in ("oads", "rcsd", "columns"):
                found.update(value)
            else:
                found |= oads_in(value)
    elif isinstance(stated, list):
        for one in stated:
            found |= oads_in(one)
    return found


@of(SAID)
def test_every_oad_of_a_line_stands_in_the_identifier_once(line: dict[str, Any]) -> None:
    listed = meaning(framed(line)).identifier.split()
    assert len(listed) == len(set(listed))
    assert set(listed) == oads_in(line["meaning"]["apdu"])


@of([line for line in LINES if "engineering" in line["meaning"]])
def test_engineering_values_are_ours(line: dict[str, Any]) -> None:
    stated = dict(line["meaning"]["engineering"])
    said = meaning(framed(line))
    if "rows" in stated:
        assert [value.value for value in said.values] == [
            one for row in stated["rows"] for one in row
        ]
        assert [value.unit for value in said.values] == stated["units"] * len(stated["rows"])
        # rows without their time: values of no moment are no quantities
        assert {value.quantity for value in said.values} == {None}
        return
    unit = stated.pop("unit")
    ((name, numbers),) = stated.items()
    wanted = numbers if isinstance(numbers, list) else [numbers]
    assert [value.value for value in said.values] == wanted
    assert {value.unit for value in said.values} == {unit}
    # high-precision energy is no quantity of the vocabulary
    quantities = QUANTITIES.get(name, [None] * len(wanted))
    assert [value.quantity for value in said.values] == quantities


@of(LINES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_line_can_be_said_in_json_in_both_languages(line: dict[str, Any], lang: str) -> None:
    said = json.loads(msgspec.json.encode(meaning(framed(line), lang)))
    assert (said["function"] == "") == line["meaning"]["fragment"]
    assert isinstance(said["apdu"], dict)


def test_fragments_of_one_conversation_say_their_apdu_with_the_last() -> None:
    fragments = [framed(line) for line in LINES if line["meaning"]["control"] == "A3"]
    said = list(meanings(fragments))
    assert [one.apdu["service"] for one in said if one.apdu] == [
        "fragment",
        "fragment",
        "GET-Request",
    ]
    assert said[-1].identifier == "F1010200"


def test_a_refusal_in_a_list_is_no_value_and_stands_in_the_note() -> None:
    (line,) = [line for line in LINES if "last item is DAR 4" in line.get("note", "")]
    said = meaning(framed(line))
    (frequency,) = [one for one in said.values if "frequency" in one.name]
    assert frequency.value is None
    assert said.note == "grid frequency: DAR 4 object undefined"
    assert said.error is None
