"""The register maps as data: maps.csv against the field's map and against its own examples."""

import pytest

from protocol.modbus import table
from protocol.modbus.table import Block, Field, blocks, maps
from tests.protocol.modbus.wire import CONTENT

FIELDS = [field for of_map in maps().values() for block in of_map for field in block.fields]


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


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.quantity.name)
def test_a_row_s_example_gives_what_it_says(field: Field) -> None:
    signed = field.type.startswith("s")
    assert len(field.example) == 2 * field.registers
    content = int.from_bytes(field.example, "big", signed=signed)
    assert field.scaled(content) == field.expected


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


def test_only_sensors_can_be_missing() -> None:
    without = {field.quantity.name for field in FIELDS if field.missing is None}
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


ROW = dict.fromkeys(("unit", "missing", "must_be", "source"), "") | {
    "decimals": "1",
    "type": "u16",
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
        ([("04", 0, "u16"), ("04", 2, "u16")], ["04:0000:0001", "04:0002:0001"]),
        ([("03", 0, "u16"), ("04", 1, "u16")], ["03:0000:0001", "04:0001:0001"]),
        ([("04", n, "u16") for n in range(126)], ["04:0000:007D", "04:007D:0001"]),
        ([("04", 2 * n, "u32") for n in range(63)], ["04:0000:007C", "04:007C:0002"]),
    ],
)
def test_registers_that_follow_each_other_are_read_together(
    places: list[tuple[str, int, str]], texts: list[str]
) -> None:
    assert [block.text for block in table._blocks("new", rows(*places))] == texts


def test_a_register_finer_than_its_quantity_is_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match="humidity has no room"):
        table._field(ROW | {"register": "0", "decimals": "2"})


def test_a_coarser_register_is_scaled_up() -> None:
    field = table._field(ROW | {"register": "0", "decimals": "0"})
    assert field.scaled(60) == 600
