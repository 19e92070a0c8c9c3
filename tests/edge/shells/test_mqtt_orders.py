"""Orders of events at the MQTT shell that nobody sees on a quick machine, each held in place."""

import errno
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.shells.mqtt import MqttShell
from edge.site.model import Broker
from edge.uplink.net import Acked, Connect, Connected, Disconnect, Lost, NetEvent, Publish, Refused

WAIT_S = 10.0
CONNACK = b"\x20\x02\x00\x00"


class Peer:
    """A broker's end: what it reads is whole CONNECTs, what it says is up to the test."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(WAIT_S)
        self.inbox: queue.Queue[NetEvent] = queue.Queue(256)
        self.shell = MqttShell(Broker(url=self.url), post=self.inbox.put_nowait)
        self.open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.server.getsockname()[1]}"

    def connect(self, number: int) -> None:
        self.shell.act(Connect(number, "3.1.1", "boxgate/1/s/g/state", b"will", "gw", 60))

    def accept(self) -> socket.socket:
        connection, _ = self.server.accept()
        connection.settimeout(WAIT_S)
        self.open.append(connection)
        return connection

    def online(self, number: int) -> socket.socket:
        self.connect(number)
        connection = self.accept()
        assert connection.recv(1000)[:1] == b"\x10"
        connection.sendall(CONNACK)
        assert self.next() == Connected(number, "3.1.1")
        return connection

    def next(self) -> NetEvent:
        return self.inbox.get(timeout=WAIT_S)

    def close(self) -> None:
        assert self.shell.close(WAIT_S)
        for one in (*self.open, self.server):
            one.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_a_name_found_too_late_says_no_connect(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second CONNECT of this client id would end the one that stands, and leave its will."""
    asked, found = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread().name == "mqtt-1":
            asked.set()
            assert found.wait(WAIT_S)
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    peer.connect(1)
    assert asked.wait(WAIT_S)
    peer.shell.act(Disconnect(1, abrupt=True))  # no CONNACK in 10 s
    peer.online(2)
    found.set()
    assert peer.accept().recv(1000) == b""
    assert peer.inbox.empty()


def test_a_second_connack_that_refuses_is_a_lost_connection(peer: Peer) -> None:
    connection = peer.online(1)
    connection.sendall(b"\x20\x02\x00\x05")
    lost = peer.next()
    assert isinstance(lost, Lost), lost
    assert lost.reason == "broker: Not authorized"


def test_a_second_connack_that_accepts_changes_nothing(peer: Peer) -> None:
    connection = peer.online(1)
    connection.sendall(CONNACK)
    assert peer.next() == Connected(1, "3.1.1")
    peer.shell.act(Publish(1, 7, "a", b"", 1, False))
    assert connection.recv(100) == b"\x32\x05\x00\x01a\x00\x01"
    connection.sendall(b"\x40\x02\x00\x01")
    assert peer.next() == Acked(1, 7, 0)


def no_descriptor(*args: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def no_thread(*args: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("what", "refusal"),
    [("socket.socketpair", no_descriptor), ("threading.Thread.start", no_thread)],
)
def test_a_machine_without_room_for_a_connection_is_no_connection(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, what: str, refusal: Callable[..., None]
) -> None:
    """It is said as a refusal: the caller is the core's thread, which must not end of it."""
    opened = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as short:
        short.setattr(what, refusal)
        peer.connect(1)
    assert len(list(Path("/proc/self/fd").iterdir())) == opened
    refused = peer.next()
    assert isinstance(refused, Refused)
    assert (refused.connection, refused.code) == (1, 0)
    assert "open files" in refused.reason or "new thread" in refused.reason
    peer.online(2)
