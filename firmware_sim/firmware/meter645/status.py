"""Status words 1..7 (04 00 05): what is wrong or set at this moment, a bit each, 16 bits a word.

Worked out from the chip when they are asked for; a bit nobody can know here is 0.
"""

from lib.registers import s32, u16
from meter645 import chip as c
from meter645 import settings as s
from meter645.put import digits

WORDS = 7
ALL = 0xFF
NONE = -1
# 10 mV, 1 mV, 0.1 mA
LOST = 15600
GONE = 6000
BATTERY_LOW = 2600
SOME_CURRENT = 250


def put_status(out, at, d0, chip, elements, settings, key, tripped) -> int:
    """One word or, for FF, all seven; the length or NONE."""
    if d0 == ALL:
        first = 1
        last = WORDS
    elif 1 <= d0 <= WORDS:
        first = last = d0
    else:
        return NONE
    pos = at
    for n in range(first, last + 1):
        word = _word(n, chip, elements, settings, key, tripped)
        out[pos] = word & 0xFF
        out[pos + 1] = word >> 8
        pos += 2
    return pos - at


def _word(n, chip, elements, settings, key, tripped) -> int:
    if n == 1:
        word = 0
        if u16(chip, c.CLOCK_BATTERY) < BATTERY_LOW:
            word |= 1 << 2
        if u16(chip, c.READING_BATTERY) < BATTERY_LOW:
            word |= 1 << 3
        if _total(chip, c.ACTIVE, elements) < 0:
            word |= 1 << 4
        if _total(chip, c.REACTIVE, elements) < 0:
            word |= 1 << 5
        return word
    if n == 2:
        word = 0
        for i in range(elements):
            if s32(chip, c.ACTIVE + 4 * i) < 0:
                word |= 1 << i
            if s32(chip, c.REACTIVE + 4 * i) < 0:
                word |= 1 << 4 + i
        return word
    if n == 3:
        return (1 << 3 if key else 0) | (1 << 4 if tripped else 0)
    if n <= 6 and n - 4 < elements:
        return _phase(n - 4, chip, settings)
    return 0


def _phase(i, chip, settings) -> int:
    """Loss of voltage, under, over, reverse flow, phase loss."""
    voltage = u16(chip, c.VOLTAGE + 2 * i)
    current = abs(s32(chip, c.CURRENT + 4 * i)) >= SOME_CURRENT
    word = 0
    if voltage < LOST and current:
        word |= 1
    if voltage < 10 * digits(settings.data, s.LOWER, 2):
        word |= 1 << 1
    if voltage > 10 * digits(settings.data, s.UPPER, 2):
        word |= 1 << 2
    if s32(chip, c.ACTIVE + 4 * i) < 0:
        word |= 1 << 6
    if voltage < GONE and not current:
        word |= 1 << 7
    return word


def _total(chip, base, elements) -> int:
    total = 0
    for i in range(elements):
        total += s32(chip, base + 4 * i)
    return total
