"""The neighbourhood: deterministic, consistent, and read out by the firmware as it is."""

from datetime import UTC, datetime
from datetime import time as time_of_day

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.site.model import Meter
from firmware_sim.bridge.bench import start_shift
from firmware_sim.hal.loader import meter645
from firmware_sim.world.chip import image
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.shape import DAY_MS
from tests.firmware_sim.frames import answer, digits, read
from tests.firmware_sim.places import site

NOON = int(datetime(2026, 8, 16, 4, tzinfo=UTC).timestamp() * 1000)
"""12:00 in Shanghai."""
HOUR = 3_600_000


def meter(kind: str = "household") -> Meter:
    """The first meter of that kind."""
    return next(one for one in site().meters if one.kind == kind)


WORLD = Neighbourhood(site())
WORLD_METERS = [meter(), meter("feeder"), meter("master")]


def test_the_same_site_and_seed_give_the_same_registers_and_another_seed_others() -> None:
    def registers(seed: int) -> bytes:
        return image(meter(), 9600, Neighbourhood(site(), seed).meter_state(meter(), NOON))

    assert registers(1) == registers(1)
    assert registers(1) != registers(2)


def test_a_meter_more_changes_what_no_other_meter_draws_or_has_counted() -> None:
    few = Neighbourhood(site(3)).meter_state(meter(), NOON)
    many = Neighbourhood(site(8)).meter_state(meter(), NOON)
    assert many.forward == few.forward
    assert many.elements[0].active == few.elements[0].active
    assert many.elements[0].reactive == few.elements[0].reactive


def test_voltage_current_and_power_belong_together() -> None:
    [one] = Neighbourhood(site()).meter_state(meter(), NOON).elements
    assert one.voltage * one.current == pytest.approx(one.apparent)
    assert one.active**2 + one.reactive**2 == pytest.approx(one.apparent**2)
    assert 198 < one.voltage < 242


def test_a_master_meter_shows_the_sum_below_it_through_its_transformer() -> None:
    place = site()
    world = Neighbourhood(place)
    master = world.meter_state(meter("master"), NOON)
    households = [m for m in place.meters if m.kind == "household"]
    below = [world.meter_state(m, NOON) for m in households]
    for i, phase in enumerate("ABC"):
        active = sum(
            s.elements[0].active for m, s in zip(households, below, strict=True) if m.phase == phase
        )
        assert master.elements[i].active * 160 == pytest.approx(active)
        one = master.elements[i]
        assert one.voltage * one.current == pytest.approx(one.apparent)
        assert one.active**2 + one.reactive**2 == pytest.approx(one.apparent**2)
    for tariff in range(4):
        assert master.forward[tariff] * 160 == pytest.approx(sum(s.forward[tariff] for s in below))


def test_a_feeder_meter_shows_its_own_feeder_only() -> None:
    place = site()
    world = Neighbourhood(place)
    feeder = world.meter_state(meter("feeder"), NOON)
    below = [m for m in place.meters if m.kind == "household" and m.box == "x1"]
    active = sum(world.meter_state(m, NOON).elements[0].active for m in below)
    assert sum(e.active for e in feeder.elements) * 80 == pytest.approx(active)


def test_starting_at_1930_moves_the_load_and_not_the_clock() -> None:
    place = site()
    world = Neighbourhood(place, shift_ms=start_shift(place, time_of_day(19, 30), NOON))
    assert world.when(NOON)[1] == 19 * HOUR + HOUR // 2
    assert world.local(NOON)[:6] == (2026, 8, 16, 6, 12, 0)


def test_a_clock_before_the_beginning_shows_the_beginning() -> None:
    world = Neighbourhood(site())
    assert world.meter_state(meter(), 0).forward == world.meter_state(meter(), 1000).forward


