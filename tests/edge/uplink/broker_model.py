"""A broker and head-end in virtual time: takes a session's actions, gives events when told to."""

from collections import deque
from dataclasses import dataclass, field

from edge.journal import Journal
from edge.uplink.net import (
    Acked,
    Actions,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    NetEvent,
    Publish,
    Subscribe,
)
from edge.uplink.session import DEST, Session, UplinkSettings
from protocol.uplink import Batch, Commit, Part, State, commit_payload, encode_part
from protocol.uplink.batch import read_batch
from protocol.uplink.state import read_state

SECOND = 1_000_000_000


def body(number: int) -> bytes:
    """A journal body that tells its number."""
    return encode_part(
        Part(slot=number, line="b1", part=0, last=True, meters=[], t=[], columns={}, q=[])
    )


@dataclass
class World:
    """Session, broker and clock; every message the head-end saw, in the order it saw them."""

    session: Session
    now: int = 0
    subscribed: bool = True
    up: bool = True
    connection: int = 0
    connects: list[Connect] = field(default_factory=list)
    disconnects: list[Disconnect] = field(default_factory=list)
    subscriptions: list[str] = field(default_factory=list)
    inbox: deque[Publish] = field(default_factory=deque)
    most: int = 0
    seen: list[Batch] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    cards: list[Publish] = field(default_factory=list)
    acked: set[int] = field(default_factory=set)
    wake: int = 0

    def step(self, event: NetEvent | None = None) -> Actions:
        """One step of the session and what the broker makes of its actions."""
        actions = self.session.step(self.now, event)
        self.wake = actions.wake
        for item in actions.items:
            match item:
                case Connect():
                    self.connects.append(item)
                    self.connection = item.connection
                    self.inbox.clear()
                case Publish():
                    assert item.connection == self.connection
                    self.inbox.append(item)
                    self.most = max(self.most, len(self.inbox))
                case Subscribe():
                    self.subscriptions.append(item.topic)
                case Disconnect():
                    self.disconnects.append(item)
                    self.inbox.clear()
        return actions

    def sleep(self, seconds: float) -> None:
        """Lets time pass, waking the session when it asked to be woken."""
        until = self.now + int(seconds * SECOND)
        for _ in range(10_000):
            if self.wake > until:
                break
            self.now = max(self.now, self.wake)
            self.step()
        else:
            raise AssertionError("the session asks to be woken for ever without doing anything")
        self.now = until
        self.step()

    def until_wake(self) -> None:
        """Lets time pass until the session asked to be woken."""
        self.now = max(self.now, self.wake)
        self.step()

    def online(self, **facts: int) -> None:
        """To a new connection, however long the session waits before it."""
        self.sleep(0)
        for _ in range(40):
            if self.session.phase.value == "connecting":
                break
            self.sleep(10)
        self.step(Connected(self.connection, self.connects[-1].protocol, **facts))

    def lose(self) -> None:
        """The connection drops; what the broker had not taken is gone."""
        self.inbox.clear()
        self.step(Lost(self.connection, "broken"))

    def take(self, deliver: bool = True, answer: bool = True, reason: int | None = None) -> None:
        """The broker takes the next publish: to the head-end, and PUBACK."""
        publish = self.inbox.popleft()
        code = reason if reason is not None else 0 if self.subscribed else 16
        if publish.topic.endswith("/state"):
            self.states.append(read_state(publish.payload))
            code = 0 if reason is None else reason
        elif publish.topic.endswith("/site"):
            self.cards.append(publish)
            code = 0 if reason is None else reason
        elif code == 0 and deliver:
            self.seen.append(read_batch(publish.payload))
        if answer:
            if code == 0 and publish.topic.endswith("/data"):
                self.acked.add(read_batch(publish.payload).seq)
            self.step(Acked(self.connection, publish.handle, code))

    def take_all(self) -> None:
        """Everything there is, and what follows it."""
        for _ in range(10_000):
            if not self.inbox:
                return
            self.take()
        raise AssertionError("never ends")

    def commit(self, *ranges: tuple[int, int], epoch: str = "e1") -> None:
        """The head-end's word."""
        topic = f"boxgate/1/{self.session.settings.site}/{self.session.settings.gateway}/commit"
        payload = commit_payload(Commit(epoch=epoch, ranges=list(ranges)))
        self.step(Message(self.connection, topic, payload, False))

    def first_seen(self, lane: str) -> list[int]:
        """The lane's seqs after removal of repeats over both lanes."""
        known: set[int] = set()
        lane_seqs = []
        for batch in self.seen:
            if batch.seq not in known:
                known.add(batch.seq)
                if batch.lane == lane:
                    lane_seqs.append(batch.seq)
        return lane_seqs


def world(journal: Journal, **settings: object) -> World:
    """A session over the journal, its broker and its clock at 0."""
    facts = {"site": "s", "gateway": "g", **settings}
    return World(Session(journal, UplinkSettings(**facts)))  # type: ignore[arg-type]


def fill(journal: Journal, count: int) -> None:
    """Append so many sweep entries, each telling its own seq."""
    for _ in range(count):
        journal.append("sweep", 1_800_000_000_000, body(journal.head + 1))


def left(journal: Journal) -> list[int]:
    """The seqs not settled yet."""
    return [entry.seq for entry in journal.waiting(DEST, 0, journal.head, 10_000)]
