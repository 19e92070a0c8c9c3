"""The line master in virtual time: every phase, deadline and passer-by."""

import pytest

from edge.bus.master import BYTE_GAP_NS, QUIET_LIMIT_NS, LineMaster, Phase, Step
from edge.bus.parts import LineState, Pause, PortDown, PortUp, Resume, Stop
from edge.bus.work import NEVER, End
from edge.site.model import Line
from tests.edge.bus.source import Queue
from tests.edge.wire645 import AskVoltage, answer, frame, volts

A, B = "000000000001", "000000000002"
MS = 1_000_000
LINE = Line(id="b1", baud=9600)
CHAR = 11 * 1_000_000_000 // 9600


def opened(*exchanges: AskVoltage) -> tuple[LineMaster, Queue, Step, int]:
    """A master whose port is up and whose first request has just been written."""
    source = Queue(*exchanges)
    master = LineMaster(LINE, [source])
    step = master.step(0, b"", (PortUp(),))
    now = step.wake
    return master, source, master.step(now), now


def test_nothing_is_written_before_the_port_is_up() -> None:
    master = LineMaster(LINE, [Queue(AskVoltage(A))])
    assert master.step(0).write == b""
    assert master.phase is Phase.DOWN


def test_the_line_is_left_idle_for_its_gap_before_the_first_request() -> None:
    master = LineMaster(LINE, [Queue(AskVoltage(A))])
    step = master.step(5_000 * MS, b"", (PortUp(),))
    assert step.write == b""
    assert step.wake == 5_030 * MS
    assert master.step(5_030 * MS).write == frame(A, 0x11, bytes.fromhex("02010100")[::-1])


def test_an_answer_ends_the_exchange_with_its_value_and_time() -> None:
    master, source, _, now = opened(AskVoltage(A))
    at = now + 65 * MS
    master.step(at, answer(A, "02010100", volts(2201)))
    (outcome,) = source.ends
    assert outcome.end is End.DONE
    assert outcome.values[0].scaled == 2201
    assert outcome.at == at
    assert outcome.elapsed == 65 * MS


def test_an_answer_handed_over_long_after_its_time_does_not_count_as_of_now() -> None:
    master, source, step, now = opened(AskVoltage(A))
    master.step(now + 9_000 * MS, answer(A, "02010100", volts(2201)))
    (outcome,) = source.ends
    assert outcome.values[0].scaled == 2201
    assert outcome.at == step.wake


def test_the_next_request_waits_the_gap_after_the_last_byte_of_an_answer() -> None:
    master, _, _, now = opened(AskVoltage(A), AskVoltage(B))
    at = now + 65 * MS
    step = master.step(at, answer(A, "02010100", volts(2201)))
    assert (step.write, step.wake) == (b"", at + 30 * MS)
    assert master.step(at + 30 * MS - 1).write == b""
    assert master.step(at + 30 * MS).write.endswith(b"\x16")


def test_minimal_time_is_bytes_plus_fastest_delay_plus_gap() -> None:
    master, source, step, now = opened(AskVoltage(A))
    reply = answer(A, "02010100", volts(2201))
    line_time = (len(step.write) + len(reply)) * CHAR
    master.step(now + line_time + 20 * MS, reply)
    assert source.ends[0].minimal == line_time + 20 * MS + 30 * MS


def test_a_silent_meter_is_given_up_after_the_limit_of_the_line() -> None:
    master, source, step, now = opened(AskVoltage(A))
    limit = now + len(step.write) * CHAR + 500 * MS
    assert step.wake >= limit
    master.step(limit - 1)
    assert source.ends == []
    master.step(step.wake)
    assert [outcome.end for outcome in source.ends] == [End.SILENT]
    assert master.counters.silent == 1


def test_the_limit_follows_a_meter_that_answers_fast_and_is_forgotten_at_a_silence() -> None:
    exchanges = [AskVoltage(A) for _ in range(9)]
    master, source, step, now = opened(*exchanges)
    first_wait = step.wake - now
    for _ in range(7):
        at = now + 65 * MS
        now = master.step(at, answer(A, "02010100", volts(2200))).wake
        step = master.step(now)
    assert step.wake == step.listen
    step = master.step(step.wake)
    assert step.wake - now < first_wait - 300 * MS
    now = step.wake
    step = master.step(now)
    assert source.ends[-1].end is End.SILENT
    assert step.write
    assert step.wake - now == first_wait


def test_our_own_echo_is_counted_and_passed_over() -> None:
    master, source, step, now = opened(AskVoltage(A))
    master.step(now + 1 * MS, step.write)
    assert source.ends == []
    master.step(now + 70 * MS, answer(A, "02010100", volts(2199)))
    assert source.ends[0].values[0].scaled == 2199
    assert (master.counters.echoes, master.counters.foreign) == (1, 0)


