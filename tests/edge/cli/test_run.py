"""`boxgate run` as a process on a real pty: how it ends, comes back, and carries on."""

import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import paho.mqtt.client as mqtt
import pytest
import serial
from paho.mqtt.enums import CallbackAPIVersion

from edge.cli import run
from edge.journal import Journal
from edge.shells.agent import Agent
from edge.uplink import DEST
from protocol.uplink.part import Part
from tests.brokers import Mosquitto, free_port
from tests.edge.cli.processes import (
    DEADLINE_S,
    METERS,
    Said,
    assert_one_sentence,
    call,
    command,
    err,
    meters,
    parts,
    site,
    started,
    until,
)

END_S = 5.0
"""From SIGTERM to the end of the process, at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """A site, its state folder and port map."""

    folder: Path
    site: Path

    @property
    def state(self) -> Path:
        """The agent's."""
        return self.folder / "state"

    @property
    def port(self) -> Path:
        """The name of b1's device."""
        return self.folder / "dev" / "b1"

    def argv(self, *more: str) -> tuple[str, ...]:
        """`run` on this site; without a broker unless `more` names one."""
        broker = () if "--broker" in more else ("--no-broker",)
        places = ("--ports", str(self.folder / "ports.toml"), "--state", str(self.state))
        return ("run", str(self.site), *places, *broker, *more)

    @contextmanager
    def agent(self, *more: str, name: str = "run") -> Iterator[subprocess.Popen[bytes]]:
        """The agent, running."""
        with started(self.folder / name, *command("boxgate", *self.argv(*more))) as process:
            yield process

    def log(self, name: str = "run") -> str:
        """Its stderr so far."""
        return err(self.folder / name).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two meters that answer at once."""
    return Place(tmp_path, site(tmp_path / "site", 2))


def read_rows(found: list[Part]) -> list[str]:
    """The meters of all parts that gave a value, in order."""
    return [
        meter
        for part in found
        for place, meter in enumerate(part.meters)
        if any(column[place] is not None for column in part.columns.values())
    ]


def answered(place: Place, items: int = 5) -> list[str]:
    """The meters whose every item has been answered, by the truth file, in order."""
    lines = (place.folder / "truth.jsonl").read_text().splitlines()
    names = [json.loads(line)["meter"] for line in lines]
    return names[items - 1 :: items]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_amid_a_sweep_ends_it_in_time_with_the_sweep_kept_and_the_port_free(
    tmp_path: Path, how: signal.Signals
) -> None:
    place = Place(tmp_path, site(tmp_path / "site", 4, baud=1200))
    # one meter takes about two seconds: the first has been read, the second has begun
    with meters(tmp_path, place.site), place.agent() as agent:
        until(lambda: len(truth(place)) >= 6, agent, "the second meter has begun")
        assert parts(place.state) == []
        agent.send_signal(how)
        assert agent.wait(END_S) == 0
        assert read_rows(parts(place.state))[0] == METERS[0]
        with serial.Serial(str(place.port), exclusive=True):
            pass
    assert f"info signal name={how.name}" in place.log()
    assert "Traceback" not in place.log()


def truth(place: Place) -> list[str]:
    """The lines of the truth file, one an answer."""
    path = place.folder / "truth.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def test_a_second_signal_leaves_at_once(place: Place) -> None:
    with meters(place.folder, place.site), place.agent() as agent:
        until(lambda: bool(parts(place.state)), agent, "a sweep is in the journal")
        agent.send_signal(signal.SIGSTOP)
        agent.send_signal(signal.SIGINT)
        agent.send_signal(signal.SIGTERM)
        agent.send_signal(signal.SIGCONT)
        assert agent.wait(END_S) == 0
        with serial.Serial(str(place.port), exclusive=True):
            pass
    assert "Traceback" not in place.log()


class Stuck:
    """An agent that never ends, asked to at most 20 times whether it has."""

    def __init__(self) -> None:
        self.asked_to_end = 0
        self._left = 20

    def wait(self, timeout_s: float) -> bool:
        """Not yet."""
        self._left -= 1
        assert self._left, "nobody lost patience"
        return False

    def stop(self, name: str) -> bool:
        """Heard, and passed over."""
        self.asked_to_end += 1
        return True


@pytest.mark.parametrize(("signals", "leave_s"), [(2, 1e6), (1, 0.03)])
def test_an_agent_that_hangs_is_left_at_the_second_signal_or_after_a_while(
    monkeypatch: pytest.MonkeyPatch, signals: int, leave_s: float
) -> None:
    monkeypatch.setattr(run, "SIGNAL_WAIT_S", 0.01)
    monkeypatch.setattr(run, "LEAVE_S", leave_s)
    agent = Stuck()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, run.SIGNALS)
    try:
        for how in (signal.SIGTERM, signal.SIGINT)[:signals]:
            signal.pthread_kill(threading.get_ident(), how)
        run._wait(cast(Agent, agent))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert agent.asked_to_end == 1


class Unfilled:
    """What CPython's sigtimedwait gives a process continued after its wait: never filled in."""

    si_signo = 1514926832


