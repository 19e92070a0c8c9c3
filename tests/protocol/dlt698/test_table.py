"""The objects: every row, its elements and types, and the same quantities as from DL/T 645."""

import pytest

from protocol.dlt698.axdr import Bits, Data, ScalerUnit
from protocol.dlt698.moment import date_time_s
from protocol.dlt698.table import Entry, cells, entries, entry, oad_name, text, values
from protocol.exchange import Value
from protocol.quantity import quantities, quantity

U16, S32, U32 = 0x12, 0x05, 0x06


def array(tag: int, *numbers: int) -> Data:
    return Data(0x01, tuple(Data(tag, number) for number in numbers))


@pytest.mark.parametrize("row", entries().values(), ids=lambda row: f"{row.oi:04X}-{row.attribute}")
def test_every_row_is_named_in_both_languages_and_has_a_type(row: Entry) -> None:
    assert row.en
    assert any("一" <= letter <= "鿿" for letter in row.zh)
    assert row.axis in ("one", "tariff", "phase", "total", "harmonic", "number")
    assert row.mark in ("", "?")
    assert row.record == (row.type == "record")
    if row.unit or row.exponent:
        assert row.type not in ("any", "record")
    for one in row.quantities:
        assert (one.exponent, one.unit) == (row.exponent, row.unit)


def test_every_quantity_of_a_household_meter_is_given_by_one_row() -> None:
    given = [one.name for row in entries().values() for one in row.quantities]
    assert len(given) == len(set(given))
    wanted = [name for name, one in quantities().items() if one.source.startswith("DL/T 645")]
    assert sorted(given) == sorted(wanted)


@pytest.mark.parametrize(
    ("oad", "data", "wanted"),
    [
        (0x20000200, array(U16, 2201, 2202), [("voltage_a", 2201), ("voltage_b", 2202)]),
        (0x20000203, Data(U16, 2203), [("voltage_c", 2203)]),
        (0x20010400, Data(S32, 12), [("current_n", 12)]),
        (0x20040200, array(S32, -60000, 1), [("active_power", -60000), ("active_power_a", 1)]),
        (0x20040202, Data(S32, 7), [("active_power_a", 7)]),
        (0x200A0201, Data(0x10, -894), [("power_factor", -894)]),
        (0x200F0200, Data(U16, 4998), [("frequency", 4998)]),
        (0x00100201, Data(U32, 123456), [("energy_forward", 123456)]),
        (0x00100205, Data(U32, 5), [("energy_forward_t4", 5)]),
        (0x00100206, Data(U32, 5), []),
        (0x00100401, Data(0x15, 12345678), []),
        (0x00200200, array(U32, 1), [("energy_reverse", 1)]),
        (0x20000200, Data(0x01, (Data(0, None),)), [("voltage_a", None)]),
        (0x200F0200, Data(0, None), [("frequency", None)]),
        (0x20000200, Data(0, None), []),
        (0x20000200, Data(U16, 2201), []),
        (0x20000200, array(S32, 2201), []),
        (0x20002200, array(U16, 2201), []),
        (0x77770200, Data(U16, 1), []),
    ],
)
def test_a_datum_is_its_quantities(
    oad: int, data: Data, wanted: list[tuple[str, int | None]]
) -> None:
    assert values(oad, data) == tuple(Value(quantity(name), number) for name, number in wanted)


def test_a_type_that_is_not_the_rows_has_no_values() -> None:
    assert cells(0x20000200, array(S32, 2201)) is None
    assert cells(0x20140201, Data(0x04, Bits(8, b"\x00"))) is None
    assert cells(0x200F0201, Data(U16, 5000)) is None
    assert cells(0x50040200, Data(0x01, ())) is None


def test_a_maximum_demand_is_a_number_and_its_time() -> None:
    when = date_time_s(2026, 10, 5, 18, 30, 0)
    demand = Data(0x02, (Data(U32, 51234), Data(0x1C, when)))
    number, at = cells(0x10100201, demand) or ()
    assert (number.value, number.exponent, number.unit) == (51234, -4, "kW")
    assert (at.part, at.value) == ("time", "2026-10-05 18:30:00")


@pytest.mark.parametrize(
    ("oad", "en", "zh"),
    [
        (0x20000202, "voltage phase B", "B相电压"),
        (0x20040200, "active power", "有功功率"),
        (0x00100203, "forward active energy tariff 2", "正向有功电能峰"),
        (0x00110203, "forward active energy phase A tariff 2", "A相正向有功电能费率2"),
        (0x00100401, "forward active energy high precision total", "正向有功电能高精度总"),
        (0x20020203, "voltage phase angle phase C", "电压相角C相"),
        (0x20070201, "one-minute mean of active power total", "一分钟平均有功功率总"),
        (0x20070202, "one-minute mean of active power phase A", "一分钟平均有功功率A相"),
        (0x200D0203, "voltage harmonic content phase A harmonic 3", "A相电压谐波含有量3次"),
        (0x20140207, "meter status word 7", "电表运行状态字7"),
        (0x20000300, "voltage attribute 3", "电压 属性 3"),
        (0x77770200, "", ""),
    ],
)
def test_an_element_has_its_name(oad: int, en: str, zh: str) -> None:
    assert (oad_name(oad, "en"), oad_name(oad, "zh")) == (en, zh)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Data(0x00, None), None),
        (Data(0x0A, b"220V"), "220V"),
        (Data(0x09, b"\x12\x34"), "1234"),
        (Data(0x59, ScalerUnit(-2, 33)), "10^-2 kWh"),
        (Data(0x59, ScalerUnit(0, 77)), "10^0 unit 77"),
        (Data(0x17, float("nan")), None),
        (array(U16, 1), '[{"long-unsigned":1}]'),
    ],
)
def test_data_of_unknown_meaning_are_said_as_they_are(data: Data, said: object) -> None:
    assert text(data) == said


def test_a_record_is_told_from_a_value() -> None:
    day, volts = entry(0x50040200), entry(0x20000200)
    assert day is not None
    assert volts is not None
    assert (day.record, volts.record) == (True, False)
