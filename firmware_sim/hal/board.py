"""One board on CPython: its clock, its wires, its chips. The imitation modules bind to it.

Time is virtual and comes from outside. A blocking call of the firmware (poll, sleep, flush) moves
the board's clock from event to event until what it waits for is there; when the clock reaches
`until`, the power goes off: PowerOff ends the firmware, whatever it is doing.

What the ports do differently (`port`) is done here, below whatever imitates `machine`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn, Protocol

from firmware_sim.clock import Clock
from firmware_sim.hal.irq import Irqs
from firmware_sim.hal.ports import HOST, Port
from firmware_sim.wire import BITS

SECOND = 1_000_000_000
MOST_SPINS = 10_000


class PowerOff(BaseException):
    """The end of the board's time; not an Exception, so that no firmware can hold it up."""


class WatchdogReset(BaseException):
    """The firmware has not fed its watchdog in time."""


class Reset(WatchdogReset):
    """The firmware resets the board; `soft`: its interpreter alone, the part runs on."""

    def __init__(self, soft: bool = False) -> None:
        super().__init__()
        self.soft = soft


class Stuck(BaseException):
    """The firmware goes round without letting any time pass."""


class I2CDevice(Protocol):
    """A chip on the I2C bus."""

    def read(self, memory: int, count: int) -> bytes:
        """`count` registers from `memory` on."""


class FlashPart(Protocol):
    """The flash that the firmware may have; whoever uses it waits while it works."""

    block: int
    count: int

    def read(self, at: int, count: int) -> bytes:
        """Bytes from an address on; OSError behind the end."""

    def program(self, at: int, data: bytes) -> None:
        """Whole pages; ValueError if they are not, OSError behind the end."""

    def erase(self, block: int) -> None:
        """One block; OSError behind the end."""


