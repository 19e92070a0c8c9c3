"""What is due: households, station devices, TMUs, each of its kind and on its line."""

from edge.site.load import read_site
from firmware_sim.bench_tools.devices import devices_on
from firmware_sim.bench_tools.rig import EXAMPLE

SITE = read_site(EXAMPLE)
EVERY = tuple(line.id for line in SITE.lines)


def test_the_whole_of_xiyuan_5_is_252_households_and_16_station_devices() -> None:
    devices = devices_on(SITE, EVERY)
    assert len(devices.households) == 252
    assert len(devices.station) == 16
    assert devices.station[-2:] == ("tmu1", "tmu2")
    assert set(devices.kinds) == {*devices.households, *devices.station}


def test_one_line_has_only_its_own() -> None:
    devices = devices_on(SITE, ("b1",))
    assert (len(devices.households), devices.station) == (48, ())
    assert devices.on("b1") == devices.households
    assert devices.on("b2") == ()


def test_kinds_tell_who_must_give_as_much() -> None:
    kinds = devices_on(SITE, EVERY).kinds
    assert kinds["370112100001"] == kinds["370112920001"] == "single-phase"
    assert kinds["370112900001"] == kinds["370112920007"] == "three-phase"
    assert kinds["tmu1"] == "tmu-oil"
