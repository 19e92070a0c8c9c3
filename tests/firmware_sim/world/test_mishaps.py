"""What befell a meter: every record of events has content, and the store shows what was then."""

import struct
from datetime import UTC, datetime

import pytest

from firmware_sim.world.mishaps import GAP_DAYS, MOST_TOLD, VOLTS
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.past import CHIP, EVENT, NOW, Past
from tests.firmware_sim.places import site

NOON = int(datetime(2036, 8, 16, 4, tzinfo=UTC).timestamp() * 1000)
"""Ten years on: everything has happened to everybody."""
DAY_MS = 86_400_000
SITE = site()
WORLD = Neighbourhood(SITE)
EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
PHASED = sorted(VOLTS)
POWER_OFF = 0x110


def past(kind: str = "feeder", began: int | None = None) -> Past:
    """The store of the first meter of that kind."""
    meter = next(one for one in SITE.meters if one.kind == kind)
    return Past(WORLD, meter, 9600, began_ms=began)


def events(
    store: Past, which: int, now: int = NOON, since: int = 0
) -> tuple[int, int, list[tuple[int, int]]]:
    """(count, minutes, (start, end) newest first)."""
    buf = bytearray(168)
    assert store.fill(buf, EVENT + which, NOW, since, now)
    count, minutes, *words = struct.unpack(">42I", buf)
    return count, minutes, [(words[i], words[i + 1]) for i in range(0, 40, 4) if words[i]]


def chip(store: Past, second: int, now: int = NOON) -> bytes:
    """Its registers at a second of the meter's clock."""
    buf = bytearray(0x80)
    assert store.fill(buf, CHIP, second, 0, now)
    return bytes(buf)


def volts(registers: bytes) -> tuple[float, ...]:
    """Of the three phases."""
    return tuple(raw / 100 for raw in struct.unpack_from(">3H", registers, 0x10))


def second(t_ms: int) -> int:
    """The same instant on the meter's clock."""
    return (t_ms + WORLD.utc_offset_ms) // 1000 - EPOCH


@pytest.mark.parametrize("kind", sorted(GAP_DAYS), ids=lambda kind: f"{kind:02X}")
def test_every_kind_of_record_has_content(kind: int) -> None:
    for phase in (1, 2, 3) if kind in VOLTS else (0,):
        count, minutes, found = events(past(), kind << 4 | phase)
        assert count >= len(found) > 0
        assert minutes >= sum((end - start) // 60 for start, end in found) > 0


@pytest.mark.parametrize("kind", PHASED, ids=lambda kind: f"{kind:02X}")
@pytest.mark.parametrize("phase", [1, 2, 3])
def test_a_phase_shows_the_voltage_of_its_event_from_its_start_to_its_end(
    kind: int, phase: int
) -> None:
    store = past()
    least, most = VOLTS[kind]
    for start, end in events(store, kind << 4 | phase)[2]:
        for at in (start, end - 1):
            shown = volts(chip(store, at))
            assert least <= shown[phase - 1] <= most
        for at in (start - 2, end + 1):
            assert 200 < volts(chip(store, at))[phase - 1] < 250


def test_a_loss_keeps_its_current_and_a_broken_phase_has_none() -> None:
    store = past()
    for kind, broken in ((1, False), (4, True)):
        start, _ = events(store, kind << 4 | 1)[2][0]
        registers = chip(store, start)
        (current,) = struct.unpack_from(">i", registers, 0x20)
        (power,) = struct.unpack_from(">i", registers, 0x30)
        (apparent,) = struct.unpack_from(">i", registers, 0x48)
        assert (current == 0) == (power == 0) == broken
        # 10 mVA of 0.1 mA
        assert apparent == pytest.approx(volts(registers)[0] * current / 100, rel=1e-3, abs=2)
        (reactive,) = struct.unpack_from(">i", registers, 0x3C)
        assert power**2 + reactive**2 == pytest.approx(apparent**2, rel=1e-3)


@pytest.mark.parametrize("kind", ["household", "feeder"])
def test_a_chip_without_power_shows_nothing_but_its_energy(kind: str) -> None:
    store = past(kind)
    start, end = events(store, POWER_OFF)[2][0]
    off, before = chip(store, start), chip(store, start - 2)
    assert off[0x10:0x18] == bytes(8)
    assert off[0x20:0x54] == bytes(0x34)
    assert struct.unpack_from(">I", off, 0x64) >= struct.unpack_from(">I", before, 0x64) > (0,)
    assert chip(store, end + 1)[0x16:0x18] != bytes(2)


def test_a_meter_of_one_phase_keeps_its_voltage() -> None:
    store = past("household")
    start, _ = events(store, 0x21)[2][0]
    assert volts(chip(store, start))[0] > 200


def test_while_the_bench_runs_nothing_befalls_a_meter_that_nobody_ordered() -> None:
    began = NOON - 2000 * DAY_MS
    store = past(began=began)
    for which in (POWER_OFF, 0x11, 0x2D0):
        assert events(store, which) == events(store, which, now=began)
        assert events(store, which)[0] < events(past(), which)[0]
    start, _ = events(past(), 0x11)[2][0]
    assert volts(chip(store, start))[0] > 200


def test_a_power_off_that_is_told_is_the_newest_record_and_one_more() -> None:
    store = past(began=NOON)
    before = events(store, POWER_OFF)
    store.power_off(NOON + 60_000, NOON + 360_500)
    later = NOON + 400_000
    count, minutes, found = events(store, POWER_OFF, now=later)
    assert (count, minutes) == (before[0] + 1, before[1] + 5)
    assert found[0] == (second(NOON) + 60, second(NOON) + 360)
    assert found[1:] == before[2][:9]
    assert chip(store, second(NOON) + 200, now=later)[0x10:0x18] == bytes(8)
    assert chip(store, second(NOON) + 361, now=later)[0x10:0x18] != bytes(8)


def test_a_record_is_stamped_by_the_meters_clock_as_it_was_set_then() -> None:
    store = past(began=NOON)
    store.power_off(NOON + 60_000, NOON + 360_000, before_s=7, after_s=-3)
    assert events(store, POWER_OFF, now=NOON + DAY_MS)[2][0] == (
        second(NOON) + 67,
        second(NOON) + 357,
    )


def test_a_power_off_shorter_than_a_second_does_not_end_before_it_began() -> None:
    store = past(began=NOON)
    store.power_off(NOON + 100, NOON + 300)
    start, end = events(store, POWER_OFF, now=NOON + 1000)[2][0]
    assert start == end == second(NOON) + 1


def test_more_power_offs_than_are_kept_are_still_counted() -> None:
    store = past(began=NOON)
    drawn, minutes, _ = events(store, POWER_OFF)
    for n in range(MOST_TOLD + 25):
        store.power_off(NOON + n * 200_000, NOON + n * 200_000 + 120_000)
    later = NOON + DAY_MS * 10
    count, all_minutes, found = events(store, POWER_OFF, now=later)
    assert count == drawn + MOST_TOLD + 25
    assert all_minutes == minutes + 2 * (MOST_TOLD + 25)
    assert len(found) == 10
    assert len(store._mishaps.told) == MOST_TOLD
    assert events(store, POWER_OFF, now=later, since=found[3][0])[0] == 4
