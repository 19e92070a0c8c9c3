"""What a meter is told to do: writing, freezing, clearing, switching, and who may (7.4-7.13)."""

from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware
from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.frames import NUMBER, Answer, answer, digits, read, request
from tests.firmware_sim.held import Held, second, stamp

FACTORY = b"\x02\x00\x00\x00"
OPERATOR = b"\x78\x56\x34\x12"
AFTERNOON = datetime(2026, 8, 16, 15, 0, 0)
EVERYBODY = "999999999999"
_ZONES = bytes.fromhex("010302020710")
_TABLE = bytes.fromhex("010000020106030012040023")
CALENDAR = {
    **dict.fromkeys(("04000106", "04000107", "04000108", "04000109"), b"\x30\x11\x12\x09\x27"),
    "04000802": b"\x02",
    "04010000": _ZONES, "04010001": _TABLE, "04010002": _TABLE,
    "04020000": _ZONES, "04020001": _TABLE, "04020002": _TABLE,
    "04030001": bytes.fromhex("02020330"), "04030002": bytes.fromhex("01311231"),
}  # fmt: skip
"""What of the calendar of tariffs a meter takes; not as it left the factory."""


def meter(when: datetime = AFTERNOON, elements: int = 1) -> Bench:
    """A meter with a store, at an instant of its clock."""
    bench = Bench(elements, memory=Held(elements).store)
    clock(bench, when)
    return bench


def clock(bench: Bench, when: datetime) -> None:
    """Set the board's clock."""
    bench.rtc = (*when.timetuple()[:3], when.weekday(), when.hour, when.minute, when.second, 0)


def do(bench: Bench, control: int, data: bytes, number: str = NUMBER) -> Answer:
    """The answer to an order."""
    return answer(bench.ask(request(number, control, data)) or b"")


def write(bench: Bench, item: str, data: bytes, password: bytes = FACTORY) -> Answer:
    """The answer to a write."""
    return do(bench, 0x14, bytes.fromhex(item)[::-1] + password + OPERATOR + data)


def value(bench: Bench, item: str, number: str = NUMBER) -> str:
    """The digits of an item; "" if it is refused."""
    got = answer(bench.ask(read(number, item)) or b"")
    return digits(got.raw) if got.control == 0x91 else ""


def test_what_is_written_is_read_back() -> None:
    bench = meter()
    rows = firmware("meter645.settings").ROWS
    for d2, d1, d0, size, _, level in rows:
        item = f"04{d2:02X}{d1:02X}{d0:02X}"
        data = CALENDAR.get(item, bytes(range(0x11, 0x11 + size)))
        got = write(bench, item, data)
        if level < 0:
            assert (got.control, got.data) == (0xD4, b"\x04"), item
        else:
            assert (got.control, got.data) == (0x94, b""), item
            assert value(bench, item) == digits(data), item


def test_a_write_of_the_wrong_length_changes_nothing() -> None:
    bench = meter()
    assert write(bench, "04000103", b"\x30\x30").data == b"\x01"
    assert write(bench, "04000103", b"").data == b"\x01"
    assert value(bench, "04000103") == "15"


def test_what_is_not_there_cannot_be_written() -> None:
    assert write(meter(), "02010100", b"\x00\x22").data == b"\x02"
    assert write(meter(), "04FF0101", b"\x00").data == b"\x02"


@pytest.mark.parametrize(
    "password", [b"\x02\x01\x00\x00", b"\x05\x00\x00\x00", b"\x98\x00\x00\x00"]
)
def test_a_wrong_password_or_a_level_that_may_not_is_denied(password: bytes) -> None:
    bench = meter()
    got = write(bench, "04000103", b"\x30", password)
    assert (got.control, got.data) == (0xD4, b"\x04")
    assert value(bench, "04000103") == "15"


def test_five_wrong_passwords_lock_the_meter_until_the_next_day() -> None:
    bench = meter()
    for _ in range(5):
        write(bench, "04000103", b"\x30", b"\x02\x01\x00\x00")
    assert write(bench, "04000103", b"\x30").data == b"\x04"
    clock(bench, AFTERNOON + timedelta(hours=9))
    assert write(bench, "04000103", b"\x30").control == 0x94


