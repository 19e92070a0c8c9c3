"""The bench's end of the link: a word and numbers from the device's shim, done on its board.

The shim (device/) is the other author of `machine`, `time` and `select`: nothing of the HAL's
modules is used here, only the board below both.
"""

from collections.abc import Callable, Sequence

from firmware_sim.hal.board import Board, FlashPart

MS = 1_000_000


class Link:
    """Answers the calls of one device; `call` is all the VM's host needs."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.heap: list[int] = []
        """What the device said of its heap, bytes in use."""
        port = board.port
        causes = port.causes
        constants = (causes["PWRON_RESET"], causes["WDT_RESET"], port.pin_out)
        self._words: dict[str, Callable[..., int | bytes | Sequence[int] | None]] = {
            "ticks_bits": lambda: port.ticks_bits,
            "ticks_us": board.ticks,
            "ticks_ms": self._ticks_ms,
            "sleep_us": lambda us: board.wait(board.clock.now + max(0, us) * 1000, lambda: False),
            "poll": self._poll,
            "constant": lambda which: constants[which],
            "reset_cause": lambda: board.reset_cause,
            "level": self._level,
            "pin": board.drive,
            "uart": self._uart,
            "any": board.any,
            "read": board.read,
            "flush": board.flush,
            "txdone": lambda: board.clock.now >= board.tx_free,
            "scan": lambda: sorted(board.devices),
            "i2c": self._i2c,
            "date": board.date,
            "set_date": lambda *value: board.set_date(value),
            "watchdog": self._watchdog,
            "feed": self._feed,
            "flash_blocks": lambda: 0 if board.flash is None else board.flash.count,
            "flash_block": lambda: 0 if board.flash is None else board.flash.block,
            "flash_read": self._flash_read,
            "flash_erase": self._flash_erase,
            "heap": lambda used: self.heap.append(used),
        }

    def call(self, word: str, given: str) -> str:
        """One call; LookupError, TypeError or ValueError if the shim talks nonsense."""
        if word == "write":
            data = bytes.fromhex(given)
            self._board.send(data)
            return str(len(data))
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
        return " ".join(map(str, said))

    def _ticks_ms(self) -> int:
        board = self._board
        whole = board.start_ticks // 1000 + board.clock.now // MS
        return whole & ((1 << board.port.ticks_bits) - 1)

    def _poll(self, timeout: int) -> int:
        board = self._board
        end = board.until + 1 if timeout < 0 else board.clock.now + timeout * MS
        board.wait(end, lambda: bool(board.received))
        return len(board.received)

    def _level(self, pin: int) -> int:
        seen = self._board.pins.get(pin)
        return seen[-1][1] if seen else 0

    def _uart(self, id: int, bits: int, parity: int, stop: int, baud: int, rx_size: int) -> int:
        settings = (bits, None if parity < 0 else parity, stop)
        return _refused(lambda: self._board.open_uart(id, settings, baud, rx_size))

    def _i2c(self, address: int, memory: int, count: int) -> bytes:
        device = self._board.devices.get(address)
        return b"" if device is None else device.read(memory, count)

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
