"""What gets into the truth file of a TMU: whole, right answers to reads, and nothing else."""

import json
from pathlib import Path

import pytest

from firmware_sim.frames import crc16
from firmware_sim.truth import TruthFile
from tests.firmware_sim.modbus import crc, frame

ASKED = bytes.fromhex("04 0002 0002")
ANSWER = frame(1, 4, bytes.fromhex("04 0209 8000"))


def noted(tmp_path: Path, asked: bytes, burst: bytes) -> list[dict[str, object]]:
    """The records after one burst."""
    truth = TruthFile(tmp_path / "truth")
    truth.note_registers("station", "tmu1", asked, burst, 7)
    truth.close()
    return [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]


def test_an_answer_is_written_under_the_units_id_and_the_request_it_answers(tmp_path: Path) -> None:
    assert noted(tmp_path, ASKED, ANSWER) == [
        {"t": 7, "line": "station", "meter": "tmu1", "item": "04:0002:0002", "raw": "02098000"}
    ]


@pytest.mark.parametrize(
    "burst",
    [
        ANSWER[:-1] + bytes([ANSWER[-1] ^ 1]),
        ANSWER[:-1],
        ANSWER + b"\x00",
        frame(1, 3, bytes.fromhex("04 0209 8000")),
        frame(1, 4, bytes.fromhex("02 0209")),
        frame(1, 0x84, b"\x02"),
        b"",
        b"\x01",
    ],
)
def test_damage_and_refusals_are_not_written(tmp_path: Path, burst: bytes) -> None:
    assert noted(tmp_path, ASKED, burst) == []


def test_answers_to_writes_and_to_bits_are_not_written(tmp_path: Path) -> None:
    assert noted(tmp_path, bytes.fromhex("06 0003 0258"), frame(1, 6, b"\x00\x03\x02\x58")) == []
    assert noted(tmp_path, bytes.fromhex("02 0000 000A"), frame(1, 2, b"\x02\x01\x00")) == []


def test_the_benchs_own_crc_is_the_published_one() -> None:
    assert crc16(b"123456789") == 0x4B37
    assert crc16(b"123456789" + crc(b"123456789")) == 0
