"""The demo with real processes on a small site: equal, falsified, interrupted, killed.

Runs that need nothing of each other go at once: most of their time they wait for serial lines.
"""

import os
import pathlib
import signal
from collections.abc import Iterator

import pytest

from firmware_sim.bench_tools.broker import find_mosquitto
from firmware_sim.cli.demo import corrupt_one_digit
from tests.firmware_sim.cli.demos import (
    DEADLINE_S,
    HOUSEHOLDS,
    LINES,
    STATION,
    Demo,
    figure,
    small_site,
    wait_until,
)
from tests.firmware_sim.processes import wait_gone

Ended = tuple[Demo, int, str, str]
"""A demo, its exit code, output and errors."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """xiyuan-5, small."""
    return small_site(tmp_path_factory.mktemp("site") / "xiyuan-5")


@pytest.fixture
def demos(tmp_path: pathlib.Path) -> Iterator[list[Demo]]:
    """What a test starts; killed if the test forgot it."""
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.close()


def all_ended(demos: dict[str, Demo]) -> dict[str, Ended]:
    """Wait for their ends."""
    try:
        return {name: (demo, *demo.end()) for name, demo in demos.items()}
    finally:
        for demo in demos.values():
            demo.close()


def needs_mosquitto() -> None:
    """Skipped without it, but where it must be there."""
    if find_mosquitto() is None:
        if os.environ.get("BOXGATE_CI") == "1":
            pytest.fail("mosquitto is required here")
        pytest.skip("mosquitto is not installed")


@pytest.fixture(scope="module")
def ends(site: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Runs that come to an end by themselves."""
    folder = tmp_path_factory.mktemp("ends")
    runs: dict[str, tuple[str, ...]] = {
        "amqtt": ("--once", "--broker", "amqtt"),
        "corrupt": ("--once", "--corrupt", "--keep", str(folder / "corrupt-kept")),
        "minutes": ("--minutes", "0.25"),
        "lost": ("--minutes", "0.25", "--line", "b1", "--keep", str(folder / "lost-kept")),
    }
    if find_mosquitto() is not None:
        runs["mosquitto"] = ("--once", "--broker", "mosquitto")
    demos = {name: Demo(site, folder / name, *arguments) for name, arguments in runs.items()}
    lose(folder / "lost-kept" / "readings.jsonl")
    return all_ended(demos)


def lose(readings: pathlib.Path) -> None:
    """What arrives after the first readings is lost: the head-end writes where nobody reads."""
    wait_until(lambda: readings.exists() and b"\n" in readings.read_bytes())
    kept = readings.with_name("few.jsonl")
    kept.write_bytes(readings.read_bytes())
    kept.replace(readings)


BREAKS = {
    "line": ("the port of line b3", ("b3",)),
    "usb": ("the USB hub with the ports of lines b1, b2, b3", ("b1", "b2", "b3")),
    "meter": ("household meter 370112100001", ("b1",)),
    "broker": ("the broker", ()),
}
"""What is broken: its name, and the lines whose sweep it reaches into."""


