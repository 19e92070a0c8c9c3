"""The network: a feeder's meter is the sum below and I²R, told from the meters themselves.

Nothing here asks the world for its currents: they are taken from what the meters show, put together
along the way that the site file draws, with the resistances of the conductor table.
"""

import cmath
import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
import pytest

from edge.site.conductors import conductor
from edge.site.load import read_site
from edge.site.model import Feeder, Meter, Site
from firmware_sim.world.neighbourhood import Neighbourhood, State
from firmware_sim.world.network import NIGHT_KV, Tree, station
from firmware_sim.world.shape import HOUR_MS, share_at
from tests.firmware_sim.places import site as desk
from tests.firmware_sim.world.test_world import NOON

EVENING = NOON + 17 * HOUR_MS // 2 + 71_234
"""A minute after 20:30, somewhere in a block."""
INSTANTS = (EVENING, EVENING + 150_000, NOON, NOON - 8 * HOUR_MS + 33_333)
TURN = {"A": 1 + 0j, "B": cmath.rect(1, -2 * math.pi / 3), "C": cmath.rect(1, 2 * math.pi / 3)}
SEEDS = (1, 2)


@cache
def xiyuan() -> Site:
    """252 households, five feeders."""
    return read_site(Path(__file__).parents[3] / "examples" / "xiyuan-5")


@cache
def world(seed: int) -> Neighbourhood:
    return Neighbourhood(xiyuan(), seed)


def vector(state: State, phase: str) -> complex:
    """A single-phase meter's current as it lies in the network, A."""
    [one] = state.elements
    return complex(one.active, -one.reactive) / one.apparent * one.current * TURN[phase]


def cable(text: str, length_m: float) -> complex:
    known = conductor(text)
    assert known is not None
    return complex(known.r_ohm_km, known.x_ohm_km) * length_m / 1000


def heat(r_ohm: float, currents: Iterable[complex]) -> float:
    """What one cable loses in three phases and neutral, W."""
    phases = list(currents)
    return r_ohm * (sum(abs(i) ** 2 for i in phases) + abs(sum(phases)) ** 2)


class House:
    """The cables of one feeder with one building, and what its meters say of them at an instant."""

    def __init__(self, feeder: Feeder, seed: int, t_ms: int) -> None:
        site = xiyuan()
        self.feeder = feeder
        [building] = [one for one in site.buildings if one.feeder == feeder.id]
        self.building = building
        self.boxes = {one.id: one for one in site.boxes if one.building == building.id}
        self.meters = [one for one in site.meters if one.box in self.boxes]
        self.states = {one.id: world(seed).meter_state(one, t_ms) for one in self.meters}
        self.at_box: dict[str, dict[str, complex]] = defaultdict(lambda: dict.fromkeys("ABC", 0j))
        for one in self.meters:
            self.at_box[one.box][one.phase] += vector(self.states[one.id], one.phase)

    def after(self, stairwell: int) -> dict[str, complex]:
        """Phase currents that go to this stairwell or past it."""
        boxes = [one.id for one in self.boxes.values() if one.stairwell >= stairwell]
        return {phase: sum(self.at_box[box][phase] for box in boxes) for phase in "ABC"}

    def ways(self) -> list[tuple[complex, dict[str, complex]]]:
        """Every cable with its currents."""
        f, b = self.feeder, self.building
        along = cable(b.conductor, b.stairwell_length_m)
        return [
            (cable(f.conductor, f.length_m), self.after(1)),
            *((along, self.after(n)) for n in range(2, b.stairwells + 1)),
            *((cable(x.conductor, x.length_m), self.at_box[x.id]) for x in self.boxes.values()),
        ]

    def heat(self) -> float:
        return sum(heat(z.real, currents.values()) for z, currents in self.ways())

    def drop(self, meter: Meter) -> float:
        """From the station to this meter, in the axis of its phase, V."""
        box = self.boxes[meter.box]
        ways = self.ways()
        own = [ways[0], *ways[1 : box.stairwell]]
        own.append((cable(box.conductor, box.length_m), self.at_box[box.id]))
        drops = [z * (i[meter.phase] + sum(i.values())) for z, i in own]
        return (sum(drops) / TURN[meter.phase]).real


