"""Requests put to a meter's core alone, no board and no time around it; what it says, a line each.

In the place of main.py. Beside it stands asked.py: Meter, the core; ELEMENTS; CHIP, the registers
of its metering chip; BEGINS, seconds since 2000; REQUESTS, hex digits with blanks between; TICK,
where each request ends, so that answers and pauses reach over the wrap of the ticks or do not.
"""

import asked
from lib import ticks
from lib.calendar import date
from lib.chip import NUMBER
from past import memory

CHAR_US = 1000
# between the halves of a frame: within the pause that ends it, and now and then beyond
PAUSE_US = 300000
LONG_US = 700000
# pauses between requests: half an hour and something, so that days, months and years go by
STEP_S = 1999


def run():
    """Put them all; an exception is told in the place of the answer, and a new meter goes on."""
    at = [asked.BEGINS]

    def clock():
        year, month, day, weekday, hour, minute, second = date(at[0])
        return (2000 + year, month, day, (weekday - 1) % 7, hour, minute, second, 0)

    def snapshot(buf):
        for i in range(len(buf)):
            buf[i] = asked.CHIP[i]

    def make():
        number = asked.CHIP[NUMBER : NUMBER + 6]
        return asked.Meter(number, asked.ELEMENTS, snapshot, clock, CHAR_US, memory=memory)

    meter = make()
    for digits in asked.REQUESTS.split():
        data = bytes.fromhex(digits)
        at[0] += STEP_S
        t = asked.TICK
        half = len(data) // 2
        torn = sum(data) % 16 == 0
        said = "-"
        try:
            meter.on_bytes(data, half, ticks.add(t, -LONG_US if torn else -PAUSE_US))
            meter.on_bytes(data[half:], len(data) - half, t)
            # main.py looks at once, then when it was told to
            due = t
            while due >= 0:
                n = meter.on_deadline(due)
                if n:
                    said = bytes(meter.out[:n]).hex() + f" {ticks.diff(due, t)}"
                due = meter.deadline()
        except Exception as error:  # noqa: BLE001
            said = type(error).__name__
            meter = make()
        print(said)  # noqa: T201


run()
