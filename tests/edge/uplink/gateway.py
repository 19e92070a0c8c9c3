"""A gateway's uplink whole (journal, session, MQTT shell) and a listener at the broker."""

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from edge.journal import Journal, Limits
from edge.shells.mqtt import MqttShell
from edge.site.model import Broker
from edge.uplink.net import Acked, NetEvent
from edge.uplink.session import DEST, Session, UplinkSettings
from protocol.uplink import Part, encode_part

SECOND = 1_000_000_000
DEADLINE_S = 20.0


def part(number: int) -> bytes:
    """A journal body of two meters whose values tell the number."""
    return encode_part(
        Part(
            slot=number,
            line="b1",
            part=0,
            last=True,
            meters=["000000000101", "000000000102"],
            t=[1_800_000_000_000 + number * 1000, 1_800_000_000_500 + number * 1000],
            dt={"energy_forward": [300, 300]},
            columns={"voltage_a": [2200 + number, 2201], "energy_forward": [number, None]},
            q=[0, 4],
        )
    )


class GatewayUplink:
    """Driven by the test's own thread as the core thread would."""

    def __init__(self, folder: Path, port: int, broker: Broker | None = None, **facts: Any) -> None:
        self.inbox: queue.Queue[NetEvent] = queue.Queue(256)
        self.journal = Journal(str(folder / "journal.db"), "e1", Limits())
        self.session = Session(self.journal, UplinkSettings("site", "gw", **facts))
        self.shell = MqttShell(
            broker or Broker(url=f"mqtt://127.0.0.1:{port}"),
            post=lambda event: self.inbox.put(event, timeout=0.2),
        )
        self.events: list[NetEvent] = []
        self.wake = 0

    def append(self, count: int) -> None:
        """More readings."""
        for _ in range(count):
            self.journal.append("sweep", 1_800_000_000_000, part(self.journal.head + 1))

    def left(self) -> int:
        """How many entries are not settled."""
        return self.journal.backlog(DEST).count

    def greeted(self) -> bool:
        """Whether the broker has the online state."""
        return any(isinstance(event, Acked) for event in self.events)

    def step(self, event: NetEvent | None) -> None:
        """One step and its actions."""
        if event is not None:
            self.events.append(event)
        actions = self.session.step(time.monotonic_ns(), event)
        self.wake = actions.wake
        for action in actions.items:
            self.shell.act(action)

    def drive(self, until: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
        """Runs until the condition holds; AssertionError after the deadline."""
        end = time.monotonic() + deadline_s
        self.step(None)
        while not until():
            assert time.monotonic() < end, f"not in {deadline_s} s: {self.session.counters}"
            left = (self.wake - time.monotonic_ns()) / SECOND
            try:
                event = self.inbox.get(timeout=min(max(left, 0.001), 0.05))
            except queue.Empty:
                event = None
            self.step(event)

    def close(self) -> None:
        """Ends threads and file."""
        assert self.shell.close(5.0)
        self.journal.close()


class Listener:
    """A subscriber that reconnects by itself and keeps all it hears."""

    def __init__(self, port: int, topic: str = "boxgate/1/#") -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._lock = threading.Condition()
        self._subscribed = 0
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        # QoS 0: what the broker has acknowledged to the gateway it has then already written here.
        self._client.on_connect = lambda c, *_: c.subscribe(topic, 0)
        self._client.on_subscribe = lambda *_: self._note(None)
        self._client.on_message = lambda c, u, m: self._note((m.topic, bytes(m.payload), m.retain))
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def wait(self, subscriptions: int = 1) -> "Listener":
        """Until it has subscribed so many times."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._subscribed >= subscriptions, DEADLINE_S)
        return self

    def of(self, tail: str) -> list[bytes]:
        """Payloads heard on .../tail."""
        return [payload for topic, payload, _ in self.heard if topic.endswith("/" + tail)]

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits for what is heard to fulfil the condition."""
        with self._lock:
            assert self._lock.wait_for(condition, DEADLINE_S), self.heard[-3:]

    def close(self) -> None:
        """Ends it."""
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, message: tuple[str, bytes, bool] | None) -> None:
        with self._lock:
            if message is None:
                self._subscribed += 1
            else:
                self.heard.append(message)
            self._lock.notify_all()
