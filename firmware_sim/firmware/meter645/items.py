"""What the meter knows: data identifiers to digits (DL/T 645-2007 annex A).

Single items and the FF blocks over phases and tariffs. A single-phase meter has element A only; B
and C are blank (FF), alone and in a block.
"""

from lib.bcd import put_bcd, put_blank, put_signed, round10
from lib.registers import s16, s32, u16
from meter645 import chip as c

NONE = -1
ALL = 0xFF

# class 02, DI2 = 01..06: register, bytes on the line, has a total, is signed, register is 4 bytes
PHASED = (
    (c.VOLTAGE, 2, False, False, False),
    (c.CURRENT, 3, False, True, True),
    (c.ACTIVE, 3, True, True, True),
    (c.REACTIVE, 3, True, True, True),
    (c.APPARENT, 3, True, True, True),
    (c.FACTOR, 2, True, True, False),
)
ENERGY_SIZE = 4
FACTOR_ROW = 5


def put_item(out, at, d3, d2, d1, d0, chip, elements) -> int:
    """Write the item's data, before +33H, into `out`; its length, NONE if the meter has no such."""
    if d3 == 0x00:
        return _energy(out, at, d2, d1, d0, chip)
    if d3 == 0x02:
        if d2 == 0x80:
            return _other(out, at, d1, d0, chip, elements)
        if 1 <= d2 <= len(PHASED) and d0 == 0:
            return _phased(out, at, d2 - 1, d1, chip, elements)
    return NONE


def put_clock(out, at, d1, d0, now) -> int:
    """Class 04 00, DI1 = 01: date and time from an RTC tuple; length or NONE."""
    if d1 != 0x01:
        return NONE
    year, month, day, weekday, hour, minute, second = now[:7]
    # RTC: Monday is 0; the meter: Sunday is 0
    date = ((weekday + 1) % 7, day, month, year % 100)
    time = (second, minute, hour)
    if d0 == 0x01:
        fields = date
    elif d0 == 0x02:
        fields = time
    elif d0 == 0x0C:
        fields = time + date
    else:
        return NONE
    for i in range(len(fields)):
        put_bcd(out, at + i, fields[i], 1)
    return len(fields)


def _energy(out, at, d2, d1, d0, chip) -> int:
    """Combined, forward, reverse active energy: total, tariffs, the block of both; now only."""
    if d2 > 2 or d0 != 0:
        return NONE
    if d1 == ALL:
        first = 0
        last = c.TARIFFS
    elif d1 <= c.TARIFFS:
        first = last = d1
    else:
        return NONE
    pos = at
    for tariff in range(first, last + 1):
        if d2 == 1:
            value = c.energy(chip, c.FORWARD, tariff)
        elif d2 == 2:
            value = c.energy(chip, c.REVERSE, tariff)
        else:
            # combination word 05H: forward plus reverse
            value = c.energy(chip, c.FORWARD, tariff) + c.energy(chip, c.REVERSE, tariff)
        # the counter rolls over behind 999999.99 kWh
        put_bcd(out, pos, value % 100000000, ENERGY_SIZE)
        pos += ENERGY_SIZE
    return pos - at


def _phased(out, at, row, d1, chip, elements) -> int:
    """Instantaneous quantities: DI1 = 00 total where there is one, 01..03 phase, FF all."""
    size = PHASED[row][1]
    total = PHASED[row][2]
    if d1 == ALL:
        first = 0 if total else 1
        last = 3
    elif d1 <= 3 and (d1 or total):
        first = last = d1
    else:
        return NONE
    pos = at
    for which in range(first, last + 1):
        if which > elements:
            put_blank(out, pos, size)
        else:
            value = round10(_raw(row, which, chip, elements))
            if PHASED[row][3]:
                put_signed(out, pos, value, size)
            else:
                put_bcd(out, pos, value, size)
        pos += size
    return pos - at


def _raw(row, which, chip, elements) -> int:
    """One register of a phased quantity; which = 0 is the total."""
    base = PHASED[row][0]
    if row == FACTOR_ROW:
        return s16(chip, base + 2 * which)
    if not PHASED[row][4]:
        return u16(chip, base + 2 * (which - 1))
    if which:
        return s32(chip, base + 4 * (which - 1))
    raw = 0
    for element in range(elements):
        raw += s32(chip, base + 4 * element)
    return raw


def _other(out, at, d1, d0, chip, elements) -> int:
    """02 80 00 nn: neutral current, frequency, temperature."""
    if d1 != 0:
        return NONE
    if d0 == 0x01:
        put_signed(out, at, round10(s32(chip, c.CURRENT_N)), 3)
        return 3
    if d0 == 0x02:
        put_bcd(out, at, round10(u16(chip, c.FREQUENCY)), 2)
        return 2
    if d0 == 0x07:
        put_signed(out, at, round10(s16(chip, c.TEMPERATURE)), 2)
        return 2
    return NONE
