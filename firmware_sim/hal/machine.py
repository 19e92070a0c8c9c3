"""The `machine` module of the firmware on CPython: its classes and functions, bound to a board.

Signatures follow the rp2 and esp32 ports, of which it offers what both have. What the board's port
refuses is refused here too, and its constants are those of the port (ports.py).
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

from firmware_sim.hal import wired
from firmware_sim.hal.board import Board
from firmware_sim.hal.irq import PERIODIC, Alarm, Source

IDLE_NS = 1_000_000
"""The longest that machine.idle() waits for something to happen."""


class BoardBound:
    """Base of the imitations; `board` is set by `machine_module`."""

    board: ClassVar[Board]


class Irq:
    """What irq() of a UART gives."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def flags(self) -> int:
        """Which trigger asked for the callback last."""
        return self._board.soft().flags

    def trigger(self) -> int:
        """What asks for it."""
        return self._board.soft().trigger


class Pin(BoardBound):
    """A pin; every change of level is noted with its time."""

    IN: ClassVar[int]
    OUT: ClassVar[int]
    OPEN_DRAIN: ClassVar[int]
    PULL_UP: ClassVar[int]
    PULL_DOWN: ClassVar[int]
    IRQ_FALLING: ClassVar[int]
    IRQ_RISING: ClassVar[int]

    def __init__(
        self, id: "int | Pin", /, mode: int = -1, pull: int = -1, *, value: Any = None
    ) -> None:
        self.id: int = id.id if isinstance(id, Pin) else id
        self.init(mode, pull, value=value)

    def init(self, mode: int = -1, pull: int = -1, *, value: Any = None) -> None:
        """Input or output, pulled up or down, driven to a value."""
        pulled = None if pull < 0 else int(pull == self.PULL_UP)
        wired.configure(self.board, self.id, mode in (self.OUT, self.OPEN_DRAIN), pulled)
        if value is not None:
            self.value(value)

    def value(self, x: Any = None, /) -> int | None:
        """Read the level, or set it."""
        if x is None:
            return wired.level(self.board, self.id)
        self.board.drive(self.id, 1 if x else 0)
        return None

    def on(self) -> None:
        """Level 1."""
        self.board.drive(self.id, 1)

    def off(self) -> None:
        """Level 0."""
        self.board.drive(self.id, 0)

    def toggle(self) -> None:
        """The other level."""
        driven = self.board.pins.get(self.id)
        self.board.drive(self.id, 1 - driven[-1][1] if driven else 1)

    def irq(self, handler: "Callable[[Pin], object] | None" = None, trigger: int = -1) -> None:
        """Call back at rising or falling edges, both if nothing is said; None: no more."""
        both = self.IRQ_FALLING | self.IRQ_RISING
        source = None if handler is None else Source(lambda: handler(self))
        self.board.soft().on_pin(self.id, both if trigger < 0 else trigger, source)

    def __call__(self, x: Any = None, /) -> int | None:
        return self.value(x)


