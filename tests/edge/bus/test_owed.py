"""The line master and a Modbus unit that answers late: no value is ever another register's."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bus.master import LineMaster
from edge.bus.owed import Owed
from edge.bus.parts import PortUp
from edge.bus.work import NEVER, End
from edge.cli.oneshot import Ended, OneShot
from edge.site.model import Line
from protocol.exchange import MODBUS, Request
from protocol.modbus import query
from protocol.modbus.ask import Ask
from tests.edge.wire_modbus import answer

MS = 1_000_000
SENDING = 9 * MS
LINE = Line(id="station", baud=9600, answer_ms=500)
REGISTERS = range(0, 8, 2)
STEPS = 500
PATIENCE = 560


class Unit:
    """Answers one question after the other, each so long after it could begin; loses some."""

    def __init__(self, latency: int, lost: frozenset[int] = frozenset()) -> None:
        self.asked: list[int] = []
        self.answers: deque[tuple[int, bytes]] = deque()
        self._latency = latency
        self._lost = lost
        self._free = 0

    def hear(self, now: int, request: bytes) -> None:
        """The value of a register is its own number."""
        register = int.from_bytes(request[2:4], "big")
        self.asked.append(register)
        if len(self.asked) - 1 not in self._lost:
            self._free = max(self._free, now + SENDING) + self._latency
            self.answers.append((self._free, answer(1, 0, register)))

    def say(self, now: int) -> bytes:
        """What it has said until now."""
        said = b""
        while self.answers and self.answers[0][0] <= now:
            said += self.answers.popleft()[1]
        return said


def outcomes(unit: Unit) -> dict[int, int | None]:
    """Register asked -> what was taken for its content, None = no answer."""
    asks = [Ask("unit1", 1, query.read(4, register, 2)) for register in REGISTERS]
    master = LineMaster(LINE, [OneShot(asks)])
    found: dict[int, int | None] = {}
    now, step = 0, master.step(0, b"", (PortUp(),))
    for _ in range(STEPS):
        now = max(now, min([step.wake, *(at for at, _ in unit.answers)]))
        if now == NEVER:
            break
        step = master.step(now, unit.say(now))
        if step.write:
            unit.hear(now, step.write)
        for ended in step.out:
            if isinstance(ended, Ended):
                done = ended.outcome.end is End.DONE
                content = asks[ended.key].registers[1] if done else None
                found[REGISTERS[ended.key]] = content
    return found


@pytest.mark.parametrize("latency_ms", [50, 500, 570, 700, 1100, 1700])
def test_a_unit_slower_than_its_timeout_is_read_right(latency_ms: int) -> None:
    assert outcomes(Unit(latency_ms * MS)) == {register: register for register in REGISTERS}


@given(st.integers(0, 2 * PATIENCE - 20), st.frozensets(st.integers(0, 12)))
@settings(max_examples=300)
def test_no_value_is_another_registers_however_late_and_whatever_is_lost(
    latency_ms: int, lost: frozenset[int]
) -> None:
    found = outcomes(Unit(latency_ms * MS, lost))
    assert found.keys() == set(REGISTERS)
    assert all(content in (None, register) for register, content in found.items())


def test_a_question_lost_is_asked_again_at_once() -> None:
    unit = Unit(50 * MS, frozenset({0}))
    assert outcomes(unit) == {register: register for register in REGISTERS}
    assert unit.asked == [0, 0, 2, 4, 6]


def ask(unit: int, register: int) -> Request:
    return Request(bytes((unit, register)), 9, (unit, 4, 9), MODBUS)


def test_only_another_question_to_the_same_unit_waits_and_not_for_ever() -> None:
    owed = Owed(PATIENCE)
    owed.given_up(ask(1, 0), 0, 600)
    assert owed.free_at(ask(1, 0), 600) == 0
    assert owed.free_at(ask(2, 2), 600) == 0
    assert owed.free_at(ask(1, 2), 600) == 600 + PATIENCE
    assert owed.free_at(ask(1, 2), 600 + PATIENCE) == 0


def test_a_late_answer_heard_settles_the_debt() -> None:
    owed = Owed(PATIENCE)
    owed.given_up(ask(1, 0), 0, 600)
    owed.heard(2, 700)
    assert owed.free_at(ask(1, 2), 700) > 700
    owed.heard(1, 700)
    assert owed.free_at(ask(1, 2), 700) == 0


def test_behind_an_answer_to_the_second_try_the_other_is_waited_for_as_long_as_the_first_took() -> (
    None
):
    owed = Owed(PATIENCE)
    owed.given_up(ask(1, 0), 0, 600)
    owed.asked(ask(1, 0), 620, 1220)
    owed.answered(ask(1, 0), 1000)
    assert owed.free_at(ask(1, 2), 1000) == 1000 + 1000 + PATIENCE


def test_a_debt_that_is_over_says_nothing_of_the_same_question_asked_later() -> None:
    owed = Owed(PATIENCE)
    owed.given_up(ask(1, 0), 0, 600)
    owed.asked(ask(1, 0), 60_000, 60_600)
    owed.answered(ask(1, 0), 60_050)
    assert owed.free_at(ask(1, 2), 60_050) == 0
