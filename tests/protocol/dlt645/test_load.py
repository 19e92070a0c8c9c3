"""Load records: blocks A0 … E5, their six classes, and what is no block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dlt645.load import Block, LoadClass, blocks, classes, is_load
from protocol.dlt645.meaning import item_name, item_values, meaning
from tests.cext.streams import encode
from tests.protocol.dlt645.test_rows import example

TIME = bytes.fromhex("3015 230726")
KEPT = [
    bytes.fromhex("0122 0222 FFFF 000100 000180 FFFFFF 0050"),
    bytes.fromhex("121200" * 8),
    bytes.fromhex("0010" * 4),
    bytes.fromhex("00010000" * 4),
    bytes.fromhex("00020000" * 4),
    bytes.fromhex("121200 341280"),
]


def block(parts: list[bytes], count: int = 0, head: int = 0xA0) -> bytes:
    """A block as the standard's text has it; `count` more in its length byte."""
    body = TIME + b"".join(part + b"\xaa" for part in parts)
    raw = bytes([head, head, len(body) + count]) + body
    return raw + bytes([sum(raw) & 0xFF, 0xE5])


def one(data: bytes, only: int = 0) -> Block:
    """The only block of an answer."""
    found = blocks(data, only)
    assert found is not None
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("row", classes(), ids=lambda row: f"class {row.number}")
def test_the_example_of_a_class_gives_what_its_row_says(row: LoadClass) -> None:
    frame = example(row.example)
    assert is_load(frame.identifier)
    found = one(frame.data[4:], row.number)
    assert found.valid
    assert tuple(str(got.value) for got in found.values) == row.gives
    assert "[?]" in meaning(frame).note
    assert row.en in meaning(frame).name
    assert row.zh in meaning(frame, "zh").name


def test_the_classes_are_as_long_as_the_standard_says() -> None:
    assert [row.form.size for row in classes()] == [17, 24, 8, 16, 16, 6]


def test_a_whole_record_gives_its_time_and_every_class() -> None:
    found, _ = item_values(0x06000002, block(KEPT))
    said = {field.name: (field.quantity, field.value, field.unit) for field in found}
    assert said["time"] == (None, "2026-07-23 15:30", "")
    assert said["voltage phase A"] == ("voltage_a", 220.1, "V")
    assert said["voltage phase C"] == ("voltage_c", None, "V")
    assert said["current phase B"] == ("current_b", -0.1, "A")
    assert said["frequency"] == ("frequency", 50.0, "Hz")
    assert said["active power total"] == ("active_power", 0.1212, "kW")
    assert said["power factor phase C"] == ("power_factor_c", 1.0, "")
    assert said["forward active energy"] == ("energy_forward", 1.0, "kWh")
    assert said["quadrant 4 reactive energy"] == (None, 2.0, "kvarh")
    assert said["present reactive demand"] == (None, -0.1234, "kvar")


@pytest.mark.parametrize("kept", range(6))
def test_a_class_not_kept_is_empty(kept: int) -> None:
    parts = [part if at == kept else b"" for at, part in enumerate(KEPT)]
    found = one(block(parts))
    assert len(found.values) > 1


@pytest.mark.parametrize("only", range(1, 7))
def test_an_answer_about_one_class_may_hold_that_class_alone(only: int) -> None:
    alone = block([KEPT[only - 1]])
    parts = [part if at == only - 1 else b"" for at, part in enumerate(KEPT)]
    assert blocks(alone, only) == blocks(block(parts), only)
    assert blocks(alone) is None


@pytest.mark.parametrize("count", [0, 2, 5])
def test_the_length_may_count_what_sources_say_it_counts(count: int) -> None:
    assert blocks(block(KEPT, count)) == blocks(block(KEPT))


@pytest.mark.parametrize("count", [-1, 1, 3, 4, 100])
def test_another_length_is_no_block(count: int) -> None:
    assert blocks(block(KEPT, count)) is None


def test_blocks_follow_one_another() -> None:
    found, _ = item_values(0x06010000, block([KEPT[0], *[b""] * 5]) * 3)
    assert [field.name for field in found if "time" in field.name] == [
        "record 1: time", "record 2: time", "record 3: time"
    ]  # fmt: skip


def test_an_invalid_block_has_no_value_but_its_time() -> None:
    found = one(block(KEPT, head=0xE0))
    assert not found.valid
    assert len(found.values) == 1
    _, notes = item_values(0x06000000, block(KEPT, head=0xE0))
    assert "invalid record block" in notes


def test_a_flipped_bit_anywhere_takes_the_value_away() -> None:
    whole = block(KEPT)
    for at in range(len(whole)):
        data = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert blocks(data) is None


@pytest.mark.parametrize("parts", [[], [KEPT[0]], [*KEPT, b""], [*KEPT, KEPT[0]], KEPT[:5]])
def test_a_block_of_more_or_fewer_classes_is_none(parts: list[bytes]) -> None:
    assert blocks(block(parts)) is None


@pytest.mark.parametrize("head", [0xA0E0, 0xE0A0, 0xA1A1])
def test_a_block_begins_with_its_mark_twice(head: int) -> None:
    raw = head.to_bytes(2, "big") + block(KEPT)[2:-2]
    assert blocks(raw + bytes([sum(raw) & 0xFF, 0xE5])) is None


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 8, 50])
def test_a_cut_block_gives_nothing(cut: int) -> None:
    found, notes = item_values(0x06000000, block(KEPT)[:cut])
    assert found[0].value is None
    assert notes[0].startswith("length does not fit")


def test_requests_say_how_many_and_from_when() -> None:
    frame = example(encode(bytes(6), 0x11, bytes.fromhex("01000006 02 1530230726")))
    assert [field.value for field in meaning(frame).values] == [2, None]
    frame = example(encode(bytes(6), 0x11, bytes.fromhex("01000006 02 3015230726")))
    assert [field.value for field in meaning(frame).values] == [2, "2026-07-23 15:30"]
    frame = example(encode(bytes(6), 0x11, bytes.fromhex("02000006 09")))
    assert [field.value for field in meaning(frame).values] == [9]


@pytest.mark.parametrize("identifier", [0x06070000, 0x06000100, 0x06000003, 0x06FF0000])
def test_what_is_no_load_record_is_not_named_one(identifier: int) -> None:
    assert not is_load(identifier)
    assert item_name(identifier) == ""


@given(st.binary(max_size=200), st.integers(0, 6), st.booleans())
def test_no_bytes_raise(data: bytes, only: int, headed: bool) -> None:
    blocks((b"\xa0\xa0" if headed else b"") + data, only)
