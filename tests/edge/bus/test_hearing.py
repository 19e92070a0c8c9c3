"""What a line says, as frames of either protocol."""

from hypothesis import given
from hypothesis import strategies as st

from edge.bus.hearing import Hearing
from protocol.exchange import DLT645, MODBUS
from tests.edge import wire645, wire_modbus
from tests.edge.wire645 import AskVoltage, volts
from tests.edge.wire_modbus import AskOil

METER = wire645.answer("000000000001", "02010100", volts(2201))
OIL = wire_modbus.answer(7, 652, 1)
ASK_METER, ASK_OIL = AskVoltage("000000000001").start(), AskOil("tmu1", 7).start()


def test_what_stands_behind_a_frame_is_told_whichever_protocol_spoke_before() -> None:
    hearing = Hearing()
    for request, reply, protocol in 2 * ((ASK_OIL, OIL, MODBUS), (ASK_METER, METER, DLT645)):
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


def test_noise_is_counted_over_both_protocols() -> None:
    hearing = Hearing()
    for request in (ASK_OIL, ASK_METER, ASK_OIL):
        hearing.ask(request)
        hearing.feed(b"\x55" * 10)
        hearing.gap()
    assert hearing.noise == 30


def test_the_beginning_of_an_echo_that_goes_no_further_is_noise_at_the_gap() -> None:
    hearing = Hearing()
    hearing.ask(ASK_OIL)
    hearing.feed(ASK_OIL.data[:5])
    assert (hearing.back, hearing.noise) == (0, 0)
    hearing.gap()
    assert (hearing.echoes, hearing.noise) == (0, 5)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60) | st.sampled_from([METER, OIL]))))
def test_any_bytes_raise_nothing_and_only_whole_answers_to_the_question_are_framed(
    story: list[tuple[bool, bytes]],
) -> None:
    hearing = Hearing()
    for unit, data in story:
        hearing.ask(ASK_OIL if unit else ASK_METER)
        frame = hearing.feed(data)
        while frame is not None:
            assert frame.raw in data
            assert 0 <= hearing.behind(frame) < len(data)
            frame = hearing.feed(b"")
