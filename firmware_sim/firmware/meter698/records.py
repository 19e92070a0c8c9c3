"""GET Record: the rows of freezes and events that a request asks for (A-ResultRecord).

OAD and columns are repeated, then a reason (00 and a DAR) or rows (01, how many, each with one Data
a column). No rows is a valid answer. A column that is not stored is null. Ranges go up in time; all
else stands in the order of the table, newest first. Rows that do not fit the buffer are left to the
next block (blocks.py) where the caller can give one; else all are refused: no range is cut short.
DL/T 698.45-2017 7.3.
"""

from lib.chip import powered
from meter698 import axdr, objects
from meter698.blocks import ROOM
from meter698.events import TABLE
from meter698.freezes import MINUTE
from meter698.selectors import (
    END,
    EVENT_KEYS,
    FREEZE_KEYS,
    NUMBER,
    TYPE_MISMATCH,
    Selection,
    column_end,
)

NO_OBJECT = 6
# what must be free for one datum of a column
CELL = objects.ROOM
ATTRIBUTE = 0x1F
FEATURE = 5
# features of an event's columns: 1, 2 where it began, 3, 4 where it ended [?]
AT_END = 3
FEATURES = 4
SKIPPED = -1
FULL = -2
# no row was left for want of room
ALL = -1
NO_ROOM = 2


def size(data, start: int, end: int) -> int:
    """The place behind one OAD, RSD and RCSD at data[start:end], or -1."""
    return Selection().read(data, start, end, bytes(6), ())


def put(body, at: int, data, start: int, end: int, meter, cut=None) -> int:
    """The result of the question at data[start:end]; the new place, or -DAR.

    -DAR where it names no OAD, and where not all rows fit and `cut` (blocks.py) takes none for a
    next block. A question that is cut off or of an unknown kind is answered without columns.
    """
    if start + 4 > end:
        return -TYPE_MISMATCH
    oi = axdr.get_u16(data, start, end)
    frozen = meter.freezes.has(oi)
    chosen = Selection()
    behind = chosen.read(data, start, end, meter.number, FREEZE_KEYS if frozen else EVENT_KEYS)
    at = axdr.put_copy(body, at, data, start, start + 4)
    if behind < 0 or at + behind - start > len(body) - CELL:
        return _refused(body, axdr.put_u8(body, at, 0), chosen.dar or TYPE_MISMATCH)
    known = chosen.attribute == TABLE
    if not frozen:
        known = meter.events.load(oi, chosen.attribute, meter.elements, meter.registers.memory)
    columns = data
    place = chosen.columns
    if chosen.count:
        at = axdr.put_length(body, at, chosen.count)
        at = axdr.put_copy(body, at, data, place, behind)
    elif known:
        # all that is stored: the answer says which, and the rows follow what it says
        columns = body
        place = at + 1
        source = meter.freezes if frozen else meter.events
        at, count = source.put_columns(body, place, oi)
        chosen.count = count
        axdr.put_length(body, place - 1, count)
    else:
        at = axdr.put_u8(body, at, 0)
    if not known:
        return _refused(body, at, NO_OBJECT)
    if chosen.dar:
        return _refused(body, at, chosen.dar)
    row = Row(meter, chosen, columns, place, frozen)
    if cut is not None and frozen and end - start <= ROOM:
        return row.put_some(body, axdr.put_u8(body, at, 1), cut)
    return row.put_all(body, axdr.put_u8(body, at, 1))


def _refused(body, at: int, dar: int) -> int:
    return axdr.put_u8(body, axdr.put_u8(body, at, 0), dar)


