"""What speaks against a run is one sentence, the gravest first."""

from dataclasses import replace

import pytest

from firmware_sim.bench_tools.accepted import Account
from firmware_sim.bench_tools.loading import Loaded
from firmware_sim.bench_tools.rig import Cost
from firmware_sim.bench_tools.summary import Run, complaint
from firmware_sim.bench_tools.verdict import Verdict

WELL = Run(
    sweeps=2,
    warm=None,
    end=Cost(1.0, 100, 1),
    account=Account(10, 9, 1, 0, ""),
    verdict=Verdict(10, 0, 0, 0, ""),
    loaded=[Loaded("T1", 46.1, 186_000.0, 3, 0, 0.004)],
    unnamed=[],
)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_nothing_speaks_against_a_good_run() -> None:
    assert complaint(WELL) == ""


def test_an_incomplete_device_counts_only_where_sweeps_are_due() -> None:
    run = replace(WELL, verdict=Verdict(10, 0, 0, 0, "1 meter is short"))
    assert complaint(run) == "1 meter is short"
    assert complaint(replace(run, sweeps=0)) == ""


@pytest.mark.parametrize(
    ("spoilt", "word"),
    [
        (replace(WELL, sweeps=0, verdict=Verdict(9, 1, 0, 0, "it differs")), "it differs"),
        (replace(WELL, sweeps=0, verdict=Verdict(9, 0, 1, 0, "untrue")), "untrue"),
        (replace(WELL, account=Account(10, 9, 0, 1, "m1 voltage_a")), "m1 voltage_a"),
        (replace(WELL, unnamed=["b3"]), "b3"),
        (replace(WELL, loaded=[Loaded("T1", 46.1, 1.0, 3, 1, 0.5)]), "0.500 %"),
        (replace(WELL, loaded=[Loaded("T2", None, None, 0, 0, 0.0)]), "T2"),
    ],
)
def test_each_fault_is_said(spoilt: Run, word: str) -> None:
    assert word in complaint(spoilt)
