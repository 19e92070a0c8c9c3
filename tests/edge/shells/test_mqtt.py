"""The MQTT shell does as told, posts what happens, and then is silent."""

import queue
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.shells.mqtt import THREADS, MqttShell
from edge.site.model import Broker
from edge.uplink.net import (
    Acked,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    NetEvent,
    Publish,
    Refused,
    Subscribe,
)
from edge.words import BoxgateError
from tests.brokers import Mosquitto, free_port

WAIT_S = 10.0


class Pipe:
    """A shell and the queue it posts to."""

    def __init__(self, url: str, size: int = 64, **facts: str) -> None:
        self.inbox: queue.Queue[NetEvent] = queue.Queue(size)
        self.refusals = 0
        self.shell = MqttShell(
            Broker(url=url, **facts),  # type: ignore[arg-type]
            post=self.post,
            password="right",
        )

    def connect(self, number: int = 1, protocol: str = "5") -> None:
        self.shell.act(
            Connect(number, protocol, "boxgate/1/s/g/state", b"will", f"client-{number}", 60)  # type: ignore[arg-type]
        )

    def post(self, event: NetEvent) -> None:
        try:
            self.inbox.put_nowait(event)
        except queue.Full:
            self.refusals += 1
            raise

    def next(self) -> NetEvent:
        return self.inbox.get(timeout=WAIT_S)

    def silent(self) -> bool:
        """Whether nothing more comes once all threads have ended."""
        assert self.shell.close(5.0)
        return self.inbox.empty()


@pytest.fixture
def pipe() -> Iterator[Callable[..., Pipe]]:
    made: list[Pipe] = []

    def make(url: str, **facts: str) -> Pipe:
        made.append(Pipe(url, **facts))
        return made[-1]

    yield make
    for one in made:
        assert one.shell.close(5.0)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(WAIT_S)
        yield listening


def url_of(server: socket.socket) -> str:
    return f"mqtt://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_publish_subscribe_and_their_answers(
    broker: Mosquitto, pipe: Callable[..., Pipe], protocol: str
) -> None:
    p = pipe(f"mqtt://127.0.0.1:{broker.port}")
    p.connect(7, protocol)
    connected = p.next()
    assert isinstance(connected, Connected)
    assert (connected.connection, connected.protocol) == (7, protocol)
    p.shell.act(Subscribe(7, "a/b", 1))
    p.shell.act(Publish(7, 41, "a/b", b"\x00payload", 1, False))
    got = {p.next(), p.next()}
    assert got == {Acked(7, 41, 0), Message(7, "a/b", b"\x00payload", False)}
    p.shell.act(Disconnect(7))
    assert p.silent()


