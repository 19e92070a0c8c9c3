"""What a gateway stands for: the retained message on .../site, from which a reader knows names.

Data and events carry ids only. Whoever subscribes gets with this card what they mean: the
transformers, feeders and lines of this gateway, and where each device stands.
"""

from typing import Literal

import msgspec

from protocol.uplink.errors import decoded
from protocol.uplink.part import Count

DeviceKind = Literal["household", "public", "feeder", "master", "tmu"]
DevicePhase = Literal["", "A", "B", "C", "ABC"]


class CardTransformer(msgspec.Struct, frozen=True, kw_only=True):
    """One transformer of the site."""

    id: str
    name: str = ""
    rated_kva: float


class CardFeeder(msgspec.Struct, frozen=True, kw_only=True):
    """One outgoing cable and the transformer it leaves."""

    id: str
    name: str = ""
    transformer: str


class CardLine(msgspec.Struct, frozen=True, kw_only=True):
    """One RS-485 line of this gateway."""

    id: str
    name: str = ""


class CardDevices(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the gateway reads, as columns: every list has one place for each device."""

    id: list[str] = []
    """The ids of the rows in data: a meter's address, a TMU's id."""
    kind: list[DeviceKind] = []
    line: list[str] = []
    phase: list[DevicePhase] = []
    """The network phase a meter hangs on, "ABC" = three-phase, "" = a TMU."""
    place: list[str] = []
    """Ids from the transformer down, joined by "/"."""

    def __post_init__(self) -> None:
        count = len(self.id)
        for name in ("kind", "line", "phase", "place"):
            if len(column := getattr(self, name)) != count:
                raise ValueError(f"{name} has {len(column)} places for {count} devices")


class SiteCard(msgspec.Struct, frozen=True, kw_only=True):
    """One message on .../site."""

    v: Literal[1] = 1
    site: str
    name: str = ""
    gateway: str
    config: str = ""
    """Digest of the site files, the one the state names."""
    timezone: str = ""
    """IANA name; the business day is of this zone."""
    period_s: Count = 0
    """Length of a slot, 0 = back to back."""
    transformers: list[CardTransformer] = []
    feeders: list[CardFeeder] = []
    lines: list[CardLine] = []
    devices: CardDevices = CardDevices()


_DECODER = msgspec.json.Decoder(SiteCard)


def site_payload(card: SiteCard) -> bytes:
    """The message for one card."""
    return msgspec.json.encode(card)


def read_site_card(data: bytes) -> SiteCard:
    """A message of .../site; PayloadError when it is none."""
    return decoded(_DECODER, data)
