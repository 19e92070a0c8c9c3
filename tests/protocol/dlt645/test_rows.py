"""The tables: every row both ways through its own example, and blocks that no row lists."""

import csv
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol.dlt645.tables
from cext.framing import Frame645, Scanner645
from protocol.dlt645.axis import axis
from protocol.dlt645.fields import codes, fields, named_bits, part_name
from protocol.dlt645.form import Cell, write
from protocol.dlt645.meaning import Command, commands, item_values, meaning
from protocol.dlt645.rows import FILES, Row, entry, table
from protocol.dlt645.table import item
from tests.cext.streams import encode
from tests.protocol.dlt645.known import Known, each_known
from tests.protocol.dlt645.wire import bcd

FOLDER = pathlib.Path(protocol.dlt645.tables.__file__).parent


def example(raw: bytes) -> Frame645:
    frame = Scanner645().feed(raw)
    assert frame is not None
    assert frame.raw == raw
    return frame


@pytest.mark.parametrize("row", table(), ids=lambda row: row.pattern)
def test_an_example_gives_what_its_row_says_and_goes_back_to_its_bytes(row: Row) -> None:
    frame = example(row.example)
    known = entry(frame.identifier)
    assert known is not None
    ((piece, gots),) = known.read(frame.data[4:]) or ()
    assert piece.row is row
    assert tuple("-" if got.value is None else str(got.value) for got in gots) == row.gives
    assert write(gots) == frame.data[4:]


@pytest.mark.parametrize("row", table(), ids=lambda row: row.pattern)
def test_a_row_has_a_source_a_mark_and_names(row: Row) -> None:
    frame = example(row.example)
    said = meaning(frame)
    assert row.source
    assert row.mark in ("", "E", "?")
    assert (f"[{row.mark}]" in said.note) == bool(row.mark)
    assert said.name
    assert meaning(frame, "zh").name != said.name
    assert "{" not in said.name
    assert all(field.name for field in said.values)


@pytest.mark.parametrize("row", table(), ids=lambda row: row.pattern)
def test_a_row_has_no_value_in_filled_data(row: Row) -> None:
    frame = example(row.example)
    found = meaning(example(encode(bytes(6), 0x91, frame.data[:4] + b"\xff" * len(row.gives[0]))))
    whole = meaning(
        example(encode(bytes(6), 0x91, frame.data[:4] + b"\xff" * (len(frame.data) - 4)))
    )
    for said in (found, whole):
        values = [field.value for field in said.values]
        assert all(
            value is None or (isinstance(value, str) and set(value) <= {"F", " "})
            for value in values
        )


def test_each_identifier_belongs_to_one_row() -> None:
    seen: dict[tuple[int, ...], str] = {}
    for row in table():
        tokens = [list(token.numbers) for token in row.tokens]
        for one in tokens[1]:
            for two in tokens[2]:
                for three in tokens[3]:
                    key = (next(iter(row.tokens[0].numbers)), one, two, three)
                    assert key not in seen, f"{row.pattern} and {seen.get(key)}"
                    seen[key] = row.pattern


@each_known
def test_the_items_of_the_sweep_are_the_same_here(known: Known) -> None:
    said, row = meaning(example(known.example)), item(known.identifier)
    assert said.name == row.name()
    assert tuple(field.quantity for field in said.values) == known.quantities
    for field, scaled, quantity in zip(said.values, known.expected, row.quantities, strict=True):
        if scaled is None:
            assert field.value is None
        else:
            assert isinstance(field.value, int | float)
            factor = 1000 if row.unit != quantity.unit else 1
            assert field.value * factor == pytest.approx(quantity.number(scaled))
            assert field.unit == row.unit


def test_each_class_has_its_own_rows_and_no_row_is_out_of_reach() -> None:
    tops = {top for row in table() for top in row.tokens[0].numbers}
    assert tops == set(FILES)
    assert all(entry(example(row.example).identifier) is not None for row in table())