def test_an_agent_stopped_and_continued_past_its_wait_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Unfilled] = [Unfilled(), Unfilled()]
    agent = Stuck()
    monkeypatch.setattr(Stuck, "wait", lambda stuck, timeout_s: not given)
    monkeypatch.setattr(signal, "sigtimedwait", lambda signals, wait_s: given.pop())
    run._wait(cast(Agent, agent))
    assert agent.asked_to_end == 0


def test_one_sweep_of_meters_that_all_answer_ends_with_0(place: Place) -> None:
    with meters(place.folder, place.site):
        said = call("boxgate", *place.argv("--sweeps", "1"))
    assert (said.code, said.sentences) == (0, [])
    assert read_rows(parts(place.state)) == list(METERS[:2])


def test_one_sweep_with_a_dead_meter_ends_with_1_and_names_it(place: Place) -> None:
    with meters(place.folder, place.site, "--dead", METERS[1]):
        said = call("boxgate", *place.argv("--sweeps", "1", "--quiet"))
    assert_one_sentence(said, "boxgate", "meters_failed", 1)
    assert f"1 of 2 meters gave no reading: {METERS[1]}" in said.err
    assert read_rows(parts(place.state)) == [METERS[0]]


def test_killed_and_started_again_it_goes_on_in_the_same_journal(place: Place) -> None:
    with meters(place.folder, place.site):
        with place.agent() as agent:
            until(lambda: len(parts(place.state)) >= 2, agent, "two sweeps are in the journal")
            agent.kill()
            agent.wait(DEADLINE_S)
        before, epoch, head = parts(place.state), *identity(place)
        with place.agent(name="again") as agent:
            until(lambda: len(parts(place.state)) > len(before), agent, "another sweep is in")
            agent.terminate()
            assert agent.wait(DEADLINE_S) == 0
    assert parts(place.state)[: len(before)] == before
    after, grown = identity(place)
    assert after == epoch
    assert grown > head


def identity(place: Place) -> tuple[str, int]:
    """The journal's epoch and head."""
    journal = Journal.open_reading(str(place.state / "journal.db"))
    try:
        return journal.epoch, journal.head
    finally:
        journal.close()


def test_an_unreachable_broker_ends_nothing_and_what_waits_goes_out_when_it_comes(
    place: Place,
) -> None:
    broker = Mosquitto(place.folder)
    url = f"mqtt://127.0.0.1:{broker.port}"
    with meters(place.folder, place.site), place.agent("--broker", url) as agent:
        try:
            until(lambda: len(parts(place.state)) >= 2, agent, "it reads without a broker")
            assert waiting(place) >= 2
            epoch, first = identity(place)
            broker.start()
            with subscriber(broker.port) as heard:
                due = {(epoch, seq) for seq in range(1, first + 1)}
                until(lambda: due <= set(heard), agent, "all that waited has arrived")
                until(lambda: settled(place) >= first, agent, "and is known to have")
        finally:
            broker.kill()
        agent.terminate()
        assert agent.wait(END_S) == 0
    assert "warning broker state=offline reason=" in place.log()
    assert "info broker state=online" in place.log()


