"""Journal to subscriber through a real mosquitto and amqtt, broken on the way and put right."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.uplink.net import Connected, Lost, Refused
from protocol.uplink import read_batch, read_state
from tests.brokers import Amqtt, Mosquitto
from tests.edge.uplink.gateway import SECOND, GatewayUplink, Listener

ROOT = Path(__file__).parents[3]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
CLIENT = """
import sys, time
from pathlib import Path
from tests.edge.uplink.gateway import GatewayUplink
uplink = GatewayUplink(Path(sys.argv[1]), int(sys.argv[2]))
uplink.drive(uplink.greeted)
print("online", flush=True)
uplink.drive(lambda: False, 60)
"""

Make = Callable[..., GatewayUplink]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[GatewayUplink] = []

    def one(port: int, **facts: object) -> GatewayUplink:
        made.append(GatewayUplink(tmp_path, port, **facts))
        return made[-1]

    yield one
    for uplink in made:
        uplink.close()


@pytest.fixture
def listen() -> Iterator[Callable[[int], Listener]]:
    made: list[Listener] = []

    def one(port: int) -> Listener:
        made.append(Listener(port))
        return made[-1]

    yield one
    for listener in made:
        listener.close()


def once(payloads: list[bytes]) -> dict[str, list[int]]:
    """Per lane, the seqs after removal of repeats."""
    known: set[int] = set()
    lanes: dict[str, list[int]] = {"live": [], "backlog": []}
    for batch in map(read_batch, payloads):
        if batch.seq not in known:
            known.add(batch.seq)
            lanes[batch.lane].append(batch.seq)
    return lanes


@BOTH
def test_backlog_and_live_entries_arrive_in_order_and_are_settled(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener], protocol: str
) -> None:
    broker.start()
    listener = listen(broker.port).wait()
    uplink = make(broker.port, protocol=protocol)
    uplink.append(40)
    uplink.drive(lambda: uplink.left() == 0)
    uplink.append(30)
    uplink.drive(lambda: uplink.left() == 0)
    listener.until(lambda: len(listener.of("data")) >= 70)
    payloads = listener.of("data")
    assert once(payloads) == {"backlog": list(range(1, 41)), "live": list(range(41, 71))}
    assert len(payloads) == 70
    first = read_batch(payloads[0])
    assert first.columns == {"voltage_a": [220.1, 220.1], "energy_forward": [0.01, None]}
    assert read_state(listener.of("state")[0]).status == "online"
    connected = next(e for e in uplink.events if isinstance(e, Connected))
    assert connected.protocol == protocol


def test_a_broker_absent_at_start_loses_nothing(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener]
) -> None:
    uplink = make(broker.port, ack="head-end")
    uplink.append(10)
    uplink.drive(lambda: uplink.session.counters.refused_connections >= 1)
    refused = next(e for e in uplink.events if isinstance(e, Refused))
    assert refused.code == 0
    assert uplink.left() == 10
    broker.start()
    listener = listen(broker.port).wait()
    uplink.drive(lambda: len(listener.of("data")) >= 10)
    assert once(listener.of("data"))["backlog"] == list(range(1, 11))


def test_a_broker_killed_midstream_and_back_loses_nothing_on_mqtt_5(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener]
) -> None:
    broker.start()
    listener = listen(broker.port).wait()
    uplink = make(broker.port, reconnect_most_s=1, refused_most_s=1, window=5)
    uplink.append(200)
    uplink.drive(lambda: uplink.left() <= 150)
    broker.kill()
    uplink.append(20)
    uplink.drive(lambda: any(isinstance(e, Lost) for e in uplink.events))
    assert uplink.left() > 0
    broker.start()
    uplink.drive(lambda: uplink.session.phase.value == "online")
    uplink.append(20)
    uplink.drive(lambda: uplink.left() == 0)
    listener.until(lambda: sum(map(len, once(listener.of("data")).values())) >= 240)
    lanes = once(listener.of("data"))
    assert sorted(lanes["live"] + lanes["backlog"]) == list(range(1, 241))
    assert lanes["live"] == sorted(lanes["live"])
    assert lanes["backlog"] == sorted(lanes["backlog"])


@BOTH
def test_with_the_head_end_of_the_docs_nothing_is_lost_over_a_broker_killed_twice(
    broker: Mosquitto, make: Make, tmp_path: Path, protocol: str
) -> None:
    broker.start()
    output = tmp_path / "readings.jsonl"
    command = [sys.executable, str(ROOT / "docs" / "headend.py"), "127.0.0.1", str(broker.port)]
    headend = subprocess.Popen([*command, str(output), "--commit"])
    try:
        uplink = make(
            broker.port,
            ack="head-end",
            protocol=protocol,
            reconnect_most_s=1,
            window=4,
            commit_ns=2 * SECOND,
        )
        uplink.append(120)
        for remaining in (90, 50):
            uplink.drive(lambda remaining=remaining: uplink.left() <= remaining)  # type: ignore[misc]
            broker.kill()
            broker.start()
        # The gateway may be back before the head-end, and this broker keeps nothing: what it
        # took in between comes again after the head-end's silence.
        uplink.drive(lambda: uplink.left() == 0, 40)
    finally:
        headend.terminate()
        headend.wait(10)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows) == len({(r["meter"], r["quantity"], r["t"]) for r in rows}) == 120 * 4
    values = {r["t"]: r["value"] for r in rows if r["quantity"] == "voltage_a"}
    assert values[1_800_000_000_000 + 7000] == 220.7


def test_the_head_end_of_the_docs_ends_after_the_readings_it_was_asked_for(
    broker: Mosquitto, make: Make, tmp_path: Path
) -> None:
    broker.start()
    output = tmp_path / "readings.jsonl"
    command = [sys.executable, str(ROOT / "docs" / "headend.py"), "127.0.0.1", str(broker.port)]
    headend = subprocess.Popen([*command, str(output), "--until", "8"])
    uplink = make(broker.port, refused_most_s=1)
    uplink.append(2)
    uplink.drive(lambda: headend.poll() is not None)
    assert headend.returncode == 0
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert rows[:2] == [
        {"meter": "000000000101", "quantity": "voltage_a", "t": 1_800_000_001_000, "value": 220.1,
         "q": 0, "kind": "sweep", "line": "b1", "slot": 1, "lane": "backlog"},
        {"meter": "000000000102", "quantity": "voltage_a", "t": 1_800_000_001_500, "value": 220.1,
         "q": 4, "kind": "sweep", "line": "b1", "slot": 1, "lane": "backlog"},
    ]  # fmt: skip
    assert rows[2]["t"] == 1_800_000_001_300
    assert rows[3]["value"] is None


def test_without_a_subscriber_mqtt_5_settles_nothing_until_one_comes(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener]
) -> None:
    broker.start()
    uplink = make(broker.port, protocol="5", refused_most_s=1)
    uplink.append(30)
    uplink.drive(lambda: uplink.session.counters.no_subscriber >= 2)
    assert uplink.left() == 30
    listener = listen(broker.port).wait()
    uplink.drive(lambda: uplink.left() == 0)
    listener.until(lambda: len(listener.of("data")) >= 30)
    assert [read_batch(p).seq for p in listener.of("data")] == list(range(1, 31))


def test_with_head_end_ack_a_puback_settles_nothing(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener]
) -> None:
    broker.start()
    listener = listen(broker.port).wait()
    uplink = make(broker.port, ack="head-end")
    uplink.append(5)
    uplink.drive(lambda: uplink.session.counters.accepted == 5)
    uplink.drive(lambda: len(listener.of("data")) == 5)
    assert uplink.left() == 5
    word = {"epoch": "e1", "ranges": [[1, 3], [5, 5]]}
    listener._client.publish("boxgate/1/site/gw/commit", json.dumps(word), qos=1)
    uplink.drive(lambda: uplink.left() == 1)


def test_the_will_is_heard_when_the_gateway_is_killed(
    broker: Mosquitto, listen: Callable[[int], Listener], tmp_path: Path
) -> None:
    broker.start()
    listener = listen(broker.port).wait()
    command = [sys.executable, "-c", CLIENT, str(tmp_path), str(broker.port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "online\n"
    process.kill()
    process.wait(10)
    process.stdout.close()
    listener.until(lambda: len(listener.of("state")) >= 2)
    online, offline = map(read_state, listener.of("state"))
    assert (online.status, offline.status, offline.reason) == ("online", "offline", "lost")
    late = listen(broker.port).wait()
    late.until(lambda: bool(late.heard))
    assert late.heard[0][2]
    assert read_state(late.heard[0][1]).status == "offline"


def test_a_gateway_that_stops_says_so_itself(
    broker: Mosquitto, make: Make, listen: Callable[[int], Listener]
) -> None:
    broker.start()
    listener = listen(broker.port).wait()
    uplink = make(broker.port)
    uplink.drive(
        lambda: (
            uplink.session.phase.value == "online"
            and not uplink.session._window.entries()
            and uplink.session.counters.connections
        )
    )
    uplink.session.stop(time.monotonic_ns())
    uplink.drive(lambda: uplink.session.closed)
    assert uplink.shell.close(5.0)
    listener.until(lambda: len(listener.of("state")) >= 2)
    states = [read_state(payload) for payload in listener.of("state")]
    assert [(s.status, s.reason) for s in states] == [("online", ""), ("offline", "stopped")]


def test_auto_finds_mqtt_3_on_amqtt_by_its_answer_132_and_everything_arrives(
    make: Make, listen: Callable[[int], Listener]
) -> None:
    broker = Amqtt()
    broker.start()
    try:
        listener = listen(broker.port).wait()
        uplink = make(broker.port, connack_ns=SECOND)
        uplink.append(25)
        uplink.drive(lambda: uplink.left() == 0)
        listener.until(lambda: len(listener.of("data")) >= 25)
        assert once(listener.of("data"))["backlog"] == list(range(1, 26))
        refused = [e.code for e in uplink.events if isinstance(e, Refused)]
        connected = [e.protocol for e in uplink.events if isinstance(e, Connected)]
        assert (refused, connected) == ([132], ["3.1.1"])
        uplink.shell.close(5.0)
        listener.close()
    finally:
        broker.stop()
