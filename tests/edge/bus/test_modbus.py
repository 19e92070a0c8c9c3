"""The line master in virtual time where a pair carries DL/T 645 meters and a Modbus unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.bus.master import LineMaster, Spoke, Step
from edge.bus.parts import LineState, PortDown, PortUp
from edge.bus.work import End
from edge.site.model import Line
from protocol.exchange import Exchange
from tests.edge import wire645, wire_modbus
from tests.edge.bus.source import Queue
from tests.edge.wire645 import AskVoltage, volts
from tests.edge.wire_modbus import AskOil, answer, refusal

METER, UNIT = "000000000001", 7
MS = 1_000_000
LINE = Line(id="station", baud=9600)
CHAR = 11 * 1_000_000_000 // 9600
T35 = -(-7 * 11 * 1_000_000_000 // (2 * 9600))
REQUEST = wire_modbus.frame(UNIT, 4, bytes((0, 0, 0, 2)))
METERS_ANSWER = wire645.answer(METER, "02010100", volts(2201))
OIL = answer(UNIT, 652, 1)


def oil() -> AskOil:
    return AskOil("tmu1", UNIT)


def opened(*exchanges: Exchange, line: Line = LINE) -> tuple[LineMaster, Queue, Step, int]:
    """A master whose first request has just been written."""
    source = Queue(*exchanges)
    master = LineMaster(line, [source], trace=True)
    now = master.step(0, b"", (PortUp(),)).wake
    return master, source, master.step(now), now


def told(master: LineMaster, now: int) -> LineState:
    (state,) = [o for o in master.step(now, b"", (PortDown("x"),)).out if isinstance(o, LineState)]
    return state


def test_a_unit_is_asked_and_its_registers_are_the_outcome() -> None:
    master, source, step, now = opened(oil())
    assert step.write == REQUEST
    assert step.out == (Spoke(now, REQUEST, "modbus"),)
    master.step(now + 60 * MS, OIL)
    assert (source.ends[0].end, source.ends[0].values[0].scaled) == (End.DONE, 652)
    assert source.ends[0].at == now + 60 * MS


def test_meters_and_a_unit_take_turns_on_one_pair() -> None:
    master, source, _, now = opened(AskVoltage(METER), oil(), AskVoltage(METER))
    for reply in (METERS_ANSWER, OIL, METERS_ANSWER):
        now = master.step(now + 65 * MS, reply).wake
        master.step(now)
    assert [outcome.values[0].scaled for outcome in source.ends] == [2201, 652, 2201]
    assert told(master, now).counters.noise == 0


def test_a_late_645_answer_in_a_units_turn_is_nobodys_and_the_units_still_counts() -> None:
    master, source, step, now = opened(AskVoltage(METER), oil())
    now = step.wake
    assert master.step(now).write
    assert source.ends[0].end is End.SILENT
    master.step(now + 30 * MS, METERS_ANSWER)
    master.step(now + 60 * MS, OIL)
    assert source.ends[1].values[0].scaled == 652
    assert told(master, now + 60 * MS).counters.noise == len(METERS_ANSWER)


def test_a_units_late_answer_in_a_meters_turn_is_nobodys_and_the_meters_still_counts() -> None:
    master, source, step, now = opened(oil(), AskVoltage(METER))
    now = step.wake
    assert master.step(now).write
    assert source.ends[0].end is End.SILENT
    master.step(now + 30 * MS, OIL)
    master.step(now + 70 * MS, METERS_ANSWER)
    assert source.ends[1].values[0].scaled == 2201
    assert told(master, now + 70 * MS).counters.noise == len(OIL)


@pytest.mark.parametrize("cut", [0, 1, 3, 7])
def test_the_echo_of_a_units_question_is_counted_and_passed_over(cut: int) -> None:
    master, source, step, now = opened(oil())
    after = master.step(now + 2 * MS, REQUEST[:cut])
    after = master.step(now + 10 * MS, REQUEST[cut:])
    assert after.wake == step.wake
    master.step(now + 60 * MS, OIL)
    assert source.ends[0].values[0].scaled == 652
    assert source.ends[0].minimal == opened_minimal()
    counters = told(master, now + 60 * MS).counters
    assert (counters.echoes, counters.noise) == (1, 0)


def opened_minimal() -> int:
    """Of an exchange answered at 60 ms, without any echo."""
    master, source, _, now = opened(oil())
    master.step(now + 60 * MS, OIL)
    return source.ends[0].minimal


def test_an_echo_and_the_answer_in_one_piece_are_told_apart() -> None:
    master, source, _, now = opened(oil())
    master.step(now + 60 * MS, REQUEST + OIL)
    assert source.ends[0].values[0].scaled == 652


def test_an_answer_byte_by_byte_is_not_taken_for_the_echo_it_begins_like() -> None:
    master, source, _, now = opened(oil())
    for place, byte in enumerate(OIL):
        master.step(now + (40 + 2 * place) * MS, bytes((byte,)))
    assert source.ends[0].values[0].scaled == 652
    assert told(master, now + 70 * MS).counters.echoes == 0


def test_an_echo_alone_leaves_a_dead_unit_silent_and_not_garbled() -> None:
    master, source, step, now = opened(oil())
    master.step(now + 10 * MS, REQUEST)
    master.step(step.wake)
    assert source.ends[0].end is End.SILENT


def test_an_exception_answer_ends_the_exchange_at_once() -> None:
    master, source, _, now = opened(oil())
    master.step(now + 60 * MS, refusal(UNIT, 2))
    assert (source.ends[0].end, source.ends[0].refusal) == (End.REFUSED, "exception")


def test_a_question_to_a_unit_waits_three_and_a_half_characters_where_the_line_says_less() -> None:
    line = replace(LINE, idle_ms=1)
    master, _, _, now = opened(AskVoltage(METER), oil(), AskVoltage(METER), line=line)
    heard = now + 65 * MS
    step = master.step(heard, METERS_ANSWER)
    assert (step.write, step.wake) == (b"", heard + T35)
    assert master.step(step.wake).write == REQUEST
    heard += 80 * MS
    step = master.step(heard, OIL)
    assert master.step(step.wake).write.endswith(b"\x16")
    assert step.wake == heard + 1 * MS


def test_counters_never_shrink_when_a_port_comes_back() -> None:
    master, _, _, now = opened(oil(), oil())
    master.step(now + 10 * MS, b"\x55" * 20)
    assert told(master, now + 20 * MS).counters.noise == 20
    master.step(now + 30 * MS, b"", (PortUp(),))
    assert told(master, now + 40 * MS).counters.noise >= 20


pieces = st.sampled_from(
    [
        (OIL, 652),
        (answer(UNIT, 65535, 2), 65535),
        (METERS_ANSWER, 2201),
        (wire645.answer(METER, "02010100", volts(2316)), 2316),
    ]
)
junk = st.sampled_from([REQUEST, refusal(UNIT, 4), answer(8, 1, 2)]) | st.binary(max_size=24)
cuts = st.tuples(st.integers(0, 30), st.integers(0, 30))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 900 * MS),
            pieces | st.tuples(junk, st.none()),
            cuts | st.none(),
        ),
        max_size=30,
    )
)
@settings(max_examples=300)
def test_any_bytes_on_a_mixed_line_raise_nothing_and_give_no_value_nobody_sent(
    story: list[tuple[int, tuple[bytes, int | None], tuple[int, int] | None]],
) -> None:
    questions = [oil() if turn % 2 else AskVoltage(METER) for turn in range(60)]
    master, source, step, now = opened(*questions)
    for pause, (piece, _), cut in story:
        until = now + pause
        while step.wake <= until:
            now = max(now, step.wake)
            step = master.step(now)
        now = until
        data = piece if cut is None else piece[min(cut) : max(cut)]
        step = master.step(now, data)
    for turn, outcome in enumerate(source.ends):
        if outcome.end is End.DONE:
            possible = {652, 65535} if turn % 2 else {2201, 2316}
            assert outcome.values[0].scaled in possible
