"""A meter whose calendar is changed does the same on a real MicroPython, to the microsecond."""

import random
from pathlib import Path
from typing import cast

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import cpython, masters, sensors, trace, wasi
from firmware_sim.portability.master698 import frame as frame698
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


SERVER = b"\x05" + masters.METER
CONNECT = b"\2\7\0\x10" + b"\xff" * 24 + bytes.fromhex("0400020001040000000000")
PASSWORD = bytes.fromhex("01083030303030303030")
ASKED698 = (
    "05010900100200", "05010900000200", "05010920140200",
    *(f"050109{oi}0200" for oi in ("4008", "4009", "4011", "4012", "4014", "4015", "4016", "4017")),
)  # fmt: skip


def master698(chance: random.Random) -> bytes:
    """The same as objects, in a connection by password."""
    what = chance.random()
    if what < 0.2:
        return framed(CONNECT + PASSWORD + b"\0")
    if what < 0.5:
        table = b"\1\4" + b"".join(
            bytes((2, 3, 0x11, 3, 0x11, start, 0x11, chance.randrange(1, 6)))
            for start in sorted(chance.sample(range(1, 25), 4))
        )
        oi = chance.choice(("4016", "4017"))
        return framed(bytes.fromhex(f"060109{oi}0200") + b"\1\2" + 2 * table + b"\0")
    if what < 0.6:
        when = bytes((0x1C, 7, 0xEA, 1, 1, 3, chance.randrange(25), 0))
        oi = chance.choice(("4008", "4009"))
        return framed(bytes.fromhex(f"060109{oi}0200") + when + b"\0")
    return framed(bytes.fromhex(chance.choice(ASKED698)) + b"\0")


def framed(apdu: bytes) -> bytes:
    """To the one meter there is."""
    return frame698(SERVER, apdu)


SUBJECT698 = Subject(
    "meter698-tariffs", "meter698", lambda: master698,
    lambda now: sensors.metering(now, 1), (9600,), 6989, (18, 8),
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


def test_both_machines_take_the_calendars_objects_alike(tmp_path: Path) -> None:
    port = PORTS["rp2040"]
    folder = SUBJECT698.lay_out(tmp_path, port.profile)
    script, world = SUBJECT698.script(port.name, 3), SUBJECT698.world()
    one = trace.run(cpython.run_board, folder, script, port, world, flash=Flash())
    other = trace.run(wasi.run_board, folder, script, port, world, flash=Flash())
    assert trace.difference(one, other) == ""
    assert "crash" not in trace.count(one)
    # a SET was done: DAR 0
    said = bytes(cast(int, about[0]) for _, what, about in one if what == "tx")
    assert any(bytes.fromhex(f"860109{oi}020000") in said for oi in ("4016", "4017"))
    assert any(bytes.fromhex(f"860109{oi}020000") in said for oi in ("4008", "4009"))
