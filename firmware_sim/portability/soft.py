"""Waits and callbacks over the link: a wait that a callback interrupts is told so and taken up.

The host cannot call into the VM, so a wait comes back when a callback is queued: its answer is then
below 0 and names its end. The shim takes the callback's number (`irq`), calls it, says that it is
over (`irq_over`) and asks for the rest of the wait (`again`). A callback's own waits are never
interrupted, so one wait is left over at most.
"""

from collections.abc import Callable

from firmware_sim.hal.board import Board
from firmware_sim.hal.irq import Alarm, Source

MS = 1_000_000
IDLE_NS = MS
"""The longest that machine.idle() waits for something to happen."""

Said = int | bytes | str | None


class Soft:
    """The words of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._left: Callable[[], bool] = _never
        """What the wait that was interrupted waits for."""
        self._refused = 0
        """What the last write did not take."""
        self._alarms: dict[int, Alarm] = {}
        self.words: dict[str, Callable[..., Said]] = {
            "sleep_us": lambda us: self._until(board.clock.now + max(0, us) * 1000),
            "idle": self._idle,
            "flush": lambda: self._until(board.flushed_at()),
            "poll": self._poll,
            "again": lambda end: self._until(end, self._left),
            "refused": lambda: self._refused,
            "read": self._read,
            "irq": self._irq,
            "irq_over": self._over,
            "irqs_off": self._off,
            "timer": self._timer,
            "timer_start": self._start,
            "timer_stop": lambda number: self._alarms[number].stop(),
            "uart_irq": self._uart_irq,
            "uart_flags": lambda: board.soft().flags,
            "uart_trigger": lambda: board.soft().trigger,
            "pin_irq": self._pin_irq,
        }

    def write(self, data: bytes) -> int:
        """UART.write(): below 0 if the port's call goes on waiting, else how much was refused."""
        blocked = self._board.begin_send(data)
        self._refused = self._board.refused
        return self._until(blocked) or self._refused if blocked >= 0 else 0

    def _until(self, end: int, ready: Callable[[], bool] | None = None) -> int:
        """0 when the wait is over, else -1 - its end, ns."""
        ready = ready or _never
        if self._board.until_irq(end, ready):
            return 0
        self._left = ready
        return -1 - end

    def _idle(self) -> int:
        board = self._board
        return self._until(min(board.clock.next_at(), board.clock.now + IDLE_NS))

    def _poll(self, timeout: int, mask: int) -> int:
        """As _until; the shim asks for the `events` afterwards unless it is told them here."""
        board = self._board
        if mask & 4 and board.room_at() > board.clock.now:
            board.clock.at(board.room_at(), _nothing)
        end = board.until + 1 if timeout < 0 else board.clock.now + timeout * MS
        said = self._until(end, lambda: bool(board.events(mask)))
        return said or board.events(mask)

    def _read(self, count: int) -> Said:
        """What came; behind it, if it goes on after a callback, -1 - its end."""
        data, left = self._board.read_until_irq(count)
        if left < 0:
            return data
        self._left = self._board.coming
        return f"{data.hex()} {-1 - left}"

    def _irq(self) -> int:
        """The number of the callback to run, -1 = none."""
        irqs = self._board.irqs
        source = None if irqs is None else irqs.begin()
        return -1 if source is None else source.number

    def _over(self) -> int:
        """A callback has ended; the number of the next one, -1 = none."""
        self._board.soft().locked = False
        return self._irq()

    def _off(self, off: int) -> int:
        """disable_irq, enable_irq: what it was, 1 = on."""
        irqs = self._board.soft()
        before, irqs.masked = irqs.masked, bool(off)
        return 0 if before else 1

    def _timer(self, id: int, number: int) -> int:
        try:
            self._alarms[number] = self._board.soft().alarm(id, _source(number))
        except ValueError:
            return 1
        return 0

    def _start(self, number: int, mode: int, *given: int) -> None:
        # below 0 = not said
        period, freq, tick_hz = (None if one < 0 else one for one in given)
        self._alarms[number].start(mode, period, freq, tick_hz)

    def _uart_irq(self, trigger: int, number: int) -> int:
        try:
            self._board.soft().on_uart(trigger, _source(number) if number >= 0 else None)
        except ValueError:
            return 1
        return 0

    def _pin_irq(self, pin: int, trigger: int, number: int) -> None:
        self._board.soft().on_pin(pin, trigger, _source(number) if number >= 0 else None)


def _source(number: int) -> Source:
    return Source(_elsewhere, number)


def _elsewhere() -> None:
    raise RuntimeError("this callback lives in the VM")


def _never() -> bool:
    return False


def _nothing() -> None:
    """An event that only lets a wait look."""
