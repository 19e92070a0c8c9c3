"""What speaks against a run is one sentence, the gravest first."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_sim.bench_tools import summary as module
from firmware_sim.bench_tools.accepted import Account
from firmware_sim.bench_tools.loading import Loaded
from firmware_sim.bench_tools.rig import Cost
from firmware_sim.bench_tools.summary import Run, alike, complaint, rows
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


class Bench:
    """Stands for a Rig that has ended: four readings arrived, and three rows without a value."""

    def __init__(self) -> None:
        self.devices = SimpleNamespace(households=("1",), station=())
        self.arrived = SimpleNamespace(readings=4, absent=3, count=lambda _devices, _sweeps: 1)
        self.lines = ("b1",)
        self.broker = SimpleNamespace(kind="mosquitto")
        self.state = SimpleNamespace(line=lambda _: {"sweep_ms": 24_200, "utilisation": 0.985})


def shown(run: Run) -> dict[str, str]:
    """The summary's rows."""
    bench: Any = Bench()
    return dict(rows(bench, run))


def test_equal_counts_readings_and_absences_have_a_row_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "tool", lambda *_: (0, "boxgate (kernels: a plain; Python 3)"))
    # the judge: four values and two absences as the meter has them, one that it has not
    found = shown(replace(WELL, verdict=Verdict(6, 0, 0, 1, "")))
    assert found["readings arrived"] == "4"
    assert found["equal / different"] == "4 / 0"
    assert found["absent at the meter, told so"] == "2"
    assert "absent at the meter, told so" not in shown(
        replace(WELL, verdict=Verdict(4, 0, 0, 3, ""))
    )


def test_a_sweep_that_the_failure_cut_off_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "tool", lambda *_: (0, "boxgate (kernels: a plain; Python 3)"))
    label = "line b1: sweep, utilisation"
    assert shown(WELL)[label] == "24.2 s, 98.5 %"
    assert shown(replace(WELL, cut_off=frozenset({"b1"})))[label].endswith("% (cut off by it)")


def test_kernels_of_one_kind_are_named_once() -> None:
    assert alike("framing compiled, values compiled") == "compiled (framing, values)"
    assert alike("framing compiled, load plain") == "compiled (framing), plain (load)"
    assert alike("") == ""


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