@pytest.mark.parametrize("command", commands().values(), ids=lambda each: f"{each.control:02X}")
def test_a_commands_example_goes_both_ways(command: Command) -> None:
    frame = example(command.example)
    assert frame.control == command.control
    rest = frame.data[4 if command.identifier else 0 :]
    gots = command.form.read(rest)
    assert gots is not None
    assert tuple(str(got.value) for got in gots) == command.gives
    assert write(gots) == rest
    assert len(meaning(frame).values) == len(gots)


def values(identifier: int, data: str) -> list[object]:
    found, _ = item_values(identifier, bytes.fromhex(data))
    return [field.value for field in found]


def test_a_block_of_tariffs_is_as_long_as_the_meter_has_tariffs() -> None:
    assert values(0x0001FF00, "00030000 00010000 00020000") == [3.0, 1.0, 2.0]


def test_a_block_of_settlement_days_begins_with_now() -> None:
    found, _ = item_values(0x000100FF, bytes.fromhex("00030000 00010000"))
    assert [(field.quantity, field.value) for field in found] == [
        ("energy_forward", 3.0),
        (None, 1.0),
    ]
    assert found[1].name == "forward active energy total settlement day 1 ago"


def test_a_block_of_phases_has_them_all() -> None:
    assert values(0x0201FF00, "0122 FFFF 0322") == [220.1, None, 220.3]
    assert values(0x0203FF00, "121200 121200 000080 FFFFFF") == [0.1212, 0.1212, 0.0, None]


def test_a_block_of_demands_keeps_value_and_time_together() -> None:
    found, _ = item_values(0x0101FF00, bytes.fromhex("123400 0403020126" * 2))
    assert [field.value for field in found] == [0.3412, "2026-01-02 03:04"] * 2
    assert found[2].name == "maximum demand forward active tariff 1: maximum demand"


def test_a_block_over_rows_of_many_formats_is_cut_as_the_rows_say() -> None:
    data = b"".join(
        bcd(number, width, False)
        for number, width in
        ((1, 3), (5001, 2), (2, 3), (3, 3), (4, 3), (5, 3), (250, 2), (360, 2), (610, 2), (9, 4))
    )  # fmt: skip
    assert values(0x028000FF, data.hex()) == [
        0.001, 50.01, 0.0002, 0.0003, 0.0004, 0.0005, 25.0, 3.6, 6.1, 9
    ]  # fmt: skip
    extended = data + bcd(5600, 4, False)
    assert values(0x028000FF, extended.hex())[-1] == 0.56


def test_a_block_of_status_words_is_their_bits_by_name() -> None:
    found, _ = item_values(0x040005FF, bytes.fromhex("0400 0100 1000 0000 0100 0000 2000"))
    true = [field.name for field in found if field.value is True]
    assert true == [
        "meter status word 1: clock battery low",
        "meter status word 2: active power reversed phase A",
        "meter status word 3: relay open",
        "meter status word 5 phase B: loss of voltage",
        "meter status word 7: power off",
    ]


def test_bits_of_several_states_are_words() -> None:
    found, _ = item_values(0x04000503, bytes.fromhex("0502"))
    said = {field.name: field.value for field in found}
    assert said["supply"] == "battery"
    assert said["running day table"] == "table 2"
    assert said["meter type"] == "by money"


def test_a_state_that_has_no_word_has_no_value() -> None:
    found, _ = item_values(0x04000503, bytes.fromhex("0600"))
    assert {field.name: field.value for field in found}["supply"] is None


def test_a_set_bit_without_a_name_is_shown() -> None:
    found, _ = item_values(0x04000502, bytes.fromhex("0080"))
    assert [field.name for field in found if field.value is True] == ["bit 15"]


def test_a_block_over_di2_is_the_first_run_or_all() -> None:
    assert len(values(0x00FF0000, "01000000" * 11)) == 11
    found, notes = item_values(0x00FF0000, bytes(4 * 12))
    assert found[0].value is None
    assert notes == ["length does not fit: 48 bytes"]


