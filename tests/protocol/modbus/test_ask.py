"""Ask: every function of ours as the specification prints it, and what is made of any answer."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.exchange import MODBUS, Done, NotMine, Refused
from protocol.modbus import query
from protocol.modbus.ask import Ask
from protocol.modbus.query import Query
from tests.cext.conftest import KERNELS, load
from tests.cext.rtu import encode

# the examples of the application protocol V1.1b3 §6.1 to §6.17: question, then answer
BOOK = [
    (query.read(1, 0x13, 0x13), "01 0013 0013", "01 03 CD6B05"),
    (query.read(2, 0xC4, 0x16), "02 00C4 0016", "02 03 ACDB35"),
    (query.read(3, 0x6B, 3), "03 006B 0003", "03 06 022B 0000 0064"),
    (query.read(4, 8, 1), "04 0008 0001", "04 02 000A"),
    (query.write_coil(0xAC, True), "05 00AC FF00", "05 00AC FF00"),
    (query.write_register(1, 3), "06 0001 0003", "06 0001 0003"),
    (query.write_coils(0x13, [bool(0x1CD >> n & 1) for n in range(10)]),
     "0F 0013 000A 02 CD01", "0F 0013 000A"),
    (query.write_registers(1, [0x0A, 0x102]), "10 0001 0002 04 000A 0102", "10 0001 0002"),
    (query.server_id(), "11", "11 05 4153 42 43 FF"),
    (query.read_write(3, 6, 0x0E, [0xFF, 0xFF, 0xFF]),
     "17 0003 0006 000E 0003 06 00FF 00FF 00FF", "17 0C 00FE 0ACD 0001 0003 000D 00FF"),
]  # fmt: skip
IDS = [f"{one.function:02X}" for one, _, _ in BOOK]
UNIT = 17


def frame_of(text: str, unit: int = UNIT) -> bytes:
    body = bytes.fromhex(text)
    return encode(unit, body[0], body[1:])


def heard(exchange: Ask, raw: bytes, kernel: str = KERNELS[0]) -> object:
    """What the exchange makes of the first frame in the bytes; None = no frame is in them."""
    scanner = load("framing", kernel).ScannerModbus()
    expect = exchange.start().expect
    assert expect is not None
    scanner.expect(*expect)
    frame = scanner.feed(raw)
    return None if frame is None else exchange.on_frame(frame)


@pytest.mark.parametrize(("asked", "sent", "_"), BOOK, ids=IDS)
def test_a_question_is_the_specification_s(asked: Query, sent: str, _: str) -> None:
    request = Ask("u", UNIT, asked).start()
    assert request.data == frame_of(sent)
    assert request.protocol == MODBUS


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("asked", "_", "told"), BOOK, ids=IDS)
def test_its_answer_is_framed_and_done(asked: Query, _: str, told: str, kernel: str) -> None:
    exchange, raw = Ask("u", UNIT, asked), frame_of(told)
    assert exchange.start().answer_bytes in (len(raw), 256)
    assert heard(exchange, b"\x00\x11\x05" + raw, kernel) == Done(())
    assert exchange.data == raw[(2 if asked.echo else 3) : -2]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("asked", "_", "told"), BOOK, ids=IDS)
def test_no_answer_cut_short_is_one(asked: Query, _: str, told: str, kernel: str) -> None:
    body = bytes.fromhex(told)[1:]
    for size in range(len(body)):
        short = encode(UNIT, asked.function, body[:size])
        assert heard(Ask("u", UNIT, asked), short, kernel) is None


@pytest.mark.parametrize(("asked", "_", "told"), BOOK, ids=IDS)
def test_an_exception_is_a_refusal_by_name(asked: Query, _: str, told: str) -> None:
    raw = encode(UNIT, asked.function | 0x80, b"\x01")
    exchange = Ask("u", UNIT, asked)
    assert heard(exchange, raw) == Refused(1, "illegal function")
    assert exchange.data is None


def test_registers_and_bits_are_what_came() -> None:
    exchange = Ask("u", UNIT, BOOK[2][0])
    heard(exchange, frame_of(BOOK[2][2]))
    assert (exchange.registers, exchange.bits) == ((0x22B, 0, 0x64), ())
    exchange = Ask("u", UNIT, BOOK[0][0])
    heard(exchange, frame_of(BOOK[0][2]))
    states = "1011001111010110101"
    assert exchange.bits == tuple(letter == "1" for letter in states)
    assert exchange.registers == ()
    exchange = Ask("u", UNIT, BOOK[9][0])
    heard(exchange, frame_of(BOOK[9][2]))
    assert exchange.registers == (0xFE, 0xACD, 1, 3, 0xD, 0xFF)


def test_a_retry_forgets_what_came_before() -> None:
    exchange = Ask("u", UNIT, BOOK[2][0])
    heard(exchange, frame_of(BOOK[2][2]))
    exchange.start()
    assert (exchange.data, exchange.registers) == (None, ())


@pytest.mark.parametrize("place", [4, 5, 6, 7])
def test_a_write_answered_for_another_one_is_not_mine(place: int) -> None:
    asked = query.write_register(0x1234, 0x5678)
    raw = bytearray(frame_of("06 1234 5678")[:-2])
    raw[place - 2] ^= 1
    assert heard(Ask("u", UNIT, asked), encode(UNIT, 6, bytes(raw[2:]))) == NotMine("echo")


def test_frames_of_others_are_not_mine() -> None:
    exchange = Ask("u", UNIT, query.read(3, 0, 1))
    for raw, why in (
        (frame_of("03 02 0001", unit=18), "address"),
        (frame_of("04 02 0001"), "function"),
        (frame_of("03 04 0001 0002"), "length"),
    ):
        scanner = load("framing", KERNELS[0]).ScannerModbus()
        scanner.expect(raw[0], raw[1], len(raw))
        assert exchange.on_frame(scanner.feed(raw)) == NotMine(why)
    assert exchange.data is None


def test_a_write_to_all_has_no_answer_and_a_read_of_all_is_refused() -> None:
    request = Ask("all", 0, query.write_register(3, 800)).start()
    assert request.data == encode(0, 6, bytes.fromhex("0003 0320"))
    assert (request.answer_bytes, request.expect, request.protocol) == (0, None, MODBUS)
    for asked in (query.read(4, 0, 1), query.server_id(), query.read_write(0, 1, 0, [1])):
        with pytest.raises(ValueError, match=r"1\.\.247"):
            Ask("all", 0, asked)


@pytest.mark.parametrize("unit", [-1, 248, 255])
def test_a_unit_that_cannot_be_is_refused(unit: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.247"):
        Ask("u", unit, query.write_coil(0, False))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: query.read(0, 0, 1),
        lambda: query.read(5, 0, 1),
        lambda: query.read(1, 0, 2001),
        lambda: query.read(3, 0, 126),
        lambda: query.read(4, 0, 0),
        lambda: query.read(4, 0xFFFF, 2),
        lambda: query.read(4, -1, 1),
        lambda: query.write_coil(0x10000, True),
        lambda: query.write_register(0, 0x10000),
        lambda: query.write_register(0, -1),
        lambda: query.write_coils(0, []),
        lambda: query.write_coils(0, [True] * 1969),
        lambda: query.write_registers(0, [0] * 124),
        lambda: query.read_write(0, 126, 0, [0]),
        lambda: query.read_write(0, 1, 0, [0] * 122),
    ],
)
def test_what_no_unit_could_answer_is_not_asked(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"^(not|no) "):
        wrong()


@pytest.mark.parametrize(
    "longest",
    [
        query.read(1, 0, 2000),
        query.read(4, 0, 125),
        query.write_coils(0, [True] * 1968),
        query.write_registers(0, [0xFFFF] * 123),
        query.read_write(0, 125, 0, [0] * 121),
    ],
)
def test_the_longest_question_and_its_answer_are_frames(longest: Query) -> None:
    request = Ask("u", 1, longest).start()
    assert len(request.data) <= 256
    assert 5 <= request.answer_bytes <= 256


def any_frame(unit: int, function: int, data: bytes) -> Any:
    """A frame as no scanner would hand over."""
    return SimpleNamespace(
        unit=unit, function=function, data=data, raw=encode(unit, function, data)
    )


@pytest.mark.parametrize("count", [0, 1, 3, 255])
def test_a_byte_count_that_lies_is_not_mine(count: int) -> None:
    for asked in (query.read(3, 0, 1), query.read_write(0, 1, 0, [1]), query.server_id()):
        exchange = Ask("u", UNIT, asked)
        frame = any_frame(UNIT, asked.function, bytes([count, 0, 1]))
        assert exchange.on_frame(frame) == NotMine("length")
        assert exchange.data is None


@given(
    st.sampled_from([one for one, _, _ in BOOK]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(min_size=1, max_size=252),
)
def test_any_frame_gives_a_verdict(asked: Query, unit: int, function: int, data: bytes) -> None:
    exchange = Ask("u", UNIT, asked)
    verdict = exchange.on_frame(any_frame(unit, function, data))
    assert (verdict == Done(())) == (exchange.data is not None)
    if exchange.data is not None:
        assert (unit, function) == (UNIT, asked.function)
