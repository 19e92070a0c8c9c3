"""The meter on a board: UART, direction pin, metering chip and clock around the core."""

import select
import time

import board
from lib import ticks
from machine import I2C, RTC, UART, WDT, Pin
from meter645.chip import ELEMENTS, NAMEPLATE, NUMBER, SPEED, baud
from meter645.core import Meter

LONGEST_WAIT_MS = 4000


def port(rate: int) -> UART:
    """The line's UART: 8 data bits, even parity."""
    return UART(board.UART_ID, rate, bits=8, parity=0, stop=1, tx=Pin(board.TX), rx=Pin(board.RX))


def run() -> None:
    """Never returns."""
    i2c = I2C(board.I2C_ID, scl=Pin(board.SCL), sda=Pin(board.SDA), freq=400000)
    plate = bytearray(NAMEPLATE)
    i2c.readfrom_mem_into(board.CHIP, 0, plate)
    rate = baud(plate[SPEED])
    uart = port(rate)
    drive = Pin(board.DE, Pin.OUT, value=0)
    wdt = WDT(timeout=board.WDT_MS)
    poller = select.poll()
    poller.register(uart, select.POLLIN)
    meter = Meter(
        plate[NUMBER : NUMBER + 6],
        plate[ELEMENTS],
        lambda buf: i2c.readfrom_mem_into(board.CHIP, 0, buf),
        RTC().datetime,
        11000000 // rate,
    )
    start = time.ticks_us()

    def now() -> int:
        # ports count in different ranges and their ticks are no numbers: only differences are
        return time.ticks_diff(time.ticks_us(), start) & ticks.MASK

    out = memoryview(meter.out)
    buf = bytearray(64)
    while True:
        wdt.feed()
        wait = LONGEST_WAIT_MS
        due = meter.deadline()
        if due >= 0:
            left = ticks.diff(due, now())
            wait = min(max((left + 999) // 1000, 0), LONGEST_WAIT_MS)
        if poller.poll(wait):
            n = uart.readinto(buf)
            if n:
                meter.on_bytes(buf, n, now())
        n = meter.on_deadline(now())
        if n:
            drive.on()
            uart.write(out[:n])
            uart.flush()
            drive.off()
        if meter.rate and meter.rate != rate:
            rate = meter.rate
            uart = port(rate)
            poller = select.poll()
            poller.register(uart, select.POLLIN)


run()
