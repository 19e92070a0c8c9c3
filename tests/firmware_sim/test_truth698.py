"""What gets into the truth file of a DL/T 698.45 meter, and how the judge reads it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.frames import crc_x25, link_frame, single_frame
from firmware_sim.judge import judge, load_readings, load_truth
from firmware_sim.truth import TruthFile
from firmware_sim.truth698 import Fragments, elements, told
from firmware_sim.truth_table import Ratio, answered
from tests.firmware_sim import frames
from tests.firmware_sim.frames698 import NUMBER, answer, fcs, fragment, frame, get

VOLTS = "12 0899"
"""long-unsigned 2201."""
LIST = (
    "85 02 05 03"
    "  20000200 01 01 03 12 0899 12 089A 12 089B"
    "  20010400 01 05 FFFFFFFE"
    "  200A0201 00 06"
    "  00 00"
)
ROWS = "02  1C 07EA 08 10 00 00 00  06 00000100  1C 07EA 08 11 00 00 00  00"
RECORD = f"85 03 05 50040200 02 00 20210200 00 00100201 01 {ROWS} 00 00"


def noted(tmp_path: Path, *bursts: bytes) -> list[dict[str, Any]]:
    """The records after some bursts."""
    truth = TruthFile(tmp_path / "truth")
    for burst in bursts:
        truth.note("b1", burst, 7)
    truth.close()
    return [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]


def test_one_object_is_one_line_with_its_datum(tmp_path: Path) -> None:
    [record] = noted(tmp_path, answer(f"85 01 00 20000201 01 {VOLTS} 00 00"))
    assert record == {
        "t": 7,
        "line": "b1",
        "meter": NUMBER,
        "item": "698:20000201",
        "raw": "120899",
    }


def test_a_list_has_a_line_an_object_and_a_refusal_its_reason(tmp_path: Path) -> None:
    told_of = [(r["item"], r["raw"], r.get("dar")) for r in noted(tmp_path, answer(LIST))]
    assert told_of == [
        ("698:20000200", "010312089912089A12089B", None),
        ("698:20010400", "05FFFFFFFE", None),
        ("698:200A0201", "", 6),
    ]


def test_a_record_keeps_its_rows_and_columns_as_they_were_sent(tmp_path: Path) -> None:
    [record] = noted(tmp_path, answer(RECORD))
    assert (record["item"], record["raw"]) == ("698:50040200", ROWS.replace(" ", ""))
    assert record["columns"] == "0200202102000000100201"
    assert answered(record["item"], bytes.fromhex(record["raw"])) == {}


def test_a_scrambled_answer_is_noted_in_plain(tmp_path: Path) -> None:
    apdu = bytes.fromhex(f"85 01 00 20000201 01 {VOLTS} 00 00")
    [record] = noted(tmp_path, frame(0xCB, apdu))
    assert record["raw"] == "120899"


def test_an_answer_in_fragments_is_noted_with_its_last_one_once(tmp_path: Path) -> None:
    apdu = bytes.fromhex(LIST)
    first, middle, last = (
        fragment(0, 0, apdu[:10]),
        fragment(1, 3, apdu[10:20]),
        fragment(2, 1, apdu[20:]),
    )
    other = answer(f"85 01 00 20000201 01 {VOLTS} 00 00", "370112200002")
    acknowledged = frame(0x63, b"\x00\x80")
    found = noted(tmp_path, first, acknowledged, first, middle, other, middle, last, last)
    assert [(r["meter"], r["item"]) for r in found] == [
        ("370112200002", "698:20000201"),
        (NUMBER, "698:20000200"),
        (NUMBER, "698:20010400"),
        (NUMBER, "698:200A0201"),
    ]


def test_fragments_out_of_order_or_never_finished_make_no_answer() -> None:
    apdu = bytes.fromhex(LIST)
    parts = Fragments(most=3)

    def heard(burst: bytes) -> bytes | None:
        link = link_frame(burst)
        assert link is not None
        return parts.whole("b1", link)

    assert heard(fragment(1, 1, apdu)) is None
    assert heard(fragment(0, 0, apdu[:9])) is None
    assert heard(fragment(2, 1, apdu[9:])) is None
    assert heard(fragment(1, 1, apdu[9:])) == apdu
    for meter in range(10):
        assert heard(fragment(0, 0, apdu[:9], f"3701122{meter:05d}")) is None
    assert len(parts._parts) == 3
    assert heard(fragment(1, 1, apdu[9:], "370112200000")) is None
    assert heard(fragment(1, 1, apdu[9:], "370112200009")) == apdu


@pytest.mark.parametrize(
    "burst",
    [
        get(NUMBER, "20000201"),
        answer(f"85 01 00 20000201 01 {VOLTS} 00 00")[:-1],
        answer(f"85 01 00 20000201 01 {VOLTS} 00 00") + b"\x00",
        answer("85 01 00 20000201 01 12 08"),
        answer("85 02 00 05 20000201 01 12 0899"),
        answer("85 01 00 20000201 01" + "01 01" * 40 + "00"),
        answer("85 01 00 20000201 01 7F 00"),
        answer("86 01 00 40000200 00 00 00"),
        answer("85"),
        b"",
    ],
)
def test_questions_damage_and_what_is_not_understood_are_not_noted(
    tmp_path: Path, burst: bytes
) -> None:
    assert noted(tmp_path, burst) == []


@given(st.binary(max_size=80), st.integers(0, 79), st.integers(0, 255))
def test_no_bytes_make_the_bench_fail_and_damage_is_never_a_frame(
    data: bytes, place: int, other: int
) -> None:
    told(data)
    elements(data)
    burst = bytearray(answer(LIST))
    place = 4 + place % (len(burst) - 4)
    changed = burst[place] != other
    burst[place] = other
    assert (link_frame(bytes(burst)) is None) is changed


def test_the_benchs_own_check_is_the_published_one() -> None:
    assert fcs(b"123456789") == bytes.fromhex("6E90")
    assert crc_x25(b"123456789" + bytes.fromhex("6E90")) == 0
    assert crc_x25(b"123456788" + bytes.fromhex("6E90")) != 0


def test_neither_protocols_frame_passes_for_the_others() -> None:
    assert single_frame(answer(LIST)) is None
    assert link_frame(frames.read("370112100001", "02010100")) is None


@pytest.mark.parametrize(
    ("item", "raw", "values"),
    [
        ("698:20000201", "12 0899", {"voltage_a": "220.1"}),
        ("698:20010201", "05 FFFFFFFE", {"current_a": "-0.002"}),
        ("698:20010203", "05 00001388", {"current_c": "5.000"}),
        ("698:20040200", "01 02 05 00000064 05 FFFFFF9C",
         {"active_power": "10.0", "active_power_a": "-10.0"}),
        ("698:20040201", "05 00000064", {"active_power": "10.0"}),
        ("698:200A0201", "10 FC18", {"power_factor": "-1.000"}),
        ("698:00100201", "06 FFFFFFFF", {"energy_forward": "42949672.95"}),
        ("698:00100203", "06 00000001", {"energy_forward_t2": "0.01"}),
        ("698:200F0200", "12 1388", {"frequency": "50.00"}),
        ("698:20000200", "01 03 12 0899 00 12 0001",
         {"voltage_a": "220.1", "voltage_b": None, "voltage_c": "0.1"}),
        ("698:20000201", "00", {"voltage_a": None}),
        ("698:20000201", "", {}),
        ("698:40000200", "1C 07EA 08 10 00 00 00", {}),
        ("698:20000300", "12 0899", {}),
    ],
)  # fmt: skip
def test_the_judge_reads_a_datum_by_its_own_table(
    item: str, raw: str, values: dict[str, str | None]
) -> None:
    want = {k: None if v is None else Decimal(v) for k, v in values.items()}
    assert answered(item, bytes.fromhex(raw)) == want


def test_what_stands_behind_transformers_is_primary() -> None:
    ratio = Ratio(ct=(800, 5), pt=(3, 2))
    raw = bytes.fromhex("05 00000001")
    assert answered("698:20040201", raw, ratio) == {"active_power": Decimal("24.0")}
    assert answered("698:20010201", raw, ratio) == {"current_a": Decimal("0.160")}
    assert answered("698:20000201", raw, ratio) == {"voltage_a": Decimal("0.2")}
    assert answered("698:200A0201", raw, ratio) == {"power_factor": Decimal("0.001")}


@pytest.mark.parametrize(("value", "different"), [(220.1, 0), (220.2, 1)])
def test_the_judge_compares_a_reading_with_what_was_answered(
    tmp_path: Path, value: float, different: int
) -> None:
    noted(tmp_path, answer(LIST))
    row = {"meter": NUMBER, "quantity": "voltage_a", "t": 9, "value": value, "kind": "sweep"}
    (tmp_path / "readings").write_text(json.dumps(row) + "\n", encoding="utf-8")
    report = judge(
        load_truth(tmp_path / "truth", "b1"), load_readings(tmp_path / "readings"), {NUMBER: ""}, 1
    )
    assert (report.equal, len(report.different)) == (1 - different, different)
    # two voltages and the neutral current did not arrive; a refusal was no answer
    assert report.unread == 3
