"""A transformer's monitoring unit on Modbus RTU without I/O: bytes and ticks in, answers out.

Frames, deadlines and the answer that waits are lib/rtu.py's; here is what a TMU does with them.

Once a second the sensors are read, so that limits are watched and door openings counted whether or
not anybody asks. New settings of the line (holding registers 0-2) hold from the moment the answer
is handed out: it still goes the old way, whoever drives the UART changes its speed behind it.
"""

from lib import ticks
from lib.rtu import (
    MOST_READ,
    NO_ADDRESS,
    NO_FUNCTION,
    NO_VALUE,
    READ_HOLDING,
    READ_INPUT,
    Rtu,
)
from tmu import registers as r
from tmu import sensors as s
from tmu.keep import Keep
from tmu.watch import SECOND, Watch

FIRMWARE = 0x0100
"""Major * 256 + minor."""

MOST_WRITTEN = 123
MOST_BITS = 2000

READ_BITS = 0x02
WRITE_COIL = 0x05
WRITE_ONE = 0x06
WRITE_MANY = 0x10


class Tmu(Rtu):
    """One unit.

    snapshot(buf) fills the front end's register image, OSError when it is not there. t: the tick
    now. delay_us: end of a request to its answer, never below the silence that ends a frame.
    nv: its NV memory (lib/nv.py) of `keep.kept()`; without one settings go with the power.
    """

    def __init__(self, snapshot, t=0, delay_us=20000, reset_cause=1, nv=None) -> None:
        self.open(t, delay_us)
        self.beacon = False
        self.reset_cause = reset_cause
        self.holding = [0] * r.HOLDINGS
        self.watch = Watch(snapshot, self.holding, t)
        self._plate()
        self._keep = None
        if nv is not None:
            self._keep = Keep(self.holding, nv)
            self.watch.anew()
        self._settle()
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
        self.parity = self.holding[r.PARITY]
        self.line(self.holding[r.UNIT], self.holding[r.SPEED] * 100)

    def deadline(self) -> int:
        """When on_deadline is to be called next, a tick; there always is one."""
        due = Rtu.deadline(self)
        return self._look if due < 0 or ticks.diff(self._look, due) < 0 else due

    def _watch(self, t: int) -> None:
        """Read the sensors when it is time."""
        if ticks.diff(t, self._look) >= 0:
            self.watch.look(t)
            self._look = ticks.add(t, SECOND)

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
        self._written(register, 1)
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
        self._written(start, count)
        self.watch.judge()
        return self._echo()

    def _written(self, start: int, count: int) -> None:
        """Keep what was set before anybody is told."""
        if self._keep is not None:
            self._keep.written(start, count)

    def _echo(self) -> int:
        """A write is answered with address and value or count."""
        for i in range(2, 6):
            self.out[i] = self._buf[i]
        return 6
