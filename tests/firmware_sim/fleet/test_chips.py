"""The fleet's chips: the neighbourhood's registers, byte for byte; repetitions of their own."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.fleet.area import area, number
from firmware_sim.fleet.chips import SHIFT_MS, FleetChip, Household, Instant
from firmware_sim.world.chip import image
from firmware_sim.world.neighbourhood import Neighbourhood

SITE = area(lines=2, meters=6)
WORLD = Neighbourhood(SITE)
HOMES = {meter.id: Household(WORLD, meter, 2400) for meter in SITE.meters}
DAY_MS = 86_400_000
TIMES = st.integers(1_780_000_000_000, 1_780_000_000_000 + 400 * DAY_MS)


@settings(max_examples=300)
@given(st.sampled_from(SITE.meters), TIMES)
def test_a_chip_shows_what_the_worlds_own_chip_shows(meter, t_ms) -> None:  # type: ignore[no-untyped-def]
    chip = FleetChip(HOMES[meter.id], meter.id, 0)
    assert chip.image(WORLD, Instant(), t_ms) == image(meter, 2400, WORLD.meter_state(meter, t_ms))


@given(st.lists(TIMES, min_size=2, max_size=5))
def test_what_meters_share_of_an_instant_follows_it(times: list[int]) -> None:
    chip = FleetChip(HOMES[SITE.meters[0].id], SITE.meters[0].id, 0)
    shared = Instant()
    for t_ms in times:
        assert chip.image(WORLD, shared, t_ms) == chip.image(WORLD, Instant(), t_ms)


def test_a_repetition_lives_later_with_registers_and_a_number_of_its_own() -> None:
    meter, t_ms = SITE.meters[0], 1_790_000_000_000
    first = FleetChip(HOMES[meter.id], meter.id, 0).image(WORLD, Instant(), t_ms + 3 * SHIFT_MS)
    third = FleetChip(HOMES[meter.id], number(12, 0), 3).image(WORLD, Instant(), t_ms)
    assert third[0x10:0x60] == first[0x10:0x60]
    assert third[0x60:] != first[0x60:]
    assert third[4:10] == bytes.fromhex(number(12, 0))[::-1]
