"""A DL/T 698.45 electricity meter without I/O: bytes and ticks in, answer and deadline out.

Theory of operation

    on_bytes(buf, n, t)   n bytes have come, the last of them at tick t (microseconds)
    deadline()            the tick at which on_deadline wants to be called, -1 = none
    on_deadline(t)        > 0: that many bytes of `out` go to the line now

A request for this meter (own number, or digits A that stand for any) is answered `delay_us` after
its last byte, scrambled if it was, to the client address it came from. Whatever is not for it, is
not whole or has a wrong check is met with silence. A broadcast is done and never answered; groups
are not kept, so what goes to one is passed over. A new request replaces an answer that has not yet
gone out, and ends what was going on in fragments (link.py).

All buffers are made once; a request that is answered allocates nothing that grows.
"""

from lib.line import Line
from lib.metering import Registers
from meter698.access import Access
from meter698.apdu import ORDERS, Services
from meter698.blocks import Cut
from meter698.clock import Clock, broadcast
from meter698.events import Events
from meter698.freezes import Freezes
from meter698.keep import Keep
from meter698.link import ACKNOWLEDGE, ACKNOWLEDGED, ADDRESS, FRAGMENT, SCRAMBLED, SHIFT, WORD, Link
from meter698.objects import has
from meter698.orders import CHARACTER
from meter698.receiver import HEAD, Receiver
from meter698.settings import Settings
from meter698.tables import Tables

# direction, started by the client, function 3; bit 4 is reserved
WAY = 0xC7
REQUEST = 0x43
# types of a server address
SINGLE = 0
WILDCARD = 1
BROADCAST = 3
ANY = 0x0A

# the longest answer in one: a day of the three-phase curve without its tariffs; more goes in blocks
BODY = 8192


class Meter(Line):
    """One meter.

    number: its 6 bytes, lowest digits first. elements: 1 or 3. char_us: one character on the line.
    snapshot(buf) fills the chip's register image; clock() gives an RTC tuple.
    memory(buf, page, at, since) -> bool is the meter's store (lib/metering.py); without one it has
    no past and counts active energy alone. nv: its NV memory (lib/nv.py) of `keep.kept()`; without
    one it begins as it left the factory whenever the power comes.
    """

    def __init__(
        self, number, elements, snapshot, clock, char_us, delay_us=20000, wake=4, memory=None,
        nv=None,
    ):  # fmt: skip
        self.number = bytearray(number)
        self.plate = bytes(number)
        # the line speed it was set to, bit/s; 0 = the one of its plate
        self.speed = 0
        # what it takes behind the answer that waits: a number, a speed
        self.new_number = None
        self.new_speed = 0
        self.elements = elements
        self.memory = memory
        self.settings = Settings()
        self.access = Access()
        self.clock = Clock(clock)
        self.registers = Registers(snapshot, memory, elements, self.settings.combination)
        self.tables = Tables(self)
        self.freezes = Freezes(elements)
        self.events = Events()
        self.cut = Cut()
        self._body = bytearray(BODY)
        self.link = Link(self.number, self._body, wake)
        self._services = Services(self, self._body)
        self.open(Receiver(), self.link.out, char_us, delay_us)
        self.keep = None if nv is None else Keep(self, nv)
        if self.speed:
            self._take_speed()

    @property
    def shift(self) -> int:
        """What the clock is set off from the board's, s."""
        return self.clock.shift

    def time(self) -> int:
        """The meter's clock, seconds since 2000."""
        return self.clock.time()

    def has(self, oi: int) -> bool:
        """Whether there is such an object."""
        return has(oi, self)

    def fault(self) -> bool:
        """Whether the NV memory has lost something, or takes nothing more."""
        return self.keep is not None and self.keep.nv.fault

    def told(self) -> None:
        """Something may have been set: keep it before anybody hears of it."""
        self.tables.calendar.clock_set()
        if self.keep is not None:
            self.keep.save()

    def _sent(self) -> None:
        # the answer, all fragments of it, goes out as the meter was asked
        if (self.new_number or self.new_speed) and self.link.whole():
            if self.new_number:
                for i in range(ADDRESS):
                    self.number[i] = self.new_number[i]
                self.new_number = None
            if self.new_speed:
                self.speed = self.new_speed
                self.new_speed = 0
                self._take_speed()

    def _take_speed(self) -> None:
        self.rate = self.speed
        self._set_char(CHARACTER // self.speed)

    def _frame(self, at: int, t: int) -> None:
        rx = self._rx
        buf = rx.buf
        control = buf[at + 3]
        kind = buf[at + 4] >> 6
        if control & WAY != REQUEST:
            return
        everybody = kind == BROADCAST
        if not everybody and not self._for_me(buf, at + 4):
            return
        start = rx.data
        end = rx.end
        if control & SCRAMBLED:
            for i in range(start, end):
                buf[i] = (buf[i] - SHIFT) & 0xFF
        if everybody:
            if not control & FRAGMENT:
                broadcast(buf, start, end, self)
                self.told()
            return
        link = self.link
        link.heard(self.clock.board())
        link.client = buf[at + HEAD + (buf[at + 4] & 15) + 1]
        link.scrambled = control & SCRAMBLED != 0
        if control & FRAGMENT:
            n = self._fragment(buf, start, end)
        else:
            link.forget()
            n = self._begin(buf, start, end)
        # a request that meets silence leaves the answer before it no right to go out
        self._answer_after(t, n)

    def _for_me(self, buf, at: int) -> bool:
        """The address at its flag byte: whole device, own number, a digit A for any."""
        flag = buf[at]
        if flag >> 4 & 3 or flag >> 6 not in (SINGLE, WILDCARD):
            return False
        size = (flag & 15) + 1
        if size == 1:
            # one AA stands for all digits
            return buf[at + 1] == ANY << 4 | ANY
        if size != ADDRESS:
            return False
        for i in range(ADDRESS):
            one = buf[at + 1 + i]
            own = self.number[i]
            if one >> 4 != ANY and one >> 4 != own >> 4 or one & 15 != ANY and (one ^ own) & 15:
                return False
        return True

    def _begin(self, data, start: int, end: int) -> int:
        """A whole APDU; the length of the frame in `out`, 0 = silence."""
        size = self._services.answer(data, start, end)
        if size and data[start] in ORDERS:
            self.told()
        return self.link.begin(size) if size else 0

    def _fragment(self, buf, start: int, end: int) -> int:
        """A frame of a request or of an answer that go in several."""
        if end - start < WORD:
            return 0
        word = buf[start] | buf[start + 1] << 8
        number = word & 0x0FFF
        if word >> 14 == ACKNOWLEDGED:
            return self.link.more(number)
        taken = self.link.taken(buf, start + WORD, end, word >> 14, number)
        if taken == ACKNOWLEDGE:
            return self.link.acknowledge(number)
        return self._begin(self.link.request, 0, taken) if taken > 0 else 0