@contextmanager
def subscriber(port: int) -> Iterator[list[tuple[str, int]]]:
    """(epoch, seq) of the batches and events that arrive at an independent client."""
    heard: list[tuple[str, int]] = []
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)

    def take(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        batch = json.loads(message.payload)
        heard.append((batch["epoch"], batch["seq"]))

    client.on_message = take
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.subscribe([("boxgate/1/+/+/data", 1), ("boxgate/1/+/+/event", 1)])
    client.loop_start()
    assert ready.wait(DEADLINE_S)
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def waiting(place: Place) -> int:
    """Entries not yet delivered."""
    journal = Journal.open_reading(str(place.state / "journal.db"))
    try:
        return journal.backlog(DEST).count
    finally:
        journal.close()


def settled(place: Place) -> int:
    """Entries delivered."""
    return identity(place)[1] - waiting(place)


def test_a_broker_to_which_nobody_listens_is_said_and_all_of_it_waits(place: Place) -> None:
    broker = Mosquitto(place.folder)
    broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}"
    with meters(place.folder, place.site), place.agent("--broker", url, "--mqtt", "5") as agent:
        try:
            until(lambda: "warning broker state=unheard" in place.log(), agent, "it is said")
            until(lambda: "info sweep" in place.log(), agent, "a first sweep")
            agent.terminate()
            assert agent.wait(END_S) == 0
        finally:
            broker.kill()
    assert waiting(place) == identity(place)[1] > len(parts(place.state)) > 0


def test_a_broker_that_refuses_the_data_is_said_and_all_of_it_waits(place: Place) -> None:
    acl = place.folder / "acl"
    acl.write_text("topic write boxgate/1/+/+/state\n")
    acl.chmod(0o644)
    broker = Mosquitto(place.folder, f"allow_anonymous true\nuser root\nacl_file {acl}")
    broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}"
    with meters(place.folder, place.site), place.agent("--broker", url, "--mqtt", "5") as agent:
        try:
            until(lambda: "warning broker state=refused" in place.log(), agent, "it is said")
            agent.terminate()
            assert agent.wait(END_S) == 0
        finally:
            broker.kill()
    assert place.log().count("state=refused") == 1
    assert settled(place) == 0


def test_a_broker_name_nobody_knows_ends_nothing(place: Place) -> None:
    url = f"mqtt://nowhere.invalid:{free_port()}"
    with meters(place.folder, place.site), place.agent("--broker", url) as agent:
        until(lambda: len(parts(place.state)) >= 2, agent, "it reads all the same")
        agent.terminate()
        assert agent.wait(END_S) == 0


def test_without_a_broker_nothing_is_connected_and_all_is_kept(place: Place) -> None:
    with meters(place.folder, place.site):
        assert call("boxgate", *place.argv("--sweeps", "2")).code == 0
    assert read_rows(parts(place.state)) == [*METERS[:2], *METERS[:2]]
    assert waiting(place) == identity(place)[1] > len(parts(place.state)) > 0


def test_reading_resumes_when_the_meters_come_back(place: Place) -> None:
    with meters(place.folder, place.site) as first, place.agent() as agent:
        until(lambda: bool(parts(place.state)), agent, "a sweep is in the journal")
        first.kill()
        first.wait(DEADLINE_S)
        until(lambda: "line=b1 state=down" in place.log(), agent, "the line is down")
        count = len(read_rows(parts(place.state)))
        with meters(place.folder, place.site, name="up-again"):
            until(lambda: len(read_rows(parts(place.state))) >= count + 2, agent, "it reads again")
        agent.terminate()
        assert agent.wait(END_S) == 0