class UART(BoardBound):
    """A serial port; sending takes its time, flush waits for the last character."""

    def __init__(
        self,
        id: int,
        /,
        baudrate: int = 9600,
        bits: int = 8,
        parity: int | None = None,
        stop: int = 1,
        *,
        tx: Pin | int | None = None,
        rx: Pin | int | None = None,
        txbuf: int = 256,
        rxbuf: int = 256,
        timeout: int = 0,
        timeout_char: int = 0,
        invert: int = 0,
        flow: int = 0,
    ) -> None:
        if timeout or timeout_char or invert or flow:
            raise ValueError("timeout, timeout_char, invert, flow: none but 0 is imitated")
        self.id = id
        self.init(baudrate, bits, parity, stop, tx=tx, rx=rx, txbuf=txbuf, rxbuf=rxbuf)

    def init(
        self,
        /,
        baudrate: int = 9600,
        bits: int = 8,
        parity: int | None = None,
        stop: int = 1,
        *,
        tx: Pin | int | None = None,
        rx: Pin | int | None = None,
        txbuf: int = 256,
        rxbuf: int = 256,
    ) -> None:
        """Begin anew with other settings."""
        self.board.open_uart(self.id, (bits, parity, stop), baudrate, rxbuf, txbuf)

    def deinit(self) -> None:
        """Its callback is called no more."""
        if self.board.irqs is not None:
            self.board.irqs.on_uart(0, None)

    def any(self) -> int:
        """How many bytes can be read without waiting."""
        return self.board.any()

    def read(self, nbytes: int = -1, /) -> bytes | None:
        """What is there, at most nbytes; None when there is nothing."""
        return self.board.read(self.board.rx_size if nbytes < 0 else nbytes) or None

    def readinto(self, buf: Any, nbytes: int = -1, /) -> int | None:
        """Into the buffer; how many, None when there is nothing."""
        room = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        data = self.read(room)
        if data is None:
            return None
        memoryview(buf)[: len(data)] = data
        return len(data)

    def readline(self) -> bytes | None:
        """Up to a line's end and with it, or what is there; None when there is nothing."""
        line = bytearray()
        while not line.endswith(b"\n"):
            more = self.read(1)
            if more is None:
                break
            line += more
        return bytes(line) or None

    def write(self, buf: Any, /) -> int | None:
        """Begin to send; how many bytes were taken, None if none (rp2: as far as there is room)."""
        return self.board.send(bytes(buf)) or None

    def flush(self) -> None:
        """Wait until the last character has left."""
        self.board.flush()

    def txdone(self) -> bool:
        """Whether everything has left."""
        return self.board.clock.now >= self.board.tx_free

    def irq(
        self,
        handler: "Callable[[UART], object] | None" = None,
        trigger: int = 0,
        hard: bool = False,
        /,
    ) -> Irq:
        """Call back at what the trigger says; ValueError for what the port has not."""
        if hard:
            raise ValueError("hard IRQ is not supported")
        source = None if handler is None else Source(lambda: handler(self))
        self.board.soft().on_uart(trigger, source)
        return Irq(self.board)


class ADC(BoardBound):
    """An analogue input."""

    def __init__(self, id: int | Pin) -> None:
        is_pin = isinstance(id, Pin)
        number = id.id if isinstance(id, Pin) else id
        self._pin = wired.adc_input(self.board, number, is_pin)

    def read_u16(self) -> int:
        """What lies on it now, 0 to 65535."""
        return wired.sample(self.board, self._pin)


class I2C(BoardBound):
    """An I2C bus; a transfer takes no time, a missing device raises OSError as on the port."""

    def __init__(
        self,
        id: int,
        /,
        *,
        scl: Pin | int | None = None,
        sda: Pin | int | None = None,
        freq: int = 400000,
        timeout: int = 50000,
    ) -> None:
        self.id = id

    def scan(self) -> list[int]:
        """Addresses that answer."""
        return sorted(self.board.devices)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf: Any, /, *, addrsize: int = 8) -> None:
        """Registers from memaddr on, as many as the buffer holds."""
        device = self.board.devices.get(addr)
        if device is None:
            raise OSError(self.board.port.no_device)
        memoryview(buf)[:] = device.read(memaddr, len(buf))

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, /, *, addrsize: int = 8) -> bytes:
        """Registers from memaddr on."""
        return wired.i2c_read(self.board, addr, memaddr, nbytes)

    def writeto_mem(self, addr: int, memaddr: int, buf: Any, /, *, addrsize: int = 8) -> None:
        """Registers from memaddr on."""
        wired.i2c_write(self.board, addr, memaddr, bytes(buf))

    def readfrom(self, addr: int, nbytes: int, stop: bool = True, /) -> bytes:
        """From where the last transfer ended on."""
        return wired.i2c_read(self.board, addr, None, nbytes)

    def readfrom_into(self, addr: int, buf: Any, stop: bool = True, /) -> None:
        """The same into a buffer."""
        memoryview(buf)[:] = wired.i2c_read(self.board, addr, None, len(buf))

    def writeto(self, addr: int, buf: Any, stop: bool = True, /) -> int:
        """A register's number, and what goes there; how many bytes were acknowledged."""
        data = bytes(buf)
        wired.i2c_write(self.board, addr, data[0] if data else 0, data[1:])
        return len(data)


