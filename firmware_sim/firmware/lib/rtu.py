"""One unit's end of a Modbus RTU line in bytes and ticks: frames, deadlines, the answer that waits.

Theory of operation

    on_bytes(buf, n, t)   n bytes have come, the last of them at tick t (microseconds)
    deadline()            the tick at which on_deadline wants to be called; -1 = nothing waits
    on_deadline(t)        > 0: that many bytes of `out` go to the line now

A frame is what comes without a silence of 3.5 characters (1.75 ms above 19200 bit/s); the silence
ends it, and only then is it looked at (Modbus over Serial Line V1.02, 2.5.1.1). Its first byte says
whom it is for: of a frame for another unit nothing is kept. A wrong CRC meets silence, unit 0 is a
broadcast: writes are done, nothing is answered. Silences between 1.5 and 3.5 characters are let
pass, as USB adapters make them.

A core derives from it, calls `open` and `line` and gives these methods:

    _act(function, n, t)   a checked request of n bytes stands in _buf: its answer into `out`,
                           without CRC; the length, below 0 an exception code
    _settle()              the answer has been handed out, or a broadcast done
    _watch(t)              something of its own, at every on_deadline

All buffers are made once; a request that is answered allocates nothing that grows.
"""

from lib import ticks
from lib.crc16 import crc16
from lib.registers import u16

LONGEST = 256
MOST_READ = 125
FAST_GAP_US = 1750
SLOWEST_FAST = 19200

# exception codes
NO_FUNCTION = 1
NO_ADDRESS = 2
NO_VALUE = 3
FAILURE = 4

READ_HOLDING = 0x03
READ_INPUT = 0x04


class Rtu:
    """Receiver, deadlines and answer buffer of one unit.

    unit: its address, 0 = it has none and answers nobody. delay_us: end of a request to its answer,
    never below the silence that ends a frame.
    """

    def open(self, t: int, delay_us: int) -> None:
        """What a core's constructor calls first; t: the tick now."""
        self.out = bytearray(LONGEST)
        # what the answer in `out` is about: function, start, count, as in its request
        self.asked = bytearray(5)
        self.delay_us = delay_us
        self._buf = bytearray(LONGEST)
        self._n = 0
        # a frame is coming; it is for somebody else, or too long
        self._open = False
        self._deaf = False
        self._last = t
        self._due = 0
        self._at = 0

    def line(self, unit: int, rate: int) -> None:
        """Its address and speed (bit/s) from now on."""
        self.unit = unit
        self.rate = rate
        self.char_us = 11000000 // rate
        quiet = FAST_GAP_US if rate > SLOWEST_FAST else 7 * self.char_us // 2
        # measured from the end of one character to the end of the next
        self._gap = quiet + self.char_us

    def on_bytes(self, buf, n: int, t: int) -> None:
        """n bytes of buf have come from the line, the last one at tick t."""
        if n <= 0:
            return
        first = ticks.add(t, -(n - 1) * self.char_us)
        if self._open and ticks.diff(first, self._last) > self._gap:
            self._end(self._last)
        if not self._open:
            self._open = True
            self._deaf = buf[0] != self.unit and buf[0] != 0
        self._last = t
        if self._deaf:
            return
        at = self._n
        if at + n > LONGEST:
            self._deaf = True
            self._n = 0
            return
        mine = self._buf
        for i in range(n):
            mine[at + i] = buf[i]
        self._n = at + n

    def deadline(self) -> int:
        """When on_deadline is to be called next, a tick; -1 = nothing waits."""
        due = self._at if self._due else -1
        if self._n:
            end = ticks.add(self._last, self._gap + 1)
            if due < 0 or ticks.diff(end, due) < 0:
                due = end
        return due

    def on_deadline(self, t: int) -> int:
        """Do what is due at tick t; the length of the answer in `out` to send now, or 0."""
        if self._open and ticks.diff(t, self._last) > self._gap:
            self._end(self._last)
        self._watch(t)
        if self._due and ticks.diff(t, self._at) >= 0:
            n = self._due
            self._due = 0
            self._settle()
            return n
        return 0

    def idle(self) -> bool:
        """Nothing received that waits for its end, nothing to send."""
        return not self._due and not self._n

    def _end(self, t: int) -> None:
        """The frame whose last byte came at tick t has ended: do what it asks."""
        n = self._n
        self._n = 0
        self._open = False
        buf = self._buf
        if n < 4 or crc16(buf, 0, n - 2) != (buf[n - 2] | buf[n - 1] << 8):
            return
        function = buf[1]
        # an answer's bit names no function of ours, nor does 0 (Application Protocol V1.1b3, 4.1)
        if function == 0 or function & 0x80:
            return
        # a new request replaces an answer that has not yet gone out
        self._due = 0
        size = self._act(function, n - 2, t)
        if buf[0] == 0:
            # nobody answers a broadcast, and there is no answer to wait for
            self._settle()
            return
        out = self.out
        out[0] = self.unit
        if size < 0:
            out[1] = function | 0x80
            out[2] = -size
            size = 3
        else:
            out[1] = function
        for i in range(5):
            self.asked[i] = buf[1 + i] if 1 + i < n else 0
        crc = crc16(out, 0, size)
        out[size] = crc & 0xFF
        out[size + 1] = crc >> 8
        self._due = size + 2
        wait = self.delay_us if self.delay_us > self._gap else self._gap + 1
        self._at = ticks.add(t, wait)

    def _word(self, at: int) -> int:
        return u16(self._buf, at)

    def _act(self, function: int, n: int, t: int) -> int:
        raise NotImplementedError

    def _settle(self) -> None:
        return

    def _watch(self, t: int) -> None:
        return
