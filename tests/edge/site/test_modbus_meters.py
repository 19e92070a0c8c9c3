"""Modbus meters in the meter list: their register map, their unit, and mistakes in both."""

from pathlib import Path

import pytest

from tests.edge.site.good import HEADER, METERS, SITE, Spoiled, loaded, replaced

MASTER = "370112009001,master,station,dlt645,3ph,ABC,,,,T1,800/5"


def listed(folder: Path, protocol: str, profile: str, unit: str, phase: str = "ABC") -> Spoiled:
    """The good site, its master meter so."""
    row = f"370112009001,master,station,{protocol},{profile},{phase},,,,T1,800/5,{unit}"
    return loaded(folder, SITE, replaced(METERS, (HEADER, f"{HEADER},unit"), (MASTER, row)))


MISTAKES = {
    "profile of another protocol": (("modbus", "3ph", "9"), ("3ph", "sdm630")),
    "map of a box unit": (("modbus", "bwd-k", "9"), ("bwd-k", "sdm630")),
    "no unit": (("modbus", "sdm630", ""), ("no unit", "1 to 247")),
    "the unit of the TMU": (("modbus", "sdm630", "1"), ("tmu tmu1", "unit 1", "line station")),
    "unit out of range": (("modbus", "sdm630", "248"), ("unit", "248", "1 to 247")),
    "unit that is no number": (("modbus", "sdm630", "0x15"), ("unit", "0x15", "1 to 247")),
    "one phase by a map of three": (("modbus", "sdm630", "9", "A"), ("phase", "sdm630", "ABC")),
    "unit, but not on Modbus": (("dlt645", "3ph", "9"), ("unit 9", "dlt645", "protocol modbus")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_of_a_modbus_meter_is_named_with_its_row_and_remedy(
    tmp_path: Path, name: str
) -> None:
    cells, words = MISTAKES[name]
    spoiled = listed(tmp_path, *cells)
    problem = spoiled.only()
    assert problem.severity == "error"
    assert spoiled.at(problem).startswith("370112009001")
    for word in ("meter 370112009001", *words):
        assert word in problem.text("en"), problem.text("en")


def test_a_modbus_meter_with_its_map_and_a_unit_of_its_own_is_right(tmp_path: Path) -> None:
    result = listed(tmp_path, "modbus", "sdm630", "21").loaded
    assert result.problems == ()
    assert result.site is not None
    (meter,) = [meter for meter in result.site.meters if meter.id == "370112009001"]
    assert (meter.protocol, meter.profile, meter.unit) == ("modbus", "sdm630", 21)
