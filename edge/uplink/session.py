"""The session with the utility's broker, as a state machine without I/O.

Theory of operation. The journal is the only queue. The session takes what waits there in two
lanes (see lanes.py), keeps a window of publishes in flight, and settles an entry in the journal
only on the word that counts: the broker's PUBACK (ack = "broker") or the head-end's own message
on .../commit (ack = "head-end"). Nothing else ever settles, so a lost connection, a killed broker
or a killed gateway can only make an entry be sent twice, and (epoch, seq) shows that.

    IDLE --retry time--> CONNECTING --Connected--> ONLINE --stop()--> LEAVING --> CLOSED
      ^                      |                        |                  |
      +--- refused, lost, no CONNACK in 10 s ---------+                  farewell acknowledged,
      +--- lost, or a publish not acknowledged in 30 s                   lost, or 2 s over

What keeps order within a lane: entries go out in seq order, and a new connection begins with
everything unsettled as backlog. A connection begins with a probe: one entry alone, until the
broker takes it (window.py). Otherwise, when nobody subscribes yet (PUBACK reason 16), the first
half of a window would be refused and the second half delivered. After any refusal the session
holds its data for a while and probes again; what was refused goes next in its lane.

MQTT 3.1.1 is tried only when the broker answers CONNACK 132, never because a connection dropped:
3.1.1 has no PUBACK reasons, and a broker that denies a publish there still acknowledges it. Some
3.1.1 brokers (amqtt) stumble over the will of an MQTT 5 CONNECT before they look at its version,
and never answer. So a first connection that ends without a CONNACK is followed by a bare CONNECT,
without will and properties, whose only purpose is that answer; nothing is ever sent on it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from edge.journal import Entry, Journal, JournalError, ranges
from edge.uplink.backoff import SECOND, delay_ns
from edge.uplink.lanes import Lanes
from edge.uplink.messages import message
from edge.uplink.net import (
    NEVER,
    NO_SUBSCRIBERS,
    REFUSED_FROM,
    UNSUPPORTED_VERSION,
    Acked,
    Actions,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    MqttVersion,
    NetAction,
    NetEvent,
    Publish,
    Refused,
    Subscribe,
    Subscribed,
)
from edge.uplink.sent import Sent
from edge.uplink.settings import Counters, UplinkSettings
from edge.uplink.settle import Settler
from edge.uplink.voice import Voice
from edge.uplink.window import Flight, Window
from protocol.uplink import Lane, PayloadError, State, Topics, read_commit

__all__ = ["DEST", "Counters", "Phase", "Session", "UplinkSettings"]

DEST = "uplink"
"""The utility's name among the journal's destinations."""

PACKET_OVERHEAD = 16
"""Bytes of a PUBLISH besides topic and payload, at most (MQTT 5 §3.3, no properties)."""

UNREAD_NS = 30 * SECOND
"""Patience with a silence while events wait to be read; an inbox is read in less."""


class Phase(Enum):
    """Where the session is."""

    IDLE = "idle"
    CONNECTING = "connecting"
    ONLINE = "online"
    LEAVING = "leaving"
    CLOSED = "closed"


LOOKS = 64
"""Looks into a lane in one step, so that a run of unsendable entries cannot hold the thread."""


class Session:
    """Journal to broker. One thread; `now` never goes back."""

    def __init__(self, journal: Journal, settings: UplinkSettings, dest: str = DEST) -> None:
        self.settings = settings
        self.phase = Phase.IDLE
        self.reason = ""
        """Why there is no connection, for people."""
        self.deaf = ""
        """Why the broker lets this connection read no commits; "" = it does, or none count."""
        self.counters = Counters()
        self._journal = journal
        self._dest = dest
        self._topics = Topics(settings.site, settings.gateway)
        self._lanes = Lanes(journal, dest)
        self._stale = True
        """The lanes must be opened anew before anything is taken from them."""
        self._settler = Settler(journal, dest, settings)
        self._sent = Sent(journal)
        self._unread = False
        self._window = Window(settings)
        self._voice = Voice(self._topics)
        self._protocol: MqttVersion = "3.1.1" if settings.protocol == "3.1.1" else "5"
        self._asking = False
        """The connection under way is a bare CONNECT that asks for the version."""
        self._spoke_5 = False
        """The broker has accepted MQTT 5 once: no more asking."""
        self._items: list[NetAction] = []
        self._connection = 0
        self._handle = 0
        self._attempt = 0
        self._until = 0
        """Deadline of the phase: next try, CONNACK, or end of the farewell."""
        self._since = 0
        self._packet = 0
        self._farewell = 0
        self._stopping = False
        self._journal_at = 0
        self._unfinished = False
        self._unsendable: list[ranges.Range] = []
        self._sent_upto = 0
        self._commit_at = NEVER
        self._commit_wait = settings.commit_ns

    @property
    def closed(self) -> bool:
        """Whether stop() has come to its end."""
        return self.phase is Phase.CLOSED

    def state(self, state: State) -> None:
        """Sets the state to publish, with the next step and at every connect."""
        self._voice.state(state)

    def announce(self, payload: bytes) -> None:
        """Sets the site card, said retained on …/site at every connect, before the state.

        One longer than the broker's packets is left unsaid, `counters.cards_too_long`.
        """
        self._voice.announce(payload)

    def stop(self, now: int) -> None:
        """Says goodbye with the next steps: the offline state, then Disconnect; 2 s at most."""
        if not self._stopping:
            self._stopping = True
            self._until = now + self.settings.leave_ns

    def step(self, now: int, event: NetEvent | None, unread: bool = False) -> Actions:
        """Takes one event (None: time has passed, or the journal has new entries).

        `unread`: more events may have come already. What they say is heard before silence is held
        against anybody: the step before may have waited for a slow disk.
        """
        self._items = []
        self._unread = unread
        if event is not None and event.connection == self._connection:
            handler = _TRANSITIONS.get((self.phase, type(event)))
            if handler is not None:
                handler(self, now, event)
        self._deadlines(now)
        if self.phase in (Phase.ONLINE, Phase.LEAVING):
            self._settle(now)
            self._speak(now)
            self._send(now)
        return Actions(tuple(self._items), self._wake(now))

    # ---- the connection -----------------------------------------------------------------------

    def _silent(self, now: int, deadline: int) -> bool:
        """Whether a word is overdue, and not only unread."""
        return now >= deadline + self._unread * UNREAD_NS

    def _deadlines(self, now: int) -> None:
        if self._stopping:
            self._leave(now)
        if self.phase is Phase.IDLE and now >= self._until:
            self._connect(now)
        elif self.phase is Phase.CONNECTING and self._silent(now, self._until):
            asked = self._asking
            self._drop(now, f"no CONNACK in {self.settings.connack_ns // SECOND} s")
            self._ask_next(asked)
        elif self.phase is Phase.ONLINE and self._silent(now, self._window.deadline()):
            self._drop(now, f"a publish was not acknowledged in {self.settings.ack_ns // SECOND} s")

    def _connect(self, now: int) -> None:
        self._connection += 1
        self.phase = Phase.CONNECTING
        self._until = now + self.settings.connack_ns
        will = b"" if self._asking else self._voice.will(self._journal.epoch)
        self._items.append(
            Connect(
                connection=self._connection,
                protocol=self._protocol,
                will_topic="" if self._asking else self._topics.state,
                will_payload=will,
                client_id=f"boxgate-{self.settings.site}-{self.settings.gateway}",
                keepalive=self.settings.keepalive_s,
            )
        )

    def _on_connected(self, now: int, event: Connected) -> None:
        self._spoke_5 = self._spoke_5 or event.protocol == "5"
        if self._asking:
            self._items.append(Disconnect(self._connection))
            self._idle(now, "the broker dropped MQTT 5 with a will and takes it without")
            return
        self.phase = Phase.ONLINE
        self.reason = ""
        self.counters.connections += 1
        self._since = now
        self._window.open(event.receive_maximum)
        self._packet = event.maximum_packet
        self._voice.open()
        self._stale = True
        self._commit_at = NEVER
        self.deaf = ""
        if self.settings.ack == "head-end":
            self._items.append(Subscribe(self._connection, self._topics.commit, 1, answer=True))

    def _may_fall_back(self) -> bool:
        return self.settings.protocol == "auto" and self._protocol == "5"

    def _on_refused(self, now: int, event: Refused) -> None:
        self.counters.refused_connections += 1
        self._idle(now, event.reason)
        if event.code == UNSUPPORTED_VERSION and self._may_fall_back():
            self._protocol = "3.1.1"
            self._attempt = 0
            self._until = now

    def _on_dropped(self, now: int, event: Lost) -> None:
        """Lost before any CONNACK."""
        asked = self._asking
        self._on_lost(now, event)
        self._ask_next(asked)

    def _ask_next(self, asked: bool) -> None:
        """After a connection that ended without CONNACK: every other one is a bare CONNECT."""
        self._asking = not asked and not self._spoke_5 and self._may_fall_back()

    def _on_lost(self, now: int, event: Lost | Refused) -> None:
        self.counters.lost_connections += 1
        self._idle(now, event.reason)

    def _drop(self, now: int, reason: str) -> None:
        """Gives a connection up that is still there."""
        self._items.append(Disconnect(self._connection, abrupt=True))
        self.counters.lost_connections += 1
        self._idle(now, reason)

    def _idle(self, now: int, reason: str) -> None:
        if self.phase is Phase.ONLINE and now - self._since >= self.settings.stable_ns:
            self._attempt = 0
        self.phase = Phase.IDLE
        self.reason = reason
        self._asking = False
        self._window.close()
        self._settle(now, force=True)
        name = f"{self.settings.site}/{self.settings.gateway}"
        self._until = now + delay_ns(name, self._attempt, self.settings.reconnect_most_s)
        self._attempt += 1

    def _leave(self, now: int) -> None:
        """The way from each phase to CLOSED once stop() was called."""
        if self.phase is Phase.ONLINE:
            self.phase = Phase.LEAVING
        elif self.phase is Phase.CONNECTING or (self.phase is Phase.LEAVING and now >= self._until):
            self._items.append(Disconnect(self._connection))
            self._close(now)
        elif self.phase is Phase.IDLE:
            self._close(now)

    def _on_lost_leaving(self, now: int, event: Lost | Refused) -> None:
        self.reason = event.reason
        self._close(now)

    def _close(self, now: int) -> None:
        self._window.close()
        self._settle(now, force=True)
        self.phase = Phase.CLOSED

    # ---- what comes back ----------------------------------------------------------------------

    def _on_acked(self, now: int, event: Acked) -> None:
        flight = self._window.land(event.handle)
        if flight is None:
            return
        if not flight.seq:
            self.counters.refused += event.reason_code >= REFUSED_FROM
            if event.handle == self._farewell:
                self._items.append(Disconnect(self._connection))
                self._close(now)
        elif event.reason_code == NO_SUBSCRIBERS or event.reason_code >= REFUSED_FROM:
            self._on_refusal(now, flight, event.reason_code)
        else:
            self._on_accepted(now, flight)

    def _on_refusal(self, now: int, flight: Flight, reason_code: int) -> None:
        if reason_code == NO_SUBSCRIBERS:
            self.counters.no_subscriber += 1
        else:
            self.counters.refused += 1
        if flight.epoch == self._lanes.epoch:
            self._lanes.again(flight.seq)
        self._window.refused(now)

    def _on_accepted(self, now: int, flight: Flight) -> None:
        self.counters.accepted += 1
        self._window.accepted(now)
        if self.settings.ack == "broker":
            self._settler.add(now, flight.epoch, [(flight.seq, flight.seq)])
        else:
            self._sent_upto = max(self._sent_upto, flight.seq)
            if self._commit_at == NEVER:
                self._commit_at = now + self._commit_wait

    def _on_subscribed(self, now: int, event: Subscribed) -> None:
        self.deaf = event.refused

    def _on_message(self, now: int, event: Message) -> None:
        if event.topic != self._topics.commit or self.settings.ack != "head-end":
            return
        try:
            commit = read_commit(event.payload)
        except PayloadError:
            self.counters.bad_commits += 1
            return
        if commit.epoch != self._journal.epoch:
            self.counters.bad_commits += 1
            return
        stored = self._sent.of(commit.epoch, commit.ranges)
        self.counters.bad_commits += ranges.merge((), commit.ranges) != stored
        self._settler.add(now, commit.epoch, stored)
        self._commit_wait = self.settings.commit_ns
        self._commit_at = now + self._commit_wait

    def _settle(self, now: int, force: bool = False) -> None:
        """Acknowledgements to the journal; after an error they wait for the next try."""
        if now < self._journal_at and not force:
            return
        try:
            self._settler.flush(now, alone=force or not self._window.entries())
        except JournalError:
            self._on_journal_error(now)

    def _on_journal_error(self, now: int) -> None:
        """Said by whoever appends, to the same disk; `reason` is the broker's."""
        self.counters.journal_errors += 1
        self._journal_at = now + self.settings.journal_ns

    # ---- what goes out ------------------------------------------------------------------------

    def _speak(self, now: int) -> None:
        """What the gateway says of itself: one in flight at a time, the farewell last of all."""
        if self._window.full():
            return
        if self.phase is Phase.LEAVING:
            if not self._farewell:
                self._farewell = self._publish(now, *self._voice.farewell(), retain=True)
        elif not self._window.speaking():
            said = self._voice.next(self.counters, self._fits)
            if said is not None:
                self._publish(now, *said, retain=True)

    def _fits(self, topic: str, payload: bytes) -> bool:
        """Whether the broker takes a packet that long; sending it would end the connection."""
        return not self._packet or len(topic) + len(payload) + PACKET_OVERHEAD <= self._packet

    def _send(self, now: int) -> None:
        self._unfinished = False
        if (
            self.phase is not Phase.ONLINE
            or now < self._window.hold_until
            or now < self._journal_at
        ):
            return
        try:
            self._resend_uncommitted(now)
            if self._stale or self._lanes.epoch != self._journal.epoch:
                self._lanes.open()
                self._stale = False
            self._send_lane(now, "live", self._lanes.live)
            self._send_lane(now, "backlog", self._lanes.backlog)
        except JournalError:
            self._on_journal_error(now)

    def _send_lane(self, now: int, lane: Lane, take: Callable[[int], list[Entry]]) -> None:
        """Publishes from a lane while there is room and something to send."""
        for _ in range(LOOKS):
            entries = take(self._window.room(lane))
            if not entries:
                return
            for entry in entries:
                self._send_entry(now, lane, entry)
        self._unfinished = True

    def _send_entry(self, now: int, lane: Lane, entry: Entry) -> None:
        epoch = self._lanes.epoch
        if any(
            (flight.seq, flight.epoch) == (entry.seq, epoch) for flight in self._window.entries()
        ):
            return
        try:
            topic, payload = message(self._topics, entry, epoch, lane)
        except PayloadError:
            self._set_apart(entry.seq)
            return
        if not self._fits(topic, payload):
            self._set_apart(entry.seq)
            return
        self._sent.add(epoch, entry.seq)
        self._publish(now, topic, payload, retain=False, seq=entry.seq)
        self.counters.sent += 1

    def _set_apart(self, seq: int) -> None:
        """An entry that cannot be sent must not block what follows; it stays unsettled."""
        self._unsendable = ranges.merge(self._unsendable, [(seq, seq)])
        self.counters.unsendable = ranges.total(self._unsendable)

    def _publish(self, now: int, topic: str, payload: bytes, retain: bool, seq: int = 0) -> int:
        self._handle += 1
        self._window.leave(self._handle, Flight(seq, self._lanes.epoch, now))
        self._items.append(
            Publish(self._connection, self._handle, topic, payload, qos=1, retain=retain)
        )
        return self._handle

    def _resend_uncommitted(self, now: int) -> None:
        """After long silence of the head-end: its store may have lost what the broker took."""
        if not self._silent(now, self._commit_at):
            return
        if self._journal.waiting(self._dest, 0, self._sent_upto, 1):
            self._stale = True
            self.counters.resends += 1
            self._commit_wait = min(2 * self._commit_wait, self.settings.commit_most_ns)
            self._commit_at = now + self._commit_wait
        else:
            self._commit_at = NEVER

    # ---- time ---------------------------------------------------------------------------------

    def _wake(self, now: int) -> int:
        match self.phase:
            case Phase.CLOSED:
                return NEVER
            case Phase.ONLINE:
                held = max(self._window.hold_until, self._journal_at)
                wakes = [self._window.deadline(), max(self._commit_at, held)]
                wakes.append(max(self._settler.due, self._journal_at))
                if self._unfinished:
                    wakes.append(now)
                if held > now:
                    wakes.append(held)
                return min(wakes)
            case _:
                return self._until


_TRANSITIONS: dict[tuple[Phase, type], Callable[[Session, int, Any], None]] = {
    (Phase.IDLE, Message): Session._on_message,
    (Phase.CONNECTING, Connected): Session._on_connected,
    (Phase.CONNECTING, Refused): Session._on_refused,
    (Phase.CONNECTING, Lost): Session._on_dropped,
    (Phase.ONLINE, Lost): Session._on_lost,
    (Phase.ONLINE, Refused): Session._on_lost,
    (Phase.ONLINE, Acked): Session._on_acked,
    (Phase.ONLINE, Message): Session._on_message,
    (Phase.ONLINE, Subscribed): Session._on_subscribed,
    (Phase.LEAVING, Lost): Session._on_lost_leaving,
    (Phase.LEAVING, Refused): Session._on_lost_leaving,
    (Phase.LEAVING, Acked): Session._on_acked,
    (Phase.LEAVING, Message): Session._on_message,
}
"""Which event means what in which phase; what is not here is passed over.

Passed over rightly: a second Connected, and what an acknowledgement says of a flight that the end
of its connection has already made void. A commit that comes behind that end still counts.
"""
