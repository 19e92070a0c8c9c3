"""The register maps as data: maps.csv against the field's map and against its own examples."""

import pytest

from protocol.modbus import table
from protocol.modbus.table import METER, UNIT, Block, Field, blocks, kinds, maps, marks
from tests.protocol.modbus.wire import CONTENT


def the_block() -> Block:
    (block,) = blocks("tmu-1")
    return block


def test_the_map_of_the_tmu_is_one_question_of_17_input_registers() -> None:
    block = the_block()
    assert (block.function, block.start, block.count) == (4, 0, 17)
    assert block.text == "04:0000:0011"
    assert block.answer_bytes == 39


def test_an_unknown_map_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        blocks("tmu-2")


def answer_with(block: Block, field: Field, example: bytes) -> bytes:
    """What stands behind the byte count when this field holds its example, all else zero."""
    if field.type == "bit":
        return (example[0] << field.register - block.start).to_bytes(block.content_bytes, "little")
    at = 2 * (field.register - block.start)
    data = bytearray(block.content_bytes)
    data[at : at + len(example)] = example
    return bytes(data)


@pytest.mark.parametrize(
    ("block", "field"),
    [(block, field) for of_map in maps().values() for block in of_map for field in block.fields],
    ids=lambda one: one.map if isinstance(one, Block) else one.quantity.name,
)
def test_a_row_s_example_read_from_its_answer_gives_what_it_says(
    block: Block, field: Field
) -> None:
    assert len(field.example) == (1 if field.type == "bit" else 2 * field.registers)
    contents = block.contents(answer_with(block, field, field.example))
    assert contents is not None
    assert block.numbers(contents)[block.fields.index(field)] == field.expected


def test_the_whole_answer_gives_every_quantity_its_number() -> None:
    block = the_block()
    contents = block.contents(CONTENT)
    assert contents is not None
    named = {v.quantity.name: v.scaled for v in block.values(block.numbers(contents))}
    assert named == {
        "tmu_map": 1,
        "tmu_status": 0x109,
        "oil_temperature": 453,
        "winding_temperature_a": None,
        "winding_temperature_b": 770,
        "winding_temperature_c": 32767,
        "cabinet_temperature": 350,
        "outdoor_temperature": -92,
        "humidity": 601,
        "residual_current": 40000,
        "tmu_uptime": 86400,
        "door_openings": 7,
        "tmu_reset_cause": 2,
        "supply_voltage": 1197,
        "tmu_firmware": 256,
    }


def test_only_sensors_of_a_tmu_can_be_missing() -> None:
    without = {field.quantity.name for field in the_block().fields if field.missing is None}
    assert without == {
        "tmu_map",
        "tmu_status",
        "tmu_uptime",
        "door_openings",
        "tmu_reset_cause",
        "tmu_firmware",
    }


def test_every_sensor_that_is_missing_is_none_and_all_others_stay() -> None:
    block = the_block()
    contents = block.contents(bytes.fromhex("0001") + b"\x80\x00" * 16)
    assert contents is not None
    for field, number in zip(block.fields, block.numbers(contents), strict=True):
        assert (number is None) == (field.missing is not None)


@pytest.mark.parametrize("length", [0, 1, 32, 33, 35, 36])
def test_registers_of_another_length_are_no_contents(length: int) -> None:
    assert the_block().contents(bytes(length)) is None


ROW = dict.fromkeys(("unit", "missing", "must_be", "source", "offset"), "") | {
    "decimals": "1",
    "type": "u16",
    "order": "ABCD",
    "quantity": "humidity",
    "example": "0001",
    "expected": "1",
}


def rows(*places: tuple[str, int, str]) -> list[dict[str, str]]:
    return [ROW | {"function": f, "register": str(r), "type": t} for f, r, t in places]


@pytest.mark.parametrize(
    ("places", "texts"),
    [
        ([("04", 0, "u32"), ("04", 2, "u16")], ["04:0000:0003"]),
        ([("04", 0, "u16"), ("04", 21, "u16")], ["04:0000:0016"]),
        ([("04", 0, "u16"), ("04", 22, "u16")], ["04:0000:0001", "04:0016:0001"]),
        ([("03", 0, "u16"), ("04", 1, "u16")], ["03:0000:0001", "04:0001:0001"]),
        ([("04", n, "u16") for n in range(126)], ["04:0000:007D", "04:007D:0001"]),
        ([("04", 2 * n, "u32") for n in range(63)], ["04:0000:007C", "04:007C:0002"]),
        ([("02", 3, "bit"), ("02", 323, "bit")], ["02:0003:0141"]),
        ([("02", 3, "bit"), ("02", 325, "bit")], ["02:0003:0001", "02:0145:0001"]),
    ],
)
def test_what_lies_near_is_read_together_where_that_is_cheaper(
    places: list[tuple[str, int, str]], texts: list[str]
) -> None:
    assert [block.text for block in table._blocks("new", rows(*places))] == texts


