"""The demo with real processes on a small site: equal, falsified, interrupted, killed."""

import csv
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from firmware_sim.bench_tools.broker import find_mosquitto
from firmware_sim.bench_tools.children import ROOT
from firmware_sim.cli.demo import corrupt_one_digit
from tests.firmware_sim.processes import wait_gone

METERS = 2
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """xiyuan-5 with only a few meters left on line b1."""
    folder = tmp_path_factory.mktemp("site") / "xiyuan-5"
    shutil.copytree(ROOT / "examples" / "xiyuan-5", folder)
    table = folder / "meters.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    line = rows[0].index("line")
    kept = [row for row in rows if row[line] != "b1"]
    kept += [row for row in rows if row[line] == "b1"][:METERS]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(kept)
    return folder


class Demo:
    """A running `boxgate-sim demo` whose temporary files stand in a folder of the test."""

    def __init__(self, site: pathlib.Path, tmp: pathlib.Path, *arguments: str) -> None:
        tmp.mkdir(exist_ok=True)
        self.tmp = tmp
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware_sim.cli.main", "demo", str(site), *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, text: str) -> None:
        """Read its output until a line holds the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        assert self.process.stderr is not None
        raise AssertionError(f"never said {text!r}; {self.process.stderr.read()}")

    def children(self) -> list[int]:
        """Process ids of its children."""
        pid = self.process.pid
        return [
            int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, output, errors."""
        out, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, errors


@pytest.fixture
def demos(tmp_path: pathlib.Path) -> Iterator[list[Demo]]:
    """What a test starts; killed if the test forgot it."""
    started: list[Demo] = []
    yield started
    for demo in started:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.communicate()


@pytest.mark.parametrize("broker", ["mosquitto", "amqtt"])
def test_once_ends_well_when_all_that_arrived_is_what_the_meters_answered(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo], broker: str
) -> None:
    if broker == "mosquitto" and find_mosquitto() is None:
        if os.environ.get("BOXGATE_CI") == "1":
            pytest.fail("mosquitto is required here")
        pytest.skip("mosquitto is not installed")
    demo = Demo(site, tmp_path / "tmp", "--once", "--broker", broker)
    demos.append(demo)
    code, out, errors = demo.end()
    assert code == 0, (out, errors)
    assert errors == ""
    assert f"{METERS}/{METERS}" in out
    assert broker in out
    equal = next(line for line in out.splitlines() if "equal / different" in line).split()
    assert int(equal[-3]) >= 2 * METERS * 5
    assert int(equal[-1]) == 0
    assert list(demo.tmp.iterdir()) == []


def test_one_falsified_digit_ends_it_with_1_and_the_reason(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo]
) -> None:
    keep = tmp_path / "kept"
    demo = Demo(site, tmp_path / "tmp", "--once", "--corrupt", "--keep", str(keep))
    demos.append(demo)
    code, out, errors = demo.end()
    assert code == 1, (out, errors)
    assert len(errors.strip().splitlines()) == 1
    assert "differs from what the meters answered" in errors
    assert {"truth.jsonl", "readings.jsonl", "agent.log"} <= {p.name for p in keep.iterdir()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_leaves_no_process_and_no_file(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo], number: signal.Signals
) -> None:
    demo = Demo(site, tmp_path / "tmp")
    demos.append(demo)
    demo.wait_for(f"{METERS}/{METERS} meters")
    children = demo.children()
    assert len(children) == 4
    demo.process.send_signal(number)
    code, _, errors = demo.end()
    assert code == 0
    assert "Traceback" not in errors
    for pid in children:
        wait_gone(pid, DEADLINE_S)
    assert list(demo.tmp.iterdir()) == []


def test_killed_outright_it_leaves_no_process_and_the_next_one_clears_its_files(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo]
) -> None:
    demo = Demo(site, tmp_path / "tmp")
    demos.append(demo)
    demo.wait_for("readings")
    children = demo.children()
    demo.process.kill()
    demo.end()
    for pid in children:
        wait_gone(pid, DEADLINE_S)
    left = list(demo.tmp.iterdir())
    assert left
    after = Demo(site, demo.tmp, "--once", "--sweeps", "1")
    demos.append(after)
    code, out, errors = after.end()
    assert code == 0, (out, errors)
    assert list(demo.tmp.iterdir()) == []


def test_a_site_or_line_that_is_not_there_is_one_sentence(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo]
) -> None:
    for arguments, word in (
        ((str(tmp_path / "none"),), "none"),
        ((str(site), "--line", "b9"), "b9"),
    ):
        demo = Demo(pathlib.Path(arguments[0]), tmp_path / "tmp", *arguments[1:])
        demos.append(demo)
        code, _, errors = demo.end()
        assert code == 2
        assert word in errors
        assert len(errors.strip().splitlines()) == 1


def test_corrupting_changes_exactly_one_digit(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"t": 1, "raw": "9522"}\n{"t": 2, "raw": "0000"}\n', encoding="utf-8")
    corrupt_one_digit(path)
    assert path.read_text(encoding="utf-8") == (
        '{"t": 1, "raw": "0522"}\n{"t": 2, "raw": "0000"}\n'
    )
