"""Class 06: load records, by earliest, by time, newest (DL/T 645-2007 A.7).

A block: A0 A0, how many bytes follow up to the last AA, time mm hh DD MM YY, the six classes each
closed by AA (empty where it is not kept or not asked), the sum of all bytes before, E5.

Nothing is stored: the ring is the last 60 days of quarter hours, worked out from the clock. While
the power was off there are no records.
"""

from lib.bcd import put_signed, round10
from lib.checksum import sum8
from lib.chip import ACTIVE, REACTIVE, powered
from lib.registers import s32
from meter645.energy import put_quantity
from meter645.items import put_item
from meter645.put import put_minute

NONE = -1
ALL = 0xFF
# 60 days of quarter hours
KEPT = 5760
LONGEST = 128
EARLIEST = 0x00
GIVEN = 0x01
NEWEST = 0x02
CLASSES = 6
MARK = 0xA0
SEPARATOR = 0xAA
END = 0xE5


def put_records(out, at, room, d2, d1, d0, count, given, registers, periods) -> int:
    """`count` blocks one after the other, as many as there are and fit `room`; length or NONE.

    given: the instant asked for with GIVEN, seconds; the block at it or the first behind it.
    """
    if registers.elements != 3 or d1 or d2 > CLASSES or d0 > NEWEST or count < 1:
        return NONE
    step = periods.record_step(d2 or 1)
    if step <= 0:
        return NONE
    last = periods.now // step * step
    first = max(-(-periods.record_start() // step) * step, last - (KEPT - 1) * step)
    when = first
    if d0 == NEWEST:
        when = _back(first, last, step, count, registers, periods)
    elif d0 == GIVEN:
        when = max(first, -(-given // step) * step)
    pos = at
    while when <= last and count > 0 and pos - at + LONGEST <= room:
        if _kept(when, registers, periods):
            pos += _block(out, pos, d2, when, registers, periods)
            count -= 1
        when += step
        if pos == at and when - first > KEPT * step:
            break
    return pos - at if pos > at else NONE


def _kept(when, registers, periods) -> bool:
    """Whether there is a record of that second, whose registers then stand ready."""
    return registers.at(periods.on_board(when)) and powered(registers.chip)


def _back(first, last, step, count, registers, periods) -> int:
    """Where the newest `count` records begin: those of a power off do not count."""
    when = last + step
    while when > first and count > 0:
        when -= step
        if _kept(when, registers, periods):
            count -= 1
    return when


def _block(out, at, only, when, registers, periods) -> int:
    out[at] = out[at + 1] = MARK
    pos = at + 3
    pos += put_minute(out, pos, when)
    for kind in range(1, CLASSES + 1):
        if only in (0, kind) and periods.record_step(kind) and not when % periods.record_step(kind):
            pos += _class(out, pos, kind, registers)
        out[pos] = SEPARATOR
        pos += 1
    out[at + 2] = pos - at - 3
    out[pos] = sum8(out, at, pos)
    out[pos + 1] = END
    return pos + 2 - at


def _class(out, at, kind, registers) -> int:
    """One class: U I f; P Q; power factor; energies; quadrants; present demand."""
    chip = registers.chip
    if kind == 4:
        return _energies(out, at, (1, 2, 3, 4), registers)
    if kind == 5:
        return _energies(out, at, (5, 6, 7, 8), registers)
    pos = at
    if kind == 6:
        # past demand is not in the memory: the power of the instant stands for it
        for base in (ACTIVE, REACTIVE):
            value = 0
            for element in range(3):
                value += s32(chip, base + 4 * element)
            put_signed(out, pos, round10(value), 3)
            pos += 3
        return pos - at
    for d2 in ((1, 2), (3, 4), (6,))[kind - 1]:
        pos += put_item(out, pos, 0x02, d2, ALL, 0, chip, 3)
    if kind == 1:
        pos += put_item(out, pos, 0x02, 0x80, 0, 2, chip, 3)
    return pos - at


def _energies(out, at, which, registers) -> int:
    pos = at
    for one in which:
        pos += put_quantity(out, pos, False, one, 0, registers)
    return pos - at
