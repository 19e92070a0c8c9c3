"""Sweeps are counted by kind; results are no readings; what waited never looks newer."""

import json
import pathlib
from typing import Any

from firmware_sim.bench_tools.watch import Arrived


def arrived(path: pathlib.Path, due: dict[str, str], *rows: dict[str, Any]) -> Arrived:
    base = {"quantity": "voltage_a", "t": 1, "value": 1.0, "slot": 1, "kind": "sweep"}
    path.write_text("".join(json.dumps(base | row) + "\n" for row in rows), encoding="utf-8")
    found = Arrived(path, due)
    found.look()
    return found


def test_a_tmu_is_whole_by_its_own_measure_not_by_a_meter_s(tmp_path: pathlib.Path) -> None:
    found = arrived(
        tmp_path / "rows",
        {"1": "single-phase", "tmu1": "tmu-oil"},
        {"meter": "1"},
        {"meter": "1", "quantity": "current_a"},
        {"meter": "tmu1", "quantity": "oil_temperature"},
    )
    assert found.meters(1) == 2
    assert found.count(["tmu1"], 2) == 0


def test_a_result_is_no_reading_even_of_a_place_named_like_a_device(
    tmp_path: pathlib.Path,
) -> None:
    found = arrived(tmp_path / "rows", {"T1": "tmu-oil"}, {"meter": "T1", "kind": "result"})
    assert (found.readings, found.meters(1)) == (0, 0)


def test_what_had_waited_in_the_journal_is_not_the_newest(tmp_path: pathlib.Path) -> None:
    found = arrived(
        tmp_path / "rows",
        {"1": "single-phase"},
        {"meter": "1", "t": 900, "value": 221.0, "slot": 2},
        {"meter": "1", "t": 100, "value": 219.0, "slot": 1},
    )
    assert found.newest == {"1": 900}
    assert found.latest == {"1": {"voltage_a": 221.0}}
    assert found.whole("1") == 2
