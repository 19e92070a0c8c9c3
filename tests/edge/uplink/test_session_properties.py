"""Whatever drops, stalls or refuses: the promises of the session, in virtual time."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.journal import Journal, Limits
from edge.uplink.session import DEST, Phase, Session, UplinkSettings
from tests.edge.uplink.broker_model import World, body

DEEDS = st.lists(
    st.sampled_from(
        ["append", "take", "take", "take", "swallow", "unheard", "lose", "wait", "commit", "turn"]
    ),
    max_size=120,
)


def waiting(journal: Journal) -> set[int]:
    return {entry.seq for entry in journal.waiting(DEST, 0, journal.head, 10_000)}


def opened(folder: str) -> Journal:
    """A journal that need not survive a power cut: hundreds of runs would wait for the disk."""
    journal = Journal(str(Path(folder) / "j.db"), "e1", Limits())
    journal._connection.execute("PRAGMA synchronous = OFF")
    return journal


class Run:
    """One run of random deeds, its promises checked after each."""

    def __init__(self, journal: Journal, window: int, ack: Literal["broker", "head-end"]) -> None:
        self.journal = journal
        self.ack = ack
        self.window = window
        session_settings = UplinkSettings("s", "g", ack=ack, window=window)
        self.w = World(Session(journal, session_settings))
        self.committed: set[int] = set()

    def do(self, deed: str) -> None:
        w = self.w
        match deed:
            case "append":
                self.journal.append("sweep", 0, body(self.journal.head + 1))
                w.step()
            case "take" if w.inbox:
                w.take()
            case "swallow" if w.inbox:
                # Delivered, and the acknowledgement never comes: the connection is broken.
                w.take(answer=False)
                w.lose()
            case "unheard" if w.inbox:
                w.take(deliver=False, answer=False)
                w.lose()
            case "lose" if w.session.phase is Phase.ONLINE:
                w.lose()
            case "wait":
                w.sleep(3)
            case "commit" if w.session.phase is Phase.ONLINE and w.seen:
                stored = {batch.seq for batch in w.seen}
                self.committed |= stored
                w.commit(*((seq, seq) for seq in sorted(stored)))
            case "turn" if not w.inbox:
                w.subscribed = not w.subscribed
        if w.session.phase is Phase.CONNECTING:
            w.online()
        self.check()

    def check(self) -> None:
        w = self.w
        assert len(w.inbox) <= self.window
        settled = set(range(1, self.journal.head + 1)) - waiting(self.journal)
        assert settled <= (w.acked if self.ack == "broker" else self.committed)
        for lane in ("live", "backlog"):
            seqs = w.first_seen(lane)
            assert seqs == sorted(seqs)

    def finish(self) -> None:
        """All is well again for long enough: everything has arrived."""
        w = self.w
        w.subscribed = True
        for _ in range(200):
            if not waiting(self.journal):
                break
            if w.session.phase is Phase.IDLE or w.session.phase is Phase.CONNECTING:
                w.online()
            w.take_all()
            self.do("commit")
            w.sleep(5)
        assert not waiting(self.journal)
        assert {batch.seq for batch in w.seen} == set(range(1, self.journal.head + 1))
        self.check()


@settings(max_examples=60)
@given(
    deeds=DEEDS,
    before=st.integers(0, 40),
    window=st.sampled_from([1, 2, 5, 20]),
    ack=st.sampled_from(["broker", "head-end"]),
)
def test_nothing_is_lost_settled_early_or_out_of_order(
    deeds: list[str], before: int, window: int, ack: Literal["broker", "head-end"]
) -> None:
    with TemporaryDirectory() as folder:
        journal = opened(folder)
        for number in range(1, before + 1):
            journal.append("sweep", 0, body(number))
        run = Run(journal, window, ack)
        run.w.online()
        for deed in deeds:
            run.do(deed)
        run.finish()
        journal.close()


@settings(max_examples=25)
@given(deeds=DEEDS)
def test_the_same_inputs_give_the_same_actions(deeds: list[str]) -> None:
    recorded: list[list[object]] = []
    for _ in range(2):
        with TemporaryDirectory() as folder:
            journal = opened(folder)
            run = Run(journal, 5, "broker")
            actions: list[object] = []
            real = run.w.session.step
            run.w.session.step = lambda now, event, real=real, actions=actions: (  # type: ignore[method-assign,misc]
                actions.append(done := real(now, event)) or done
            )
            run.w.online()
            for deed in deeds:
                run.do(deed)
            recorded.append(actions)
            journal.close()
    assert recorded[0] == recorded[1]
