"""What the ports of MicroPython do differently, as data: the rows a board on CPython is made from.

Sources: ports/rp2/machine_uart.c and ports/esp32/machine_uart.c of MicroPython (what poll sees,
when read waits, what a new UART forgets), the PL011's receive timeout of 32 bit times, the IDF
driver's defaults (120 characters or 10 of silence), the depth of both UARTs' FIFOs. Not measured on
a part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_PINS_RP2 = {
    "IN": 0,
    "OUT": 1,
    "OPEN_DRAIN": 2,
    "PULL_UP": 1,
    "PULL_DOWN": 2,
    "IRQ_FALLING": 4,
    "IRQ_RISING": 8,
}
_PINS_ESP32 = {
    "IN": 1,
    "OUT": 3,
    "OPEN_DRAIN": 7,
    "PULL_UP": 2,
    "PULL_DOWN": 1,
    "IRQ_FALLING": 2,
    "IRQ_RISING": 1,
}


@dataclass(frozen=True, slots=True)
class Port:
    """One port."""

    name: str
    profile: str
    """The pin profile in firmware/boards/."""
    ticks_bits: int = 30
    """ticks_us wraps at 2 ** this."""
    uarts: tuple[int, ...] = (0, 1)
    rx_block: int = 1
    """So many characters wake poll at once, fewer after `rx_idle_bits` of silence."""
    rx_idle_bits: int = 0
    read_drains: bool = True
    """any() and read() fetch what poll does not see yet."""
    read_waits: bool = False
    """read() of more than is there goes on while characters come within timeout_char."""
    deaf_room: int = 0
    """Characters the part itself holds while its flash is written, for then no interrupt is served;
    0 = it is served."""
    tx_fifo: int = 1 << 16
    """Characters that the part itself takes before the line has them, besides UART's txbuf."""
    write_waits: bool = True
    """write() of more than there is room for waits until all has found room. Otherwise only as long
    as a character takes; what then has no room is never sent, and write() says how much it took."""
    init_waits: bool = False
    """A new UART waits for what the old one still sends."""
    pins: range = range(64)
    no_pins: frozenset[int] = frozenset()
    """Numbers within `pins` that the part has not."""
    only_in: range = range(0)
    """Pins that drive nothing."""
    pin_names: Mapping[str, int] = field(default_factory=lambda: _PINS_RP2)
    """Constants of Pin."""
    wdt_ms: tuple[int, int] = (1, 8388)
    """Shortest and longest watchdog time."""
    rtc_ppm: float = 0.0
    """How much faster than time the calendar clock runs, where the board does not say it."""
    rtc_micros: bool = False
    """The last field of RTC.datetime() counts; elsewhere it is 0."""
    uart_irqs: Mapping[str, int] = field(default_factory=dict)
    """Trigger constants of UART; what is not here the port lacks."""
    idle_bits: int = 32
    """After so many bits of silence IRQ_RXIDLE asks for its callback,"""
    idle_least_us: int = 0
    """never sooner than this;"""
    idle_timer: bool = False
    """by a timer of the driver, whose second tick in silence it is, not by the UART."""
    txidle_early: int = 5
    """IRQ_TXIDLE comes with so many characters still to leave, and for no fewer."""
    timers: tuple[int, ...] = (-1,)
    """Ids of Timer."""
    timer_hz: int = 1_000_000
    """What a timer counts."""
    adc_pins: range = range(26, 30)
    adc_channels: Mapping[int, int] = field(
        default_factory=lambda: {0: 26, 1: 27, 2: 28, 3: 29, 4: 4},
    )
    """Numbers ADC takes besides pins: channels, and 4 for the part's own temperature."""
    no_device: int = 5
    """errno of a transfer on I2C that nobody acknowledges."""
    epoch: int = 1970
    """The year time.time() counts from."""
    hz: int = 125_000_000
    """machine.freq()."""
    id_bytes: int = 8
    """Length of machine.unique_id()."""
    causes: Mapping[str, int] = field(
        default_factory=lambda: {"PWRON_RESET": 1, "WDT_RESET": 3},
    )
    after_reset: str = "WDT_RESET"
    """Why a board starts after machine.reset()."""
    after_soft: str = ""
    """The same after machine.soft_reset(); empty = what it was."""


HOST = Port("host", "host", uart_irqs={"IRQ_RXIDLE": 64})
"""The bench: everything at once, for 32-bit ticks."""

PORTS = {
    port.name: port
    for port in (
        HOST,
        Port(
            "rp2040",
            "rp2040",
            rx_block=4,
            rx_idle_bits=32,
            read_waits=True,
            deaf_room=32,
            tx_fifo=32,
            write_waits=False,
            pins=range(30),
            # within the +-30 of the Pico's crystal
            rtc_ppm=20.0,
            uart_irqs={"IRQ_TXIDLE": 32, "IRQ_RXIDLE": 64, "IRQ_BREAK": 512},
        ),
        Port(
            "esp32",
            "esp32",
            uarts=(1, 2),
            rx_block=120,
            rx_idle_bits=110,
            read_drains=False,
            deaf_room=128,
            tx_fifo=128,
            init_waits=True,
            pins=range(40),
            no_pins=frozenset({20, 24, 28, 29, 30, 31}),
            only_in=range(34, 40),
            pin_names=_PINS_ESP32,
            wdt_ms=(1000, 1 << 22),
            # kept by the RC oscillator while it sleeps or resets: coarser than a crystal
            rtc_ppm=-150.0,
            rtc_micros=True,
            uart_irqs={"IRQ_RX": 1, "IRQ_RXIDLE": 4096, "IRQ_BREAK": 2},
            idle_bits=20,
            idle_least_us=500,
            idle_timer=True,
            timers=(0, 1, 2, 3),
            # its 80 MHz bus clock over a divider of 8
            timer_hz=10_000_000,
            adc_pins=range(32, 40),
            adc_channels={},
            no_device=19,
            epoch=2000,
            hz=160_000_000,
            id_bytes=6,
            causes={
                "PWRON_RESET": 1,
                "HARD_RESET": 2,
                "WDT_RESET": 3,
                "DEEPSLEEP_RESET": 4,
                "SOFT_RESET": 5,
            },
            after_reset="SOFT_RESET",
            after_soft="SOFT_RESET",
        ),
        # a 64-bit MicroPython, whose ticks are no small integers of a 32-bit part
        Port("host64", "host", ticks_bits=62, uart_irqs={"IRQ_RXIDLE": 64}),
    )
}
