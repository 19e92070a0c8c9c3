"""Pins of an ESP32: UART2 to the RS-485 driver, I2C0 to the metering chip; UART0 is its REPL."""

UART_ID = 2
TX = 17
RX = 16
DE = 4
# the self-test measures DE here, if they are bridged
SENSE = 5
# characters that the UART's driver may keep to itself while more come
RX_KEPT = 119
I2C_ID = 0
SDA = 21
SCL = 22
CHIP = 0x38
# relays and lamp of the TMU
FAN = 25
ALARM = 26
TRIP = 27
BEACON = 33
WDT_MS = 8000
# data partition of 16 KB for what outlives the power
KEPT = "boxgate"


def flash():
    """The block device of what outlives the power; None without a partition for it."""
    try:
        from esp32 import Partition  # pyright: ignore
    except ImportError:
        return None
    found = Partition.find(Partition.TYPE_DATA, label=KEPT)
    return found[0] if found else None
