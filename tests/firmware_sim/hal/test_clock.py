"""The calendar clock of a board: it runs on from what it was set to, as wrong as its rate."""

from datetime import datetime, timedelta

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability.link import Link

DAY = 86_400_000_000_000
SET = (2026, 8, 16, 6, 12, 0, 0, 0)
"""A Sunday noon."""


def board(port: str = "host", ppm: float | None = None) -> Board:
    """A board whose clock was set to SET at its start."""
    made = Board(Clock(), until=1000 * DAY, port=PORTS[port], rtc_ppm=ppm)
    machine_module(made).RTC().datetime(SET)
    return made


def shown(made: Board, at: int) -> datetime:
    """What the firmware reads at an instant, ns."""
    made.clock.run_until(at)
    year, month, day, weekday, hour, minute, second, _ = machine_module(made).RTC().datetime()
    told = datetime(year, month, day, hour, minute, second)
    assert weekday == told.weekday()
    return told


@pytest.mark.parametrize(
    ("ppm", "off"), [(0.0, 0), (50.0, 432), (-50.0, -432), (5.8, 50), (1000.0, 8640)]
)
def test_after_a_hundred_days_a_clock_is_off_by_its_rate(ppm: float, off: int) -> None:
    exact = datetime(2026, 11, 24, 12)
    assert shown(board(ppm=ppm), 100 * DAY) == exact + timedelta(seconds=off)


def test_a_clock_that_is_set_is_right_and_drifts_from_there() -> None:
    made = board(ppm=50.0)
    assert shown(made, 10 * DAY) == datetime(2026, 8, 26, 12, 0, 43)
    machine_module(made).RTC().datetime((2026, 8, 26, 2, 12, 0, 0, 0))
    assert shown(made, 10 * DAY) == datetime(2026, 8, 26, 12)
    assert shown(made, 20 * DAY) == datetime(2026, 9, 5, 12, 0, 43)


def test_the_rc_of_an_esp32_is_worse_than_a_picos_crystal_and_the_bench_is_exact() -> None:
    exact = datetime(2026, 8, 26, 12)
    off = {port: abs((shown(board(port), 10 * DAY) - exact).total_seconds()) for port in PORTS}
    assert off["host"] == 0 < off["rp2040"] < off["esp32"]
    # within what the Pico's crystal is sold for
    assert off["rp2040"] <= 30e-6 * 864_000


def test_a_boards_own_rate_goes_before_its_ports() -> None:
    assert shown(board("esp32", 0.0), 10 * DAY) == datetime(2026, 8, 26, 12)


@pytest.mark.parametrize("port", PORTS)
def test_both_machines_read_the_same_clock(port: str) -> None:
    made = board(port)
    for days in range(1, 20):
        told = shown(made, days * DAY + days * 777_777_777)
        year, month, day, _, hour, minute, second, _ = map(int, Link(made).call("date", "").split())
        assert datetime(year, month, day, hour, minute, second) == told
