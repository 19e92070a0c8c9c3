"""The line master under anything: any bytes, mail and lateness at any times, in virtual time.

A shell is modelled that may sleep past a deadline, and a driver that keeps what comes before the
master listens. Whatever happens, no step raises, two requests keep the idle gap, and once the line
falls silent the master is asking again within bounded time.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.bus.master import BYTE_GAP_NS, LONGEST_FRAME, QUIET_LIMIT_NS, LineMaster, Phase, Step
from edge.bus.parts import Pause, PortDown, PortUp, Resume, StartSweep
from edge.bus.timing import MARGIN_NS
from edge.bus.work import NEVER, Outcome, Work
from edge.site.model import Line
from edge.site.silence import IDLE_645_NS
from protocol.dlt645.read import Read
from protocol.exchange import DLT645
from tests.edge.wire645 import answer, frame, volts

A, B = "000000000001", "000000000002"
ITEM = 0x02010100
MS = 1_000_000
LINE = Line(id="b1", baud=9600, answer_ms=200)
CHAR = 11 * 1_000_000_000 // 9600
IDLE = IDLE_645_NS
REQUEST = frame(A, 0x11, ITEM.to_bytes(4, "little"))
STEPS_TO_ASK = 12
"""Calls a silent line may need until the next request: end, gap, and follow-ups sent again."""
ASK_WITHIN = (
    (len(REQUEST) + LONGEST_FRAME[DLT645]) * CHAR
    + (LINE.answer_ms * MS + MARGIN_NS + BYTE_GAP_NS + 22 * CHAR + IDLE) * 4
    + QUIET_LIMIT_NS
)
"""From silence to the next request at the latest, ns: four waits, for a follow-up has three."""


class Endless:
    """A work source that always has one more question, and holds every outcome against its work."""

    def __init__(self) -> None:
        self.asked = 0
        self.open: Work | None = None
        self.ends: list[Outcome] = []

    def next(self, now: int) -> Work | None:
        assert self.open is None, "a second work while one runs"
        self.asked += 1
        self.open = Work(Read(A if self.asked % 2 else B, ITEM), self.asked)
        return self.open

    def done(self, work: Work, outcome: Outcome, now: int) -> tuple[Any, ...]:
        assert work is self.open, "an outcome for no work"
        self.open = None
        self.ends.append(outcome)
        return ()

    def mail(self, message: Any, now: int) -> tuple[Any, ...]:
        return ()

    def wake(self) -> int:
        return 0


@dataclass(slots=True)
class Shell:
    """Steps a master as a line's thread does, and watches the rules from outside."""

    source: Endless = field(default_factory=Endless)
    now: int = 0
    heard: int | None = None
    sent_until: int = 0
    quiet_since: int = 0
    writes: int = 0
    master: LineMaster = field(init=False)
    last: Step = field(init=False)
    driver: bytes = b""
    """Came before the master listens."""
    sure_end: int = 0
    """What the master took for the end of an answer nobody watched."""
    sure_ends: int = 0

    def __post_init__(self) -> None:
        self.master = LineMaster(LINE, [self.source], trace=True)
        self.step(b"", (PortUp(),))

    def step(self, data: bytes = b"", mail: tuple[Any, ...] = ()) -> Step:
        """One step now, with what the driver keeps."""
        before = self.master.phase
        if data and before is not Phase.DOWN:
            self.heard = self.now
        self.sure_end = self.master.sure_end
        self.sure_ends += self.sure_end > 0
        data, self.driver = self.driver + data, b""
        self.last = self.master.step(self.now, data, mail)
        began = before is not Phase.QUIET or any(isinstance(m, PortDown) for m in mail)
        if self.master.phase is Phase.QUIET and began:
            self.quiet_since = self.now
        if self.last.write:
            self._judge_write()
        return self.last

    def arrive(self, data: bytes) -> None:
        """Bytes come now; the driver keeps them while nobody listens."""
        if self.now < self.last.listen and self.master.phase is Phase.WAITING:
            self.heard = self.now if data else self.heard
            self.driver += data
        else:
            self.step(data)

    def sleep(self, until: int) -> None:
        """On time: called at every wake that comes before `until`."""
        for _ in range(1000):
            if self.last.wake > until:
                self.now = until
                return
            self.now = max(self.now, self.last.wake)
            self.step()
        raise AssertionError("it wants to be woken without end")

    def _judge_write(self) -> None:
        spoken_on = self.now - self.quiet_since >= QUIET_LIMIT_NS
        unwatched = self.sure_end and (self.heard or 0) > self.sure_end
        if self.heard is not None and not spoken_on and not unwatched:
            assert self.now - self.heard >= IDLE, "spoke into a line that was not idle"
        assert self.now >= self.sent_until + (IDLE if self.writes else 0), "spoke over itself"
        self.sent_until = self.now + len(self.last.write) * CHAR
        self.writes += 1