def test_a_puback_without_subscribers_carries_reason_16(
    broker: Mosquitto, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(f"mqtt://127.0.0.1:{broker.port}")
    p.connect()
    p.next()
    p.shell.act(Publish(1, 5, "nobody/listens", b"", 1, False))
    assert p.next() == Acked(1, 5, 16)


def test_a_burst_far_beyond_the_window_is_acknowledged_one_by_one(
    broker: Mosquitto, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(f"mqtt://127.0.0.1:{broker.port}")
    p.connect()
    p.next()
    for handle in range(1, 201):
        p.shell.act(Publish(1, handle, "a", bytes(5000), 1, False))
    assert [p.next() for _ in range(200)] == [Acked(1, handle, 16) for handle in range(1, 201)]


def test_nothing_is_held_back_while_acknowledgements_are_missing(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(url_of(server))
    p.connect(1, "3.1.1")
    connection, _ = server.accept()
    connection.settimeout(WAIT_S)
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x00")
    p.next()
    for handle in range(1, 61):
        p.shell.act(Publish(1, handle, "a", b"%02d" % handle, 1, False))
    # Fixed header 2, topic 3, packet id 2, payload 2.
    received = b""
    while len(received) < 60 * 9:
        received += connection.recv(4096)
    assert [received[n + 7 : n + 9] for n in range(0, 540, 9)] == [
        b"%02d" % n for n in range(1, 61)
    ]
    connection.close()


def test_paho_does_not_try_an_older_version_by_itself(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(url_of(server))
    p.connect(1, "3.1.1")
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x01")
    assert isinstance(p.next(), Lost | Refused)
    assert p.silent()
    server.settimeout(0)
    with pytest.raises(BlockingIOError):
        server.accept()
    connection.close()


def test_no_broker_is_refused_with_code_0(pipe: Callable[..., Pipe]) -> None:
    p = pipe(f"mqtt://127.0.0.1:{free_port()}")
    p.connect()
    refused = p.next()
    assert isinstance(refused, Refused)
    assert (refused.connection, refused.code) == (1, 0)
    assert p.silent()


def test_an_unknown_host_is_refused_in_the_connections_own_thread(
    pipe: Callable[..., Pipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def no_name(*args: object, **kwargs: object) -> None:
        asked.append(threading.current_thread().name)
        raise socket.gaierror(-2, "Name or service not known")

    p = pipe("mqtt://broker.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    p.connect()
    refused = p.next()
    assert isinstance(refused, Refused)
    assert "Name or service not known" in refused.reason
    assert asked == ["mqtt-1"]


def test_a_login_the_broker_does_not_accept_is_refused_with_its_code(
    tmp_path: Path, pipe: Callable[..., Pipe]
) -> None:
    closed = Mosquitto(tmp_path, extra="allow_anonymous false")
    closed.start()
    try:
        p = pipe(f"mqtt://127.0.0.1:{closed.port}", username="gw")
        p.connect(1, "5")
        refused = p.next()
        assert isinstance(refused, Refused)
        assert refused.code in (134, 135)
        p.connect(2, "3.1.1")
        refused = p.next()
        assert isinstance(refused, Refused)
        assert (refused.connection, refused.code) == (2, 135)
        assert p.silent()
    finally:
        closed.kill()


@pytest.mark.parametrize(
    ("answer", "code"), [(b"\x20\x03\x00\x84\x00", 132), (b"\x20\x02\x00\x01", 132)]
)
def test_an_unsupported_version_is_132_in_either_form(
    server: socket.socket, pipe: Callable[..., Pipe], answer: bytes, code: int
) -> None:
    p = pipe(url_of(server))
    p.connect()
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(answer)
    refused = p.next()
    assert isinstance(refused, Refused)
    assert refused.code == code
    connection.close()
    assert p.silent()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x7f", b"\x90\x00", b"\xff" * 50]
)
def test_a_peer_that_drops_or_talks_nonsense_is_lost_not_refused(
    server: socket.socket, pipe: Callable[..., Pipe], answer: bytes
) -> None:
    p = pipe(url_of(server))
    p.connect()
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(answer)
    connection.close()
    lost = p.next()
    assert isinstance(lost, Lost)
    assert lost.reason
    assert p.silent()


def test_nonsense_after_the_connack_is_one_lost_and_no_dead_thread(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(url_of(server))
    for number, junk in enumerate(
        (b"\x40\x00", b"\x40\x02\xff\xff", b"\x32\x03\x00\x09a", b"\x00\x00")
    ):
        p.connect(number)
        connection, _ = server.accept()
        connection.recv(1000)
        connection.sendall(b"\x20\x03\x00\x00\x00")
        assert isinstance(p.next(), Connected)
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        lost = p.next()
        assert isinstance(lost, Lost)
        assert lost.connection == number
        connection.close()
    assert p.silent()


def test_a_disconnect_while_the_broker_is_silent_ends_thread_and_events(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(url_of(server))
    p.connect()
    connection, _ = server.accept()
    connection.recv(1000)
    p.shell.act(Disconnect(1, abrupt=True))
    connection.settimeout(WAIT_S)
    assert connection.recv(100) == b""
    connection.close()
    assert p.silent()


def test_a_clean_disconnect_says_so_and_an_abrupt_one_does_not(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    for number, (abrupt, said) in enumerate([(False, b"\xe0"), (True, b"")], 1):
        p = pipe(url_of(server))
        p.connect(number, "3.1.1")
        connection, _ = server.accept()
        connection.settimeout(WAIT_S)
        connection.recv(1000)
        connection.sendall(b"\x20\x02\x00\x00")
        assert isinstance(p.next(), Connected)
        p.shell.act(Disconnect(number, abrupt))
        assert connection.recv(100)[:1] == said
        connection.close()


def test_a_publish_that_finds_the_connection_gone_says_lost(server: socket.socket) -> None:
    """The write, not the read, may be the first to meet a killed broker."""
    p = Pipe(url_of(server))
    told, on = threading.Event(), threading.Event()

    def post(event: NetEvent) -> None:
        p.post(event)
        if isinstance(event, Connected):
            # Holds the connection's thread, so that the publish is done before anything is read.
            told.set()
            assert on.wait(WAIT_S)

    p.shell = MqttShell(Broker(url=url_of(server)), post=post)
    p.connect(1, "3.1.1")
    connection, _ = server.accept()
    connection.settimeout(WAIT_S)
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x00")
    assert told.wait(WAIT_S)
    # With no lingering, closing is a reset, as from a broker that was killed with bytes unread.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    for handle in range(1, 4):
        p.shell.act(Publish(1, handle, "a", b"", 1, False))
    on.set()
    assert isinstance(p.next(), Connected)
    lost = p.next()
    assert isinstance(lost, Lost), lost
    assert lost.reason == "connection: Unspecified error"
    assert p.silent()


def test_actions_for_a_connection_that_is_gone_are_nothing(pipe: Callable[..., Pipe]) -> None:
    p = pipe(f"mqtt://127.0.0.1:{free_port()}")
    for action in (Publish(9, 1, "a", b"", 1, False), Subscribe(9, "a", 1), Disconnect(9)):
        p.shell.act(action)
    assert p.silent()


def test_a_full_queue_delays_events_and_loses_none(broker: Mosquitto) -> None:
    p = Pipe(f"mqtt://127.0.0.1:{broker.port}", size=1)
    p.connect()
    assert isinstance(p.next(), Connected)
    for handle in range(1, 9):
        p.shell.act(Publish(1, handle, "a", b"", 1, False))
    until = time.monotonic() + WAIT_S
    while not p.refusals:
        assert time.monotonic() < until
    assert [p.next() for _ in range(8)] == [Acked(1, handle, 16) for handle in range(1, 9)]
    assert p.shell.close(5.0)


def test_closing_is_not_held_up_by_a_full_queue(broker: Mosquitto) -> None:
    p = Pipe(f"mqtt://127.0.0.1:{broker.port}", size=1)
    p.connect()
    assert isinstance(p.next(), Connected)
    for handle in range(1, 9):
        p.shell.act(Publish(1, handle, "a", b"", 1, False))
    assert p.shell.close(5.0)


def test_threads_of_hanging_connects_do_not_pile_up(
    server: socket.socket, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(url_of(server))
    for number in range(THREADS + 5):
        p.connect(number)
    alive = [t for t in threading.enumerate() if t.name.startswith("mqtt-")]
    assert len(alive) == THREADS


def test_small_packets_leave_at_once(
    server: socket.socket, pipe: Callable[..., Pipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_options: list[tuple[int, int, int]] = []
    real = socket.socket.setsockopt

    def note(self: socket.socket, *args: int) -> None:
        set_options.append(args)  # type: ignore[arg-type]
        real(self, *args)  # type: ignore[call-overload]

    monkeypatch.setattr(socket.socket, "setsockopt", note)
    p = pipe(url_of(server))
    p.connect()
    connection, _ = server.accept()
    connection.recv(1000)
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in set_options
    connection.close()


@pytest.mark.parametrize(
    "facts",
    [
        {"ca_file": "/nowhere/ca.pem"},
        {"ca_file": __file__},
        {"certificate_file": "/nowhere/cert.pem", "key_file": "/nowhere/key.pem"},
    ],
)
def test_a_bad_tls_file_is_a_usage_error(facts: dict[str, str]) -> None:
    with pytest.raises(BoxgateError) as refused:
        MqttShell(Broker(url="mqtts://host", **facts), post=lambda event: None)  # type: ignore[arg-type]
    assert (refused.value.key, refused.value.exit_code) == ("broker_tls", 2)
    assert len(refused.value.text("en")) <= 200


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("OPENSSL IS NOT INSTALLED: TLS is not tested")
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{name}.key", "-out",
             f"{name}.pem"],
            cwd=folder, check=True, capture_output=True, timeout=30,
        )  # fmt: skip
        (folder / f"{name}.key").chmod(0o644)
    folder.chmod(0o755)
    return folder


@pytest.fixture
def secure(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    extra = (
        f"allow_anonymous true\ncafile {certificates}/own.pem\n"
        f"certfile {certificates}/own.pem\nkeyfile {certificates}/own.key\n"
        "require_certificate true\nuser root"
    )
    mosquitto = Mosquitto(tmp_path, extra)
    mosquitto.start()
    yield mosquitto
    mosquitto.kill()


def test_tls_with_certificates_on_both_sides(
    secure: Mosquitto, certificates: Path, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(
        f"mqtts://localhost:{secure.port}",
        ca_file=f"{certificates}/own.pem",
        certificate_file=f"{certificates}/own.pem",
        key_file=f"{certificates}/own.key",
    )
    p.connect()
    assert isinstance(p.next(), Connected)
    for handle in range(1, 31):
        p.shell.act(Publish(1, handle, "a", bytes(3000), 1, False))
    assert [p.next() for _ in range(30)] == [Acked(1, handle, 16) for handle in range(1, 31)]


def test_a_broker_with_a_foreign_certificate_gets_nothing(
    secure: Mosquitto, certificates: Path, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(f"mqtts://localhost:{secure.port}", ca_file=f"{certificates}/other.pem")
    p.connect()
    refused = p.next()
    assert isinstance(refused, Refused)
    assert "certificate verify failed" in refused.reason


def test_tls_never_falls_back_to_plain_text(
    broker: Mosquitto, certificates: Path, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(f"mqtts://localhost:{broker.port}", ca_file=f"{certificates}/own.pem")
    p.connect()
    assert isinstance(p.next(), Refused | Lost)
    assert p.silent()


def test_a_connection_that_is_closed_leaves_no_file_open(
    broker: Mosquitto, pipe: Callable[..., Pipe]
) -> None:
    p = pipe(f"mqtt://127.0.0.1:{broker.port}")
    opened = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        p.connect(number)
        assert isinstance(p.next(), Connected)
        p.shell.act(Disconnect(number))
    assert p.shell.close(5.0)
    until = time.monotonic() + WAIT_S
    while len(list(Path("/proc/self/fd").iterdir())) > opened:
        assert time.monotonic() < until
