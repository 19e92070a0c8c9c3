"""What is in flight to the broker, and how much more may fly.

A connection begins with a probe: one entry alone, until the broker takes it. After a refusal
nothing flies for a while, longer each time in a row, and then a probe again. The window's last
place is kept for the state message; of the rest the backlog leaves some to live entries.
"""

from dataclasses import dataclass

from edge.uplink.backoff import delay_ns
from edge.uplink.net import NEVER
from edge.uplink.settings import UplinkSettings
from protocol.uplink import Lane


@dataclass(frozen=True, slots=True)
class Flight:
    """A publish not yet acknowledged; seq 0 = a state or site card; `at`: when it left, ns."""

    seq: int
    epoch: str
    at: int


class Window:
    """The publishes of one connection that wait for their PUBACK."""

    def __init__(self, settings: UplinkSettings) -> None:
        self._settings = settings
        self._flights: dict[int, Flight] = {}
        self._size = settings.window
        self._probing = True
        self._refusals = 0
        self.hold_until = 0
        """No entry may leave before this time, ns."""

    def open(self, receive_maximum: int) -> None:
        """Begins a connection."""
        self._flights.clear()
        self._size = max(1, min(self._settings.window, receive_maximum))
        self._probing = True
        self.hold_until = 0

    def close(self) -> None:
        """Ends one: nothing that was in flight will be heard of again."""
        self._flights.clear()

    def leave(self, handle: int, flight: Flight) -> None:
        """A publish has left."""
        self._flights[handle] = flight

    def land(self, handle: int) -> Flight | None:
        """Its acknowledgement has come; None when it was not in flight."""
        return self._flights.pop(handle, None)

    def entries(self) -> list[Flight]:
        """The entries in flight, state messages apart."""
        return [flight for flight in self._flights.values() if flight.seq]

    def speaking(self) -> bool:
        """Whether a state or site card is in flight."""
        return any(not flight.seq for flight in self._flights.values())

    def full(self) -> bool:
        """Whether not even a state message may leave."""
        return len(self._flights) >= self._size

    def deadline(self) -> int:
        """When the oldest in flight is too late; NEVER when nothing flies."""
        first = next(iter(self._flights.values()), None)
        return NEVER if first is None else first.at + self._settings.ack_ns

    def room(self, lane: Lane) -> int:
        """How many more entries of a lane may leave."""
        if self._probing:
            places = 1
        else:
            places = max(1, self._size - 1)
            if lane == "backlog" and places > 1:
                places -= max(1, places // 5)
        return max(0, min(places - len(self.entries()), self._size - len(self._flights)))

    def refused(self, now: int) -> None:
        """The broker did not take an entry, or nobody was there to get it."""
        self._probing = True
        # A whole window may be refused together: that is one reason to wait, not twenty.
        if now >= self.hold_until:
            name = f"{self._settings.site}/{self._settings.gateway}"
            self.hold_until = now + delay_ns(name, self._refusals, self._settings.refused_most_s)
            self._refusals += 1

    def accepted(self, now: int) -> None:
        """The broker took an entry."""
        self._refusals = 0
        if now >= self.hold_until:
            self._probing = False
