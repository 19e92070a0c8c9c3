"""What passes between the session and the MQTT shell: events up, actions down.

`connection` numbers a connection for good: the session counts up, and whatever arrives about an
older one is passed over. `handle` numbers a publish of the session in the same way.
"""

from dataclasses import dataclass
from typing import Literal

MqttVersion = Literal["5", "3.1.1"]

NEVER = 2**63 - 1
"""A wake time that never comes, ns."""

UNSUPPORTED_VERSION = 132
"""CONNACK reason: the broker does not speak this MQTT version (MQTT 5 §3.2.2.2)."""

NO_SUBSCRIBERS = 16
"""PUBACK reason: the broker took the message and nobody was there to get it (MQTT 5 §3.4.2.1)."""

REFUSED_FROM = 128
"""PUBACK reasons from here on: the broker did not take it."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted the connection (CONNACK 0)."""

    connection: int
    protocol: MqttVersion
    receive_maximum: int = 65_535
    """Unacknowledged publishes the broker takes (MQTT 5)."""
    maximum_packet: int = 0
    """Longest packet the broker takes, bytes; 0 = it names no limit (MQTT 5)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No connection: CONNACK with a reason, or code 0 when none could be opened at all."""

    connection: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection that had been opened is gone, before or after its CONNACK."""

    connection: int
    reason: str


@dataclass(frozen=True, slots=True)
class Acked:
    """PUBACK for a publish; under MQTT 3.1.1 the reason is always 0."""

    connection: int
    handle: int
    reason_code: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message for us."""

    connection: int
    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Subscribed:
    """SUBACK: what is published there comes from now on, or not."""

    connection: int
    topic: str
    refused: str = ""
    """Why the broker does not let us read there; "" = it does."""


NetEvent = Connected | Refused | Lost | Acked | Message | Subscribed


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection; a Refused, Lost or Connected follows."""

    connection: int
    protocol: MqttVersion
    will_topic: str
    """"" = a bare CONNECT without will and properties, which asks for the MQTT version only."""
    will_payload: bytes
    """Published by the broker, QoS 1 and retained, when the connection is lost."""
    client_id: str
    keepalive: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a message; an Acked follows unless the connection is lost."""

    connection: int
    handle: int
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for messages of a topic."""

    connection: int
    topic: str
    qos: int
    answer: bool = False
    """Whether a Subscribed is to follow."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close, from whatever state; nothing more is heard of this connection."""

    connection: int
    abrupt: bool = False
    """Without a word, so that the broker publishes the will: the connection no longer works."""


NetAction = Connect | Publish | Subscribe | Disconnect


@dataclass(frozen=True, slots=True)
class Actions:
    """What one step of the session wants: things to do in order, and when to be asked again."""

    items: tuple[NetAction, ...]
    wake: int
    """Monotonic ns; NEVER when only an event can change anything."""
