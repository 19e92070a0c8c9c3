"""Loadings are worked out again from the meters' own answers, and a wrong one is found."""

import json
import math
import pathlib
from typing import Any

import pytest

from edge.site.load import read_site
from firmware_sim.bench_tools.listen import Result
from firmware_sim.bench_tools.loading import Loaded, loadings, places
from firmware_sim.bench_tools.rig import EXAMPLE

SITE = read_site(EXAMPLE)
MASTER, FEEDER = "370112900001", "370112910001"
P, Q = "0203FF00", "0204FF00"
T = 1_000_000
CT_MASTER, CT_FEEDER = 160, 80
KW, KVAR = 1.1, 0.4
"""Secondary, total."""
LOADING = 100 * math.hypot(KW, KVAR) * CT_MASTER / 400


def block(total: float) -> str:
    """Total and three phases as the meter shows them: 0.0001 kW, BCD, low byte first."""
    digits = f"{round(total * 10_000):06d}"
    return bytes.fromhex(digits)[::-1].hex() * 4


@pytest.fixture
def truth(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two sweeps of a master and a feeder meter; the second with more load."""
    rows: list[dict[str, Any]] = []
    for meter in (MASTER, FEEDER):
        for sweep, factor in ((0, 1.0), (10_000, 2.0)):
            rows.append({"t": T + sweep + 300, "item": P, "raw": block(factor * KW)})
            rows.append({"t": T + sweep + 450, "item": Q, "raw": block(factor * KVAR)})
            for row in rows[-2:]:
                row["meter"] = meter
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def found(truth: pathlib.Path, *results: Result) -> dict[str, Loaded]:
    return {one.place: one for one in loadings(SITE, ("station",), results, truth)}


def test_every_transformer_and_feeder_with_a_meter_on_the_lines_is_due() -> None:
    assert list(places(SITE, ("station",))) == ["T1", "T2", "F1", "F2", "F3", "F4", "F5"]
    assert places(SITE, ("b1",)) == {}


def test_a_true_loading_is_compared_with_the_answers_of_its_own_sweep(
    truth: pathlib.Path,
) -> None:
    both = [
        Result("T1", T, {"loading": round(LOADING, 2), "active_power": 176_000.0}),
        Result("T1", T + 10_000, {"loading": round(2 * LOADING, 2), "active_power": 352_000.0}),
    ]
    one = found(truth, *both)["T1"]
    assert (one.compared, one.wrong) == (2, 0)
    assert one.worst <= 0.005 + 1e-9
    assert (one.loading, one.power_w) == (round(2 * LOADING, 2), 352_000.0)


def test_a_sweep_cut_off_does_not_hide_the_loading_before_it(truth: pathlib.Path) -> None:
    cut = Result("T1", T + 10_000, {"loading": 9.9, "active_power": None})
    results = Result("T1", T, {"loading": 46.1, "active_power": 1.0}), cut
    assert found(truth, *results)["T1"].loading == 46.1


@pytest.mark.parametrize("away", [0.03, -0.03])
def test_a_loading_that_is_off_by_more_than_rounding_is_wrong(
    truth: pathlib.Path, away: float
) -> None:
    assert found(truth, Result("T1", T, {"loading": LOADING + away}))["T1"].wrong == 1


def test_the_loading_of_another_sweep_is_wrong(truth: pathlib.Path) -> None:
    assert found(truth, Result("T1", T + 10_000, {"loading": LOADING}))["T1"].wrong == 1


def test_a_feeder_is_held_to_its_apparent_power(truth: pathlib.Path) -> None:
    va = math.hypot(KW, KVAR) * 1000 * CT_FEEDER
    good = found(
        truth, Result("F1", T, {"loading": 40.0, "active_power": 1.0, "apparent_power": va})
    )["F1"]
    assert (good.loading, good.compared, good.wrong) == (40.0, 1, 0)
    assert found(truth, Result("F1", T, {"apparent_power": va * 1.001}))["F1"].wrong == 1


def test_a_result_without_a_value_or_without_answers_is_not_compared(
    truth: pathlib.Path,
) -> None:
    one = found(truth, Result("T1", T, {"loading": None}), Result("T1", T + 60_000, {"loading": 1}))
    assert (one["T1"].compared, one["T1"].wrong) == (0, 0)
    assert (one["T2"].loading, one["T2"].compared) == (None, 0)
