"""The `time` of a board on the bench: ticks that wrap as its port's do. Runs on MicroPython."""

import hostlink
from hostlink import ask, wait

_BITS = ask("ticks_bits")
_EPOCH = ask("constant", 1)

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


def ticks_cpu():
    return ask("ticks_us")


def ticks_ms():
    return ask("ticks_ms")


def sleep_ms(ms):
    wait("sleep_us", ms * 1000)


def sleep_us(us):
    wait("sleep_us", us)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def time():
    return ask("seconds")


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _before(year, month):
    """Days of the year before a month."""
    days = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1]
    return days + 1 if month > 2 and _leap(year) else days


def gmtime(secs=None):
    secs = time() if secs is None else secs
    days = secs // 86400
    left = secs % 86400
    # 1 January 1970 was a Thursday, that of 2000 a Saturday
    weekday = (days + (3 if _EPOCH == 1970 else 5)) % 7
    year = _EPOCH
    while days >= 365 + _leap(year):
        days -= 365 + _leap(year)
        year += 1
    month = 12
    while _before(year, month) > days:
        month -= 1
    day = days - _before(year, month) + 1
    return (year, month, day, left // 3600, left // 60 % 60, left % 60, weekday, days + 1)


localtime = gmtime


def mktime(local_time):
    year, month, day, hour, minute, second = local_time[:6]
    days = _before(year, month) + day - 1
    for past in range(_EPOCH, year):
        days += 365 + _leap(past)
    return ((days * 24 + hour) * 60 + minute) * 60 + second
