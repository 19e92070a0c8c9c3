"""The calendar of tariffs as objects of DL/T 698.45: read, set by a programmer, refused."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware
from protocol.dlt698.apdu import Apdu, parse
from tests.firmware_sim.firmware.bench698 import Bench
from tests.firmware_sim.firmware.calendars import Reference, second

ZONES = "0102" + "0203110111011102" + "0203110711011102"
SEGMENTS = "0104" + "".join(
    f"020311{hour:02X}110011{tariff:02X}" for hour, tariff in ((0, 4), (8, 2), (22, 4), (22, 4))
)
DAYS = "0102" + 2 * SEGMENTS
NONE = "1C" + "FF" * 7
HOLIDAYS = "0102" + "02021A07EA0A01041101" + "02021A07EB0101051101"
FACTORY = {
    "4008": NONE, "4009": NONE, "4011": HOLIDAYS, "4012": "0408FE", "4013": "1101",
    "4014": ZONES, "4015": ZONES, "4016": DAYS, "4017": DAYS,
}  # fmt: skip


def zones(*rows: tuple[int, int, int]) -> str:
    """An array of structures of three unsigned."""
    return f"01{len(rows):02X}" + "".join(f"020311{a:02X}11{b:02X}11{c:02X}" for a, b, c in rows)


def trusted() -> Bench:
    """A meter in a connection by password."""
    bench = Bench()
    assert bench.connect() == 0
    return bench


@pytest.mark.parametrize("oi", FACTORY)
def test_it_leaves_the_factory_sorted_as_the_chip_sorts(oi: str) -> None:
    bench = Bench()
    assert bench.value(f"{oi}0200") == FACTORY[oi]
    assert bench.value(f"{oi}0300") == "dar 6"


def test_an_element_is_read_by_its_index() -> None:
    bench = Bench()
    assert bench.value("40140202") == ZONES[20:]
    assert bench.value("40160201") == SEGMENTS
    assert bench.value("40110202") == HOLIDAYS[24:]
    for oad in ("40140203", "40160203", "40110203", "40120201", "40080201"):
        assert bench.value(oad) == "dar 6", oad


@pytest.mark.parametrize("oi", FACTORY)
def test_without_the_password_nobody_sets_it(oi: str) -> None:
    bench = Bench()
    assert bench.set(f"{oi}0200", FACTORY[oi]) == 3
    assert bench.value(f"{oi}0200") == FACTORY[oi]


@pytest.mark.parametrize(
    ("oi", "data"),
    [
        ("4008", "1C07EA0901000000"),
        ("4009", "1C07EA0901100B00"),
        ("4011", "0102" + "02021A07EA0A02051102" + "0202" + "1A" + "FF" * 5 + "1100"),
        ("4012", "04083E"),
        ("4013", "1102"),
        ("4014", zones((3, 1, 1), (10, 7, 2))),
        ("4015", zones((2, 29, 1), (11, 1, 2))),
        ("4016", "0102" + zones((0, 0, 1), (6, 30, 2), (12, 0, 3), (23, 59, 4)) + SEGMENTS),
        ("4017", "0102" + SEGMENTS + zones((7, 0, 1), (7, 0, 2), (7, 30, 3), (8, 0, 4))),
    ],
)
def test_what_a_programmer_sets_is_read_back(oi: str, data: str) -> None:
    bench = trusted()
    assert bench.set(f"{oi}0200", data) == 0
    assert bench.value(f"{oi}0200") == data
    for other in FACTORY:
        if other != oi:
            assert bench.value(f"{other}0200") == FACTORY[other]


def test_a_shorter_table_is_filled_up_with_its_last_row() -> None:
    bench = trusted()
    assert bench.set("40150200", zones((3, 1, 2))) == 0
    assert bench.value("40150200") == zones((3, 1, 2), (3, 1, 2))
    one = zones((0, 0, 3))
    assert bench.set("40170200", "0101" + one) == 0
    assert bench.value("40170200") == "0102" + 2 * zones(*4 * [(0, 0, 3)])


@pytest.mark.parametrize(
    ("oi", "data", "dar"),
    [
        ("4014", zones((1, 1, 1), (2, 1, 1), (3, 1, 1)), 17),
        ("4016", "0102" + SEGMENTS + zones(*5 * [(0, 0, 1)]), 18),
        ("4016", "0102" + SEGMENTS + zones((0, 0, 5)), 19),
        ("4016", "0103" + 3 * SEGMENTS, 8),
        ("4014", zones((1, 1, 3)), 8),
        ("4014", zones((2, 30, 1)), 8),
        ("4014", zones((7, 1, 1), (1, 1, 1)), 8),
        ("4016", "0101" + zones((24, 0, 1)), 8),
        ("4016", "0101" + zones((200, 0, 1)), 8),
        ("4016", "0101" + zones((0, 60, 1)), 8),
        ("4016", "0101" + zones((0, 0, 0)), 8),
        ("4008", "1C07EA0901000001", 8),
        ("4008", "1C07EA0D01000000", 8),
        ("4013", "1103", 8),
        ("4011", "0101" + "02021A07EA0229051101", 8),
        ("4014", "1101", 7),
        ("4014", "0100", 7),
        ("4014", "0101" + "0202" + "1101" + "1101", 7),
        ("4014", "0101" + "0203" + "1101" + "1101" + "120001", 7),
        ("4008", "0906" + "00" * 6, 7),
        ("4012", "1101", 7),
        ("4013", "120001", 7),
        ("4011", "0101" + "0202" + "1C07EA0101000000" + "1101", 7),
    ],
)
def test_what_is_no_calendar_is_refused(oi: str, data: str, dar: int) -> None:
    bench = trusted()
    assert bench.set(f"{oi}0200", data) == dar
    assert bench.value(f"{oi}0200") == FACTORY[oi]
    assert bench.value("30120400") == "120000"


def test_what_is_in_force_and_what_stands_by_change_places_at_the_switch() -> None:
    bench = trusted()
    new = zones((4, 1, 1), (9, 1, 2))
    assert bench.set("40150200", new) == 0
    assert bench.set("40080200", "1C07EA0901000000") == 0
    bench.rtc = (2026, 9, 1, 0, 0, 0, 0, 0)
    assert (bench.value("40140200"), bench.value("40150200")) == (new, ZONES)
    assert bench.value("20140203") == "04100020"
    # the set that stands by now is the first one
    later = zones((5, 1, 1), (5, 2, 2))
    assert bench.connect() == 0
    assert bench.set("40150200", later) == 0
    assert (bench.value("40140200"), bench.value("40150200")) == (new, later)


DATA = st.recursive(
    st.sampled_from(["00", "1101", "11FF", "1C07EA0901000000", NONE, "1A07EA0A010411", "0408FE"]),
    lambda inner: st.builds(
        lambda tag, parts: f"{tag}{len(parts):02X}" + "".join(parts),
        st.sampled_from(["01", "02"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.sampled_from(sorted(FACTORY)), DATA | st.binary(max_size=40).map(bytes.hex))
def test_whatever_is_set_the_meter_answers_and_its_calendar_stays_sane(oi: str, data: str) -> None:
    bench = trusted()
    said = bench.serve(bytes.fromhex(f"060107{oi}0200{data}00"))
    assert isinstance(parse(said), Apdu)
    now = datetime(2026, 9, 1, 7, 30)
    held = bytes(bench.meter.tables.data)
    t = firmware("lib.tariffs")
    assert t.tariff(held, 0, 0, second(now)) == Reference(held).tariff(now)
    for one in FACTORY:
        assert not bench.value(f"{one}0200").startswith("dar")