def test_four_wrong_ones_and_a_right_one_do_not_lock() -> None:
    bench = meter()
    for _ in range(3):
        for _ in range(4):
            write(bench, "04000103", b"\x30", b"\x02\x01\x00\x00")
        assert write(bench, "04000103", b"\x30").control == 0x94


def test_a_password_is_changed_by_who_knows_the_old_one_and_never_read() -> None:
    bench = meter()
    item = bytes.fromhex("04000C03")[::-1]
    new = b"\x02\x56\x34\x12"
    assert do(bench, 0x18, item + b"\x02\x01\x00\x00" + new).data == b"\x04"
    got = do(bench, 0x18, item + FACTORY + new)
    assert (got.control, got.data) == (0x98, new)
    assert write(bench, "04000103", b"\x30").data == b"\x04"
    assert write(bench, "04000103", b"\x30", new).control == 0x94
    refused = answer(bench.ask(read(NUMBER, "04000C03")) or b"")
    assert (refused.control, refused.data) == (0xD1, b"\x04")


def test_the_address_is_written_with_15_only_while_the_key_is_pressed() -> None:
    bench = meter()
    data = bytes.fromhex("000000000042")[::-1]
    assert bench.ask(request("A" * 12, 0x15, data)) is None
    bench.meter.key = True  # type: ignore[attr-defined]
    assert bench.ask(request(NUMBER, 0x15, data)) is None
    got = answer(bench.ask(request("A" * 12, 0x15, data)) or b"")
    assert (got.control, got.number, got.data) == (0x95, "000000000042", b"")
    assert bench.ask(read(NUMBER, "02010100")) is None
    assert value(bench, "04000401", "000000000042") == "000000000042"
    assert value(bench, "04000402", "000000000042") == NUMBER


def test_the_clock_is_set_by_a_write_and_runs_on() -> None:
    bench = meter()
    assert write(bench, "0400010C", b"\x30\x15\x09\x01\x03\x02\x26").control == 0x94
    clock(bench, AFTERNOON + timedelta(minutes=1))
    assert value(bench, "0400010C") == "26020302" + "091630"
    # 3 February 2026 was a Tuesday, whatever weekday was written
    assert value(bench, "04000101") == "26020302"


def test_no_clock_is_set_to_a_day_that_is_not() -> None:
    bench = meter()
    assert write(bench, "04000101", b"\x00\x30\x02\x26").data == b"\x01"
    assert write(bench, "04000102", b"\x00\x60\x12").data == b"\x01"
    assert value(bench, "04000101") == "26081600"


@pytest.mark.parametrize(
    ("now", "told", "taken"),
    [
        (AFTERNOON, AFTERNOON + timedelta(seconds=300), True),
        (AFTERNOON, AFTERNOON - timedelta(seconds=300), True),
        (AFTERNOON, AFTERNOON + timedelta(seconds=301), False),
        (datetime(2026, 8, 16, 23, 54, 0), datetime(2026, 8, 16, 23, 56, 0), False),
        (datetime(2026, 8, 16, 0, 4, 0), datetime(2026, 8, 16, 0, 6, 0), False),
    ],
)
def test_broadcast_time_is_taken_within_five_minutes_and_not_around_midnight(
    now: datetime, told: datetime, taken: bool
) -> None:
    bench = meter(now)
    assert bench.ask(request(EVERYBODY, 0x08, stamp(told))) is None
    assert value(bench, "04000102") == (told if taken else now).strftime("%H%M%S")


def test_broadcast_time_is_taken_once_a_day() -> None:
    bench = meter()
    for seconds, shown in ((100, "150140"), (160, "150140")):
        bench.ask(request(EVERYBODY, 0x08, stamp(AFTERNOON + timedelta(seconds=seconds))))
        assert value(bench, "04000102") == shown
    clock(bench, AFTERNOON + timedelta(days=1))
    bench.ask(request(EVERYBODY, 0x08, stamp(AFTERNOON + timedelta(days=1))))
    assert value(bench, "04000102") == "150000"


def test_a_broadcast_freeze_is_silent_and_kept_three_deep() -> None:
    bench = meter()
    for minute in range(4):
        clock(bench, AFTERNOON + timedelta(minutes=minute))
        assert bench.ask(request(EVERYBODY, 0x16, b"\x99" * 4)) is None
    times = [value(bench, f"050100{n:02X}") for n in (1, 2, 3, 4)]
    assert times == ["2608161503", "2608161502", "2608161501", ""]


