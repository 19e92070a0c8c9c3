"""What a meter of the tests holds: every register at every instant, and what it must read as.

It fills the meter's store by the map of docs/firmware.md and says, by DL/T 645-2007 alone, which
values an identifier must then give. It shares nothing with the firmware or the decoder.
"""

import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tests.firmware_sim.firmware.bench645 import registers

EPOCH = datetime(2000, 1, 1)
NOW = datetime(2026, 8, 16, 20, 31, 45)
Value = float | str | bool | None

EVENTS_OF_ENERGY = (0x07, 0x08, 0x0E)
RAW_EVENTS = (0x01, 0x02, 0x03, 0x04, 0x0B, 0x0C, 0x0D)


def second(at: datetime) -> int:
    """Seconds since 2000."""
    return int((at - EPOCH).total_seconds())


def r10(raw: int) -> int:
    """A tenth, halves away from zero."""
    return (abs(raw) + 5) // 10 * (1 if raw >= 0 else -1)


def bcd(value: int | None, size: int, signed: bool = False) -> bytes:
    """Digits as on the wire; FF for None."""
    if value is None:
        return b"\xff" * size
    data = bytearray(bytes.fromhex(f"{abs(value):0{2 * size}d}")[::-1])
    if signed and value < 0:
        data[-1] |= 0x80
    return bytes(data)


def minute(at: datetime) -> str:
    """As the decoder writes it."""
    return at.strftime("%Y-%m-%d %H:%M")


