"""`boxgate check`: every problem and the summary on stdout, exit 0 or 2, text or JSON."""

import json
from pathlib import Path

import pytest

from edge.cli.main import main
from tests.edge.site.good import METERS, SITE, write

EXAMPLE = Path(__file__).parents[3] / "examples" / "xiyuan-5"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


def test_a_good_site_is_summarised_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert "site xiyuan-5 西苑5号小区: Asia/Shanghai, period 60 s" in out
    assert "transformers 2, feeders 5, buildings 5, boxes 21, households 252" in out
    assert "household 252, master 2, feeder 5, public 7; protocols: dlt645 251, dlt698 15" in out
    assert "line b5: gateway gw1, 9600 baud, 60 meters, 0 TMU, sweep at least 28.8 s" in out
    assert "line station: gateway gw1, 9600 baud, 14 meters, 2 TMU" in out
    assert out.endswith("errors: 0, warnings: 0\n")


def test_a_spoilt_site_is_told_all_at_once_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = SITE.replace("rated_kva = 400", "rated_kva = -1")
    write(tmp_path, site, METERS.replace("800/5", "0/5").replace(",A,", ",X,"))
    assert main(["check", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert out.count(f"{tmp_path}/site.toml:10: ") == 1
    assert out.count(f"{tmp_path}/meters.csv:") == 2
    assert out.endswith("errors: 3, warnings: 0\n")


def test_warnings_alone_end_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, SITE.replace("period_s = 60", "period_s = 70"))
    assert main(["check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "site.toml:5: warning: period_s = 70" in out
    assert out.endswith("errors: 0, warnings: 1\n")


def test_json_is_one_object_with_problems_and_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, SITE.replace("period_s = 60", "period_s = 70"))
    assert main(["check", str(tmp_path), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert answer["ok"] is True
    assert answer["problems"][0]["line"] == 5
    assert answer["problems"][0]["severity"] == "warning"
    assert answer["site"]["kinds"] == {"household": 3, "master": 1, "feeder": 1, "public": 1}
    assert [one["line"] for one in answer["site"]["lines"]] == ["b1", "station"]


def test_json_of_a_spoilt_site_is_not_ok_and_has_no_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "")
    assert main(["check", str(tmp_path), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["site"] is None


def test_gateway_file_and_port_map_are_checked_beside_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    config, ports = tmp_path / "gateway.toml", tmp_path / "ports.toml"
    config.write_text('version = 1\n[broker]\nurl = "nowhere"\n')
    ports.write_text('version = 1\n[line.b9]\nport = "/dev/pts/1"\n')
    arguments = ["check", str(tmp_path), "--config", str(config), "--ports", str(ports)]
    assert main(arguments) == 2
    out = capsys.readouterr().out
    assert f"{config}:3: broker url nowhere is not understood" in out
    assert f"{ports}:2: id of line b9 is b9, which does not exist" in out


def test_sentences_are_chinese_where_the_environment_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", str(tmp_path / "none")]) == 2
    assert "找不到 none" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["", "\0", "none/there", "/dev/null", "/dev/zero", "x" * 5000])
def test_any_path_ends_in_a_sentence(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", path]) == 2
    assert capsys.readouterr().out.endswith("errors: 1, warnings: 0\n")


def test_a_site_without_a_name_is_named_by_its_id_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = SITE.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("name = "))
    write(tmp_path, "".join(lines[:at] + lines[at + 1 :]))
    assert main(["check", str(tmp_path)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("site ")
    assert " :" not in first
