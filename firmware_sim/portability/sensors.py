"""What the I2C chips of the scripted boards show, as a function of time alone."""

import struct

from firmware_sim.portability.masters import METER, UNIT

SECOND = 1_000_000_000


class Chip:
    """A chip whose registers are a function of the clock; `silent` ns ranges it does not answer."""

    def __init__(self, image: bytes) -> None:
        self._image = image

    def read(self, memory: int, count: int) -> bytes:
        """`count` registers from `memory` on."""
        return self._image[memory : memory + count].ljust(count, b"\0")


def metering(now: int, elements: int, unit: int = 0) -> bytes:
    """The metering chip (docs/firmware.md, map version 2) at `now` ns; `unit` on Modbus."""
    t = now // SECOND
    wave = (t * 37) % 401 - 200
    n = (1, 1, 1) if elements == 3 else (1, 0, 0)
    head = struct.pack(">BBBB6sBxI", 0x64, 2, elements, 0x20, METER, unit, 7)
    volts = [(22000 + wave + 50 * i) * on for i, on in enumerate(n)]
    # a phase that is lost now and then
    if elements == 3 and t // 97 % 5 == 4:
        volts[1] = 0
    line = struct.pack(">3HHh3H", *volts, 50000 + wave, 2500 + wave, 1415, 12345 * n[1], 359 * n[2])
    amps = struct.pack(">4i", 81234 + wave, 55555 * n[1], -12 * n[2], -80006)
    powers = struct.pack(
        ">9i",
        *(171264 + wave, -98765 * n[1], 44 * n[2]),
        *(43210, -7 * n[1], 0),
        *(178800, 98765 * n[1], 44 * n[2]),
    )
    rest = struct.pack(">4h2H", 9578, 9578, -10000 * n[1], 0, 3605, 2494)
    # a register that rolls over in the course of the run
    counts = [16 + t, 4_294_967_000 + t, 15, 12_000 + t // 3, 0, 0, 0, 161 + t // 60]
    return head + line + amps + powers + rest + struct.pack(">8I", *(c % 2**32 for c in counts))


def front_end(now: int) -> bytes:
    """The TMU's sensor front end (docs/firmware.md, map version 1) at `now` ns."""
    t = now // SECOND
    # up and down through every limit in seven minutes
    ramp = abs((t * 50) % 21_000 - 10_500)
    failed = 1 << (t // 31 % 9) if t // 31 % 4 == 3 else 0
    contacts = t // 53 % 8
    return struct.pack(
        ">BBBBHHHBx6hHHI",
        *(0x54, 1, UNIT, 2, 96, 0b1_1111_0001, failed, contacts),
        *(ramp, 0, 0, 0, 3871 - t % 100, -512, 6543, 12034 if t // 41 % 3 else 8000),
        (t * 13) % 6000,
    )
