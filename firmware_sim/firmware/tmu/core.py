"""A transformer's monitoring unit on Modbus RTU without I/O: bytes and ticks in, answers out.

Theory of operation

    on_bytes(buf, n, t)   n bytes have come, the last of them at tick t (microseconds)
    deadline()            the tick at which on_deadline wants to be called; there always is one
    on_deadline(t)        > 0: that many bytes of `out` go to the line now

A frame is what comes without a silence of 3.5 characters (1.75 ms above 19200 bit/s); the silence
ends it, and only then is it looked at (Modbus over Serial Line V1.02, 2.5.1.1). Its first byte says
whom it is for: of a frame for another unit nothing is kept. A wrong CRC meets silence, unit 0 is a
broadcast: writes are done, nothing is answered. Silences between 1.5 and 3.5 characters are let
pass, as USB adapters make them.

Once a second the sensors are read, so that limits are watched and door openings counted whether or
not anybody asks. New settings of the line (holding registers 0-2) hold from the moment the answer
is handed out: it still goes the old way, whoever drives the UART changes its speed behind it.

All buffers are made once; a request that is answered allocates nothing that grows.
"""

from lib import ticks
from lib.crc16 import crc16
from tmu import registers as r
from tmu import sensors as s
from tmu.watch import SECOND, Watch

FIRMWARE = 0x0100
"""Major * 256 + minor."""

LONGEST = 256
MOST_READ = 125
MOST_WRITTEN = 123
MOST_BITS = 2000
FAST_GAP_US = 1750
SLOWEST_FAST = 19200

# exception codes
NO_FUNCTION = 1
NO_ADDRESS = 2
NO_VALUE = 3

READ_BITS = 0x02
READ_HOLDING = 0x03
READ_INPUT = 0x04
WRITE_COIL = 0x05
WRITE_ONE = 0x06
WRITE_MANY = 0x10


