"""A three-phase meter with the registers of an Eastron SDM630, on Modbus RTU, without I/O.

Frames, deadlines and the answer that waits are lib/rtu.py's. Functions 03 and 04 are answered from
one look at the metering chip, so that the values of an answer belong together. The unit stands
on the chip's plate; a plate without one has the factory's, 1.
"""

from lib import chip as c
from lib.rtu import FAILURE, NO_ADDRESS, NO_FUNCTION, NO_VALUE, READ_HOLDING, READ_INPUT, Rtu
from sdm630 import registers as r

FACTORY_UNIT = 1
LAST_UNIT = 247
# 40 values an answer
MOST_READ = 80


class Meter(Rtu):
    """One meter, made as those of lib/loop.py are.

    snapshot(buf) fills the chip's image, OSError when it does not answer. number, elements, clock,
    wake and memory are the others': this one has no number, clock or past on its line.
    """

    def __init__(
        self, number, elements, snapshot, clock, char_us, delay_us=20000, wake=0, memory=None
    ) -> None:
        self.open(0, delay_us)
        self._snapshot = snapshot
        self._chip = bytearray(c.SIZE)
        self._inputs = bytearray(2 * r.INPUTS)
        self._total = bytearray(2 * r.VALUE)
        self._holding = bytearray(2 * r.HOLDINGS)
        snapshot(self._chip)
        unit = self._chip[c.UNIT]
        self.line(unit if 1 <= unit <= LAST_UNIT else FACTORY_UNIT, 11000000 // char_us)
        # the speed of its plate, as of every meter
        self.rate = 0
        r.holdings(self._holding, self.unit, c.baud(self._chip[c.SPEED]))

    def _act(self, function: int, n: int, t: int) -> int:
        """Answer into `out` without its CRC; its length, below 0 an exception code."""
        if function != READ_HOLDING and function != READ_INPUT:
            return -NO_FUNCTION
        if n != 6:
            return -NO_VALUE
        start = self._word(2)
        count = self._word(4)
        # a value is read whole
        if not 1 <= count <= MOST_READ or count % r.VALUE:
            return -NO_VALUE
        if start % r.VALUE:
            return -NO_ADDRESS
        if function == READ_HOLDING:
            return self._put(self._holding, 0, start, count)
        try:
            self._snapshot(self._chip)
        except OSError:
            return -FAILURE
        r.inputs(self._inputs, self._total, self._chip)
        if start >= r.TOTAL:
            return self._put(self._total, r.TOTAL, start, count)
        return self._put(self._inputs, 0, start, count)

    def _put(self, image, first: int, start: int, count: int) -> int:
        """Registers of an image that begins with register `first`."""
        at = 2 * (start - first)
        size = 2 * count
        if at + size > len(image):
            return -NO_ADDRESS
        out = self.out
        out[2] = size
        for i in range(size):
            out[3 + i] = image[at + i]
        return 3 + size
