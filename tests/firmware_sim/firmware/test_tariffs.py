"""Which tariff counts when, held against a calendar written apart, for any bytes."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware
from tests.firmware_sim.firmware.calendars import EPOCH, Reference, second

t: Any = firmware("lib.tariffs")

FACTORY = bytes(t.FACTORY)
SUMMER = datetime(2026, 8, 16, 20, 31, 45)


def bcd(*values: int) -> bytes:
    """Each as two digits."""
    return bytes(int(str(value), 16) for value in values)


@st.composite
def sound(draw: st.DrawFn) -> bytes:
    """A calendar as a master writes it, with a wrong byte now and then."""
    whole = st.integers
    switches = [
        bcd(draw(whole(0, 59)), draw(whole(0, 23)), draw(whole(1, 28)), draw(whole(7, 9)), 26)
        for _ in range(4)
    ]
    sets = []
    for _ in range(2):
        zones = [
            bytes([draw(whole(1, 2))]) + bcd(draw(whole(1, 31)), draw(whole(1, 12)))
            for _ in range(2)
        ]
        tables = [
            bytes([draw(whole(1, 4))]) + bcd(draw(whole(0, 59)), draw(whole(0, 23)))
            for _ in range(8)
        ]
        sets.append(b"".join(zones + tables))
    holidays = [
        bytes([draw(whole(1, 2))]) + bcd(draw(whole(1, 31)), draw(whole(7, 9)), 26)
        for _ in range(2)
    ]
    weekend = bytes([draw(whole(0, 127)), draw(whole(1, 2))])
    data = bytearray(b"".join([*switches, weekend, *sets, *holidays]))
    for _ in range(draw(whole(0, 2))):
        data[draw(whole(0, 89))] = draw(st.sampled_from((0, 0x99, 0xFF, 0x2A, 5)))
    return bytes(data)


CALENDARS = sound() | st.binary(min_size=90, max_size=90)
INSTANTS = st.datetimes(datetime(2026, 6, 25), datetime(2026, 10, 10)) | st.datetimes(
    EPOCH, datetime(2099, 12, 31)
)
SETS = st.integers(0, 3)


@settings(max_examples=200)
@given(CALENDARS, SETS, INSTANTS)
@example(FACTORY, 0, datetime(2028, 2, 29, 8, 0))
@example(b"\xff" * 90, 3, SUMMER)
@example(bytes(90), 0, SUMMER)
# of two zones, of two segments that begin together the later row holds
@example(FACTORY[:22] + bytes.fromhex("010101020101" + "010000" * 4) + FACTORY[40:], 0, SUMMER)
@example(
    FACTORY[:22] + bytes.fromhex("020101020101" + "010000020000" * 4) + FACTORY[52:], 0, SUMMER
)
def test_the_tariff_of_a_second_is_the_calendars(data: bytes, sets: int, now: datetime) -> None:
    assert t.tariff(data, 0, sets, second(now)) == Reference(data, sets).tariff(now)


@settings(max_examples=100)
@given(CALENDARS, SETS, INSTANTS)
def test_the_sets_in_force_are_those_the_switches_say(
    data: bytes, sets: int, now: datetime
) -> None:
    reference = Reference(data, sets)
    in_force = reference.day_set(now) | reference.zone_set(now) << 1
    assert t.in_force(data, 0, sets, second(now)) == in_force


@settings(max_examples=60)
@given(CALENDARS, SETS, INSTANTS, st.integers(1, 4 * 86_400))
def test_a_change_is_the_next_second_of_another_tariff(
    data: bytes, sets: int, now: datetime, ahead: int
) -> None:
    start = second(now)
    found = t.change(data, 0, sets, start, start + ahead)
    reference = Reference(data, sets)
    first = reference.tariff(now)
    # nothing changes but with a minute
    minute = now.replace(second=0, microsecond=0)
    while (minute := minute + timedelta(minutes=1)) < EPOCH + timedelta(seconds=start + ahead):
        if reference.tariff(minute) != first:
            break
    assert found == min(second(minute), start + ahead)


def test_as_it_leaves_the_factory_it_never_differs_from_the_chips_sorting() -> None:
    assert t.differs_from(FACTORY, 0, 0, second(SUMMER)) == -1
    # nor with other rows that sort alike, nor with a switch between such sets
    data = bytearray(FACTORY)
    data[28:40] = bytes.fromhex("040000020008020012040022")
    data[5:10] = bcd(0, 0, 1, 9, 26)
    assert t.differs_from(data, 0, 0, second(SUMMER)) == -1


@settings(max_examples=100)
@given(CALENDARS, SETS, st.integers(0, 30 * 48))
def test_before_it_says_so_no_calendar_sorts_otherwise_than_the_chip(
    data: bytes, sets: int, half_hours: int
) -> None:
    start = datetime(2026, 7, 10)
    first = t.differs_from(data, 0, sets, second(start))
    now = start + timedelta(minutes=30 * half_hours)
    if first < 0 or second(now) < first:
        chip = 2 if 8 <= now.hour < 22 else 4
        assert Reference(data, sets).tariff(now) == chip


def test_a_set_that_is_switched_to_counts_from_the_switch_on() -> None:
    data = bytearray(FACTORY)
    data[58:70] = bytes.fromhex("010000020006030012040023")
    data[70:82] = data[58:70]
    data[5:10] = bcd(30, 13, 20, 8, 26)
    at = datetime(2026, 8, 20, 13, 30)
    assert t.differs_from(data, 0, 0, second(SUMMER)) == second(at)
    assert t.tariff(data, 0, 0, second(at) - 1) == 2
    assert t.tariff(data, 0, 0, second(at)) == 3
