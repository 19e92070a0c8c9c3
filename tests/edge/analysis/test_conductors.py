"""The conductor table: known cables have their figures, unknown ones none."""

from pathlib import Path

import pytest

from edge.site.conductors import conductor, conductors
from edge.site.load import read_site

XIYUAN = Path(__file__).parents[3] / "examples" / "xiyuan-5"


def test_a_cable_of_the_site_file_has_its_resistance_reactance_and_ampacity() -> None:
    found = conductor("Al 4x240")
    assert found is not None
    assert (found.r_ohm_km, found.x_ohm_km, found.ampacity_a) == (0.145, 0.080, 321.0)


@pytest.mark.parametrize("text", ["al 4X240", "Al 4×240", " AL  4 x 240 ", "Al 4*240"])
def test_the_way_of_writing_does_not_matter(text: str) -> None:
    assert conductor(text) is conductor("Al 4x240")


@pytest.mark.parametrize("text", ["", "Al 4x241", "Al", "240", "Cu 4x240"])
def test_an_unknown_conductor_has_no_figures_and_none_are_guessed(text: str) -> None:
    assert conductor(text) is None


def test_an_ampacity_that_is_not_known_is_none_and_not_zero() -> None:
    found = conductor("Cu 35")
    assert found is not None
    assert found.ampacity_a is None


def test_every_row_names_its_source_and_has_figures_above_zero() -> None:
    for found in conductors().values():
        assert found.source
        assert found.r_ohm_km > 0
        assert found.x_ohm_km > 0
        assert found.ampacity_a is None or found.ampacity_a > 0


def test_every_conductor_of_the_reference_site_is_in_the_table() -> None:
    site = read_site(XIYUAN)
    used = {feeder.conductor for feeder in site.feeders}
    used |= {building.conductor for building in site.buildings}
    used |= {box.conductor for box in site.boxes} - {""}
    assert {text for text in used if conductor(text) is None} == set()
