"""What each port does to the instant and to the character: the numbers of docs/firmware.md."""

from collections.abc import Callable
from functools import partial

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board, Reset, WatchdogReset
from firmware_sim.hal.loader import firmware
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module

MS = 1_000_000
SECOND = 1000 * MS
CHAR = 11 * SECOND // 9600


def board(port: str = "rp2040", until: int = 60 * SECOND) -> Board:
    """A board of a port that keeps a journal."""
    made = Board(Clock(), until=until, port=PORTS[port])
    made.journal = []
    return made


def works(make: Callable[[int], object], numbers: range) -> set[int]:
    """Which numbers are not refused."""
    found = set()
    for number in numbers:
        try:
            make(number)
        except ValueError:
            continue
        found.add(number)
    return found


@pytest.mark.parametrize(
    ("port", "uarts", "missing", "last", "analog"),
    [
        ("rp2040", {0, 1}, set(), 29, set(range(26, 30))),
        ("esp32", {1, 2}, {20, 24, 28, 29, 30, 31}, 39, set(range(32, 40))),
    ],
)
def test_a_port_has_its_uarts_pins_and_inputs_of_the_adc(
    port: str, uarts: set[int], missing: set[int], last: int, analog: set[int]
) -> None:
    one = board(port)
    machine = machine_module(one)
    assert works(lambda id: machine.UART(id, 9600), range(8)) == uarts
    pins = works(machine.Pin, range(64))
    assert pins == set(range(last + 1)) - missing
    assert works(lambda pin: machine.ADC(machine.Pin(pin)), range(last + 1)) == analog


