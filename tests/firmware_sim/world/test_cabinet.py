"""A monitoring unit's sensors: plausible over a day, functions of time and seed alone."""

import math
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from edge.site.model import Tmu
from firmware_sim.world.cabinet import Cabinet, TmuState
from firmware_sim.world.flow import NOTHING
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.shape import BLOCKS, DAY_MS, HOUR_MS, moment
from tests.firmware_sim.world.test_network import world, xiyuan
from tests.firmware_sim.world.test_world import NOON

MIDNIGHT = NOON - 12 * HOUR_MS
T1, T2 = xiyuan().tmus
STEP = HOUR_MS // 6


def day(unit: Tmu = T1, of: Neighbourhood | None = None) -> list[TmuState]:
    """One state every ten minutes."""
    place = of or world(1)
    return [place.tmu_state(unit, MIDNIGHT + ms) for ms in range(0, DAY_MS, STEP)]


def hour_of(states: list[TmuState], value: Callable[[TmuState], float]) -> float:
    """When the value is highest, h."""
    values = [value(one) for one in states]
    return values.index(max(values)) * STEP / HOUR_MS


def test_outdoor_air_is_31_and_5_5_degrees_up_and_down_with_its_crest_at_15_h() -> None:
    states = day()
    assert hour_of(states, lambda one: one.outdoor) == 15
    assert max(one.outdoor for one in states) == pytest.approx(36.5)
    assert min(one.outdoor for one in states) == pytest.approx(25.5)


def test_the_box_is_about_ten_kelvin_above_the_air() -> None:
    for one in day():
        assert 8 < one.cabinet - one.outdoor < 13


def test_top_oil_follows_the_evening_and_is_late() -> None:
    states = day()
    assert all(one.oil is not None for one in states)
    rises = [(one.oil or math.nan) - one.cabinet for one in states]
    assert 21 < rises.index(max(rises)) * STEP / HOUR_MS < 23.5
    assert 10 < max(rises) < 55
    assert min(rises) > 3
    assert all(one.winding is None for one in states)


def test_an_idle_transformers_oil_has_the_rise_of_its_no_load_loss() -> None:
    site = xiyuan()
    # so large that what it carries is nothing
    huge = tuple(msgspec.structs.replace(t, rated_kva=1e6) for t in site.transformers)
    place = Neighbourhood(msgspec.structs.replace(site, transformers=huge))
    idle = place.tmu_state(T1, NOON)
    assert idle.oil is not None
    ratio = 4520 / 410
    assert idle.oil - idle.cabinet == pytest.approx(55 * (1 / (1 + ratio)) ** 0.8, rel=1e-3)


def test_oil_under_a_load_that_never_changes_has_the_steady_rise_of_that_load() -> None:
    [t1] = [one for one in xiyuan().transformers if one.id == "T1"]
    for loading in (0.5, 1.0, 1.3):
        steady = (complex(loading * 400_000 / 3, 0),) * BLOCKS
        cabinet = Cabinet(t1, [steady] * 3, [NOTHING] * 3)
        one = cabinet.state("x", moment(0, 7 * HOUR_MS + 1), 0)
        ratio = 4520 / 410
        rise = 55 * ((1 + ratio * loading**2) / (1 + ratio)) ** 0.8
        assert one.oil is not None
        assert one.oil - one.cabinet == pytest.approx(rise)


def test_the_day_closes_without_a_step() -> None:
    place = world(1)
    for at in (MIDNIGHT, MIDNIGHT + 20 * HOUR_MS):
        before, after = place.tmu_state(T1, at - 1), place.tmu_state(T1, at)
        assert before.oil == pytest.approx(after.oil, abs=1e-3)


def test_a_dry_transformer_has_windings_and_no_oil() -> None:
    site = xiyuan()
    dry = tuple(msgspec.structs.replace(t, insulation="dry") for t in site.transformers)
    place = Neighbourhood(msgspec.structs.replace(site, transformers=dry))
    for one in day(of=place):
        assert one.oil is None
        assert one.winding is not None
        assert all(one.cabinet < winding < one.cabinet + 100 for winding in one.winding)
    evening = place.tmu_state(T1, MIDNIGHT + 21 * HOUR_MS).winding
    assert evening is not None
    assert len(set(evening)) == 3


def test_humidity_goes_against_the_temperature() -> None:
    states = day()
    wettest = hour_of(states, lambda one: one.humidity)
    assert abs(wettest - hour_of(states, lambda one: -one.outdoor)) < 2
    assert all(30 < one.humidity < 95 for one in states)


def test_residual_current_is_some_tens_of_milliamperes_and_follows_the_load() -> None:
    states = day()
    assert all(0.01 < one.residual < 0.1 for one in states)
    assert 19 <= hour_of(states, lambda one: one.residual) < 22


def test_the_supply_is_about_12_volts_and_nothing_burns_or_floods() -> None:
    for one in day():
        assert one.supply == pytest.approx(12, abs=0.1)
        assert not one.smoke
        assert not one.water


def test_the_door_opens_on_some_days_for_some_minutes() -> None:
    minutes = []
    place = world(1)
    for number in range(60):
        start = MIDNIGHT + number * DAY_MS + 9 * HOUR_MS
        states = [place.tmu_state(T1, start + m * 60_000) for m in range(0, 9 * 60)]
        minutes.append(sum(one.door for one in states))
        changes = sum(a.door != b.door for a, b in pairwise(states))
        assert changes in (0, 2)
    opened = [count for count in minutes if count]
    assert 3 <= len(opened) <= 25
    assert all(1 <= count <= 13 for count in opened)


def test_the_door_is_shut_at_night() -> None:
    place = world(1)
    assert not any(
        place.tmu_state(T1, MIDNIGHT + n * DAY_MS + 3 * HOUR_MS).door for n in range(200)
    )


def test_two_boxes_and_two_seeds_have_their_own_doors() -> None:
    def opened(unit: Tmu, seed: int) -> list[bool]:
        start = MIDNIGHT + 13 * HOUR_MS
        return [
            world(seed).tmu_state(unit, start + n * DAY_MS + m * 240_000).door
            for n in range(100)
            for m in range(10)
        ]

    one = opened(T1, 1)
    assert one == opened(T1, 1)
    assert one != opened(T2, 1)
    assert one != opened(T1, 2)


def test_a_unit_is_a_function_of_time_alone() -> None:
    assert Neighbourhood(xiyuan(), 1).tmu_state(T2, NOON) == world(1).tmu_state(T2, NOON)
