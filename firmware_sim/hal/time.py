"""The `time` module of the firmware on CPython: ticks and calendar of the board's virtual clock.

The tick period is that of the board's port, 2**30 on 32-bit parts, and a board may start anywhere
in it. Seconds are those of the calendar clock since the port's epoch.
"""

from datetime import datetime, timedelta
from types import ModuleType

from firmware_sim.hal.board import Board


def time_module(board: Board) -> ModuleType:
    """A `time` that shows this board's clock."""

    period = 1 << board.port.ticks_bits
    half = period // 2
    epoch = datetime(board.port.epoch, 1, 1)

    def ticks_ms() -> int:
        # of the counter that ticks_us shows, not of one that began apart
        return (board.start_ticks + board.clock.now // 1000) // 1000 % period

    def ticks_diff(ticks1: int, ticks2: int, /) -> int:
        return (ticks1 - ticks2 + half) % period - half

    def ticks_add(ticks: int, delta: int, /) -> int:
        return (ticks + delta) % period

    def sleep(seconds: float, /) -> None:
        sleep_ms(int(seconds * 1000))

    def sleep_ms(ms: int, /) -> None:
        board.wait(board.clock.now + max(0, ms) * 1_000_000, lambda: False)

    def sleep_us(us: int, /) -> None:
        board.wait(board.clock.now + max(0, us) * 1000, lambda: False)

    def gmtime(secs: int | None = None, /) -> tuple[int, ...]:
        at = epoch + timedelta(seconds=board.seconds() if secs is None else secs)
        return at.timetuple()[:8]

    def mktime(local_time: tuple[int, ...], /) -> int:
        year, month, day, hour, minute, second = local_time[:6]
        at = datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=second)
        return int((at - epoch).total_seconds())

    module = ModuleType("time")
    vars(module).update(
        ticks_us=board.ticks,
        ticks_cpu=board.ticks,
        ticks_ms=ticks_ms,
        ticks_diff=ticks_diff,
        ticks_add=ticks_add,
        sleep=sleep,
        sleep_ms=sleep_ms,
        sleep_us=sleep_us,
        time=board.seconds,
        gmtime=gmtime,
        localtime=gmtime,
        mktime=mktime,
    )
    return module
