"""What the meter does not forget without power: its place in the image of lib/nv.py.

Kept is what was set and what was done to the meter: settings, passwords and the lock behind them,
what the tariffs had counted where the calendar was changed,
number, speed, what its clock is set off, relay, commands to freeze, rings of records, when demand
and events were cleared. Not kept: energies (the metering chip counts), an answer in parts.

Saved behind an order, before its answer goes out; a read writes nothing.
"""

from lib.tariffs import STATE
from lib.wide import WIDE, get_wide, put_wide
from meter645.events import CLEAR_DEMAND, OPERATIONS, RECORDS, RING_SIZES, TRIPS
from meter645.settings import ROWS

LAYOUT = 4

# numbers: 15 of the meter's own, then of each ring how many it has counted, of
# the rings that ask for it when (10 each), since when the demands of each clear were, and of each
# kind of event when it was cleared
OWN = 15
NUMBERS = OWN + len(RING_SIZES) + 2 + 4 * RECORDS + OPERATIONS + 1
# number, passwords, command to freeze
FIXED = 6 + 30 + 4
RELAY_RECORD = 10


def kept() -> tuple:
    """What a board keeps for this meter: the image's layout and its bytes."""
    size = FIXED + WIDE * NUMBERS + STATE + 2 * RECORDS * RELAY_RECORD
    for row in ROWS:
        size += row[3]
    for one in RING_SIZES:
        size += RECORDS * one
    return (LAYOUT, size)


class Keep:
    """One meter's part in its NV memory."""

    def __init__(self, meter, nv) -> None:
        self._meter = meter
        self.nv = nv
        self._numbers = bytearray(WIDE * NUMBERS)
        if nv.found:
            self._load()

    def save(self) -> None:
        """Keep what has changed."""
        put = self.nv.put
        at = 0
        self._note_numbers()
        for part in self._parts():
            put(at, part)
            at += len(part)
        self.nv.commit()

    def _parts(self):
        """All that is kept, as buffers, in their order."""
        meter = self._meter
        parts = [
            meter.parts.number or meter.number,
            meter.locks.passwords,
            meter.periods.pattern,
            self._numbers,
            meter.settings.data,
            meter.tariffs().state,
        ]
        for ring in meter.events.rings:
            parts.append(ring.data)
        return parts

    def _load(self) -> None:
        get = self.nv.get
        at = 0
        for part in self._parts():
            get(at, part)
            at += len(part)
        self._take_numbers()
        self._meter.tariffs().load()

    def _note_numbers(self) -> None:
        meter = self._meter
        orders = meter.orders
        periods = meter.periods
        events = meter.events
        own = (
            meter.shift,
            meter.speed_word or meter.speed,
            meter.locks.wrong,
            meter.locks.day,
            (1 if orders.tripped else 0) | (2 if orders.alarm else 0) | (4 if orders.kept else 0),
            orders.terminal,
            orders.told_day,
            periods.since,
            periods.at_once[0],
            periods.at_once[1],
            periods.at_once[2],
            periods.demand_cleared,
            periods.shifts[0],
            periods.shifts[1],
            periods.shifts[2],
        )
        buf = self._numbers
        at = _put_all(buf, 0, own)
        for ring in events.rings:
            at = _put_all(buf, at, (ring.count,))
        for ring in timed(events):
            at = _put_all(buf, at, ring.times)
        at = _put_all(buf, at, events.demands_since)
        _put_all(buf, at, events.cleared)

    def _take_numbers(self) -> None:
        meter = self._meter
        orders = meter.orders
        periods = meter.periods
        events = meter.events
        own = [0] * OWN
        at = _take_all(self._numbers, 0, own)
        meter.shift = own[0]
        meter.speed = own[1]
        meter.locks.wrong = own[2]
        meter.locks.day = own[3]
        orders.tripped = own[4] & 1 != 0
        orders.alarm = own[4] & 2 != 0
        orders.kept = own[4] & 4 != 0
        orders.terminal = own[5]
        orders.told_day = own[6]
        periods.since = own[7]
        for i in range(3):
            periods.at_once[i] = own[8 + i]
            periods.shifts[i] = own[12 + i]
        periods.demand_cleared = own[11]
        one = [0]
        for ring in events.rings:
            at = _take_all(self._numbers, at, one)
            ring.count = one[0]
        for ring in timed(events):
            at = _take_all(self._numbers, at, ring.times)
        at = _take_all(self._numbers, at, events.demands_since)
        _take_all(self._numbers, at, events.cleared)


def timed(events):
    """The rings whose records need their instant again: demands and energies belong to it."""
    return (events.rings[CLEAR_DEMAND], events.rings[TRIPS], events.rings[TRIPS + 1])


def _put_all(buf, at: int, values) -> int:
    for value in values:
        at = put_wide(buf, at, value)
    return at


def _take_all(buf, at: int, values) -> int:
    for i in range(len(values)):
        values[i] = get_wide(buf, at)
        at += WIDE
    return at
