"""The TMU's Modbus register map, version 1: what stands where, and what may be written.

Input registers (function 04; the status word also as inputs of function 02), holding registers
(03, 06, 10H), coils (05). Words are big-endian, 32 bit high word first; 8000H = no sensor.
"""

VERSION = 1

# input registers
MAP_VERSION = 0
STATUS = 1
OIL = 2
WINDING_A = 3
WINDING_B = 4
WINDING_C = 5
CABINET = 6
OUTDOOR = 7
HUMIDITY = 8
RESIDUAL = 9
UPTIME = 10
DOOR_OPENINGS = 12
RESET_CAUSE = 14
SUPPLY = 15
FIRMWARE = 16
INPUTS = 17

# bits of the status word, which are the inputs 0..9 of function 02 as well
DOOR = 0
SMOKE = 1
WATER = 2
FAN = 3
OVER_TEMPERATURE = 4
TRIP = 5
SENSOR_FAULT = 6
RESIDUAL_ALARM = 7
SUPPLY_LOST = 8
SELF_TEST = 9
BITS = 10

# holding registers
UNIT = 0
SPEED = 1
PARITY = 2
FAN_ON = 3
ALARM = 4
TRIP_AT = 5
RESIDUAL_LIMIT = 6
HOLDINGS = 7

# coils
FAN_BY_HAND = 0
BEACON = 1
COILS = 2

SPEEDS = (12, 24, 48, 96, 192, 384, 576, 1152)

# holding register -> lowest and highest value it takes (temperatures 0.1 degree, current mA)
LIMITS = (
    (1, 247),
    (12, 1152),
    (0, 2),
    (0, 2500),
    (0, 2500),
    (0, 2500),
    (10, 30000),
)


def may_hold(register: int, value: int) -> bool:
    """Whether a holding register takes this value."""
    low, high = LIMITS[register]
    if register == SPEED:
        return value in SPEEDS
    return low <= value <= high