def above(kind: str, place: str) -> Meter:
    """The feeder or master meter of that place."""
    return next(m for m in xiyuan().meters if m.kind == kind and place in (m.feeder, m.transformer))


def public(feeder: str) -> list[Meter]:
    return [m for m in xiyuan().meters if m.kind == "public" and m.feeder == feeder]


def watts(seed: int, meter: Meter, t_ms: int) -> float:
    """Primary power, W."""
    ratio = meter.ct_primary / meter.ct_secondary
    return sum(e.active for e in world(seed).meter_state(meter, t_ms).elements) * ratio


def registers(seed: int, meter: Meter, t_ms: int) -> list[float]:
    """Primary registers, Wh."""
    ratio = meter.ct_primary / meter.ct_secondary
    return [wh * ratio for wh in world(seed).meter_state(meter, t_ms).forward]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("t_ms", INSTANTS)
def test_a_feeders_power_is_the_sum_below_and_the_heat_of_its_cables(seed: int, t_ms: int) -> None:
    for feeder in xiyuan().feeders:
        house = House(feeder, seed, t_ms)
        shown = watts(seed, above("feeder", feeder.id), t_ms)
        drawn = sum(watts(seed, m, t_ms) for m in (*house.meters, *public(feeder.id)))
        assert shown == pytest.approx(drawn + house.heat(), rel=4e-4)
        assert shown - drawn == pytest.approx(house.heat(), rel=0.02)


@pytest.mark.parametrize("t_ms", INSTANTS)
def test_a_masters_power_is_the_sum_of_its_feeders(t_ms: int) -> None:
    for transformer in xiyuan().transformers:
        feeders = [f.id for f in xiyuan().feeders if f.transformer == transformer.id]
        below = sum(watts(1, above("feeder", feeder), t_ms) for feeder in feeders)
        assert watts(1, above("master", transformer.id), t_ms) == pytest.approx(below, rel=1e-9)


def test_energy_over_any_interval_is_the_sum_below_and_the_heat_tariff_by_tariff() -> None:
    feeder = xiyuan().feeders[4]
    top = above("feeder", feeder.id)
    ten = NOON + 10 * HOUR_MS
    # Simpson within each block: the heat has no kinks there; 22:00 is where the tariff changes
    blocks, steps = (ten - 600_000, ten - 300_000, ten, ten + 300_000), 8
    start, end = blocks[0], blocks[-1] + 300_000
    lost = {1: 0.0, 3: 0.0}
    for block in blocks:
        width = 299_999 / steps
        points = [House(feeder, 1, block + round(width * i)).heat() for i in range(steps + 1)]
        inner = 4 * sum(points[1:-1:2]) + 2 * sum(points[2:-1:2])
        lost[1 if block < ten else 3] += (points[0] + inner + points[-1]) * width / 3 / HOUR_MS
    below = [*House(feeder, 1, start).meters, *public(feeder.id)]
    for tariff in range(4):
        counted = registers(1, top, end)[tariff] - registers(1, top, start)[tariff]
        drawn = sum(registers(1, m, end)[tariff] - registers(1, m, start)[tariff] for m in below)
        assert counted == pytest.approx(drawn + lost.get(tariff, 0.0), rel=1e-3, abs=1e-6)
        assert (counted > 0) == (tariff in lost)


