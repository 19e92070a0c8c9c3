"""The `machine` module of the firmware on CPython: UART, Pin, I2C, RTC, WDT bound to a board.

Signatures follow the rp2 port. What a port refuses is refused here too.
"""

from types import ModuleType
from typing import Any, ClassVar

from firmware_sim.hal.board import Board

LONGEST_WDT_MS = 8388
"""RP2040: the counter's limit."""

PWRON_RESET = 1
WDT_RESET = 3


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
        self._level = 0
        if value is not None:
            self.value(value)

    def value(self, x: int | None = None) -> int | None:
        """Read the level, or set it."""
        if x is None:
            return self._level
        self._level = 1 if x else 0
        self.board.pins.setdefault(self.id, []).append((self.board.clock.now, self._level))
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

    IRQ_RXIDLE = 64

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
        self.baudrate = baudrate
        self.format = (bits, parity, stop)
        self.board.rx_size = rxbuf

    def any(self) -> int:
        """How many bytes can be read without waiting."""
        return len(self.board.received)

    def read(self, nbytes: int = -1) -> bytes | None:
        """What is there, at most nbytes; None when there is nothing."""
        received = self.board.received
        count = len(received) if nbytes < 0 else min(nbytes, len(received))
        if not count:
            return None
        data = bytes(received[:count])
        del received[:count]
        return data

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
        self.board.send(data, self.baudrate)
        return len(data)

    def flush(self) -> None:
        """Wait until the last character has left (rp2, esp32)."""
        self.board.wait(self.board.tx_free, lambda: False)

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
            return self.board.rtc
        self.board.rtc = tuple(value)
        return None


class WDT(BoardBound):
    """The watchdog: not fed for `timeout` ms, the board resets."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if not 0 < timeout <= LONGEST_WDT_MS:
            raise ValueError("timeout exceeds 8388")
        self.board.watchdog = timeout * 1_000_000
        self.feed()

    def feed(self) -> None:
        """Begin anew."""
        self.board.fed = self.board.clock.now


def machine_module(board: Board) -> ModuleType:
    """A `machine` whose classes belong to this board."""
    module = ModuleType("machine")
    for kind in (Pin, UART, I2C, RTC, WDT):
        setattr(module, kind.__name__, type(kind.__name__, (kind,), {"board": board}))
    vars(module).update(
        PWRON_RESET=PWRON_RESET, WDT_RESET=WDT_RESET, reset_cause=lambda: board.reset_cause
    )
    return module
