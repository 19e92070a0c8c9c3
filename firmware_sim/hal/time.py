"""The `time` module of the firmware on CPython: ticks of the board's virtual clock.

The tick period is 2**30, as on 32-bit ports, and a board may start anywhere in it.
"""

from types import ModuleType

from firmware_sim.hal.board import Board

PERIOD = 1 << 30


def ticks_diff(a: int, b: int) -> int:
    """a - b over the wrap."""
    return ((a - b + PERIOD // 2) % PERIOD) - PERIOD // 2


def ticks_add(ticks: int, delta: int) -> int:
    """ticks + delta over the wrap."""
    return (ticks + delta) % PERIOD


def time_module(board: Board) -> ModuleType:
    """A `time` that shows this board's clock."""

    def ticks_us() -> int:
        return (board.start_ticks + board.clock.now // 1000) % PERIOD

    def ticks_ms() -> int:
        return (board.start_ticks // 1000 + board.clock.now // 1_000_000) % PERIOD

    def sleep_ms(ms: int) -> None:
        board.wait(board.clock.now + max(0, ms) * 1_000_000, lambda: False)

    def sleep_us(us: int) -> None:
        board.wait(board.clock.now + max(0, us) * 1000, lambda: False)

    module = ModuleType("time")
    vars(module).update(
        ticks_us=ticks_us,
        ticks_ms=ticks_ms,
        ticks_diff=ticks_diff,
        ticks_add=ticks_add,
        sleep_ms=sleep_ms,
        sleep_us=sleep_us,
    )
    return module
