"""The issue's events in both meters, as the world has them: each record seen with content."""

import struct
from datetime import UTC, datetime, timedelta

import pytest

from firmware_sim.world.mishaps import VOLTS
from firmware_sim.world.past import CHIP, Past
from protocol.dlt698 import requests as ask
from tests.firmware_sim.firmware.rows698 import Meter
from tests.firmware_sim.frames import answer, read, request
from tests.firmware_sim.held import EPOCH, r10, second
from tests.firmware_sim.world.test_past import NOON, WORLD, Bench, meter

OF_ALL = {"power off": (0x11, 0x3011), "cover": (0x2D, 0x301B), "terminal cover": (0x2E, 0x301C)}
"""645: kind of its page; 698: object."""
OF_PHASES = {
    "loss": (0x01, 0x3000),
    "under": (0x02, 0x3001),
    "over": (0x03, 0x3002),
    "phase loss": (0x04, 0x3003),
}
KINDS = ("household", "feeder")
LATER = NOON + 3000 * 86_400_000
"""Eight years on: everything has happened to everybody."""


def bench(kind: str) -> Bench:
    """A 645 meter years later."""
    made = Bench(kind)
    made.now = LATER
    return made


def meter698(kind: str) -> Meter:
    """A 698 meter in its place."""
    past = Past(WORLD, meter(kind), 9600)
    now = EPOCH + timedelta(
        milliseconds=LATER + WORLD.utc_offset_ms - int(EPOCH.replace(tzinfo=UTC).timestamp() * 1000)
    )
    return Meter(
        1 if kind == "household" else 3,
        now,
        memory=lambda buf, page, at, since: past.fill(buf, page, at, since, LATER),
    )


def chip(when: datetime) -> bytes:
    """What the feeder's chip showed at a second of its clock."""
    buf = bytearray(0x80)
    assert Past(WORLD, meter("feeder"), 9600).fill(buf, CHIP, second(when), 0, LATER)
    return bytes(buf)


def moments(digits: str) -> tuple[datetime, datetime]:
    """Start and end out of a record of the 645 meter, whose digits come highest first."""
    return tuple(datetime.strptime(digits[-12 - n :][:12], "%y%m%d%H%M%S") for n in (0, 12))  # type: ignore[return-value]


def newest(kind: str, oi: int, attribute: int, *columns: int) -> list[int | datetime]:
    """The columns of the 698 meter's newest record."""
    (row,) = meter698(kind).rows(oi << 16 | attribute << 8, ask.newest(1), *columns)
    return row


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", OF_ALL)
def test_power_offs_and_opened_covers_stand_in_both_meters_of_one_phase_and_of_three(
    what: str, kind: str
) -> None:
    page, oi = OF_ALL[what]
    item = f"03{page:02X}00" if page == 0x11 else f"0330{page - 0x20:02X}"
    count = int(bench(kind).shown(f"{item}00"))
    start, end = moments(bench(kind).shown(f"{item}01"))
    assert count > 0
    assert newest(kind, oi, 2, 0x20220200, 0x201E0200, 0x20200200) == [count, start, end]


@pytest.mark.parametrize("phase", [1, 2, 3])
@pytest.mark.parametrize("what", OF_PHASES)
def test_voltage_events_of_each_phase_stand_in_both_three_phase_meters(
    what: str, phase: int
) -> None:
    page, oi = OF_PHASES[what]
    totals = bench("feeder").shown(f"03{page:02X}0000")
    # of phase C first: minutes and count each
    count = int(totals[12 * (3 - phase) + 6 :][:6])
    start, end = moments(bench("feeder").shown(f"03{page:02X}{phase:02X}01"))
    assert count > 0
    found = newest("feeder", oi, 5 + phase, 0x20220200, 0x201E0200, 0x20200200)
    assert found == [count, start, end]


@pytest.mark.parametrize("phase", [1, 2, 3])
@pytest.mark.parametrize("what", OF_PHASES)
def test_a_voltage_events_record_has_the_values_of_its_start(what: str, phase: int) -> None:
    page, _ = OF_PHASES[what]
    record = answer(
        bench("feeder").hear(read(meter("feeder").id, f"03{page:02X}{phase:02X}01"))
    ).raw
    start, _ = moments(record[::-1].hex())
    # start, end, four increments; of each phase four increments and U, I, P, Q, power factor
    at = 12 + 16 + 29 * (phase - 1) + 16
    volts, current, power = (
        int(record[i:j][::-1].hex()) for i, j in ((at, at + 2), (at + 2, at + 5), (at + 5, at + 8))
    )
    shown = chip(start)
    elements = [
        struct.unpack_from(">H", shown, 0x10 + 2 * (phase - 1))[0],
        struct.unpack_from(">i", shown, 0x20 + 4 * (phase - 1))[0],
        struct.unpack_from(">i", shown, 0x30 + 4 * (phase - 1))[0],
    ]
    assert [volts, current, power] == [r10(one) for one in elements]
    least, most = VOLTS[page]
    assert 10 * least - 1 <= volts <= 10 * most + 1


@pytest.mark.parametrize("what", OF_PHASES)
def test_a_single_phase_meter_has_no_voltage_events(what: str) -> None:
    page, oi = OF_PHASES[what]
    one = meter("household").id
    for item in (f"03{page:02X}0000", f"03{page:02X}0101"):
        got = answer(bench("household").hear(read(one, item)))
        assert (got.control, got.data) == (0xD1, b"\x02")
    refused = meter698("household").refusal(oi << 16 | 0x0600, ask.newest(1), 0x20220200)
    assert refused is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_clock_and_a_programming_stand_in_every_645_meter(kind: str) -> None:
    desk = bench(kind)
    one = meter(kind).id
    level4, operator = b"\x04\0\0\0", b"\x78\x56\x34\x12"
    for item, data in (("04000102", b"\x00\x00\x12"), ("04000103", b"\x30")):
        order = bytes.fromhex(item)[::-1] + level4 + operator + data
        assert answer(desk.hear(request(one, 0x14, order))).control == 0x94
    assert (desk.shown("03300400"), desk.shown("03300000")) == ("000001", "000001")
