"""`boxgate monitor` as a process: on a real terminal, as lines, as JSON, with a real broker."""

import json
import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.publish
import pytest

from edge.cli.screen import LEAVE, Screen
from edge.monitor.canvas import line
from tests.brokers import Amqtt, Mosquitto, free_port
from tests.edge.cli.glass import SGR, STEP, Glass, glass
from tests.edge.cli.processes import (
    DEADLINE_S,
    assert_one_sentence,
    call,
    command,
    err,
    out,
    started,
    until,
)
from tests.edge.monitor import feed


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker."""
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.kill()


def url(port: int) -> str:
    """Of a broker here."""
    return f"mqtt://127.0.0.1:{port}"


def watch(port: int, *argv: str) -> list[str]:
    """The command line."""
    return command("boxgate", "monitor", "--broker", url(port), *argv)


def say(port: int, said: list[feed.Said], kept: tuple[str, ...] = ("state", "site")) -> None:
    """A gateway says so, now; the broker keeps the last of the topics `kept`."""
    now = time.time_ns() // 1_000_000
    messages = [
        {"topic": topic, "payload": payload, "qos": 1, "retain": topic.endswith(kept)}
        for topic, payload in feed.moved(said, now)
    ]
    if messages:
        paho.mqtt.publish.multiple(messages, port=port)  # type: ignore[arg-type]


KEPT = ("state", "site", "data")
"""With these kept there is a full picture at once: the last batch is the loading."""


def connected(shown: Glass) -> None:
    """Until it is."""
    shown.until(lambda: "  connected " in shown.text(), "connected")


def subscribed(shown: Glass) -> None:
    """Until the card has come that the broker keeps: its topic is the last one asked for."""
    shown.until(lambda: "西苑5号小区" in shown.text(), "the site card")


def test_the_screen_shows_the_site_and_is_given_back_as_it_was(broker: Mosquitto) -> None:
    say(broker.port, [feed.card()])
    with glass(watch(broker.port)) as shown:
        before = shown.modes()
        subscribed(shown)
        assert shown.modes() != before
        say(broker.port, feed.whole())
        shown.until(lambda: "!! T1" in shown.text(), "a loaded transformer")
        shown.until(lambda: "meters 216/266" in shown.text(), "meters")
        assert len(shown.rows()) == 24
        assert shown.raw.startswith(b"\x1b[?1049h")
        shown.type(b"q")
        assert shown.ended() == 0
        assert shown.raw.endswith(LEAVE)
        assert shown.modes() == before


def interrupt(shown: Glass) -> None:
    """Ctrl-C, as the terminal's driver makes it."""
    shown.type(b"\x03")


def terminate(shown: Glass) -> None:
    """As systemd would."""
    shown.process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [interrupt, terminate])
def test_however_it_is_ended_the_terminal_is_given_back(
    end: Callable[[Glass], None], broker: Mosquitto
) -> None:
    with glass(watch(broker.port)) as shown:
        before = shown.modes()
        connected(shown)
        end(shown)
        assert shown.ended() == 0
        assert shown.raw.endswith(LEAVE)
        assert shown.modes() == before


def fail_while_up(before: list[Any]) -> None:
    """A fault of ours with the picture on the screen."""
    with Screen(colour=True) as screen:
        screen.paint([line("x")], (80, 24))
        assert termios.tcgetattr(sys.stdout) != before
        raise ZeroDivisionError


def test_a_failure_while_it_is_up_gives_the_terminal_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    with open(slave, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys, "stdout", terminal)
        with pytest.raises(ZeroDivisionError):
            fail_while_up(before)
        raw = b""
        while select.select([master], [], [], 0)[0]:
            raw += os.read(master, 4096)
        assert raw.endswith(LEAVE)
        assert termios.tcgetattr(slave) == before
    os.close(master)


def test_ctrl_z_gives_the_terminal_back_and_going_on_takes_it_again(broker: Mosquitto) -> None:
    say(broker.port, [feed.card()])
    with glass(watch(broker.port)) as shown:
        before = shown.modes()
        subscribed(shown)
        shown.process.send_signal(signal.SIGTSTP)
        shown.until(lambda: shown.raw.endswith(LEAVE), "the terminal")
        how = os.WSTOPPED | os.WNOWAIT | os.WNOHANG
        pid = shown.process.pid
        shown.until(lambda: os.waitid(os.P_PID, pid, how) is not None, "it has stopped")
        assert shown.modes() == before
        shown.raw = b""
        shown.process.send_signal(signal.SIGCONT)
        shown.until(lambda: "西苑5号小区" in shown.text(), "the picture, whole")
        assert shown.raw.startswith(b"\x1b[?1049h")
        assert shown.modes() != before