@pytest.mark.parametrize(
    ("pattern", "last"),
    [
        (b"\x30\x12\x05\x99", ["2608051230", "2607051230"]),
        (b"\x30\x12\x99\x99", ["2608161230", "2608151230"]),
        (b"\x30\x99\x99\x99", ["2608161430", "2608161330"]),
        (b"\x00\x00\x01\x07", ["2607010000", "2507010000"]),
    ],
)
def test_timed_freezes_follow_the_pattern_mm_hh_dd_mm(pattern: bytes, last: list[str]) -> None:
    bench = meter(AFTERNOON - timedelta(days=800))
    assert do(bench, 0x16, pattern).control == 0x96
    clock(bench, AFTERNOON)
    assert [value(bench, f"050000{n:02X}") for n in (1, 2)] == last


def test_a_new_pattern_has_no_freezes_of_before_its_command() -> None:
    bench = meter(AFTERNOON - timedelta(hours=5))
    do(bench, 0x16, b"\x30\x12\x99\x99")
    clock(bench, AFTERNOON)
    assert [value(bench, f"050000{n:02X}") for n in (1, 2)] == ["2608161230", ""]


@pytest.mark.parametrize(
    "data",
    [b"\x99\x99\x99", b"\x60\x99\x99\x99", b"\x00\x24\x99\x99", b"\x00\x99\x01\x99", b"\x0a" * 4],
)
def test_a_freeze_at_no_instant_is_refused(data: bytes) -> None:
    got = do(meter(), 0x16, data)
    assert (got.control, got.data) == (0xD6, b"\x01")


def test_the_speed_changes_behind_the_answer() -> None:
    bench = meter()
    bench.hear(request(NUMBER, 0x17, b"\x40"), pause_us=1000)
    assert bench.meter.rate == 0
    said = bench.say()
    assert said is not None
    assert (answer(said[1]).control, answer(said[1]).data) == (0x97, b"\x40")
    assert bench.meter.rate == 19200


@pytest.mark.parametrize("word", [b"\x00", b"\x01", b"\x80", b"\x60", b"\x20\x20"])
def test_a_speed_word_of_no_or_several_speeds_is_refused(word: bytes) -> None:
    got = do(meter(), 0x17, word)
    assert (got.control, got.data) == (0xD7, b"\x08")


def test_clearing_the_meter_is_refused_whatever_the_password() -> None:
    assert do(meter(), 0x1A, FACTORY + OPERATOR).data == b"\x04"


def test_demand_is_cleared_and_counted_from_there() -> None:
    bench = meter(elements=3)
    before = value(bench, "01010000")
    assert do(bench, 0x19, b"\x04\x00\x00\x00" + OPERATOR).control == 0x99
    assert value(bench, "01010000") != before
    assert value(bench, "03300200") == "000001"


def test_events_are_cleared_and_the_clearing_is_recorded() -> None:
    bench = meter()
    write(bench, "04000103", b"\x30")
    assert value(bench, "03300000") == "000001"
    assert do(bench, 0x1B, FACTORY + OPERATOR + b"\xff\xff\xff\xff").control == 0x9B
    assert value(bench, "03300000") == "000000"
    assert value(bench, "03300001") == ""
    assert value(bench, "03300300") == "000001"
    assert do(bench, 0x1B, FACTORY + OPERATOR + b"\x00\x00\x30\x03").data == b"\x01"


def relay(bench: Bench, what: int, until: datetime) -> Answer:
    """The answer to an order to the relay."""
    return do(bench, 0x1C, FACTORY + OPERATOR + bytes([what, 0]) + stamp(until))


def test_the_relay_trips_and_closes_and_says_so_in_status_word_3() -> None:
    bench = meter()
    tomorrow = AFTERNOON + timedelta(days=1)
    assert relay(bench, 0x1A, tomorrow).control == 0x9C
    assert value(bench, "04000503") == "0010"
    assert relay(bench, 0x1C, tomorrow).control == 0x9C
    assert value(bench, "04000503") == "0000"
    assert (value(bench, "1D000001"), value(bench, "1E000001")) == ("000001", "000001")