def moment(at: datetime) -> str:
    """The same to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def stamp(at: datetime) -> bytes:
    """ss mm hh DD MM YY."""
    return bytes.fromhex(at.strftime("%S%M%H%d%m%y"))


def settlement(n: int) -> datetime:
    """The nth last first of a month, 00:00; n = 0 is now."""
    if not n:
        return NOW
    at = NOW.replace(day=1, hour=0, minute=0, second=0)
    for _ in range(n - 1):
        at = (at - timedelta(days=1)).replace(day=1)
    return at


class Held:
    """The registers of one meter."""

    def __init__(self, elements: int) -> None:
        self.elements = elements

    def store(self, buf: bytearray, page: int, at: int, since: int) -> bool:
        """The meter's `memory` (docs/firmware.md)."""
        when = NOW if at == -1 else EPOCH + timedelta(seconds=at)
        if when > NOW:
            return False
        content = self._page(page, when, since)
        buf[:] = content.ljust(len(buf), b"\0")
        return True

    def chip(self, when: datetime) -> bytes:
        """The metering chip's registers."""
        change = {f"f{t}": self.pulses(t - 1, when) for t in (1, 2, 3, 4)}
        change |= {f"r{t}": self.pulses(3 + t, when) for t in (1, 2, 3, 4)}
        return registers(self.elements, **change, **self.powers(when))

    def powers(self, when: datetime) -> dict[str, int]:
        """What flows, 0.01 W: it changes with the minute."""
        step = second(when) // 60 % 4000
        return {"pa": 171264 + step, "pb": -98765 - step, "pc": 44, "qa": 43210 - step}

    def pulses(self, k: int, when: datetime) -> int:
        """A counter of pulses, 16 of which are the last digit."""
        return 1_600_000 * (k + 1) + (k + 3) * (second(when) // 60 % 10_000_000)

    def _page(self, page: int, when: datetime, since: int) -> bytes:
        if page == 0:
            return self.chip(when)
        if page == 1:
            return struct.pack(">48I", *(self.pulses(8 + k, when) for k in range(48)))
        if page == 2:
            words = [
                word
                for bank in range(10)
                for tariff in range(5)
                for word in self.peak_words(bank, tariff, since)
            ]
            return struct.pack(">100I", *words)
        if page == 3:
            return struct.pack(">4i", 12345, -23456, 345, 45678)
        if page >= 0x2000:
            return struct.pack(">7I", *self.quality_words(page - 0x2000, when))
        kind, phase = page - 0x1000 >> 4, page & 15
        words = [10 + kind + phase, 3 * kind + phase]
        for n in range(1, 11):
            start, end = self.event(kind, phase, n)
            words += [second(start), second(end), 1234 + kind, second(start) + 60]
        return struct.pack(">42I", *words)

    @staticmethod
    def peak_words(bank: int, tariff: int, since: int) -> tuple[int, int]:
        """Demand, 0.1 W, and its second: both depend on where the period began."""
        return 1000 * (bank + 1) + 100 * tariff + since % 97, since + 900 * (tariff + 1)

    @staticmethod
    def quality_words(phase: int, when: datetime) -> tuple[int, ...]:
        """Minutes watched, over, under; highest and lowest voltage with their seconds."""
        highest, lowest = (second(when) - 86_400 * n for n in (1, 2))
        return (40_000 + when.month, 120 + phase, 77, 2415 + phase, highest, 1987, lowest)

    @staticmethod
    def event(kind: int, phase: int, n: int) -> tuple[datetime, datetime]:
        """Start and end of the nth newest."""
        start = NOW - timedelta(days=2 * n, seconds=100 * kind + phase)
        return start, start + timedelta(seconds=600 + 7 * n)

    # what an identifier must give

    def energy(self, d2: int, tariff: int, when: datetime) -> int | None:
        """0.01 kWh; None if this meter does not count it."""
        if self.elements == 1 and d2 > 2:
            return None
        for phase, first in enumerate((0x15, 0x29, 0x3D)):
            if first <= d2 < first + 10:
                return self._of(d2 - first + 1, partial(self._phase, phase, when))
        return self._of(d2, partial(self._total, tariff, when))

    def _phase(self, phase: int, when: datetime, j: int) -> int:
        return self.pulses(8 + 24 + 8 * phase + j, when) // 16

    def _total(self, tariff: int, when: datetime, j: int) -> int:
        tariffs = (tariff,) if tariff else (1, 2, 3, 4)
        return sum(self.pulses(4 * j + t - 1, when) for t in tariffs) // 16

    @staticmethod
    def _of(d2: int, counter: Callable[[int], int]) -> int:
        """Counters are forward, reverse, quadrants, apparent forward, reverse; combinations sum."""
        sums = {0: (0, 1), 1: (0,), 2: (1,), 3: (2, 3), 4: (4, 5)}
        return sum(counter(j) for j in sums.get(d2, (d2 - 3,)))

    def demand(self, bank: int, tariff: int, since: datetime) -> tuple[Value, Value]:
        """kW and when."""
        value, at = self.peak_words(bank, tariff, second(since))
        return value / 10_000, minute(EPOCH + timedelta(seconds=at))

    def flow(self, when: datetime) -> list[Value]:
        """Active and reactive power: total, A, B, C each, kW."""
        p = self.powers(when)
        both = ([p["pa"], p["pb"], p["pc"]], [p["qa"], -7, 0])
        return [r10(raw) / 10_000 for one in both for raw in (sum(one), *one)]

    def increments(self, start: datetime, end: datetime) -> list[int | None]:
        """Forward, reverse, reactive 1, 2 of total, A, B, C."""
        grown: list[int | None] = []
        for first in (0x01, 0x15, 0x29, 0x3D):
            for d2 in range(first, first + 4):
                before, after = (self.energy(d2, 0, at) for at in (start, end))
                grown.append(None if before is None or after is None else after - before)
        return grown

    def six(self, when: datetime) -> list[int | None]:
        """Forward, reverse, quadrants."""
        return [self.energy(d2, 0, when) for d2 in (1, 2, 5, 6, 7, 8)]

    def phases(self, start: datetime, end: datetime, hours: bool) -> bytes:
        """What stands behind start and end in a record of voltage or current loss."""
        grown = [bcd(value, 4) for value in self.increments(start, end)]
        p = self.powers(start)
        moments = (
            (22014, 81234, p["pa"], p["qa"], 9578),
            (22123, 55555, p["pb"], -7, -10000),
            (21987, 12, p["pc"], 0, 0),
        )
        data = b"".join(grown[:4])
        for phase, raws in enumerate(moments):
            data += b"".join(grown[4 + 4 * phase : 8 + 4 * phase])
            sizes = ((2, False), (3, True), (3, True), (3, True), (2, True))
            for raw, (size, signed) in zip(raws, sizes, strict=True):
                data += bcd(r10(raw), size, signed)
        return data + (b"\xff" * 16 if hours else b"")