def test_erasing_behind_a_row_takes_no_character_of_a_full_one(broker: Mosquitto) -> None:
    say(broker.port, feed.whole(), KEPT)
    with glass(watch(broker.port)) as shown:
        shown.until(lambda: "!! T1" in shown.text(), "a loaded transformer")
        # the title row fills the width: an erase from its last column would eat that column
        title = next(step for step in STEP.split(shown.raw.decode()) if "boxgate monitor" in step)
        assert len(SGR.sub("", title.partition("H")[2])) == 80
        assert "\x1b[K" not in title


def test_a_resized_window_is_drawn_anew_in_its_size(broker: Mosquitto) -> None:
    say(broker.port, feed.whole())
    with glass(watch(broker.port)) as shown:
        shown.until(lambda: "transformer" in shown.text(), "a picture")
        shown.resize(200, 60)
        shown.until(lambda: len(shown.rows()) == 60, "sixty rows")
        shown.until(lambda: any("T1/F1/B1/B1-1" in row for row in shown.rows()), "boxes")
        shown.resize(40, 10)
        shown.until(lambda: len(shown.rows()) == 10, "ten rows")
        assert all(len(row) <= 40 for row in shown.rows())


def test_a_broker_that_is_killed_is_said_and_found_again(broker: Mosquitto) -> None:
    say(broker.port, [feed.card()])
    with glass(watch(broker.port)) as shown:
        subscribed(shown)
        say(broker.port, feed.whole())
        shown.until(lambda: "!! T1" in shown.text(), "a picture")
        broker.kill()
        shown.until(lambda: "no broker since" in shown.text(), "the broker is gone")
        assert "!! T1" in shown.text()
        broker.start()
        connected(shown)
        assert "no broker since" not in shown.text()
        say(broker.port, [feed.state(version="9.9.9")])
        shown.until(lambda: "v9.9.9" in shown.text(), "news from the new broker")


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with glass(watch(broker.port)) as shown:
        shown.until(lambda: "no broker since" in shown.text(), "no broker")
        broker.start()
        try:
            connected(shown)
        finally:
            broker.kill()


def test_keys_choose_another_gateway(broker: Mosquitto) -> None:
    say(broker.port, [*feed.whole("gw1"), *feed.whole("gw2")])
    with glass(watch(broker.port), rows=30) as shown:
        shown.until(lambda: " > gw1" in shown.text() and "   gw2" in shown.text(), "both")
        shown.type(b"\x1b[B")
        shown.until(lambda: " > gw2" in shown.text(), "the second")
        shown.type(b"k")
        shown.until(lambda: " > gw1" in shown.text(), "the first")


def test_only_the_named_gateway_is_asked_for(broker: Mosquitto) -> None:
    say(broker.port, [*feed.whole("gw1"), *feed.whole("gw2")], KEPT)
    said = call("boxgate", *watch(broker.port, "--gateway", "gw2", "--json", "--once")[3:])
    assert [one["gateway"] for one in json.loads(said.out)["gateways"]] == ["gw2"]


def test_no_color_is_honoured(broker: Mosquitto) -> None:
    say(broker.port, feed.whole())
    with glass(watch(broker.port), env={"NO_COLOR": "1"}) as shown:
        shown.until(lambda: "transformer" in shown.text(), "a picture")
        assert b"38;5" not in shown.raw
    with glass(watch(broker.port)) as shown:
        shown.until(lambda: "transformer" in shown.text(), "a picture")
        assert b"38;5" in shown.raw


def test_a_dumb_terminal_gets_plain_lines(broker: Mosquitto) -> None:
    say(broker.port, feed.whole(), KEPT)
    with glass(watch(broker.port), env={"TERM": "dumb"}) as shown:
        shown.until(lambda: b"connected" in shown.raw, "a line")
        shown.until(lambda: b"meters 216/266" in shown.raw, "a summary")
        assert b"\x1b" not in shown.raw


