"""The subscriber: connects, comes back, falls back to 3.1.1, and its queue has an end."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import paho.mqtt.publish
import pytest

from edge.shells import subscriber as module
from edge.shells.subscriber import Denied, Down, Heard, Subscriber, Up
from edge.site.model import Broker
from edge.uplink.net import Connected, Message
from tests.brokers import Amqtt, Mosquitto, free_port

WAIT_S = 10.0
time_as_it_is = time.monotonic


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker."""
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def make() -> Iterator[Callable[..., Subscriber]]:
    """Subscribers that are closed at the end."""
    made: list[Subscriber] = []

    def new(port: int, protocol: str = "auto") -> Subscriber:
        url = f"mqtt://127.0.0.1:{port}"
        one = Subscriber(Broker(url=url, protocol=protocol), ["a/+", "b"])  # type: ignore[arg-type]
        made.append(one)
        return one

    yield new
    for one in made:
        one.close()


def until(one: Subscriber, true: Callable[[list[Heard]], bool]) -> list[Heard]:
    """What is heard until the condition holds for it."""
    heard: list[Heard] = []
    late = time.monotonic() + WAIT_S
    while not true(heard):
        assert time.monotonic() < late, heard
        select.select([one.fileno()], [], [], min(0.1, one.wait_s()))
        heard += one.poll()
    return heard


def up(heard: list[Heard]) -> bool:
    """Whether it is connected now."""
    return any(isinstance(one, Up) for one in heard)


def texts(heard: list[Heard]) -> list[bytes]:
    """The payloads."""
    return [one.payload for one in heard if isinstance(one, Message)]


def keep(port: int, topic: str, payload: bytes) -> None:
    """A message the broker keeps."""
    paho.mqtt.publish.single(topic, payload, qos=1, retain=True, port=port)


@pytest.mark.parametrize(("protocol", "spoken"), [("auto", "5"), ("3.1.1", "3.1.1"), ("5", "5")])
def test_every_filter_is_subscribed_in_either_version(
    protocol: str, spoken: str, broker: Mosquitto, make: Callable[..., Subscriber]
) -> None:
    keep(broker.port, "a/1", b"one")
    keep(broker.port, "b", b"two")
    keep(broker.port, "c", b"three")
    heard = until(make(broker.port, protocol), lambda heard: len(texts(heard)) == 2)
    assert heard[0] == Up(spoken)  # type: ignore[arg-type]
    assert texts(heard) == [b"one", b"two"]


def test_a_connection_that_stands_is_left_alone(
    broker: Mosquitto, make: Callable[..., Subscriber]
) -> None:
    one = make(broker.port)
    until(one, up)
    assert one.wait_s() > 1_000


def test_a_broker_that_knows_only_3_1_1_is_asked_in_it_without_a_word_of_failure(
    make: Callable[..., Subscriber],
) -> None:
    broker = Amqtt()
    broker.start()
    one = make(broker.port)
    try:
        assert until(one, up) == [Up("3.1.1")]
    finally:
        # amqtt waits for its clients when it is stopped
        one.close()
        broker.stop()


def test_a_lost_broker_is_said_with_its_cause_and_found_again(
    broker: Mosquitto, make: Callable[..., Subscriber]
) -> None:
    one = make(broker.port)
    until(one, up)
    broker.kill()
    heard = until(one, lambda heard: Down("Connection refused") in heard)
    assert not up(heard)
    broker.start()
    keep(broker.port, "b", b"again")
    assert b"again" in texts(until(one, lambda heard: up(heard) and bool(texts(heard))))


