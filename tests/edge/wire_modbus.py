"""Modbus RTU frames for tests, built by hand from the guide: shares nothing with protocol/."""

from protocol.exchange import MODBUS, Done, NotMine, Refused, Request, Value, Verdict
from protocol.quantity import Quantity, quantity

READ_INPUT = 0x04


def crc(data: bytes) -> bytes:
    """CRC-16 bit by bit, low byte first (Modbus over serial line V1.02 §6.2)."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            carry, register = register & 1, register >> 1
            if carry:
                register ^= 0xA001
    return register.to_bytes(2, "little")


def frame(unit: int, function: int, data: bytes) -> bytes:
    """One frame as on the line."""
    body = bytes((unit, function)) + data
    return body + crc(body)


def answer(unit: int, *registers: int) -> bytes:
    """The normal answer to function 04."""
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    return frame(unit, READ_INPUT, bytes((len(data),)) + data)


def refusal(unit: int, code: int) -> bytes:
    """The exception answer to function 04."""
    return frame(unit, READ_INPUT | 0x80, bytes((code,)))


class AskOil:
    """A minimal exchange for tests of the master: two registers from 0, the first is the value."""

    item = "04:0000:0002"

    def __init__(self, address: str, unit: int) -> None:
        self.address = address
        self.unit = unit

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return (quantity("oil_temperature"),)

    def start(self) -> Request:
        request = frame(self.unit, READ_INPUT, bytes((0, 0, 0, 2)))
        return Request(request, 9, (self.unit, READ_INPUT, 9), MODBUS)

    def on_frame(self, given: object) -> Verdict:
        if given.unit != self.unit:  # type: ignore[attr-defined]
            return NotMine("address")
        data: bytes = given.data  # type: ignore[attr-defined]
        if given.function & 0x80:  # type: ignore[attr-defined]
            return Refused(data[0], "exception")
        return Done((Value(quantity("oil_temperature"), int.from_bytes(data[1:3], "big")),))