def test_without_a_terminal_each_event_is_a_line_and_chinese_where_lang_is(
    broker: Mosquitto, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    def repeated(seen: bool) -> bool:
        say(broker.port, [] if seen else feed.whole())
        return seen

    with started(log, *watch(broker.port), env={"LC_ALL": "zh_CN.UTF-8"}) as process:
        until(lambda: "已连接" in out(log).read_text(), process, "connected")
        until(lambda: repeated("电表 216/266" in out(log).read_text()), process, "a summary")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    lines = out(log).read_text().splitlines()
    assert len([one for one in lines if "总线断开 b3" in one]) == 1
    assert err(log).read_text() == ""


def test_json_is_one_flat_object_a_line_and_counts_what_is_unreadable(
    broker: Mosquitto, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    say(broker.port, [feed.card()])
    with started(log, *watch(broker.port, "--json")) as process:
        until(lambda: '"topic":"site"' in out(log).read_text(), process, "subscribed")
        say(broker.port, feed.whole()[1:])
        paho.mqtt.publish.single(feed.topic("data"), b"\xff\0{", qos=1, port=broker.port)
        until(lambda: '"unreadable"' in out(log).read_text(), process, "all of it")
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 0
    told = [json.loads(one) for one in out(log).read_text().splitlines()]
    kinds = [one["topic"] for one in told]
    assert [kinds.count(kind) for kind in ("broker", "site", "state", "data", "event")] == [
        *(1, 1, 1),
        7,
        4,
    ]
    assert kinds.count("unreadable") == 1
    state = next(one for one in told if one["topic"] == "state")
    assert state["gateway"] == feed.GATEWAY
    assert state["at"] - state["written"] >= 4_000
    result = next(one for one in told if one.get("kind") == "result")
    assert result["columns"]["loading"][0] == 101.3
    summary = next(one for one in told if one["topic"] == "summary")
    assert summary["gateways"][0]["transformers"][0]["loading"] == 101.3
    assert summary["gateways"][0]["lowest"]["volts"] == 196.4


def test_a_closed_pipe_ends_it_quietly(broker: Mosquitto) -> None:
    with subprocess.Popen(
        watch(broker.port, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"connected" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(DEADLINE_S) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_once_prints_one_full_picture(lang: str, broker: Mosquitto, tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {"LC_ALL": "zh_CN.UTF-8" if lang == "zh" else "C", "COLUMNS": "100"}
    with started(log, *watch(broker.port, "--once"), env=env) as process:
        # it waits for card and result; said again until it has subscribed
        late = time.monotonic() + DEADLINE_S
        while process.poll() is None:
            assert time.monotonic() < late
            say(broker.port, feed.whole())
        assert process.wait(DEADLINE_S) == 0
    said = out(log).read_text()
    assert "\x1b" not in said
    assert "T2/F5/B5/B5-5" in said
    assert ("!! T1 1号变" in said, "变压器" in said) == (True, lang == "zh")


def test_once_without_a_broker_is_a_sentence_and_exit_3() -> None:
    said = call("boxgate", "monitor", "--once", "--broker", url(free_port()))
    assert_one_sentence(said, "boxgate", "monitor_unreachable", 3)


def test_what_is_no_id_or_no_address_is_a_usage_error() -> None:
    said = call("boxgate", "monitor", "--site", "a/#")
    assert_one_sentence(said, "boxgate", "monitor_id", 2)
    said = call("boxgate", "monitor", "--broker", "http://x")
    assert_one_sentence(said, "boxgate", "broker_url", 2)


def test_a_broker_that_knows_only_3_1_1_is_read_as_well(tmp_path: Path) -> None:
    broker = Amqtt()
    broker.start()
    log = tmp_path / "log"
    try:
        with started(log, *watch(broker.port, "--json")) as process:
            until(lambda: '"connected":true' in out(log).read_text(), process, "connected")
            say(broker.port, [feed.state()])
            until(lambda: '"topic":"state"' in out(log).read_text(), process, "a state")
    finally:
        broker.stop()


def test_the_broker_of_gateway_toml_is_taken(broker: Mosquitto, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'version = 1\n[broker]\nurl = "{url(broker.port)}"\n')
    say(broker.port, feed.whole(), KEPT)
    said = call("boxgate", "monitor", "--once", "--json", "--config", str(config))
    assert said.code == 0
    assert [one["site"] for one in json.loads(said.out)["gateways"]] == [feed.SITE]
