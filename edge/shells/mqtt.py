"""paho as a dumb pipe: a thread for each connection that does as told and posts what happens.

Every connection is a new paho client in a thread of its own, which looks the name up, connects
and from then on is the only one to touch that client. Actions come to it through a short queue.
paho has ways of its own to keep things in RAM, repeat them and reconnect; all of them are off or
out of reach: the session alone decides, out of the journal. The thread posts events and nothing
else; when the caller's queue is full it waits, and the broker's TCP connection with it.
"""

import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Full
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.shells import broker_url
from edge.site.model import Broker
from edge.uplink.net import (
    Acked,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    NetAction,
    NetEvent,
    Publish,
    Refused,
    Subscribe,
    Subscribed,
)
from edge.words import BoxgateError

CONNECT_S = 10.0
"""For TCP and TLS each."""
GOODBYE_S = 1.0
"""For the DISCONNECT to leave."""
LOOK_S = 1.0
"""paho looks after its keepalive this often."""
FULL_S = 0.02
"""Before posting again to a full queue, on top of what the caller's post waits."""
QUEUE = 256
"""Actions waiting for a connection's thread; the session's window is far below."""
THREADS = 4
"""Connections alive at once: a name lookup may hang for minutes, and threads must not pile up."""
INCOMING = 1 << 20
"""Longest packet we let an MQTT 5 broker send, bytes."""

Post = Callable[[NetEvent], None]


