"""Classes 00 and 01: energy and maximum demand, by tariff and settlement day (DL/T 645-2007 A.1-2).

DI2 names the quantity, DI1 the tariff, DI0 the settlement day: 00 now, 01..0C the nth last. FF in
one or several of them asks for the block, in ascending order, DI0 outermost.
"""

from lib import metering as r
from lib.bcd import put_bcd, put_blank, put_signed
from lib.chip import TARIFFS
from meter645.put import put_minute

NONE = -1
ALL = 0xFF
SETTLEMENTS = 12
ENERGY_SIZE = 4
DEMAND_SIZE = 8


def put_class(out, at, demand, d2, d1, d0, registers, times) -> int:
    """Energy, or demand, of an identifier; its length or NONE.

    times: the instants that bound the periods (periods.py).
    """
    if d0 == ALL:
        first = 0
        last = SETTLEMENTS
    elif d0 <= SETTLEMENTS:
        first = last = d0
    else:
        return NONE
    if (last or demand) and registers.memory is None:
        return NONE
    pos = at
    for n in range(first, last + 1):
        known = True
        if n:
            known = registers.at(times.on_board(times.settlement(n)))
        else:
            registers.now()
        if demand:
            when = times.settlement(n) if n else times.now
            since = times.peak_since(n)
            known = registers.peak(times.on_board(when), since) and when >= 0
        size = put_quantity(out, pos, demand, d2, d1, registers, known, times.shift)
        if size == NONE:
            return NONE
        pos += size
    return pos - at


def put_quantity(out, at, demand, d2, d1, registers, known=True, shift=0) -> int:
    """One quantity: total, a tariff, or the block of both; FF where it is not known.

    shift: what the meter's clock is set off from the board's, s; for when a demand was.
    """
    if d1 == ALL:
        first = 0
        last = 0 if d2 > r.APPARENT_REVERSE else TARIFFS
    elif d1 <= TARIFFS:
        first = last = d1
    else:
        return NONE
    size = DEMAND_SIZE if demand else ENERGY_SIZE
    pos = at
    for tariff in range(first, last + 1):
        if demand:
            if registers.elements != 3 or not 1 <= d2 <= r.APPARENT_REVERSE:
                return NONE
            if not known:
                put_blank(out, pos, size)
            else:
                _put_peak(out, pos, d2, tariff, registers, shift)
        else:
            value = registers.energy(d2, tariff)
            if value == r.MISSING:
                return NONE
            if known and (not tariff or registers.sorted):
                put_energy(out, pos, value)
            else:
                put_blank(out, pos, size)
        pos += size
    return pos - at


def put_energy(out, at, value) -> None:
    """XXXXXX.XX; a combination below nothing keeps one bit for its sign."""
    if value < 0:
        put_signed(out, at, value, ENERGY_SIZE)
    else:
        put_bcd(out, at, value, ENERGY_SIZE)


def _put_peak(out, at, which, tariff, registers, shift) -> None:
    """XX.XXXX and the minute it ended; zeros if there was none."""
    place = ((which - 1) * (TARIFFS + 1) + tariff) * 8
    if tariff and r.word(registers.peaks, place) == r.UNKNOWN:
        put_blank(out, at, DEMAND_SIZE)
        return
    put_bcd(out, at, r.word(registers.peaks, place), 3)
    when = r.word(registers.peaks, place + 4)
    put_minute(out, at + 3, when + shift if when else 0)
