"""PyPI pymodbus as an independent peer: it reads our questions, we read its answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadInputRegistersResponse

from cext.framing import build_modbus
from protocol.exchange import Done, Refused
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks
from tests.cext.conftest import KERNELS, load

(BLOCK,) = blocks("tmu-1")


def their_answer(unit: int, registers: list[int]) -> bytes:
    """The answer as pymodbus builds it."""
    pdu = ReadInputRegistersResponse(dev_id=unit, registers=registers)
    return bytes(FramerRTU(DecodePDU(False)).buildFrame(pdu))


def heard(kernel: str, exchange: ReadRegisters, raw: bytes) -> Any:
    """What the exchange makes of the bytes, through that kernel's scanner."""
    scanner = load("framing", kernel).ScannerModbus()
    expect = exchange.start().expect
    assert expect is not None
    scanner.expect(*expect)
    frame = scanner.feed(raw)
    assert frame is not None
    return exchange.on_frame(frame)


@pytest.mark.parametrize("unit", [1, 17, 247])
def test_pymodbus_reads_our_question(unit: int) -> None:
    asked = ReadRegisters("tmu1", unit, BLOCK).start().data
    used, pdu = FramerRTU(DecodePDU(True)).handleFrame(asked, 0, 0)
    assert pdu is not None
    assert (used, pdu.dev_id, pdu.function_code) == (8, unit, 4)
    assert (pdu.address, pdu.count) == (0, 17)


@pytest.mark.parametrize("kernel", KERNELS)
@given(
    unit=st.integers(1, 247),
    registers=st.lists(st.integers(0, 0xFFFF), min_size=16, max_size=16),
)
def test_we_read_the_answer_of_pymodbus(kernel: str, unit: int, registers: list[int]) -> None:
    registers = [1, *registers]
    verdict = heard(kernel, ReadRegisters("tmu1", unit, BLOCK), their_answer(unit, registers))
    assert isinstance(verdict, Done)
    for field, value in zip(BLOCK.fields, verdict.values, strict=True):
        words = registers[field.register : field.register + field.registers]
        number = int.from_bytes(b"".join(w.to_bytes(2, "big") for w in words), "big")
        if field.type == "s16" and number >= 0x8000:
            number -= 0x10000
        assert value.scaled in (number, None)
        assert (value.scaled is None) == (field.missing is not None and words == [0x8000])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("code", [1, 2, 3, 4, 6])
def test_we_read_the_refusal_of_pymodbus(kernel: str, code: int) -> None:
    pdu = ExceptionResponse(4, exception_code=code, device_id=1)
    raw = bytes(FramerRTU(DecodePDU(False)).buildFrame(pdu))
    verdict = heard(kernel, ReadRegisters("tmu1", 1, BLOCK), raw)
    assert isinstance(verdict, Refused)
    assert verdict.code == code


@given(unit=st.integers(1, 247), registers=st.lists(st.integers(0, 0xFFFF), max_size=125))
def test_we_build_the_same_bytes(unit: int, registers: list[int]) -> None:
    content = b"".join(register.to_bytes(2, "big") for register in registers)
    ours = build_modbus(unit, 4, bytes([len(content)]) + content)
    assert ours == their_answer(unit, registers)
