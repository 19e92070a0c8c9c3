"""A TMU core on its own for tests: sensors by hand, time by hand."""

import struct

from firmware_sim.hal.loader import Nv, UnitCore, tmu

CHAR_US = 11_000_000 // 9600
GAP_US = 7 * CHAR_US // 2
SECOND = 1_000_000
MASK = (1 << 30) - 1

OIL_TYPE = 0b1_1111_0001
DRY_TYPE = 0b1_1111_1110


def sensors(**change: int) -> bytes:
    """A front end's image by docs/firmware.md; `change` sets a register by name."""
    values = {
        "kind": 0x54, "version": 1, "unit": 1, "parity": 2, "speed": 96,
        "fitted": OIL_TYPE, "failed": 0, "contacts": 0,
        "oil": 5234, "wa": 0, "wb": 0, "wc": 0, "cabinet": 3871, "outdoor": -512,
        "humidity": 6543, "supply": 12034, "residual": 423,
    } | change  # fmt: skip
    return struct.pack(">BBBBHHHBx6hHHI", *values.values())


class Bench:
    """One unit and a hand on its clock, in microseconds; `image` may be changed at any time."""

    def __init__(
        self,
        t: int = 0,
        delay_us: int = 20_000,
        cause: int = 1,
        nv: Nv | None = None,
        **change: int,
    ) -> None:
        self.image: bytes | None = sensors(**change)
        self.t = t
        self.core: UnitCore = tmu()(self._snapshot, t & MASK, delay_us, cause, nv)

    def _snapshot(self, buf: bytearray) -> None:
        if self.image is None:
            raise OSError(5)
        buf[:] = self.image

    def sense(self, **change: int) -> None:
        """Let the sensors show something else, and the unit see it."""
        self.image = sensors(**change)
        self.wait(2 * SECOND)

    def hear(self, data: bytes, pause_us: int = 0, char_us: int = CHAR_US) -> None:
        """Let bytes come, paced, after a pause."""
        self.t += pause_us + len(data) * char_us
        self.core.on_bytes(data, len(data), self.t & MASK)

    def wait(self, us: int) -> list[tuple[int, bytes]]:
        """Let time go by: what the unit says meanwhile, each with its instant."""
        end = self.t + us
        said: list[tuple[int, bytes]] = []
        while True:
            left = ((self.core.deadline() - self.t + (1 << 29)) & MASK) - (1 << 29)
            if self.t + left > end:
                self.t = end
                return said
            self.t += max(left, 0)
            n = self.core.on_deadline(self.t & MASK)
            if n:
                said.append((self.t, bytes(self.core.out[:n])))

    def ask(self, data: bytes) -> bytes | None:
        """A request after a pause; the answer or None for silence."""
        self.wait(SECOND // 10)
        self.hear(data)
        said = self.wait(SECOND // 10)
        assert len(said) < 2
        return said[0][1] if said else None