class Tmu:
    """One unit.

    snapshot(buf) fills the front end's register image, OSError when it is not there. t: the tick
    now. delay_us: end of a request to its answer, never below the silence that ends a frame.
    """

    def __init__(self, snapshot, t=0, delay_us=20000, reset_cause=1) -> None:
        self.out = bytearray(LONGEST)
        self.answers = 0
        # what the answer in `out` is about: function, start, count, as in its request
        self.asked = bytearray(5)
        self.beacon = False
        self.delay_us = delay_us
        self.reset_cause = reset_cause
        self.holding = [0] * r.HOLDINGS
        self.watch = Watch(snapshot, self.holding, t)
        self._plate()
        self._settle()
        self._buf = bytearray(LONGEST)
        self._n = 0
        # a frame is coming; it is for somebody else, or too long
        self._open = False
        self._deaf = False
        self._last = t
        self._due = 0
        self._at = 0
        self._look = ticks.add(t, SECOND)

    def _plate(self) -> None:
        """The settings of the line as the front end's switches say."""
        image = self.watch.image
        self.holding[r.UNIT] = 1
        self.holding[r.SPEED] = 96
        self.holding[r.PARITY] = 2
        if not s.is_ours(image):
            return
        for register, value in (
            (r.UNIT, image[s.UNIT]),
            (r.SPEED, image[s.SPEED] << 8 | image[s.SPEED + 1]),
            (r.PARITY, image[s.PARITY]),
        ):
            if r.may_hold(register, value):
                self.holding[register] = value

    def _settle(self) -> None:
        """Take over the settings of the line."""
        self.unit = self.holding[r.UNIT]
        self.rate = self.holding[r.SPEED] * 100
        self.parity = self.holding[r.PARITY]
        self.char_us = 11000000 // self.rate
        quiet = FAST_GAP_US if self.rate > SLOWEST_FAST else 7 * self.char_us // 2
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
        """When on_deadline is to be called next, a tick."""
        due = self._look
        if self._n:
            end = ticks.add(self._last, self._gap + 1)
            if ticks.diff(end, due) < 0:
                due = end
        if self._due and ticks.diff(self._at, due) < 0:
            due = self._at
        return due

    def on_deadline(self, t: int) -> int:
        """Do what is due at tick t; the length of the answer in `out` to send now, or 0."""
        if self._open and ticks.diff(t, self._last) > self._gap:
            self._end(self._last)
        if ticks.diff(t, self._look) >= 0:
            self.watch.look(t)
            self._look = ticks.add(t, SECOND)
        if self._due and ticks.diff(t, self._at) >= 0:
            n = self._due
            self._due = 0
            self.answers += 1
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

    def _act(self, function: int, n: int, t: int) -> int:
        """Answer into `out` without its CRC; its length, below 0 an exception code."""
        if function == READ_BITS:
            return self._read_bits(n, t)
        if function == READ_HOLDING or function == READ_INPUT:
            return self._read(function, n, t)
        if function == WRITE_COIL:
            return self._write_coil(n)
        if function == WRITE_ONE:
            return self._write_one(n)
        if function == WRITE_MANY:
            return self._write_many(n)
        return -NO_FUNCTION

    def _word(self, at: int) -> int:
        return self._buf[at] << 8 | self._buf[at + 1]

    def _read_bits(self, n: int, t: int) -> int:
        if n != 6 or not 1 <= self._word(4) <= MOST_BITS:
            return -NO_VALUE
        start = self._word(2)
        count = self._word(4)
        if start + count > r.BITS:
            return -NO_ADDRESS
        self.watch.look(t)
        size = (count + 7) // 8
        word = self.watch.status >> start & ((1 << count) - 1)
        self.out[2] = size
        for i in range(size):
            self.out[3 + i] = word >> (8 * i) & 0xFF
        return 3 + size

    def _read(self, function: int, n: int, t: int) -> int:
        if n != 6 or not 1 <= self._word(4) <= MOST_READ:
            return -NO_VALUE
        start = self._word(2)
        count = self._word(4)
        inputs = function == READ_INPUT
        if start + count > (r.INPUTS if inputs else r.HOLDINGS):
            return -NO_ADDRESS
        if inputs:
            self.watch.look(t)
        out = self.out
        out[2] = 2 * count
        for i in range(count):
            value = self._input(start + i) if inputs else self.holding[start + i]
            out[3 + 2 * i] = value >> 8 & 0xFF
            out[4 + 2 * i] = value & 0xFF
        return 3 + 2 * count

    def _input(self, register: int) -> int:
        """One input register, 16 bits."""
        watch = self.watch
        if register == r.MAP_VERSION:
            return r.VERSION
        if register == r.STATUS:
            return watch.status
        if register == r.UPTIME:
            return watch.uptime >> 16
        if register == r.UPTIME + 1:
            return watch.uptime & 0xFFFF
        if register == r.DOOR_OPENINGS:
            return watch.openings >> 16
        if register == r.DOOR_OPENINGS + 1:
            return watch.openings & 0xFFFF
        if register == r.RESET_CAUSE:
            return self.reset_cause
        if register == r.FIRMWARE:
            return FIRMWARE
        return watch.value(register)

    def _write_coil(self, n: int) -> int:
        if n != 6 or self._word(4) not in (0x0000, 0xFF00):
            return -NO_VALUE
        coil = self._word(2)
        if coil >= r.COILS:
            return -NO_ADDRESS
        on = self._word(4) != 0
        if coil == r.FAN_BY_HAND:
            self.watch.by_hand = on
            self.watch.judge()
        else:
            self.beacon = on
        return self._echo()

    def _write_one(self, n: int) -> int:
        if n != 6:
            return -NO_VALUE
        register = self._word(2)
        if register >= r.HOLDINGS:
            return -NO_ADDRESS
        if not r.may_hold(register, self._word(4)):
            return -NO_VALUE
        self.holding[register] = self._word(4)
        self.watch.judge()
        return self._echo()

    def _write_many(self, n: int) -> int:
        """All or nothing: every value is looked at before the first is taken."""
        if n < 7 or not 1 <= self._word(4) <= MOST_WRITTEN:
            return -NO_VALUE
        start = self._word(2)
        count = self._word(4)
        if self._buf[6] != 2 * count or n != 7 + 2 * count:
            return -NO_VALUE
        if start + count > r.HOLDINGS:
            return -NO_ADDRESS
        for i in range(count):
            if not r.may_hold(start + i, self._word(7 + 2 * i)):
                return -NO_VALUE
        for i in range(count):
            self.holding[start + i] = self._word(7 + 2 * i)
        self.watch.judge()
        return self._echo()

    def _echo(self) -> int:
        """A write is answered with address and value or count."""
        for i in range(2, 6):
            self.out[i] = self._buf[i]
        return 6