def test_a_shifted_day_counts_on_without_a_step_and_by_the_tariffs_of_its_own_hours() -> None:
    place = site()
    world = Neighbourhood(place, shift_ms=start_shift(place, time_of_day(21, 59), NOON))
    before, at, after = (
        world.meter_state(meter(), NOON + ms).forward for ms in (0, 60_000, 120_000)
    )
    assert before[1] < at[1] == after[1]
    assert before[3] == at[3] < after[3]
    assert sum(after) - sum(before) < 0.5 * 1000


@given(st.integers(0, 3 * DAY_MS), st.integers(1, DAY_MS))
@example(34 * HOUR, 2 * HOUR)
def test_no_register_of_any_meter_ever_runs_back(at: int, step: int) -> None:
    for one in WORLD_METERS:
        earlier = WORLD.meter_state(one, NOON + at).forward
        later = WORLD.meter_state(one, NOON + at + step).forward
        assert all(a <= b for a, b in zip(earlier, later, strict=True))
        assert sum(earlier) < sum(later)


def test_a_voltage_transformers_ratio_divides_voltage_and_energy() -> None:
    place = site()
    plain = meter("feeder")
    behind = msgspec.structs.replace(plain, pt_primary=10, pt_secondary=1)
    both = []
    for one in (plain, behind):
        meters = tuple(one if m.id == one.id else m for m in place.meters)
        world = Neighbourhood(msgspec.structs.replace(place, meters=meters))
        both.append(world.meter_state(one, NOON))
    for a, b in zip(both[0].elements, both[1].elements, strict=True):
        assert b.voltage * 10 == pytest.approx(a.voltage)
        assert b.current == pytest.approx(a.current)
        assert b.active * 10 == pytest.approx(a.active)
    assert [wh * 10 for wh in both[1].forward] == pytest.approx(both[0].forward)


def shown(item: str, kind: str = "household") -> str:
    """The digits the firmware makes of this world's registers."""
    one = meter(kind)
    state = Neighbourhood(site()).meter_state(one, NOON)

    def snapshot(buf: bytearray) -> None:
        buf[:] = image(one, 9600, state)

    core = meter645()(
        bytes.fromhex(one.id)[::-1],
        len(state.elements),
        snapshot,
        lambda: Neighbourhood(site()).local(NOON),
        1145,
    )
    question = read(one.id, item)
    core.on_bytes(question, len(question), 0)
    return digits(answer(bytes(core.out[: core.on_deadline(20_000)])).raw)


def test_the_firmware_reads_out_of_the_chip_what_the_world_put_in() -> None:
    state = Neighbourhood(site()).meter_state(meter(), NOON)
    [one] = state.elements
    for item, expected, decimals in (
        ("02010100", one.voltage, 1),
        ("02020100", one.current, 3),
        ("02030100", one.active / 1000, 4),
        ("02040100", one.reactive / 1000, 4),
        ("02050100", one.apparent / 1000, 4),
        ("02060100", one.active / one.apparent, 3),
        ("02800001", state.neutral, 3),
        ("02800002", state.frequency, 2),
        ("02800007", state.temperature, 1),
        ("00010200", state.forward[1] / 1000, 2),
        ("00010400", state.forward[3] / 1000, 2),
        ("00010000", sum(state.forward) / 1000, 2),
    ):
        digit = 10.0**-decimals
        # the total is of registers that each count whole pulses
        off = 2.02 if item == "00010000" else 1.01
        assert int(shown(item)) * digit == pytest.approx(expected, abs=off * digit), item


def test_the_firmware_reads_all_three_elements_of_a_feeder_meter() -> None:
    state = Neighbourhood(site()).meter_state(meter("feeder"), NOON)
    block = shown("0202FF00", "feeder")
    # the block's digits come out with phase C first
    currents = [int(block[i : i + 6]) / 1000 for i in (12, 6, 0)]
    assert currents == pytest.approx([e.current for e in state.elements], abs=0.001)


def test_the_meter_shows_the_local_date_and_time() -> None:
    assert shown("0400010C") == "26081600" + "120000"
