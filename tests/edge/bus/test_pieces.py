"""Answers that a driver hands over in pieces, as a UART with a small buffer does, in virtual time.

Unlike a pty, which has an answer whole at its end, such a driver shows an answer's beginning long
before. Whoever then looks too late learns a lateness that the meter does not have.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bus.master import LineMaster, Step
from edge.bus.parts import PortUp
from edge.bus.timing import LEARN_FROM, PATIENCE, SLACK_NS
from edge.bus.work import End, Outcome
from edge.site.model import Line
from edge.site.silence import IDLE_645_NS
from tests.edge.bus.source import Queue
from tests.edge.wire645 import AskVoltage, answer, volts

A = "000000000001"
MS = 1_000_000
LINE = Line(id="b1", baud=9600)
CHAR = 11 * 1_000_000_000 // 9600
IDLE = IDLE_645_NS
DELAY = 20 * MS
WAKE_BYTES = 4
CHUNKS = (1, 3, 8, 14, 16)


@dataclass(slots=True)
class Driver:
    """A meter behind a driver that hands over `chunk` characters at a time, the last ones at once.

    The shell takes what has come by the time the master listens, and any piece after that.
    """

    chunk: int
    wake: int = WAKE_BYTES
    """FE bytes before the answer; the master expects four."""
    late: int = 0
    """How much later than usual the meter ends its answers, ns."""
    source: Queue = field(init=False)
    master: LineMaster = field(init=False)
    step: Step = field(init=False)
    now: int = 0
    wakes: int = 0

    def __post_init__(self) -> None:
        self.source = Queue(*[AskVoltage(A) for _ in range(80)])
        self.master = LineMaster(LINE, [self.source])
        self.now = self.master.step(0, b"", (PortUp(),)).wake
        self.step = self.master.step(self.now)

    def exchange(self) -> tuple[Outcome, int]:
        """Until the next request: how it ended, and when its last character was on the line."""
        reply = answer(A, "02010100", volts(2201), self.wake)
        end = self.now + len(self.step.write) * CHAR + DELAY + len(reply) * CHAR + self.late
        ends = [*range(self.chunk, len(reply), self.chunk), len(reply)]
        pieces = [(end - (len(reply) - upto) * CHAR, upto) for upto in ends]
        given = self.wakes = 0
        asked = len(self.source.ends)
        for _ in range(60):
            due = self.step.wake
            if pieces:
                due = min(due, max(self.step.listen, pieces[0][0]))
            self.now = max(self.now, due)
            upto = given
            while pieces and pieces[0][0] <= self.now:
                upto = pieces.pop(0)[1]
            self.wakes += 1
            self.step = self.master.step(self.now, reply[given:upto])
            given = upto
            if self.step.write:
                return self.source.ends[asked], end
        raise AssertionError("no request was written any more")

    def learn(self) -> None:
        """Until the meter is known."""
        for _ in range(LEARN_FROM):
            self.exchange()


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("wake", [0, 1, WAKE_BYTES])
def test_a_watched_answer_in_pieces_is_seen_whole_at_its_last_character(
    chunk: int, wake: int
) -> None:
    driver = Driver(chunk, wake)
    driver.learn()
    watched = 0
    for _ in range(60):
        outcome, end = driver.exchange()
        if driver.wakes > 1:
            watched += 1
            assert outcome.at == end
    assert watched == 3


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_regular_meter_is_read_in_one_wake_up_however_its_answers_are_handed_over(
    chunk: int,
) -> None:
    driver = Driver(chunk)
    driver.learn()
    wakes = []
    for _ in range(PATIENCE[0]):
        driver.exchange()
        wakes.append(driver.wakes)
    assert wakes == [1] * PATIENCE[0]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_line_stands_no_longer_idle_than_the_gap_and_its_slack(chunk: int) -> None:
    driver = Driver(chunk)
    driver.learn()
    for _ in range(60):
        _, end = driver.exchange()
        assert IDLE <= driver.now - end <= IDLE + 2 * SLACK_NS


@given(
    st.integers(1, 24),
    st.integers(0, WAKE_BYTES),
    st.lists(st.integers(0, 12 * MS), min_size=1, max_size=40),
)
@settings(max_examples=100)
def test_whatever_the_pieces_and_the_lateness_no_answer_is_taken_before_its_end(
    chunk: int, wake: int, lateness: list[int]
) -> None:
    driver = Driver(chunk, wake)
    driver.learn()
    for late in lateness:
        driver.late = late
        outcome, end = driver.exchange()
        assert outcome.end is End.DONE
        assert outcome.values[0].scaled == 2201
        if driver.wakes > 1:
            assert outcome.at >= end
