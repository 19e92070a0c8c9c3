"""Threads and virtual time run one program: a recorded run, replayed, acts the same to the byte."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.bus.master import Heard, Step
from edge.bus.parts import LineState, PortDown, PortUp, StartSweep, Stop, SweepPart
from edge.journal import Journal
from edge.uplink import DEST
from edge.uplink.net import Acked, Lost, Message, Refused
from tests.edge import replay
from tests.edge.replay import CORE, Case, Recording
from tests.edge.threaded_run import B1, DEAD, ROOT, STATION, counted_run, troubled_run, write_site

LINES = ("b1", "station")
WAIT_S = 180


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def troubled(folder: Path) -> Recording:
    """A run in slots of 2 s with every disturbance there is."""
    (folder / "site").mkdir()
    case = Case(write_site(folder / "site"), epoch="e1", period_ms=2_000)
    return troubled_run(case, folder)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two sweeps back to back, MQTT 3.1.1, every entry committed by the head-end at the end."""
    folder = tmp_path_factory.mktemp("counted")
    site = write_site(folder)
    case = Case(site, "e2", period_ms=0, sweeps=2, protocol="3.1.1", ack="head-end")
    return counted_run(case, folder)


def words(recording: Recording, line: str) -> list[Any]:
    """The mail a line was given."""
    return [message for _, mail in recording.inputs(line) for message in mail]


def test_the_troubled_run_met_every_trouble(troubled: Recording) -> None:
    core = list(troubled.inputs(CORE))
    assert {Refused, Lost, Acked, SweepPart, LineState} <= {type(given) for given in core}
    mail = {line: [type(message) for message in words(troubled, line)] for line in LINES}
    assert mail["b1"].count(PortUp) == 2
    assert {StartSweep, PortDown, Stop} <= set(mail["b1"])
    assert Stop in mail["station"]
    states = [given for given in core if isinstance(given, LineState)]
    met = {line: [s for s in states if s.line == line][-1].counters for line in LINES}
    assert met["b1"].silent > 0
    station = met["station"]
    assert min(station.silent, station.echoes, station.late, station.noise, station.bad) > 0
    read = {row.meter for g in core if isinstance(g, SweepPart) for row in g.rows if row.values}
    assert read == {*B1, *STATION, "tmu1"} - {DEAD}


@pytest.mark.parametrize("line", LINES)
def test_a_line_replayed_writes_and_tells_the_same_to_the_byte(
    troubled: Recording, line: str
) -> None:
    assert len(troubled.steps[line]) > 50
    assert str(replay.replay_line(troubled, line) or "") == ""


def test_the_core_replayed_acts_the_same_to_the_byte(troubled: Recording, tmp_path: Path) -> None:
    assert str(replay.replay_core(troubled, tmp_path) or "") == ""


def test_the_journal_of_a_replay_holds_what_the_runs_holds(
    troubled: Recording, folder: Path, tmp_path: Path
) -> None:
    replay.replay_core(troubled, tmp_path)
    assert (journal := kept(folder)) == kept(tmp_path)
    assert journal[1] != []


def test_a_run_back_to_back_until_it_is_delivered_replays_too(
    counted: Recording, tmp_path: Path
) -> None:
    assert [str(difference) for difference in replay.replay(counted, tmp_path)] == []
    parts = [given for given in counted.inputs(CORE) if isinstance(given, SweepPart)]
    assert [sum(part.last for part in parts if part.line == line) for line in LINES] == [2, 2]
    assert any(isinstance(given, Message) for given in counted.inputs(CORE))
    assert kept(tmp_path)[2].count == 0


def test_what_a_line_gave_is_what_the_core_took_and_the_other_way_round(
    troubled: Recording, tmp_path: Path
) -> None:
    core, journal = replay.make_core(troubled.case, tmp_path)
    sent = [mail for s in troubled.steps[CORE] for mail in core.step(s.now, s.input).mail]
    journal.close()
    for line in LINES:
        gave = [item for step in stepped(troubled, line) for item in step.out if told(item)]
        took = [given for given in troubled.inputs(CORE) if told(given) and given.line == line]
        assert replay.encode(gave) == replay.encode(took)
        heard = [m for m in words(troubled, line) if not isinstance(m, PortUp | PortDown)]
        assert heard == [message for to, message in sent if to == line]