class Row:
    """The rows of one answer: which there are, and the data of each."""

    def __init__(self, meter, chosen, columns, place, frozen):
        self._meter = meter
        self._chosen = chosen
        # the CSDs, in the request or in the answer
        self._columns = columns
        self._place = place
        self._frozen = frozen
        # one reading of the clock for all rows
        self._now = meter.time()
        # the row there was no room for, and the rows up to it
        self._left = ALL
        self._given = 0

    def put_all(self, out, at: int) -> int:
        """How many rows, and the rows; the new place, or -DAR if they do not fit."""
        first, last = self._window()
        n = last - 1 if self._chosen.ascending else first
        at = self._put_rows(out, at, n, 0)
        return -NO_ROOM if self._left != ALL else at

    def put_some(self, out, at: int, cut) -> int:
        """As put_all(), the rows of one block; `cut` knows where it begins and learns the end."""
        self._now = cut.now
        first, last = self._window()
        n = cut.n
        if n < 0:
            n = last - 1 if self._chosen.ascending else first
        at = self._put_rows(out, at, n, cut.given)
        if self._left == ALL:
            return at
        if self._given == cut.given:
            # a row that no block can hold
            return -NO_ROOM
        cut.stop(self._left, self._given)
        return at

    def _put_rows(self, out, at: int, n: int, given: int) -> int:
        """The rows from the nth on, of which `given` went before."""
        chosen = self._chosen
        first, last = self._window()
        before = given
        self._left = ALL
        # rows go where they stand if they are fewer than 128; else their count takes three bytes
        head = at
        at += 1
        while chosen.meant and first <= n < last and given != chosen.most:
            if self._chosen_row(n):
                new = self._put_row(out, at, n)
                if new == FULL:
                    self._left = n
                    break
                if new != SKIPPED:
                    at = new
                    given += 1
            n += -1 if chosen.ascending else 1
        self._given = given
        return _counted(out, head, at, given - before)

    def _window(self) -> tuple:
        """(first, behind the last) of the rows that may be meant, 0 = newest."""
        meter = self._meter
        chosen = self._chosen
        first = 0
        if not self._frozen:
            last = meter.events.kept
        elif meter.registers.memory is None:
            last = 0
        else:
            last = meter.freezes.kept(chosen.oi, self._now)
            if last and chosen.key == NUMBER:
                newest = meter.freezes.number(chosen.oi, 0, self._now)
                first = max(0, newest - chosen.high + 1)
                last = min(last, newest - chosen.low + 1)
            elif last and chosen.key:
                first = meter.freezes.first_below(chosen.oi, self._now, chosen.high)
                last = meter.freezes.first_below(chosen.oi, self._now, chosen.low)
        if chosen.index:
            # element n of a table is its nth newest row
            first = max(first, chosen.index - 1)
            last = min(last, chosen.index)
        return (first, last)

    def _chosen_row(self, n: int) -> bool:
        key = self._chosen.key
        if not key:
            return True
        meter = self._meter
        if self._frozen:
            if key == NUMBER:
                return True
            return self._chosen.takes(meter.freezes.when(self._chosen.oi, n, self._now))
        if key == NUMBER:
            return self._chosen.takes(meter.events.number(n))
        if key == END:
            return self._chosen.takes(meter.events.end(n))
        return self._chosen.takes(meter.events.start(n))

    def _put_row(self, out, at: int, n: int) -> int:
        """The columns of the nth newest; SKIPPED if nobody knows it, FULL without room."""
        meter = self._meter
        if self._frozen:
            # the store goes by the board's clock
            oi = self._chosen.oi
            if not meter.registers.at(meter.freezes.held_at(oi, n, self._now, meter.shift)):
                return SKIPPED
            meter.registers.ahead = meter.freezes.ahead(oi, n, meter.shift)
            # a freeze that fell into a power off is made up behind it, a curve is not
            if oi == MINUTE and not powered(meter.registers.chip):
                return SKIPPED
        place = self._place
        columns = self._columns
        for _ in range(self._chosen.count):
            behind = column_end(columns, place, len(columns))
            if columns[place]:
                at = self._put_road(out, at, n, place, behind)
            else:
                at = self._put_cell(out, at, n, place + 1)
            if at < 0:
                return FULL
            place = behind
        return at

    def _put_road(self, out, at: int, n: int, place: int, end: int) -> int:
        """A column of objects stored with this record: one structure of them [?]."""
        columns = self._columns
        if at + CELL > len(out):
            return FULL
        if axdr.get_u16(columns, place + 1, end) != self._chosen.oi:
            return axdr.put_null(out, at)
        count = axdr.get_length(columns, place + 5, end)
        place += 5 + axdr.length_size(columns, place + 5)
        at = axdr.put_structure(out, at, count)
        for i in range(count):
            at = self._put_cell(out, at, n, place + 4 * i)
            if at < 0:
                return FULL
        return at

    def _put_cell(self, out, at: int, n: int, place: int) -> int:
        """One Data: the column whose OAD stands at columns[place]."""
        if at + CELL > len(out):
            return FULL
        columns = self._columns
        oi = columns[place] << 8 | columns[place + 1]
        feature = columns[place + 2] >> FEATURE
        attribute = columns[place + 2] & ATTRIBUTE
        if self._frozen:
            return self._put_frozen(out, at, n, oi, columns[place + 2], columns[place + 3])
        events = self._meter.events
        if attribute == 2 and not feature and not columns[place + 3]:
            if oi == 0x2022:
                return axdr.put_tag_u32(out, at, events.number(n))
            if oi == 0x201E:
                return axdr.put_tag_date_time_s(out, at, events.start(n))
            if oi == 0x2020 and events.end(n):
                return axdr.put_tag_date_time_s(out, at, events.end(n))
        if feature and feature <= FEATURES and events.stores(self._chosen.oi, oi, attribute):
            when = events.end(n) if feature >= AT_END else events.start(n)
            if when and self._meter.registers.at(when):
                return self._object(out, at, oi, attribute, columns[place + 3])
        return axdr.put_null(out, at)

    def _put_frozen(self, out, at: int, n: int, oi: int, attribute: int, index: int) -> int:
        freezes = self._meter.freezes
        if attribute == 2 and not index:
            if oi == 0x2021:
                when = freezes.when(self._chosen.oi, n, self._now)
                return axdr.put_tag_date_time_s(out, at, when)
            if oi == 0x2023:
                number = freezes.number(self._chosen.oi, n, self._now)
                return axdr.put_tag_u32(out, at, number)
        if freezes.stores(self._chosen.oi, oi, attribute):
            return self._object(out, at, oi, attribute, index)
        return axdr.put_null(out, at)

    def _object(self, out, at: int, oi: int, attribute: int, index: int) -> int:
        """An object as the registers show it that were set to the row's instant."""
        new = objects.put(out, at, oi, attribute, index, self._meter)
        return new if new > 0 else axdr.put_null(out, at)


def _counted(out, head: int, end: int, given: int) -> int:
    """Put the count of the rows at out[head+1:end] before them, who make room for a longer one."""
    more = 0 if given < 0x80 else 1 if given < 0x100 else 2
    if more:
        for i in range(end - 1, head, -1):
            out[i + more] = out[i]
    axdr.put_length(out, head, given)
    return end + more
