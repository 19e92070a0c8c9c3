"""The `select` module of the firmware on CPython: poll over the board's UART in virtual time."""

from types import ModuleType
from typing import Protocol

from firmware_sim.hal.board import Board

POLLIN = 1
POLLOUT = 4


class Pollable(Protocol):
    """What poll can watch."""

    board: Board


class Poll:
    """select.poll(): readable objects, or an empty list at the timeout."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._watched: list[Pollable] = []

    def register(self, obj: Pollable, eventmask: int = POLLIN | POLLOUT) -> None:
        """Watch obj; only reading is imitated."""
        if eventmask & POLLIN:
            self._watched.append(obj)

    def poll(self, timeout: int = -1) -> list[tuple[Pollable, int]]:
        """Wait up to `timeout` ms (-1: for ever) for something to read."""
        end = self._board.until + 1 if timeout < 0 else self._board.clock.now + timeout * 1_000_000
        self._board.wait(end, lambda: self._ready() != [])
        return self._ready()

    def _ready(self) -> list[tuple[Pollable, int]]:
        """What poll sees, which on some ports is less than any() would fetch."""
        return [(obj, POLLIN) for obj in self._watched if obj.board.received]


def select_module(board: Board) -> ModuleType:
    """A `select` whose poll waits on this board."""
    module = ModuleType("select")
    vars(module).update(POLLIN=POLLIN, POLLOUT=POLLOUT, poll=lambda: Poll(board))
    return module
