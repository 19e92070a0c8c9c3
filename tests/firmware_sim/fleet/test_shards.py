"""A fleet over processes: every line once, sums of all, a part that fails is said so."""

import io
import json
import sys

import pytest

from edge.words.messages import BoxgateError
from firmware_sim.cli.main import main as boxgate_sim
from firmware_sim.fleet import shards
from firmware_sim.fleet.fleet import Fleet, Plan


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
