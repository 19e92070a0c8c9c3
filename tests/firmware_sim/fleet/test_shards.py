"""A fleet over processes: every line once, sums of all, a part that fails is said so."""

import io
import json
import signal
import subprocess
import sys

import pytest

from edge.words.messages import BoxgateError
from firmware_sim.bench_tools.children import ROOT
from firmware_sim.cli.main import main as boxgate_sim
from firmware_sim.fleet import shards
from firmware_sim.fleet.fleet import Fleet, Plan
from tests.firmware_sim.processes import wait_gone


@pytest.mark.parametrize("lines", [1, 2, 5, 583])
@pytest.mark.parametrize("processes", [1, 2, 7])
def test_every_line_is_in_exactly_one_share(lines: int, processes: int) -> None:
    given = shards.shares(lines, processes)
    assert [n for first, count in given for n in range(first, first + count)] == list(range(lines))
    assert all(count for _, count in given)


def test_two_processes_answer_as_one_does() -> None:
    fleet = Fleet(Plan(lines=2))
    alone = fleet.run(4).tally
    fleet.close()
    done = shards.play(2, 4, 2)
    assert (done.meters, done.processes) == (126, 2)
    # the second process begins its lines at the same instant as the first
    assert abs(done.ran.tally.right - alone.right) <= 1
    assert (done.ran.tally.wrong, done.ran.tally.silent) == (0, 0)
    assert 10_000_000 < done.rss_bytes < 200_000_000


def test_a_part_says_ready_plays_what_it_is_told_and_reports() -> None:
    said = io.StringIO()
    assert shards.main(["7", "1", "2400"], io.StringIO("1.5\n"), said) == 0
    ready, result = said.getvalue().splitlines()
    assert ready == "ready"
    told = json.loads(result)
    assert told["tally"] == {"right": 6, "wrong": 0, "silent": 0}


def test_a_part_that_ends_early_is_an_error_and_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(BoxgateError) as told:
        shards.play(2, 1, 2)
    assert told.value.key == "sim_fleet_part"


def test_the_verb_tells_speed_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert boxgate_sim(["fleet", "--meters", "64", "--minutes", "1", "--processes", "1"]) == 0
    ran, tally = capsys.readouterr().out.splitlines()
    assert ran.startswith("126 meters on 2 lines: 1 min of their time in ")
    assert " right, 0 wrong, 0 questions without one." in tally


def test_ctrl_c_is_the_parents_and_a_part_plays_on() -> None:
    with shards._Part(0, 1, 2400) as part:
        part.expect("ready")
        part._process.send_signal(signal.SIGINT)
        part.say("1\n")
        assert json.loads(part.expect("{"))["tally"]["wrong"] == 0


def test_a_part_ends_with_its_parent_however_much_it_has_to_play() -> None:
    parent = (
        "import signal\n"
        "from firmware_sim.fleet import shards\n"
        "part = shards._Part(0, 1, 2400)\n"
        "part.expect('ready')\n"
        "part.say('1e9\\n')\n"
        "print(part._process.pid, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    wait_gone(pid, 20.0)


def test_a_part_that_is_killed_before_it_is_told_is_an_error_in_words() -> None:
    with shards._Part(0, 1, 2400) as part:
        part.expect("ready")
        part._process.kill()
        part._process.wait()
        with pytest.raises(BoxgateError) as told:
            part.say("1\n")
    assert told.value.key == "sim_fleet_part"


@pytest.mark.parametrize(
    ("option", "text"),
    [("--meters", "0"), ("--meters", "x"), ("--minutes", "1" + "0" * 400), ("--processes", "257")],
)
def test_a_number_that_cannot_be_meant_is_refused_in_words(
    option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        boxgate_sim(["fleet", option, text])
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert f"argument {option}: " in said
    assert "is not within 1.." in said or "invalid number value" in said
