"""Child processes end with their parent, in every way it can end; brokers come up and are named."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools import children as module
from firmware_sim.bench_tools.broker import (
    find_mosquitto,
    free_port,
    listens,
    start_again,
    start_broker,
)
from firmware_sim.bench_tools.children import ROOT, Child, Children
from firmware_sim.bench_tools.stops import stopped_by_signals
from firmware_sim.bench_tools.watch import Arrived, Tail
from tests.firmware_sim.processes import wait_gone

DEADLINE_S = 20.0
FOREVER = "import signal; print('ready', flush=True); signal.pause()"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"


@pytest.fixture
def children(tmp_path: pathlib.Path) -> Iterator[Children]:
    with Children(tmp_path) as group:
        yield group


def ready(child: Child) -> Child:
    child.wait_until(lambda: child.said() == "ready", DEADLINE_S)
    return child


def test_leaving_the_group_ends_every_child_even_a_deaf_one(tmp_path: pathlib.Path) -> None:
    with Children(tmp_path) as group:
        one = ready(group.python("one", "-c", FOREVER))
        deaf = group.python("deaf", "-c", DEAF)
        ready(deaf)
    assert one.ended() == -signal.SIGTERM
    assert deaf.ended() == -signal.SIGKILL


def test_an_error_in_the_body_ends_the_children_as_well(tmp_path: pathlib.Path) -> None:
    started: list[Child] = []

    def interrupted() -> None:
        with Children(tmp_path) as group:
            started.append(ready(group.python("one", "-c", FOREVER)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert started[0].ended() is not None


def test_a_killed_parent_takes_its_children_with_it(tmp_path: pathlib.Path) -> None:
    parent = (
        "import pathlib, signal, sys\n"
        "from firmware_sim.bench_tools.children import Children\n"
        "group = Children(pathlib.Path(sys.argv[1]))\n"
        f"child = group.python('one', '-c', {FOREVER!r})\n"
        "child.wait_until(lambda: child.said() == 'ready', 20)\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    wait_gone(pid, DEADLINE_S)


def test_a_child_is_out_of_reach_of_ctrl_c_at_the_terminal(children: Children) -> None:
    child = ready(children.python("one", "-c", FOREVER))
    assert os.getsid(child.pid) == child.pid


def test_waiting_for_a_child_that_ends_tells_its_last_words(children: Children) -> None:
    child = children.python(
        "one", "-c", "print('first'); print('no such port'); raise SystemExit(3)"
    )
    with pytest.raises(BoxgateError) as caught:
        child.wait_until(lambda: False, DEADLINE_S)
    assert caught.value.facts == {"name": "one", "code": 3, "said": "no such port"}


def test_waiting_has_a_deadline_that_names_the_log(children: Children) -> None:
    child = ready(children.python("one", "-c", FOREVER))
    with pytest.raises(BoxgateError) as caught:
        child.wait_until(lambda: False, 0.1)
    assert caught.value.key == "child_slow"
    assert str(child.log) in caught.value.text("en")


def test_a_child_that_ctrl_c_came_upon_while_it_was_made_is_ended_like_any_other(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Child] = []

    class Pressed(Child):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(module, "Child", Pressed)
    with pytest.raises(KeyboardInterrupt), stopped_by_signals(), Children(tmp_path) as group:
        group.python("one", "-c", FOREVER)
    assert made[0].ended() is not None


def test_a_child_takes_commands_where_it_was_asked_to(children: Children) -> None:
    child = children.python("one", "-c", "print(input())", told=True)
    child.tell("break line b3")
    assert child.ended(DEADLINE_S) == 0
    assert child.said() == "break line b3"


def test_telling_a_child_that_has_ended_gives_its_last_words(children: Children) -> None:
    child = children.python("one", "-c", "print('gone'); raise SystemExit(3)", told=True)
    assert child.ended(DEADLINE_S) == 3
    with pytest.raises(BoxgateError) as caught:
        child.tell("break line b3")
    assert caught.value.facts["said"] == "gone"


@pytest.mark.parametrize(("lang", "told"), [("zh_CN.GB18030", "zh_CN"), ("xx_YY", "en_US")])
def test_a_broken_locale_here_is_not_handed_on(
    children: Children, monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    monkeypatch.setenv("LC_ALL", lang)
    code = (
        "import os, sys; print(os.environ['LANG'], os.environ.get('LC_ALL'), sys.stdout.encoding)"
    )
    child = children.python("one", "-c", code)
    assert child.ended(DEADLINE_S) == 0
    assert child.said() == f"{told}.UTF-8 None utf-8"


def test_a_program_that_is_not_there_is_one_sentence(children: Children) -> None:
    with pytest.raises(BoxgateError) as caught:
        children.start("broker", "/no/such/program")
    assert caught.value.key == "child_missing"


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
def test_each_broker_comes_up_on_a_port_of_its_own_and_is_named(
    children: Children, kind: str
) -> None:
    if kind == "mosquitto" and find_mosquitto() is None:
        if os.environ.get("BOXGATE_CI") == "1":
            pytest.fail("mosquitto is required here")
        pytest.skip("mosquitto is not installed")
    broker = start_broker(children, kind)
    assert broker.kind == kind
    assert listens(broker.port)
    assert broker.url == f"mqtt://127.0.0.1:{broker.port}"


def test_without_mosquitto_amqtt_serves(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_sim.bench_tools.broker.find_mosquitto", lambda: None)
    assert start_broker(children).kind == "amqtt"
    with pytest.raises(BoxgateError) as caught:
        start_broker(children, "mosquitto")
    assert caught.value.key == "broker_none"


def test_amqtt_is_refused_where_sessions_must_survive(children: Children) -> None:
    with pytest.raises(BoxgateError) as caught:
        start_broker(children, "amqtt", durable=True)
    assert caught.value.key == "demo_needs_mosquitto"


def test_a_killed_broker_comes_back_on_its_port(children: Children) -> None:
    broker = start_broker(children, "amqtt")
    broker.child.kill()
    assert not listens(broker.port)
    again = start_again(children, broker)
    assert listens(again.port)
    assert again.port == broker.port


def test_mosquitto_is_found_outside_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_mosquitto()
    if found is None or not found.startswith("/usr/"):
        pytest.skip("mosquitto is not installed")
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_mosquitto() is not None


@pytest.mark.parametrize("answers", [False, True])
def test_a_port_taken_in_between_costs_one_more_try(
    children: Children, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        if answers:
            # as the broker of another run does
            squatter.listen()
        taken = squatter.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr("firmware_sim.bench_tools.broker.free_port", lambda: next(ports))
        broker = start_broker(children)
    assert broker.port != taken


def test_a_tail_gives_whole_lines_once(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "rows"
    tail = Tail(path)
    assert tail.new() == []
    path.write_bytes(b"one\ntw")
    assert tail.new() == [b"one"]
    path.write_bytes(b"one\ntwo\n")
    assert tail.new() == [b"two"]
    assert tail.lines == 2


def test_a_sweep_of_a_meter_counts_when_it_is_as_full_as_the_fullest(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "rows"
    rows = [
        {"meter": meter, "quantity": quantity, "t": 1, "value": value, "slot": slot}
        for meter, quantity, value, slot in (
            ("1", "voltage_a", 220.1, 1),
            ("1", "current_a", 1.0, 1),
            ("2", "voltage_a", 220.1, 1),
            ("2", "current_a", None, 1),
            ("1", "voltage_a", 220.1, 2),
            ("1", "current_a", 1.0, 2),
            ("9", "voltage_a", 220.1, 1),
        )
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arrived = Arrived(path, dict.fromkeys(("1", "2", "3"), "single-phase"))
    arrived.look()
    assert (arrived.meters(1), arrived.meters(2), arrived.readings) == (1, 1, 5)
