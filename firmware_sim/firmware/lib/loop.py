"""A meter on a board: UART, direction pin, metering chip and clock around a core.

What is the board's own (its pins, `machine`, `select`, `time`) main.py hands over, so that only
main.py depends on a board.
"""

from lib import ticks
from lib.chip import ELEMENTS, NAMEPLATE, NUMBER, SPEED, baud
from lib.nv import open_nv

# well within every board's WDT_MS
LONGEST_WAIT_MS = 6000
# what a UART's driver has for what is to be sent, if nothing is said
TXBUF = 256
# esp32's driver hands over 120 characters at once: read in parts they would all seem to have come
# when the last one did, and on a slow line the next ones too late
READ = 128


def run(make, board, machine, select, time, kept=None) -> None:
    """Never returns. make(number, elements, snapshot, clock, char_us): the meter's core.

    kept: layout and bytes of what it keeps in the board's flash; make then takes `nv` besides.
    """
    pin = machine.Pin

    def port(speed: int):
        """The line's UART: 8 data bits, even parity."""
        meter.late_us = board.RX_KEPT * 11000000 // speed
        return machine.UART(
            board.UART_ID,
            speed,
            bits=8,
            parity=0,
            stop=1,
            tx=pin(board.TX),
            rx=pin(board.RX),
            # rp2's write() gives up what finds no room
            txbuf=max(TXBUF, len(meter.out)),
        )

    i2c = machine.I2C(board.I2C_ID, scl=pin(board.SCL), sda=pin(board.SDA), freq=400000)
    plate = bytearray(NAMEPLATE)
    i2c.readfrom_mem_into(board.CHIP, 0, plate)
    drive = pin(board.DE, pin.OUT, value=0)
    rate = baud(plate[SPEED])
    what = (
        plate[NUMBER : NUMBER + 6],
        plate[ELEMENTS],
        lambda buf: i2c.readfrom_mem_into(board.CHIP, 0, buf),
        machine.RTC().datetime,
        11000000 // rate,
    )
    if kept is None:
        meter = make(*what)
    else:
        meter = make(*what, nv=open_nv(board, kept))
    # it may have been set to another speed than its plate's
    rate = meter.rate or rate
    uart = port(rate)
    wdt = machine.WDT(timeout=board.WDT_MS)
    poller = select.poll()
    poller.register(uart, select.POLLIN)
    start = time.ticks_us()

    def now() -> int:
        # ports count in different ranges and their ticks are no numbers: only differences are
        return time.ticks_diff(time.ticks_us(), start) & ticks.MASK

    out = memoryview(meter.out)
    buf = bytearray(READ)
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
            # at 1200 bit/s a frame may take longer than the watchdog waits
            left = n * meter.char_us // 1000
            while left > LONGEST_WAIT_MS:
                time.sleep_ms(LONGEST_WAIT_MS)
                wdt.feed()
                left -= LONGEST_WAIT_MS
            uart.flush()
            drive.off()
            # what came meanwhile was nobody: the driver's RO floats, or tells what it sends
            while uart.any():
                uart.readinto(buf, min(uart.any(), READ))
        if meter.rate and meter.rate != rate:
            rate = meter.rate
            uart = port(rate)
            poller = select.poll()
            poller.register(uart, select.POLLIN)
