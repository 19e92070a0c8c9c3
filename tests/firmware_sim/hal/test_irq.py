"""Callbacks of timers, UART and pins: at their instant, in their order, inside a wait alone."""

from collections.abc import Callable
from functools import partial
from types import ModuleType

import pytest

from firmware_sim.clock import Clock
from firmware_sim.fleet.boards import SharedBoard
from firmware_sim.hal import wired
from firmware_sim.hal.board import Board, PowerOff
from firmware_sim.hal.irq import DEPTH
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module

US = 1_000
MS = 1_000_000


class Bench:
    """A board of a port with its three modules."""

    def __init__(self, port: str = "rp2040", until_ms: int = 3_600_000) -> None:
        self.board = Board(Clock(), until=until_ms * MS, port=PORTS[port])
        self.board.journal = []
        self.machine: ModuleType = machine_module(self.board)
        self.time: ModuleType = time_module(self.board)
        self.select: ModuleType = select_module(self.board)
        self.seen: list[int] = []
        self.timer_id = self.board.port.timers[0]

    def now(self, *_: object) -> None:
        """A callback that writes down the time, ns."""
        self.seen.append(self.board.clock.now)

    def timer(self, **given: object) -> object:
        """A timer that calls `now` unless told otherwise."""
        return self.machine.Timer(self.timer_id, **{"callback": self.now, **given})

    def uart(self) -> object:
        """The board's UART at 9600."""
        return self.machine.UART(self.board.port.uarts[0], 9600)


def test_a_timer_does_not_drift_in_an_hour_however_long_its_callback_takes() -> None:
    bench = Bench(until_ms=3_700_000)

    def slow(_: object) -> None:
        bench.now()
        bench.time.sleep_ms(33)

    bench.timer(period=250, callback=slow)
    bench.time.sleep_ms(3_600_000)
    assert bench.seen == [n * 250 * MS for n in range(1, 14_401)]


@pytest.mark.parametrize(("port", "period"), [("rp2040", 333_333_000), ("esp32", 333_333_300)])
def test_a_frequency_is_cut_to_what_the_timer_counts(port: str, period: int) -> None:
    bench = Bench(port)
    bench.timer(freq=3)
    bench.time.sleep_ms(2000)
    assert bench.seen == [n * period for n in range(1, 7)]


def test_a_period_is_counted_in_tick_hz() -> None:
    bench = Bench()
    bench.timer(period=7, tick_hz=1_000_000)
    bench.time.sleep_us(22)
    assert bench.seen == [7 * US, 14 * US, 21 * US]


def test_one_shot_is_once() -> None:
    bench = Bench()
    bench.timer(mode=bench.machine.Timer.ONE_SHOT, period=10)
    bench.time.sleep_ms(100)
    assert bench.seen == [10 * MS]


def test_a_timer_may_stop_itself_and_be_started_again() -> None:
    bench = Bench()

    def third(timer: object) -> None:
        bench.now()
        if len(bench.seen) == 3:
            timer.deinit()  # type: ignore[attr-defined]

    timer = bench.timer(period=10, callback=third)
    bench.time.sleep_ms(100)
    assert bench.seen == [10 * MS, 20 * MS, 30 * MS]
    timer.init(period=40, callback=bench.now)  # type: ignore[attr-defined]
    bench.time.sleep_ms(50)
    assert bench.seen[3:] == [140 * MS]


def test_starting_a_timer_again_forgets_its_former_period() -> None:
    bench = Bench()
    timer = bench.timer(period=10)
    timer.init(period=15, callback=bench.now)  # type: ignore[attr-defined]
    bench.time.sleep_ms(31)
    assert bench.seen == [15 * MS, 30 * MS]


def test_what_a_callback_raises_is_reported_and_ends_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = Bench()

    def fails(_: object) -> None:
        bench.now()
        raise ValueError("no such phase")

    bench.timer(period=10, callback=fails)
    bench.time.sleep_ms(25)
    assert bench.seen == [10 * MS, 20 * MS]
    assert bench.board.clock.now == 25 * MS
    assert capsys.readouterr().err.count("ValueError: no such phase") == 2
    assert bench.board.journal is not None
    assert [(at, about) for at, what, about in bench.board.journal if what == "raised"] == [
        (10 * MS, ("ValueError",)),
        (20 * MS, ("ValueError",)),
    ]