def test_frames_are_shown_with_the_meaning_that_the_meter_gave_them(place: Place) -> None:
    with meters(place.folder, place.site):
        said = call("boxgate", *place.argv("--sweeps", "1", "--frames"))
    assert said.code == 0
    true = [json.loads(line) for line in truth(place)]
    # a question that a busy machine made late is asked again, and answered twice
    assert len(true) >= 10
    assert shown(said) == [(row["meter"], row["item"], digits(row["raw"])) for row in true]
    asked = re.findall(
        r"b1 > ((?:[0-9A-F]{2} ?)+)\n +(\d{12}) read request ([0-9A-F]{8})", said.out
    )
    assert [(meter, item) for _, meter, item in asked] == [(t["meter"], t["item"]) for t in true]


def shown(said: Said) -> list[tuple[str, str, int]]:
    """Meter, item and the digits of the value of each answer printed."""
    pattern = r"b1 < (?:[0-9A-F]{2} ?)+\n +(\d{12}) read answer ([0-9A-F]{8}) .* = (-?[\d.]+)"
    found = re.findall(pattern, said.out)
    return [(meter, item, int(value.replace(".", ""))) for meter, item, value in found]


def digits(raw: str) -> int:
    """BCD as on the wire, low byte first, without the sign bit."""
    high_first = bytes.fromhex(raw)[::-1]
    text = bytes([high_first[0] & 0x7F, *high_first[1:]]).hex()
    return int(text) * (-1 if high_first[0] & 0x80 else 1)


def test_a_full_disk_stops_no_reading_and_all_of_it_is_kept_once_there_is_room(
    place: Place,
) -> None:
    with meters(place.folder, place.site), place.agent() as agent:
        until(lambda: bool(parts(place.state)), agent, "a sweep is in the journal")
        # no file of this process may grow beyond what the journal's log has now: SQLite sees a
        # disk that takes nothing more, the agent's own small log still has room
        soft, hard = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
        size = (place.state / "journal.db-wal").stat().st_size
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (size, hard))
        stuck = len(parts(place.state))
        seen = len(answered(place))
        until(lambda: len(answered(place)) >= seen + 8, agent, "meters are read on")
        assert " error journal reason=" in place.log()
        assert len(parts(place.state)) <= stuck + 1
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (soft, hard))
        due = len(answered(place))
        until(lambda: len(read_rows(parts(place.state))) >= due, agent, "all of it is kept")
        due = len(answered(place))
        agent.terminate()
        assert agent.wait(END_S) == 0
    # the last one may have been on the line when the end came
    assert len(read_rows(parts(place.state))) >= due - 1
    check = sqlite3.connect(place.state / "journal.db")
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_a_second_agent_on_the_same_state_is_refused_and_the_first_reads_on(place: Place) -> None:
    with meters(place.folder, place.site), place.agent() as agent:
        until(lambda: bool(parts(place.state)), agent, "a sweep is in the journal")
        said = call("boxgate", *place.argv())
        assert_one_sentence(said, "boxgate", "journal_locked", 2)
        assert f"process {agent.pid}" in said.err
        count = len(parts(place.state))
        until(lambda: len(parts(place.state)) > count + 1, agent, "the first reads on")


def test_a_reader_of_frames_that_goes_away_ends_nothing(place: Place) -> None:
    reading, writing = os.pipe()
    with meters(place.folder, place.site):
        process = subprocess.Popen(
            command("boxgate", *place.argv("--frames", "--quiet", "--sweeps", "2")),
            stdout=writing,
            stderr=subprocess.PIPE,
        )
        os.close(writing)
        os.close(reading)
        assert process.communicate(timeout=DEADLINE_S)[1] == b""
        assert process.returncode == 0
    assert len(read_rows(parts(place.state))) == 4
