"""items.csv: each row tells the truth about its own example frame."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Scanner645
from protocol.dlt645.table import LONGEST, Item, Numbers, item, items
from protocol.quantity import quantity
from tests.protocol.dlt645.wire import bcd, di

PREFIX = {"kW": ("W", 1000), "kvar": ("var", 1000), "kVA": ("VA", 1000)}


@pytest.mark.parametrize("row", items().values(), ids=lambda row: row.text)
def test_an_example_gives_what_its_row_says(row: Item) -> None:
    frame = Scanner645().feed(row.example)
    assert frame is not None
    assert frame.raw == row.example
    assert frame.control == 0x91
    assert frame.data[:4] == di(row.text)
    assert row.numbers(frame.data[4:]) == row.expected


@pytest.mark.parametrize("row", items().values(), ids=lambda row: row.text)
def test_one_step_on_the_wire_is_the_same_in_the_quantity(row: Item) -> None:
    data = bcd(1, row.width, row.signed) + bcd(None, row.width, False) * (len(row.quantities) - 1)
    numbers = row.numbers(data)
    assert numbers is not None
    assert numbers[0] is not None
    unit, times = PREFIX.get(row.unit, (row.unit, 1))
    first = row.quantities[0]
    assert first.unit == unit
    assert first.number(numbers[0]) == pytest.approx(times * 10**-row.decimals)


@pytest.mark.parametrize("row", items().values(), ids=lambda row: row.text)
def test_an_item_has_a_name_in_both_languages(row: Item) -> None:
    assert row.name()
    assert row.name("zh") != row.name()


def test_a_quantity_coarser_than_the_wire_is_refused() -> None:
    from protocol.dlt645.table import _factor

    coarse = dataclasses.replace(quantity("voltage_a"), exponent=0)
    with pytest.raises(ValueError, match="no room"):
        _factor("V", 1, coarse)


def test_a_finer_quantity_is_multiplied() -> None:
    fine = dataclasses.replace(item("02010100"), factor=100)
    assert fine.numbers(bytes.fromhex("0122")) == (220100,)
    assert dataclasses.replace(item("0201FF00"), factor=10).numbers(
        bytes.fromhex("0122 FFFF 0222")
    ) == (22010, None, 22020)


def test_items_are_found_by_number_and_by_text() -> None:
    assert item(0x02010100) is item("02010100")
    assert item("0201ff00").text == "0201FF00"


@pytest.mark.parametrize("unknown", [0x0201FE00, "0201FE00", "voltage", ""])
def test_an_unknown_item_is_a_key_error(unknown: int | str) -> None:
    with pytest.raises(KeyError):
        item(unknown)


@pytest.mark.parametrize(
    ("count", "numbers"),
    [
        (1, (1, None, None, None, None)),
        (3, (1, 2, 3, None, None)),
        (5, (1, 2, 3, 4, 5)),
        (9, (1, 2, 3, 4, 5)),
        (64, (1, 2, 3, 4, 5)),
    ],
)
def test_a_tariff_block_is_as_long_as_the_meter_has_tariffs(count: int, numbers: Numbers) -> None:
    data = b"".join(bcd(n + 1, 4, False) for n in range(count))
    assert len(data) + 4 <= LONGEST
    assert item("0001FF00").numbers(data) == numbers


@pytest.mark.parametrize("length", [0, 1, 19, 21, 260])
def test_a_tariff_block_of_broken_fields_gives_nothing(length: int) -> None:
    assert item("0001FF00").numbers(bytes(length)) is None


@pytest.mark.parametrize("length", [0, 2, 4, 5, 7, 8])
def test_a_phase_block_of_another_length_gives_nothing(length: int) -> None:
    assert item("0201FF00").numbers(bytes(length)) is None


@st.composite
def held(draw: st.DrawFn) -> tuple[Item, Numbers]:
    row = draw(st.sampled_from(list(items().values())))
    top = 10 ** (2 * row.width) * (8 if row.signed else 10) // 10 - 1
    low = -top if row.signed else 0
    numbers = [draw(st.none() | st.integers(low, top)) for _ in row.quantities]
    return row, tuple(numbers)


@given(held())
def test_what_a_meter_holds_is_what_is_read(given: tuple[Item, Numbers]) -> None:
    row, numbers = given
    data = b"".join(bcd(number, row.width, row.signed) for number in numbers)
    assert row.numbers(data) == row.scaled(numbers)


@given(st.sampled_from(list(items().values())), st.binary(max_size=300))
def test_no_data_raises(row: Item, data: bytes) -> None:
    numbers = row.numbers(data)
    assert numbers is None or len(numbers) == len(row.quantities)
