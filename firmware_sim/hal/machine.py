"""The `machine` module of the firmware on CPython: UART, Pin, I2C, RTC, WDT bound to a board.

Signatures follow the rp2 and esp32 ports. What the board's port refuses is refused here too, and
its constants are those of the port (ports.py).
"""

from types import ModuleType
from typing import Any, ClassVar

from firmware_sim.hal.board import Board


class BoardBound:
    """Base of the imitations; `board` is set by `machine_module`."""

    board: ClassVar[Board]


class Pin(BoardBound):
    """A pin; every change of level is noted with its time."""

    IN = 0
    OUT = 1
    PULL_UP = 1

    def __init__(
        self, id: int, mode: int = -1, pull: int = -1, *, value: int | None = None
    ) -> None:
        self.id = id
        if value is not None:
            self.value(value)

    def value(self, x: int | None = None) -> int | None:
        """Read the level, or set it."""
        if x is None:
            seen = self.board.pins.get(self.id)
            return seen[-1][1] if seen else 0
        self.board.drive(self.id, 1 if x else 0)
        return None

    def on(self) -> None:
        """Level 1."""
        self.value(1)

    def off(self) -> None:
        """Level 0."""
        self.value(0)

    def __call__(self, x: int | None = None) -> int | None:
        return self.value(x)


class UART(BoardBound):
    """A serial port; sending takes its time, flush waits for the last character."""

    def __init__(
        self,
        id: int,
        baudrate: int = 9600,
        bits: int = 8,
        parity: int | None = None,
        stop: int = 1,
        *,
        tx: Pin | None = None,
        rx: Pin | None = None,
        txbuf: int = 256,
        rxbuf: int = 256,
        timeout: int = 0,
        timeout_char: int = 0,
        invert: int = 0,
        flow: int = 0,
    ) -> None:
        self.id = id
        self.board.open_uart(id, (bits, parity, stop), baudrate, rxbuf)

    def any(self) -> int:
        """How many bytes can be read without waiting."""
        return self.board.any()

    def read(self, nbytes: int = -1) -> bytes | None:
        """What is there, at most nbytes; None when there is nothing."""
        return self.board.read(self.board.rx_size if nbytes < 0 else nbytes) or None

    def readinto(self, buf: Any, nbytes: int = -1) -> int | None:
        """Into the buffer; how many, None when there is nothing."""
        room = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        data = self.read(room)
        if data is None:
            return None
        memoryview(buf)[: len(data)] = data
        return len(data)

    def write(self, buf: Any) -> int:
        """Begin to send; how many bytes were taken (all)."""
        data = bytes(buf)
        self.board.send(data)
        return len(data)

    def flush(self) -> None:
        """Wait until the last character has left."""
        self.board.flush()

    def txdone(self) -> bool:
        """Whether everything has left."""
        return self.board.clock.now >= self.board.tx_free


class I2C(BoardBound):
    """An I2C bus; a transfer takes no time, a missing device raises OSError as on the port."""

    def __init__(
        self, id: int, *, scl: Pin, sda: Pin, freq: int = 400000, timeout: int = 50000
    ) -> None:
        self.id = id

    def scan(self) -> list[int]:
        """Addresses that answer."""
        return sorted(self.board.devices)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf: Any, *, addrsize: int = 8) -> None:
        """Registers from memaddr on, as many as the buffer holds."""
        device = self.board.devices.get(addr)
        if device is None:
            raise OSError(5)
        memoryview(buf)[:] = device.read(memaddr, len(buf))

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        """Registers from memaddr on."""
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)


class RTC(BoardBound):
    """The calendar clock."""

    def __init__(self, id: int = 0) -> None:
        self.id = id

    def datetime(self, value: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
        """(year, month, day, weekday, hours, minutes, seconds, subseconds), Monday = 0."""
        if value is None:
            return self.board.date()
        self.board.set_date(value)
        return None


class WDT(BoardBound):
    """The watchdog: not fed for `timeout` ms, the board resets."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        self.board.start_watchdog(timeout)

    def feed(self) -> None:
        """Begin anew."""
        self.board.fed = self.board.clock.now


def machine_module(board: Board) -> ModuleType:
    """A `machine` whose classes belong to this board."""
    port = board.port
    module = ModuleType("machine")
    own = {Pin: {"OUT": port.pin_out}, UART: port.uart_irqs}
    for kind in (Pin, UART, I2C, RTC, WDT):
        made = type(kind.__name__, (kind,), {"board": board, **own.get(kind, {})})
        setattr(module, kind.__name__, made)
    vars(module).update(port.causes, reset_cause=lambda: board.reset_cause)
    return module
