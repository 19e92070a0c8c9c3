"""What the meter measures, by OI, attribute and element: classes 1 to 6 (DL/T 698.45 annex A).

Attribute 2 is the value, 3 its scaler and unit; of energies 4 is the value in four decimals and 5
its scaler and unit; 2001 has the neutral current as attribute 4. Index 0 is the whole, an array
where the object has elements; else the element. Read from meter.registers, which show the present
or, for the columns of a freeze, a past instant.
"""

from lib import calendar
from lib import chip as c
from lib.bcd import round10
from lib.metering import (
    APPARENT_FORWARD,
    APPARENT_REVERSE,
    COMBINED,
    MISSING,
    NOW,
    PHASE_FIRST,
    REACTIVE_1,
    REACTIVE_2,
    UNKNOWN,
    word,
)
from lib.registers import s16, s32, u16
from lib.status import WORDS
from lib.status import word as status_word
from meter698 import axdr as a

VALUE = 2
SCALER = 3
FINE = 4
FINE_SCALER = 5

TEMPORARY = 2
UNDEFINED = 4
NO_OBJECT = 6

# bytes an object needs behind its place, at most: the columns of a freeze
ROOM = 224

KWH = 33
KVAH = 34
KVARH = 35
KW = 28
KVA = 30
KVAR = 32
# 10 mV, as the meter leaves the factory
LOWER = 10 * 1554
UPPER = 10 * 2646

# OI of class 3 to 6, tag, scale, unit, register, bytes of it, elements (NO_TOTAL, TOTAL, ONE)
NO_TOTAL = 0
TOTAL = 1
ONE = 2
VARIABLES = (
    (0x2000, a.U16, -1, 38, c.VOLTAGE, 2, NO_TOTAL),
    (0x2001, a.S32, -3, 36, c.CURRENT, 4, NO_TOTAL),
    (0x2003, a.U16, -1, 8, c.ANGLE, 2, NO_TOTAL),
    (0x2004, a.S32, -1, 27, c.ACTIVE, 4, TOTAL),
    (0x2005, a.S32, -1, 31, c.REACTIVE, 4, TOTAL),
    (0x2006, a.S32, -1, 29, c.APPARENT, 4, TOTAL),
    (0x200A, a.S16, -3, 255, c.FACTOR, 2, TOTAL),
    (0x200F, a.U16, -2, 47, c.FREQUENCY, 2, ONE),
    (0x2010, a.S16, -1, 9, c.TEMPERATURE, 2, ONE),
    (0x2011, a.U16, -2, 38, c.CLOCK_BATTERY, 2, ONE),
    (0x2012, a.U16, -2, 38, c.READING_BATTERY, 2, ONE),
)
ANGLE = 0x2003
NEUTRAL = 0x2001
BATTERY_TIME = 0x2013
STATUS = 0x2014
FOLLOW = 0x2015
# what the store's page of averages holds: OI, place, scale, unit, elements
AVERAGES = (
    (0x2007, 0, -1, 27, TOTAL),
    (0x2017, 4, -4, KW, ONE),
    (0x2018, 8, -4, KVAR, ONE),
    (0x2019, 12, -4, KVA, ONE),
)


def put(body, at: int, oi: int, attribute: int, index: int, meter) -> int:
    """An object's Data behind `at`; the place behind it, or -DAR."""
    if at + ROOM > len(body):
        return -TEMPORARY
    if oi < 0x0100:
        return _energy(body, at, oi, attribute, index, meter)
    if 0x1000 <= oi < 0x1100:
        return _demand(body, at, oi, attribute, index, meter)
    if 0x2000 <= oi < 0x2020:
        return _variable(body, at, oi, attribute, index, meter)
    if meter.settings.has(oi):
        return meter.settings.put(body, at, oi, attribute, index, meter)
    if 0x5000 <= oi < 0x5100 and attribute == SCALER and not index and meter.freezes.has(oi):
        return meter.freezes.put_attribute(body, at, oi)
    if 0x3000 <= oi < 0x3100 and attribute != VALUE and not index:
        return meter.events.put_attribute(body, at, oi, attribute, meter.elements, meter.memory)
    return -NO_OBJECT if 0x3000 <= oi < 0x6000 else -UNDEFINED


