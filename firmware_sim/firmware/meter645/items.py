"""Class 02: what the metering chip shows, as digits (DL/T 645-2007 A.3).

Single items and the FF blocks over phases. A single-phase meter has element A only; B and C are
blank (FF), alone and in a block.
"""

from lib import chip as c
from lib.bcd import put_bcd, put_blank, put_signed, round10
from lib.registers import s16, s32, u16

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
# voltage, current, active, reactive power, power factor: a moment of one phase
MOMENT = (0, 1, 2, 3, 5)


def put_item(out, at, d3, d2, d1, d0, chip, elements) -> int:
    """Write the item's data, before +33H, into `out`; its length, NONE if the meter has no such."""
    if d3 == 0x02:
        if d2 == 0x80:
            return _other(out, at, d1, d0, chip, elements)
        if 1 <= d2 <= len(PHASED) and d0 == 0:
            return _phased(out, at, d2 - 1, d1, chip, elements)
        if d2 == 0x07 and d0 == 0:
            return _angles(out, at, d1, chip, elements)
    return NONE


def put_element(out, at, phase, chip) -> None:
    """U, I, P, Q and power factor of one element, 13 bytes."""
    for row in MOMENT:
        kind = PHASED[row]
        _put(out, at, kind, round10(_raw(kind, phase + 1, chip, 3)))
        at += kind[1]


def _phased(out, at, row, d1, chip, elements) -> int:
    """Instantaneous quantities: DI1 = 00 total where there is one, 01..03 phase, FF all."""
    kind = PHASED[row]
    size = kind[1]
    total = kind[2]
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
            _put(out, pos, kind, round10(_raw(kind, which, chip, elements)))
        pos += size
    return pos - at


def _put(out, at, kind, value) -> None:
    if kind[3]:
        put_signed(out, at, value, kind[1])
    else:
        put_bcd(out, at, value, kind[1])


def _angles(out, at, d1, chip, elements) -> int:
    """Phase angle, 0.1 degree of 3600."""
    if not (1 <= d1 <= 3 or d1 == ALL):
        return NONE
    pos = at
    for which in range(1, 4) if d1 == ALL else (d1,):
        if which > elements:
            put_blank(out, pos, 2)
        else:
            put_bcd(out, pos, round10(u16(chip, c.ANGLE + 2 * (which - 1))) % 3600, 2)
        pos += 2
    return pos - at


def _raw(kind, which, chip, elements) -> int:
    """One register of a phased quantity; which = 0 is the total."""
    base = kind[0]
    if kind[4]:
        if which:
            return s32(chip, base + 4 * which - 4)
        raw = 0
        for element in range(elements):
            raw += s32(chip, base + 4 * element)
        return raw
    if kind[2]:
        # the power factor alone has a register of its total
        return s16(chip, base + 2 * which)
    return u16(chip, base + 2 * which - 2)


def _other(out, at, d1, d0, chip, elements) -> int:
    """02 80 00 nn: neutral current, frequency, temperature, batteries."""
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
    if d0 == 0x08 or d0 == 0x09:
        register = c.CLOCK_BATTERY if d0 == 0x08 else c.READING_BATTERY
        put_bcd(out, at, round10(u16(chip, register)), 2)
        return 2
    if d0 == 0x0A:
        put_bcd(out, at, u16(chip, c.BATTERY_MIN) << 16 | u16(chip, c.BATTERY_MIN + 2), 4)
        return 4
    return NONE


def put_average(out, at, d0, averages) -> int:
    """02 80 00 03..06: mean power of a minute, present demands; from their page."""
    put_signed(out, at, s32(averages, 4 * (d0 - 3)), 3)
    return 3
