"""Pins of a Raspberry Pi Pico (RP2040): UART1 to the RS-485 driver, I2C0 to the metering chip."""

UART_ID = 1
TX = 8
RX = 9
DE = 10
# the self-test measures DE here, if they are bridged
SENSE = 11
# characters that the UART's driver may keep to itself while more come
RX_KEPT = 3
I2C_ID = 0
SDA = 4
SCL = 5
CHIP = 0x38
# relays and lamp of the TMU
FAN = 16
ALARM = 17
TRIP = 18
BEACON = 19
# the part's watchdog counts to 8388 ms at most
WDT_MS = 8000
# blocks behind the file system for what outlives the power, 4 KB each
KEPT_BLOCKS = 4


def flash():
    """The block device of what outlives the power; its last KEPT_BLOCKS are used.

    None where the file system reaches to the end of the flash, as in a build as it comes.
    """
    try:
        from os import statvfs

        from rp2 import Flash
    except ImportError:
        return None
    device = Flash()
    _, block, count = statvfs("/")[:3]
    size = device.ioctl(5, 0)
    blocks = device.ioctl(4, 0)
    if not size or not blocks or block * count > (blocks - KEPT_BLOCKS) * size:
        return None
    return device
