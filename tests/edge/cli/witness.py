"""An independent subscriber in a thread: every message of a gateway, with its identity."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

READY_S = 10.0


class Witness:
    """What arrived; its session outlives a broker that keeps sessions."""

    def __init__(self, port: int) -> None:
        self.heard: Counter[tuple[str, int]] = Counter()
        """How often each (epoch, seq) of …/data and …/event arrived."""
        self.events: list[dict[str, Any]] = []
        self.states: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.ready = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            "witness",
            protocol=mqtt.MQTTv311,
            clean_session=False,
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(f"boxgate/1/+/+/{topic}", 1) for topic in ("data", "event", "state")]
        )
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)

    def _take(self, _client: object, _given: object, message: mqtt.MQTTMessage) -> None:
        said = json.loads(message.payload)
        match message.topic.rpartition("/")[2]:
            case "state":
                self.states.append(said)
                return
            case "event":
                self.events.append(said)
            case _ if said["kind"] == "result":
                self.results.append(said)
        self.heard[said["epoch"], said["seq"]] += 1

    def told(self, type_: str, subject: str) -> list[dict[str, Any]]:
        """Each event of that type and subject as last told, in the order they began."""
        found: dict[str, dict[str, Any]] = {}
        for event in tuple(self.events):
            if (event["type"], event["subject"]) == (type_, subject):
                found[event["id"]] = event
        return list(found.values())

    def state(self) -> dict[str, Any]:
        """The newest state; empty before the first."""
        return self.states[-1] if self.states else {}


@contextmanager
def witness(port: int) -> Iterator[Witness]:
    """A witness that has subscribed."""
    one = Witness(port)
    one.client.loop_start()
    try:
        assert one.ready.wait(READY_S), "the witness could not subscribe"
        yield one
    finally:
        one.client.disconnect()
        one.client.loop_stop()


def somebody_listens(port: int) -> bool:
    """Whether a publish on an event topic finds a subscriber: MQTT 5 says so."""
    answer: list[int] = []
    done = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)

    def published(_client: object, _given: object, _mid: int, reason: Any, _more: object) -> None:
        answer.append(reason.value)
        done.set()

    client.on_publish = published
    # a message without rows: whoever stores readings has nothing to store
    word = json.dumps({"epoch": "probe", "seq": 0})
    client.on_connect = lambda client, *_: client.publish("boxgate/1/probe/probe/event", word, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert done.wait(READY_S), "the broker does not acknowledge"
    finally:
        client.disconnect()
        client.loop_stop()
    return answer == [0]
