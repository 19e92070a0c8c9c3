"""Other people's frames (tests/vectors/dlt645.jsonl): framed, refused and read as stated."""

import json
import pathlib
from typing import Any

import pytest

from cext.framing import Scanner645
from protocol.dlt645.describe import describe
from protocol.dlt645.frame import address_text
from protocol.dlt645.read import Read
from protocol.dlt645.table import items
from protocol.exchange import Done, NotMine
from tests.cext.conftest import KERNELS, load
from tests.cext.streams import drain

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
