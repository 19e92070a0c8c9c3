"""scripts/hunt frames: finds nothing today, and finds what is there to be found."""

from typing import Any

import pytest

from bench import hunt_698, hunt_frames, hunt_modbus
from cext import framing698_py, framing_py, values698_py, values_py
from protocol.dlt698 import fragments

SHORT = ["--count", "400", "--seed", "645", "--protocol", "dlt645"]


@pytest.mark.parametrize("protocol", hunt_frames.HUNTS)
def test_a_short_hunt_finds_nothing(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert hunt_frames.main([*SHORT[:-1], protocol]) == 0
    said = capsys.readouterr().out
    assert said.count("400 cases") == 2
    assert " 0 frames" not in said
    assert " 0 values" not in said.splitlines()[0]
    assert "--seed 645: nothing found" in said


def test_a_budget_of_no_time_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert hunt_frames.main(["--seconds", "0", "--seed", "1"]) == 0
    assert capsys.readouterr().out.count(" 0 cases") == 2 * len(hunt_frames.HUNTS)


def short(protocol: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a short hunt that must find something says."""
    assert hunt_frames.main([*SHORT[:-1], protocol]) == 1
    return capsys.readouterr().out


def compiled() -> None:
    """Only where there are twins."""
    if len(hunt_frames.Hunt(1).kernels) < 2:
        pytest.skip("one kernel has no twin: run 'python setup.py build_ext --inplace'")


@pytest.mark.parametrize("module", [hunt_698, hunt_modbus])
def test_an_exception_of_either_other_protocol_is_found(
    module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumbles(data: bytes, protocol: str | None, lang: str) -> Any:
        raise KeyError(0x698)

    monkeypatch.setattr(module, "decode", stumbles)
    assert "KeyError(1688)" in short("dlt698" if module is hunt_698 else "modbus", capsys)


def test_a_698_twin_that_reads_another_integer_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled()
    monkeypatch.setitem(values698_py._INTEGERS, 0x12, (2, True))
    assert "the twins unpacked" in short("dlt698", capsys)


def test_a_698_sum_that_is_not_looked_at_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        framing698_py, "crc_hqx", lambda data, start: framing698_py._REMAINDER, raising=True
    )
    assert short("dlt698", capsys)


def test_an_apdu_that_is_written_otherwise_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hunt_698, "encode", lambda apdu: b"\x05")
    assert "written as 05" in short("dlt698", capsys)


def test_fragments_out_of_order_that_are_put_together_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Careless(fragments.Fragments):
        def take(self, data: bytes) -> fragments.Taken:
            got = fragments.fragment(data)
            if got is not None and got.kind == fragments.LAST:
                return fragments.Whole(got.data)
            return super().take(data)

    monkeypatch.setattr(hunt_698, "Fragments", Careless)
    assert "put together" in short("dlt698", capsys)


def test_a_modbus_crc_that_is_not_looked_at_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(framing_py, "_crc", lambda data: 0)
    assert short("modbus", capsys)


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
    compiled()
    monkeypatch.setattr(values_py, "_number", lambda digits, sign: 0)
    assert hunt_frames.main(SHORT) == 1
    assert "the twins" in capsys.readouterr().out
