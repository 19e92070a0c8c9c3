"""What a line says, as frames of any of its protocols."""

from hypothesis import given
from hypothesis import strategies as st

from edge.bus.hearing import Hearing
from protocol.exchange import DLT645, DLT698, MODBUS, Request
from tests.edge import wire645, wire698, wire_modbus
from tests.edge.wire645 import AskVoltage, volts
from tests.edge.wire_modbus import AskOil

METER = wire645.answer("000000000001", "02010100", volts(2201))
OIL = wire_modbus.answer(7, 652, 1)
NEWER = wire698.answer("000000000002", 2316, wake=0)
TORN = wire698.frame("000000000002", 0xC3, bytes(90))[:30]
ASK_METER, ASK_OIL = AskVoltage("000000000001").start(), AskOil("tmu1", 7).start()
ASK_NEWER = wire698.AskVolts("000000000002").start()
TURNS = ((ASK_OIL, OIL, MODBUS), (ASK_METER, METER, DLT645), (ASK_NEWER, NEWER, DLT698))


def test_what_stands_behind_a_frame_is_told_whichever_protocol_spoke_before() -> None:
    hearing = Hearing()
    for request, reply, protocol in 2 * TURNS:
        hearing.ask(request)
        assert hearing.protocol == protocol
        frame = hearing.feed(b"\x55" * 5 + reply + b"\x55" * 3)
        assert frame is not None
        assert frame.answer
        assert hearing.behind(frame) == 3
        assert hearing.back == len(reply) + 8
        hearing.pass_over(frame)
        assert hearing.back == 3
        assert hearing.feed(b"") is None


def test_noise_is_counted_over_all_protocols() -> None:
    hearing = Hearing()
    for request in (ASK_OIL, ASK_METER, ASK_NEWER, ASK_OIL):
        hearing.ask(request)
        hearing.feed(b"\x55" * 10)
        hearing.gap()
    assert hearing.noise == 40


def test_what_stands_whole_behind_a_torn_frame_is_nobodys_once_another_protocol_is_asked() -> None:
    hearing = Hearing()
    hearing.ask(ASK_NEWER)
    assert hearing.feed(TORN + NEWER) is None
    hearing.ask(ASK_METER)
    hearing.ask(ASK_NEWER)
    assert hearing.feed(b"") is None
    frame = hearing.feed(NEWER)
    assert frame is not None
    assert hearing.behind(frame) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ASK_OIL, ASK_METER, ASK_NEWER]),
            st.binary(max_size=60) | st.sampled_from([METER, OIL, NEWER, NEWER[:16]]),
        )
    )
)
def test_any_bytes_raise_nothing_and_only_whole_answers_to_the_question_are_framed(
    story: list[tuple[Request, bytes]],
) -> None:
    hearing = Hearing()
    for request, data in story:
        hearing.ask(request)
        frame = hearing.feed(data)
        while frame is not None:
            assert frame.raw in data
            assert 0 <= hearing.behind(frame) < len(data)
            frame = hearing.feed(b"")