@pytest.mark.parametrize("plain", ["", "1"])
def test_another_process_with_another_hash_seed_replays_the_same(
    troubled: Recording, tmp_path: Path, plain: str
) -> None:
    recording = tmp_path / "recording"
    recording.write_bytes(pickle.dumps(troubled))
    environ = {**os.environ, "PYTHONHASHSEED": "4242", "BOXGATE_NO_EXTENSIONS": plain}
    if not plain:
        del environ["BOXGATE_NO_EXTENSIONS"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.edge.replay", str(recording), str(tmp_path)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (sum(map(len, troubled.steps.values()))) == int(done.stdout.split()[0])
    assert ("framing_py" in done.stdout) or not plain


# ---- the proof bites -----------------------------------------------------------------------------


def test_one_other_bit_of_an_answer_is_seen(troubled: Recording) -> None:
    place = answered_at(troubled)
    data, mail = troubled.steps["b1"][place].input
    bent = data[:-3] + bytes((data[-3] ^ 1,)) + data[-2:]
    spoilt = spoil(troubled, "b1", place, given=pickle.dumps((bent, mail)))
    difference = replay.replay_line(spoilt, "b1")
    assert difference is not None
    assert difference.place == place


def test_one_nanosecond_is_seen(troubled: Recording) -> None:
    place = answered_at(troubled)
    now = troubled.steps["b1"][place].now
    difference = replay.replay_line(spoil(troubled, "b1", place, now=now + 1), "b1")
    assert difference is not None
    assert difference.place == place


def test_one_other_register_in_a_part_is_seen(troubled: Recording, tmp_path: Path) -> None:
    steps = troubled.steps[CORE]
    place, part = next(
        (place, step.input)
        for place, step in enumerate(steps)
        if isinstance(step.input, SweepPart) and step.input.rows and step.input.rows[0].values
    )
    quantity, scaled, at = part.rows[0].values[0]
    part.rows[0].values[0] = (quantity, (scaled or 0) + 1, at)
    spoilt = spoil(troubled, CORE, place, given=pickle.dumps(part))
    difference = replay.replay_core(spoilt, tmp_path)
    assert difference is not None
    assert difference.place >= place


def test_another_epoch_is_seen(troubled: Recording, tmp_path: Path) -> None:
    other = Recording(replace(troubled.case, epoch="e9"), troubled.steps)
    assert replay.replay_core(other, tmp_path) is not None


@pytest.mark.parametrize("hidden", [{"b", "a"}, object(), lambda: 0, iter(())])
def test_a_step_that_gives_something_without_order_or_value_is_refused(hidden: Any) -> None:
    with pytest.raises(TypeError, match="no place in a step"):
        replay.encode((1, [hidden]))


# ---- helpers -------------------------------------------------------------------------------------


def told(item: Any) -> bool:
    return isinstance(item, SweepPart | LineState)


def stepped(recording: Recording, line: str) -> Iterator[Step]:
    """The steps of a line as objects, from a replay."""
    master = replay.make_master(recording.case, line)
    return (master.step(step.now, *step.input) for step in recording.steps[line])


def answered_at(recording: Recording) -> int:
    """A step of b1 in which a whole answer came at one piece."""
    for place, (step, kept_step) in enumerate(
        zip(stepped(recording, "b1"), recording.steps["b1"], strict=True)
    ):
        heard = [item for item in step.out if isinstance(item, Heard) and item.verdict == "done"]
        if heard and len(kept_step.input[0]) > 3:
            return place
    raise AssertionError("no answer came")


def spoil(recording: Recording, component: str, place: int, **change: Any) -> Recording:
    steps = list(recording.steps[component])
    steps[place] = replace(steps[place], **change)
    return Recording(recording.case, {**recording.steps, component: steps})


def kept(folder: Path) -> tuple[str, list[Any], Any]:
    """What a journal holds: epoch, entries, and what still waits for the utility."""
    reader = Journal.open_reading(str(folder / "journal.db"))
    try:
        return reader.epoch, reader.read(0, 10_000), reader.backlog(DEST)
    finally:
        reader.close()
