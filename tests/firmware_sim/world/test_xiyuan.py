"""xiyuan-5 on an August evening lands near what an independent calculation gave (domain.md §2)."""

import pytest

from edge.site.model import Meter
from firmware_sim.world.shape import HOUR_MS
from tests.firmware_sim.world.test_network import above, public, watts, world, xiyuan
from tests.firmware_sim.world.test_world import NOON

SEEDS = (1, 2, 3, 4, 5, 6)
PEAK = NOON + 17 * HOUR_MS // 2
"""20:30."""
NIGHT = NOON - 8 * HOUR_MS
HOUSEHOLDS = [meter for meter in xiyuan().meters if meter.kind == "household"]


def apparent(seed: int, meter: Meter, t_ms: int) -> float:
    """Primary, kVA."""
    elements = world(seed).meter_state(meter, t_ms).elements
    power = complex(sum(e.active for e in elements), sum(e.reactive for e in elements))
    return abs(power) * meter.ct_primary / meter.ct_secondary / 1000


def volts(seed: int, t_ms: int) -> list[float]:
    return [world(seed).meter_state(m, t_ms).elements[0].voltage for m in HOUSEHOLDS]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_transformers_are_about_half_loaded_at_the_peak(seed: int) -> None:
    assert 0.40 <= apparent(seed, above("master", "T1"), PEAK) / 400 <= 0.52
    assert 0.44 <= apparent(seed, above("master", "T2"), PEAK) / 630 <= 0.52


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lowest_meter_at_the_peak_keeps_well_above_the_limit(seed: int) -> None:
    assert 209.7 <= min(volts(seed, PEAK)) <= 216.3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_highest_meter_at_four_keeps_below_the_limit(seed: int) -> None:
    assert max(volts(seed, NIGHT)) == pytest.approx(231.8, abs=0.8)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_feeders_fullest_phase_is_what_the_table_says(seed: int) -> None:
    for feeder, low, high in (
        ("F1", 110, 197),
        ("F2", 110, 197),
        ("F3", 110, 197),
        ("F4", 110, 197),
        ("F5", 150, 240),
    ):
        meter = above("feeder", feeder)
        shown = world(seed).meter_state(meter, PEAK).elements
        fullest = max(e.current for e in shown) * meter.ct_primary / meter.ct_secondary
        assert low <= fullest <= high, feeder


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_lose_one_and_a_half_to_two_percent_at_the_peak(seed: int) -> None:
    supplied = sum(watts(seed, above("master", one), PEAK) for one in ("T1", "T2"))
    plants = [meter for feeder in xiyuan().feeders for meter in public(feeder.id)]
    used = sum(watts(seed, meter, PEAK) for meter in (*HOUSEHOLDS, *plants))
    assert 0.015 <= (supplied - used) / supplied <= 0.020


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_lose_about_one_percent_of_a_days_energy(seed: int) -> None:
    def day(meter: Meter) -> float:
        place, ratio = world(seed), meter.ct_primary / meter.ct_secondary
        ends = [sum(place.meter_state(meter, NIGHT + n * 24 * HOUR_MS).forward) for n in (0, 1)]
        return (ends[1] - ends[0]) * ratio

    supplied = sum(day(above("master", one)) for one in ("T1", "T2"))
    plants = [meter for feeder in xiyuan().feeders for meter in public(feeder.id)]
    used = sum(day(meter) for meter in (*HOUSEHOLDS, *plants))
    assert 0.009 <= (supplied - used) / supplied <= 0.012
