"""What is wired to a board's pins: levels, voltages, chips on I2C. Both `machine`s stand on this.

A pin shows the level it is given from outside (`press`), else what the firmware drove, else its
pull. What lies on a pin of the ADC is a function of time (`Board.analog`).
"""

from typing import Protocol, cast

from firmware_sim.hal.board import Board, I2CDevice


class I2CMemory(I2CDevice, Protocol):
    """A chip that can be written."""

    def write(self, memory: int, data: bytes) -> None:
        """Registers from `memory` on."""


def configure(board: Board, pin: int, output: bool, pull: int | None) -> None:
    """Make a pin an input or an output, pulled to a level or not; ValueError if it cannot."""
    port = board.port
    if pin not in port.pins or pin in port.no_pins:
        raise ValueError("invalid pin")
    if output and pin in port.only_in:
        raise ValueError("pin can only be input")
    if pull is not None:
        board.pulls[pin] = pull


def level(board: Board, pin: int) -> int:
    """What a pin shows: what is given from outside, else what was driven, else its pull."""
    if pin in board.inputs:
        return board.inputs[pin]
    seen = board.pins.get(pin)
    return seen[-1][1] if seen else board.pulls.get(pin, 0)


def press(board: Board, pin: int, to: int) -> None:
    """Give a pin a level from outside."""
    before = level(board, pin)
    board.inputs[pin] = to
    if before != to:
        board.note("in", pin, to)
        if board.irqs is not None:
            board.irqs.edge(pin, to)


def adc_input(board: Board, number: int, is_pin: bool) -> int:
    """The pin an ADC measures at, or 4 for the part itself; ValueError if it cannot."""
    port = board.port
    if not is_pin:
        number = port.adc_channels.get(number, number)
    if number not in port.adc_pins and (is_pin or number not in port.adc_channels.values()):
        raise ValueError("invalid pin for ADC")
    return number


def sample(board: Board, pin: int) -> int:
    """A reading of 12 bits, stretched to 16 as the ports do it."""
    source = board.analog.get(pin)
    raw = 0 if source is None else min(max(source(board.clock.now), 0), 0xFFFF) >> 4
    return raw << 4 | raw >> 8


def i2c_read(board: Board, address: int, memory: int | None, count: int) -> bytes:
    """Registers of a chip, from where the last transfer ended if `memory` is None; OSError."""
    device = board.devices.get(address)
    if device is None:
        raise OSError(board.port.no_device)
    if memory is None:
        memory = board.pointers.get(address, 0)
        board.pointers[address] = memory + count
    return device.read(memory, count)


def i2c_write(board: Board, address: int, memory: int, data: bytes) -> None:
    """Registers of a chip; OSError from one that is not there or takes nothing."""
    device = board.devices.get(address)
    if device is None or (data and not hasattr(device, "write")):
        raise OSError(board.port.no_device)
    if data:
        cast(I2CMemory, device).write(memory, data)
    board.pointers[address] = memory + len(data)
