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
        board = self._board
        end = board.until + 1 if timeout < 0 else board.clock.now + timeout * 1_000_000
        board.wait(end, self._ready)
        # what poll sees, which on some ports is less than any() would fetch
        return [(obj, POLLIN) for obj in self._watched] if board.received else []

    def _ready(self) -> bool:
        """Whether there is something to read; whatever is watched is a UART of this board."""
        return bool(self._board.received and self._watched)


def select_module(board: Board) -> ModuleType:
    """A `select` whose poll waits on this board."""
    module = ModuleType("select")
    vars(module).update(POLLIN=POLLIN, POLLOUT=POLLOUT, poll=lambda: Poll(board))
    return module
