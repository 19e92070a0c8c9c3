"""One read of one item: what each frame on the line means to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cext.framing import Frame645, Scanner645
from protocol.dlt645.read import Read
from protocol.dlt645.table import items
from protocol.exchange import Again, Done, Exchange, NotMine, Refused, Request
from protocol.quantity import quantity
from tests.cext.streams import drain, encode
from tests.protocol.dlt645.wire import bcd, di, frame

METER = "123456789012"
OTHER = "123456789013"


def numbers(verdict: object) -> tuple[int | None, ...]:
    assert isinstance(verdict, Done)
    return tuple(value.scaled for value in verdict.values)


def test_the_request_is_the_standards() -> None:
    exchange: Exchange = Read(METER, "00010000", wake=4)
    request = exchange.start()
    assert request.data == bytes.fromhex("FEFEFEFE 68 129078563412 68 11 04 33333433 68 16")
    assert request.answer_bytes == 4 + 12 + 4 + 4
    assert request.expect is None
    assert (exchange.address, exchange.item) == (METER, "00010000")
    assert exchange.quantities == (quantity("energy_forward"),)


def test_wake_up_bytes_are_as_many_as_asked() -> None:
    assert Read(METER, 0x02010100, wake=0).start().data[0] == 0x68
    assert Read(METER, 0x02010100, wake=1).start().answer_bytes == 1 + 12 + 4 + 2


def test_an_answer_is_the_value() -> None:
    verdict = Read(METER, "02010100").on_frame(
        frame(METER, 0x91, di("02010100") + bytes.fromhex("0122"))
    )
    assert numbers(verdict) == (2201,)
    assert isinstance(verdict, Done)
    assert verdict.values[0].quantity.name == "voltage_a"


def test_a_block_is_all_its_values_and_ff_is_none() -> None:
    data = di("0201FF00") + bytes.fromhex("0122 FFFF 0322")
    assert numbers(Read(METER, "0201FF00").on_frame(frame(METER, 0x91, data))) == (2201, None, 2203)


def test_a_meter_with_two_tariffs_has_no_value_for_the_others() -> None:
    data = di("0001FF00") + b"".join(bcd(n, 4, False) for n in (300, 100, 200))
    verdict = Read(METER, "0001FF00").on_frame(frame(METER, 0x91, data))
    assert numbers(verdict) == (300, 100, 200, None, None)


def test_the_own_echo_is_not_an_answer() -> None:
    assert Read(METER, "02010100").on_frame(frame(METER, 0x11, di("02010100"))) == NotMine("echo")


def test_another_meters_answer_is_not_mine() -> None:
    answer = frame(OTHER, 0x91, di("02010100") + b"\x01\x22")
    assert Read(METER, "02010100").on_frame(answer) == NotMine("address")


def test_an_answer_to_another_question_is_not_mine() -> None:
    answer = frame(METER, 0x91, di("02010200") + b"\x01\x22")
    assert Read(METER, "02010100").on_frame(answer) == NotMine("identifier")


@pytest.mark.parametrize("control", [0x92, 0xB2, 0xD2, 0x93, 0x94, 0x81, 0xC1, 0xF1])
def test_another_function_is_not_mine(control: int) -> None:
    answer = frame(METER, control, di("02010100") + b"\x01\x22")
    assert Read(METER, "02010100").on_frame(answer) == NotMine("function")


@pytest.mark.parametrize("length", [0, 1, 3, 4])
def test_data_of_an_impossible_length_is_no_value(length: int) -> None:
    answer = frame(METER, 0x91, di("02010100") + bytes(length))
    assert Read(METER, "02010100").on_frame(answer) == NotMine("length")


def test_an_answer_too_short_for_an_identifier_is_not_mine() -> None:
    assert Read(METER, "02010100").on_frame(frame(METER, 0x91, b"\x00")) == NotMine("identifier")


@pytest.mark.parametrize("asked", ["AAAAAAAAAAAA", "AAAA56789012", "AAAAAAAAAA12"])
def test_a_wildcard_takes_the_meter_that_answers_with_its_own_address(asked: str) -> None:
    exchange = Read(asked, "02010100")
    assert numbers(exchange.on_frame(frame(METER, 0x91, di("02010100") + b"\x01\x22"))) == (2201,)


def test_an_abbreviated_address_takes_no_other_meter() -> None:
    answer = frame(OTHER, 0x91, di("02010100") + b"\x01\x22")
    assert Read("AAAA56789012", "02010100").on_frame(answer) == NotMine("address")


def test_an_error_answer_names_its_bits() -> None:
    verdict = Read(METER, "02010100").on_frame(frame(METER, 0xD1, b"\x06"))
    assert verdict == Refused(6, "no requested data; wrong password or not authorised")


def test_an_error_answer_without_a_reason_is_still_a_refusal() -> None:
    assert Read(METER, "02010100").on_frame(frame(METER, 0xD1, b"")) == Refused(
        0, "no reason given"
    )


TARIFFS = b"".join(bcd(n, 4, False) for n in (15, 1, 2, 3, 9))


def asked_next(verdict: object) -> Request:
    assert isinstance(verdict, Again)
    return verdict.request


def part(control: int, data: bytes, sequence: int | None = None) -> Frame645:
    tail = b"" if sequence is None else bytes([sequence])
    return frame(METER, control, di("0001FF00") + data + tail)


def test_an_answer_in_three_frames_is_collected() -> None:
    exchange = Read(METER, "0001FF00", wake=1)
    exchange.start()
    one = asked_next(exchange.on_frame(part(0xB1, TARIFFS[:7])))
    assert one.data == b"\xfe" + encode(bytes.fromhex(METER)[::-1], 0x12, di("0001FF00") + b"\x01")
    assert one.answer_bytes == 1 + 12 + 4 + 13 + 1
    two = asked_next(exchange.on_frame(part(0xB2, TARIFFS[7:9], 1)))
    assert two.data[-3] == 0x02 + 0x33
    assert numbers(exchange.on_frame(part(0x92, TARIFFS[9:], 2))) == (15, 1, 2, 3, 9)


def test_another_sequence_number_is_not_mine_and_changes_nothing() -> None:
    exchange = Read(METER, "0001FF00")
    exchange.on_frame(part(0xB1, TARIFFS[:8]))
    assert exchange.on_frame(part(0x92, TARIFFS[8:], 2)) == NotMine("sequence")
    assert exchange.on_frame(part(0x92, b"")) == NotMine("sequence")
    assert numbers(exchange.on_frame(part(0x92, TARIFFS[8:], 1))) == (15, 1, 2, 3, 9)


def test_a_first_answer_repeated_while_following_is_not_mine() -> None:
    exchange = Read(METER, "0001FF00")
    exchange.on_frame(part(0xB1, TARIFFS[:8]))
    assert exchange.on_frame(part(0xB1, TARIFFS[:8])) == NotMine("function")


def test_a_meter_may_refuse_while_following() -> None:
    exchange = Read(METER, "0001FF00")
    exchange.on_frame(part(0xB1, TARIFFS[:8]))
    assert exchange.on_frame(frame(METER, 0xD2, b"\x02")) == Refused(2, "no requested data")


def test_start_begins_anew() -> None:
    exchange = Read(METER, "0001FF00")
    first = exchange.start()
    exchange.on_frame(part(0xB1, TARIFFS[:8]))
    assert exchange.start() == first
    assert numbers(exchange.on_frame(part(0x91, TARIFFS))) == (15, 1, 2, 3, 9)


def test_an_answer_that_never_ends_is_given_up() -> None:
    exchange = Read(METER, "0001FF00")
    verdict = exchange.on_frame(part(0xB1, b"\x00" * 4))
    sequence = 0
    while isinstance(verdict, Again):
        sequence += 1
        assert sequence < 256
        verdict = exchange.on_frame(part(0xB2, b"\x00", sequence))
    assert verdict == NotMine("length")


def test_there_is_no_sequence_number_after_255() -> None:
    exchange = Read(METER, "0001FF00")
    verdict = exchange.on_frame(part(0xB1, b"\x00"))
    for sequence in range(1, 255):
        assert isinstance(verdict, Again)
        verdict = exchange.on_frame(part(0xB2, b"\x00", sequence))
    assert exchange.on_frame(part(0xB2, b"\x00", 255)) == NotMine("sequence")


def test_a_part_without_data_that_promises_more_is_not_followed() -> None:
    exchange = Read(METER, "0001FF00")
    assert exchange.on_frame(part(0xB1, b"")) == NotMine("length")


@pytest.mark.parametrize("address", ["12345678901", "12345678901X", ""])
def test_a_wrong_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        Read(address, "02010100")


def test_an_unknown_item_is_refused_at_once() -> None:
    with pytest.raises(KeyError):
        Read(METER, "FFFFFFFF")


@given(
    row=st.sampled_from(list(items().values())),
    seen=st.lists(
        st.tuples(
            st.sampled_from([0x91, 0xB1, 0x92, 0xB2, 0xD1, 0xD2, 0x11, 0x13]),
            st.booleans(),
            st.binary(max_size=40),
        ),
        max_size=8,
    ),
)
def test_no_frame_raises(row: object, seen: list[tuple[int, bool, bytes]]) -> None:
    exchange = Read(METER, row)  # type: ignore[arg-type]
    for control, named, data in seen:
        head = di(exchange.item) if named else b""
        verdict = exchange.on_frame(frame(METER, control, head + data))
        if isinstance(verdict, Done):
            assert tuple(value.quantity for value in verdict.values) == exchange.quantities


@given(st.binary(max_size=200))
def test_no_bytes_give_a_value_by_chance(noise: bytes) -> None:
    exchange = Read(METER, "02010100")
    for found in drain(Scanner645(), noise):
        assert not isinstance(exchange.on_frame(found), Done)
