"""The keys that a Modbus frame alone has, of what others sent and of every function."""

import json
import struct
from typing import Any

import msgspec
import pytest

from cext.framing import build645
from protocol.decode import decode
from protocol.modbus.meaning import meaning
from tests.cext.rtu import encode
from tests.protocol.modbus.test_ask import BOOK, IDS, UNIT, frame_of
from tests.protocol.modbus.test_vectors import VALID, of
from tests.protocol.modbus.wire import answer

OWN = {"unit_id", "start_register", "count", "registers", "exception"}


def keys(raw: bytes, way: bool | None = None) -> dict[str, Any]:
    """As `decode --json` writes it."""
    said: dict[str, Any] = json.loads(msgspec.json.encode(meaning(raw, answer=way)))
    return said


@of(VALID)
def test_a_line_of_others_has_the_meaning_stated(line: dict[str, Any]) -> None:
    ((one,), _) = decode(bytes.fromhex(line["hex"]))
    said, stated = json.loads(msgspec.json.encode(one)), line["meaning"]
    assert (said["unit_id"], said["function"]) == (stated["unit_id"], stated["function"])
    assert said["exception"] is None
    if "start" in stated:
        assert (said["start_register"], said["count"]) == (stated["start"], stated["count"])
    if "float32_be" in stated:
        floats = stated["float32_be"]
        floats = floats if isinstance(floats, list) else [floats]
        content = struct.pack(f">{len(said['registers'])}H", *said["registers"])
        assert struct.unpack(f">{len(floats)}f", content) == pytest.approx(floats, rel=2e-5)
    else:
        assert "registers" not in said


# start, count, registers of the question; registers of the answer
HELD = [
    (0x13, 0x13, None, None),
    (0xC4, 0x16, None, None),
    (0x6B, 3, None, [0x22B, 0, 0x64]),
    (8, 1, None, [10]),
    (0xAC, 1, None, None),
    (1, 1, [3], [3]),
    (0x13, 10, None, None),
    (1, 2, [10, 0x102], None),
    (None, None, None, None),
    (3, 6, [0xFF] * 3, [0xFE, 0xACD, 1, 3, 13, 0xFF]),
]


@pytest.mark.parametrize(("book", "held"), list(zip(BOOK, HELD, strict=True)), ids=IDS)
def test_question_and_answer_of_every_function_say_what_they_hold(book: Any, held: Any) -> None:
    asked, sent, told = book
    start, count, written, read = held
    question, reply = keys(frame_of(sent), False), keys(frame_of(told), True)
    assert (question["direction"], reply["direction"]) == ("request", "response")
    for said in (question, reply):
        assert (said["unit_id"], said["function"], said["exception"]) == (
            UNIT,
            asked.function,
            None,
        )
        assert said["name"]
        assert "fit" not in said["note"]
    assert (question.get("start_register"), question.get("count")) == (start, count)
    assert question.get("registers") == written
    assert reply.get("registers") == read


@pytest.mark.parametrize(("_", "sent", "told"), BOOK, ids=IDS)
def test_every_function_is_found_in_bytes_nobody_asked_for(_: Any, sent: str, told: str) -> None:
    both = frame_of(sent) + frame_of(told)
    found, reason = decode(b"\xaa" + both + b"\xbb", "modbus-rtu")
    assert [one.start for one in found] == [1, 1 + len(frame_of(sent))]
    assert "AA" in reason
    assert "BB" in reason


def test_an_exception_has_its_code_and_its_function_without_the_bit() -> None:
    said = keys(encode(9, 0x83, b"\x02"))
    assert (said["unit_id"], said["function"], said["control"]) == (9, 3, "83")
    assert (said["exception"], said["name"]) == (2, "read holding registers")


def test_the_registers_of_a_known_map_are_there_beside_its_quantities() -> None:
    said = keys(answer())
    assert said["registers"][:4] == [1, 0x109, 0x1C5, 0x8000]
    assert said["values"][2]["value"] == 45.3


def test_an_answer_as_long_as_a_meter_s_map_is_not_given_its_units() -> None:
    said = keys(answer(bytes(152)))
    assert {value["quantity"] for value in said["values"]} == {None}


def test_other_protocols_have_none_of_these_keys() -> None:
    ((one,), _) = decode(build645(0x123456789012, 0x11, bytes.fromhex("00FF0102"), 0))
    assert not OWN & set(json.loads(msgspec.json.encode(one)))


def test_a_byte_count_of_a_read_and_write_that_lies_is_shown_as_it_came() -> None:
    said = keys(encode(1, 0x17, bytes.fromhex("0003 0006 000E 0003 04 00FF 00FF 00FF")))
    assert "fit" in said["note"]
    assert "registers" not in said


@pytest.mark.parametrize(("read", "written"), [(0, 2), (126, 2), (1, 3)])
def test_an_answer_of_a_read_and_write_is_not_taken_for_a_question(read: int, written: int) -> None:
    # its ninth byte counts what is left, as a question's does, but the counts before it do not fit
    data = struct.pack(">BxHxxHB4x", 12, read, written, 4)
    said = keys(encode(1, 0x17, data))
    assert (said["direction"], len(said["registers"])) == ("response", 6)


def test_the_same_bytes_with_counts_that_fit_are_a_question_unless_known_better() -> None:
    raw = encode(1, 0x17, struct.pack(">BxHxxHB4x", 12, 1, 2, 4))
    assert keys(raw)["direction"] == "request"
    assert keys(raw, True)["direction"] == "response"