@pytest.mark.parametrize("port", ["rp2040", "esp32"])
def test_the_pins_of_a_profile_are_ones_that_its_part_can_give_to_that(port: str) -> None:
    at, part = vars(firmware(f"boards.{port}")), PORTS[port]
    driven = [at[name] for name in ("TX", "DE", "SDA", "SCL", "FAN", "ALARM", "TRIP", "BEACON")]
    used = [*driven, at["RX"], at["SENSE"]]
    assert len(set(used)) == len(used)
    assert not {*used} - {*part.pins} | {*used} & part.no_pins | {*driven} & {*part.only_in}
    assert at["UART_ID"] in part.uarts
    if port == "rp2040":
        # RP2040 data sheet, 1.4.3: a pin's number says what its UART and I2C functions are
        assert [at[name] % 4 for name in ("TX", "RX")] == [0, 1]
        assert {(at[name] + 4) // 8 % 2 for name in ("TX", "RX")} == {at["UART_ID"]}
        assert [at[name] % 2 for name in ("SDA", "SCL")] == [0, 1]
        assert {at[name] // 2 % 2 for name in ("SDA", "SCL")} == {at["I2C_ID"]}
    else:
        # the flash of its module, and the REPL
        assert not {*used} & {*range(6, 12), 1, 3}


def test_pins_34_to_39_of_esp32_only_hear() -> None:
    pins = machine_module(board("esp32")).Pin
    driven = works(lambda pin: pins(pin, pins.OUT), range(40))
    assert driven == works(pins, range(34))
    assert (pins.IN, pins.OUT) == (1, 3)


@pytest.mark.parametrize(("port", "least"), [("rp2040", 1), ("esp32", 1000)])
def test_a_watchdog_begins_at_the_port_s_least(port: str, least: int) -> None:
    one = board(port)
    machine_module(one).WDT(timeout=least)
    assert one.watchdog == least * MS
    with pytest.raises(ValueError, match="below"):
        machine_module(one).WDT(timeout=least - 1)


@pytest.mark.parametrize("feeds", [0, 3])
def test_a_watchdog_bites_its_time_behind_its_start_or_last_feed(feeds: int) -> None:
    one = board()
    time = time_module(one)
    time.sleep_ms(700)
    dog = machine_module(one).WDT(timeout=2000)
    for _ in range(feeds):
        time.sleep_ms(1500)
        dog.feed()
    time.sleep_ms(2000)
    with pytest.raises(WatchdogReset):
        time.sleep_us(1)


@pytest.mark.parametrize(
    ("port", "count", "bits"),
    [
        ("rp2040", 3, 3 * 11 + 32),
        ("rp2040", 7, 4 * 11),
        ("esp32", 7, 7 * 11 + 110),
        ("esp32", 130, 120 * 11),
        ("host", 7, 11),
    ],
)
def test_poll_wakes_at_the_port_s_count_of_characters_or_its_silence(
    port: str, count: int, bits: int
) -> None:
    one = board(port)
    uart = machine_module(one).UART(1, 9600)
    poller = select_module(one).poll()
    poller.register(uart, 1)
    one.listen(bytes(count), 0, 9600)
    assert poller.poll(1000) == [(uart, 1)]
    assert one.clock.now == pytest.approx(bits * SECOND / 9600, abs=2)


@pytest.mark.parametrize(("port", "seen"), [("rp2040", 2), ("host", 2), ("esp32", 0)])
def test_any_fetches_what_poll_does_not_see_yet_but_on_esp32(port: str, seen: int) -> None:
    one = board(port)
    uart = machine_module(one).UART(1, 9600)
    time_module(one).sleep_us((one.listen(b"ab", 0, 9600) + 999) // 1000)
    assert uart.any() == seen
    time_module(one).sleep_us(110 * 1_000_000 // 9600 + 1)
    assert uart.any() == 2


@pytest.mark.parametrize("port", ["host", "rp2040", "esp32"])
def test_read_gives_as_many_as_it_is_asked_for(port: str) -> None:
    one = board(port)
    uart = machine_module(one).UART(1, 9600)
    one.listen(b"abcdefg", 0, 9600)
    time_module(one).sleep_ms(100)
    assert [uart.read(3), uart.read(1), uart.read(), uart.read()] == [b"abc", b"d", b"efg", None]


@pytest.mark.parametrize(
    ("port", "baud", "patience"),
    [("rp2040", 9600, 2 * MS), ("rp2040", 115200, MS), ("rp2040", 2400, 6 * MS)],
)
def test_read_on_rp2_goes_on_for_a_character_and_some_milliseconds(
    port: str, baud: int, patience: int
) -> None:
    for late, expected in ((-1, b"ab"), (1, b"a")):
        one = board(port)
        uart = machine_module(one).UART(0, baud)
        one.take(ord("a"))
        one.clock.at(patience + late, partial(one.take, ord("b")))
        assert uart.read(8) == expected
        assert one.clock.now == (2 * patience - 1 if late < 0 else patience)


@pytest.mark.parametrize("port", ["host", "esp32"])
def test_read_elsewhere_takes_what_is_there_and_no_time(port: str) -> None:
    one = board(port)
    uart = machine_module(one).UART(1, 9600)
    one.received += b"a"
    one.clock.at(MS // 2, partial(one.take, ord("b")))
    assert uart.read(8) == b"a"
    assert one.clock.now == 0


@pytest.mark.parametrize("txbuf", [256, 1000])
def test_write_blocks_for_what_buffer_and_part_have_no_room_for_on_esp32(txbuf: int) -> None:
    room = txbuf + 128
    for over in (0, 10):
        one = board("esp32")
        uart = machine_module(one).UART(1, 9600, txbuf=txbuf)
        assert uart.write(bytes(room + over)) == room + over
        assert one.clock.now == pytest.approx(over * CHAR, abs=over)


@pytest.mark.parametrize("txbuf", [256, 1000])
def test_write_gives_up_what_buffer_and_part_have_no_room_for_on_rp2(txbuf: int) -> None:
    room = txbuf + 32
    for over in (0, 10):
        one = board("rp2040")
        uart = machine_module(one).UART(1, 9600, txbuf=txbuf)
        assert uart.write(bytes(room + over)) == room
        # it waited for one more character, but the part asks for none before it is nearly empty
        assert one.clock.now == (2 * MS if over else 0)
        assert [len(data) for _, _, data in one.sent] == [room]
        assert ((0, "unsent", (over,)) in (one.journal or [])) == bool(over)


def test_write_on_rp2_takes_as_much_as_has_left_meanwhile_and_none_where_nothing_has() -> None:
    one = board("rp2040")
    uart = machine_module(one).UART(1, 9600)
    assert uart.write(bytes(288)) == 288
    assert uart.write(b"abc") is None
    time_module(one).sleep_us((5 * CHAR - one.clock.now) // 1000 + 1)
    assert uart.write(bytes(range(9))) == 5
    (_, end, _), (start, _, data) = one.sent
    assert (start, data) == (end, bytes(range(5)))


def test_what_is_written_while_sending_leaves_behind_it() -> None:
    one = board("host")
    uart = machine_module(one).UART(0, 9600)
    uart.write(bytes(10))
    time_module(one).sleep_ms(3)
    uart.write(b"xy")
    (_, first, _), (second, end, data) = one.sent
    assert (first, second, data) == (10 * 11 * SECOND // 9600, first, b"xy")
    assert not uart.txdone()
    uart.flush()
    assert one.clock.now == end
    assert uart.txdone()


@pytest.mark.parametrize(("port", "waits"), [("rp2040", False), ("esp32", True)])
def test_a_uart_made_anew_waits_on_esp32_alone_and_has_received_nothing(
    port: str, waits: bool
) -> None:
    one = board(port)
    uart = machine_module(one).UART(1, 9600)
    one.received += b"old"
    uart.write(bytes(20))
    uart.init(2400, 8, 0, 2)
    assert one.clock.now == (one.sent[0][1] if waits else 0)
    assert (uart.any(), uart.read()) == (0, None)
    assert one.journal is not None
    made = [about for _, what, about in one.journal if what == "uart"]
    assert made == [(1, 9600, 8, None, 1), (1, 2400, 8, 0, 2)]


@pytest.mark.parametrize(
    ("port", "date", "seconds"),
    [
        ("host", (2026, 1, 1, 3, 0, 0, 0, 0), 1_767_225_600),
        ("rp2040", (2026, 1, 1, 3, 0, 0, 20, 0), 1_767_225_620),
        ("esp32", (2025, 12, 31, 2, 23, 57, 30, 0), 820_540_650),
    ],
)
def test_after_a_million_seconds_the_calendar_clock_is_off_by_the_port_s_rate(
    port: str, date: tuple[int, ...], seconds: int
) -> None:
    one = board(port, until=2_000_000 * SECOND)
    rtc = machine_module(one).RTC()
    # a million seconds before the New Year of 2026
    rtc.datetime((2025, 12, 20, 5, 10, 13, 20, 0))
    one.clock.run_until(1_000_000 * SECOND)
    assert rtc.datetime() == date
    assert time_module(one).time() == seconds


@pytest.mark.parametrize("soft", [True, False])
def test_a_soft_reset_alone_leaves_the_calendar_clock(soft: bool) -> None:
    one, two = board(), board()
    machine = machine_module(one)
    machine.RTC().datetime((2030, 5, 6, 0, 7, 8, 9, 0))
    with pytest.raises(Reset):
        machine.soft_reset() if soft else machine.reset()
    two.take_over(one)
    assert (machine_module(two).RTC().datetime()[0] == 2030) is soft


@pytest.mark.parametrize("cause", [1, 3])
def test_a_soft_reset_of_rp2_keeps_the_reason_it_had(cause: int) -> None:
    one = board()
    one.reset_cause = cause
    with pytest.raises(Reset):
        machine_module(one).soft_reset()
    assert one.next_cause() == cause


def test_a_pin_that_was_never_driven_toggles_to_1_and_its_level_is_noted_once() -> None:
    one = board()
    pin = machine_module(one).Pin(3, 1)
    pin.toggle()
    pin.on()
    pin.value(1)
    assert one.pins[3] == [(0, 1)]
    assert one.journal == [(0, "pin", (3, 1))]


def test_sleeping_not_at_all_takes_no_time() -> None:
    one = board()
    time = time_module(one)
    for sleep in (time.sleep_ms, time.sleep_us):
        sleep(0)
        sleep(-5)
    assert one.clock.now == 0


@pytest.mark.parametrize(("port", "period"), [("rp2040", 1 << 30), ("host64", 1 << 62)])
def test_half_a_period_of_ticks_is_behind_and_not_ahead(port: str, period: int) -> None:
    time = time_module(board(port))
    half = period // 2
    assert time.ticks_diff(half, 0) == -half
    assert time.ticks_diff(half - 1, 0) == half - 1
    assert time.ticks_diff(0, half - 1) == 1 - half


def test_idle_lasts_a_millisecond_at_most() -> None:
    one = board()
    machine_module(one).idle()
    assert one.clock.now == MS
    one.clock.at(MS + 300, lambda: None)
    machine_module(one).idle()
    assert one.clock.now == MS + 300


def test_the_ticks_of_ms_and_us_are_of_one_counter() -> None:
    one = board()
    one.start_ticks = 999
    time = time_module(one)
    assert (time.ticks_us(), time.ticks_ms()) == (999, 0)
    time.sleep_us(1)
    assert (time.ticks_us(), time.ticks_ms()) == (1000, 1)
