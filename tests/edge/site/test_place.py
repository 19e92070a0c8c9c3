"""Places are the ids from the transformer down; a duty is whoever has it nearest."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.site.load import read_site
from edge.site.model import Site
from edge.site.place import (
    box_place,
    building_place,
    common_place,
    duty,
    feeder_place,
    meter_place,
    tmu_place,
)
from tests.edge.site.good import SITE, write

EXAMPLE = Path(__file__).parents[3] / "examples" / "xiyuan-5"
XIYUAN = read_site(EXAMPLE)
METERS = {meter.id: meter for meter in XIYUAN.meters}

MORE = """
[[responsibility]]
scope = "transformer:T1"
grid = "G-T1"
duty = "repair"

[[responsibility]]
scope = "feeder:F1"
grid = "G-F1"
duty = "grid_manager"

[[responsibility]]
scope = "building:B1"
grid = "G-B1"
duty = "grid_manager"

[[responsibility]]
scope = "box:B1-1"
grid = "G-B1-1"
duty = "grid_manager"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A place and who has which duty there."""

    place: str
    duty: str
    goes_to: str


CASES = [
    Case("", "grid_manager", "JN-LX-0142/grid_manager"),
    Case("T1", "grid_manager", "JN-LX-0142/grid_manager"),
    Case("T1/F1", "grid_manager", "G-F1/grid_manager"),
    Case("T1/F2", "grid_manager", "JN-LX-0142/grid_manager"),
    Case("T1/F1/B1", "grid_manager", "G-B1/grid_manager"),
    Case("T1/F1/B1/B1-1", "grid_manager", "G-B1-1/grid_manager"),
    Case("T1/F1/B1/B1-2", "grid_manager", "G-B1/grid_manager"),
    Case("T1/F1/B1/B1-1", "repair", "G-T1/repair"),
    Case("", "repair", ""),
    Case("T1", "metering", ""),
    # an id is looked for at its own level only
    Case("F1", "grid_manager", "JN-LX-0142/grid_manager"),
]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return read_site(write(tmp_path, SITE + MORE))


@pytest.mark.parametrize(
    ("meter", "place"),
    [
        ("370112100001", "T1/F1/B1/B1-1"),
        ("370112910004", "T2/F4"),
        ("370112920007", "T2/F5"),
    ],
)
def test_a_meter_stands_at_the_narrowest_place_the_site_names(meter: str, place: str) -> None:
    assert meter_place(XIYUAN, METERS[meter]) == place


def test_a_master_meter_stands_at_its_transformer() -> None:
    masters = [meter for meter in XIYUAN.meters if meter.kind == "master"]
    assert [meter_place(XIYUAN, meter) for meter in masters] == ["T1", "T2"]


def test_a_tmu_stands_at_its_transformer() -> None:
    assert [tmu_place(XIYUAN, tmu) for tmu in XIYUAN.tmus] == ["T1", "T2"]


def test_every_place_begins_with_the_place_it_stands_in() -> None:
    for box in XIYUAN.boxes:
        building = building_place(XIYUAN, box.building)
        feeder = next(one.feeder for one in XIYUAN.buildings if one.id == box.building)
        assert box_place(XIYUAN, box.id) == f"{building}/{box.id}"
        assert building == f"{feeder_place(XIYUAN, feeder)}/{box.building}"


def test_an_id_the_site_does_not_have_stays_what_it_is() -> None:
    for place in (feeder_place, building_place, box_place):
        assert place(XIYUAN, "nowhere") == "nowhere"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_nearest_scope_has_the_duty(site: Site, case: Case) -> None:
    assert duty(site, case.place, case.duty) == case.goes_to


def test_the_example_names_a_manager_of_its_own_for_building_5() -> None:
    assert duty(XIYUAN, "T2/F5/B5/B5-3", "grid_manager") == "JN-LX-0143/grid_manager"
    assert duty(XIYUAN, "T2/F5/B5/B5-3", "repair") == "JN-LX-R03/repair"


@pytest.mark.parametrize(
    ("places", "common"),
    [
        ([], ""),
        (["T1/F1/B1/B1-1"], "T1/F1/B1/B1-1"),
        (["T1/F1/B1/B1-1", "T1/F1/B1/B1-2"], "T1/F1/B1"),
        (["T1/F1", "T1/F11"], "T1"),
        (["T1/F1", "T1"], "T1"),
        (["T1/F1", "T2"], ""),
    ],
)
def test_the_common_place_is_the_narrowest_that_holds_all(places: list[str], common: str) -> None:
    assert common_place(places) == common


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_common_place_is_a_prefix_of_each_and_none_is_longer(parts: list[list[str]]) -> None:
    found = common_place("/".join(one) for one in parts)
    deep = len(found.split("/")) if found else 0
    assert all(one[:deep] == parts[0][:deep] for one in parts)
    assert found == "/".join(parts[0][:deep])
    longest = min(len(one) for one in parts)
    if deep < longest:
        assert len({one[deep] for one in parts}) > 1