def test_a_masters_registers_are_the_sum_of_its_feeders_registers() -> None:
    for transformer in xiyuan().transformers:
        feeders = [f.id for f in xiyuan().feeders if f.transformer == transformer.id]
        shown = registers(1, above("master", transformer.id), EVENING)
        below = [registers(1, above("feeder", feeder), EVENING) for feeder in feeders]
        # before day 0 each feeder lost at its own rate, the master at the mean one
        assert shown == pytest.approx(
            [sum(column) for column in zip(*below, strict=True)], rel=1e-3
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_meters_voltage_is_the_stations_less_the_drop_on_the_way(seed: int) -> None:
    for feeder in xiyuan().feeders:
        house = House(feeder, seed, EVENING)
        head = world(seed).meter_state(above("feeder", feeder.id), EVENING)
        for one in house.meters:
            [shown] = house.states[one.id].elements
            at_station = head.elements["ABC".index(one.phase)].voltage
            assert shown.voltage == pytest.approx(at_station - house.drop(one), abs=0.05)


def test_the_bus_drops_by_the_transformers_impedance() -> None:
    [t1] = [one for one in xiyuan().transformers if one.id == "T1"]
    # where the medium voltage's own wandering passes zero
    t_ms = EVENING - EVENING % 7_300
    state = world(1).meter_state(above("master", "T1"), t_ms)
    opened = station(t1).open_v(share_at(world(1).when(t_ms)[1]))
    rated = 400_000 / (math.sqrt(3) * 400)
    # of the rated phase voltage at rated current: Pk / S_N along, the rest of uk across
    r, z = 4520 / 400_000, 0.04
    for one in state.elements:
        cos, sin = one.active / one.apparent, one.reactive / one.apparent
        drop = one.current * 160 / rated * (r * cos + math.sqrt(z * z - r * r) * sin)
        assert opened - one.voltage == pytest.approx(drop * 400 / math.sqrt(3), rel=0.01)


def test_the_tap_and_the_hour_set_the_open_voltage() -> None:
    [t1] = [one for one in xiyuan().transformers if one.id == "T1"]
    assert station(t1).open_v(1.0) == pytest.approx(10.0 / 10.25 * 400 / math.sqrt(3))
    assert station(t1).open_v(0.0) == pytest.approx(NIGHT_KV / 10.25 * 400 / math.sqrt(3))
    plain = msgspec.structs.replace(t1, tap="10/0.4")
    assert station(plain).open_v(1.0) == pytest.approx(400 / math.sqrt(3))


def test_a_feeder_meters_neutral_is_the_vector_sum_of_its_phases() -> None:
    state = world(1).meter_state(above("feeder", "F2"), EVENING)
    total = sum(
        complex(e.active, -e.reactive) / e.voltage * TURN[phase]
        for e, phase in zip(state.elements, "ABC", strict=True)
    )
    assert state.neutral == pytest.approx(abs(total))
    assert state.neutral > 0


def test_one_household_alone_drops_and_loses_on_its_way_there_and_back() -> None:
    place = desk()
    cables = tuple(msgspec.structs.replace(f, conductor="Al 4x120") for f in place.feeders)
    one = next(m for m in place.meters if m.box == "x1" and m.phase == "B")
    top = next(m for m in place.meters if m.kind == "feeder")
    alone = Neighbourhood(msgspec.structs.replace(place, feeders=cables, meters=(one, top)))
    head, here = alone.meter_state(top, EVENING), alone.meter_state(one, EVENING)
    [end] = here.elements
    z = cable("Al 4x120", 100)
    along = z.real * end.active + z.imag * end.reactive
    assert head.elements[1].active * 80 - end.active == pytest.approx(
        2 * z.real * end.current**2, rel=0.02
    )
    assert head.elements[1].voltage - end.voltage == pytest.approx(
        2 * along / end.voltage, rel=0.02
    )
    # all of it comes back in the neutral
    assert head.elements[0].active == 0
    assert head.neutral == pytest.approx(head.elements[1].current)


def test_a_cable_without_figures_neither_drops_nor_loses() -> None:
    place = desk()
    bare = Neighbourhood(place)
    feeder = next(m for m in place.meters if m.kind == "feeder")
    household = next(m for m in place.meters if m.box == "x1" and m.phase == "B")
    head = bare.meter_state(feeder, EVENING)
    [one] = bare.meter_state(household, EVENING).elements
    assert one.voltage == head.elements[1].voltage


def test_a_place_the_tree_does_not_hold_hangs_on_a_plain_bus() -> None:
    place = desk()
    lost = msgspec.structs.replace(place.meters[0], box="", feeder="", transformer="")
    alone = msgspec.structs.replace(place, meters=(lost,))
    [one] = Neighbourhood(alone).meter_state(lost, EVENING).elements
    assert 220 < one.voltage < 240


def test_parents_stand_before_their_children_and_stairwells_in_a_row() -> None:
    tree = Tree(xiyuan())
    assert all(node.parent < n for n, node in enumerate(tree.nodes))
    last = tree.index["stair", "B5/5"]
    way = []
    while last >= 0:
        way.append(tree.nodes[last].place)
        last = tree.nodes[last].parent
    assert way == [
        *(("stair", f"B5/{n}") for n in (5, 4, 3, 2, 1)),
        ("end", "F5"),
        ("head", "F5"),
        ("bus", "T2"),
    ]
