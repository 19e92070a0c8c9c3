"""The `time` module of the firmware on CPython: ticks of the board's virtual clock.

The tick period is that of the board's port, 2**30 on 32-bit parts, and a board may start anywhere
in it.
"""

from types import ModuleType

from firmware_sim.hal.board import Board


def time_module(board: Board) -> ModuleType:
    """A `time` that shows this board's clock."""

    period = 1 << board.port.ticks_bits

    def ticks_ms() -> int:
        return (board.start_ticks // 1000 + board.clock.now // 1_000_000) % period

    def ticks_diff(a: int, b: int) -> int:
        return ((a - b + period // 2) % period) - period // 2

    def ticks_add(ticks: int, delta: int) -> int:
        return (ticks + delta) % period

    def sleep_ms(ms: int) -> None:
        board.wait(board.clock.now + max(0, ms) * 1_000_000, lambda: False)

    def sleep_us(us: int) -> None:
        board.wait(board.clock.now + max(0, us) * 1000, lambda: False)

    module = ModuleType("time")
    vars(module).update(
        ticks_us=board.ticks,
        ticks_ms=ticks_ms,
        ticks_diff=ticks_diff,
        ticks_add=ticks_add,
        sleep_ms=sleep_ms,
        sleep_us=sleep_us,
    )
    return module
