"""`boxgate-sim up` as a process: ready, port map, an answer, and nothing left behind."""

import argparse
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from edge.words.messages import BoxgateError
from firmware_sim.cli import up
from tests.firmware_sim.bridge.running import WAIT_S
from tests.firmware_sim.bridge.test_pty import ask
from tests.firmware_sim.frames import answer, read
from tests.firmware_sim.places import LINES, number, site

ROOT = Path(__file__).parents[3]
SITE = ROOT / "examples" / "xiyuan-5"
METER = "370112100001"
COMMAND = (sys.executable, "-m", "firmware_sim.cli.main", "up", str(SITE))


def _hang_up_counts() -> None:
    """These tests may themselves run under nohup, and what it ignores is inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def process(*arguments: str, command: Sequence[str] = COMMAND) -> Iterator[subprocess.Popen[str]]:
    """`boxgate-sim up SITE …`, killed at the end if it is still there."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    one = subprocess.Popen(  # type: ignore[call-overload]
        [*command, *arguments], cwd=ROOT, text=True, preexec_fn=_hang_up_counts, **pipes
    )
    try:
        yield one
    finally:
        if one.poll() is None:
            one.kill()
        one.communicate(timeout=WAIT_S)


def ready(one: subprocess.Popen[str]) -> list[str]:
    """Its lines of output until `ready`."""
    assert one.stdout is not None
    lines: list[str] = []
    for line in one.stdout:
        if line.strip() == "ready":
            return lines
        lines.append(line.strip())
    raise AssertionError("ended before it was ready")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_says_ready_answers_and_leaves_nothing_behind(tmp_path: Path, how: int) -> None:
    folder, ports = tmp_path / "dev", tmp_path / "ports.toml"
    with process("--line", "b1", "--dir", str(folder), "--ports", str(ports)) as one:
        line, told = ready(one)
        assert line.startswith(f"b1 {folder / 'b1'} 48 meters")
        assert told == f"port map {ports}"
        assert tomllib.loads(ports.read_text()) == {
            "version": 1,
            "line": {"b1": {"port": str(folder / "b1"), "parity": "N"}},
        }
        with serial.Serial(str(folder / "b1"), 9600, timeout=WAIT_S) as port:
            assert answer(ask(port, read(METER, "02010100"))).number == METER
        one.send_signal(how)
        assert one.wait(WAIT_S) == 0
    assert not ports.exists()
    assert list(folder.iterdir()) == []


def test_a_second_bench_leaves_a_folder_in_use_as_it_is_and_takes_it_over_after_a_kill(
    tmp_path: Path,
) -> None:
    chosen = ("--line", "b1", "--dir", str(tmp_path))
    with process(*chosen) as one:
        ready(one)
        named = os.readlink(tmp_path / "b1")
        with process(*chosen) as other:
            _, said = other.communicate(timeout=4 * WAIT_S)
            assert other.returncode == 2
            assert "another bench" in said
        assert os.readlink(tmp_path / "b1") == named
        assert (tmp_path / "ports.toml").exists()
        one.kill()
        one.wait(WAIT_S)
        with process(*chosen) as other:
            ready(other)
            with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
                assert answer(ask(port, read(METER, "02010100"))).number == METER


def test_all_lines_of_the_site_come_up_without_a_word_about_which(tmp_path: Path) -> None:
    with process("--dir", str(tmp_path)) as one:
        *lines, _ = ready(one)
        assert [line.split()[0] for line in lines] == ["b1", "b2", "b3", "b4", "b5", "station"]
        assert lines[-1].endswith(" 14 meters, 2 TMUs, 9600 8N1")
        assert set(tomllib.loads((tmp_path / "ports.toml").read_text())["line"]) == {
            line.split()[0] for line in lines
        }


def test_it_takes_commands_and_goes_on_when_their_input_ends(tmp_path: Path) -> None:
    with process("--line", "b1", "station", "--dir", str(tmp_path), "--control") as one:
        ready(one)
        assert one.stdin is not None
        assert one.stdout is not None
        one.stdin.write("break line b1\nbreak line b9\nmend line b1\nbreak meter tmu1\n")
        one.stdin.close()
        told = [one.stdout.readline().split() for _ in range(4)]
        assert [words[0] for words in told] == ["ok", "error", "ok", "ok"]
        with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
            assert answer(ask(port, read(METER, "02010100"))).number == METER
        one.send_signal(signal.SIGTERM)
        assert one.wait(WAIT_S) == 0
        one.stdin = None
    assert list(tmp_path.iterdir()) == []


def test_without_an_input_there_are_no_commands_and_the_lines_go_on(tmp_path: Path) -> None:
    closed = (
        "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", closed, "-m", "firmware_sim.cli.main", "up", str(SITE)]
    with process("--line", "b1", "--dir", str(tmp_path), "--control", command=command) as one:
        ready(one)
        with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
            assert answer(ask(port, read(METER, "02010100"))).number == METER