def has(oi: int, meter) -> bool:
    """Whether the meter has such an object, whatever of it can be read."""
    if oi < 0x0100:
        return _quantity(oi) >= 0 and meter.registers.energy(_quantity(oi), 0) != MISSING
    if 0x1000 <= oi < 0x1100:
        return meter.elements == 3 and _quantity(oi) > COMBINED and not oi & 15
    if 0x2000 <= oi < 0x2020:
        for row in VARIABLES:
            if row[0] == oi:
                return True
        for one in AVERAGES:
            if one[0] == oi:
                return meter.elements == 3 or one[1] <= 4
        return oi in (BATTERY_TIME, STATUS, FOLLOW)
    if meter.freezes.has(oi) or meter.events.has(oi, meter.elements):
        return True
    return meter.settings.has(oi)


def _scaler(body, at: int, scale: int, unit: int, index: int) -> int:
    if index:
        return -NO_OBJECT
    return a.put_u8(body, a.put_u8(body, a.put_u8(body, at, a.SCALER_UNIT), scale), unit)


def _elements(index: int, first: int, last: int) -> tuple:
    """The elements an index names, out of first..last: (first, behind the last); none: (0, 0)."""
    if not index:
        return (first, last + 1)
    one = first + index - 1
    return (one, one + 1) if one <= last else (0, 0)


def _quantity(oi: int) -> int:
    """The register (lib/metering.py) an energy or demand of this OI is; -1 = there is none.

    000q, q = 0 combined, 1 forward, 2 reverse, 3, 4 reactive, 5..8 quadrants, 9, A apparent.
    """
    which = oi >> 4 & 15
    phase = oi & 15
    if which > APPARENT_REVERSE or phase > 3 or phase and not which:
        return -1
    if not phase:
        return which
    return PHASE_FIRST[phase - 1] + which - 1


def _energy_unit(which: int) -> int:
    if which < REACTIVE_1:
        return KWH
    return KVAH if which >= APPARENT_FORWARD else KVARH


def _energy(body, at: int, oi: int, attribute: int, index: int, meter) -> int:
    which = _quantity(oi)
    if which < 0:
        return -UNDEFINED
    kind = oi >> 4
    if not VALUE <= attribute <= FINE_SCALER:
        return -NO_OBJECT
    # a scaler is known of what the meter counts alone
    if meter.registers.energy(which, 0) == MISSING:
        return -NO_OBJECT
    if attribute == SCALER or attribute == FINE_SCALER:
        return _scaler(body, at, -2 if attribute == SCALER else -4, _energy_unit(kind), index)
    first, end = _elements(index, 0, 0 if oi & 15 else c.TARIFFS)
    if end == 0:
        return -NO_OBJECT
    if not index:
        at = a.put_array(body, at, end - first)
    signed = kind in (COMBINED, REACTIVE_1, REACTIVE_2)
    for tariff in range(first, end):
        if tariff and not meter.registers.sorted:
            # what it was before the calendar was changed, nobody can say
            at = a.put_null(body, at)
        elif attribute == VALUE:
            at = a.put_u8(body, at, a.S32 if signed else a.U32)
            at = a.put_u32(body, at, meter.registers.energy(which, tariff))
        else:
            at = a.put_u8(body, at, a.S64 if signed else a.U64)
            at = a.put_u64(body, at, meter.registers.fine(which, tariff))
    return at


def _demand(body, at: int, oi: int, attribute: int, index: int, meter) -> int:
    """Maximum demand since the month began, with the second its period ended."""
    which = _quantity(oi)
    if which <= COMBINED:
        return -UNDEFINED
    if meter.elements != 3 or oi & 15 or attribute not in (VALUE, SCALER):
        return -NO_OBJECT
    if attribute == SCALER:
        unit = KW if which < REACTIVE_1 else KVA if which >= APPARENT_FORWARD else KVAR
        return _scaler(body, at, -4, unit, index)
    registers = meter.registers
    # what is frozen as a month begins is of the month that ends; months go by the meter's clock
    ahead = meter.shift if registers.when == NOW else registers.ahead
    when = meter.time() if registers.when == NOW else registers.when + ahead - 1
    year, month = calendar.date(max(when, 0))[:2]
    since = calendar.seconds(year, month, 1, 0, 0, 0) - ahead
    if not registers.peak(registers.when, max(since, 0)):
        return -TEMPORARY
    first, end = _elements(index, 0, c.TARIFFS)
    if end == 0:
        return -NO_OBJECT
    if not index:
        at = a.put_array(body, at, end - first)
    for tariff in range(first, end):
        place = ((which - 1) * (c.TARIFFS + 1) + tariff) * 8
        if tariff and word(registers.peaks, place) == UNKNOWN:
            at = a.put_null(body, at)
            continue
        at = a.put_structure(body, at, 2)
        at = a.put_u8(body, at, a.S32 if which in (REACTIVE_1, REACTIVE_2) else a.U32)
        at = a.put_u32(body, at, word(registers.peaks, place))
        second = word(registers.peaks, place + 4)
        at = a.put_tag_date_time_s(body, at, second + ahead if second else -1)
    return at


