"""The bench's end of the link: a word and numbers from the device's shim, done on its board.

The shim (device/) is the other author of `machine`, `time` and `select`: nothing of the HAL's
modules is used here, only the board below both.
"""

from collections.abc import Callable, Sequence

from firmware_sim.hal import wired
from firmware_sim.hal.board import Board, FlashPart
from firmware_sim.portability.soft import Said, Soft

CAUSES = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
PIN_NAMES = ("IN", "OUT", "OPEN_DRAIN", "PULL_UP", "PULL_DOWN", "IRQ_FALLING", "IRQ_RISING")
UART_NAMES = ("IRQ_RX", "IRQ_RXIDLE", "IRQ_TXIDLE", "IRQ_BREAK")


class Link:
    """Answers the calls of one device; `call` is all the VM's host needs."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.heap: list[int] = []
        """What the device said of its heap, bytes in use."""
        port = board.port
        numbers = (port.no_device, port.epoch, port.hz)
        self._soft = Soft(board)
        self._words: dict[str, Callable[..., Said | Sequence[int]]] = {
            "ticks_bits": lambda: port.ticks_bits,
            "ticks_us": board.ticks,
            "ticks_ms": self._ticks_ms,
            "events": board.events,
            "constant": lambda which: numbers[which],
            "cause": lambda which: port.causes.get(CAUSES[which], -1),
            "pin_name": lambda which: port.pin_names[PIN_NAMES[which]],
            "uart_name": lambda which: port.uart_irqs.get(UART_NAMES[which], -1),
            "unique_id": lambda: board.serial[: port.id_bytes],
            "reset": lambda soft: board.restart(soft=bool(soft)),
            "reset_cause": lambda: board.reset_cause,
            "level": lambda pin: wired.level(board, pin),
            "driven": self._driven,
            "configure": self._configure,
            "adc": self._adc,
            "sample": lambda pin: wired.sample(board, pin),
            "pin": board.drive,
            "uart": self._uart,
            "any": board.any,
            "txdone": lambda: board.clock.now >= board.tx_free,
            "scan": lambda: sorted(board.devices),
            "i2c": self._i2c,
            "date": board.date,
            "set_date": self._set_date,
            "seconds": board.seconds,
            "watchdog": self._watchdog,
            "feed": self._feed,
            "flash_blocks": lambda: 0 if board.flash is None else board.flash.count,
            "flash_block": lambda: 0 if board.flash is None else board.flash.block,
            "flash_read": self._flash_read,
            "flash_erase": self._flash_erase,
            "heap": lambda used: self.heap.append(used),
            **self._soft.words,
        }

    def call(self, word: str, given: str) -> str:
        """One call; LookupError, TypeError or ValueError if the shim talks nonsense."""
        if word == "write":
            return str(self._soft.write(bytes.fromhex(given)))
        if word == "i2c_write":
            where, _, digits = given.partition(" ")
            return str(self._i2c_write(int(where), bytes.fromhex(digits)))
        if word == "raised":
            self._board.note("raised", bytes.fromhex(given).decode())
            return "0"
        if word == "flash_program":
            at, _, digits = given.partition(" ")
            return str(self._flash_program(int(at), bytes.fromhex(digits)))
        said = self._words[word](*map(int, given.split()))
        match said:
            case None:
                return "0"
            case bytes():
                return said.hex()
            case int():
                return str(int(said))
            case str():
                return said
        return " ".join(map(str, said))

    def _ticks_ms(self) -> int:
        board = self._board
        micros = board.start_ticks + board.clock.now // 1000
        return micros // 1000 & ((1 << board.port.ticks_bits) - 1)

    def _driven(self, pin: int) -> int:
        """The level the firmware drove last."""
        seen = self._board.pins.get(pin)
        return seen[-1][1] if seen else 0

    def _configure(self, pin: int, output: int, pull: int) -> int:
        pulled = None if pull < 0 else pull
        return _refused(lambda: wired.configure(self._board, pin, bool(output), pulled))

    def _adc(self, number: int, is_pin: int) -> int:
        """The input to sample, -1 = the port has none there."""
        try:
            return wired.adc_input(self._board, number, bool(is_pin))
        except ValueError:
            return -1

    def _set_date(self, *value: int) -> int:
        return _refused(lambda: self._board.set_date(value))

    def _uart(
        self, id: int, bits: int, parity: int, stop: int, baud: int, rx_size: int, tx_size: int
    ) -> int:
        settings = (bits, None if parity < 0 else parity, stop)
        return _refused(lambda: self._board.open_uart(id, settings, baud, rx_size, tx_size))

    def _i2c(self, address: int, memory: int, count: int) -> bytes:
        """Nothing from a chip that is not there; `memory` below 0: where the last one ended."""
        try:
            return wired.i2c_read(self._board, address, None if memory < 0 else memory, count)
        except OSError:
            return b""

    def _i2c_write(self, where: int, data: bytes) -> int:
        """1 if nobody takes it; `where` is the register << 8 and the chip's address."""
        try:
            wired.i2c_write(self._board, where & 0xFF, where >> 8, data)
        except OSError:
            return 1
        return 0

    def _flash(self) -> FlashPart:
        flash = self._board.flash
        if flash is None:
            raise LookupError("this board offers no flash")
        return flash

    def _flash_read(self, at: int, count: int) -> bytes:
        """Nothing behind the end, which the shim takes for an error of the device."""
        flash = self._flash()
        if not 0 <= at <= at + count <= flash.count * flash.block:
            return b""
        return flash.read(at, count)

    def _flash_program(self, at: int, data: bytes) -> int:
        """0, or 1 what is no whole page, 2 behind the end."""
        return _flash_refused(lambda: self._flash().program(at, data))

    def _flash_erase(self, block: int) -> int:
        """0, or 2 behind the end."""
        return _flash_refused(lambda: self._flash().erase(block))

    def _watchdog(self, ms: int) -> int:
        return _refused(lambda: self._board.start_watchdog(ms))

    def _feed(self) -> None:
        self._board.fed = self._board.clock.now


def _refused(act: Callable[[], None]) -> int:
    """1 if the board refuses it as a port does, with ValueError."""
    try:
        act()
    except ValueError:
        return 1
    return 0


def _flash_refused(act: Callable[[], None]) -> int:
    """Why the flash does not do it: 0 it does, 1 ValueError, 2 OSError."""
    try:
        act()
    except ValueError:
        return 1
    except OSError:
        return 2
    return 0
