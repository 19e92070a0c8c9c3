"""A DL/T 645-2007 electricity meter without I/O: bytes and ticks in, answer and deadline out.

Theory of operation

    on_bytes(buf, n, t)   n bytes have come, the last of them at tick t (microseconds)
    deadline()            the tick at which on_deadline wants to be called, -1 = none
    on_deadline(t)        > 0: that many bytes of `out` go to the line now

A request for this meter (own number, abbreviated number, all AA) is answered `delay_us` after its
last byte. Whatever is not for it, is not whole, or has a wrong checksum is met with silence; a
number of 99s is a broadcast and is never answered. A pause of more than 500 ms between two bytes
ends a frame that has begun (5.2.1). A new request replaces an answer that has not yet gone out.

Answers of other meters and the echo of its own carry D7 and are passed over. All buffers are made
once; a request that is answered leaves nothing behind but small slices.

What a request asks for is put into `_body`. An answer of more than `split` bytes goes out in parts:
the first with D5 set, the next ones by 12 with their SEQ, which may be asked again; any other
request ends it.
"""

from lib import calendar
from lib.checksum import sum8
from lib.chip import baud
from lib.copy import copy
from lib.line import Line
from lib.metering import Registers
from lib.timetable import Timetable
from meter645 import orders as o
from meter645.energy import put_class
from meter645.events import Events
from meter645.freezes import put_freeze
from meter645.items import NONE, put_average, put_item
from meter645.keep import Keep
from meter645.locks import Locks
from meter645.orders import DENIED, NO_DATA, OTHER, SILENCE, Orders
from meter645.periods import Periods
from meter645.put import digits, minute_at, put_fields
from meter645.receiver import END, START, Receiver
from meter645.records import GIVEN, put_records
from meter645.settings import CALENDAR, Settings
from meter645.status import put_status

SHIFT = 0x33
# class 02 as on the line
VARIABLES = 0x02 + SHIFT
ANSWER = 0x80
ERROR = 0xC0
MORE = 0x20
READ = 0x11
READ_ON = 0x12
READ_ADDRESS = 0x13
READS = (READ, READ_ON, READ_ADDRESS)
BROADCAST = b"\x99\x99\x99\x99\x99\x99"
ANYBODY = b"\xaa\xaa\xaa\xaa\xaa\xaa"

# the longest block: 62 daily freezes of five tariffs, ten records of a voltage's loss
BODY = 1536
LONGEST = 200
# what of a part is the item's: identifier and SEQ besides
PART = LONGEST - 5


class Parts:
    """What was read last, for those who ask on.

    number: a new one of the meter's, taken behind the answer that waits. split: most bytes of an
    item in one answer. asked: the identifier of the present request, as on the line (+33H), item:
    that of what was read. size: bytes of all its parts. seq: the part last given, -1 = there is
    nothing to go on with.

    Kept apart from the Meter: CPython (3.11) shares the names of at most 30 attributes between the
    objects of a class, and a fleet is thousands of Meters.
    """

    def __init__(self, split: int) -> None:
        self.number = None
        self.split = split
        self.asked = bytearray(4)
        self.item = bytearray(4)
        self.size = 0
        self.seq = -1


