"""Other people's frames (tests/vectors/modbus.jsonl): framed, refused and said as stated."""

import json
import pathlib
import struct
from typing import Any

import pytest

from protocol.modbus.describe import describe
from tests.cext.conftest import KERNELS, load
from tests.cext.streams import drain

LINES = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parents[2] / "vectors" / "modbus.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
VALID = [line for line in LINES if line["valid"]]
REQUESTS = [line for line in VALID if line["direction"] == "request"]
ANSWERS = [line for line in VALID if line["direction"] == "response"]
INVALID = [line for line in LINES if not line["valid"]]


def of(lines: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines, ids=[line["hex"][:17] for line in lines])


def test_the_vectors_are_all_here() -> None:
    assert (len(REQUESTS), len(ANSWERS), len(INVALID)) == (8, 5, 1)


@pytest.mark.parametrize("kernel", KERNELS)
@of(REQUESTS)
def test_a_request_is_built_as_stated(line: dict[str, Any], kernel: str) -> None:
    meaning, sent = line["meaning"], bytes.fromhex(line["hex"])
    data = struct.pack(">HH", meaning["start"], meaning["count"])
    if "float32_be" in meaning:
        data += b"\x04" + struct.pack(">f", meaning["float32_be"])
    built = load("framing", kernel).build_modbus(meaning["unit_id"], meaning["function"], data)
    assert built == sent


@pytest.mark.parametrize("kernel", KERNELS)
@of(ANSWERS)
def test_an_answer_is_framed_as_stated(line: dict[str, Any], kernel: str) -> None:
    meaning, sent = line["meaning"], bytes.fromhex(line["hex"])
    scanner = load("framing", kernel).ScannerModbus()
    scanner.expect(meaning["unit_id"], meaning["function"], len(sent))
    (frame,) = drain(scanner, b"\x00" + sent)
    assert (frame.unit, frame.function) == (meaning["unit_id"], meaning["function"])
    if "float32_be" in meaning:
        stated = meaning["float32_be"]
        stated = stated if isinstance(stated, list) else [stated]
        floats = struct.unpack(f">{len(stated)}f", frame.data[1:])
        assert floats == pytest.approx(stated, rel=2e-5)
    else:
        assert struct.unpack(">HH", frame.data) == (meaning["start"], meaning["count"])


@pytest.mark.parametrize("kernel", KERNELS)
@of(INVALID)
def test_a_wrong_crc_is_no_frame(line: dict[str, Any], kernel: str) -> None:
    meaning, sent = line["meaning"], bytes.fromhex(line["hex"])
    scanner = load("framing", kernel).ScannerModbus()
    # the printed bytes as they would stand if this were the awaited answer of another function
    scanner.expect(meaning["unit_id"], meaning["function"], len(sent))
    assert list(drain(scanner, sent)) == []
    assert meaning["crc_expected"] in describe(sent)


@of(VALID)
def test_a_valid_line_is_said_the_way_it_went(line: dict[str, Any]) -> None:
    way = "answer" if line["direction"] == "response" else "request"
    said = describe(bytes.fromhex(line["hex"]))
    assert said.startswith(f"unit {line['meaning']['unit_id']} ")
    assert f" {way} " in said
