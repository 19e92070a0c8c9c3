"""A meter core on its own for tests: a chip of known registers, time by hand."""

import struct

from firmware_sim.hal.loader import Memory, MeterCore, Nv, meter645
from tests.firmware_sim.frames import NUMBER

CHAR_US = 1145
SECOND = 1_000_000
MASK = (1 << 30) - 1

RTC = (2026, 8, 16, 6, 20, 31, 45, 0)
"""A Sunday evening (Monday = 0)."""


def registers(elements: int = 1, **change: int) -> bytes:
    """A chip image by docs/firmware.md; `change` sets a register by name."""
    values = {
        "ua": 22014, "ub": 22123, "uc": 21987, "f": 49987, "temp": 3456,
        "ia": 81234, "ib": 55555, "ic": 12, "neutral": -80006,
        "pa": 171264, "pb": -98765, "pc": 44, "qa": 43210, "qb": -7, "qc": 0,
        "sa": 178800, "sb": 98765, "sc": 44, "pf": 9578, "pfa": 9578, "pfb": -10000, "pfc": 0,
        "f1": 16, "f2": 1_600_000 * 12 + 31, "f3": 15, "f4": 160 * 77 + 17,
        "r1": 0, "r2": 0, "r3": 0, "r4": 161,
        "angle_a": 1415, "angle_b": 12345, "angle_c": 35996,
        "clock_mv": 3605, "reading_mv": 2494, "battery_min": 70001,
    } | change  # fmt: skip
    v = list(values.values())
    number = bytes.fromhex(NUMBER)[::-1]
    image = struct.pack(">BBBB6s2xI", 0x64, 2, elements, 0x20, number, v[35])
    image += struct.pack(">3HHh3H", *v[0:5], *v[30:33]) + struct.pack(">4i", *v[5:9])
    image += struct.pack(">9i", *v[9:18]) + struct.pack(">4h2H", *v[18:22], *v[33:35])
    return image + struct.pack(">8I", *v[22:30])


class Bench:
    """One meter and a hand on its clock, in microseconds."""

    def __init__(
        self,
        elements: int = 1,
        number: str = NUMBER,
        delay_us: int = 20_000,
        wake: int = 4,
        t: int = 0,
        memory: Memory | None = None,
        nv: Nv | None = None,
        **change: int,
    ) -> None:
        image = registers(elements, **change)
        self.rtc: tuple[int, ...] = RTC
        self.snapshots = 0

        def snapshot(buf: bytearray) -> None:
            self.snapshots += 1
            buf[:] = image

        self.meter: MeterCore = meter645()(
            bytes.fromhex(number)[::-1],
            elements,
            snapshot,
            lambda: self.rtc,
            CHAR_US,
            delay_us,
            wake,
            memory,
            nv,
        )
        self.t = t

    def hear(self, data: bytes, pause_us: int = 0) -> None:
        """Let bytes come, paced, after a pause."""
        self.t += pause_us + len(data) * CHAR_US
        self.meter.on_bytes(data, len(data), self.t & MASK)

    def say(self) -> tuple[int, bytes] | None:
        """Run the meter's deadlines until it answers: (microseconds after t, bytes)."""
        t = self.t
        for _ in range(4):
            due = self.meter.deadline()
            if due < 0:
                return None
            t += ((due - t + (1 << 29)) & MASK) - (1 << 29)
            n = self.meter.on_deadline(t & MASK)
            if n:
                return t - self.t, bytes(self.meter.out[:n])
        raise AssertionError("a deadline that never ends")

    def ask(self, data: bytes) -> bytes | None:
        """A request after a pause; the answer or None for silence."""
        self.hear(data, pause_us=SECOND)
        said = self.say()
        return None if said is None else said[1]
