"""A board goes from start to start as its power, its watchdog and its own resets say."""

from pathlib import Path

import pytest

from firmware_sim.hal.board import Board, Reset, Stuck
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import trace

SECOND = 1_000_000_000


def starts(port: str, soft: bool) -> list[tuple[int, object]]:
    """(microseconds, cause) of each start of a board that resets itself once, then hangs."""
    seen: list[tuple[int, object]] = []

    def machine(board: Board, folder: Path) -> None:
        seen.append((board.clock.now // 1000, board.reset_cause))
        if len(seen) == 1:
            board.start_watchdog(2000)
            board.clock.run_until(SECOND)
            board.restart(soft)
        board.wait(board.until + 1, lambda: False)

    trace.play(machine, Path(), (), [(0, 5 * SECOND), (6 * SECOND, 7 * SECOND)], PORTS[port],
               trace.World(lambda now: None))  # fmt: skip
    return seen


@pytest.mark.parametrize(
    ("port", "soft", "expected"),
    [
        # the watchdog runs on over a soft reset, and bites 2 s behind its start
        ("rp2040", True, [(0, 1), (1_001_000, 1), (2_000_000, 3), (6_000_000, 1)]),
        ("esp32", True, [(0, 1), (1_001_000, 5), (2_000_000, 3), (6_000_000, 1)]),
        ("rp2040", False, [(0, 1), (1_001_000, 3), (6_000_000, 1)]),
        ("esp32", False, [(0, 1), (1_001_000, 5), (6_000_000, 1)]),
    ],
)
def test_each_start_has_its_instant_and_its_reason(
    port: str, soft: bool, expected: list[tuple[int, int]]
) -> None:
    assert starts(port, soft) == expected


def test_firmware_that_spins_is_found_stuck_and_ends_with_its_power() -> None:
    def machine(board: Board, folder: Path) -> None:
        while True:
            board.wait(board.clock.now, lambda: True)

    def run() -> list[trace.Event]:
        return trace.play(
            machine, Path(), (), [(0, SECOND)], PORTS["host"], trace.World(lambda now: None)
        )

    assert [(at, what) for at, what, _ in run()] == [
        (0, "start"),
        (0, "stuck"),
        (10**6, "power off"),
    ]


def test_the_exceptions_that_end_a_board_are_no_errors_it_could_catch() -> None:
    assert not issubclass(Reset, Exception)
    assert not issubclass(Stuck, Exception)
