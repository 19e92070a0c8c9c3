"""The TMU by its registers: every function, exception and silence of Modbus RTU."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware
from tests.firmware_sim.firmware.bench_tmu import (
    CHAR_US,
    DRY_TYPE,
    GAP_US,
    OIL_TYPE,
    SECOND,
    Bench,
)
from tests.firmware_sim.modbus import answer, crc, frame, read, words, write, write_many

NONE = 0x8000
REFUSED = 0x80


def refusal(burst: bytes | None) -> tuple[int, int]:
    """Function and code of an exception answer."""
    assert burst is not None
    function, data = answer(burst)
    assert len(data) == 1
    assert function & REFUSED
    return function & ~REFUSED, data[0]


def inputs(bench: Bench) -> list[int]:
    """All input registers."""
    burst = bench.ask(read())
    assert burst is not None
    return words(burst)


def test_the_input_registers_show_what_the_sensors_see() -> None:
    assert inputs(Bench()) == [
        1, 0, 523, NONE, NONE, NONE, 387, 0x10000 - 51, 654, 42, 0, 0, 0, 0, 1, 1203, 0x0100,
    ]  # fmt: skip


def test_a_dry_type_shows_windings_and_no_oil() -> None:
    bench = Bench(fitted=DRY_TYPE, wa=8005, wb=-105, wc=7994)
    assert inputs(bench)[2:6] == [NONE, 801, 0x10000 - 11, 799]


def test_a_part_of_the_registers_can_be_read() -> None:
    assert words(Bench().ask(read(6, 3)) or b"") == [387, 0x10000 - 51, 654]


def test_no_measured_value_can_be_taken_for_a_missing_sensor() -> None:
    shown = inputs(Bench(oil=-32768, humidity=65535, supply=65535, residual=327_680))
    assert NONE not in (shown[2], shown[8], shown[9], shown[15])
    assert shown[9] == 0x7FFF
    assert inputs(Bench(residual=0xFFFF_FFFF))[9] == 0x7FFF


def test_discrete_inputs_are_the_status_bits_lowest_first() -> None:
    bench = Bench(contacts=0b101, failed=1)
    whole = answer(bench.ask(read(0, 10, function=2)) or b"")
    assert whole == (2, bytes([2, 0b0100_0101, 0b00]))
    assert inputs(bench)[1] == 0b00_0100_0101
    assert answer(bench.ask(read(2, 5, function=2)) or b"") == (2, bytes([1, 0b1_0001]))


def test_holding_registers_begin_with_the_settings_of_the_switches() -> None:
    bench = Bench(unit=7, speed=24, parity=0)
    assert (bench.core.rate, words(Bench().ask(read(0, 7, function=3)) or b"")) == (
        2400,
        [1, 96, 2, 650, 850, 950, 500],
    )


def test_switches_out_of_range_leave_the_default() -> None:
    bench = Bench(unit=0, speed=97, parity=9)
    assert words(bench.ask(read(0, 3, function=3)) or b"") == [1, 96, 2]


def test_one_register_is_written_and_echoed() -> None:
    bench = Bench()
    question = write(3, 600)
    assert bench.ask(question) == question
    assert words(bench.ask(read(3, 1, function=3)) or b"") == [600]


def test_several_registers_are_written_and_counted() -> None:
    bench = Bench()
    assert answer(bench.ask(write_many(3, 500, 600, 700)) or b"") == (0x10, bytes([0, 3, 0, 3]))
    assert words(bench.ask(read(3, 4, function=3)) or b"") == [500, 600, 700, 500]


def test_of_several_registers_none_is_written_when_one_is_refused() -> None:
    bench = Bench()
    assert refusal(bench.ask(write_many(3, 500, 600, 9999))) == (0x10, 3)
    assert words(bench.ask(read(3, 3, function=3)) or b"") == [650, 850, 950]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (read(function=1), (1, 1)),
        (frame(1, 0x2B, b"\x0e\x01\x00"), (0x2B, 1)),
        (frame(1, 7, b""), (7, 1)),
        (read(0, 18), (4, 2)),
        (read(17, 1), (4, 2)),
        (read(0xFFFF, 2), (4, 2)),
        (read(0, 8, function=3), (3, 2)),
        (read(0, 11, function=2), (2, 2)),
        (write(7, 1), (6, 2)),
        (write(2, 0xFF00, function=5), (5, 2)),
        (write_many(6, 500, 1), (0x10, 2)),
        (read(0, 0), (4, 3)),
        (read(0, 126), (4, 3)),
        (read(0, 2001, function=2), (2, 3)),
        (write(0, 0), (6, 3)),
        (write(0, 248), (6, 3)),
        (write(1, 97), (6, 3)),
        (write(2, 3), (6, 3)),
        (write(3, 2501), (6, 3)),
        (write(6, 9), (6, 3)),
        (write(0, 1, function=5), (5, 3)),
        (frame(1, 4, b"\x00\x00\x00"), (4, 3)),
        (frame(1, 4, b""), (4, 3)),
        (frame(1, 6, b"\x00\x03\x02"), (6, 3)),
        (frame(1, 0x10, b"\x00\x03\x00\x01"), (0x10, 3)),
        (frame(1, 0x10, b"\x00\x03\x00\x01\x02\x02\x58\x00"), (0x10, 3)),
        (frame(1, 0x10, b"\x00\x03\x00\x02\x02\x02\x58"), (0x10, 3)),
        (frame(1, 0x10, b"\x00\x03\x00\x00\x00"), (0x10, 3)),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(
    request_: bytes, expected: tuple[int, int]
) -> None:
    bench = Bench()
    before = words(bench.ask(read(0, 7, function=3)) or b"")
    assert refusal(bench.ask(request_)) == expected
    assert words(bench.ask(read(0, 7, function=3)) or b"") == before


@pytest.mark.parametrize(
    "said",
    [
        read(unit=2),
        read(unit=0),
        read()[:-1] + bytes([read()[-1] ^ 1]),
        read() + b"\x55",
        b"\x00" + read(),
        b"\x01",
        b"\x01\x7e\x80",
        crc(b"") + b"\x00\x00",
        frame(1, 0x84, b"\x02"),
        frame(1, 0, b""),
        bytes([1]) * 300,
    ],
)
def test_what_is_not_for_it_or_not_whole_meets_silence(said: bytes) -> None:
    bench = Bench()
    assert bench.ask(said) is None
    assert bench.ask(read()) is not None


def test_a_broadcast_write_is_done_and_not_answered() -> None:
    bench = Bench()
    assert bench.ask(write(3, 600, unit=0)) is None
    assert bench.ask(write(0, 9, unit=0)) is None
    assert words(bench.ask(read(0, 4, unit=9, function=3)) or b"", 9) == [9, 96, 2, 600]


def test_new_line_settings_hold_after_the_answer() -> None:
    bench = Bench()
    question = write_many(0, 5, 192, 0)
    bench.hear(question, SECOND)
    assert bench.core.rate == 9600
    [(_, said)] = bench.wait(SECOND)
    assert answer(said, 1) == (0x10, bytes([0, 0, 0, 3]))
    assert bench.core.rate == 19200
    bench.hear(read(0, 3, function=3), SECOND, 11_000_000 // 19200)
    assert bench.wait(SECOND) == []
    bench.hear(read(0, 3, function=3, unit=5), SECOND, 11_000_000 // 19200)
    [(_, said)] = bench.wait(SECOND)
    assert words(said, 5) == [5, 192, 0]


def test_a_request_in_two_pieces_within_the_silence_is_one() -> None:
    bench = Bench()
    bench.hear(read()[:3], SECOND)
    bench.hear(read()[3:], GAP_US)
    assert len(bench.wait(SECOND)) == 1


def test_a_silence_of_more_than_3_5_characters_ends_the_frame() -> None:
    bench = Bench()
    bench.hear(read()[:3], SECOND)
    bench.hear(read()[3:], GAP_US + 50)
    assert bench.wait(SECOND) == []


def test_what_follows_a_foreign_frame_without_silence_belongs_to_it() -> None:
    bench = Bench()
    bench.hear(read(unit=2), SECOND)
    bench.hear(read(), CHAR_US)
    assert bench.wait(SECOND) == []


def test_above_19200_the_silence_is_1750_microseconds() -> None:
    char_us = 11_000_000 // 115_200
    for pause, answers in ((1700, 1), (1900, 0)):
        bench = Bench(speed=1152, delay_us=0)
        bench.hear(read()[:3], SECOND, char_us)
        bench.hear(read()[3:], pause, char_us)
        assert len(bench.wait(SECOND)) == answers


@pytest.mark.parametrize("delay_us", [0, 1000, 20_000, 300_000])
def test_the_answer_begins_after_the_delay_and_never_before_the_silence(delay_us: int) -> None:
    bench = Bench(delay_us=delay_us)
    bench.hear(read(), SECOND)
    asked = bench.t
    [(at, _)] = bench.wait(SECOND)
    assert at - asked >= max(delay_us, GAP_US)
    assert at - asked <= max(delay_us, GAP_US + CHAR_US + 10)


def test_a_new_request_replaces_an_answer_that_has_not_gone_out() -> None:
    bench = Bench(delay_us=100_000)
    bench.hear(read(), SECOND)
    bench.hear(read(0, 1), 50_000)
    [(_, said)] = bench.wait(SECOND)
    assert words(said) == [1]


@pytest.mark.parametrize("silence_s", [500, 700, 1100, 1700])
def test_a_foreign_frame_long_ago_does_not_count_as_the_beginning(silence_s: int) -> None:
    bench = Bench()
    assert bench.ask(read(unit=3)) is None
    bench.wait(silence_s * SECOND)
    bench.hear(read())
    assert len(bench.wait(SECOND)) == 1


def test_a_broadcast_takes_back_an_answer_that_has_not_gone_out() -> None:
    bench = Bench(delay_us=100_000)
    bench.hear(read(), SECOND)
    bench.hear(write(3, 600, unit=0), 50_000)
    assert bench.wait(SECOND) == []


@pytest.mark.parametrize("start", [0, (1 << 30) - 3 * SECOND, (1 << 29) - 5 * SECOND])
def test_the_tick_counter_may_wrap_and_silence_may_last_for_hours(start: int) -> None:
    bench = Bench(t=start)
    for hours in (0, 1, 2):
        bench.wait(3600 * SECOND)
        assert 3600 * (hours + 1) <= inputs(bench)[11] <= 3600 * (hours + 1) + 2
        assert bench.ask(read(unit=3)) is None


def test_the_uptime_counts_seconds_in_32_bits() -> None:
    bench = Bench()
    bench.wait(70_000 * SECOND)
    shown = inputs(bench)
    assert abs((shown[10] << 16 | shown[11]) - 70_000) <= 1


@given(st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 20_000)), max_size=6))
def test_any_bytes_leave_it_whole_and_answering(said: list[tuple[bytes, int]]) -> None:
    bench = Bench()
    for data, pause in said:
        bench.hear(data, pause)
    bench.wait(SECOND)
    unit = firmware("tmu.registers").UNIT
    now = bench.core.holding[unit]  # type: ignore[attr-defined]
    assert bench.ask(read(unit=now)) is not None


@given(function=st.sampled_from([1, 2, 3, 4, 5, 6, 0x10, 0x2B]), data=st.binary(max_size=40))
def test_any_request_gets_exactly_one_right_answer(function: int, data: bytes) -> None:
    bench = Bench(fitted=OIL_TYPE)
    burst = bench.ask(frame(1, function, data))
    assert burst is not None
    got, rest = answer(burst)
    assert got in (function, function | REFUSED)
    if got & REFUSED:
        assert rest in (b"\x01", b"\x02", b"\x03")