def test_the_relay_refuses_what_is_over_and_what_keeping_power_on_forbids() -> None:
    bench = meter()
    tomorrow = AFTERNOON + timedelta(days=1)
    assert relay(bench, 0x1A, AFTERNOON - timedelta(seconds=1)).data == b"\x01"
    assert relay(bench, 0x77, tomorrow).data == b"\x01"
    assert relay(bench, 0x3A, tomorrow).control == 0x9C
    assert relay(bench, 0x1A, tomorrow).data == b"\x01"
    assert value(bench, "04000503") == "0000"


@pytest.mark.parametrize("what", [0, 1, 2])
def test_the_multi_function_output_is_set_and_named(what: int) -> None:
    got = do(meter(), 0x1D, bytes([what]))
    assert (got.control, got.data) == (0x9D, bytes([what]))


def on(bench: Bench, item: str, seq: int) -> Answer:
    """The answer to a request for the next part."""
    return do(bench, 0x12, bytes.fromhex(item)[::-1] + bytes([seq]))


def test_a_part_is_given_again_and_none_is_passed_over() -> None:
    bench = meter()
    first = answer(bench.ask(read(NUMBER, "050601FF")) or b"")
    assert (first.control, len(first.raw)) == (0xB1, 195)
    one = on(bench, "050601FF", 1)
    assert (one.control, one.raw[-1]) == (0xB2, 1)
    assert on(bench, "050601FF", 1) == one
    assert on(bench, "050601FF", 3).data == b"\x02"
    assert on(bench, "050602FF", 2).data == b"\x02"
    assert on(bench, "050601FF", 2).raw[-1] == 2
    assert on(bench, "050601FF", 1).data == b"\x02"


def test_another_request_ends_the_parts() -> None:
    bench = meter()
    bench.ask(read(NUMBER, "050601FF"))
    assert value(bench, "02010100") == "2201"
    assert on(bench, "050601FF", 1).data == b"\x02"


def test_settlement_days_are_as_set() -> None:
    bench = meter()
    write(bench, "04000B01", b"\x06\x15")
    write(bench, "04000B02", b"\x00\x01")
    first = value(bench, "00010001")
    held = Held(1)
    energies = [
        held.energy(1, 0, when) for when in (datetime(2026, 8, 15, 6), datetime(2026, 8, 1))
    ]
    assert [int(first), int(value(bench, "00010002"))] == energies


@pytest.mark.parametrize(
    ("item", "data", "taken"),
    [
        ("04001203", b"\x30\x23", True),
        ("04001203", b"\x00\x25", False),
        ("04001203", b"\x60\x00", False),
        ("04001203", b"\xff\xff", False),
        ("04000B01", b"\x23\x31", True),
        ("04000B02", b"\x99\x99", True),
        ("04000B02", b"\x00\x99", False),
        ("04000B03", b"\x24\x01", False),
        ("04000B01", b"\x00\x00", False),
        ("04000B01", b"\x00\x32", False),
        ("04000B01", b"\x1a\x01", False),
    ],
)
def test_a_time_or_a_day_there_is_not_is_refused(item: str, data: bytes, taken: bool) -> None:
    bench = meter()
    before = value(bench, item)
    said = write(bench, item, data, b"\x04" + FACTORY[1:])
    assert (said.control, said.data) == ((0x94, b"") if taken else (0xD4, b"\x01"))
    assert value(bench, item) == (digits(data) if taken else before)


def test_a_meter_without_a_store_has_no_past() -> None:
    bench = Bench(elements=3)
    for item in ("00010001", "00030000", "01010000", "03110000", "05060101"):
        assert value(bench, item) == "", item
    assert value(bench, "00010000")


BYTES = st.one_of(st.sampled_from([0, 1, 2, 3, 9, 10, 16, 0x30, 0xFF]), st.integers(0, 255))
CLASS = st.one_of(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 0x1D, 0x1E]), st.integers(0, 255))


