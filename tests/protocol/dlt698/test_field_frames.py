"""Whole frames as field tools and terminals send them, built by hand from the sheet."""

from typing import Any

import pytest

from cext.framing698_py import build698
from protocol.decode import decode
from protocol.decoded import Decoded

METER = bytes.fromhex("123456789012")


def said(apdu: str, control: int = 0xC3, address: bytes = METER, kind: int = 0) -> Decoded:
    """What the one frame with this APDU says."""
    (one,), reason = decode(build698(control, address, kind, 0, 0x10, bytes.fromhex(apdu), 4))
    assert not reason
    return one


def named(one: Decoded) -> list[tuple[str, str | None, Any]]:
    return [(field.name, field.quantity, field.value) for field in one.values]


ROAD = (
    "85 03 05 60120300 02 00 202A0200 01 50040200 02 20210200 00100201 01 01 55 07 05123456789012 "
)
DAY = "1C 07E00114000000"
ENERGY = "06 00000005"


@pytest.mark.parametrize("row", [f"02 02 {DAY} {ENERGY}", f"{DAY} {ENERGY}"])
def test_a_road_columns_objects_are_values_whether_folded_or_not(row: str) -> None:
    one = said(ROAD + row + " 00 00")
    assert one.identifier == "60120300 202A0200 50040200 20210200 00100201"
    assert named(one) == [
        ("202A0200", None, "05123456789012"),
        ("freeze time", None, "2016-01-20 00:00:00"),
        ("forward active energy total", "energy_forward", 0.05),
    ]


def test_a_structure_of_another_size_under_a_road_column_is_shown_as_sent() -> None:
    one = said(ROAD + f"02 01 {ENERGY} 00 00")
    assert named(one)[1:] == [("day freeze", None, '[{"double-long-unsigned":5}]')]


@pytest.mark.parametrize(
    ("rsd", "text"),
    [
        (
            "02 20210200 1C 07E00114000000 1C 07E00115000000 54 01 000F",
            "2: 20210200 2016-01-20 00:00:00 2016-01-21 00:00:00 15 min",
        ),
        ("03 01 20220200 06 00000001 06 00000009 00", "3: [20220200 1 9 None]"),
        ("05 07E00114000000 01", "5: 2016-01-20 00:00:00 (1)"),
        (
            "06 07E00114000000 07E00115000000 01 000F 04 02 0001 0002",
            "6: 2016-01-20 00:00:00 2016-01-21 00:00:00 15 min (4 [1, 2])",
        ),
        ("09 01", "9: 1"),
        ("0A 02 03 01 07 05123456789012", "10: 2 (3 [05123456789012])"),
    ],
)
def test_every_selection_is_told_with_its_times_and_numbers(rsd: str, text: str) -> None:
    assert named(said(f"05 03 05 50020200 {rsd} 00 00", 0x43)) == [("selection", None, text)]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_wildcard_is_named_also_where_a_tool_sends_it_as_a_single_address(kind: int) -> None:
    one = said("05 01 00 40010200 00", 0x43, b"\xaa" * 6, kind)
    assert (one.address, one.note) == ("AAAAAAAAAAAA", "wildcard address")


def test_the_answer_in_a_security_envelope_gives_its_value_and_its_doubt() -> None:
    one = said("90 00 0F 85 01 01 00100201 01 06 00000064 00 00 01 00 04 AABBCCDD")
    assert named(one)[0] == ("forward active energy total", "energy_forward", 1.0)
    assert one.apdu is not None
    assert one.apdu["apdu"]["service"] == "GET-Response"
    assert "not verified" in one.note


def test_of_a_record_list_the_rows_and_the_refused_record_are_told() -> None:
    row = f"{DAY} 01 02 06 00000001 06 00000002"
    columns = "02 00 20210200 00 00100200"
    one = said(f"85 04 05 02 50040200 {columns} 01 01 {row} 50060200 01 00 20210200 00 06 00 00")
    assert named(one)[1:] == [
        ("forward active energy total", "energy_forward", 0.01),
        ("forward active energy tariff 1", "energy_forward_t1", 0.02),
    ]
    assert one.note == "month freeze: DAR 6 object does not exist"
    assert one.error is None


def test_a_report_with_two_objects_is_a_report() -> None:
    one = said("88 01 03 02 33200206 01 00 20000200 01 01 01 12 08FC 00 00", 0x83)
    assert (one.direction, one.identifier) == ("report", "33200206 20000200")
    assert named(one)[1] == ("voltage phase A", "voltage_a", 230.0)


def test_a_proxys_refused_object_stands_beside_the_others() -> None:
    one = said("89 01 05 01 07 05123456789012 02 20000200 01 01 01 12 08FC 00100200 00 06 00 00")
    assert named(one)[:2] == [
        ("voltage phase A", "voltage_a", 230.0),
        ("forward active energy", None, None),
    ]


def test_a_scrambled_answer_in_fragments_with_noise_between_is_put_together() -> None:
    apdu = bytes.fromhex("85 01 05 20000201 01 12 096D 00 00")
    first = build698(0xEB, METER, 0, 0, 0, b"\x00\x00" + apdu[:5], 4)
    last = build698(0xEB, METER, 0, 0, 0, b"\x01\x40" + apdu[5:], 4)
    found, reason = decode(first + b"\x33\x12" + first + last)
    assert [named(one) for one in found] == [[], [], [("voltage phase A", "voltage_a", 241.3)]]
    assert "33 12" in reason
