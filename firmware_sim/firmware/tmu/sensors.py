"""The sensor front end's register map, version 1 (docs/firmware.md), big-endian.

00    kind 54H         01  map version 1     02  unit number set    03  parity set, 0 N 1 O 2 E
04    speed set / 100, u16
06    sensors fitted, u16    08  sensors failed, u16    0A  contacts
      bits of both: 0 oil, 1..3 winding A..C, 4 cabinet, 5 outdoor, 6 humidity, 7 residual current,
      8 supply
0C    oil, winding A B C, cabinet, outdoor, s16, 0.01 degree
18    humidity, u16, 0.01 %      1A  supply voltage, u16, 1 mV
1C    residual current, u32, 0.1 mA
"""

from lib.bcd import round10
from lib.registers import s16, u16

SIZE = 0x20
PLATE = 6
KIND = 0x54
VERSION = 1

UNIT = 0x02
PARITY = 0x03
SPEED = 0x04
FITTED = 0x06
FAILED = 0x08
CONTACTS = 0x0A
TEMPERATURES = 0x0C
HUMIDITY = 0x18
SUPPLY = 0x1A
RESIDUAL = 0x1C

OIL = 0
WINDING_A = 1
WINDING_C = 3
HUMIDITY_BIT = 6
RESIDUAL_BIT = 7
SUPPLY_BIT = 8

NONE = 0x8000
"""What a register shows that has no sensor or a failed one."""
TOP = 0x7FFF


def is_ours(image) -> bool:
    """Whether this is a front end whose map we know."""
    return image[0] == KIND and image[1] == VERSION


def good(image) -> int:
    """Bits of the sensors that are fitted and have not failed."""
    return u16(image, FITTED) & ~u16(image, FAILED)


def failed(image) -> bool:
    """Whether a sensor that is fitted gives nothing."""
    return (u16(image, FITTED) & u16(image, FAILED)) != 0


def temperature(image, index: int) -> int:
    """Sensor 0..5, 0.1 degree with its sign; NONE without a sensor."""
    if not good(image) >> index & 1:
        return NONE
    return round10(s16(image, TEMPERATURES + 2 * index))


def humidity(image) -> int:
    """0.1 %; NONE without a sensor."""
    if not good(image) >> HUMIDITY_BIT & 1:
        return NONE
    return round10(u16(image, HUMIDITY))


def supply(image) -> int:
    """0.01 V; NONE without a sensor."""
    if not good(image) >> SUPPLY_BIT & 1:
        return NONE
    return round10(u16(image, SUPPLY))


def residual(image) -> int:
    """mA, up to TOP; NONE without a sensor."""
    if not good(image) >> RESIDUAL_BIT & 1:
        return NONE
    high = u16(image, RESIDUAL)
    # 5 * 65536 tenths of a milliampere are above TOP: more would be a big integer on a board
    if high >= 5:
        return TOP
    value = round10(high << 16 | u16(image, RESIDUAL + 2))
    return value if value < TOP else TOP
