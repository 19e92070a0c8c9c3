"""The `select` module of the firmware on CPython: poll over the board's UART in virtual time."""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

from firmware_sim.hal.board import Board

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
ONE_SHOT = 1
"""A flag of ipoll: what it has given is not watched any more."""
NO_ENTRY = 2
"""errno of modify() on what is not registered."""


class Pollable(Protocol):
    """What poll can watch."""

    board: Board


class Poll:
    """select.poll(): what is ready, or nothing at the timeout."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._watched: dict[Pollable, int] = {}
        self._mask = 0
        """What is watched of all: whatever it is, it is a UART of this board."""
        self._readers: list[tuple[Pollable, int]] = []
        """Who watches for POLLIN alone, as poll gives them."""

    def register(self, obj: Pollable, eventmask: int = POLLIN | POLLOUT) -> None:
        """Watch obj."""
        self._watched[obj] = eventmask
        self._sum_up()

    def modify(self, obj: Pollable, eventmask: int) -> None:
        """Watch obj for something else; OSError if it is not watched."""
        if obj not in self._watched:
            raise OSError(NO_ENTRY)
        self.register(obj, eventmask)

    def unregister(self, obj: Pollable) -> None:
        """Watch it no more."""
        self._watched.pop(obj, None)
        self._sum_up()

    def poll(self, timeout: int = -1, /) -> list[tuple[Pollable, int]]:
        """Wait up to `timeout` ms (-1: for ever) for one to be ready."""
        board = self._board
        end = board.until + 1 if timeout < 0 else board.clock.now + timeout * 1_000_000
        if self._mask == POLLIN:
            board.wait(end, self._readable)
            # what poll sees, which on some ports is less than any() would fetch
            return self._readers.copy() if board.received else []
        if self._mask & POLLOUT and board.room_at() > board.clock.now:
            # nothing else happens at the instant when there is room again
            board.clock.at(board.room_at(), _nothing)
        board.wait(end, self._ready)
        return [
            (obj, found) for obj, mask in self._watched.items() if (found := board.events(mask))
        ]

    def ipoll(self, timeout: int = -1, flags: int = 0, /) -> Iterator[tuple[Pollable, int]]:
        """The same, one after the other."""
        found = self.poll(timeout)
        if flags & ONE_SHOT:
            for obj, _ in found:
                self.modify(obj, 0)
        return iter(found)

    def _sum_up(self) -> None:
        self._mask = 0
        for mask in self._watched.values():
            self._mask |= mask
        self._readers = [(obj, POLLIN) for obj, mask in self._watched.items() if mask == POLLIN]

    def _readable(self) -> bool:
        return bool(self._board.received)

    def _ready(self) -> bool:
        return bool(self._board.events(self._mask))


def _nothing() -> None:
    """An event that only lets a wait look."""


def select_module(board: Board) -> ModuleType:
    """A `select` whose poll waits on this board."""
    module = ModuleType("select")
    vars(module).update(
        POLLIN=POLLIN,
        POLLOUT=POLLOUT,
        POLLERR=POLLERR,
        POLLHUP=POLLHUP,
        poll=lambda: Poll(board),
    )
    return module
