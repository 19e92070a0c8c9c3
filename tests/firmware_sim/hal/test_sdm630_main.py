"""The SDM630's main.py runs unmodified on the HAL in virtual time."""

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.loader import run_main
from firmware_sim.world.chip import Chip
from tests.firmware_sim.firmware.bench645 import registers
from tests.firmware_sim.modbus import read, words

MS = 1_000_000
CHIP = 0x38
UNIT = 7


@pytest.mark.parametrize(("baud", "speed"), [(9600, 0x20), (19200, 0x40)])
def test_main_answers_its_unit_alone_at_the_speed_of_its_plate(baud: int, speed: int) -> None:
    image = bytearray(registers(3))
    image[0x03], image[0x0A] = speed, UNIT
    one = Board(Clock(), until=1000 * MS, start_ticks=(1 << 30) - 120_000)
    one.devices[CHIP] = Chip(lambda: bytes(image))
    end = one.listen(read(0, 2, unit=UNIT), 50 * MS, baud)
    one.listen(read(0, 2, unit=1), end + 300 * MS, baud)
    run_main(one, "sdm630")
    [(start, _, data)] = one.sent
    assert words(data, UNIT) == [0x435C, 0x23D7]
    # poll counts in milliseconds, so the answer may begin up to one late, never early
    assert end + 20 * MS - 1000 <= start <= end + 21 * MS
