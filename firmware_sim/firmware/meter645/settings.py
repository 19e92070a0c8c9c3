"""Class 04: what is set in the meter, by identifier: rows of a table over one fixed buffer.

Each row: DI2 DI1 DI0, bytes, as it leaves the factory (wire order; text is turned around when it is
put in), and who may write it: the highest password level, NOBODY for what only a factory sets.
Sources: DL/T 645-2007 A.5; identifiers marked E are of the later extension.
"""

from lib.tariffs import FACTORY, HOLIDAYS, ROW, SETS, SIZE, pair
from lib.timetable import FINE, SEGMENTS_EXCEEDED, WRONG, ZONES_EXCEEDED, refused

NOBODY = -1
# error bits of an answer to function 14, by what lib/timetable.py says: other, too many zones,
# too many segments of a day, too many tariffs
REFUSALS = (0x00, 0x01, 0x10, 0x20, 0x40)

# what other files look up by place
FIXED = (
    (0x00, 0x06, 0x01, 1, b"\x05", 2),
    (0x00, 0x06, 0x02, 1, b"\x05", 2),
    (0x00, 0x06, 0x03, 1, b"\x50", 2),
    (0x00, 0x09, 0x01, 1, b"\x3f", 4),
    (0x00, 0x0A, 0x01, 4, b"\x00\x00\x01\x01", 4),
    (0x00, 0x0A, 0x02, 2, b"\x15\x00", 4),
    (0x00, 0x0A, 0x03, 2, b"\x15\x00", 4),
    (0x00, 0x0A, 0x04, 2, b"\x15\x00", 4),
    (0x00, 0x0A, 0x05, 2, b"\x15\x00", 4),
    (0x00, 0x0A, 0x06, 2, b"\x15\x00", 4),
    (0x00, 0x0A, 0x07, 2, b"\x15\x00", 4),
    (0x00, 0x0B, 0x01, 2, b"\x00\x01", 4),
    (0x00, 0x0B, 0x02, 2, b"\x99\x99", 4),
    (0x00, 0x0B, 0x03, 2, b"\x99\x99", 4),
    # E: hourly freeze start and interval, daily freeze time
    (0x00, 0x12, 0x01, 5, b"\x00\x00\x01\x01\x16", 4),
    (0x00, 0x12, 0x02, 1, b"\x60", 4),
    (0x00, 0x12, 0x03, 2, b"\x00\x00", 4),
    # P upper limits, U upper and lower limit
    (0x00, 0x0E, 0x01, 3, b"\x00\x00\x60", 4),
    (0x00, 0x0E, 0x02, 3, b"\x00\x00\x60", 4),
    (0x00, 0x0E, 0x03, 2, b"\x46\x26", 4),
    (0x00, 0x0E, 0x04, 2, b"\x54\x15", 4),
    (0x00, 0x01, 0x03, 1, b"\x15", 4),
    (0x00, 0x01, 0x04, 1, b"\x01", 4),
    (0x00, 0x01, 0x05, 2, b"\x80\x00", 4),
    # from here to the holidays: the calendar of tariffs as lib/tariffs.py has it. Switches of the
    # zones, the day tables, E: of the price sets; weekend; two sets of zones and day tables
    (0x00, 0x01, 0x06, 5, FACTORY[0:5], 4),
    (0x00, 0x01, 0x07, 5, FACTORY[5:10], 4),
    (0x00, 0x01, 0x08, 5, FACTORY[10:15], 4),
    (0x00, 0x01, 0x09, 5, FACTORY[15:20], 4),
    (0x00, 0x08, 0x01, 1, FACTORY[20:21], 4),
    (0x00, 0x08, 0x02, 1, FACTORY[21:22], 4),
    (0x01, 0x00, 0x00, 6, FACTORY[22:28], 4),
    (0x01, 0x00, 0x01, 12, FACTORY[28:40], 4),
    (0x01, 0x00, 0x02, 12, FACTORY[40:52], 4),
    (0x02, 0x00, 0x00, 6, FACTORY[52:58], 4),
    (0x02, 0x00, 0x01, 12, FACTORY[58:70], 4),
    (0x02, 0x00, 0x02, 12, FACTORY[70:82], 4),
    (0x03, 0x00, 0x01, 4, FACTORY[82:86], 4),
    (0x03, 0x00, 0x02, 4, FACTORY[86:90], 4),
)
COMBINATION = 0
RECORD_MODE = 3
RECORD_START = 4
RECORD_STEP = 8
SETTLEMENT = 20
HOURLY_START = 26
HOURLY_STEP = 31
DAILY = 32
UPPER = 40
LOWER = 42
CALENDAR = 48

