"""The events: what befell the meter, what was done to it, in records (classes 7 and 24).

What befalls it (power off, covers, voltage) comes from its memory as pages of start and end; the
setting of its clock and its programming are kept in rings of ten. The nth newest has n = 0; record
numbers (2022) count from 1. DL/T 698.45-2017 annex A; the attributes of class 24 are [?].
"""

from lib.metering import EVENT, NOW, word
from meter698 import axdr

RECORDS = 10
PAGE_SIZE = 8 + 16 * RECORDS

PROGRAMMED = 0x3012
CLOCK_SET = 0x3016
RINGS = (PROGRAMMED, CLOCK_SET)
COVER = 0x301B

# object, kind of the memory's page, has a record of each phase
KINDS = (
    (0x3000, 0x01, True),
    (0x3001, 0x02, True),
    (0x3002, 0x03, True),
    (0x3003, 0x04, True),
    (0x3011, 0x11, False),
    (COVER, 0x2D, False),
    (0x301C, 0x2E, False),
)
TABLE = 2
PHASE_TABLE = 6
PHASES = 3
COLUMNS_OF = 3
COUNT_OF = 4
MOST_OF = 5

# number, start, end, source
ALWAYS = ((0x2022, 2), (0x201E, 2), (0x2020, 2), (0x2024, 2))
# what a cover's record has besides: forward and reverse energy, feature 1 before, 4 behind it [?]
OF_COVER = ((0x0010, 0x22), (0x0010, 0x82), (0x0020, 0x22), (0x0020, 0x82))
DENIED = 3
NO_OBJECT = 6


class Ring:
    """The ten newest of one kind of record, and how many there were."""

    def __init__(self):
        self.count = 0
        self.starts = [0] * RECORDS
        self.ends = [0] * RECORDS


class Events:
    """The events of one meter. load() one kind, then ask for its records."""

    def __init__(self):
        self._page = bytearray(PAGE_SIZE)
        self.rings = [Ring() for _ in RINGS]
        self._ring = None
        # how many records there ever were, and how many can be read
        self.total = 0
        self.kept = 0

    def note(self, oi: int, start: int, end: int) -> None:
        """Keep that the clock was set (from, to) or the meter programmed; seconds since 2000."""
        for i in range(len(RINGS)):
            if RINGS[i] == oi:
                ring = self.rings[i]
                ring.starts[ring.count % RECORDS] = start
                ring.ends[ring.count % RECORDS] = end
                ring.count += 1

    def has(self, oi: int, elements: int) -> bool:
        """Whether this meter has such events."""
        for one, _, phased in KINDS:
            if one == oi:
                return elements == 3 or not phased
        return oi in RINGS

    def load(self, oi: int, attribute: int, elements: int, memory) -> bool:
        """Have the records of an event's table at hand; False if it has no such table."""
        self.total = self.kept = 0
        self._ring = None
        if not self.has(oi, elements):
            return False
        for i in range(len(RINGS)):
            if RINGS[i] == oi:
                if attribute != TABLE:
                    return False
                self._ring = self.rings[i]
                self._found(self._ring.count)
                return True
        for one, kind, phased in KINDS:
            if one == oi:
                first = PHASE_TABLE if phased else TABLE
                if not first <= attribute < first + (PHASES if phased else 1):
                    return False
                phase = attribute - first + 1 if phased else 0
                page = EVENT + kind * 16 + phase
                if memory is not None and memory(self._page, page, NOW, 0):
                    self._found(word(self._page, 0))
        return True

    def number(self, n: int) -> int:
        """The record number of the nth newest."""
        return self.total - n

    def start(self, n: int) -> int:
        """When the nth newest began."""
        if self._ring is not None:
            return self._ring.starts[(self.total - 1 - n) % RECORDS]
        return word(self._page, 8 + 16 * n)

    def end(self, n: int) -> int:
        """When it ended; 0 = it goes on."""
        if self._ring is not None:
            return self._ring.ends[(self.total - 1 - n) % RECORDS]
        return word(self._page, 12 + 16 * n)

    def stores(self, oi: int, column: int, attribute: int) -> bool:
        """Whether an object is kept as it was where an event of this kind began and ended."""
        for one, kept in OF_COVER:
            if oi == COVER and one == column and kept & 0x1F == attribute:
                return True
        return False

    def put_columns(self, out, at: int, oi: int) -> tuple:
        """What RCSD 0 means, as CSDs: (place, count)."""
        columns = ALWAYS + OF_COVER if oi == COVER else ALWAYS
        for one, attribute in columns:
            at = axdr.put_oad(out, axdr.put_u8(out, at, 0), one, attribute, 0)
        return (at, len(columns))

    def put_attribute(self, out, at: int, oi: int, attribute: int, elements: int, memory) -> int:
        """What a class 7 object says of its table: columns, how many there are, how many at most.

        The new place or -DAR. The table itself is read as a record. Class 24 has its own order of
        attributes, of which the sources say too little: it is denied.
        """
        if not self.has(oi, elements):
            return -NO_OBJECT
        if not self.load(oi, TABLE, elements, memory):
            return -DENIED
        if attribute == COLUMNS_OF:
            columns = OF_COVER if oi == COVER else ()
            at = axdr.put_array(out, at, len(columns))
            for one, kept in columns:
                at = axdr.put_tag_oad(out, at, one, kept, 0)
            return at
        if attribute == COUNT_OF:
            return axdr.put_tag_u16(out, at, self.kept)
        if attribute == MOST_OF:
            return axdr.put_tag_u16(out, at, RECORDS)
        return -DENIED

    def _found(self, total: int) -> None:
        self.total = total
        self.kept = min(total, RECORDS)