def test_a_frozen_block_is_kept_apart_by_aa() -> None:
    one = "AA".join(["0000230726", "00010000 00010000", *[""] * 9, "121200" * 8])
    found, notes = item_values(0x0506FF01, bytes.fromhex(one + "AA"))
    assert found[0].value == "2026-07-23 00:00"
    assert [field.value for field in found[1:3]] == [1.0, 1.0]
    assert len(found) == 1 + 2 + 8
    assert any(note.startswith("[?]") for note in notes)


@pytest.mark.parametrize(
    "identifier",
    [0x0001FFFF, 0xFF010000, 0x0015FF00, 0x00010040, 0x0201FE00, 0x060000FF, 0x07000001, -1, 2**32],
)
def test_what_is_in_no_table_and_no_block_is_unknown(identifier: int) -> None:
    assert entry(identifier) is None


def test_blocks_of_open_items_are_not_guessed_apart() -> None:
    found, _ = item_values(0x050601FF, bytes(40))
    assert found[0].value is None


def test_only_a_value_of_now_bears_its_quantity() -> None:
    for identifier, quantity in (
        (0x00010000, "energy_forward"),
        (0x00010200, "energy_forward_t2"),
        (0x00010001, None),
        (0x00150000, None),
        (0x02020300, "current_c"),
        (0x05060101, None),
    ):
        known = entry(identifier)
        assert known is not None
        assert known.pieces[0].quantity == quantity


def test_every_word_of_the_forms_is_in_its_table() -> None:
    for row in table():
        for part in row.form.parts:
            for each in (part,) if isinstance(part, Cell) else part.cells:
                if each.key:
                    assert part_name(each.key, "en")
                if each.kind == "bits":
                    assert named_bits(each.list)
                if each.kind == "code" and each.list:
                    assert codes(each.list)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.csv")), ids=lambda file: file.stem)
def test_a_table_is_even_and_says_all_in_both_languages(file: pathlib.Path) -> None:
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert rows
    for row in rows:
        assert None not in row
        assert None not in row.values()
        assert bool(row.get("en")) == bool(row.get("zh"))


@pytest.mark.parametrize("row", table(), ids=lambda row: row.pattern)
def test_every_block_over_a_row_has_a_name(row: Row) -> None:
    identifier = example(row.example).identifier
    for mask in (0xFF, 0xFF00, 0xFF0000):
        block = entry(identifier | mask)
        if block is not None:
            assert block.name()
            assert block.name("zh")


def test_an_unknown_axis_is_an_error() -> None:
    with pytest.raises(ValueError, match="no axis"):
        axis("nowhere")


known = st.sampled_from([example(row.example).identifier for row in table()])
blocks = st.sampled_from([0, 0xFF, 0xFF00, 0xFF0000])
identifiers = st.integers(0, 0xFFFFFFFF) | st.builds(int.__or__, known, blocks)


@given(identifiers, st.binary(max_size=300), st.sampled_from(["en", "zh"]))
def test_no_data_under_any_identifier_raises(identifier: int, data: bytes, lang: str) -> None:
    item_values(identifier, data, lang)


@given(identifiers, st.binary(max_size=200))
def test_what_is_read_is_what_was_sent(identifier: int, data: bytes) -> None:
    """All bytes are accounted for: each value's own bytes, written again, are the data's."""
    known = entry(identifier)
    found = known.read(data) if known else None
    if known is None or found is None or known.separator is not None:
        return
    at = 0
    for _, gots in found:
        for got in gots:
            size = got.cell.size or len(data) - sum(each.cell.size for _, g in found for each in g)
            sent = data[at : at + size]
            at += size
            if got.value is not None and got.value != 0:
                assert got.cell.write(got.value) == sent
    assert at == len(data)
    assert fields(found, "en")