@dataclass(slots=True)
class Board:
    """All state of one board."""

    clock: Clock
    until: int
    """When the power goes off, ns."""
    start_ticks: int = 0
    """What ticks_us says when the board starts: near a wrap, to see it happen."""
    devices: dict[int, I2CDevice] = field(default_factory=dict)
    flash: FlashPart | None = None
    """None = the firmware may have none of it."""
    reset_cause: int = 1
    """Why the board started: 1 power, 3 watchdog."""
    port: Port = HOST
    rtc: tuple[int, ...] = (2026, 1, 1, 3, 0, 0, 0, 0)
    """What the calendar clock showed at `rtc_at` ns."""
    rtc_at: int = 0
    rtc_ppm: float | None = None
    """How much faster than time the calendar clock runs; None = as its port's does."""
    received: bytearray = field(default_factory=bytearray)
    """What the UART holds for the firmware."""
    fifo: bytearray = field(default_factory=bytearray)
    """What has come and poll does not see yet."""
    heard: int = 0
    """When the last character came, ns."""
    baud: int = 9600
    deaf: bool = False
    """No interrupt is served: what comes stays in the part, as far as it has room."""
    lost: int = 0
    """Bytes that found the UART's buffer full."""
    rx_size: int = 256
    tx_size: int = 256
    """What the UART's driver takes before the line has it."""
    refused: int = 0
    """Characters of the last write that found no room and are not sent."""
    sent: list[tuple[int, int, bytes]] = field(default_factory=list)
    """(start, end, bytes) of each write of the UART, ns."""
    pins: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """pin -> (when, level) of its first level and each change, ns."""
    journal: list[tuple[int, str, tuple[object, ...]]] | None = None
    """(when in ns, what, about it), of everything that shows outside; None = not kept."""
    on_sent: Callable[[bytes, int, int], None] | None = None
    tx_free: int = 0
    fed: int = 0
    spins: int = 0
    """Waits since time last moved."""
    watchdog: int = 0
    """Watchdog time, ns; 0 = not started."""
    irqs: Irqs | None = None
    """Timers and callbacks, once the firmware has any (`soft`)."""
    reset: Reset | None = None
    """That the firmware ended itself."""
    analog: dict[int, Callable[[int], int]] = field(default_factory=dict)
    """pin -> what lies on it at an instant (ns), 0 to 65535; a pin without is open and reads 0."""
    inputs: dict[int, int] = field(default_factory=dict)
    """pin -> the level it is given from outside (`press`)."""
    pulls: dict[int, int] = field(default_factory=dict)
    """pin -> the level it has when nobody drives it."""
    pointers: dict[int, int] = field(default_factory=dict)
    """I2C address -> the register the next reading begins at."""
    serial: bytes = bytes(range(0xE6, 0xEE))
    """unique_id(), as much as the port gives."""

    def note(self, what: str, *about: object, at: int | None = None) -> None:
        """Write into the journal, if one is kept."""
        if self.journal is not None:
            self.journal.append((self.clock.now if at is None else at, what, about))

    def listen(self, data: bytes, start: int, baud: int) -> int:
        """Let `data` arrive on the UART from `start` ns on, paced by the speed; when it ends."""
        for i, byte in enumerate(data, 1):
            self.clock.at(start + i * BITS * SECOND // baud, partial(self.take, byte))
        return start + len(data) * BITS * SECOND // baud

    def wait(self, deadline: int, ready: Callable[[], bool]) -> None:
        """Move time on until `ready()` or the deadline, ns."""
        irqs = self.irqs
        if irqs is not None:
            while not self.until_irq(deadline, ready):
                irqs.run()
            return
        before = self.clock.now
        self._wait(deadline, ready)
        self._count(before)

    def until_irq(self, deadline: int, ready: Callable[[], bool]) -> bool:
        """As wait, but leave as soon as a callback is queued; whether it has come to its end."""
        irqs = self.irqs
        if irqs is None:
            self.wait(deadline, ready)
            return True
        if not irqs.waiting:
            before = self.clock.now
            self._wait(deadline, lambda: irqs.waiting or ready())
            self._count(before)
        return not irqs.waiting

    def hold(self, deadline: int) -> None:
        """Wait as what knows nothing of callbacks does: none is run until later."""
        irqs = self.irqs
        if irqs is None:
            self.wait(deadline, _never)
            return
        before, irqs.locked = irqs.locked, True
        try:
            self.wait(deadline, _never)
        finally:
            irqs.locked = before

    def soft(self) -> Irqs:
        """Its callbacks; RuntimeError where waiting is done in a way that runs none."""
        if self.irqs is None:
            if type(self).wait is not Board.wait:
                raise RuntimeError("timers and irqs need a board that waits by itself")
            self.irqs = Irqs(self)
        return self.irqs

    def restart(self, soft: bool) -> NoReturn:
        """machine.reset(), machine.soft_reset()."""
        self.reset = Reset(soft)
        self.note("reset", soft)
        raise self.reset

    def end(self) -> None:
        """It runs no more: nothing that was armed falls due."""
        if self.irqs is not None:
            self.irqs.ended = True

    def next_cause(self) -> int:
        """What the board that starts behind this one, without a power cut, has for a cause."""
        port = self.port
        if self.reset is None:
            return port.causes["WDT_RESET"]
        if self.reset.soft:
            return port.causes[port.after_soft] if port.after_soft else self.reset_cause
        return port.causes[port.after_reset]

    def take_over(self, before: "Board") -> None:
        """Run on with what a soft reset of the board before leaves as it is."""
        if before.reset is not None and before.reset.soft:
            self.watchdog, self.fed = before.watchdog, before.fed
            self.rtc, self.rtc_at = before.rtc, before.rtc_at

    def _count(self, before: int) -> None:
        self.spins = 0 if self.clock.now > before else self.spins + 1
        if self.spins > MOST_SPINS:
            raise Stuck

    def _wait(self, deadline: int, ready: Callable[[], bool]) -> None:
        while not ready():
            when = min(self.clock.next_at(), deadline)
            self._guard(min(when, self.until))
            if when >= self.until:
                self.clock.run_until(self.until)
                raise PowerOff
            if self.clock.next_at() > deadline:
                self.clock.run_until(deadline)
                return
            self.clock.step()

    def open_uart(
        self, id: int, settings: tuple[object, ...], baud: int, rx_size: int, tx_size: int
    ) -> None:
        """A UART is made or made anew; what had been received is gone."""
        if id not in self.port.uarts:
            raise ValueError(f"UART({id}) doesn't exist")
        if self.irqs is not None:
            self.irqs.on_uart(0, None)
        if self.port.init_waits:
            self.hold(self.tx_free)
        self.note("uart", id, baud, *settings)
        self.baud = baud
        self.rx_size = rx_size
        self.tx_size = tx_size
        self.received.clear()
        self.fifo.clear()

    def any(self) -> int:
        """How many characters can be read now."""
        if self.port.read_drains:
            self._drain()
        return len(self.received)

    def read(self, count: int) -> bytes:
        """At most `count` characters, in the manner of the port; empty when there are none."""
        if not self.port.read_waits:
            self.any()
            data = bytes(self.received[:count])
            del self.received[:count]
            return data
        data, left = self.read_until_irq(count)
        while left >= 0:
            self.wait(left, self.coming)
            more, left = self.read_until_irq(count - len(data))
            data += more
        return data

    def coming(self) -> bool:
        """Whether a character is there, if only in the part."""
        return bool(self.received or self.fifo)

    def read_until_irq(self, count: int) -> tuple[bytes, int]:
        """As `read`, but leave when a callback is queued: what came, until when to wait (-1)."""
        if not self.port.read_waits:
            return self.read(count), -1
        data = bytearray()
        while self.any():
            part = self.received[: count - len(data)]
            del self.received[: len(part)]
            data += part
            if len(data) == count:
                break
            left = self.clock.now + self._patience()
            if not self.until_irq(left, self.coming):
                return bytes(data), left
        return bytes(data), -1

    def events(self, mask: int) -> int:
        """What of POLLIN and POLLOUT the UART shows to poll."""
        found = mask & 1 if self.received else 0
        return found | (mask & 4 if self.clock.now >= self.room_at() else 0)

    def room_at(self) -> int:
        """From when on write() takes a character without waiting, ns."""
        return self.tx_free - (self.tx_size + self.port.tx_fifo - 1) * BITS * SECOND // self.baud

    def send(self, data: bytes) -> int:
        """The UART sends: from now, or when it has sent what it had; how much the port takes."""
        blocked = self.begin_send(data)
        refused = self.refused
        if blocked >= 0:
            self.wait(blocked, _never)
        return len(data) - refused

    def begin_send(self, data: bytes) -> int:
        """As `send` without waiting: until when the port's write() blocks, ns; -1 not at all.

        What it does not take is then in `refused`.
        """
        baud = self.baud
        now = self.clock.now
        start = max(now, self.tx_free)
        room = self.tx_size + self.port.tx_fifo
        self.refused = 0
        if not self.port.write_waits and (start - now) * baud + len(data) * BITS * SECOND > (
            room * BITS * SECOND
        ):
            return self._send_what_fits(data, start)
        self.tx_free = start + len(data) * BITS * SECOND // baud
        self.sent.append((start, self.tx_free, data))
        if self.journal is not None:
            for i, byte in enumerate(data, 1):
                self.note("tx", byte, at=start + i * BITS * SECOND // baud)
        if self.on_sent is not None:
            self.on_sent(data, start, self.tx_free)
        if self.irqs is not None:
            self.irqs.sending(len(data))
        over = len(data) - room
        return start + over * BITS * SECOND // baud if over > 0 else -1

    def _send_what_fits(self, data: bytes, start: int) -> int:
        """Of a port that does not wait for room: the beginning is sent, the rest given up."""
        left = -((self.clock.now - start) * self.baud // (BITS * SECOND))
        fits = max(self.tx_size + self.port.tx_fifo - left, 0)
        if fits:
            self.begin_send(data[:fits])
        self.refused = len(data) - fits
        self.note("unsent", self.refused)
        return self.clock.now + (self._patience() if fits else 1_000_000)

    def _patience(self) -> int:
        """How long rp2 waits for one more character: a whole one and some more, in whole ms, ns."""
        return (13_000 // self.baud + 1) * 1_000_000

    def flushed_at(self) -> int:
        """When the last character has left, ns."""
        return self.tx_free

    def flush(self) -> None:
        """Wait until then."""
        self.wait(self.flushed_at(), _never)

    def drive(self, pin: int, level: int) -> None:
        """Set a pin."""
        seen = self.pins.setdefault(pin, [])
        if not seen or seen[-1][1] != level:
            seen.append((self.clock.now, level))
            self.note("pin", pin, level)
            if self.irqs is not None and pin not in self.inputs:
                self.irqs.edge(pin, level)

    def start_watchdog(self, ms: int) -> None:
        """The watchdog counts from now on; ValueError where the port cannot count so far."""
        least, most = self.port.wdt_ms
        if not least <= ms <= most:
            raise ValueError(f"timeout exceeds {most}" if ms > most else f"timeout below {least}")
        self.watchdog = ms * 1_000_000
        self.fed = self.clock.now
        self.note("wdt", ms)

    def date(self) -> tuple[int, ...]:
        """RTC.datetime(): the calendar clock runs on from what it was set to, at its own rate."""
        year, month, day, _, hour, minute, second, micro = self.rtc
        set_to = datetime(year, month, day, hour, minute, second, micro)
        ppm = self.port.rtc_ppm if self.rtc_ppm is None else self.rtc_ppm
        passed = self.clock.now - self.rtc_at
        passed += passed * round(ppm * 1000) // SECOND
        now = set_to + timedelta(microseconds=passed // 1000)
        micros = now.microsecond if self.port.rtc_micros else 0
        return (*now.timetuple()[:3], now.weekday(), now.hour, now.minute, now.second, micros)

    def seconds(self) -> int:
        """time.time(): seconds of the calendar clock since the port's epoch."""
        year, month, day, _, hour, minute, second, _ = self.date()
        passed = datetime(year, month, day, hour, minute, second) - datetime(self.port.epoch, 1, 1)
        return passed.days * 86_400 + passed.seconds

    def set_date(self, value: tuple[int, ...]) -> None:
        """Set the calendar clock; ValueError but for eight numbers."""
        if len(value) != 8:
            raise ValueError(f"requested length 8 but object has length {len(value)}")
        self.rtc = tuple(value)
        self.rtc_at = self.clock.now
        self.note("rtc", *value)

    def ticks(self) -> int:
        """ticks_us()."""
        return (self.start_ticks + self.clock.now // 1000) & ((1 << self.port.ticks_bits) - 1)

    def take(self, byte: int) -> None:
        """A character has come from the line."""
        self.note("rx", byte)
        self.heard = self.clock.now
        if self.deaf and len(self.fifo) >= self.port.deaf_room:
            self.lost += 1
            return
        self.fifo.append(byte)
        if self.irqs is not None:
            self.irqs.heard()
        if len(self.fifo) >= self.port.rx_block and not self.deaf:
            self._serve()
        else:
            idle = self.port.rx_idle_bits * SECOND // self.baud
            self.clock.at(self.clock.now + idle, partial(self._fell_silent, self.heard))

    def hear_again(self) -> None:
        """Interrupts are served from now on."""
        self.deaf = False
        silent = self.clock.now - self.heard >= self.port.rx_idle_bits * SECOND // self.baud
        if silent or len(self.fifo) >= self.port.rx_block:
            self._serve()

    def _fell_silent(self, since: int) -> None:
        if self.heard == since and not self.deaf:
            self._serve()

    def _serve(self) -> None:
        """The UART interrupts its driver."""
        had = bool(self.fifo)
        self._drain()
        if had and self.irqs is not None:
            self.irqs.drained()

    def _drain(self) -> None:
        room = max(self.rx_size - len(self.received), 0)
        self.received += self.fifo[:room]
        self.lost += max(len(self.fifo) - room, 0)
        self.fifo.clear()

    def _guard(self, when: int) -> None:
        if self.watchdog and when > self.fed + self.watchdog:
            raise WatchdogReset


def _never() -> bool:
    return False
