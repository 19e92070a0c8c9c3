"""What the 698 meter does not forget without power: its place in the image of lib/nv.py.

Kept is what was set and what was done to the meter: customer number, asset code, password and the
lock behind it, number, speed, what its clock is set off, the curve's period and depth, freezes
told, the rings of programming and clock set, the calendar of tariffs and what was counted by it
where it was changed. Not kept: a connection, an answer in parts.

Saved behind an order, before its answer goes out; a GET writes nothing.
"""

from lib.wide import WIDE, get_wide, put_wide
from meter698 import access, tables
from meter698.events import RECORDS, RINGS
from meter698.settings import ROWS

LAYOUT = 3

NUMBER = 6
# figures of the meter's own, and of each ring: how many, starts, ends
OWN = 15
OF_RING = 1 + 2 * RECORDS


def kept() -> tuple:
    """What a board keeps for this meter: the image's layout and its bytes."""
    size = tables.KEPT + NUMBER + 1 + access.LONGEST + WIDE * (OWN + OF_RING * len(RINGS))
    for row in ROWS:
        if row[4]:
            size += 1 + row[2]
    return (LAYOUT, size)


class Keep:
    """One meter's part in its NV memory."""

    def __init__(self, meter, nv) -> None:
        self._meter = meter
        self.nv = nv
        if nv.found:
            self._load()

    def save(self) -> None:
        """Keep what has changed."""
        meter = self._meter
        at = self._put(0, meter.new_number or meter.number)
        for part in meter.tables.keep_parts():
            at = self._put(at, part)
        at = self._put_text(at, meter.access.password, access.LONGEST)
        at = self._put_figures(at, self._own())
        for ring in meter.events.rings:
            at = self._put_figures(at, [ring.count] + ring.starts + ring.ends)
        values = meter.settings.values
        for i in range(len(ROWS)):
            if ROWS[i][4]:
                at = self._put_text(at, values[i], ROWS[i][2])
        self.nv.commit()

    def _load(self) -> None:
        meter = self._meter
        self.nv.get(0, meter.number)
        at = NUMBER
        for part in meter.tables.keep_parts():
            self.nv.get(at, part)
            at += len(part)
        meter.tables.kept()
        meter.access.password = self._text(at, access.LONGEST)
        at += 1 + access.LONGEST
        self._take_own(self._figures(at, OWN))
        at += WIDE * OWN
        for ring in meter.events.rings:
            figures = self._figures(at, OF_RING)
            ring.count = figures[0]
            ring.starts = figures[1 : 1 + RECORDS]
            ring.ends = figures[1 + RECORDS :]
            at += WIDE * OF_RING
        for i in range(len(ROWS)):
            if ROWS[i][4]:
                meter.settings.values[i] = self._text(at, ROWS[i][2])
                at += 1 + ROWS[i][2]

    def _own(self) -> list:
        meter = self._meter
        clock = meter.clock
        freezes = meter.freezes
        own = [clock.shift, clock.told_day, meter.access.wrong, meter.access.day]
        own += [meter.new_speed or meter.speed, freezes.period, freezes.depth, freezes.since]
        return own + [freezes.told] + freezes.at_once + freezes.shifts

    def _take_own(self, own) -> None:
        meter = self._meter
        clock = meter.clock
        freezes = meter.freezes
        clock.shift, clock.told_day, meter.access.wrong, meter.access.day = own[:4]
        meter.speed, freezes.period, freezes.depth, freezes.since = own[4:8]
        freezes.told = own[8]
        freezes.at_once = own[9:12]
        freezes.shifts = own[12:15]

    def _put(self, at: int, data) -> int:
        self.nv.put(at, data)
        return at + len(data)

    def _put_text(self, at: int, text, most: int) -> int:
        """A text of at most so many bytes, its length first."""
        data = bytearray(1 + most)
        data[0] = len(text)
        for i in range(len(text)):
            data[1 + i] = text[i]
        return self._put(at, data)

    def _put_figures(self, at: int, figures) -> int:
        data = bytearray(WIDE * len(figures))
        place = 0
        for figure in figures:
            place = put_wide(data, place, figure)
        return self._put(at, data)

    def _text(self, at: int, most: int):
        data = bytearray(1 + most)
        self.nv.get(at, data)
        return bytes(data[1 : 1 + data[0]])

    def _figures(self, at: int, count: int) -> list:
        data = bytearray(WIDE * count)
        self.nv.get(at, data)
        return [get_wide(data, WIDE * i) for i in range(count)]
