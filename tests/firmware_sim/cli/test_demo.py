"""The demo with real processes on a small site: equal, falsified, interrupted, killed."""

import csv
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from firmware_sim.bench_tools.broker import find_mosquitto
from firmware_sim.bench_tools.children import ROOT
from firmware_sim.cli.demo import corrupt_one_digit
from tests.firmware_sim.processes import wait_gone

METERS = 2
STATION = 3
"""A master meter, a feeder meter and a TMU."""
LINES = ("b1", "station")
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """xiyuan-5 with a few devices left on two lines, at 38400 baud."""
    folder = tmp_path_factory.mktemp("site") / "xiyuan-5"
    shutil.copytree(ROOT / "examples" / "xiyuan-5", folder)
    table = folder / "meters.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if row["line"] == "b1"][:METERS]
    kept += [row for row in rows if row["transformer"] == "T1" or row["feeder"] == "F1"]
    kept = [row for row in kept if row["kind"] != "public"]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(kept)
    toml = folder / "site.toml"
    text = toml.read_text(encoding="utf-8").replace("baud = 9600", "baud = 38400")
    second = text.index('[[tmu]]\nid = "tmu2"')
    toml.write_text(text[:second] + text[text.index("[[gateway]]") :], encoding="utf-8")
    return folder


def figure(out: str, label: str) -> str:
    """What the summary says behind a label."""
    line = next(line for line in out.splitlines() if line.strip().startswith(label))
    return line.strip().removeprefix(label).strip()


def wait_until(true: Callable[[], bool]) -> None:
    """Poll a condition; AssertionError at the deadline."""
    until = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not true():
        assert time.monotonic() < until
        pause.wait(0.02)


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
    assert figure(out, "household meters, all sweeps arrived") == f"{METERS}/{METERS}"
    assert figure(out, "station devices, all sweeps arrived") == f"{STATION}/{STATION}"
    assert figure(out, "broker") == broker
    equal, different = figure(out, "equal / different").split(" / ")
    assert int(equal) >= 2 * METERS * 5
    assert int(different) == 0
    accepted, arrived, waiting, lost = figure(out, "accepted / arrived").split(" / ")[-4:]
    assert int(arrived) + int(waiting) == int(accepted.split()[-1])
    assert int(lost) == 0
    for place in ("T1", "F1"):
        assert figure(out, f"loading of {place}").endswith("kW")
    compared, wrong = figure(out, "loadings checked / wrong").split(" / ")
    assert int(compared) >= 2
    assert int(wrong) == 0
    for line in LINES:
        assert figure(out, f"line {line}: sweep, utilisation").endswith("%")
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


def test_a_reading_lost_on_the_way_ends_it_with_1_and_names_it(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo]
) -> None:
    keep = tmp_path / "kept"
    demo = Demo(site, tmp_path / "tmp", "--minutes", "0.05", "--line", "b1", "--keep", str(keep))
    demos.append(demo)
    demo.wait_for("Ctrl-C")
    # the head-end writes where nobody reads: all it is given is lost
    readings = keep / "readings.jsonl"
    wait_until(lambda: readings.exists() and b"\n" in readings.read_bytes())
    kept = readings.with_name("few.jsonl")
    kept.write_bytes(readings.read_bytes())
    kept.replace(readings)
    code, out, errors = demo.end()
    assert code == 1, (out, errors)
    assert "never arrived" in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("what", "broken", "named"),
    [
        ("line", "the port of line b1", "b1"),
        ("meter", "household meter 370112100001", "370112100001"),
        ("broker", "the broker", "nothing"),
    ],
)
def test_what_fails_and_comes_back_loses_nothing_and_is_named(
    site: pathlib.Path,
    tmp_path: pathlib.Path,
    demos: list[Demo],
    what: str,
    broken: str,
    named: str,
) -> None:
    if what == "broker" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    demo = Demo(site, tmp_path / "tmp", "--break", what, "--hold", "2")
    demos.append(demo)
    code, out, errors = demo.end()
    assert code == 0, (out, errors)
    for word in (f"BROKEN: {broken}", "MENDED after", "RECOVERED", f"at the broker: {named}"):
        assert word in out
    assert figure(out, "accepted / arrived").endswith("/ 0")
    assert list(demo.tmp.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_leaves_no_process_and_no_file(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo], number: signal.Signals
) -> None:
    demo = Demo(site, tmp_path / "tmp")
    demos.append(demo)
    demo.wait_for("Ctrl-C")
    children = demo.children()
    assert len(children) == 4, "broker, head-end, meters, agent"
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
    demo.wait_for("Ctrl-C")
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