OTHERS = (
    # two zones, two day tables of four segments, four tariffs, two holidays, no harmonics
    (0x00, 0x02, 0x01, 1, b"\x02", NOBODY),
    (0x00, 0x02, 0x02, 1, b"\x02", NOBODY),
    (0x00, 0x02, 0x03, 1, b"\x04", NOBODY),
    (0x00, 0x02, 0x04, 1, b"\x04", NOBODY),
    (0x00, 0x02, 0x05, 2, b"\x02\x00", NOBODY),
    (0x00, 0x02, 0x06, 1, b"\x00", NOBODY),
    (0x00, 0x03, 0x01, 1, b"\x05", 4),
    (0x00, 0x03, 0x02, 1, b"\x05", 4),
    (0x00, 0x03, 0x03, 1, b"\x02", 4),
    (0x00, 0x03, 0x04, 1, b"\x04", 4),
    (0x00, 0x03, 0x05, 1, b"\x10", 4),
    (0x00, 0x04, 0x03, 32, b"BOXGATE-SIM", 2),
    (0x00, 0x04, 0x04, 6, b"220V", NOBODY),
    (0x00, 0x04, 0x05, 6, b"5A", NOBODY),
    (0x00, 0x04, 0x06, 6, b"60A", NOBODY),
    (0x00, 0x04, 0x07, 4, b"1.0", NOBODY),
    (0x00, 0x04, 0x08, 4, b"2.0", NOBODY),
    (0x00, 0x04, 0x09, 3, b"\x00\x16\x00", NOBODY),
    (0x00, 0x04, 0x0A, 3, b"\x00\x16\x00", NOBODY),
    (0x00, 0x04, 0x0B, 10, b"SIM2013", NOBODY),
    (0x00, 0x04, 0x0C, 10, b"2013-06-01", NOBODY),
    (0x00, 0x04, 0x0D, 16, b"DL/T645-2007", NOBODY),
    # E
    (0x00, 0x04, 0x0E, 6, b"\x00\x00\x00\x00\x00\x00", 4),
    (0x00, 0x07, 0x01, 1, b"\x04", 4),
    (0x00, 0x07, 0x02, 1, b"\x04", 4),
    (0x00, 0x07, 0x03, 1, b"\x20", 4),
    (0x00, 0x07, 0x04, 1, b"\x20", 4),
    (0x00, 0x07, 0x05, 1, b"\x20", 4),
    (0x00, 0x09, 0x02, 1, b"\xff", 4),
    (0x00, 0x09, 0x03, 1, b"\xff", 4),
    (0x00, 0x09, 0x04, 1, b"\xff", 4),
    (0x00, 0x09, 0x05, 1, b"\x03", 4),
    (0x00, 0x09, 0x06, 1, b"\xff", 4),
    (0x00, 0x0D, 0x01, 2, b"\x25\x00", 4),
    (0x00, 0x0D, 0x02, 2, b"\x26\x00", 4),
    (0x00, 0x0D, 0x03, 2, b"\x27\x00", 4),
    (0x00, 0x0D, 0x04, 2, b"\x28\x00", 4),
    (0x00, 0x0D, 0x05, 2, b"\x29\x00", 4),
    (0x00, 0x0D, 0x06, 2, b"\x30\x00", 4),
    (0x00, 0x0D, 0x07, 2, b"\x31\x00", 4),
    (0x00, 0x0D, 0x08, 2, b"\x32\x00", 4),
    (0x00, 0x0D, 0x09, 2, b"\x33\x00", 4),
    (0x00, 0x0D, 0x0A, 2, b"\x34\x00", 4),
    (0x00, 0x0D, 0x0B, 2, b"\x35\x00", 4),
    (0x00, 0x0D, 0x0C, 2, b"\x36\x00", 4),
    (0x80, 0x00, 0x01, 32, b"boxgate meter645", NOBODY),
    (0x80, 0x00, 0x02, 32, b"simulated", NOBODY),
    (0x80, 0x00, 0x03, 32, b"boxgate", NOBODY),
)
ROWS = FIXED + OTHERS
ALL = 0xFF
NONE = -1
# of a settlement day: there is none
UNSET = 0x99