def test_a_reader_of_its_answers_that_stops_or_leaves_stops_no_line(tmp_path: Path) -> None:
    with process("--line", "b1", "--dir", str(tmp_path), "--control") as one:
        ready(one)
        assert one.stdin is not None
        assert one.stdout is not None
        # more answers than a pipe holds, and nobody reads them
        one.stdin.write("mend line b1\n" * 10_000)
        one.stdin.flush()
        with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
            assert answer(ask(port, read(METER, "02010100"))).number == METER
            one.stdout.close()
            one.stdin.write("mend line b1\n" * 3)
            one.stdin.close()
            assert answer(ask(port, read(METER, "02010100"))).number == METER
        one.send_signal(signal.SIGTERM)
        assert one.wait(WAIT_S) == 0
        one.stdin = one.stdout = None
    assert list(tmp_path.iterdir()) == []


def test_the_port_map_of_another_bench_is_left_to_it(tmp_path: Path) -> None:
    ports = tmp_path / "ports.toml"
    with process("--line", "b1", "--dir", str(tmp_path / "dev"), "--ports", str(ports)) as one:
        ready(one)
        ports.write_text("of another", encoding="utf-8")
        one.send_signal(signal.SIGTERM)
        assert one.wait(WAIT_S) == 0
    assert ports.exists()


def test_without_control_its_input_is_left_alone(tmp_path: Path) -> None:
    with process("--line", "b1", "--dir", str(tmp_path)) as one:
        ready(one)
        assert one.stdin is not None
        one.stdin.write("break line b1\n")
        one.stdin.flush()
        with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
            assert answer(ask(port, read(METER, "02010100"))).number == METER
        assert (tmp_path / "b1").is_symlink()


def test_a_tmu_can_be_dead_from_the_start(tmp_path: Path) -> None:
    with process("--line", "station", "--dir", str(tmp_path), "--dead", "tmu2") as one:
        line, _ = ready(one)
    assert line.endswith(" 14 meters, 1 TMU, 1 silent, 9600 8N1")


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    with process("--line", "b1", "--dir", str(tmp_path), "--truth", str(truth)) as one:
        ready(one)
        with serial.Serial(str(tmp_path / "b1"), 9600, timeout=WAIT_S) as port:
            ask(port, read(METER, "02010100"))
        one.kill()
        one.wait(WAIT_S)
    assert truth.read_text().count("\n") == 1


def test_it_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    # the parent says who its child is, hands its output on, and is then killed
    parent_code = "import subprocess, sys\nchild = subprocess.Popen(sys.argv[1:])\nchild.wait()\n"
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "firmware_sim.cli.main", "up", str(SITE)]
    command += ["--line", "b1", "--dir", str(tmp_path), "--with-parent"]
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, *command], cwd=ROOT, stdout=write_end
    )
    os.close(write_end)
    with os.fdopen(read_end) as output:
        for line in output:
            if line.strip() == "ready":
                break
        parent.kill()
        parent.wait(WAIT_S)
        # the pipe ends when the last process that holds it has ended
        assert output.read() == ""
    assert list(tmp_path.iterdir()) == []


def namespace(**change: object) -> argparse.Namespace:
    """Parsed arguments with some of them changed."""
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    args = parser.parse_args([str(SITE)])
    vars(args).update(change)
    return args


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"line": ["b9"]}, "sim_no_line"),
        ({"dead": ["000000000000"]}, "sim_no_meter"),
        ({"start": "half past"}, "sim_start"),
        ({"dir": Path("/proc/nowhere")}, "sim_dir"),
        ({"truth": Path("/proc/nowhere/truth")}, "sim_truth_write"),
        ({"site": Path("/nowhere")}, "site_invalid"),
    ],
)
def test_a_wrong_argument_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], key: str
) -> None:
    if key != "site_invalid":
        monkeypatch.setattr(up, "read_site", lambda _: site())
    with pytest.raises(BoxgateError) as caught:
        up.run(namespace(**change))
    assert caught.value.key == key
    for lang in ("en", "zh"):
        assert 10 < len(caught.value.text(lang)) <= 200


def test_chosen_lines_come_in_the_sites_order_and_once() -> None:
    assert up._lines(site(), ["b2", "b1", "b2"]) == LINES


def test_dead_meters_and_their_number_are_taken_over() -> None:
    options = up._options(site(), namespace(dead=[number(1, 1)], start="19:30", wake=0))
    assert options.dead == {number(1, 1)}
    assert options.wake == 0
    assert options.start is not None
    assert (options.start.hour, options.start.minute) == (19, 30)


def test_clocks_drift_as_drawn_or_as_told() -> None:
    assert up._options(site(), namespace()).drift_ppm is None
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    for text, ppm in (("0", 0.0), ("-12.5", -12.5), ("1000", 1000.0)):
        args = parser.parse_args([str(SITE), "--drift", text])
        assert up._options(site(), args).drift_ppm == ppm
    for text in ("1000.5", "nan", "fast"):
        with pytest.raises(SystemExit):
            parser.parse_args([str(SITE), "--drift", text])