def _variable(body, at: int, oi: int, attribute: int, index: int, meter) -> int:
    chip = meter.registers.chip
    for row in VARIABLES:
        if row[0] == oi:
            return _measured(body, at, row, attribute, index, chip, meter.elements)
    for one, place, scale, unit, kind in AVERAGES:
        if one == oi:
            return _average(body, at, place, scale, unit, kind, attribute, index, meter)
    if oi == BATTERY_TIME and attribute == SCALER:
        return _scaler(body, at, 0, 6, index)
    if attribute != VALUE:
        return -NO_OBJECT
    if oi == STATUS:
        return _status(body, at, index, meter)
    if oi == BATTERY_TIME and not index:
        return a.put_tag_u32(body, at, word(chip, c.BATTERY_MIN))
    if oi == FOLLOW and not index:
        # nothing is ever reported behind an answer
        return a.put_tag_bits(body, at, 0, 32)
    return -NO_OBJECT


def _measured(body, at: int, row, attribute: int, index: int, chip, elements: int) -> int:
    oi, tag, scale, unit, register, _, kind = row
    if attribute == SCALER:
        return _scaler(body, at, scale, unit, index)
    if attribute == FINE and oi == NEUTRAL and not index:
        return a.put_tag_s32(body, at, round10(s32(chip, c.CURRENT_N)))
    if attribute != VALUE:
        return -NO_OBJECT
    if kind == ONE:
        if index:
            return -NO_OBJECT
        raw = s16(chip, register) if tag == a.S16 else u16(chip, register)
        return a.put_u16(body, a.put_u8(body, at, tag), round10(raw))
    first, end = _elements(index, 1 - kind, elements)
    if end == 0:
        return -NO_OBJECT
    if not index:
        at = a.put_array(body, at, end - first)
    for which in range(first, end):
        at = a.put_u8(body, at, tag)
        value = round10(_raw(row, which, chip, elements))
        if oi == ANGLE:
            value %= 3600
        at = a.put_u32(body, at, value) if row[5] == 4 else a.put_u16(body, at, value)
    return at


def _raw(row, which: int, chip, elements: int) -> int:
    """One register; which = 0 is the total."""
    base = row[4]
    if row[5] == 4:
        if which:
            return s32(chip, base + 4 * (which - 1))
        total = 0
        for i in range(elements):
            total += s32(chip, base + 4 * i)
        return total
    if row[6] == TOTAL:
        return s16(chip, base + 2 * which)
    return u16(chip, base + 2 * (which - 1))


def _average(body, at, place, scale, unit, kind, attribute, index, meter) -> int:
    """Mean of a minute, present demand; a single-phase meter has active power alone."""
    if meter.elements != 3 and place > 4 or attribute not in (VALUE, SCALER):
        return -NO_OBJECT
    if attribute == SCALER:
        return _scaler(body, at, scale, unit, index)
    if index > kind % ONE:
        return -NO_OBJECT
    # the store has them of the present alone
    if meter.registers.when != NOW or not meter.registers.average():
        return -TEMPORARY
    if kind == TOTAL and not index:
        at = a.put_array(body, at, 1)
    return a.put_tag_s32(body, at, s32(meter.registers.averages, place))


def _status(body, at: int, index: int, meter) -> int:
    first, end = _elements(index, 1, WORDS)
    if end == 0:
        return -NO_OBJECT
    if not index:
        at = a.put_array(body, at, WORDS)
    for n in range(first, end):
        chip = meter.registers.chip
        sets = meter.tables.calendar.in_force(meter.time())
        bits = status_word(n, chip, meter.elements, LOWER, UPPER, False, False, meter.fault(), sets)
        at = a.put_tag_bits(body, at, bits, 16)
    return at
