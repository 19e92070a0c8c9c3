"""Class 05: the registers as they were at a freeze (DL/T 645-2007 A.6)."""

from meter645.energy import put_quantity
from meter645.items import put_item
from meter645.periods import HOURLY, KEPT
from meter645.put import put_minute

NONE = -1
ALL = 0xFF
TIME = 0x00
VARIABLES = 0x10
# DI1: energies 01..08, demand forward and reverse 09, 0A
ENERGIES = 8
SEPARATOR = 0xAA
PARTS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, VARIABLES)
HOURLY_PARTS = (0, 1, 2)
# all parts of one freeze with their separators
LONGEST = 5 + 8 * 20 + 2 * 40 + 24 + 12


def put_freeze(out, at, d2, d1, d0, registers, periods) -> int:
    """One freeze, or for DI0 = FF all that are kept and fit; its length or NONE."""
    if d2 >= len(KEPT):
        return NONE
    if d0 != ALL or d2 == HOURLY:
        return _one(out, at, d2, d1, d0, registers, periods)
    pos = at
    for n in range(1, KEPT[d2] + 1):
        if pos + LONGEST > len(out):
            break
        size = _one(out, pos, d2, d1, n, registers, periods)
        if size == NONE:
            break
        pos += size
    return pos - at if pos > at else NONE


def _one(out, at, d2, d1, n, registers, periods) -> int:
    when = periods.freeze(d2, n)
    if when < 0 or not registers.at(periods.frozen_at(d2, n)):
        return NONE
    if d1 != ALL:
        return _part(out, at, d2, d1, when, registers, periods)
    pos = at
    for part in HOURLY_PARTS if d2 == HOURLY else PARTS:
        size = _part(out, pos, d2, part, when, registers, periods)
        if size != NONE:
            pos += size
        # what this meter does not keep is empty
        out[pos] = SEPARATOR
        pos += 1
    return pos - at


def _part(out, at, d2, d1, when, registers, periods) -> int:
    if d1 == TIME:
        return put_minute(out, at, when)
    if d2 == HOURLY:
        # hourly freezes keep two totals
        return put_quantity(out, at, False, d1, 0, registers) if d1 <= 2 else NONE
    if d1 <= ENERGIES:
        return put_quantity(out, at, False, d1, ALL, registers)
    if d1 <= ENERGIES + 2:
        # of a freeze at once the clock was off as it was then
        shift = when - registers.when
        if not registers.peak(registers.when, periods.peak_since_at(when, shift)):
            return NONE
        return put_quantity(out, at, True, d1 - ENERGIES, ALL, registers, True, shift)
    if d1 == VARIABLES:
        chip = registers.chip
        size = put_item(out, at, 0x02, 0x03, ALL, 0, chip, registers.elements)
        return size + put_item(out, at + size, 0x02, 0x04, ALL, 0, chip, registers.elements)
    return NONE
