"""What the ports of MicroPython do differently, as data: the rows a board on CPython is made from.

Sources: ports/rp2/machine_uart.c and ports/esp32/machine_uart.c of MicroPython (what poll sees,
when read waits, what a new UART forgets), the PL011's receive timeout of 32 bit times, the IDF
driver's defaults (120 characters or 10 of silence), the depth of both UARTs' FIFOs. Not measured on
a part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    tx_room: int = 1 << 16
    """Characters that write() takes without waiting for the line."""
    init_waits: bool = False
    """A new UART waits for what the old one still sends."""
    flush_early: int = 0
    """So many characters before the last one has left, flush() returns."""
    pin_out: int = 1
    wdt_ms: tuple[int, int] = (1, 8388)
    """Shortest and longest watchdog time."""
    rtc_micros: bool = False
    """The last field of RTC.datetime() counts; elsewhere it is 0."""
    uart_irqs: Mapping[str, int] = field(default_factory=dict)
    """Trigger constants of UART; what is not here the port lacks."""
    causes: Mapping[str, int] = field(
        default_factory=lambda: {"PWRON_RESET": 1, "WDT_RESET": 3},
    )


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
            tx_room=256 + 32,
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
            tx_room=256 + 128,
            init_waits=True,
            pin_out=3,
            wdt_ms=(1000, 1 << 22),
            rtc_micros=True,
            uart_irqs={"IRQ_RX": 1, "IRQ_RXIDLE": 4096, "IRQ_BREAK": 8192},
            causes={
                "PWRON_RESET": 1,
                "HARD_RESET": 2,
                "WDT_RESET": 3,
                "DEEPSLEEP_RESET": 4,
                "SOFT_RESET": 5,
            },
        ),
        # a 64-bit MicroPython, whose ticks are no small integers of a 32-bit part
        Port("host64", "host", ticks_bits=62, uart_irqs={"IRQ_RXIDLE": 64}),
    )
}
