"""The TMU on a board: UART, direction pin, sensor front end and relays around the core."""

import select
import time

import board
import machine
from lib import ticks
from lib.nv import open_nv
from machine import I2C, UART, WDT, Pin
from tmu import registers as r
from tmu.core import Tmu
from tmu.keep import kept

LONGEST_WAIT_MS = 1000
# more than any driver hands over at once (lib/loop.py)
READ = 128

# what UART calls parity N, O, E
PARITIES = (None, 1, 0)

# status bit -> relay
RELAYS = ((r.FAN, board.FAN), (r.OVER_TEMPERATURE, board.ALARM), (r.TRIP, board.TRIP))


def port(rate: int, parity: int) -> UART:
    """The line's UART with these settings; parity as its register says."""
    return UART(
        board.UART_ID,
        rate,
        bits=8,
        parity=PARITIES[parity],
        stop=1,
        tx=Pin(board.TX),
        rx=Pin(board.RX),
    )


def run() -> None:
    """Never returns."""
    i2c = I2C(board.I2C_ID, scl=Pin(board.SCL), sda=Pin(board.SDA), freq=400000)
    drive = Pin(board.DE, Pin.OUT, value=0)
    relays = [(number, Pin(pin, Pin.OUT, value=0)) for number, pin in RELAYS]
    beacon = Pin(board.BEACON, Pin.OUT, value=0)
    wdt = WDT(timeout=board.WDT_MS)
    start = time.ticks_us()

    def now() -> int:
        # ports count in different ranges and their ticks are no numbers: only differences are
        return time.ticks_diff(time.ticks_us(), start) & ticks.MASK

    tmu = Tmu(
        lambda image: i2c.readfrom_mem_into(board.CHIP, 0, image),
        now(),
        reset_cause=machine.reset_cause(),
        nv=open_nv(board, kept()),
    )
    rate = tmu.rate
    parity = tmu.parity
    uart = port(rate, parity)
    poller = select.poll()
    poller.register(uart, select.POLLIN)
    buf = bytearray(READ)
    out = memoryview(tmu.out)
    while True:
        wdt.feed()
        left = ticks.diff(tmu.deadline(), now())
        if poller.poll(min(max((left + 999) // 1000, 0), LONGEST_WAIT_MS)):
            n = uart.readinto(buf)
            if n:
                tmu.on_bytes(buf, n, now())
        n = tmu.on_deadline(now())
        if n:
            drive.on()
            uart.write(out[:n])
            uart.flush()
            drive.off()
            # what came meanwhile was nobody: the driver's RO floats, or tells what it sends
            while uart.any():
                uart.readinto(buf, min(uart.any(), READ))
        if rate != tmu.rate or parity != tmu.parity:
            rate = tmu.rate
            parity = tmu.parity
            uart = port(rate, parity)
            poller = select.poll()
            poller.register(uart, select.POLLIN)
        for number, relay in relays:
            relay.value(tmu.watch.status >> number & 1)
        beacon.value(1 if tmu.beacon else 0)


run()