@pytest.fixture(scope="module")
def failures(site: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """A run with each failure."""
    kinds = [kind for kind in BREAKS if kind != "broker" or find_mosquitto() is not None]
    folder = tmp_path_factory.mktemp("failures")
    return all_ended(
        {kind: Demo(site, folder / kind, "--break", kind, "--hold", "2") for kind in kinds}
    )


@pytest.mark.parametrize("broker", ["mosquitto", "amqtt"])
def test_once_ends_well_when_all_that_arrived_is_what_the_meters_answered(
    ends: dict[str, Ended], broker: str
) -> None:
    if broker == "mosquitto":
        needs_mosquitto()
    demo, code, out, errors = ends[broker]
    assert code == 0, (out, errors)
    assert errors == ""
    whole = "all sweeps arrived"
    assert figure(out, f"household meters, {whole}") == f"{HOUSEHOLDS}/{HOUSEHOLDS}"
    assert figure(out, f"station devices, {whole}") == f"{STATION}/{STATION}"
    assert figure(out, "broker") == broker
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


@pytest.mark.parametrize("run", ["amqtt", "minutes"])
def test_every_reading_that_arrived_was_compared(ends: dict[str, Ended], run: str) -> None:
    _, code, out, errors = ends[run]
    assert code == 0, (out, errors)
    readings = int(figure(out, "readings arrived"))
    assert readings >= HOUSEHOLDS * 5
    assert figure(out, "equal / different") == f"{readings} / 0"
    # a TMU of an oil transformer has no winding temperatures
    assert int(figure(out, "absent at the meter, told so")) >= 1


def test_one_falsified_digit_ends_it_with_1_and_the_reason(ends: dict[str, Ended]) -> None:
    demo, code, out, errors = ends["corrupt"]
    assert code == 1, (out, errors)
    assert len(errors.strip().splitlines()) == 1
    assert "differs from what the meters answered" in errors
    kept = demo.tmp.parent / "corrupt-kept"
    assert {"truth.jsonl", "readings.jsonl", "agent.log"} <= {p.name for p in kept.iterdir()}


def test_some_minutes_end_well_with_what_arrived_until_then(ends: dict[str, Ended]) -> None:
    demo, code, out, errors = ends["minutes"]
    assert code == 0, (out, errors)
    assert "Every reading that arrived equals" in out
    assert figure(out, "accepted / arrived").endswith("/ 0")
    assert list(demo.tmp.iterdir()) == []


def test_a_reading_lost_on_the_way_ends_it_with_1_and_names_it(ends: dict[str, Ended]) -> None:
    _, code, out, errors = ends["lost"]
    assert code == 1, (out, errors)
    assert "never arrived" in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize("what", list(BREAKS))
def test_what_fails_and_comes_back_loses_nothing_and_is_named(
    failures: dict[str, Ended], what: str
) -> None:
    if what == "broker":
        needs_mosquitto()
    demo, code, out, errors = failures[what]
    assert code == 0, (out, errors)
    broken, lines = BREAKS[what]
    named = "370112100001" if what == "meter" else ", ".join(lines) or "nothing"
    for word in (f"BROKEN: {broken}", "MENDED after", "RECOVERED", f"at the broker: {named}"):
        assert word in out
    assert figure(out, "accepted / arrived").endswith("/ 0")
    assert list(demo.tmp.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_tells_where_it_was_and_leaves_no_process_and_no_file(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo], number: signal.Signals
) -> None:
    demo = Demo(site, tmp_path / "tmp")
    demos.append(demo)
    demo.wait_for("Ctrl-C")
    children = demo.children()
    assert len(children) == 4, "broker, head-end, meters, agent"
    demo.process.send_signal(number)
    wait_gone(children[-1], DEADLINE_S)
    # pressed again by the impatient: what is left to tidy up is tidied up all the same
    demo.process.send_signal(number)
    code, out, errors = demo.end()
    assert (code, errors) == (0, "")
    assert f"/{HOUSEHOLDS}, station" in out
    assert "No process and no file of it is left" in out
    for pid in children:
        wait_gone(pid, DEADLINE_S)
    assert list(demo.tmp.iterdir()) == []


def test_a_reader_of_its_output_that_leaves_ends_it_quietly(
    site: pathlib.Path, tmp_path: pathlib.Path, demos: list[Demo]
) -> None:
    demo = Demo(site, tmp_path / "tmp", "--once")
    demos.append(demo)
    demo.wait_for("Ctrl-C")
    children = demo.children()
    stdout, stderr = demo.process.stdout, demo.process.stderr
    assert stdout is not None
    assert stderr is not None
    stdout.close()
    assert demo.process.wait(DEADLINE_S) == 0
    assert stderr.read() == ""
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
    after = Demo(site, demo.tmp)
    demos.append(after)
    after.wait_for("Ctrl-C")
    assert not [folder for folder in left if folder.exists()]


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