def test_a_timer_without_a_callback_is_a_typeerror_when_it_is_due(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = Bench()
    bench.machine.Timer(-1, period=10)
    bench.time.sleep_ms(15)
    assert "TypeError" in capsys.readouterr().err


def test_no_callback_begins_while_one_runs() -> None:
    bench = Bench()
    order: list[str] = []

    def long(_: object) -> None:
        order.append("begins")
        bench.time.sleep_ms(25)
        order.append("ends")

    bench.timer(mode=0, period=5, callback=long)
    bench.timer(period=10, callback=lambda _: order.append(str(bench.board.clock.now // MS)))
    bench.time.sleep_ms(40)
    assert order == ["begins", "ends", "30", "30", "30", "40"]


def test_callbacks_due_at_one_instant_run_in_the_order_of_their_start() -> None:
    bench = Bench()
    order: list[str] = []
    for name in "cab":
        bench.timer(period=10, callback=lambda _, name=name: order.append(name))
    bench.time.sleep_ms(30)
    assert "".join(order) == "cabcabcab"


def test_what_finds_the_queue_full_is_lost_and_counted() -> None:
    bench = Bench()
    bench.timer(mode=0, period=5, callback=lambda _: bench.time.sleep_ms(200))
    bench.timer(period=10)
    bench.time.sleep_ms(206)
    assert len(bench.seen) == DEPTH
    assert bench.board.soft().lost == 20 - DEPTH


def test_nothing_is_called_outside_a_wait() -> None:
    bench = Bench()
    bench.timer(period=10)
    bench.board.hold(35 * MS)
    assert bench.seen == []
    bench.time.sleep_ms(0)
    assert bench.seen == [35 * MS] * 3


def test_a_timer_due_when_a_sleep_ends_comes_before_its_end() -> None:
    bench = Bench()
    bench.timer(period=10)
    bench.time.sleep_ms(10)
    assert bench.seen == [10 * MS]


@pytest.mark.parametrize("wait", ["flush", "poll", "idle", "write", "read"])
def test_every_call_that_waits_runs_callbacks_at_their_instant(wait: str) -> None:
    # rp2's write gives up where another's waits
    bench = Bench("esp32" if wait == "write" else "rp2040")
    uart = bench.uart()
    bench.timer(period=1)
    before = bench.board.clock.now
    match wait:
        case "flush":
            uart.write(bytes(96))  # type: ignore[attr-defined]
            uart.flush()  # type: ignore[attr-defined]
        case "write":
            uart.write(bytes(450))  # type: ignore[attr-defined]
        case "read":
            # rp2's goes on as long as characters come
            bench.board.listen(bytes(60), 0, 9600)
            bench.time.sleep_us(2000)
            assert len(uart.read()) == 60  # type: ignore[attr-defined]
        case "poll":
            poller = bench.select.poll()
            poller.register(uart, bench.select.POLLIN)
            assert poller.poll(50) == []
        case "idle":
            for _ in range(50):
                bench.machine.idle()
    passed = (bench.board.clock.now - before) // MS
    assert passed >= 50
    assert bench.seen == [n * MS for n in range(1, passed + 1)]


def test_poll_goes_on_waiting_when_a_callback_has_read_what_came() -> None:
    bench = Bench()
    uart = bench.uart()
    uart.irq(lambda one: bench.seen.append(len(one.read())), bench.machine.UART.IRQ_RXIDLE)  # type: ignore[attr-defined]
    bench.board.listen(b"ab", 10 * MS, 9600)
    poller = bench.select.poll()
    poller.register(uart, bench.select.POLLIN)
    assert poller.poll(100) == []
    assert bench.board.clock.now == 100 * MS
    assert bench.seen == [2]


@pytest.mark.parametrize(
    ("port", "after"),
    [
        # 32 bits of silence; on esp32 the driver's timer: P = 20 bits begins when the driver takes
        # what came (110 bits of silence), a tick arms it, the next one it is
        ("rp2040", 32 * 1_000_000_000 // 9600),
        ("esp32", 110 * 1_000_000_000 // 9600 + 2 * (20 * 1_000_000_000 // 9600)),
    ],
)
def test_rxidle_comes_after_the_port_s_silence(port: str, after: int) -> None:
    bench = Bench(port)
    uart = bench.uart()
    irq = uart.irq(bench.now, bench.machine.UART.IRQ_RXIDLE)  # type: ignore[attr-defined]
    end = bench.board.listen(b"abcde", 10 * MS, 9600)
    bench.time.sleep_ms(100)
    assert bench.seen == [end + after]
    assert irq.flags() == irq.trigger() == bench.machine.UART.IRQ_RXIDLE


def test_rx_is_told_when_the_driver_has_characters() -> None:
    bench = Bench("esp32")
    bench.uart().irq(bench.now, bench.machine.UART.IRQ_RX)  # type: ignore[attr-defined]
    end = bench.board.listen(bytes(121), 0, 9600)
    bench.time.sleep_ms(500)
    # 120 fill its threshold, the last one waits for 110 bits of silence
    assert bench.seen == [120 * 11 * 1_000_000_000 // 9600, end + 110 * 1_000_000_000 // 9600]


def test_txidle_comes_with_five_characters_still_to_leave() -> None:
    bench = Bench()
    uart = bench.uart()
    uart.irq(bench.now, bench.machine.UART.IRQ_TXIDLE)  # type: ignore[attr-defined]
    uart.write(bytes(5))  # type: ignore[attr-defined]
    bench.time.sleep_ms(50)
    assert bench.seen == []
    uart.write(bytes(20))  # type: ignore[attr-defined]
    bench.time.sleep_ms(50)
    [at] = bench.seen
    assert at - 50 * MS == 20 * 11 * 1_000_000_000 // 9600 - 5 * 11 * 1_000_000_000 // 9600


@pytest.mark.parametrize(("port", "trigger"), [("rp2040", 1), ("esp32", 32), ("host", 512)])
def test_a_trigger_that_the_port_lacks_is_refused(port: str, trigger: int) -> None:
    bench = Bench(port)
    with pytest.raises(ValueError, match=f"0x{trigger:04x}"):
        bench.uart().irq(bench.now, trigger)  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop", ["irq", "deinit", "anew"])
def test_an_irq_of_the_uart_ends(stop: str) -> None:
    bench = Bench("host")
    uart = bench.uart()
    uart.irq(bench.now, bench.machine.UART.IRQ_RXIDLE)  # type: ignore[attr-defined]
    ends: dict[str, Callable[[], object]] = {
        "irq": lambda: uart.irq(None, 0),  # type: ignore[attr-defined]
        "deinit": lambda: uart.deinit(),  # type: ignore[attr-defined]
        "anew": bench.uart,
    }
    ends[stop]()
    bench.board.listen(b"abc", 10 * MS, 9600)
    bench.time.sleep_ms(100)
    assert bench.seen == []


@pytest.mark.parametrize("port", ["rp2040", "esp32"])
def test_a_pin_calls_back_at_the_edges_it_was_told(port: str) -> None:
    bench = Bench(port)
    pins = bench.machine.Pin
    levels: list[int] = []
    pin = pins(4, pins.IN, pins.PULL_UP)
    for at, level in ((10, 0), (20, 1), (30, 1), (40, 0)):
        bench.board.clock.at(at * MS, partial(wired.press, bench.board, 4, level))
    pin.irq(lambda one: levels.append(one()), pins.IRQ_FALLING)
    bench.time.sleep_ms(25)
    assert levels == [0]
    pin.irq(lambda one: levels.append(one()))
    bench.time.sleep_ms(50)
    assert levels == [0, 0]
    pin.irq(lambda one: levels.append(7), pins.IRQ_RISING)
    wired.press(bench.board, 4, 1)
    bench.time.sleep_ms(0)
    assert levels == [0, 0, 7]
    pin.irq(None)
    wired.press(bench.board, 4, 0)
    bench.time.sleep_ms(0)
    assert levels == [0, 0, 7]


def test_with_irqs_disabled_callbacks_wait() -> None:
    bench = Bench()
    bench.timer(period=10)
    state = bench.machine.disable_irq()
    assert bench.machine.disable_irq() != state
    bench.time.sleep_ms(25)
    assert bench.seen == []
    bench.machine.enable_irq(state)
    bench.time.sleep_ms(1)
    assert bench.seen == [25 * MS, 25 * MS]


@pytest.mark.parametrize(("port", "id"), [("rp2040", 0), ("esp32", -1), ("esp32", 4)])
def test_a_timer_that_the_port_has_not_is_refused(port: str, id: int) -> None:
    with pytest.raises(ValueError, match="doesn't exist"):
        Bench(port).machine.Timer(id)


def test_a_timer_of_the_part_is_one_however_often_it_is_made() -> None:
    bench = Bench("esp32")
    bench.machine.Timer(1, period=10, callback=bench.now)
    bench.machine.Timer(1, period=15, callback=bench.now)
    bench.time.sleep_ms(31)
    assert bench.seen == [15 * MS, 30 * MS]


def test_the_power_goes_off_in_a_callback_too() -> None:
    bench = Bench(until_ms=12)
    bench.timer(period=10, callback=lambda _: bench.time.sleep_ms(100))
    with pytest.raises(PowerOff):
        bench.time.sleep_ms(1000)
    assert bench.board.clock.now == 12 * MS


def test_what_was_armed_ends_with_the_board() -> None:
    bench = Bench()
    bench.timer(period=10)
    bench.board.end()
    bench.board.clock.run_until(100 * MS)
    assert not bench.board.soft().queue
    assert bench.board.clock.next_at() > 1000 * MS


def test_a_board_without_callbacks_has_none_to_look_after() -> None:
    bench = Bench()
    bench.uart()
    bench.machine.Pin(4, bench.machine.Pin.OUT, value=1)
    bench.time.sleep_ms(5)
    assert bench.board.irqs is None


def test_a_board_whose_waiting_is_another_s_refuses_callbacks() -> None:
    board = SharedBoard(Clock(), until=MS)
    with pytest.raises(RuntimeError, match="waits by itself"):
        machine_module(board).Timer(-1)


def test_eight_wait_and_run_in_the_order_in_which_they_fell_due() -> None:
    bench = Bench()
    order: list[int] = []
    state = bench.machine.disable_irq()
    for number in range(10):
        bench.timer(mode=0, period=10 + number, callback=lambda _, n=number: order.append(n))
    bench.time.sleep_ms(50)
    # disabled within: what is given back leaves it so
    bench.machine.enable_irq(bench.machine.disable_irq())
    bench.time.sleep_ms(1)
    assert order == []
    bench.machine.enable_irq(state)
    bench.time.sleep_ms(1)
    assert order == list(range(8))
    assert bench.board.soft().lost == 2


def test_the_shortest_period_is_one_tick_of_the_timer() -> None:
    bench = Bench()
    bench.timer(period=0)
    bench.time.sleep_us(3)
    assert bench.seen == [1000, 2000, 3000]


def test_rxidle_on_esp32_is_never_asked_for_sooner_than_by_half_a_millisecond() -> None:
    bench = Bench("esp32")
    uart = bench.machine.UART(1, 115200)
    irq = uart.irq(bench.now, uart.IRQ_RXIDLE | uart.IRQ_RX)
    end = bench.board.listen(b"abc", 0, 115200)
    flags: list[int] = []
    bench.board.clock.at(end + 110 * 1_000_000_000 // 115200 + 1, lambda: flags.append(irq.flags()))
    bench.time.sleep_ms(10)
    taken = end + 110 * 1_000_000_000 // 115200
    assert bench.seen == [taken, taken + 2 * 500_000]
    # which of the two it was
    assert [*flags, irq.flags()] == [uart.IRQ_RX, uart.IRQ_RXIDLE]
