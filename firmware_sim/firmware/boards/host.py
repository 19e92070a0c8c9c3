"""Pins of the bench: the numbers the HAL on CPython gives its wires."""

UART_ID = 0
TX = 0
RX = 1
DE = 2
# the self-test measures DE here, if they are bridged
SENSE = 3
# characters that the UART's driver may keep to itself while more come
RX_KEPT = 0
I2C_ID = 0
SDA = 4
SCL = 5
CHIP = 0x38
FAN = 6
ALARM = 7
TRIP = 8
BEACON = 9
WDT_MS = 8000


def flash():
    """The block device of what outlives the power, None if the bench gives none."""
    try:
        from rp2 import Flash
    except ImportError:
        return None
    return Flash()
