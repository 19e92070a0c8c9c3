"""Soft interrupts of one board: timers, its UART and its pins ask for a callback, a wait runs it.

A source falls due at its virtual instant, inside the clock, and is put into a queue as long as
MicroPython's scheduler's; what finds it full is lost and counted. A wait of the firmware (sleep,
poll, flush, idle, and what read and write wait) runs what is queued, one after the other, at that
instant, before it looks at what it waits for. Sources due at one instant run in the order in which
they were armed. While a callback runs no other begins: MicroPython locks its scheduler.

A board has this from its first timer or irq on (`Board.soft`); one that has none pays nothing.
"""

import sys
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from firmware_sim.wire import BITS

if TYPE_CHECKING:
    from firmware_sim.hal.board import Board

SECOND = 1_000_000_000
DEPTH = 8
"""MICROPY_SCHEDULER_DEPTH of the rp2 and esp32 ports."""
PERIODIC = 1
LONGEST_MS = 0xFFFFFFFF
"""The period of a timer that was given none, machine_timer.c."""


@dataclass(slots=True, eq=False)
class Source:
    """Whoever is called back: a callable here, a number where the callable is in a VM."""

    call: Callable[[], object]
    number: int = 0


class Irqs:
    """Queue and sources of one board."""

    __slots__ = (
        "_alarms",
        "_alert",
        "_board",
        "_pins",
        "_ticking",
        "_uart",
        "ended",
        "flags",
        "locked",
        "lost",
        "masked",
        "queue",
        "trigger",
    )

    def __init__(self, board: "Board") -> None:
        self._board = board
        self.queue: deque[Source] = deque()
        self.lost = 0
        """Callbacks that found the queue full."""
        self.locked = False
        """A callback runs."""
        self.masked = False
        """machine.disable_irq()."""
        self.ended = False
        """The board has no power any more: nothing falls due."""
        self.flags = 0
        """Why the UART's callback was asked for last."""
        self.trigger = 0
        """What of the UART asks for it."""
        self._uart: Source | None = None
        self._pins: dict[int, tuple[int, Source]] = {}
        self._alarms: dict[int, Alarm] = {}
        self._alert = self._ticking = False

    @property
    def waiting(self) -> bool:
        """Whether a callback is to be run now."""
        return bool(self.queue) and not self.locked and not self.masked

    def due(self, source: Source) -> None:
        """A source has fallen due."""
        if self.ended:
            return
        if len(self.queue) >= DEPTH:
            self.lost += 1
        else:
            self.queue.append(source)

    def begin(self) -> Source | None:
        """Take the next callback out and lock; None if there is nothing to run."""
        if not self.waiting:
            return None
        self.locked = True
        return self.queue.popleft()

    def run(self) -> None:
        """Run the next callback here; what it raises is reported and ends nothing."""
        source = self.begin()
        if source is None:
            return
        try:
            source.call()
        except Exception as error:  # noqa: BLE001
            # as the port does: printed to the console, main goes on
            self._board.note("raised", type(error).__name__)
            traceback.print_exception(error, file=sys.stderr)
        finally:
            self.locked = False

    def alarm(self, id: int, source: Source) -> "Alarm":
        """The timer of that id; ValueError where the port has none of it."""
        if id not in self._board.port.timers:
            raise ValueError(f"Timer({id}) doesn't exist")
        if id < 0:
            return Alarm(self._board, self, source)
        # a part's timer is there once, whoever asks for it
        alarm = self._alarms.setdefault(id, Alarm(self._board, self, source))
        alarm.source = source
        return alarm

    def on_pin(self, pin: int, trigger: int, source: Source | None) -> None:
        """Call back at edges of a pin; None: no more."""
        if source is None or not trigger:
            self._pins.pop(pin, None)
        else:
            self._pins[pin] = (trigger, source)

    def edge(self, pin: int, level: int) -> None:
        """A pin has another level."""
        trigger, source = self._pins.get(pin, (0, None))
        names = self._board.port.pin_names
        if source is not None and trigger & names["IRQ_RISING" if level else "IRQ_FALLING"]:
            self.due(source)

    def on_uart(self, trigger: int, source: Source | None) -> None:
        """Call back at what the trigger says; ValueError where the port has no such trigger."""
        known = 0
        for bit in self._board.port.uart_irqs.values():
            known |= bit
        if trigger & ~known:
            raise ValueError(f"trigger 0x{trigger:04x} unsupported")
        self.trigger = 0 if source is None else trigger
        self._uart = source
        self.flags = 0

    def heard(self) -> None:
        """A character has come."""
        board = self._board
        if self._wants("IRQ_RXIDLE") and not board.port.idle_timer:
            since = board.heard
            board.clock.at(since + self._idle(), partial(self._fell_silent, since))

    def drained(self) -> None:
        """The driver has taken characters out of the part."""
        self._ask("IRQ_RX")
        if self._wants("IRQ_RXIDLE") and self._board.port.idle_timer:
            # a timer of the driver: its next tick arms it, the one after finds silence
            self._alert = True
            if not self._ticking:
                self._ticking = True
                self._board.clock.at(self._board.clock.now + self._idle(), self._tick)

    def sending(self, count: int) -> None:
        """So many characters have been given to the line."""
        board = self._board
        early = board.port.txidle_early
        if self._wants("IRQ_TXIDLE") and count > early:
            end = board.tx_free
            at = end - early * BITS * SECOND // board.baud
            board.clock.at(at, partial(self._sent, end))

    def _wants(self, name: str) -> bool:
        return bool(self.trigger & self._board.port.uart_irqs.get(name, 0))

    def _ask(self, name: str) -> None:
        if self._uart is not None and self._wants(name):
            self.flags = self._board.port.uart_irqs[name]
            self.due(self._uart)

    def _idle(self) -> int:
        board = self._board
        return max(board.port.idle_bits * SECOND // board.baud, board.port.idle_least_us * 1000)

    def _fell_silent(self, since: int) -> None:
        if self._board.heard == since:
            self._ask("IRQ_RXIDLE")

    def _tick(self) -> None:
        if self._alert:
            self._alert = False
            self._board.clock.at(self._board.clock.now + self._idle(), self._tick)
        else:
            self._ticking = False
            self._ask("IRQ_RXIDLE")

    def _sent(self, end: int) -> None:
        if self._board.tx_free == end:
            self._ask("IRQ_TXIDLE")


class Alarm:
    """One timer: due at multiples of its period since its start, so that it does not drift."""

    __slots__ = ("_board", "_irqs", "_next", "_period", "_repeat", "_run", "source")

    def __init__(self, board: "Board", irqs: Irqs, source: Source) -> None:
        self._board = board
        self._irqs = irqs
        self.source = source
        self._run = 0
        self._next = self._period = 0
        self._repeat = False

    def start(
        self, mode: int, period: int | None, freq: int | None, tick_hz: int | None = None
    ) -> None:
        """From now on: every `period` / `tick_hz` s or 1 / `freq` s, cut to the part's ticks."""
        hz = self._board.port.timer_hz
        if freq is not None:
            ticks = hz // freq
        else:
            ticks = (LONGEST_MS if period is None else period) * hz // (tick_hz or 1000)
        self._run += 1
        self._repeat = mode == PERIODIC
        self._period = max(ticks, 1) * SECOND // hz
        self._next = self._board.clock.now + self._period
        self._board.clock.at(self._next, partial(self._fall_due, self._run))

    def stop(self) -> None:
        """Not any more; a callback that is queued already still runs."""
        self._run += 1

    def _fall_due(self, run: int) -> None:
        if run != self._run or self._irqs.ended:
            return
        if self._repeat:
            self._next += self._period
            self._board.clock.at(self._next, partial(self._fall_due, run))
        self._irqs.due(self.source)
