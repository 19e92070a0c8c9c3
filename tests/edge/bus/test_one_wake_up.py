"""One wake-up an exchange: what a regular meter's answer costs, and that the gap is kept."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bus.master import Heard, LineMaster, Step
from edge.bus.parts import PortUp, StartSweep
from edge.bus.timing import LEARN_FROM, PATIENCE, REGULAR_NS, SLACK_NS
from edge.bus.work import End, Outcome
from edge.site.model import Line
from edge.site.silence import IDLE_645_NS
from tests.edge.bus.source import Queue
from tests.edge.wire645 import AskVoltage, answer, frame, volts

A = "000000000001"
MS = 1_000_000
US = 1_000
LINE = Line(id="b1", baud=9600)
CHAR = 11 * 1_000_000_000 // 9600
IDLE = IDLE_645_NS
ANSWER = answer(A, "02010100", volts(2201))
DELAY = 20 * MS


@dataclass(slots=True)
class Wire:
    """A meter at the other end, a driver that keeps what nobody listens for, a shell on time."""

    count: int = 60
    late: int = 0
    """How much later than usual the meter ends its answers, ns."""
    source: Queue = field(init=False)
    master: LineMaster = field(init=False)
    step: Step = field(init=False)
    now: int = 0
    end: int = 0
    """When the last byte of the present answer is on the line."""
    wakes: int = 0

    def __post_init__(self) -> None:
        self.source = Queue(*[AskVoltage(A) for _ in range(self.count)])
        self.master = LineMaster(LINE, [self.source])
        self.now = self.master.step(0, b"", (PortUp(),)).wake
        self._step()

    def _step(self, data: bytes = b"") -> None:
        self.wakes += 1
        self.step = self.master.step(self.now, data)
        if self.step.write:
            answered = len(ANSWER) * CHAR + DELAY + self.late
            self.end = self.now + len(self.step.write) * CHAR + answered

    def exchange(self, reply: bytes = ANSWER) -> tuple[Outcome, int]:
        """Until the next request is written: how it ended, and the gap that was left."""
        end, asked, data = self.end, len(self.source.ends), reply
        self.wakes = 0
        for _ in range(20):
            due = max(self.now, self.step.listen, end) if data else self.step.wake
            if self.step.wake < due:
                self.now = self.step.wake
                self._step()
            else:
                self.now = max(self.now, due)
                self._step(data)
                data = b""
            if self.step.write:
                return self.source.ends[asked], self.now - end
        raise AssertionError("no request was written any more")

    def learn(self) -> None:
        """Until the meter is regular."""
        for _ in range(LEARN_FROM):
            self.exchange()


def test_a_regular_meters_exchange_takes_one_wake_up() -> None:
    wire = Wire()
    wire.learn()
    for _ in range(PATIENCE[0]):
        outcome, _ = wire.exchange()
        assert (outcome.end, wire.wakes) == (End.DONE, 1)


def test_a_traced_answer_that_nobody_watched_has_its_own_time_not_that_of_the_look() -> None:
    wire = Wire()
    wire.learn()
    wire.master.trace = True
    end = wire.end
    wire.exchange()
    (heard,) = [item for item in wire.step.out if isinstance(item, Heard)]
    assert abs(heard.at - end) <= REGULAR_NS
    assert wire.now - heard.at >= IDLE


def test_every_so_many_answers_one_is_watched_and_the_pauses_double_to_their_most() -> None:
    wire = Wire(140)
    watched = []
    for place in range(130):
        wire.exchange()
        if wire.wakes > 1:
            watched.append(place)
    first, most = PATIENCE
    expected = [0, 1, 2]
    patience = first
    while expected[-1] + patience + 1 < 130:
        expected.append(expected[-1] + patience + 1)
        patience = min(2 * patience, most)
    assert expected[-1] - expected[-2] == most + 1
    assert watched == expected


def test_the_gap_is_kept_behind_an_answer_nobody_watched_and_costs_little_more() -> None:
    wire = Wire()
    wire.learn()
    for late in (0, SLACK_NS, 0):
        wire.late = late
        wire.exchange()
        _, gap = wire.exchange()
        assert IDLE <= gap <= IDLE + 2 * SLACK_NS


def test_the_time_of_an_unwatched_answer_is_that_of_its_last_byte_as_learned() -> None:
    wire = Wire()
    wire.learn()
    end, now = wire.end, wire.now
    outcome, _ = wire.exchange()
    assert 0 <= outcome.at - end <= SLACK_NS
    assert outcome.elapsed == outcome.at - now
    assert outcome.at == wire.now - IDLE


def test_an_answer_that_is_not_there_at_the_look_is_watched_and_gets_its_whole_gap() -> None:
    wire = Wire()
    wire.learn()
    wire.late = 40 * MS
    wire.exchange()
    end = wire.end
    outcome, gap = wire.exchange()
    assert (outcome.end, outcome.at, gap) == (End.DONE, end, IDLE)
    wire.exchange()
    assert wire.wakes > 1


def test_an_answer_in_two_pieces_at_the_look_is_whole_when_the_second_comes() -> None:
    wire = Wire()
    wire.learn()
    look = wire.step.listen
    assert wire.master.step(look, ANSWER[:9]).write == b""
    step = wire.master.step(look + 15 * MS, ANSWER[9:])
    assert wire.source.ends[-1].at == look + 15 * MS
    assert (step.write, step.wake) == (b"", look + 45 * MS)


@pytest.mark.parametrize(
    "strange", [b"\x55", frame(A, 0x11, b"\0\0\1\0")], ids=["noise", "foreign"]
)
def test_something_strange_behind_the_answer_gets_its_gap_from_now(strange: bytes) -> None:
    wire = Wire()
    wire.learn()
    look = wire.step.listen
    step = wire.master.step(look, ANSWER + strange)
    assert wire.source.ends[-1].end is End.DONE
    assert (step.write, step.wake) == (b"", look + IDLE)


def test_a_stranger_ahead_of_the_answer_leaves_it_its_gap_from_now() -> None:
    wire = Wire()
    wire.learn()
    look = wire.step.listen
    step = wire.master.step(look, answer("000000000009", "02010100", volts(1111)) + ANSWER)
    assert wire.source.ends[-1].values[0].scaled == 2201
    assert (step.write, step.wake) == (b"", look + IDLE)


def test_a_process_that_stood_still_past_the_look_does_not_trust_what_it_finds() -> None:
    wire = Wire()
    wire.learn()
    look = wire.step.listen
    step = wire.master.step(look + IDLE + 1, ANSWER)
    assert (step.write, step.wake) == (b"", look + 2 * IDLE + 1)


def test_a_meter_that_answers_early_and_late_by_turns_is_always_watched() -> None:
    wire = Wire()
    for turn in range(40):
        wire.late = turn % 2 * (REGULAR_NS + MS)
        _, gap = wire.exchange()
        assert gap >= IDLE
        assert turn < 2 or wire.wakes > 1


def test_a_meter_that_grew_regular_again_is_trusted_again() -> None:
    wire = Wire(120)
    wire.late = 9 * MS
    wire.exchange()
    wire.late = 0
    for _ in range(20):
        wire.exchange()
    assert wire.wakes == 1


def test_a_silence_is_given_up_at_the_same_time_as_ever_and_forgets_the_timing() -> None:
    wire = Wire()
    wire.learn()
    step = wire.master.step(wire.step.wake)
    assert step.wake > step.listen
    step = wire.master.step(step.wake)
    assert wire.source.ends[-1].end is End.SILENT
    assert step.write
    assert step.wake > step.listen


def test_mail_before_the_look_leaves_the_look_where_it_was() -> None:
    wire = Wire()
    wire.learn()
    step = wire.master.step(wire.now + MS, b"", (StartSweep(1),))
    assert (step.wake, step.listen) == (wire.step.wake, wire.step.listen)


@given(st.lists(st.integers(0, 1500 * US), min_size=40, max_size=55))
@settings(max_examples=100)
def test_whatever_a_regular_meter_does_the_gap_is_short_by_less_than_its_spread(
    lateness: list[int],
) -> None:
    wire = Wire()
    for late in lateness:
        wire.late = late
        outcome, gap = wire.exchange()
        assert outcome.end is End.DONE
        assert gap >= IDLE - (max(lateness) - min(lateness)) + SLACK_NS or gap >= IDLE
