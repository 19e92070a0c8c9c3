"""The picture of a line: every meter has its cell, and it fits the terminal."""

import pytest

from edge.site.model import Meter
from firmware_sim.bench_tools.street import street

METERS = [
    Meter(
        id=f"{box}{place:011d}",
        kind="household",
        line="b1",
        profile="1ph-2013",
        phase="A",
        box=f"B{box}",
    )
    for box in range(5)
    for place in range(12)
]


def test_a_meter_that_has_given_nothing_yet_is_a_dot() -> None:
    assert street(METERS[:1], {}, 80) == ["B0", "·"]


def test_a_cell_shows_voltage_power_and_a_bar() -> None:
    latest = {METERS[0].id: {"voltage_a": 224.4, "active_power": 3000.0}}
    assert street(METERS[:1], latest, 80)[1] == "224.4 V   3.00 ▅"


@pytest.mark.parametrize(("volts", "mark"), [(197.9, "!"), (198.0, " "), (235.5, "!")])
def test_a_voltage_out_of_limits_has_a_mark_that_needs_no_colour(volts: float, mark: str) -> None:
    latest = {METERS[0].id: {"voltage_a": volts, "active_power": 0.0}}
    assert street(METERS[:1], latest, 80)[1].startswith(f"{volts} V{mark}")


@pytest.mark.parametrize("columns", [1, 40, 80, 200])
def test_every_meter_has_a_cell_at_any_width(columns: int) -> None:
    lines = street(METERS, {}, columns)
    assert sum(line.count("·") for line in lines) == len(METERS)
    assert all(len(line) <= max(columns, 17) for line in lines)
