"""Every question of ours in Modbus: functions 01..06, 0FH, 10H, 11H, 17H, as bytes before framing.

A Query knows what it asks, how long the answer is, and what an answer to it must hold; Ask
(ask.py) is the exchange that sends it. Nothing here sends. Application protocol V1.1b3 §6.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.modbus.frame import BITS, ENVELOPE, MOST_BITS, MOST_REGISTERS

WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 0x05, 0x06, 0x0F, 0x10
SERVER_ID, READ_WRITE = 0x11, 0x17

ECHO = 8
"""Bytes of the answer to a write: unit, function, address, value or count, CRC."""

_MOST_COILS_WRITTEN, _MOST_WRITTEN, _MOST_WRITTEN_READING = 0x7B0, 123, 121


@dataclass(frozen=True, slots=True)
class Query:
    """One question to a unit, whichever unit it is."""

    function: int
    data: bytes
    """Between function and CRC."""
    answer: int
    """Length of the whole answer on the line; 0 = only the answer itself knows."""
    echo: bytes = b""
    """What the answer must hold: a write is answered with its own address and value or count."""

    @property
    def item(self) -> str:
        """Function, start and count or value in hex: '04:0000:0011', '06:0003:0320', '11'."""
        parts = [f"{self.function:02X}", self.data[:2].hex().upper(), self.data[2:4].hex().upper()]
        return ":".join(filter(None, parts))


def read(function: int, start: int, count: int) -> Query:
    """Coils 01, inputs 02, holding registers 03, input registers 04; start from 0 on."""
    if not 1 <= function <= 4:
        raise ValueError(f"not a function that reads: {function}")
    bits = function in BITS
    _bounded(start, count, MOST_BITS if bits else MOST_REGISTERS)
    size = (count + 7) // 8 if bits else 2 * count
    return Query(function, struct.pack(">HH", start, count), ENVELOPE + size)


def write_coil(coil: int, on: bool) -> Query:
    """One coil on or off."""
    _bounded(coil, 1, 1)
    return _echoed(WRITE_COIL, struct.pack(">HH", coil, 0xFF00 if on else 0))


def write_register(register: int, value: int) -> Query:
    """One holding register, 0..65535."""
    _bounded(register, 1, 1)
    return _echoed(WRITE_REGISTER, struct.pack(">H", register) + _words((value,)))


def write_coils(start: int, states: Sequence[bool]) -> Query:
    """Coils from `start` on."""
    _bounded(start, len(states), _MOST_COILS_WRITTEN)
    size = (len(states) + 7) // 8
    bits = sum(bool(state) << place for place, state in enumerate(states))
    head = struct.pack(">HHB", start, len(states), size)
    return _echoed(WRITE_COILS, head + bits.to_bytes(size, "little"))


def write_registers(start: int, values: Sequence[int]) -> Query:
    """Holding registers from `start` on, each 0..65535."""
    _bounded(start, len(values), _MOST_WRITTEN)
    head = struct.pack(">HHB", start, len(values), 2 * len(values))
    return _echoed(WRITE_REGISTERS, head + _words(values))


def server_id() -> Query:
    """What the unit says of itself; how long that is only it knows."""
    return Query(SERVER_ID, b"", 0)


def read_write(start: int, count: int, write_start: int, values: Sequence[int]) -> Query:
    """Registers are written first, then others (or the same) read, in one question."""
    _bounded(start, count, MOST_REGISTERS)
    _bounded(write_start, len(values), _MOST_WRITTEN_READING)
    head = struct.pack(">HHHHB", start, count, write_start, len(values), 2 * len(values))
    return Query(READ_WRITE, head + _words(values), ENVELOPE + 2 * count)


def _echoed(function: int, data: bytes) -> Query:
    return Query(function, data, ECHO, data[:4])


def _words(values: Sequence[int]) -> bytes:
    for value in values:
        if not 0 <= value <= 0xFFFF:
            raise ValueError(f"not what a register holds, 0..65535: {value}")
    return struct.pack(f">{len(values)}H", *values)


def _bounded(start: int, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ValueError(f"not a count of 1..{most}: {count}")
    if not 0 <= start <= 0x10000 - count:
        raise ValueError(f"no {count} places from {start} on within 0..65535")
