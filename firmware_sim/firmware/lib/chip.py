"""The metering chip's register map, version 2 (docs/firmware.md), big-endian.

00    kind 64H         01  map version 1     02  elements, 1 or 3    03  speed word (3.17)
04    meter number A0..A5, BCD, low byte first       0C  battery run time, u32, min
0A    unit number of a Modbus meter, 0 = none
10    voltage A B C, u16, 10 mV              16  frequency, u16, mHz
18    temperature, s16, 0.01 degree         1A  phase angle A B C, u16, 0.01 degree
20    current A B C N, s32, 0.1 mA
30    active power A B C, s32, 10 mW         3C  reactive power A B C, s32, 10 mvar
48    apparent power A B C, s32, 10 mVA
54    power factor total A B C, s16, 0.0001
5C    clock battery, 5E reading battery, u16, 1 mV
60    pulses forward, tariff 1..4, u32       70  pulses reverse, tariff 1..4, u32
"""

from lib.registers import u16

SIZE = 0x80
NAMEPLATE = 0x0A

ELEMENTS = 0x02
BATTERY_MIN = 0x0C
SPEED = 0x03
NUMBER = 0x04
UNIT = 0x0A
VOLTAGE = 0x10
FREQUENCY = 0x16
TEMPERATURE = 0x18
ANGLE = 0x1A
CURRENT = 0x20
CURRENT_N = 0x2C
ACTIVE = 0x30
REACTIVE = 0x3C
APPARENT = 0x48
FACTOR = 0x54
CLOCK_BATTERY = 0x5C
READING_BATTERY = 0x5E
FORWARD = 0x60
REVERSE = 0x70

TARIFFS = 4

# meter constant 1600 imp/kWh: 16 pulses are 0.01 kWh, the register's last digit
PULSES_SHIFT = 4

# speed word of function 17: one bit a speed (DL/T 645-2007 7.7)
SPEEDS = ((0x02, 600), (0x04, 1200), (0x08, 2400), (0x10, 4800), (0x20, 9600), (0x40, 19200))


def energy(chip: bytearray, bank: int, tariff: int) -> int:
    """One tariff's energy of a bank (FORWARD, REVERSE), 0.01 kWh; tariff 0 = all of them.

    The total counts the pulses that no tariff register shows yet: it may stand up to 0.03 kWh above
    the sum of the shown tariffs, as on a real meter.
    """
    if tariff:
        at = bank + 4 * (tariff - 1)
        return u16(chip, at) << (16 - PULSES_SHIFT) | u16(chip, at + 2) >> PULSES_SHIFT
    high = 0
    low = 0
    # four of the highest counts are just below 2**30 so
    for at in range(bank, bank + 4 * TARIFFS, 4):
        high += chip[at] << 8 | chip[at + 1]
        low += chip[at + 2] << 8 | chip[at + 3]
    return (high << (16 - PULSES_SHIFT)) + (low >> PULSES_SHIFT)


def fine(chip: bytearray, bank: int, tariff: int) -> int:
    """The same in 0.0001 kWh: a pulse is 6.25 of them."""
    if tariff:
        at = bank + 4 * (tariff - 1)
        return (u16(chip, at) << 16 | u16(chip, at + 2)) * 25 >> 2
    pulses = 0
    for i in range(TARIFFS):
        at = bank + 4 * i
        pulses += u16(chip, at) << 16 | u16(chip, at + 2)
    return pulses * 25 >> 2


def powered(chip: bytearray) -> bool:
    """Whether the meter had power then: a chip without voltage finds no frequency."""
    return u16(chip, FREQUENCY) != 0


def baud(word: int) -> int:
    """The speed a speed word names; 2400 when it names none or several."""
    for bit, speed in SPEEDS:
        if word == bit:
            return speed
    return 2400
