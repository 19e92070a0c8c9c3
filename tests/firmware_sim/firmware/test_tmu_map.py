"""The firmware's own register map, the agent's and the judge's: three authors, one map."""

import csv
from importlib import resources

from firmware_sim.hal.loader import firmware
from firmware_sim.truth_table import registers

R = firmware("tmu.registers")

NAMES = {
    "tmu_map": "MAP_VERSION",
    "tmu_status": "STATUS",
    "oil_temperature": "OIL",
    "winding_temperature_a": "WINDING_A",
    "winding_temperature_b": "WINDING_B",
    "winding_temperature_c": "WINDING_C",
    "cabinet_temperature": "CABINET",
    "outdoor_temperature": "OUTDOOR",
    "humidity": "HUMIDITY",
    "residual_current": "RESIDUAL",
    "tmu_uptime": "UPTIME",
    "door_openings": "DOOR_OPENINGS",
    "tmu_reset_cause": "RESET_CAUSE",
    "supply_voltage": "SUPPLY",
    "tmu_firmware": "FIRMWARE",
}
"""Quantity -> the firmware's name of its register."""


def agents() -> list[dict[str, str]]:
    """The agent's rows of this map."""
    text = resources.files("protocol.modbus").joinpath("maps.csv").read_text(encoding="utf-8")
    return [row for row in csv.DictReader(text.splitlines()) if row["map"] == "tmu-1"]


def test_both_ends_have_the_same_quantities_at_the_same_registers() -> None:
    theirs = {row["quantity"]: int(row["register"]) for row in agents()}
    assert theirs == {quantity: getattr(R, name) for quantity, name in NAMES.items()}
    words = {"u16": 1, "s16": 1, "u32": 2}
    last = max(agents(), key=lambda row: int(row["register"]))
    assert int(last["register"]) + words[last["type"]] == R.INPUTS


def test_both_ends_mean_the_same_map_version() -> None:
    [row] = [row for row in agents() if row["quantity"] == "tmu_map"]
    assert int(row["must_be"]) == R.VERSION


def test_the_judge_reads_the_same_map() -> None:
    words = {"u16": 1, "s16": 1, "u32": 2}
    theirs = {
        row["quantity"]: (
            int(row["register"]),
            words[row["type"]],
            row["type"].startswith("s"),
            row["missing"],
        )
        for row in agents()
    }
    ours = {
        one.quantity: (one.register, one.words, one.form == "signed", one.blank.hex())
        for one in registers()["tmu-1", "04"]
    }
    assert ours == theirs
