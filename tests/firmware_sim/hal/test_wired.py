"""Pins, ADC, I2C, resets and the calendar of the HAL, each as the port has it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.clock import Clock
from firmware_sim.hal import wired
from firmware_sim.hal.board import Board, Reset
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module
from firmware_sim.portability.probe import Memory

MS = 1_000_000
ROM, RAM = 0x38, 0x50


class Rom:
    """A chip that takes nothing."""

    def read(self, memory: int, count: int) -> bytes:
        """Registers that name themselves."""
        return bytes(range(memory, memory + count))


def board(port: str = "rp2040") -> Board:
    """A board of a port with two chips and a minute to live."""
    made = Board(Clock(), until=60_000 * MS, port=PORTS[port])
    made.devices = {ROM: Rom(), RAM: Memory()}
    return made


@pytest.mark.parametrize(("port", "pin"), [("rp2040", 27), ("esp32", 35)])
def test_the_adc_shows_what_lies_on_its_pin_at_that_instant(port: str, pin: int) -> None:
    one = board(port)
    one.analog[pin] = lambda now: now // MS * 1000
    machine = machine_module(one)
    adc, same = machine.ADC(pin), machine.ADC(machine.Pin(pin))
    assert adc.read_u16() == 0
    time_module(one).sleep_ms(33)
    # 33000 in 12 bits is 2062, stretched to 16
    assert adc.read_u16() == same.read_u16() == 2062 << 4 | 2062 >> 8
    time_module(one).sleep_ms(67)
    assert adc.read_u16() == 65535


@pytest.mark.parametrize(
    ("port", "bad"),
    [("rp2040", 5), ("rp2040", 25), ("rp2040", 30), ("esp32", 26), ("esp32", 0), ("esp32", 4)],
)
def test_an_adc_where_the_port_has_none_is_refused(port: str, bad: int) -> None:
    with pytest.raises(ValueError, match="ADC"):
        machine_module(board(port)).ADC(bad)


def test_rp2_numbers_its_inputs_by_channel_as_well() -> None:
    one = board()
    one.analog = {28: lambda _: 0x8000, 4: lambda _: 0x3000}
    machine = machine_module(one)
    assert machine.ADC(2).read_u16() >> 4 == 0x800
    assert machine.ADC(4).read_u16() >> 4 == 0x300
    with pytest.raises(ValueError, match="ADC"):
        machine.ADC(machine.Pin(4))


@pytest.mark.parametrize(("port", "bad"), [("rp2040", 30), ("esp32", 24), ("esp32", 40)])
def test_a_pin_the_part_has_not_is_refused(port: str, bad: int) -> None:
    with pytest.raises(ValueError, match="invalid pin"):
        machine_module(board(port)).Pin(bad)


def test_pins_of_esp32_that_only_hear_are_no_outputs() -> None:
    pins = machine_module(board("esp32")).Pin
    assert pins(34, pins.IN).value() == 0
    with pytest.raises(ValueError, match="only be input"):
        pins(34, pins.OUT)


@pytest.mark.parametrize("port", ["rp2040", "esp32"])
def test_a_pin_shows_outside_before_driven_before_its_pull(port: str) -> None:
    one = board(port)
    pins = machine_module(one).Pin
    pin = pins(4, pins.IN, pins.PULL_UP)
    assert pin() == 1
    pin.init(pins.IN, pins.PULL_DOWN)
    assert pin() == 0
    pin.init(pins.OUT, value=1)
    assert pin.value() == 1
    pin.toggle()
    assert pins(pin)() == 0
    wired.press(one, 4, 1)
    pin.off()
    assert pin() == 1


def test_registers_are_written_and_read_back_each_way() -> None:
    bus = machine_module(board()).I2C(0)
    bus.writeto_mem(RAM, 5, b"abc")
    assert bus.readfrom_mem(RAM, 4, 5) == b"\0abc\0"
    assert bus.writeto(RAM, b"\x06XY") == 3
    assert bus.readfrom(RAM, 1) == b"\0"
    assert bus.writeto(RAM, b"\x05") == 1
    assert (bus.readfrom(RAM, 2), bus.readfrom(RAM, 1)) == (b"aX", b"Y")
    buf = bytearray(2)
    bus.readfrom_into(ROM, buf)
    assert bytes(buf) == b"\0\1"
    assert bus.scan() == [ROM, RAM]


@pytest.mark.parametrize(("port", "errno"), [("rp2040", 5), ("esp32", 19)])
def test_a_transfer_nobody_takes_is_the_port_s_oserror(port: str, errno: int) -> None:
    bus = machine_module(board(port)).I2C(0)
    transfers: list[Callable[[], object]] = [
        lambda: bus.writeto(0x11, b"\0"),
        lambda: bus.readfrom(0x11, 1),
        lambda: bus.writeto_mem(ROM, 0, b"x"),
        lambda: bus.readfrom_mem_into(0x11, 0, bytearray(1)),
    ]
    for transfer in transfers:
        with pytest.raises(OSError, match=str(errno)) as caught:
            transfer()
        assert caught.value.args[0] == errno


@pytest.mark.parametrize(
    ("port", "soft", "cause"),
    [("rp2040", False, 3), ("rp2040", True, 1), ("esp32", False, 5), ("esp32", True, 5)],
)
def test_a_board_that_reset_itself_starts_with_the_port_s_reason(
    port: str, soft: bool, cause: int
) -> None:
    one = board(port)
    machine = machine_module(one)
    with pytest.raises(Reset):
        machine.soft_reset() if soft else machine.reset()
    assert one.next_cause() == cause


def test_a_watchdog_outlives_a_soft_reset_alone() -> None:
    for soft, left in ((True, 5000 * MS), (False, 0)):
        one, two = board(), board()
        machine = machine_module(one)
        machine.WDT(timeout=5000)
        with pytest.raises(Reset):
            machine.soft_reset() if soft else machine.reset()
        two.take_over(one)
        assert two.watchdog == left


@pytest.mark.parametrize(("port", "length", "hz"), [("rp2040", 8, 125), ("esp32", 6, 160)])
def test_a_board_names_itself_and_its_speed(port: str, length: int, hz: int) -> None:
    machine = machine_module(board(port))
    assert len(machine.unique_id()) == length
    assert machine.freq() == hz * 1_000_000


@pytest.mark.parametrize("port", ["rp2040", "esp32"])
def test_time_counts_the_calendar_clock_s_seconds_from_the_port_s_epoch(port: str) -> None:
    one = board(port)
    time = time_module(one)
    machine_module(one).RTC().datetime((2028, 2, 29, 1, 23, 59, 58, 0))
    time.sleep(3.5)
    passed = datetime(2028, 3, 1, 0, 0, 1) - datetime(one.port.epoch, 1, 1)
    assert time.time() == passed.total_seconds()
    assert time.localtime() == (2028, 3, 1, 0, 0, 1, 2, 61)


@given(st.integers(0, 2**32), st.sampled_from(["rp2040", "esp32"]))
def test_gmtime_and_mktime_are_each_other_s_inverse(secs: int, port: str) -> None:
    one = board(port)
    time = time_module(one)
    shown = time.gmtime(secs)
    at = datetime(one.port.epoch, 1, 1) + timedelta(seconds=secs)
    assert shown[:6] == at.timetuple()[:6]
    assert time.mktime(shown) == secs


def test_a_date_of_other_than_eight_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="length 8"):
        machine_module(board()).RTC().datetime((2028, 2, 29))


def test_poll_sees_room_to_write_at_once_and_when_it_comes() -> None:
    one = board()
    uart = machine_module(one).UART(0, 9600)
    select = select_module(one)
    poller = select.poll()
    poller.register(uart)
    assert poller.poll() == [(uart, select.POLLOUT)]
    uart.write(bytes(256 + one.port.tx_fifo))
    assert poller.poll(0) == []
    assert poller.poll(100) == [(uart, select.POLLOUT)]
    # one character has gone out of the buffer
    assert one.clock.now == one.room_at() == pytest.approx(11 * 1_000_000_000 / 9600, abs=1)
    poller.modify(uart, select.POLLIN)
    assert list(poller.ipoll(10)) == []
    poller.unregister(uart)
    with pytest.raises(OSError, match="2"):
        poller.modify(uart, select.POLLIN)


def test_ipoll_gives_each_event_once_if_so_told() -> None:
    one = board("host")
    uart = machine_module(one).UART(0, 9600)
    select = select_module(one)
    poller = select.poll()
    poller.register(uart, select.POLLIN)
    one.listen(b"a", 0, 9600)
    assert list(poller.ipoll(10, 1)) == [(uart, select.POLLIN)]
    assert list(poller.ipoll(10)) == []


def test_readline_ends_behind_a_line_s_end_or_with_what_is_there() -> None:
    one = board("host")
    uart = machine_module(one).UART(0, 9600)
    one.listen(b"ab\ncd", 0, 9600)
    time_module(one).sleep_ms(20)
    assert [uart.readline() for _ in range(3)] == [b"ab\n", b"cd", None]


def test_what_the_uart_does_not_imitate_it_refuses() -> None:
    with pytest.raises(ValueError, match="timeout"):
        machine_module(board()).UART(0, 9600, timeout=10)