def test_registers_read_over_are_in_no_field() -> None:
    (block,) = table._blocks("new", rows(("04", 5, "u16"), ("04", 8, "u32")))
    assert block.contents(bytes.fromhex("0001 AAAA BBBB 0002 0003")) == (1, 0x20003)


@pytest.mark.parametrize(
    ("order", "sent"),
    [("ABCD", "43663334"), ("CDAB", "33344366"), ("BADC", "66433433"), ("DCBA", "34336643")],
)
def test_a_float_in_each_word_order_is_the_same_voltage(order: str, sent: str) -> None:
    change = {"order": order, "quantity": "voltage_a", "decimals": "0"}
    row = rows(("04", 7, "f32"))[0] | change
    (block,) = table._blocks("new", [row])
    contents = block.contents(bytes.fromhex(sent))
    assert contents is not None
    assert block.numbers(contents) == (2302,)


def test_fields_of_different_orders_beside_each_other_keep_their_own() -> None:
    first, second = rows(("04", 0, "u32"), ("04", 4, "u32"))
    (block,) = table._blocks("new", [first | {"order": "CDAB"}, second | {"order": "BADC"}])
    sent = bytes.fromhex("0002 0001 AAAA BBBB 0300 0400")
    assert block.contents(sent) == (0x00010002, 0x00030004)


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([("04", 0, "u32"), ("04", 1, "u16")], "two rows"),
        ([("04", 5, "u16"), ("04", 4, "u16")], "two rows"),
        ([("04", 5, "bit")], "not read by 04"),
        ([("01", 5, "u16")], "not read by 01"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(
    places: list[tuple[str, int, str]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        list(table._blocks("new", rows(*places)))


@pytest.mark.parametrize(
    ("change", "content", "number"),
    [
        ({"decimals": "2"}, 25, 2),
        ({"decimals": "2"}, 35, 4),
        ({"decimals": "2"}, 36, 4),
        ({"decimals": "0"}, 60, 600),
        ({"decimals": "0", "offset": "-40", "quantity": "oil_temperature"}, 15, -250),
        ({"missing": ">00F0"}, 0xF0, 240),
        ({"missing": ">00F0"}, 0xF1, None),
        ({"missing": "00F0"}, 0xF0, None),
        ({"missing": "00F0"}, 0xF1, 241),
        ({"unit": "Wh", "decimals": "0", "quantity": "energy_forward"}, 12345, 1234),
    ],
)
def test_a_content_is_scaled_as_its_row_says(
    change: dict[str, str], content: int, number: int | None
) -> None:
    assert table._field(ROW | {"register": "0"} | change).scaled(content) == number


def test_every_map_says_what_it_belongs_to_and_how_sure_it_is() -> None:
    assert {name for name, kind in kinds().items() if kind == UNIT} == {"tmu-1", "bwd-k"}
    assert {name for name, kind in kinds().items() if kind == METER} == {
        "sdm630",
        "acrel-adl",
        "schneider-pm5",
        "chint-dtsu666",
    }
    doubtful = {name for name, mark in marks().items() if mark == "[?]"}
    assert doubtful == {"acrel-adl", "schneider-pm5", "chint-dtsu666"}
    assert set(kinds()) == set(marks()) == set(maps())


@pytest.mark.parametrize("column", ["kind", "mark"])
def test_all_rows_of_a_map_agree_on_what_it_is(column: str) -> None:
    said = {(row["map"], row[column]) for row in table._rows()}
    assert len(said) == len(maps())


def test_an_sdm630_is_read_by_one_question() -> None:
    (block,) = blocks("sdm630")
    assert (block.text, block.answer_bytes) == ("04:0000:004C", 157)


def test_a_temperature_controller_is_read_by_coils_and_registers() -> None:
    coils, inputs = blocks("bwd-k")
    assert (coils.text, coils.answer_bytes) == ("01:0000:0004", 6)
    assert (inputs.text, inputs.answer_bytes) == ("04:0000:0003", 11)
    assert coils.contents(b"\x0a") == (0, 1, 0, 1)
    assert coils.contents(b"\x0a\x00") is None


def test_only_a_map_with_a_version_register_is_told_by_its_answer() -> None:
    telling = {name for name, of_map in maps().items() if any(b.telling for b in of_map)}
    assert telling == {"tmu-1"}
