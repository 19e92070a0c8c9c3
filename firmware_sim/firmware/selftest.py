"""Loop-back self-test of a board: UART, direction pin, I2C chip, flash; a PASS or FAIL line each.

Bridge UART TX to RX (no RS-485 driver between them) and, if there is a pin for it, DE to SENSE.
Run it with `mpremote run selftest.py`. Nothing of it is needed by the meter.
"""

SPEEDS = (2400, 9600, 19200)
FRAME = bytes(range(0, 256, 5)) + b"\xfe\xfe\xfe\xfe\x68\x00\xff\x16"
KINDS = ((0x64, "metering chip"), (0x54, "sensor front end"))
# a loop-back is as quick as the line: so long a frame may take beyond that
LATE_US = 20000


def loop_back(board, machine, time, speed, parity) -> str:
    """Send a frame to ourselves; what is wrong, '' = nothing."""
    pin = machine.Pin
    uart = machine.UART(
        board.UART_ID, speed, bits=8, parity=parity, stop=1, tx=pin(board.TX), rx=pin(board.RX)
    )
    drive = pin(board.DE, pin.OUT, value=0)
    # pulled down: open, it would show anything; GPIO 5 of an ESP32 is pulled up from its reset on
    sense = pin(board.SENSE, pin.IN, pin.PULL_DOWN)
    low = sense.value()
    start = time.ticks_us()
    drive.on()
    high = sense.value()
    uart.write(FRAME)
    uart.flush()
    sent = time.ticks_diff(time.ticks_us(), start)
    drive.off()
    bits = 10 if parity is None else 11
    line = len(FRAME) * bits * 1000000 // speed
    got = b""
    for _ in range(50):
        part = uart.read()
        if part:
            got += part
        if len(got) >= len(FRAME):
            break
        time.sleep_ms(10)
    if got != FRAME:
        return "sent {} bytes, received {}, {}".format(
            len(FRAME), len(got), "bridge TX and RX" if not got else "they differ"
        )
    # flush may return a character or two early, and another speed is at least double or half
    if sent < line * 7 // 8 or sent > line * 9 // 8 + LATE_US:
        return "took {} us, the line takes {}".format(sent, line)
    if high and (low or sense.value()):
        return "DE does not follow"
    return "" if high else "DE not measured"


def chip(board, machine) -> str:
    """What answers at the chip's address; '' = one of ours."""
    pin = machine.Pin
    i2c = machine.I2C(board.I2C_ID, scl=pin(board.SCL), sda=pin(board.SDA), freq=400000)
    first = bytearray(2)
    try:
        i2c.readfrom_mem_into(board.CHIP, 0, first)
    except OSError:
        return "no answer at {:02X}, found {}".format(board.CHIP, [hex(one) for one in i2c.scan()])
    for kind, _ in KINDS:
        if first[0] == kind:
            return ""
    return "kind {:02X} is none of ours".format(first[0])


def flash(board) -> str:
    """Whether there is a place for what outlives the power; it is read, not written."""
    device = board.flash()
    if device is None:
        return "none: settings go with the power"
    page = bytearray(256)
    device.readblocks(device.ioctl(4, 0) - 1, page, 0)
    return ""


def run(board, machine, time, say=print) -> bool:
    """All tests; True if none has failed. What is only not wired is said and is no failure."""
    good = True
    for speed in SPEEDS:
        for parity, name in ((0, "8E1"), (None, "8N1")):
            wrong = loop_back(board, machine, time, speed, parity)
            failed = wrong not in ("", "DE not measured")
            good = good and not failed
            say("{} UART {} {} {}".format("FAIL" if failed else "PASS", speed, name, wrong))
    wrong = chip(board, machine)
    good = good and not wrong
    say("{} I2C {}".format("FAIL" if wrong else "PASS", wrong))
    say("PASS flash " + flash(board))
    say("PASS all" if good else "FAIL")
    return good


def main() -> None:
    """On a board."""
    import time

    import board
    import machine

    run(board, machine, time)


if __name__ == "__main__":
    main()