pieces = st.sampled_from(
    [
        answer(A, "02010100", volts(2201)),
        answer(B, "02010100", volts(2316)),
        answer(A, "02020100", b"\x01\x00\x00"),
        frame(A, 0xB1, ITEM.to_bytes(4, "little")),
        frame(B, 0xB1, ITEM.to_bytes(4, "little")),
        frame(A, 0xD1, b"\x02"),
        frame(B, 0xD1, b""),
        frame(A, 0x91, b""),
        REQUEST,
        b"\x68" + bytes(6) + b"\x68\x91\xff",
        b"\xfe" * 4,
    ]
)
noise = st.binary(max_size=40)
torn = st.builds(
    lambda piece, a, b: piece[min(a, b) : max(a, b)], pieces, *[st.integers(0, 26)] * 2
)
glued = st.lists(pieces | torn | noise, max_size=3).map(b"".join)
letters = st.lists(
    st.sampled_from([PortUp(), PortDown("gone"), Pause(), Resume(), StartSweep(1)]), max_size=2
).map(tuple)
quiet_mail: st.SearchStrategy[tuple[Any, ...]] = st.just(())
pauses = st.sampled_from([0, 1, MS, 29 * MS, 30 * MS, 60 * MS, 260 * MS, 700 * MS]) | st.integers(
    0, 3_000 * MS
)
happening = st.tuples(pauses, st.booleans(), glued, quiet_mail | letters)
happenings = st.lists(happening, max_size=30)
regular = st.sampled_from([0, 0, 12])


def lived(story: list[tuple[int, bool, bytes, tuple[Any, ...]]], rounds: int = 0) -> Shell:
    """A shell after the story: (pause ns, whether it sleeps through its wakes, bytes, mail).

    Before it the meters answer `rounds` questions regularly, so that nobody watches any more.
    """
    shell = Shell()
    for turn in range(rounds):
        asked = shell.writes
        while shell.writes == asked:
            shell.sleep(shell.last.wake)
        shell.sleep(shell.now + 60 * MS)
        shell.arrive(answer(B if turn % 2 else A, "02010100", volts(2201)))
    assert rounds < 12 or shell.sure_ends
    for pause, late, data, mail in story:
        if late:
            shell.now += pause
        else:
            shell.sleep(shell.now + pause)
        if mail or late:
            shell.step(data, mail)
        else:
            shell.arrive(data)
    return shell


@given(happenings, regular)
@settings(max_examples=300)
@example([(40 * MS, False, frame(A, 0xB1, ITEM.to_bytes(4, "little")), ())], 0)
@example([(40 * MS, False, b"\x68", ()), *[(2 * MS, False, b"\x55", ())] * 30], 0)
def test_after_anything_a_silent_line_is_asked_again_within_bounded_time(
    story: list[tuple[int, bool, bytes, tuple[Any, ...]]], rounds: int
) -> None:
    shell = lived(story, rounds)
    shell.step(b"", (PortUp(), Resume()))
    silent_from, asked = shell.now, shell.source.asked
    for _ in range(STEPS_TO_ASK):
        if shell.source.asked > asked:
            break
        assert shell.last.wake < NEVER, "it waits for nothing"
        shell.now = max(shell.now, shell.last.wake)
        shell.step()
    assert shell.source.asked > asked
    assert shell.now - silent_from <= ASK_WITHIN


@given(happenings, regular)
@settings(max_examples=300)
def test_every_wake_that_is_kept_changes_something_so_none_stays_in_the_past(
    story: list[tuple[int, bool, bytes, tuple[Any, ...]]], rounds: int
) -> None:
    shell = lived(story, rounds)
    for _ in range(40):
        if shell.last.wake == NEVER:
            break
        shell.now = max(shell.now, shell.last.wake)
        shell.step()
        assert shell.last.wake > shell.now, "woken again for the same instant"


@given(happenings, regular)
@settings(max_examples=200)
def test_every_work_ends_once_and_listening_never_outlasts_the_wake(
    story: list[tuple[int, bool, bytes, tuple[Any, ...]]], rounds: int
) -> None:
    shell = lived(story, rounds)
    assert len(shell.source.ends) + (shell.source.open is not None) == shell.source.asked
    shell.step(b"", (PortDown("gone"),))
    assert len(shell.source.ends) == shell.source.asked
    assert shell.last.wake == NEVER


@given(
    st.lists(st.tuples(st.integers(1, 25 * MS), st.binary(min_size=1, max_size=8)), max_size=200)
)
@settings(max_examples=60)
def test_a_line_that_chatters_without_end_is_spoken_on_only_past_the_quiet_limit(
    chatter: list[tuple[int, bytes]],
) -> None:
    shell = Shell()
    for pause, data in chatter:
        shell.sleep(shell.now + pause)
        shell.step(data)
    # the rules are the shell's own; here the chatter holds every request back that is not due
    assert shell.writes <= 1 + shell.now // QUIET_LIMIT_NS
