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
once; a request that is answered allocates nothing that grows.
"""

from lib import ticks
from lib.checksum import sum8
from meter645.chip import SIZE
from meter645.items import NONE, put_clock, put_item
from meter645.receiver import END, START, Receiver

GAP_US = 500000
SHIFT = 0x33
ANSWER = 0x80
ERROR = 0xC0
READ = 0x11
READ_ADDRESS = 0x13

# error bytes: bit 0 other, bit 1 no requested data, bit 2 not authorised, bit 3 speed
OTHER = 0x01
NO_DATA = 0x02
DENIED = 0x04
SPEED = 0x08

# functions this meter refuses, and how; functions not named here meet silence
REFUSED = (
    (0x12, NO_DATA),
    (0x14, DENIED),
    (0x16, OTHER),
    (0x17, SPEED),
    (0x18, DENIED),
    (0x19, DENIED),
    (0x1A, DENIED),
    (0x1B, DENIED),
    (0x1C, DENIED),
    (0x1D, OTHER),
)


class Meter:
    """One meter.

    number: its 6 bytes, lowest digits first. elements: 1 or 3. char_us: one character on the line.
    snapshot(buf) fills the chip's register image; clock() gives an RTC tuple.
    """

    def __init__(self, number, elements, snapshot, clock, char_us, delay_us=20000, wake=4):
        self.number = bytearray(number)
        self.elements = elements
        self.snapshot = snapshot
        self.clock = clock
        self.char_us = char_us
        self.delay_us = delay_us
        # a character that begins just within the pause is over one character later
        self._gap = GAP_US + char_us
        self.wake = wake
        self.out = bytearray(wake + 12 + 200)
        self.answers = 0
        self._rx = Receiver()
        self._chip = bytearray(SIZE)
        self._last = 0
        self._due = 0
        self._at = 0
        for i in range(wake):
            self.out[i] = 0xFE
        self.out[wake] = START
        self.out[wake + 7] = START
        for i in range(6):
            self.out[wake + 1 + i] = self.number[i]

    def on_bytes(self, buf, n: int, t: int) -> None:
        """n bytes of buf have come from the line, the last one at tick t."""
        if n <= 0:
            return
        rx = self._rx
        first = ticks.add(t, -(n - 1) * self.char_us)
        if rx.pending() and ticks.diff(first, self._last) > self._gap:
            rx.reset()
        self._last = t
        done = 0
        while done < n:
            done += rx.put(buf, done, n)
            at = rx.frame()
            while at >= 0:
                behind = n - done + rx.n - rx.at
                self._frame(at, ticks.add(t, -behind * self.char_us))
                at = rx.frame()

    def deadline(self) -> int:
        """When on_deadline is to be called next, a tick; -1 = nothing waits."""
        if self._due and not self._rx.pending():
            return self._at
        if self._rx.pending():
            end = ticks.add(self._last, self._gap + 1)
            if self._due and ticks.diff(self._at, end) < 0:
                return self._at
            return end
        return -1

    def on_deadline(self, t: int) -> int:
        """Do what is due at tick t; the length of the answer in `out` to send now, or 0."""
        if self._rx.pending() and ticks.diff(t, self._last) > self._gap:
            self._rx.reset()
        if self._due and ticks.diff(t, self._at) >= 0:
            n = self._due
            self._due = 0
            self.answers += 1
            return n
        return 0

    def idle(self) -> bool:
        """Nothing received that waits for more, nothing to send."""
        return not self._due and not self._rx.pending()

    def _frame(self, at: int, t: int) -> None:
        """A whole frame stands at rx.buf[at]; its last byte came at tick t."""
        buf = self._rx.buf
        control = buf[at + 8]
        # an answer (D7) names no function of ours and meets silence like any other unknown one
        if not self._for_me(buf, at + 1):
            return
        size = self._answer(buf, at, control, buf[at + 9])
        if size >= 0:
            self._close(size)
            self._at = ticks.add(t, self.delay_us)

    def _for_me(self, buf, at: int) -> bool:
        """Own number, its high bytes replaced by AA or not (5.2.3); never a broadcast."""
        i = 5
        while i >= 0 and buf[at + i] == 0xAA:
            i -= 1
        while i >= 0:
            if buf[at + i] != self.number[i]:
                return False
            i -= 1
        return True

    def _answer(self, buf, at: int, control: int, length: int) -> int:
        """Put control and data of the answer into `out`; the data's length, -1 = silence."""
        if control == READ:
            return self._read(buf, at, length)
        if control == READ_ADDRESS:
            if length:
                return -1
            self.out[self.wake + 8] = control | ANSWER
            for i in range(6):
                self.out[self.wake + 10 + i] = self.number[i]
            return 6
        for function, error in REFUSED:
            if function == control:
                return self._refuse(control, error)
        return -1

    def _read(self, buf, at: int, length: int) -> int:
        if length not in (4, 5, 10):
            return self._refuse(READ, OTHER)
        if length != 4:
            # a block count or a time asks for load records: this meter keeps none
            return self._refuse(READ, NO_DATA)
        d0 = (buf[at + 10] - SHIFT) & 0xFF
        d1 = (buf[at + 11] - SHIFT) & 0xFF
        d2 = (buf[at + 12] - SHIFT) & 0xFF
        d3 = (buf[at + 13] - SHIFT) & 0xFF
        data = self.wake + 14
        if d3 == 0x04:
            n = self._parameter(data, d2, d1, d0)
        else:
            if d3 == 0x00 or d3 == 0x02:
                self.snapshot(self._chip)
            n = put_item(self.out, data, d3, d2, d1, d0, self._chip, self.elements)
        if n == NONE:
            return self._refuse(READ, NO_DATA)
        self.out[self.wake + 8] = READ | ANSWER
        self.out[data - 4] = d0
        self.out[data - 3] = d1
        self.out[data - 2] = d2
        self.out[data - 1] = d3
        return 4 + n

    def _parameter(self, data: int, d2: int, d1: int, d0: int) -> int:
        """Class 04: clock, communication address, meter number."""
        if d2 != 0:
            return NONE
        if d1 == 0x04 and (d0 == 0x01 or d0 == 0x02):
            for i in range(6):
                self.out[data + i] = self.number[i]
            return 6
        return put_clock(self.out, data, d1, d0, self.clock())

    def _refuse(self, control: int, error: int) -> int:
        self.out[self.wake + 8] = control | ERROR
        self.out[self.wake + 10] = error
        return 1

    def _close(self, size: int) -> None:
        """Length, +33H, checksum, end; the answer is then due."""
        out = self.out
        head = self.wake
        out[head + 9] = size
        for i in range(head + 10, head + 10 + size):
            out[i] = (out[i] + SHIFT) & 0xFF
        end = head + 10 + size
        out[end] = sum8(out, head, end)
        out[end + 1] = END
        self._due = end + 2
