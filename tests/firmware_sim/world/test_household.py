"""Households: together a smooth evening peak, alone several times their mean."""

import pytest

from firmware_sim.world.household import Household, household
from firmware_sim.world.shape import BLOCKS

SEEDS = (1, 2, 3, 4, 5)


def street(seed: int) -> list[Household]:
    """252 households."""
    return [household(f"{seed}/street/{n}") for n in range(252)]


def together(houses: list[Household]) -> list[float]:
    """Apparent power of each block, VA a household."""
    drawn = zip(*(house.drawn() for house in houses), strict=True)
    return [abs(sum(block)) / len(houses) for block in drawn]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_coincident_peak_is_between_1600_and_2400_va_and_in_the_evening(seed: int) -> None:
    sums = together(street(seed))
    assert 1600 <= max(sums) <= 2400
    assert 19 * 12 <= sums.index(max(sums)) < 22 * 12


@pytest.mark.parametrize("seed", SEEDS)
def test_252_households_draw_about_1800_w_each_at_half_past_eight(seed: int) -> None:
    around = range(20 * 12, 21 * 12)
    houses = street(seed)
    mean = sum(house.blocks[block] for house in houses for block in around) / 12 / 252
    assert mean == pytest.approx(1800, rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_household_peaks_at_three_times_its_mean_or_more(seed: int) -> None:
    for house in street(seed):
        assert max(house.blocks) >= 3 * sum(house.blocks) / BLOCKS


@pytest.mark.parametrize("seed", SEEDS)
def test_single_peaks_are_about_4500_w(seed: int) -> None:
    peaks = [max(house.blocks) for house in street(seed)]
    assert sum(peaks) / len(peaks) == pytest.approx(4500, rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_night_is_the_valley(seed: int) -> None:
    sums = together(street(seed))
    assert 3 * 12 <= sums.index(min(sums)) <= 7 * 12


def test_power_factors_are_about_095() -> None:
    factors = [house.drawn()[0].real / abs(house.drawn()[0]) for house in street(1)]
    assert sum(factors) / len(factors) == pytest.approx(0.95, abs=0.005)
    assert min(factors) > 0.9


def test_the_same_seed_is_the_same_household_and_another_one_another() -> None:
    assert household("1/a") == household("1/a")
    assert household("1/a").blocks != household("2/a").blocks


def test_the_scale_scales_the_load_and_nothing_else() -> None:
    whole, half = household("1/a"), household("1/a", 0.5)
    assert half.blocks == pytest.approx([power / 2 for power in whole.blocks])
    assert half.power_factor == whole.power_factor
