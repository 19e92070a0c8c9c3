"""Any event in any phase, any commit, a journal that fails and heals, any jump of the clock: the
session raises nothing, never spins, settles nothing on its own, and when all is well delivers all.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.journal import Journal, Limits
from edge.uplink.net import Acked, Connected, Lost, Message, NetEvent, Refused, Subscribed
from edge.uplink.session import DEST, Phase
from protocol.uplink import Commit, commit_payload
from tests.edge.uplink.broker_model import SECOND, World, body, world

COMMIT = "boxgate/1/s/g/commit"
NUMBERS = st.integers(1, 40)
COMMITS = st.builds(
    lambda epoch, ranges: commit_payload(Commit(epoch=epoch, ranges=ranges)),
    st.sampled_from(["e1", "e1", "e2"]),
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3),
)
DEEDS = st.lists(
    st.one_of(
        st.sampled_from(["append", "append", "all", "take", "refuse", "connected", "connected"]),
        st.sampled_from(["refuse", "sick", "well", "late", "lost", "granted", "denied"]),
        st.tuples(st.just("jump"), st.sampled_from([1, 2, 5, 11, 31, 61, 598, 601, 4 * 3600])),
        st.tuples(st.sampled_from(["acked", "code"]), st.sampled_from([0, 1, 132, 135])),
        st.tuples(st.just("commit"), COMMITS),
    ),
    min_size=30,
    max_size=60,
)


class Storm:
    """A world whose journal can be sick; what the head-end truly has is `w.seen`."""

    def __init__(self, folder: str, ack: Literal["broker", "head-end"]) -> None:
        self.journal = Journal(str(Path(folder) / "j.db"), "e1", Limits())
        self.journal._connection.execute("PRAGMA synchronous = OFF")
        self.w: World = world(self.journal, ack=ack)
        self.sick = False
        self.sent: set[int] = set()

    def do(self, deed: str | tuple[str, int] | tuple[str, bytes]) -> None:
        w, one = self.w, self.w.connection
        event: NetEvent | None = None
        match deed:
            case "append" if not self.sick:
                for _ in range(3):
                    self.journal.append("sweep", 0, body(self.journal.head + 1))
            case "sick" | "well":
                self.sick = deed == "sick"
                self.journal._connection.execute(f"PRAGMA query_only = {int(self.sick)}")
            case "take" if w.inbox:
                w.take()
            case "all":
                w.take_all()
            case "refuse" if w.inbox:
                w.take(reason=16)
            case "late":
                w.session.step(w.now, None, unread=True)
            case ("jump", int(seconds)):
                w.now += seconds * SECOND
            case ("code", int(code)):
                event = Refused(one, code, "no")
            case ("acked", int(handle)) if handle not in {p.handle for p in w.inbox}:
                event = Acked(one, handle, 0)
            case ("commit", bytes(payload)):
                event = Message(one, COMMIT, payload, False)
            case "connected":
                event = Connected(one, "5")
            case "lost":
                event = Lost(one, "gone")
            case "granted":
                event = Subscribed(one, COMMIT)
            case "denied":
                event = Subscribed(one, COMMIT, "no")
        w.step(event)
        for _ in range(3):
            # what it asks to be woken for at once it does, and then it has time
            if w.wake > w.now:
                break
            w.step()
        assert w.wake > w.now
        self.check()

    def check(self) -> None:
        waiting = self.journal.waiting(DEST, 0, self.journal.head, 1000)
        settled = set(range(1, self.journal.head + 1)) - {entry.seq for entry in waiting}
        self.sent |= {batch.seq for batch in self.w.seen}
        self.sent |= {flight.seq for flight in self.w.session._window.entries()}
        assert settled <= self.sent

    def finish(self) -> None:
        """All is well again for long enough."""
        w = self.w
        self.do("well")
        for _ in range(100):
            if w.session.phase is not Phase.ONLINE:
                w.online()
            w.take_all()
            if w.session.settings.ack == "head-end":
                w.commit(*((batch.seq, batch.seq) for batch in w.seen))
            w.sleep(61)
            if not self.journal.waiting(DEST, 0, self.journal.head, 1):
                return
        raise AssertionError(w.session.counters)


@settings(max_examples=25)
@given(deeds=DEEDS, ack=st.sampled_from(["broker", "head-end"]))
def test_whatever_comes_it_neither_dies_nor_spins_nor_settles_what_was_not_sent(
    deeds: list[str | tuple[str, int] | tuple[str, bytes]], ack: Literal["broker", "head-end"]
) -> None:
    with TemporaryDirectory() as folder:
        storm = Storm(folder, ack)
        try:
            for first in ("append", "append", "append", "connected", "all"):
                storm.do(first)
            for deed in deeds:
                storm.do(deed)
            storm.finish()
        finally:
            storm.journal.close()