class Meter(Line):
    """One meter.

    number: its 6 bytes, lowest digits first. elements: 1 or 3. char_us: one character on the line.
    snapshot(buf) fills the chip's register image; clock() gives an RTC tuple.
    memory(buf, page, at, since) -> bool is the meter's store (registers.py); without one it has no
    past and counts active energy alone. nv: its NV memory (lib/nv.py) of `keep.kept()`; without one
    it begins as it left the factory whenever the power comes.
    """

    def __init__(
        self, number, elements, snapshot, clock, char_us, delay_us=20000, wake=4, memory=None,
        nv=None,
    ):  # fmt: skip
        self.open(Receiver(), bytearray(wake + 12 + LONGEST), char_us, delay_us)
        self.number = bytearray(number)
        self.plate = bytes(number)
        self.elements = elements
        self.clock = clock
        self.wake = wake
        # the key under the sealed cover: without it nobody gives the meter another number
        self.key = False
        # the speed it was set to, as function 17 names it; 0 = the one of its plate
        self.speed = 0
        # a speed to take behind the answer that waits
        self.speed_word = 0
        self.settings = Settings()
        self.periods = Periods(self.settings)
        self.registers = Registers(snapshot, memory, elements, self.settings.combination)
        self.events = Events(self.registers, self.periods)
        self.locks = Locks()
        # made when first something of it is written: until then the chip sorts as it does
        self.calendar = None
        self.orders = Orders(self)
        self._data = bytearray(256)
        self._body = bytearray(BODY)
        self.parts = Parts(PART)
        for i in range(wake):
            self.out[i] = 0xFE
        self.out[wake] = START
        self.out[wake + 7] = START
        self.keep = None if nv is None else Keep(self, nv)
        self._put_number()
        if self.speed:
            self._take_speed()

    @property
    def shift(self) -> int:
        """What the clock is set off from the board's, s."""
        return self.periods.shift

    @shift.setter
    def shift(self, value: int) -> None:
        self.periods.shift = value

    def tariffs(self) -> Timetable:
        """The calendar of tariffs."""
        if self.calendar is None:
            self.calendar = Timetable(self, self.settings.data, CALENDAR)
        return self.calendar

    def _sent(self) -> None:
        if self.speed_word:
            # the answer goes out at the old speed, what follows is at the new one
            self.speed = self.speed_word
            self.speed_word = 0
            self._take_speed()

    def _take_speed(self) -> None:
        self.rate = baud(self.speed)
        self._set_char(11000000 // self.rate)

    def _done(self) -> None:
        """Something may have been set: keep it before anybody is told."""
        if self.calendar is not None:
            self.calendar.clock_set()
        if self.keep is not None:
            self.keep.save()

    def _frame(self, at: int, t: int) -> None:
        """A whole frame stands at rx.buf[at]; its last byte came at tick t."""
        if self.parts.number is not None and not self._due:
            # it has answered by the number it was asked by
            copy(self.number, 0, self.parts.number, 0, 6)
            self.parts.number = None
            self._put_number()
        buf = self._rx.buf
        control = buf[at + 8]
        n = buf[at + 9]
        # an answer (D7) names no function of ours and meets silence like any other unknown one
        number = buf[at + 1 : at + 7]
        everybody = False
        if number != self.number:
            everybody = number == BROADCAST
            if not everybody and not self._for_me(number):
                return
        data = self._data
        at += 10
        asked = self.parts.asked = buf[at : at + 4]
        present = asked[3] == VARIABLES or asked[3] == SHIFT == asked[0]
        # that needs no clock and no more than its identifier, and is what is asked most
        if not present or control != READ or n != 4:
            self.periods.now = self.time()
            for i in range(n):
                data[i] = buf[at + i] - SHIFT & 0xFF
        if everybody or control == o.TIME:
            self.orders.broadcast(control, data, n)
            self._done()
            return
        size = self._answer(control, data, n, number)
        if control not in READS:
            self._done()
        # a request that meets silence leaves the answer before it no right to go out
        self._answer_after(t, self._close(size) if size >= 0 else 0)

    def time(self) -> int:
        """The meter's clock, seconds since 2000."""
        return max(self.board() + self.periods.shift, 0)

    def board(self) -> int:
        """The same of the board's clock."""
        year, month, day, _, hour, minute, second = self.clock()[:7]
        return calendar.seconds(year % 100, month, day, hour, minute, second)

    def _for_me(self, number) -> bool:
        """Whether it is the own number with its high bytes replaced by AA (5.2.3)."""
        i = 6
        while i and number[i - 1] == 0xAA:
            i -= 1
        return number[:i] == self.number[:i]

    def _answer(self, control: int, data, n: int, number) -> int:
        """Control and data (+33H) of the answer into `out`; the data's length, -1 = silence."""
        if control == READ_ON:
            return self._read_on(data, n)
        self.parts.seq = -1
        if control == READ:
            return self._read(data, n)
        out = self.out
        body = self.wake + 10
        if control == READ_ADDRESS:
            if n:
                return SILENCE
            size = 6
            for i in range(6):
                out[body + i] = self.number[i] + SHIFT & 0xFF
        elif control == o.WRITE_ADDRESS:
            size = self._take_number(data, n, number)
        else:
            answer = self._body
            size = self.orders.do(control, data, n, answer)
            if 0 <= size < o.ERROR:
                for i in range(size):
                    out[body + i] = answer[i] + SHIFT & 0xFF
        if size >= o.ERROR:
            return self._refuse(control, size)
        if size >= 0:
            out[self.wake + 8] = control | ANSWER
        return size

    def _take_number(self, data, n: int, number) -> int:
        """15: only with the key pressed, and only when everybody is meant."""
        if number != ANYBODY:
            return SILENCE
        if not self.key or n != 6 or not o.names_one(data, 0):
            return SILENCE
        for i in range(6):
            self.number[i] = data[i]
        self._put_number()
        return 0

    def _put_number(self) -> None:
        """Into `out`, where it stands in every answer."""
        copy(self.out, self.wake + 1, self.number, 0, 6)

    def _read(self, data, n: int) -> int:
        asked = self.parts.asked
        d0 = asked[0] - SHIFT & 0xFF
        d1 = asked[1] - SHIFT & 0xFF
        d2 = asked[2] - SHIFT & 0xFF
        d3 = asked[3] - SHIFT & 0xFF
        count = 1
        given = 0
        if n != 4 or d3 == 0x06:
            # load records, and nothing else, are asked for by more than an identifier
            if n not in (4, 5, 10):
                return self._refuse(READ, OTHER)
            count = data[4]
            if n == 10:
                given = minute_at(data, 5)
            if n == 4 or d3 != 0x06 or (n == 10) != (d0 == GIVEN) or given < 0:
                return self._refuse(READ, NO_DATA)
        if d3 == 0x04 and d2 == 0 and d1 == 0x0C:
            # passwords are written, never read
            return self._refuse(READ, DENIED)
        size = self._item_data(d3, d2, d1, d0, count, given)
        if size == NONE:
            return self._refuse(READ, NO_DATA)
        parts = self.parts
        parts.item = parts.asked
        parts.size = size
        if size > parts.split:
            size = parts.split
            parts.seq = 0
        return self._say(READ, 0, size, 0)

    def _item_data(self, d3, d2, d1, d0, count, given) -> int:
        """The data of an identifier into the body; its length or NONE."""
        body = self._body
        if d3 == 0x02:
            if d2 == 0x80 and d1 == 0 and 3 <= d0 <= 6:
                return self._average(d0)
            self.registers.now()
            return put_item(body, 0, d3, d2, d1, d0, self.registers.chip, self.elements)
        if d3 <= 0x01:
            return put_class(body, 0, d3 == 0x01, d2, d1, d0, self.registers, self.periods)
        if d3 == 0x03:
            return self.events.put(body, 0, d2, d1, d0)
        if d3 == 0x04:
            return self._parameter(d2, d1, d0)
        if d3 == 0x1D or d3 == 0x1E:
            return self.events.put_relay(body, 0, d3, d2, d1, d0)
        if d3 == 0x05:
            return put_freeze(body, 0, d2, d1, d0, self.registers, self.periods)
        if d3 == 0x06:
            return put_records(
                body, 0, BODY, d2, d1, d0, digits(self._data, 4, 1), given,
                self.registers, self.periods,
            )  # fmt: skip
        return NONE

    def _average(self, d0: int) -> int:
        """Mean of a minute and present demand; a single-phase meter has active power alone."""
        if (self.elements != 3 and d0 > 4) or not self.registers.average():
            return NONE
        return put_average(self._body, 0, d0, self.registers.averages)

    def _parameter(self, d2: int, d1: int, d0: int) -> int:
        """Class 04: clock, numbers, status words; the rest as it is set."""
        body = self._body
        if d2 == 0 and d1 == 0x01 and d0 in (0x01, 0x02, 0x0C):
            year, month, day, weekday, hour, minute, second = calendar.date(self.periods.now)
            date = (weekday, day, month, year)
            time = (second, minute, hour)
            return put_fields(body, 0, date if d0 == 1 else time if d0 == 2 else time + date)
        if d2 == 0 and d1 == 0x04 and d0 in (0x01, 0x02):
            number = (self.parts.number or self.number) if d0 == 0x01 else self.plate
            for i in range(6):
                body[i] = number[i]
            return 6
        if d2 == 0 and d1 == 0x05:
            self.registers.now()
            return put_status(
                body, 0, d0, self.registers.chip, self.elements, self.settings,
                self.key, self.orders.tripped, self.keep is not None and self.keep.nv.fault,
                0 if self.calendar is None else self.calendar.in_force(self.periods.now),
            )  # fmt: skip
        return self.settings.put(body, 0, d2, d1, d0)

    def _read_on(self, data, n: int) -> int:
        """12: the next part, or the last one once more."""
        parts = self.parts
        if n != 5 or parts.seq < 0 or parts.asked != parts.item:
            return self._refuse(READ_ON, NO_DATA)
        seq = data[4]
        start = seq * parts.split
        if not seq or seq not in (parts.seq, parts.seq + 1) or start >= parts.size:
            return self._refuse(READ_ON, NO_DATA)
        parts.seq = seq
        return self._say(READ_ON, start, min(start + parts.split, parts.size), seq)

    def _say(self, control: int, start: int, end: int, seq: int) -> int:
        """Identifier, body[start:end] and SEQ into `out`, +33H; the length of all."""
        out = self.out
        parts = self.parts
        at = self.wake + 8
        out[at] = control | ANSWER | (MORE if end < parts.size else 0)
        copy(out, at + 2, parts.item, 0, 4)
        at += 6 - start
        body = self._body
        for i in range(start, end):
            out[at + i] = body[i] + SHIFT & 0xFF
        size = 4 + end - start
        if seq:
            out[at + end] = seq + SHIFT & 0xFF
            size += 1
        return size

    def _refuse(self, control: int, error: int) -> int:
        self.out[self.wake + 8] = control | ERROR
        self.out[self.wake + 10] = error + SHIFT & 0xFF
        return 1

    def _close(self, size: int) -> int:
        """Length, checksum, end; how many bytes of `out` that are."""
        out = self.out
        head = self.wake
        out[head + 9] = size
        end = head + 10 + size
        out[end] = sum8(out, head, end)
        out[end + 1] = END
        return end + 2