def test_an_end_that_never_answers_is_given_up(
    make: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNACK_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        heard = until(make(mute.getsockname()[1]), lambda heard: len(heard) >= 2)
    assert heard[:2] == [Down("no answer within 0 s")] * 2


def test_an_answer_that_came_while_nobody_looked_is_in_time(
    broker: Mosquitto, make: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor was stopped with Ctrl-Z, once before the CONNACK and once before the SUBACK."""
    away = 0.0
    clock = SimpleNamespace(monotonic=lambda: time_as_it_is() + away)
    monkeypatch.setattr("edge.shells.subscriber.time", clock)
    one = make(broker.port)
    heard = one.poll()
    assert heard == []
    for _ in ("CONNACK", "SUBACK"):
        late = time_as_it_is() + WAIT_S
        # a quick broker's SUBACK may have been taken with the CONNACK
        while not heard and one._queue.empty():
            assert time_as_it_is() < late
            select.select([one.fileno()], [], [], 0.01)
        away += module.CONNACK_S + 1
        heard += one.poll()
    assert heard == [Up("5")]


def test_a_flood_waits_at_the_broker_and_all_of_it_comes(
    broker: Mosquitto, make: Callable[..., Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE", 5)
    one = make(broker.port)
    keep(broker.port, "b", b"ready")
    until(one, lambda heard: texts(heard) == [b"ready"])
    said = [f"{n}".encode() for n in range(60)]
    paho.mqtt.publish.multiple([("a/1", text, 1, False) for text in said], port=broker.port)
    late = time.monotonic() + WAIT_S
    while one.full == 0:
        # nothing is taken out: the queue must say that it is full
        assert time.monotonic() < late
        select.select([], [], [], 0.05)
    assert texts(until(one, lambda heard: len(texts(heard)) == len(said))) == said


def test_a_call_hands_on_no_more_than_asked_and_stays_readable(
    broker: Mosquitto, make: Callable[..., Subscriber]
) -> None:
    for n in range(5):
        keep(broker.port, f"a/{n}", b"x")
    one = make(broker.port)
    found: list[Heard] = []
    late = time.monotonic() + WAIT_S
    while len(found) < 6:
        assert time.monotonic() < late
        assert select.select([one.fileno()], [], [], min(WAIT_S, one.wait_s())) is not None
        came = one.poll(most=1)
        assert len(came) <= 1
        found += came
    assert len(texts(found)) == 5


def test_nobody_there_is_said_and_tried_again(make: Callable[..., Subscriber]) -> None:
    one = make(free_port())
    heard = until(one, lambda heard: len(heard) >= 2)
    assert heard == [Down("Connection refused")] * 2
    assert 0 < one.wait_s() <= module.PAUSES_S[-1]


class Strict:
    """A broker that takes every client and lets it read only some of what it asks for (MQTT 5)."""

    def __init__(self, granted: tuple[bytes, ...]) -> None:
        self._granted = granted
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No further client."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            with client, client.makefile("rb") as stream:
                while head := stream.read(2):
                    body = stream.read(head[1])
                    if head[0] == 0x10:
                        client.sendall(b"\x20\x03\x00\x00\x00")
                    elif head[0] == 0x82:
                        # packet id, no properties, length and text of one filter, its options
                        code = 1 if body[5:-1] in self._granted else 0x87
                        client.sendall(b"\x90\x04" + body[:2] + bytes((0, code)))


@pytest.fixture
def strict() -> Iterator[Callable[..., Strict]]:
    """Such brokers, closed at the end."""
    made: list[Strict] = []

    def new(*granted: bytes) -> Strict:
        made.append(Strict(granted))
        return made[-1]

    yield new
    for one in made:
        one.close()


def test_a_broker_that_lets_it_read_nothing_is_no_connection_and_says_why(
    make: Callable[..., Subscriber], strict: Callable[..., Strict]
) -> None:
    broker = strict()
    heard = until(make(broker.port), lambda heard: len(heard) >= 2)
    assert heard[:2] == [Down("reading a/+ is refused: Not authorized")] * 2
    assert broker.connections == 2


@pytest.mark.parametrize(("granted", "denied"), [(b"b", "a/+"), (b"a/+", "b")])
def test_a_broker_that_refuses_a_part_is_kept_and_the_part_is_named(
    granted: bytes, denied: str, make: Callable[..., Subscriber], strict: Callable[..., Strict]
) -> None:
    one = make(strict(granted).port)
    heard = until(one, lambda heard: len(heard) >= 2)
    assert heard == [Up("5"), Denied(denied, "Not authorized")]
    assert one.wait_s() > 1_000


def test_a_connection_accepted_twice_is_one(
    make: Callable[..., Subscriber], strict: Callable[..., Strict]
) -> None:
    one = make(strict(b"a/+", b"b").port)
    until(one, up)
    one._queue.put(Connected(one._number, "5"))
    assert until(one, lambda _: one._queue.empty()) == []
    assert one.wait_s() > 1_000
