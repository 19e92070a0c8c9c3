"""A board's flash in virtual time: what programming and erasing take, and a power cut within.

The bytes that change do so one behind the other, evenly over the time the part takes, so that the
instant of a power cut says how far it came and how much of one byte's bits. Meanwhile the firmware
stands still and its line fills the UART's own FIFO (`Port.deaf_room`). Reading takes no time.
What is still being sent while the flash is written goes on; no firmware here does that.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress

from firmware_sim.hal.board import Board, PowerOff, WatchdogReset
from firmware_sim.hal.flash import BLANK, Flash

ERASE_NS = 50_000_000
"""A block, as the data sheets of 4 KB sectors have it (45 to 60 ms typical)."""
PROGRAM_NS = 500_000
"""A page of 256 bytes (0.4 to 0.7 ms typical)."""

Aim = Callable[[str, int, int], None]
"""Told of an operation before it begins: what, how many bytes it changes, how long it takes, ns.
It may bring the board's power off forward into it."""


def checksum(data: bytes) -> str:
    """What a trace says of many bytes."""
    return f"{zlib.crc32(data):08x}"


class BoardFlash:
    """The flash as one board has it for the time it runs; every operation is in its journal."""

    def __init__(self, board: Board, flash: Flash, aim: Aim | None = None) -> None:
        self.block = flash.block
        self.count = flash.count
        self._board = board
        self._flash = flash
        self._aim = aim

    def read(self, at: int, count: int) -> bytes:
        """Bytes from an address on; OSError behind the end."""
        self._board.note("flash read", at, count)
        return self._flash.read(at, count)

    def program(self, at: int, data: bytes) -> None:
        """Whole pages; ValueError if they are not, OSError behind the end."""
        self._flash.whole_pages(at, len(data))
        old = self._flash.read(at, len(data))
        changed = sum(was & byte != was for was, byte in zip(old, data, strict=True))
        self._board.note("program", at, len(data), checksum(data))
        span = -(-len(data) // self._flash.page) * PROGRAM_NS
        self._take("program", changed, span, lambda: self._flash.program(at, data))

    def erase(self, block: int) -> None:
        """One block; OSError behind the end."""
        old = self._flash.read(block * self.block, self.block)
        self._board.note("erase", block)
        changed = self.block - old.count(BLANK)
        self._take("erase", changed, ERASE_NS, lambda: self._flash.erase(block))

    def _take(self, what: str, changed: int, span: int, act: Callable[[], None]) -> None:
        board = self._board
        if self._aim is not None:
            self._aim(what, changed, span)
        start = board.clock.now
        board.deaf = board.port.deaf_room > 0
        try:
            board.hold(start + span)
        except PowerOff:
            self._cut(what, changed, (board.clock.now - start) * changed * 256 // span, act)
            raise
        except WatchdogReset:
            # the flash has power on and ends by itself what it was told
            act()
            raise
        act()
        board.hear_again()

    def _cut(self, what: str, changed: int, done: int, act: Callable[[], None]) -> None:
        """Do 256ths of bytes `done` of it."""
        flash = self._flash
        flash.cut = done >> 8
        # bit by bit as its time goes on, in an order that hangs on the place
        bits, turn = (1 << ((done & 0xFF) * 9 >> 8)) - 1, (done >> 8) % 8
        flash.torn = (bits << turn | bits >> 8 - turn) & 0xFF
        # all of it may be done at that instant; the board has no power in any case
        with suppress(PowerOff):
            act()
        flash.cut = None
        self._board.note(f"cut in {what}", done >> 8, changed, checksum(bytes(flash.data)))
