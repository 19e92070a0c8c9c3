"""The `time` of a board on the bench: ticks that wrap as its port's do. Runs on MicroPython."""

import hostlink
from hostlink import ask

_BITS = ask("ticks_bits")

if _BITS == 30:
    # this VM's own are of that period: prove with them
    ticks_diff = hostlink.own_diff
    ticks_add = hostlink.own_add
else:
    _MASK = (1 << _BITS) - 1
    _HALF = 1 << (_BITS - 1)

    def ticks_diff(a, b):
        return ((a - b + _HALF) & _MASK) - _HALF

    def ticks_add(t, delta):
        return (t + delta) & _MASK


def ticks_us():
    return ask("ticks_us")


def ticks_ms():
    return ask("ticks_ms")


def sleep_ms(ms):
    ask("sleep_us", ms * 1000)


def sleep_us(us):
    ask("sleep_us", us)
