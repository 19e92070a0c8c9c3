"""What the TMU makes of its sensors: limits with hysteresis, counters, faults."""

from tests.firmware_sim.firmware.bench_tmu import DRY_TYPE, SECOND, Bench, sensors
from tests.firmware_sim.firmware.test_tmu import NONE, inputs
from tests.firmware_sim.modbus import write

DOOR, SMOKE, WATER, FAN, HOT, TRIP, FAULT, LEAK, SUPPLY, TEST = (1 << n for n in range(10))


def status(bench: Bench) -> int:
    """The status word."""
    return inputs(bench)[1]


def test_fan_alarm_and_trip_come_one_after_the_other_as_it_gets_hotter() -> None:
    bench = Bench(oil=6494)
    assert status(bench) == 0
    for oil, expected in ((6500, FAN), (8500, FAN | HOT), (9500, FAN | HOT | TRIP)):
        bench.sense(oil=oil)
        assert status(bench) == expected


def test_each_goes_only_when_it_has_cooled_by_its_hysteresis() -> None:
    bench = Bench(oil=9600)
    assert status(bench) == FAN | HOT | TRIP
    for oil, expected in (
        (9010, FAN | HOT | TRIP),
        (8990, FAN | HOT),
        (8010, FAN | HOT),
        (7990, FAN),
        (5510, FAN),
        (5490, 0),
    ):
        bench.sense(oil=oil)
        assert status(bench) == expected, oil


def test_a_dry_type_has_limits_of_its_own_and_its_hottest_winding_counts() -> None:
    bench = Bench(fitted=DRY_TYPE, wa=2000, wb=13010, wc=-500)
    assert status(bench) == FAN | HOT


def test_a_new_limit_acts_at_once() -> None:
    bench = Bench(oil=5000)
    bench.ask(write(3, 450))
    assert status(bench) == FAN


def test_the_residual_current_alarm_goes_at_four_fifths_of_its_limit() -> None:
    bench = Bench(residual=4990)
    for residual, expected in ((4990, 0), (5000, LEAK), (4010, LEAK), (3990, 0)):
        bench.sense(residual=residual)
        assert status(bench) == expected, residual


def test_a_lost_supply_comes_back_above_ten_volts() -> None:
    bench = Bench()
    for supply, expected in ((8990, SUPPLY), (9500, SUPPLY), (10_000, 0), (9500, 0)):
        bench.sense(supply=supply)
        assert status(bench) == expected, supply


def test_a_failed_sensor_shows_nothing_and_leaves_its_alarm() -> None:
    bench = Bench(oil=9000)
    bench.sense(oil=0, failed=1)
    shown = inputs(bench)
    assert shown[2] == NONE
    assert shown[1] == FAN | HOT | FAULT


def test_a_sensor_that_is_not_fitted_cannot_fail() -> None:
    assert status(Bench(failed=0b1110)) == 0


def test_contacts_show_while_they_last() -> None:
    bench = Bench()
    bench.sense(contacts=0b111)
    assert status(bench) == DOOR | SMOKE | WATER
    bench.sense(contacts=0)
    assert status(bench) == 0


def test_door_openings_are_counted_though_nobody_asks() -> None:
    bench = Bench()
    for _ in range(3):
        bench.sense(contacts=1)
        bench.sense(contacts=0)
    assert inputs(bench)[12:14] == [0, 3]


def test_a_door_found_open_at_the_start_has_not_been_opened() -> None:
    assert inputs(Bench(contacts=1))[13] == 0


def test_a_front_end_that_is_gone_is_a_failed_self_test_and_no_value() -> None:
    bench = Bench(oil=9000, contacts=1)
    bench.image = None
    shown = inputs(bench)
    assert shown[1] == FAN | HOT | DOOR | TEST
    assert {shown[n] for n in (2, 3, 4, 5, 6, 7, 8, 9, 15)} == {NONE}
    bench.image = sensors(oil=2000)
    assert status(bench) == 0
    assert inputs(bench)[13] == 0


def test_a_front_end_of_another_kind_is_not_believed() -> None:
    shown = inputs(Bench(kind=0x64))
    assert (shown[1], shown[2]) == (TEST, NONE)
    assert inputs(Bench(version=2))[1] == TEST


def test_the_fan_runs_by_hand_and_the_beacon_is_lit_by_coils() -> None:
    bench = Bench()
    bench.ask(write(0, 0xFF00, function=5))
    bench.ask(write(1, 0xFF00, function=5))
    assert status(bench) == FAN
    assert bench.core.beacon is True  # type: ignore[attr-defined]
    bench.ask(write(0, 0, function=5))
    assert status(bench) == 0


def test_the_reset_cause_is_shown() -> None:
    assert inputs(Bench(cause=3))[14] == 3


def test_the_sensors_are_read_once_a_second() -> None:
    bench = Bench()
    seen = 0

    def count(buf: bytearray) -> None:
        nonlocal seen
        seen += 1
        buf[:] = sensors()

    bench.core.watch.snapshot = count  # type: ignore[attr-defined]
    bench.wait(10 * SECOND)
    assert seen == 10