def is_time(data, at: int, most_low: int, most_high: int) -> bool:
    """Whether two bytes are hhmm or DDhh, low byte first."""
    return 0 <= pair(data, at) <= most_low and 0 <= pair(data, at + 1) <= most_high


class Settings:
    """The settings of one meter, all in `data`."""

    def __init__(self):
        size = 0
        for row in ROWS:
            size += row[3]
        self.data = bytearray(size)
        at = 0
        for row in ROWS:
            value = row[4]
            # text ends with zeros and goes last character first (5.2.4)
            text = row[3] > len(value) or row[3] >= 10 and row[0] in (0x00, 0x80)
            for i in range(len(value)):
                self.data[at + (row[3] - 1 - i if text else i)] = value[i]
            at += row[3]

    def combination(self, n: int) -> int:
        """The combination word of active (0), reactive 1 and 2."""
        return self.data[COMBINATION + n]

    def place(self, d2: int, d1: int, d0: int) -> int:
        """Where in `data` an item stands; NONE if there is none."""
        at = 0
        for row in ROWS:
            if row[2] == d0 and row[1] == d1 and row[0] == d2:
                return at
            at += row[3]
        return NONE

    def row(self, d2: int, d1: int, d0: int) -> tuple:
        """(bytes, highest level that may write it); no bytes if there is none."""
        for row in ROWS:
            if row[2] == d0 and row[1] == d1 and row[0] == d2:
                return (row[3], row[5])
        return (0, NOBODY)

    def refuses(self, d2: int, d1: int, d0: int, data, start: int, size: int) -> int:
        """Error bits if data[start:start + size] is no date, time or table of that item; else 0."""
        place = self.place(d2, d1, d0)
        if size == 2 and place == DAILY:
            return REFUSALS[FINE if is_time(data, start, 59, 23) else WRONG]
        if size == 2 and SETTLEMENT <= place < HOURLY_START:
            right = is_time(data, start, 23, 31) and data[start + 1]
            right = right or data[start] == data[start + 1] == UNSET
            return REFUSALS[FINE if right else WRONG]
        at = place - CALENDAR
        if not 0 <= at < SIZE:
            return 0
        right = self.row(d2, d1, d0)[0]
        if SETS <= at < HOLIDAYS and size > right and not size % ROW:
            return REFUSALS[SEGMENTS_EXCEEDED if d0 else ZONES_EXCEEDED]
        return REFUSALS[refused(at, data, start, size) if size == right else WRONG]

    def put(self, out, at, d2: int, d1: int, d0: int) -> int:
        """An item, or for DI0 = FF the items of its group, into `out`; the length or NONE."""
        pos = at
        place = 0
        for row in ROWS:
            if row[1] == d1 and row[0] == d2 and (d0 == ALL or row[2] == d0):
                for i in range(row[3]):
                    out[pos + i] = self.data[place + i]
                pos += row[3]
            place += row[3]
        return pos - at if pos > at else NONE
