"""A meter's store: the past as the world had it, and what befell the meter."""

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.site.model import Meter
from firmware_sim.hal.loader import meter645
from firmware_sim.world.chip import image
from firmware_sim.world.drift import EXACT, Drift
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.past import AVERAGES, CHIP, COUNTS, EVENT, NOW, PEAKS, QUALITY, Past
from firmware_sim.world.shape import DAY_MS
from tests.firmware_sim.frames import answer, digits, read, request
from tests.firmware_sim.places import site

NOON = int(datetime(2026, 8, 16, 4, tzinfo=UTC).timestamp() * 1000)
"""12:00 in Shanghai."""
WORLD = Neighbourhood(site())
EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
AT_NOON = NOON // 1000 + 8 * 3600 - EPOCH
"""The same on the meter's clock."""
MIDNIGHT = AT_NOON - 12 * 3600
MONTH = MIDNIGHT - 15 * 86_400
FAST = Drift(50_000, NOON - 20 * DAY_MS)
"""A clock that has gained 86.4 s by noon."""
SLOW = Drift(-50_000, NOON - 20 * DAY_MS)
WORSE = Drift(50_000, NOON - 200 * DAY_MS)
"""864 s: nearly a demand period."""


def meter(kind: str = "household") -> Meter:
    """The first meter of that kind."""
    return next(one for one in site().meters if one.kind == kind)


def page(
    kind: str,
    which: int,
    size: int,
    at: int = NOW,
    since: int = 0,
    now: int = NOON,
    drift: Drift = EXACT,
) -> bytes | None:
    """A page of a meter's store; None if there is none."""
    buf = bytearray(size)
    past = Past(WORLD, meter(kind), 9600, drift)
    return bytes(buf) if past.fill(buf, which, at, since, now) else None


class Bench:
    """A meter of the bench at an instant of its world, ms UTC, which the test moves on."""

    def __init__(self, kind: str, drift: Drift = EXACT) -> None:
        self.now = NOON
        self._meter = meter(kind)
        self._past = Past(WORLD, self._meter, 9600, drift)
        self._core = meter645()(
            bytes.fromhex(self._meter.id)[::-1],
            3 if self._meter.phase == "ABC" else 1,
            self._snapshot,
            lambda: self._past.clock(self.now),
            1145,
            memory=lambda buf, page, at, since: self._past.fill(buf, page, at, since, self.now),
        )

    def _snapshot(self, buf: bytearray) -> None:
        buf[:] = image(self._meter, 9600, WORLD.meter_state(self._meter, self.now))

    def hear(self, said: bytes) -> bytes:
        """The answer to a frame; nothing is silence."""
        core = self._core
        core.on_bytes(said, len(said), 0)
        return bytes(core.out[: core.on_deadline(20_000)]) if core.deadline() >= 0 else b""

    def shown(self, item: str) -> str:
        """The digits of an item."""
        return digits(answer(self.hear(read(self._meter.id, item))).raw)


def shown(item: str, kind: str) -> str:
    """What the firmware on the bench answers at noon."""
    return Bench(kind).shown(item)


def test_the_registers_of_an_instant_are_those_the_chip_showed_then() -> None:
    then = WORLD.meter_state(meter(), NOON - 3_600_000)
    assert page("household", CHIP, 0x80, AT_NOON - 3600) == image(meter(), 9600, then)


def test_nobody_knows_the_future_or_the_time_before_the_beginning() -> None:
    assert page("household", CHIP, 0x80, AT_NOON + 1) is None
    assert page("household", CHIP, 0x80, 86_400) is None


