"""What the gateway says at the broker: its state, its results, its events; a subscriber of our own.

It takes the payloads as docs/payload.md describes them and shares no code with the agent.
"""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

MOST_RESULTS = 20_000
MOST_EVENTS = 2_000
TOPICS = ("state", "event", "data")
WAIT_MOST_S = 4
"""Longest wait before the broker is tried again: one that was killed is soon back."""


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a result: a transformer or feeder, loaded so much."""

    place: str
    t: int
    """UTC ms when its meter was read."""
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was last told."""

    id: str
    type: str
    subject: str
    since: int
    """UTC ms."""
    until: int | None


class Listener:
    """Any gateway's newest words at a broker on the loopback; a client with its own thread."""

    def __init__(self, port: int) -> None:
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
        self._results: deque[Result] = deque(maxlen=MOST_RESULTS)
        self._events: dict[str, Told] = {}
        self.unreadable = 0
        """Messages that were not what docs/payload.md says."""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(f"boxgate/1/+/+/{topic}", 1) for topic in TOPICS]
        )
        self._client.on_message = lambda _client, _given, message: self.take(
            message.topic, bytes(message.payload)
        )
        self._client.reconnect_delay_set(1, WAIT_MOST_S)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def take(self, topic: str, payload: bytes) -> None:
        """One message; what cannot be read is counted and passed over."""
        takes: dict[str, Callable[[dict[str, Any]], None]] = {
            "state": self._take_state,
            "event": self._take_event,
            "data": self._take_data,
        }
        try:
            said = json.loads(payload)
            with self._lock:
                takes[topic.rpartition("/")[2]](said)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.unreadable += 1

    def _take_state(self, said: dict[str, Any]) -> None:
        # one that is leaving no longer tells how its lines did
        if said["status"] == "online":
            self._state = said

    def _take_event(self, said: dict[str, Any]) -> None:
        told = Told(said["id"], said["type"], said["subject"], said["since"], said.get("until"))
        if told.id in self._events or len(self._events) < MOST_EVENTS:
            self._events[told.id] = told

    def _take_data(self, said: dict[str, Any]) -> None:
        if said["kind"] != "result":
            return
        found = []
        for index, place in enumerate(said["meters"]):
            values = {name: column[index] for name, column in said["columns"].items()}
            found.append(Result(place, said["t"][index], values))
        # all rows of a message or none
        self._results.extend(found)

    def line(self, line: str) -> dict[str, Any]:
        """What the state says of a line (sweep_ms, utilisation, …); empty before it does."""
        lines = self._state.get("lines")
        found = lines.get(line) if isinstance(lines, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def backlog(self) -> int | None:
        """Entries that wait at the gateway by its newest state; None before it told."""
        found = self._state.get("backlog")
        return found if isinstance(found, int) else None

    def told_at(self) -> int:
        """UTC ms of the newest state, 0 before there is one."""
        at = self._state.get("at")
        return at if isinstance(at, int) else 0

    def results(self) -> list[Result]:
        """All results so far, in the order of their arrival; the oldest go beyond MOST_RESULTS."""
        with self._lock:
            return list(self._results)

    def events(self) -> list[Told]:
        """All events so far, each as last told."""
        with self._lock:
            return list(self._events.values())

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()
