"""What the gateway says of itself, retained at the broker: its site card, then its state.

Both go out at every connect, the card first, so that whoever hears a gateway's state can know what
its ids mean. One of them flies at a time, in the window's last place. Neither is in the journal:
only the newest word counts, and it is said anew at the next connect.
"""

from collections.abc import Callable

import msgspec

from edge.uplink.settings import Counters
from protocol.uplink import State, Topics, state_payload


class Voice:
    """What is to be said next; the session says it when there is room."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._state = State(status="online")
        self._state_due = True
        self._card = b""
        """Payload of .../site, b"" = nothing to announce."""
        self._card_due = False

    def state(self, state: State) -> None:
        """Sets the state to say."""
        self._state = state
        self._state_due = True

    def announce(self, payload: bytes) -> None:
        """Sets the card to say; one that this connection has heard is not said again."""
        self._card_due = self._card_due or payload != self._card
        self._card = payload

    def open(self) -> None:
        """A connection has begun: all is to be said."""
        self._state_due = True
        self._card_due = bool(self._card)

    def next(
        self, counters: Counters, fits: Callable[[str, bytes], bool]
    ) -> tuple[str, bytes] | None:
        """(topic, payload) of what is due, and it is due no more; None = nothing.

        A payload longer than the broker's packets would end the connection: the card is then left
        unsaid and counted, the state goes without the lines' and counters' facts, or not at all.
        """
        if self._card_due:
            self._card_due = False
            if fits(self._topics.card, self._card):
                return self._topics.card, self._card
            counters.cards_too_long += 1
        if not self._state_due:
            return None
        self._state_due = False
        facts = {name: getattr(counters, name) for name in Counters.__slots__}
        said = msgspec.structs.replace(self._state, uplink={**self._state.uplink, **facts})
        bare = msgspec.structs.replace(said, lines={}, uplink={}, open_events=[])
        for state in (said, bare):
            payload = state_payload(state)
            if fits(self._topics.state, payload):
                return self._topics.state, payload
        return None

    def farewell(self) -> tuple[str, bytes]:
        """(topic, payload): the state as it was, and offline."""
        offline = msgspec.structs.replace(self._state, status="offline", reason="stopped")
        return self._topics.state, state_payload(offline)

    def will(self, epoch: str) -> bytes:
        """What the broker is to say on .../state when the connection is lost."""
        lost = State(status="offline", reason="lost")
        facts = {"version": self._state.version, "config": self._state.config, "epoch": epoch}
        return state_payload(msgspec.structs.replace(lost, **facts))
