"""A meter whose calendar is changed does the same on a real MicroPython, to the microsecond."""

import random
from pathlib import Path
from typing import cast

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, masters, sensors, trace, wasi
from firmware_sim.portability.suite import Subject

pytestmark = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)

ORDER = bytes.fromhex("02000000") + bytes.fromhex("78563412")
TABLES = ("04010001", "04010002", "04020001", "04020002")
ENERGY, STATUS, FROZEN = "0001FF00", "04000503", "05060101"
MINUTES = 5


def bcd(value: int) -> int:
    """Two digits."""
    return value // 10 << 4 | value % 10


def item(text: str) -> bytes:
    """As on the line."""
    return bytes.fromhex(text)[::-1]


def master(chance: random.Random) -> bytes:
    """Day tables of some minutes from three o'clock on, switches, and what becomes of them."""
    what = chance.random()
    if what < 0.3:
        starts = sorted(chance.sample(range(1, 25), 4))
        rows = b"".join(bytes((chance.randrange(1, 5), bcd(start), 3)) for start in starts)
        order = item(chance.choice(TABLES)) + ORDER + rows
        return masters.frame645(masters.METER, 0x14, order)
    if what < 0.4:
        when = bytes((bcd(chance.randrange(25)), 3, 1, 1, 0x26))
        order = item(chance.choice(("04000106", "04000107"))) + ORDER + when
        return masters.frame645(masters.METER, 0x14, order)
    if what < 0.9:
        asked = item(chance.choice((ENERGY, ENERGY, STATUS, FROZEN)))
        return masters.frame645(masters.METER, 0x11, asked)
    return masters.dlt645(chance)


SUBJECT = Subject(
    "meter645-tariffs", "meter645", lambda: master,
    lambda now: sensors.metering(now, 3), (9600,), 6459,
)  # fmt: skip


def energies(events: list[trace.Event]) -> list[list[int]]:
    """Total and tariffs of each whole answer that has them, 0.01 kWh."""
    said = bytes(cast(int, about[0]) for _, what, about in events if what == "tx")
    head = (
        b"\x68" + masters.METER + b"\x68\x91\x18" + bytes((b + 0x33) & 0xFF for b in item(ENERGY))
    )
    found = []
    for part in said.split(head)[1:]:
        data = bytes((byte - 0x33) & 0xFF for byte in part[:20])
        found.append([int(data[i : i + 4][::-1].hex()) for i in range(0, len(data), 4)])
    return found


def test_both_machines_sort_by_the_calendar_alike(tmp_path: Path) -> None:
    port = PORTS["rp2040"]
    folder = SUBJECT.lay_out(tmp_path, port.profile)
    script, world = SUBJECT.script(port.name, MINUTES), SUBJECT.world()
    flashes = Flash(), Flash()
    one = trace.run(cpython.run_board, folder, script, port, world, flash=flashes[0])
    other = trace.run(wasi.run_board, folder, script, port, world, flash=flashes[1])
    assert trace.difference(one, other) == ""
    assert flashes[0].data == flashes[1].data
    assert "crash" not in trace.count(one)
    # the chip counts nothing in tariff 3: what stands there the firmware has sorted
    found = energies(one)
    assert len(found) > 12
    assert len({row[3] for row in found}) > 2
    assert all((row[0] - sum(row[1:])) % 100_000_000 <= 3 for row in found)
