"""The TMU's main.py runs unmodified on the HAL in virtual time."""

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.loader import firmware, run_main
from firmware_sim.hal.ports import PORTS
from firmware_sim.world.chip import Chip
from tests.firmware_sim.firmware.bench_tmu import sensors
from tests.firmware_sim.modbus import answer, read, words, write, write_many

MS = 1_000_000
SENSORS = 0x38
PINS = firmware("boards.host")


def board(until_ms: int, start_ticks: int = 0, cause: int = 1, **change: int) -> Board:
    """A host board with a sensor front end of known registers."""
    made = Board(Clock(), until=until_ms * MS, start_ticks=start_ticks, reset_cause=cause)
    made.devices[SENSORS] = Chip(lambda: sensors(**change))
    return made


@pytest.mark.parametrize("start_ticks", [0, (1 << 30) - 120_000])
def test_main_answers_after_its_delay_with_the_driver_on_exactly_as_long(start_ticks: int) -> None:
    one = board(1000, start_ticks, cause=3)
    end = one.listen(read(), 50 * MS, 9600)
    run_main(one, "tmu")
    [(start, stop, data)] = one.sent
    assert words(data)[14] == 3
    # poll counts in milliseconds, so the answer may begin up to one late, never early
    assert end + 20 * MS - 1000 <= start <= end + 21 * MS
    assert one.pins[PINS.DE] == [(0, 0), (start, 1), (stop, 0)]


def test_a_request_ends_by_its_silence_and_a_foreign_one_is_not_answered() -> None:
    one = board(3000)
    end = one.listen(read(), 50 * MS, 9600)
    one.listen(read(unit=2), end + 500 * MS, 9600)
    one.listen(read(6, 1), end + 1000 * MS, 9600)
    run_main(one, "tmu")
    assert [len(words(data)) for _, _, data in one.sent] == [17, 1]


@pytest.mark.parametrize("port", ["host", "rp2040"])
def test_what_it_hears_of_itself_while_it_sends_is_no_request(port: str) -> None:
    one = board(3000)
    one.port = PORTS[port]

    def echo(data: bytes, start: int, end: int) -> None:
        one.listen(data, start, one.baud)

    one.on_sent = echo
    # the answer to it reads like the order itself
    end = one.listen(write(3, 700), 50 * MS, 9600)
    one.listen(read(3, 1, function=3), end + 60 * MS, 9600)
    run_main(one, "tmu", PORTS[port].profile)
    (_, _, done), (_, _, said) = one.sent
    assert done == write(3, 700)
    assert words(said) == [700]


def test_a_new_speed_holds_for_what_is_sent_after_the_answer() -> None:
    one = board(2000)
    one.listen(write_many(1, 192, 0), 50 * MS, 9600)
    one.listen(read(0, 3, function=3), 500 * MS, 19200)
    run_main(one, "tmu")
    (start, stop, first), (begin, end, second) = one.sent
    assert answer(first)[0] == 0x10
    assert stop - start == pytest.approx(len(first) * 11_000_000_000 // 9600, abs=1000)
    assert words(second) == [1, 192, 0]
    assert end - begin == pytest.approx(len(second) * 11_000_000_000 // 19200, abs=1000)


def test_the_relays_follow_the_status_bits() -> None:
    one = board(2000, oil=8600)
    run_main(one, "tmu")
    levels = {pin: one.pins[pin][-1][1] for pin in (PINS.FAN, PINS.ALARM, PINS.TRIP)}
    assert levels == {PINS.FAN: 1, PINS.ALARM: 1, PINS.TRIP: 0}


def test_the_beacon_is_lit_by_its_coil() -> None:
    one = board(2000)
    one.listen(write(1, 0xFF00, function=5), 50 * MS, 9600)
    run_main(one, "tmu")
    assert one.pins[PINS.BEACON][-1][1] == 1


def test_an_idle_unit_counts_its_seconds_and_feeds_its_watchdog_over_a_wrap() -> None:
    one = board(1_300_000)
    one.listen(read(), 1_200_000 * MS, 9600)
    run_main(one, "tmu")
    assert one.clock.now == 1_300_000 * MS
    [(_, _, data)] = one.sent
    assert words(data)[11] in (1200, 1201)


def test_a_front_end_that_is_missing_does_not_stop_it() -> None:
    one = board(1000)
    del one.devices[SENSORS]
    one.listen(read(), 50 * MS, 9600)
    run_main(one, "tmu")
    [(_, _, data)] = one.sent
    assert words(data)[1] == 1 << 9
