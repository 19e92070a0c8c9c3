"""The board's main.py runs unmodified on the HAL in virtual time, timed as on a real line."""

from collections.abc import Callable

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board, WatchdogReset
from firmware_sim.hal.loader import run_main
from firmware_sim.world.chip import Chip
from tests.firmware_sim.firmware.bench645 import registers
from tests.firmware_sim.frames import NUMBER, answer, digits, read

MS = 1_000_000
CHIP = 0x38
DE = 2


def char_ns(baud: int) -> int:
    """One character of 11 bits, ns."""
    return 11_000_000_000 // baud


def board(until_ms: int, start_ticks: int = 0, speed: int = 0x20) -> Board:
    """A host board with a metering chip of known registers."""
    image = bytearray(registers())
    image[3] = speed
    made = Board(Clock(), until=until_ms * MS, start_ticks=start_ticks)
    made.devices[CHIP] = Chip(lambda: bytes(image))
    return made


@pytest.mark.parametrize(("baud", "speed"), [(2400, 0x08), (9600, 0x20)])
@pytest.mark.parametrize("start_ticks", [0, (1 << 30) - 120_000])
def test_main_answers_after_the_delay_at_the_speed_its_plate_names(
    baud: int, speed: int, start_ticks: int
) -> None:
    one = board(1000, start_ticks, speed)
    end = one.listen(read(NUMBER, "02010100"), 50 * MS, baud)
    run_main(one)
    [(start, stop, data)] = one.sent
    assert digits(answer(data).raw) == "2201"
    # poll counts in milliseconds, so the answer may begin up to one late, never early
    assert end + 20 * MS - 1000 <= start <= end + 21 * MS
    assert stop - start == pytest.approx(len(data) * char_ns(baud), abs=1000)


def test_the_driver_is_on_exactly_while_the_answer_is_on_the_line() -> None:
    one = board(1000)
    one.listen(read(NUMBER, "02010100"), 50 * MS, 9600)
    run_main(one)
    [(start, stop, _)] = one.sent
    assert one.pins[DE] == [(0, 0), (start, 1), (stop, 0)]


def test_two_requests_get_two_answers_and_a_foreign_one_none() -> None:
    one = board(2000)
    one.listen(read(NUMBER, "02010100"), 50 * MS, 9600)
    one.listen(read("370112100002", "02010100"), 500 * MS, 9600)
    one.listen(read(NUMBER, "0001FF00"), 900 * MS, 9600)
    run_main(one)
    assert [answer(data).item for _, _, data in one.sent] == ["02010100", "0001FF00"]


def test_an_idle_meter_keeps_its_watchdog_fed_for_an_hour() -> None:
    one = board(3_600_000)
    run_main(one)
    assert one.clock.now == 3_600_000 * MS
    assert one.sent == []


def test_the_tick_counter_wraps_in_the_hour_and_the_meter_goes_on() -> None:
    one = board(3_600_000)
    for minute in range(1, 60, 7):
        one.listen(read(NUMBER, "02010100"), minute * 60_000 * MS, 9600)
    run_main(one)
    assert len(one.sent) == 9


def test_a_watchdog_that_is_not_fed_resets_the_board() -> None:
    one = board(60_000)
    one.watchdog = 100 * MS

    def never() -> bool:
        return False

    with pytest.raises(WatchdogReset):
        one.wait(200 * MS, never)


def test_the_same_run_twice_is_the_same_to_the_nanosecond() -> None:
    def run(make: Callable[[], Board]) -> list[tuple[int, int, bytes]]:
        one = make()
        for n in range(20):
            one.listen(read(NUMBER, "02010100")[: 24 - n], (50 + n * 777) * MS, 9600)
        run_main(one)
        return one.sent

    first = run(lambda: board(30_000))
    assert first
    assert first == run(lambda: board(30_000))
