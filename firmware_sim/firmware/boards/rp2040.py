"""Pins of a Raspberry Pi Pico (RP2040): UART1 to the RS-485 driver, I2C0 to the metering chip."""

UART_ID = 1
TX = 8
RX = 9
DE = 10
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