class RTC(BoardBound):
    """The calendar clock."""

    def __init__(self, id: int = 0) -> None:
        self.id = id

    def datetime(self, datetimetuple: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
        """(year, month, day, weekday, hours, minutes, seconds, subseconds), Monday = 0."""
        if datetimetuple is None:
            return self.board.date()
        self.board.set_date(datetimetuple)
        return None


class WDT(BoardBound):
    """The watchdog: not fed for `timeout` ms, the board resets."""

    def __init__(self, *, id: int = 0, timeout: int = 5000) -> None:
        self.board.start_watchdog(timeout)

    def feed(self) -> None:
        """Begin anew."""
        self.board.fed = self.board.clock.now


class Timer(BoardBound):
    """A timer; its callback runs in what the firmware waits in, at its instant."""

    ONE_SHOT = 0
    PERIODIC = PERIODIC

    def __init__(
        self,
        id: int,
        /,
        *,
        mode: int = PERIODIC,
        period: int | None = None,
        freq: int | None = None,
        tick_hz: int | None = None,
        callback: "Callable[[Timer], object] | None" = None,
    ) -> None:
        self._callback: Any = callback
        self._alarm: Alarm = self.board.soft().alarm(id, Source(self._run))
        if mode != PERIODIC or any(one is not None for one in (period, freq, tick_hz, callback)):
            self.init(mode=mode, period=period, freq=freq, tick_hz=tick_hz, callback=callback)

    def init(
        self,
        *,
        mode: int = PERIODIC,
        period: int | None = None,
        freq: int | None = None,
        tick_hz: int | None = None,
        callback: "Callable[[Timer], object] | None" = None,
    ) -> None:
        """Start: every `period` ms or `freq` times a second, or once after that."""
        self._callback = callback
        self._alarm.start(mode, period, freq, tick_hz)

    def deinit(self) -> None:
        """Stop."""
        self._alarm.stop()

    def _run(self) -> None:
        # called even if it is None, as the ports do: a TypeError then
        self._callback(self)


def machine_module(board: Board) -> ModuleType:
    """A `machine` whose classes belong to this board."""
    port = board.port
    module = ModuleType("machine")
    own = {Pin: port.pin_names, UART: port.uart_irqs}
    for kind in (Pin, UART, ADC, I2C, RTC, WDT, Timer):
        made = type(kind.__name__, (kind,), {"board": board, **own.get(kind, {})})
        setattr(module, kind.__name__, made)
    vars(module).update(port.causes, **_functions(board))
    return module


def _functions(board: Board) -> dict[str, Callable[..., object]]:
    def freq() -> int:
        return board.port.hz

    def unique_id() -> bytes:
        return board.serial[: board.port.id_bytes]

    def idle() -> None:
        happens = min(board.clock.next_at(), board.clock.now + IDLE_NS)
        board.wait(happens, lambda: False)

    def disable_irq() -> int:
        irqs = board.soft()
        before, irqs.masked = irqs.masked, True
        return 0 if before else 1

    def enable_irq(state: int, /) -> None:
        board.soft().masked = not state

    def reset() -> None:
        board.restart(soft=False)

    def soft_reset() -> None:
        board.restart(soft=True)

    def reset_cause() -> int:
        return board.reset_cause

    found = (freq, unique_id, idle, disable_irq, enable_irq, reset, soft_reset, reset_cause)
    return {one.__name__: one for one in found}
