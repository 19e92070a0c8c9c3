"""A reader at the broker: connects, subscribes, connects again, and hands messages on in order.

It stands on the same dumb pipe as the uplink (`MqttShell`): a thread a connection, which posts into
a bounded queue here and waits while that is full, so that a flood waits at the broker and not in
this process. MQTT 5 first, 3.1.1 where the broker refuses that version. Nothing is published, no
session is kept at the broker.
"""

import queue
import re
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from edge.shells.mqtt import MqttShell
from edge.site.model import Broker
from edge.uplink.net import (
    UNSUPPORTED_VERSION,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    MqttVersion,
    NetEvent,
    Refused,
    Subscribe,
    Subscribed,
)

QUEUE = 500
"""Events that wait for the reader at most."""
CONNACK_S = 10.0
"""From the attempt to the broker's word, name lookup included; and once more to its grant."""
PAUSES_S = (0.5, 1.0, 2.0, 5.0)
"""Before each next attempt; the last one stays."""
KEEPALIVE_S = 20
OLD_REFUSAL = 1
"""CONNACK of a broker that knows no MQTT 5: "unacceptable protocol version" (3.1.1 §3.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Up:
    """The broker took connection and subscription; retained messages follow."""

    protocol: MqttVersion


@dataclass(frozen=True, slots=True)
class Down:
    """No connection, and why; the next attempt comes by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The broker does not let us read some of it; the rest goes on."""

    topic: str
    reason: str


_ERRNO = re.compile(r"\[Errno -?\d+\] ")
"""A number that tells a person nothing beside its sentence."""

Heard = Up | Denied | Down | Message


class Subscriber:
    """One subscription to several topic filters, kept alive. All methods: one thread, the caller's.

    BoxgateError when the URL or a TLS file is no good.
    """

    def __init__(self, broker: Broker, filters: Sequence[str], password: str | None = None) -> None:
        self._filters = tuple(filters)
        self._url = broker.url
        self._queue: queue.Queue[NetEvent] = queue.Queue(QUEUE)
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._shell = MqttShell(broker, self._post, password)
        self._version: MqttVersion = "3.1.1" if broker.protocol == "3.1.1" else "5"
        self._auto = broker.protocol == "auto"
        self._client_id = f"boxgate-monitor-{uuid.uuid4().hex[:12]}"
        self._number = 0
        self._spoken: MqttVersion = self._version
        self._asked: set[str] = set()
        """Filters the broker has not yet answered for."""
        self._denied: Denied | None = None
        """The first it refused."""
        self._up = False
        self._deadline: float | None = None
        """Of the attempt under way, monotonic s."""
        self._retry: float | None = 0.0
        self._failed = 0
        self.full = 0
        """Times the queue was full and the broker had to wait."""

    def fileno(self) -> int:
        """Readable when something waits: for select beside a keyboard."""
        return self._near.fileno()

    def wait_s(self) -> float:
        """How long nothing will happen here by itself, s."""
        due = self._retry if self._retry is not None else self._deadline
        return 3600.0 if due is None else max(0.0, due - time.monotonic())

    def poll(self, most: int = 500) -> list[Heard]:
        """What has come since the last call, at most so many; drives the connection, never blocks.

        Where more waits, fileno() stays readable.
        """
        heard: list[Heard] = []
        self._drain()
        while len(heard) < most:
            try:
                event = self._queue.get_nowait()
            except queue.Empty:
                # what has come is read before anything is too late: the caller may have been away
                return heard + self._on_time()
            heard += self._on_event(event)
        self._wake()
        return heard

    def close(self) -> None:
        """Leaves the broker; at most a second or two."""
        self._shell.close(timeout_s=1.5)
        self._near.close()
        self._far.close()

    def _on_time(self) -> list[Heard]:
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self._shell.act(Disconnect(self._number, abrupt=True))
            return [self._lost(f"no answer within {CONNACK_S:.0f} s")]
        if self._retry is not None and now >= self._retry:
            self._retry = None
            self._deadline = now + CONNACK_S
            self._number += 1
            self._shell.act(
                Connect(self._number, self._version, "", b"", self._client_id, KEEPALIVE_S)
            )
        return []

    def _on_event(self, event: NetEvent) -> list[Heard]:
        if event.connection != self._number:
            return []
        match event:
            case Connected(protocol=protocol) if not self._up:
                self._spoken = protocol
                self._asked, self._denied = set(self._filters), None
                self._deadline = time.monotonic() + CONNACK_S
                for one in self._filters:
                    self._shell.act(Subscribe(self._number, one, 1, answer=True))
                return []
            case Subscribed(topic=topic, refused=refused):
                return self._on_answer(topic, refused)
            case Message():
                return [event]
            case Refused(code=code, reason=reason):
                if (
                    self._auto
                    and self._version == "5"
                    and code
                    in (
                        UNSUPPORTED_VERSION,
                        OLD_REFUSAL,
                    )
                ):
                    self._version = "3.1.1"
                    self._deadline, self._retry = None, 0.0
                    return []
                return [self._lost(reason)]
            case Lost(reason=reason):
                return [self._lost(reason)]
            case _:
                return []

    def _on_answer(self, topic: str, refused: str) -> list[Heard]:
        """Up with the first that is granted; what is refused is told when all is answered."""
        told: list[Heard] = []
        self._asked.discard(topic)
        if refused:
            self._denied = self._denied or Denied(topic, refused)
        elif not self._up:
            # no message comes before this: the answer precedes what is retained (MQTT 5 §3.8.4)
            self._up = True
            self._deadline = None
            self._failed = 0
            told.append(Up(self._spoken))
        if self._asked or self._denied is None:
            return told
        if self._up:
            return [*told, self._denied]
        # it reads nothing: no connection worth having
        self._shell.act(Disconnect(self._number))
        return [self._lost(f"reading {self._denied.topic} is refused: {self._denied.reason}")]

    def _lost(self, reason: str) -> Down:
        self._up = False
        self._deadline = None
        pause = PAUSES_S[min(self._failed, len(PAUSES_S) - 1)]
        self._failed += 1
        self._retry = time.monotonic() + pause
        # no event of that connection counts any more
        self._number += 1
        return Down(_ERRNO.sub("", reason.removeprefix(f"{self._url}: ")))

    # ---- called by connection threads -----------------------------------------------------------

    def _post(self, event: NetEvent) -> None:
        try:
            self._queue.put(event, timeout=0.1)
        except queue.Full:
            self.full += 1
            raise
        finally:
            self._wake()

    def _wake(self) -> None:
        try:
            self._far.send(b"\0")
        except OSError:
            return  # full: it is readable already; closed: nobody reads any more

    def _drain(self) -> None:
        try:
            while self._near.recv(4096):
                continue
        except BlockingIOError:
            return
