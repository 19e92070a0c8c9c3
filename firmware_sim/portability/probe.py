"""A probe of the HAL for the proof: a firmware that uses all of it in a world that moves its pins.

Its line brings orders besides chance (`device/probe.py`): hang until the watchdog bites, reset in
either way, another speed, an answer longer than the UART's buffer.
"""

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from firmware_sim.hal import wired
from firmware_sim.hal.board import Board
from firmware_sim.portability.suite import Subject
from firmware_sim.portability.trace import World

MS = 1_000_000
MAIN = Path(__file__).parent / "device" / "probe.py"
BUTTON = 13
MEMORY = 0x50
SIZE = 64
PRESSED_EVERY = 12_730 * MS
BOUNCES = (
    *((0, 0), (180_000, 1), (420_000, 0)),
    *((310 * MS, 1), (310 * MS + 95_000, 0), (311 * MS, 1)),
)
"""What a button does when it is pressed: (ns since, level)."""
ORDERS = bytes(range(1, 6))


class Memory:
    """A chip of 64 registers that go round; it forgets with its power."""

    def __init__(self) -> None:
        self._data = bytearray(SIZE)

    def read(self, memory: int, count: int) -> bytes:
        """`count` registers from `memory` on."""
        return bytes(self._data[(memory + i) % SIZE] for i in range(count))

    def write(self, memory: int, data: bytes) -> None:
        """Registers from `memory` on."""
        for i, byte in enumerate(data):
            self._data[(memory + i) % SIZE] = byte


def wire(board: Board) -> None:
    """What hangs on a board that has just got its power."""
    board.devices = {MEMORY: Memory()}
    board.analog = {26: _ramp, 34: _ramp, 27: _wave, 35: _wave}
    wired.press(board, BUTTON, 1)
    _presses(board)


def _ramp(now: int) -> int:
    return now // 777 % 70_000


def _wave(now: int) -> int:
    return abs(now // 40_000 % 131_072 - 65_536)


def _presses(board: Board) -> None:
    """Press the button once, and later again as long as the board has power."""
    when = (board.clock.now // PRESSED_EVERY + 1) * PRESSED_EVERY
    for since, level in BOUNCES:
        board.clock.at(when + since, partial(wired.press, board, BUTTON, level))
    if when < board.until:
        board.clock.at(when, partial(_presses, board))


def talk(chance: random.Random) -> bytes:
    """Something for the probe to echo; one in a few is an order."""
    data = chance.randbytes(chance.randrange(1, 40))
    what = chance.random()
    if what < 0.5:
        return bytes([data[0] | 0x20]) + data[1:] + b"\n"
    # most orders are to be survived
    return bytes([chance.choice(ORDERS[3:]) if what < 0.94 else chance.choice(ORDERS)]) + data


@dataclass(frozen=True, slots=True)
class Wired(Subject):
    """A subject with something on its pins."""

    def world(self) -> World:
        """Its chip and its pins."""
        return World(self.image, wire)


PROBE = Wired("probe", "tmu", lambda: talk, lambda now: None, (9600, 4800), 313, (9, 9), MAIN)
