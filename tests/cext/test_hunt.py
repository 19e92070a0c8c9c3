"""scripts/hunt frames: finds nothing today, and finds what is there to be found."""

from typing import Any

import pytest

from bench import hunt_frames
from cext import framing_py, values_py

SHORT = ["--count", "400", "--seed", "645"]


def test_a_short_hunt_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert hunt_frames.main(SHORT) == 0
    said = capsys.readouterr().out
    assert said.count("400 cases") == 2
    assert "--seed 645: nothing found" in said


def test_a_budget_of_no_time_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert hunt_frames.main(["--seconds", "0", "--seed", "1"]) == 0
    assert capsys.readouterr().out.count(" 0 cases") == 2


def test_an_exception_is_found_and_told_with_its_bytes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumbles(data: bytes, protocol: str | None, lang: str) -> Any:
        raise KeyError(0x645)

    monkeypatch.setattr(hunt_frames, "decode", stumbles)
    assert hunt_frames.main(SHORT) == 1
    said = capsys.readouterr().out
    assert "KeyError(1605)" in said
    assert "random case 0" in said
    assert "chunks" in said


def test_a_checksum_that_is_not_looked_at_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(framing_py, "right", lambda raw: raw[-1] == 0x16)
    assert hunt_frames.main(SHORT) == 1
    assert capsys.readouterr().out


def test_a_twin_that_reads_another_value_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if len(hunt_frames.Hunt(1).kernels) < 2:
        pytest.skip("one kernel has no twin: run 'python setup.py build_ext --inplace'")
    monkeypatch.setattr(values_py, "_number", lambda digits, sign: 0)
    assert hunt_frames.main(SHORT) == 1
    assert "the twins" in capsys.readouterr().out
