"""Status words 1..7 of a meter: what is wrong or set at this moment, a bit each, 16 bits a word.

DL/T 645-2007 (04 00 05) and DL/T 698.45 (2014) number words and bits alike. Worked out from the
chip when they are asked for; a bit nobody can know here is 0.
"""

from lib import chip as c
from lib.registers import s32, u16

WORDS = 7
# 10 mV, 1 mV, 0.1 mA
LOST = 15600
GONE = 6000
BATTERY_LOW = 2600
SOME_CURRENT = 250


def word(n, chip, elements, lower, upper, key, tripped, fault=False, sets=0) -> int:
    """Word n, 1..7; limits of the voltage in 10 mV, key pressed, relay open, NV memory at fault.

    sets: the sets of the calendar in force, bit 0 day tables, bit 1 zones; 1 = the second.
    """
    if n == 1:
        bits = 0
        if u16(chip, c.CLOCK_BATTERY) < BATTERY_LOW:
            bits |= 1 << 2
        if u16(chip, c.READING_BATTERY) < BATTERY_LOW:
            bits |= 1 << 3
        if _total(chip, c.ACTIVE, elements) < 0:
            bits |= 1 << 4
        if _total(chip, c.REACTIVE, elements) < 0:
            bits |= 1 << 5
        if fault:
            # an extension of DL/T 645: fault of the memory
            bits |= 1 << 13
        return bits
    if n == 2:
        bits = 0
        for i in range(elements):
            if s32(chip, c.ACTIVE + 4 * i) < 0:
                bits |= 1 << i
            if s32(chip, c.REACTIVE + 4 * i) < 0:
                bits |= 1 << 4 + i
        return bits
    if n == 3:
        bits = (1 << 3 if key else 0) | (1 << 4 if tripped else 0)
        return bits | sets & 1 | (sets & 2) << 4
    if n <= 6 and n - 4 < elements:
        return _phase(n - 4, chip, lower, upper)
    return 0


def _phase(i, chip, lower, upper) -> int:
    """Loss of voltage, under, over, reverse flow, phase loss."""
    voltage = u16(chip, c.VOLTAGE + 2 * i)
    current = abs(s32(chip, c.CURRENT + 4 * i)) >= SOME_CURRENT
    bits = 0
    if voltage < LOST and current:
        bits |= 1
    if voltage < lower:
        bits |= 1 << 1
    if voltage > upper:
        bits |= 1 << 2
    if s32(chip, c.ACTIVE + 4 * i) < 0:
        bits |= 1 << 6
    if voltage < GONE and not current:
        bits |= 1 << 7
    return bits


def _total(chip, base, elements) -> int:
    total = 0
    for i in range(elements):
        total += s32(chip, base + 4 * i)
    return total
