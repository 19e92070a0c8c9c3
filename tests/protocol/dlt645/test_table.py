"""The items of the sweep: which they are, and that each reads a meter's answer."""

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Scanner645
from protocol.dlt645 import table as table_module
from protocol.dlt645.form import form as parsed
from protocol.dlt645.rows import entry, measured, table
from protocol.dlt645.table import LONGEST, Item, Numbers, item, items
from protocol.quantity import quantities, quantity
from tests.protocol.dlt645.known import KNOWN, Known, each_known
from tests.protocol.dlt645.wire import bcd, di

PREFIX = {"kW": ("W", 1000), "kvar": ("var", 1000), "kVA": ("VA", 1000)}


def test_the_items_are_all_identifiers_whose_answer_is_quantities_of_now() -> None:
    assert list(items()) == [known.identifier for known in KNOWN]


@each_known
def test_an_item_reads_its_example(known: Known) -> None:
    frame = Scanner645().feed(known.example)
    row = item(known.identifier)
    assert frame is not None
    assert frame.raw == known.example
    assert frame.control == 0x91
    assert frame.data[:4] == di(row.text)
    assert tuple(each.name for each in row.quantities) == known.quantities
    assert row.numbers(frame.data[4:]) == known.expected


def test_no_table_of_quantities_is_forgotten() -> None:
    assert measured() == tuple(row for row in table() if row.quantity)


def test_what_the_sweep_reads_every_day_does_not_load_the_wide_tables() -> None:
    code = """
from protocol.dlt645.axis import rows
import protocol.dlt645.rows as tables
loaded = []
tables.rows = lambda file: loaded.append(file) or rows(file)
from protocol.dlt645.read import Read
for identifier in (0x02010100, 0x0203FF00, 0x00010000):
    Read("123456789012", identifier)
print(*sorted(loaded))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["energy.csv", "variables.csv"]


@pytest.mark.parametrize(
    "identifier",
    [
        0x00010001,  # of a settlement day
        0x000100FF,  # now and settlement days
        0x00150000,  # a phase's energy: not in the vocabulary
        0x00FF0000,  # over rows of several formats
        0x02070100,  # an angle
        0x028000FF,
        0x01010000,  # value and time
        0x04000501,  # bits
        0x05060101,
    ],
)
def test_what_is_no_quantity_of_now_is_no_item(identifier: int) -> None:
    with pytest.raises(KeyError):
        item(identifier)


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
    if len(row.quantities) == 1:
        (only,) = row.quantities
        assert (row.name(), row.name("zh")) == (only.en, only.zh)


def test_every_quantity_of_the_tables_is_in_the_vocabulary() -> None:
    names = {each.name for row in items().values() for each in row.quantities}
    stated = {name for name, each in quantities().items() if each.source.startswith("DL/T 645")}
    assert names == stated


@pytest.mark.parametrize("form", ["±XXX.XXX/A", "YYMM"])
def test_a_block_of_several_formats_or_of_no_numbers_is_no_item(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = entry(0x0201FF00)
    assert known is not None
    first, *rest = known.pieces
    other = dataclasses.replace(first.row, form=parsed(form))
    pieces = [dataclasses.replace(piece, row=other) for piece in rest]
    if form == "YYMM":
        pieces.insert(0, dataclasses.replace(first, row=other))
    else:
        pieces.insert(0, first)
    changed = dataclasses.replace(known, pieces=tuple(pieces))
    monkeypatch.setattr("protocol.dlt645.table.entry", lambda _: changed)
    table_module._item.cache_clear()
    with pytest.raises(KeyError):
        item(0x0201FF00)
    table_module._item.cache_clear()


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