@given(CLASS, BYTES, BYTES, BYTES, st.sampled_from([1, 3]))
@settings(max_examples=600)
@example(5, 6, 9, 0xFF, 3)
@example(5, 6, 0xFF, 0xFF, 3)
@example(3, 0x30, 2, 0xFF, 3)
@example(3, 1, 1, 0xFF, 3)
@example(1, 1, 0xFF, 0xFF, 3)
def test_any_identifier_is_answered_or_refused_and_the_meter_lives(
    d3: int, d2: int, d1: int, d0: int, elements: int
) -> None:
    bench = busy(elements)
    tail = b"\x09" if d3 == 6 else b""
    data = bytes([d0, d1, d2, d3])
    got = do(bench, 0x11, data + tail)
    assert got.control in (0x91, 0xB1, 0xD1)
    seq = 0
    while got.control & 0x20:
        seq += 1
        got = do(bench, 0x12, data + bytes([seq]))
    assert seq < 9
    assert value(bench, "02010100") == "2201"


@cache
def busy(elements: int) -> Bench:
    """A meter whose rings are full."""
    bench = meter(elements=elements)
    for _ in range(12):
        do(bench, 0x19, FACTORY + OPERATOR)
        write(bench, "04000103", b"\x15")
    return bench


@given(st.integers(0, 0x1F), st.binary(max_size=40))
@settings(max_examples=400)
def test_any_order_leaves_the_meter_alive(control: int, data: bytes) -> None:
    bench = meter(elements=3)
    for body in (data, FACTORY + data, bytes.fromhex("01010004") + FACTORY + OPERATOR + data):
        bench.ask(request(NUMBER, control, body))
        bench.ask(request(EVERYBODY, control, body))
    assert value(bench, "02010100") == "2201"


def test_what_is_frozen_at_a_settlement_has_the_demand_of_the_month_that_ends_with_it() -> None:
    periods = Bench(elements=3).meter.periods  # type: ignore[attr-defined]
    periods.now = 840_000_000
    last, before = periods.settlement(1), periods.settlement(2)
    assert last - before > 27 * 86_400
    assert periods.peak_since_at(last, 0) == before
    assert periods.peak_since_at(last + 1, 0) == last


def test_three_settlements_a_month_or_one_on_the_31st_are_twelve() -> None:
    bench = meter(elements=3)
    periods = bench.meter.periods  # type: ignore[attr-defined]
    periods.now = second(AFTERNOON)
    write(bench, "04000B01", b"\x00\x31", b"\x04\0\0\0")
    ends = [periods.settlement(n) for n in range(1, 13)]
    assert ends[0] == second(datetime(2026, 7, 31))
    assert ends[11] == second(datetime(2024, 12, 31))
    write(bench, "04000B02", b"\x00\x10", b"\x04\0\0\0")
    write(bench, "04000B03", b"\x12\x20", b"\x04\0\0\0")
    # a demand of a year ago began with the settlement before it
    then = second(datetime(2025, 9, 15))
    assert periods.peak_since_at(then, 0) == second(datetime(2025, 9, 10))


def test_a_number_that_is_everybodys_is_no_meters() -> None:
    bench = meter()
    assert write(bench, "04000401", b"\x99" * 6).data == b"\x01"
    bench.meter.key = True  # type: ignore[attr-defined]
    assert bench.ask(request("AAAAAAAAAAAA", 0x15, b"\x99" * 6)) is None
    assert value(bench, "04000401") == NUMBER


def test_behind_the_answer_to_a_new_number_it_goes_by_the_new_one() -> None:
    bench, other = meter(), "370112109999"
    # it answers as it was asked
    assert write(bench, "04000401", bytes.fromhex(other)[::-1]).number == NUMBER
    assert bench.ask(read(NUMBER, "02010100")) is None
    for said in (read(other, "02010100"), request("AAAAAAAAAAAA", 0x13)):
        assert answer(bench.ask(said) or b"").number == other


def test_an_answer_that_did_not_go_out_leaves_it_its_old_number() -> None:
    bench, other = meter(), "370112109999"
    order = bytes.fromhex("01040004") + FACTORY + OPERATOR + bytes.fromhex(other)[::-1]
    bench.hear(request(NUMBER, 0x14, order))
    bench.hear(read(NUMBER, "02010100"))
    assert answer((bench.say() or (0, b""))[1]).number == NUMBER
    assert answer(bench.ask(read(other, "02010100")) or b"").number == other