class MqttShell:
    """Carries out a session's actions against one broker.

    `post` is called from connection threads; it may block for a moment and may raise queue.Full,
    then it is called again. BoxgateError when the URL or a TLS file is no good.
    """

    def __init__(self, broker: Broker, post: Post, password: bytes | str | None = None) -> None:
        self._broker = broker
        self._post = post
        self._password = password.encode() if isinstance(password, str) else password
        self._address = broker_url.parse(broker.url)
        self._connections: dict[int, _Connection] = {}
        if self._address.tls:
            tls_context(broker)

    def act(self, action: NetAction) -> None:
        """Takes one action; never blocks. An action for a connection that is gone is nothing."""
        match action:
            case Connect():
                self._connect(action)
            case Disconnect(connection=number):
                if connection := self._connections.get(number):
                    connection.end(action)
            case Publish(connection=number) | Subscribe(connection=number):
                if connection := self._connections.get(number):
                    connection.take(action)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Ends all connections cleanly; whether all their threads have ended in time."""
        until = time.monotonic() + timeout_s
        for number, connection in self._connections.items():
            connection.end(Disconnect(number))
        for connection in self._connections.values():
            connection.thread.join(max(0.0, until - time.monotonic()))
        self._reap()
        return not self._connections

    def _connect(self, action: Connect) -> None:
        self._reap()
        if len(self._connections) >= THREADS:
            # The session's CONNACK deadline speaks for it and tries again later.
            return
        try:
            connection = _Connection(
                action, self._broker, self._address, self._password, self._post
            )
            connection.start()
        except (OSError, RuntimeError) as error:
            self._refuse(action.connection, f"{self._broker.url}: {error}")
        else:
            self._connections[action.connection] = connection

    def _refuse(self, number: int, reason: str) -> None:
        """No descriptor or no thread is left on this machine, for now."""
        try:
            self._post(Refused(number, 0, reason))
        except Full:
            return  # the deadline speaks here too: this thread may be the one that reads

    def _reap(self) -> None:
        for number in [n for n, c in self._connections.items() if c.over()]:
            del self._connections[number]


def tls_context(broker: Broker) -> ssl.SSLContext:
    """TLS 1.2 or newer, the broker's name checked; BoxgateError `broker_tls` for a bad file."""
    try:
        context = ssl.create_default_context(cafile=broker.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.certificate_file:
            # Without a password callback OpenSSL would ask on the terminal.
            context.load_cert_chain(
                broker.certificate_file, broker.key_file or None, password=lambda: b""
            )
    except (OSError, ValueError) as error:
        files = [broker.ca_file, broker.certificate_file, broker.key_file]
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        named = ", ".join(file for file in files if file)
        raise BoxgateError("broker_tls", files=named or "(system)", why=why) from error
    return context


class _Connection:
    """One paho client and its thread, from Connect to the end."""

    def __init__(
        self,
        action: Connect,
        broker: Broker,
        address: broker_url.Address,
        password: bytes | None,
        post: Post,
    ) -> None:
        self._number = action.connection
        self._action = action
        self._broker = broker
        self._address = address
        self._password = password
        self._to_caller = post
        self._todo: deque[Publish | Subscribe] = deque()
        self._handles: dict[int, int] = {}
        self._asked: dict[int, str] = {}
        """SUBSCRIBE whose SUBACK is waited for -> its topic."""
        self._ending: Disconnect | None = None
        self._told = False
        """Whether Refused or Lost has been posted: the last word of a connection."""
        self._accepted = False
        """Whether Connected has been posted."""
        self._quit = threading.Event()
        self._reason = "connection closed"
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self.thread = threading.Thread(target=self._run, name=f"mqtt-{self._number}", daemon=True)

    # ---- called by the core thread ------------------------------------------------------------

    def start(self) -> None:
        """Begins; RuntimeError when there is no thread to be had."""
        try:
            self.thread.start()
        except RuntimeError:
            self._near.close()
            self._far.close()
            raise

    def take(self, action: Publish | Subscribe) -> None:
        """Queues an action for the connection's thread."""
        if len(self._todo) >= QUEUE:
            self._reason = "more actions than the connection takes"
            self._ending = Disconnect(self._number, abrupt=True)
        self._todo.append(action)
        self._wake()

    def end(self, action: Disconnect) -> None:
        """Asks the thread to end; from here on it posts nothing more."""
        self._told = True
        self._quit.set()
        self._ending = self._ending or action
        self._wake()

    def over(self) -> bool:
        """Whether the thread has ended."""
        return not self.thread.is_alive()

    def _wake(self) -> None:
        try:
            self._near.send(b"\0")
        except OSError:
            return  # full: it is awake already; closed: it has ended

    # ---- the connection's thread --------------------------------------------------------------

    def _run(self) -> None:
        client: paho.Client | None = None
        try:
            client = self._opened()
            if client is not None:
                self._loop(client)
        except Exception as error:  # noqa: BLE001
            # The edge of a foreign library: what a broker's bytes can make it raise is not listed
            # anywhere, and a connection thread that dies unheard would leave the session waiting.
            self._reason = f"{type(error).__name__}: {error}"
        finally:
            self._last(Lost(self._number, self._reason))
            if client is not None and (sock := client.socket()) is not None:
                sock.close()
            self._far.close()
            self._near.close()

    def _opened(self) -> paho.Client | None:
        """A client whose CONNECT is under way; None, and Refused posted, when nothing answers."""
        try:
            return self._connected()
        except BoxgateError as error:
            self._last(Refused(self._number, 0, error.text("en")))
        except (OSError, ValueError) as error:
            self._last(Refused(self._number, 0, f"{self._broker.url}: {error}"))
        return None

    def _connected(self) -> paho.Client:
        action, version5 = self._action, self._action.protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=action.client_id,
            clean_session=None if version5 else True,
            protocol=paho.MQTTv5 if version5 else paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # no queue of its own: the session's window rules
        if action.will_topic:
            client.will_set(action.will_topic, action.will_payload, qos=1, retain=True)
        if self._broker.username:
            # paho passes bytes on as they are, whatever its hints say.
            password: Any = self._password
            client.username_pw_set(self._broker.username, password)
        if self._address.tls:
            client.tls_set_context(tls_context(self._broker))  # read anew: they get renewed
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        properties = None
        if version5 and action.will_topic:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = INCOMING
        client.connect(
            self._address.host,
            self._address.port,
            keepalive=action.keepalive,
            clean_start=True if version5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
        )
        return client

    def _loop(self, client: paho.Client) -> None:
        """Reads and writes until the connection is gone or is to end."""
        while self._ending is None:
            self._do(client)
            # A publish writes at once: it may have been the first to find the broker gone.
            if (sock := client.socket()) is None:
                return
            pending = sock.pending() if isinstance(sock, ssl.SSLSocket) else 0
            poll = select.poll()
            poll.register(sock.fileno(), select.POLLIN | select.POLLOUT * client.want_write())
            poll.register(self._far, select.POLLIN)
            ready = dict(poll.poll(0 if pending else LOOK_S * 1000))
            if self._far.fileno() in ready:
                self._far.recv(4096)
            events = ready.get(sock.fileno(), 0)
            failed = MQTTErrorCode.MQTT_ERR_SUCCESS
            if pending or events & ~select.POLLOUT:
                failed = client.loop_read()
            if not failed and client.socket() is not None and client.want_write():
                failed = client.loop_write()
            if failed or client.loop_misc():
                return
        if self._ending is not None and not self._ending.abrupt:
            self._say_goodbye(client)

    def _do(self, client: paho.Client) -> None:
        while self._todo:
            match self._todo.popleft():
                case Publish() as publish:
                    info = client.publish(
                        publish.topic, publish.payload, publish.qos, publish.retain
                    )
                    self._handles[info.mid] = publish.handle
                case Subscribe() as subscribe:
                    _, mid = client.subscribe(subscribe.topic, subscribe.qos)
                    if mid is not None and subscribe.answer:
                        self._asked[mid] = subscribe.topic

    def _say_goodbye(self, client: paho.Client) -> None:
        """What was asked before, then DISCONNECT, as far as the socket takes it in time."""
        until = time.monotonic() + GOODBYE_S
        if client.is_connected():
            self._do(client)
        client.disconnect()
        while (sock := client.socket()) is not None and client.want_write():
            left = until - time.monotonic()
            poll = select.poll()
            poll.register(sock.fileno(), select.POLLOUT)
            if left <= 0 or not poll.poll(left * 1000) or client.loop_write():
                return

    # ---- paho's callbacks, in the connection's thread -----------------------------------------

    def _on_socket_open(self, client: paho.Client, _: object, sock: Any) -> None:
        """Before the CONNECT: without the option an answer waits some 40 ms (Nagle)."""
        if self._quit.is_set():
            # A lookup or handshake that was given up meanwhile: a CONNECT now would take this
            # client id from the connection that came after.
            raise ConnectionAbortedError("ended before it was opened")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self,
        client: paho.Client,
        _: object,
        flags: object,
        code: ReasonCode,
        given: Properties | None,
    ) -> None:
        if code.is_failure and self._accepted:
            # no broker should; who is online knows of no refusal any more
            self._last(Lost(self._number, f"broker: {code}"))
            return
        if code.is_failure:
            self._last(Refused(self._number, code.value, str(code)))
            return
        self._accepted = True
        self._tell(
            Connected(
                self._number,
                self._action.protocol,
                receive_maximum=getattr(given, "ReceiveMaximum", 65_535),
                maximum_packet=getattr(given, "MaximumPacketSize", 0),
            )
        )

    def _on_disconnect(
        self, client: paho.Client, _: object, flags: Any, code: ReasonCode, given: object
    ) -> None:
        who = "broker" if flags.is_disconnect_packet_from_server else "connection"
        self._reason = f"{who}: {code}"

    def _on_publish(
        self, client: paho.Client, _: object, mid: int, code: ReasonCode, given: object
    ) -> None:
        handle = self._handles.pop(mid, None)
        if handle is not None:
            self._tell(Acked(self._number, handle, code.value))

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        self._tell(Message(self._number, message.topic, bytes(message.payload), message.retain))

    def _on_subscribe(
        self, client: paho.Client, _: object, mid: int, codes: list[ReasonCode], given: object
    ) -> None:
        topic = self._asked.pop(mid, None)
        if topic is not None:
            refused = next((str(code) for code in codes if code.is_failure), "")
            self._tell(Subscribed(self._number, topic, refused))

    # ---- to the caller ------------------------------------------------------------------------

    def _last(self, event: Refused | Lost) -> None:
        if not self._told:
            self._tell(event)
            self._told = True

    def _tell(self, event: NetEvent) -> None:
        """Posts until it is taken or the connection is told to end."""
        while not self._told:
            try:
                self._to_caller(event)
            except Full:
                self._quit.wait(FULL_S)
                continue
            return
