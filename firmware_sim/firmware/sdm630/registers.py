"""The SDM630's registers (Eastron's public map): every value a float of two, high word first.

Filled from the metering chip (lib/chip.py), which has the phases A, B, C where the map has 1, 2, 3.
What the map has and this meter does not (averages, demands, harmonics) is 0 below TOTAL's place,
and no address above.
"""

from lib import chip as c
from lib.float32 import put
from lib.registers import s16, s32, u16

# input registers 0..75, and one value more at 342
INPUTS = 76
TOTAL = 342
HOLDINGS = 30
VALUE = 2

# of phase 1; where the chip has phase A, bytes to the next, by how much it is more than the unit
PHASES = (
    (0, u16, c.VOLTAGE, 2, 100),
    (6, s32, c.CURRENT, 4, 10000),
    (12, s32, c.ACTIVE, 4, 100),
    (18, s32, c.APPARENT, 4, 100),
    (24, s32, c.REACTIVE, 4, 100),
    (30, s16, c.FACTOR + 2, 2, 10000),
    (36, u16, c.ANGLE, 2, 100),
)

# sums over the phases
SUMS = ((48, c.CURRENT, 10000), (52, c.ACTIVE, 100), (56, c.APPARENT, 100), (60, c.REACTIVE, 100))

FACTOR = 62
FREQUENCY = 70
IMPORT = 72
EXPORT = 74

# holding registers
SYSTEM = 10
PULSE_MS = 12
PARITY = 18
UNIT = 20
PULSES = 22
SPEED = 28

# three phases on four wires; 1 stop bit, even parity; imp/kWh
FOUR_WIRES = 3
EVEN = 1
PULSE_WIDTH = 100
CONSTANT = 1600

SPEEDS = (2400, 4800, 9600, 19200, 38400)


def inputs(image: bytearray, total: bytearray, chip: bytearray) -> None:
    """Fill both runs of input registers from the chip's."""
    for register, read, at, step, scale in PHASES:
        for phase in range(3):
            put(image, 2 * register + 4 * phase, read(chip, at + step * phase), scale)
    for register, at, scale in SUMS:
        whole = s32(chip, at) + s32(chip, at + 4) + s32(chip, at + 8)
        put(image, 2 * register, whole, scale)
    put(image, 2 * FACTOR, s16(chip, c.FACTOR), 10000)
    put(image, 2 * FREQUENCY, u16(chip, c.FREQUENCY), 1000)
    forward = c.fine(chip, c.FORWARD, 0)
    reverse = c.fine(chip, c.REVERSE, 0)
    put(image, 2 * IMPORT, forward, 10000)
    put(image, 2 * EXPORT, reverse, 10000)
    put(total, 0, forward + reverse, 10000)


def holdings(image: bytearray, unit: int, rate: int) -> None:
    """Fill the holding registers: how it is wired and set."""
    put(image, 2 * SYSTEM, FOUR_WIRES, 1)
    put(image, 2 * PULSE_MS, PULSE_WIDTH, 1)
    put(image, 2 * PARITY, EVEN, 1)
    put(image, 2 * UNIT, unit, 1)
    put(image, 2 * PULSES, CONSTANT, 1)
    for code in range(len(SPEEDS)):
        if SPEEDS[code] == rate:
            put(image, 2 * SPEED, code, 1)
