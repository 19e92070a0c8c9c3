"""One board on CPython: its clock, its wires, its chips. The imitation modules bind to it.

Time is virtual and comes from outside. A blocking call of the firmware (poll, sleep, flush) moves
the board's clock from event to event until what it waits for is there; when the clock reaches
`until`, the power goes off: PowerOff ends the firmware, whatever it is doing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from firmware_sim.clock import Clock
from firmware_sim.wire import BITS


class PowerOff(BaseException):
    """The end of the board's time; not an Exception, so that no firmware can hold it up."""


class WatchdogReset(BaseException):
    """The firmware has not fed its watchdog in time."""


class I2CDevice(Protocol):
    """A chip on the I2C bus."""

    def read(self, memory: int, count: int) -> bytes:
        """`count` registers from `memory` on."""


@dataclass(slots=True)
class Board:
    """All state of one board."""

    clock: Clock
    until: int
    """When the power goes off, ns."""
    start_ticks: int = 0
    """What ticks_us says when the board starts: near a wrap, to see it happen."""
    devices: dict[int, I2CDevice] = field(default_factory=dict)
    reset_cause: int = 1
    """Why the board started: 1 power, 3 watchdog (rp2)."""
    rtc: tuple[int, ...] = (2026, 1, 1, 3, 0, 0, 0, 0)
    received: bytearray = field(default_factory=bytearray)
    """What the UART holds for the firmware."""
    lost: int = 0
    """Bytes that found the UART's buffer full."""
    rx_size: int = 256
    sent: list[tuple[int, int, bytes]] = field(default_factory=list)
    """(start, end, bytes) of each write of the UART, ns."""
    pins: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """pin -> (when, level), ns."""
    on_sent: Callable[[bytes, int, int], None] | None = None
    tx_free: int = 0
    fed: int = 0
    watchdog: int = 0
    """Watchdog time, ns; 0 = not started."""

    def listen(self, data: bytes, start: int, baud: int) -> int:
        """Let `data` arrive on the UART from `start` ns on, paced by the speed; when it ends."""
        for i, byte in enumerate(data, 1):
            self.clock.at(start + i * BITS * 1_000_000_000 // baud, partial(self._take, byte))
        return start + len(data) * BITS * 1_000_000_000 // baud

    def wait(self, deadline: int, ready: Callable[[], bool]) -> None:
        """Move time on until `ready()` or the deadline, ns."""
        while not ready():
            when = min(self.clock.next_at(), deadline)
            self._guard(when)
            if when >= self.until:
                self.clock.run_until(self.until)
                raise PowerOff
            if self.clock.next_at() > deadline:
                self.clock.run_until(deadline)
                return
            self.clock.step()

    def send(self, data: bytes, baud: int) -> None:
        """The UART sends: from now, or when it has sent what it had."""
        start = max(self.clock.now, self.tx_free)
        self.tx_free = start + len(data) * BITS * 1_000_000_000 // baud
        self.sent.append((start, self.tx_free, data))
        if self.on_sent is not None:
            self.on_sent(data, start, self.tx_free)

    def _take(self, byte: int) -> None:
        if len(self.received) < self.rx_size:
            self.received.append(byte)
        else:
            self.lost += 1

    def _guard(self, when: int) -> None:
        if self.watchdog and when > self.fed + self.watchdog:
            raise WatchdogReset