@pytest.mark.parametrize("kind", ["household", "feeder"])
def test_the_daily_freeze_is_the_energy_of_midnight(kind: str) -> None:
    energies = WORLD.meter_state(meter(kind), NOON - DAY_MS // 2).forward
    assert shown("05060001", kind) == "2608160000"
    block = shown("05060101", kind)
    # total last: digits come highest first
    tariffs = [int(block[i : i + 8]) / 100 for i in (24, 16, 8, 0)]
    assert tariffs == pytest.approx([wh / 1000 for wh in energies], abs=0.011)


def counts(at: int) -> tuple[int, ...]:
    """The 48 counters of the feeder's meter."""
    content = page("feeder", COUNTS, 0xC0, at)
    assert content is not None
    return struct.unpack(">48I", content)


def test_the_phases_add_up_to_the_total_and_lagging_load_counts_in_quadrant_1() -> None:
    now = counts(NOW)
    energies = WORLD.meter_state(meter("feeder"), NOON).forward
    assert sum(now[24 + 8 * phase] for phase in range(3)) == pytest.approx(
        sum(energies) * 1.6, abs=4
    )
    assert sum(now[26 + 8 * phase] for phase in range(3)) == pytest.approx(sum(now[:4]), abs=8)
    assert sum(now[:4]) > 0
    assert not any(now[4:16])


@given(st.integers(0, 20 * 86_400), st.integers(1, 86_400))
@settings(max_examples=40)
def test_no_counter_runs_back(ago: int, step: int) -> None:
    earlier, later = counts(AT_NOON - ago - step), counts(AT_NOON - ago)
    assert all(a <= b for a, b in zip(earlier, later, strict=True))


def peaks(at: int, since: int) -> list[tuple[int, int]]:
    """(0.1 W, second) of ten quantities in five tariffs."""
    content = page("feeder", PEAKS, 400, at, since)
    assert content is not None
    words = struct.unpack(">100I", content)
    return list(zip(words[::2], words[1::2], strict=True))


def test_the_maximum_demand_lies_in_its_period_and_is_the_largest_of_its_tariffs() -> None:
    total, *tariffs = peaks(AT_NOON, MONTH)[:5]
    assert total == max(tariffs)
    assert MONTH < total[1] <= AT_NOON
    assert total[1] % 900 == 0
    energy = [WORLD.meter_state(meter("feeder"), NOON - (AT_NOON - at) * 1000).forward
              for at in (total[1] - 900, total[1])]  # fmt: skip
    assert (sum(energy[1]) - sum(energy[0])) * 4 == pytest.approx(total[0] / 10, rel=1e-3)


def test_a_shorter_period_has_no_larger_demand_and_an_empty_one_none() -> None:
    assert peaks(AT_NOON, MIDNIGHT)[0][0] <= peaks(AT_NOON, MONTH)[0][0]
    assert peaks(AT_NOON, AT_NOON - 60)[0] == (0, 0)


def test_the_minutes_mean_follows_the_power() -> None:
    content = page("feeder", AVERAGES, 16)
    assert content is not None
    mean = struct.unpack(">4i", content)[0] / 10
    power = sum(one.active for one in WORLD.meter_state(meter("feeder"), NOON - 30_000).elements)
    assert mean == pytest.approx(power, rel=0.01)


def test_events_lie_in_the_past_newest_first_and_clearing_forgets_them() -> None:
    which = EVENT + 0x110
    content = page("household", which, 168)
    assert content is not None
    count, minutes, *words = struct.unpack(">42I", content)
    times = [(words[i], words[i + 1]) for i in range(0, 40, 4) if words[i]]
    assert min(count, 10) == len(times) > 0
    assert times == sorted(times, reverse=True)
    assert all(start < end <= AT_NOON for start, end in times)
    assert minutes >= sum((end - start) // 60 for start, end in times)
    cleared = page("household", which, 168, since=AT_NOON)
    assert cleared == bytes(168)


def test_an_event_once_seen_is_seen_for_ever() -> None:
    later = page("household", EVENT + 0x110, 168, now=NOON + 400 * DAY_MS)
    now = page("household", EVENT + 0x110, 168)
    assert later is not None
    assert now is not None
    assert struct.unpack(">I", later[:4]) > struct.unpack(">I", now[:4])


def test_the_voltage_statistics_hold_what_the_meter_measured() -> None:
    content = page("feeder", QUALITY + 1, 28)
    assert content is not None
    watched, over, under, highest, high_at, lowest, low_at = struct.unpack(">7I", content)
    assert watched == (AT_NOON - MONTH) // 60
    assert over + under <= watched
    assert 1980 < lowest < highest < 2600
    for volt, at in ((highest, high_at), (lowest, low_at)):
        then = WORLD.meter_state(meter("feeder"), NOON - (AT_NOON - at - 150) * 1000)
        assert then.elements[0].voltage == pytest.approx(volt / 10, abs=0.5)


def test_a_meter_of_one_phase_counts_active_energy_alone() -> None:
    assert page("household", COUNTS, 0xC0) is None
    assert page("household", PEAKS, 400) is None


@pytest.mark.parametrize(("drift", "time"), [(EXACT, "120000"), (FAST, "120126"), (SLOW, "115833")])
def test_a_meters_clock_is_off_as_it_drifts(drift: Drift, time: str) -> None:
    assert Bench("household", drift).shown("04000102") == time


@pytest.mark.parametrize("drift", [FAST, SLOW, WORSE])
def test_what_is_frozen_at_midnight_is_frozen_at_the_midnight_of_the_meters_clock(
    drift: Drift,
) -> None:
    midnight = NOON - DAY_MS // 2
    own = drift.when(midnight)
    assert abs(own - midnight) > 80_000
    assert page("feeder", CHIP, 0x80, MIDNIGHT, drift=drift) == image(
        meter("feeder"), 9600, WORLD.meter_state(meter("feeder"), own)
    )
    bench = Bench("feeder", drift)
    assert bench.shown("05060001") == "2608160000"
    total = sum(WORLD.meter_state(meter("feeder"), own).forward)
    assert int(bench.shown("05060101")[-8:]) == pytest.approx(total / 10, abs=2)


@pytest.mark.parametrize("drift", [FAST, SLOW, WORSE])
def test_a_demand_ends_with_a_quarter_of_the_meters_clock_within_its_month(drift: Drift) -> None:
    content = page("feeder", PEAKS, 400, AT_NOON, MONTH, NOON + DAY_MS, drift)
    assert content is not None
    words = struct.unpack(">100I", content)
    ended = [second for value, second in zip(words[::2], words[1::2], strict=True) if value]
    assert len(ended) >= 3
    assert all(second % 900 == 0 and MONTH < second <= AT_NOON for second in ended)
    exact = page("feeder", PEAKS, 400, AT_NOON, MONTH)
    assert exact is not None
    assert words[0] == struct.unpack(">I", exact[:4])[0]


def test_the_broadcast_time_brings_a_clock_right_that_drifted_within_five_minutes() -> None:
    bench = Bench("household", FAST)
    told = bytes.fromhex("000012160826")
    assert bench.hear(request("999999999999", 0x08, told)) == b""
    assert bench.shown("04000102") == "120000"
    # and drifts on: 4.32 s a day
    bench.now += DAY_MS
    assert bench.shown("04000102") == "120004"
    # a set clock of the meter's own moves what it keeps: its midnight is where it says
    assert bench.shown("05060001") == "2608170000"
    own = FAST.when(bench.now - DAY_MS // 2 + 86_000)
    total = sum(WORLD.meter_state(meter(), own).forward)
    assert int(bench.shown("05060101")[-8:]) == pytest.approx(total / 10, abs=2)


def test_a_clock_that_is_too_far_off_is_for_a_person_to_set() -> None:
    bench = Bench("household", WORSE)
    assert bench.hear(request("999999999999", 0x08, bytes.fromhex("000012160826"))) == b""
    assert bench.shown("04000102") == "121424"
    assert bench.shown("03300400") == "000000"
    data = bytes.fromhex("0C010004") + b"\x04\0\0\0" + b"\x78\x56\x34\x12"
    told = bytes.fromhex("00001200160826")
    assert answer(bench.hear(request(meter().id, 0x14, data + told))).control == 0x94
    assert bench.shown("04000102") == "120000"
    assert bench.shown("03300400") == "000001"
    record = bench.shown("03300401")
    # after, before, operator: digits come highest first
    assert record[:24] == "260816120000" + "260816121424"


def test_a_clock_an_hour_off_stamps_a_demand_an_hour_off() -> None:
    fast = Drift(50_000, NOON - 72_000_000_000)
    exact = peaks(AT_NOON, MONTH)[0]
    off = page("feeder", PEAKS, 400, AT_NOON, MONTH, NOON + DAY_MS, fast)
    assert off is not None
    assert struct.unpack(">2I", off[:8]) == (exact[0], exact[1] + 3600)
    # and its present demand is the world's of this instant
    assert page("feeder", AVERAGES, 16, drift=fast) == page("feeder", AVERAGES, 16)