def test_an_echo_does_not_lengthen_the_wait_for_a_dead_meter() -> None:
    master, source, step, now = opened(AskVoltage(A))
    after = master.step(now + 30 * MS, step.write)
    assert after.wake == step.wake
    master.step(step.wake)
    assert source.ends[0].end is End.SILENT


def test_a_late_answer_of_a_in_bs_slot_is_not_bs() -> None:
    master, source, step, now = opened(AskVoltage(A), AskVoltage(B))
    now = step.wake
    assert master.step(now).write
    late = master.step(now + 40 * MS, answer(A, "02010100", volts(1111)))
    assert [outcome.end for outcome in source.ends] == [End.SILENT]
    assert late.write == b""
    master.step(now + 90 * MS, answer(B, "02010100", volts(2222)))
    assert source.ends[1].values[0].scaled == 2222
    assert master.counters.late == 1


def test_the_right_meter_with_another_item_is_not_the_answer() -> None:
    master, source, _, now = opened(AskVoltage(A))
    master.step(now + 60 * MS, answer(A, "02020100", b"\x00\x10\x00"))
    assert source.ends == []


def test_a_request_of_a_second_master_is_named_foreign() -> None:
    master, source, _, now = opened(AskVoltage(A))
    master.step(now + 50 * MS, frame(B, 0x11, bytes.fromhex("00010000")[::-1]))
    assert source.ends == []
    assert master.counters.foreign == 1


def test_a_refusal_ends_the_exchange_at_once() -> None:
    master, source, _, now = opened(AskVoltage(A))
    master.step(now + 60 * MS, frame(A, 0xD1, b"\x02"))
    assert source.ends[0].end is End.REFUSED
    assert source.ends[0].refusal == "no requested data"


@pytest.mark.parametrize("gap_ms", [1, 120, 480])
def test_a_gap_inside_a_frame_shorter_than_the_standards_is_waited_for(gap_ms: int) -> None:
    master, source, _, now = opened(AskVoltage(A))
    reply = answer(A, "02010100", volts(2201))
    now += 60 * MS
    master.step(now, reply[:9])
    master.step(now + gap_ms * MS, reply[9:])
    assert source.ends[0].end is End.DONE


def test_a_frame_that_stops_in_the_middle_is_garbled_after_the_byte_gap() -> None:
    master, source, _, now = opened(AskVoltage(A))
    now += 600 * MS
    step = master.step(now, answer(A, "02010100", volts(2201))[:9])
    assert step.wake == now + BYTE_GAP_NS
    master.step(step.wake)
    assert source.ends[0].end is End.GARBLED
    assert master.counters.garbled == 1


def test_endless_bytes_on_the_line_cannot_hold_the_master() -> None:
    master, source, _, now = opened(AskVoltage(A), AskVoltage(B))
    asked_at, spoken_on = now, 0
    while now < asked_at + 10_000 * MS:
        now += 2 * MS
        if master.step(now, b"\x55").write:
            spoken_on = now
            break
    assert source.ends[0].end is End.GARBLED
    assert spoken_on - asked_at < 2_000 * MS + QUIET_LIMIT_NS


def test_a_follow_up_is_sent_next_and_its_loss_repeats_the_same_frame() -> None:
    master, source, _, now = opened(AskVoltage(A))
    now += 60 * MS
    now = master.step(now, frame(A, 0xB1, bytes.fromhex("02010100")[::-1])).wake
    follow_up = master.step(now)
    assert follow_up.write == frame(A, 0x12, bytes.fromhex("02010100")[::-1] + b"\x01")
    now = master.step(follow_up.wake).wake
    assert master.step(now).write == follow_up.write
    assert source.ends == []


def test_a_lost_port_ends_the_exchange_and_says_so() -> None:
    master, source, _, now = opened(AskVoltage(A), AskVoltage(B))
    step = master.step(now + 5 * MS, b"", (PortDown("unplugged"),))
    assert source.ends[0].end is End.LINE_DOWN
    (state,) = [item for item in step.out if isinstance(item, LineState)]
    assert (state.state, state.reason) == ("down", "unplugged")
    assert step.wake == NEVER
    back = master.step(now + 900 * MS, b"", (PortUp(),))
    assert master.step(back.wake).write


def test_pause_holds_the_next_request_until_resume() -> None:
    master, _, _, now = opened(AskVoltage(A), AskVoltage(B))
    now += 65 * MS
    step = master.step(now, answer(A, "02010100", volts(2201)), (Pause(),))
    assert master.step(step.wake).write == b""
    assert master.step(step.wake + 1, b"", (Resume(),)).write != b""


def test_stop_reaches_the_sources_and_ends_the_line() -> None:
    master, source, _, now = opened(AskVoltage(A), AskVoltage(B))
    step = master.step(now + 1 * MS, b"", (Stop(),))
    assert source.messages[-1] == Stop()
    assert [item.state for item in step.out if isinstance(item, LineState)] == ["stopped"]
    assert master.step(now + 9_000 * MS).write == b""
