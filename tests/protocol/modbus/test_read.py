"""ReadRegisters: one question to one unit, and what it makes of every frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.exchange import Done, NotMine, Refused
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks
from tests.cext.rtu import encode
from tests.protocol.modbus.wire import CONTENT, answer, framed, with_register

(BLOCK,) = blocks("tmu-1")


def exchange(unit: int = 1) -> ReadRegisters:
    return ReadRegisters("tmu1", unit, BLOCK)


def scaled(content: bytes) -> dict[str, int | None]:
    verdict = exchange().on_frame(framed(answer(content)))
    assert isinstance(verdict, Done)
    return {value.quantity.name: value.scaled for value in verdict.values}


def test_the_request_is_the_specification_s() -> None:
    request = exchange(17).start()
    assert request.data == encode(17, 4, bytes.fromhex("0000 0011"))
    assert request.answer_bytes == 39
    assert request.expect == (17, 4, 39)


def test_it_says_whom_and_what_it_asks() -> None:
    asked = exchange()
    assert (asked.address, asked.item) == ("tmu1", "04:0000:0011")
    assert asked.quantities == BLOCK.quantities


def test_a_retry_asks_the_same() -> None:
    asked = exchange()
    first = asked.start()
    asked.on_frame(framed(encode(1, 0x84, b"\x06")))
    assert asked.start() == first


@pytest.mark.parametrize("unit", [-1, 0, 248, 256])
def test_a_unit_that_nobody_answers_for_is_refused(unit: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.247"):
        exchange(unit)


def test_an_answer_gives_its_values_in_the_order_of_the_quantities() -> None:
    verdict = exchange().on_frame(framed(answer()))
    assert isinstance(verdict, Done)
    assert tuple(value.quantity for value in verdict.values) == BLOCK.quantities
    assert [value.scaled for value in verdict.values] == [f.expected for f in BLOCK.fields]


@pytest.mark.parametrize(
    ("register", "content", "name", "number"),
    [
        (2, 0xFFFF, "oil_temperature", -1),
        (2, 0x8001, "oil_temperature", -32767),
        (2, 0x8000, "oil_temperature", None),
        (8, 0x03E8, "humidity", 1000),
        (8, 0x8000, "humidity", None),
        (9, 0xFFFF, "residual_current", 65535),
        (9, 0x8000, "residual_current", None),
        (9, 0, "residual_current", 0),
        (15, 0x8000, "supply_voltage", None),
        (1, 0x8000, "tmu_status", 0x8000),
        (10, 0x8000, "tmu_uptime", 0x80005180),
        (11, 0x8000, "tmu_uptime", 0x18000),
    ],
)
def test_a_register_is_read_as_its_row_says(
    register: int, content: int, name: str, number: int | None
) -> None:
    assert scaled(with_register(register, content))[name] == number


@pytest.mark.parametrize("version", [0, 2, 256, 0x8000])
def test_a_map_of_another_version_is_refused_as_a_whole(version: int) -> None:
    verdict = exchange().on_frame(framed(answer(with_register(0, version))))
    assert verdict == Refused(0, f"register map version {version}")


@pytest.mark.parametrize(
    ("code", "text"), [(2, "illegal data address"), (6, "busy"), (0x63, "exception 63")]
)
def test_an_exception_is_a_refusal_with_its_name(code: int, text: str) -> None:
    verdict = exchange().on_frame(framed(encode(1, 0x84, bytes([code]))))
    assert verdict == Refused(code, text)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (answer(unit=2), "address"),
        (encode(2, 0x84, b"\x02"), "address"),
        (answer(function=3), "function"),
        (encode(1, 0x83, b"\x02"), "function"),
        (answer(CONTENT[2:]), "length"),
        (answer(CONTENT + b"\x00\x00"), "length"),
    ],
)
def test_an_answer_to_something_else_is_not_mine(raw: bytes, why: str) -> None:
    assert exchange().on_frame(framed(raw)) == NotMine(why)


@given(content=st.binary(min_size=34, max_size=34))
def test_any_registers_give_a_verdict_and_every_number_is_its_register_s(content: bytes) -> None:
    verdict = exchange().on_frame(framed(answer(content)))
    version = int.from_bytes(content[:2], "big")
    if version != 1:
        assert verdict == Refused(0, f"register map version {version}")
        return
    assert isinstance(verdict, Done)
    for field, value in zip(BLOCK.fields, verdict.values, strict=True):
        own = content[2 * field.register : 2 * (field.register + field.registers)]
        number = int.from_bytes(own, "big", signed=field.type[0] == "s")
        sensor = field.register in (*range(2, 10), 15)
        assert value.scaled == (None if sensor and own == b"\x80\x00" else number)


@given(data=st.binary(max_size=251), unit=st.integers(1, 3), function=st.integers(1, 255))
def test_any_frame_gives_a_verdict(data: bytes, unit: int, function: int) -> None:
    if function & 0x80:
        function, data = function | 1, data[:1].ljust(1, b"\x00")
    else:
        function = max(5, function)
        data = data.ljust(1, b"\x00")
        data = bytes([len(data) - 1]) + data[1:] if function == 23 else data
    verdict = exchange().on_frame(framed(encode(unit, function, data)))
    assert isinstance(verdict, NotMine)
