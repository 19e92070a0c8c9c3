"""The line master in virtual time where a pair carries meters of both kinds and a Modbus unit."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bus.master import LineMaster, Spoke, Step
from edge.bus.parts import LineCounters, LineState, Pause, PortDown, PortUp, Resume
from edge.bus.work import NEVER, End
from edge.site.model import Line
from edge.site.silence import silences
from protocol.exchange import DLT645, DLT698, MODBUS, Exchange
from tests.edge import wire645, wire698, wire_modbus
from tests.edge.bus.source import Queue

OLD, NEW, UNIT = "000000000001", "000000000002", 7
MS, SECOND = 1_000_000, 1_000_000_000
LINE = Line(id="b1", baud=9600)
CHAR = 11 * SECOND // 9600
ANSWERS = {
    DLT645: wire645.answer(OLD, "02010100", wire645.volts(2201)),
    DLT698: wire698.answer(NEW, 2316),
    MODBUS: wire_modbus.answer(UNIT, 652, 1),
}
VALUES = {DLT645: 2201, DLT698: 2316, MODBUS: 652}
PAIRS = list(itertools.permutations(ANSWERS, 2))
BAUDS = {2400: (30_000_000, 13_750_000, 16_041_667), 9600: (30_000_000, 3_437_500, 4_010_417),
         115200: (30_000_000, 286_459, 1_750_000)}  # fmt: skip
"""Silence at 11 bits a character before a request of 645, 698 and Modbus, ns."""


def ask(protocol: str) -> Exchange:
    match protocol:
        case "dlt645":
            return wire645.AskVoltage(OLD)
        case "dlt698":
            return wire698.AskVolts(NEW)
    return wire_modbus.AskOil("tmu1", UNIT)


def opened(*exchanges: Exchange, line: Line = LINE) -> tuple[LineMaster, Queue, Step, int]:
    """A master whose first request has just been written."""
    source = Queue(*exchanges)
    master = LineMaster(line, [source], trace=True)
    now = master.step(0, b"", (PortUp(),)).wake
    return master, source, master.step(now), now


def counters(master: LineMaster, now: int) -> LineCounters:
    (state,) = [o for o in master.step(now, b"", (PortDown("x"),)).out if isinstance(o, LineState)]
    return state.counters


def test_three_protocols_take_turns_on_one_pair() -> None:
    turns = (DLT645, DLT698, MODBUS, DLT698, DLT645, MODBUS)
    master, source, step, now = opened(*map(ask, turns))
    for turn in turns:
        assert [item.protocol for item in step.out if isinstance(item, Spoke)] == [turn]
        now = master.step(now + 90 * MS, ANSWERS[turn]).wake
        step = master.step(now)
    assert [outcome.values[0].scaled for outcome in source.ends] == [VALUES[t] for t in turns]
    told = counters(master, now)
    assert (told.noise, told.bad, told.late, told.foreign) == (0, 0, 0, 0)


@pytest.mark.parametrize(("late", "asked"), PAIRS)
def test_a_late_answer_in_another_protocols_turn_is_nobodys_and_the_right_one_counts(
    late: str, asked: str
) -> None:
    master, source, step, now = opened(ask(late), ask(asked))
    while not (step := master.step(now := step.wake)).write:
        assert now < 5 * SECOND
    assert source.ends[0].end is End.SILENT
    master.step(now + 40 * MS, ANSWERS[late])
    master.step(now + 90 * MS, ANSWERS[asked])
    assert source.ends[1].values[0].scaled == VALUES[asked]
    wake_up = ANSWERS[late].count(b"\xfe") if asked != MODBUS else 0
    assert counters(master, now + 90 * MS).noise == len(ANSWERS[late]) - wake_up


@pytest.mark.parametrize(("late", "asked"), PAIRS)
@pytest.mark.parametrize("cut", [5, 9, 14])
def test_the_beginning_of_a_late_answer_does_not_hold_up_that_of_another_protocol(
    late: str, asked: str, cut: int
) -> None:
    master, source, _, now = opened(ask(late), ask(asked))
    master.step(now + 60 * MS, ANSWERS[late][:cut])
    while not master.step(now := master.step(now).wake).write:
        assert now < 5 * SECOND
    master.step(now + 90 * MS, ANSWERS[asked])
    assert source.ends[1].values[0].scaled == VALUES[asked]


@pytest.mark.parametrize("protocol", [DLT645, DLT698])
def test_the_echo_of_a_meters_question_is_counted_and_passed_over(protocol: str) -> None:
    master, source, step, now = opened(ask(protocol))
    master.step(now + 35 * MS, step.write)
    master.step(now + 90 * MS, ANSWERS[protocol])
    assert source.ends[0].values[0].scaled == VALUES[protocol]
    assert counters(master, now + 90 * MS).echoes == 1


@pytest.mark.parametrize("baud", BAUDS)
def test_the_silence_of_each_protocol_at_each_baud_rate(baud: int) -> None:
    line = Line(id="b1", baud=baud)
    assert tuple(silences(line).values()) == BAUDS[baud]


def test_a_declared_silence_replaces_that_of_645_and_only_lengthens_the_others() -> None:
    assert tuple(silences(Line(id="b1", baud=9600, idle_ms=1)).values()) == (
        1_000_000, 3_437_500, 4_010_417,
    )  # fmt: skip
    assert set(silences(Line(id="b1", baud=9600, idle_ms=50)).values()) == {50_000_000}


@pytest.mark.parametrize("baud", BAUDS)
@pytest.mark.parametrize(("before", "after"), [*PAIRS, *((p, p) for p in ANSWERS)])
def test_the_silence_before_a_request_is_that_of_its_own_protocol(
    before: str, after: str, baud: int
) -> None:
    line = Line(id="b1", baud=baud)
    master, _, _, now = opened(ask(before), ask(after), line=line)
    heard = now + SECOND // 5
    step = master.step(heard, ANSWERS[before])
    due = heard + silences(line)[after]
    assert (step.write, step.wake) == (b"", due)
    assert master.step(due - 1).write == b""
    assert master.step(due).write.endswith(ask(after).start().data)


@pytest.mark.parametrize("protocol", ANSWERS)
def test_a_byte_heard_in_the_silence_begins_it_anew(protocol: str) -> None:
    master, _, _, now = opened(ask(DLT645), ask(protocol))
    step = master.step(now + 90 * MS, ANSWERS[DLT645])
    step = master.step(step.wake - 1, b"\x55")
    assert step.write == b""
    assert step.wake == now + 90 * MS + 2 * silences(LINE)[protocol] - 1


def test_what_a_meter_refused_of_a_list_comes_beside_its_values_and_is_counted() -> None:
    master, source, _, now = opened(wire698.AskVolts(NEW, partly="200A0201: 06"))
    master.step(now + 90 * MS, ANSWERS[DLT698])
    (outcome,) = source.ends
    assert (outcome.end, outcome.refusal) == (End.DONE, "200A0201: 06")
    assert outcome.values[0].scaled == 2316
    assert counters(master, now + 90 * MS).refused == 1


def test_an_answer_behind_a_torn_frame_counts_when_the_wait_is_over() -> None:
    master, source, step, now = opened(ask(DLT698))
    torn = wire698.frame(NEW, 0xC3, bytes(200))[:40]
    step = master.step(now + 90 * MS, torn + ANSWERS[DLT698])
    assert not source.ends
    master.step(step.wake)
    assert source.ends[0].values[0].scaled == 2316
    assert master.timing.of(NEW).answers == 0


def test_a_698_meter_that_refuses_all_ends_refused() -> None:
    master, source, _, now = opened(ask(DLT698))
    master.step(now + 90 * MS, wire698.refusal(NEW, 6))
    assert source.ends[0].end is End.REFUSED


def test_a_pause_in_the_silence_holds_back_the_work_that_was_found_and_resume_sends_it() -> None:
    master, source, _, now = opened(ask(DLT645), ask(DLT698))
    step = master.step(now + 90 * MS, ANSWERS[DLT645], (Pause(),))
    assert step.wake != NEVER or source.todo
    step = master.step(now + 500 * MS)
    assert (step.write, step.wake) == (b"", NEVER)
    assert master.step(now + 900 * MS, b"", (Resume(),)).write.endswith(ask(DLT698).start().data)


def test_a_pause_behind_the_find_holds_back_too_and_asks_for_no_wake_up() -> None:
    master, source, _, now = opened(ask(DLT645), ask(DLT645))
    step = master.step(now + 90 * MS, ANSWERS[DLT645])
    assert not source.todo
    step = master.step(now + 91 * MS, b"", (Pause(),))
    assert (step.write, step.wake) == (b"", NEVER)
    assert master.step(now + 900 * MS).write == b""
    assert master.step(now + SECOND, b"", (Resume(),)).write


@pytest.mark.parametrize("protocol", ANSWERS)
def test_the_minimal_time_counts_the_protocols_own_silence(protocol: str) -> None:
    master, source, step, now = opened(ask(protocol))
    sent = len(step.write) * CHAR
    master.step(now + 90 * MS, ANSWERS[protocol])
    # the answer took 90 ms less request and its own bytes to begin: then all of it is minimal
    assert source.ends[0].minimal == 90 * MS + silences(LINE)[protocol]
    assert sent < 90 * MS


def run(protocol: str, baud: int, lateness: list[int]) -> tuple[list[int], list[int], int, int]:
    """A device that answers so much later than 20 ms, a driver that keeps, a shell on time.

    Gives the silence before each next request, wake-ups an exchange, the whole time, and the least
    that it could have taken.
    """
    line = Line(id="b1", baud=baud)
    char = -(-11 * SECOND // baud)
    master, source, step, now = opened(
        *(ask(protocol) for _ in range(len(lateness) + 1)), line=line
    )
    reply, began, least = ANSWERS[protocol], now, 0
    gaps, wakes = [], []
    for late in lateness:
        wire = (len(step.write) + len(reply)) * char + 20 * MS + late
        end, data, woken = now + wire, reply, 0
        least += wire + silences(line)[protocol]
        for _ in range(20):
            due = max(now, step.listen, end) if data else step.wake
            given = b""
            if data and step.wake >= due:
                given, data = data, b""
            now = max(now, min(due, step.wake))
            step = master.step(now, given)
            woken += 1
            if step.write:
                break
        assert step.write
        gaps.append(now - end)
        wakes.append(woken)
    assert [outcome.end for outcome in source.ends] == [End.DONE] * len(lateness)
    return gaps, wakes, now - began, least


@pytest.mark.parametrize("baud", [9600, 115200])
def test_a_modbus_line_is_used_to_its_limit_and_its_pause_is_kept_to_the_nanosecond(
    baud: int,
) -> None:
    gaps, wakes, took, least = run(MODBUS, baud, [0] * 60)
    assert min(gaps) == max(gaps) == silences(Line(id="b1", baud=baud))[MODBUS]
    assert took == least
    assert max(wakes) == 2


@given(
    st.lists(st.integers(0, 9 * MS), min_size=1, max_size=40),
    st.sampled_from([9600, 115200]),
    st.sampled_from([DLT698, MODBUS]),
)
@settings(max_examples=60)
def test_however_a_device_dawdles_a_pause_that_is_a_rule_is_never_short(
    lateness: list[int], baud: int, protocol: str
) -> None:
    gaps, _, _, _ = run(protocol, baud, lateness)
    assert min(gaps) >= silences(Line(id="b1", baud=baud))[protocol]


@pytest.mark.parametrize("baud", [9600, 115200])
@pytest.mark.parametrize("protocol", [DLT698, MODBUS])
def test_an_answer_later_than_all_before_it_leaves_the_whole_pause(
    protocol: str, baud: int
) -> None:
    gaps, wakes, _, _ = run(protocol, baud, [0] * 20 + [MS, 0, 3 * MS])
    assert min(gaps) >= silences(Line(id="b1", baud=baud))[protocol]
    assert max(wakes) == 2


stories = st.lists(
    st.tuples(
        st.integers(0, 900 * MS),
        st.sampled_from([*ANSWERS.values(), wire698.question(NEW), wire698.refusal(NEW, 6)])
        | st.binary(max_size=24),
        st.tuples(st.integers(0, 36), st.integers(0, 36)) | st.none(),
    ),
    max_size=30,
)


@given(stories)
@settings(max_examples=150)
def test_any_bytes_on_such_a_line_raise_nothing_and_give_no_value_nobody_sent(
    story: list[tuple[int, bytes, tuple[int, int] | None]],
) -> None:
    turns = list(itertools.islice(itertools.cycle(ANSWERS), 60))
    master, source, step, now = opened(*map(ask, turns))
    for pause, piece, cut in story:
        until = now + pause
        while step.wake <= until:
            now = max(now, step.wake)
            step = master.step(now)
        now = until
        step = master.step(now, piece if cut is None else piece[min(cut) : max(cut)])
    for turn, outcome in zip(turns, source.ends, strict=False):
        if outcome.end is End.DONE:
            assert outcome.values[0].scaled == VALUES[turn]


@pytest.mark.parametrize(("protocol", "sharp"), [(DLT645, False), (DLT698, True), (MODBUS, True)])
def test_only_a_short_silence_is_waited_for_sharply(protocol: str, sharp: bool) -> None:
    master, _, step, now = opened(ask(protocol), ask(protocol))
    assert not step.sharp
    step = master.step(now + 100 * MS, ANSWERS[protocol])
    assert not step.write
    assert step.sharp is sharp
