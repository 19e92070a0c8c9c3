"""Energies by a calendar that is another than the chip's, held against a sum over the world."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.parts import Dar
from tests.firmware_sim.firmware.calendars import Reference, second
from tests.firmware_sim.firmware.tariffed import (
    AFTER,
    DAY,
    FACTORY,
    HOUR,
    NIGHT_AND_DAY,
    OPERATOR,
    PASSWORD,
    START,
    SWITCH,
    SWITCHED,
    Played,
    Stretch,
    counted,
    expected,
    minute,
    program,
    program698,
    shown,
    table,
    with_items,
)
from tests.firmware_sim.frames import answer, request


@pytest.mark.parametrize("kind", ["household", "feeder"])
def test_tariffs_rise_in_the_hours_of_the_new_table_from_its_date_on(kind: str) -> None:
    one, other = Played(kind), Played(kind, "meter698")
    program(one)
    program698(other)
    for now in (
        START + HOUR, SWITCH - timedelta(seconds=1), SWITCH, SWITCH + timedelta(seconds=1),
        SWITCH + 9 * HOUR, SWITCH + 9.5 * HOUR + timedelta(seconds=7), SWITCH + 5 * DAY, None,
        SWITCH + 5 * DAY + 11 * HOUR, SWITCH + 40 * DAY,
    ):  # fmt: skip
        if now is None:
            one.restart()
            other.restart()
            continue
        one.now = other.now = now
        right = shown(expected(one.meter, AFTER, now))
        assert one.energies() == right, now
        assert other.array("00100200") == right, now
        # the chip's own total
        assert right[0] == shown(counted(one.meter, now))[0]


def test_what_is_programmed_changes_nothing_before_its_date() -> None:
    meter = Played()
    program(meter)
    meter.now = SWITCH - HOUR
    assert meter.energies() == shown(counted(meter.meter, meter.now))
    assert meter.core.registers.chip[0x60:0x70] == b"".join(
        one.to_bytes(4, "big") for one in counted(meter.meter, meter.now)
    )


def test_reactive_and_apparent_energies_follow_the_same_calendar() -> None:
    meter = Played("feeder")
    program(meter)
    meter.now = SWITCH + DAY
    before = [meter.energies(f"00{d2:02X}FF00") for d2 in (3, 5, 9)]
    # 13:30 to 22:30: tariff 3 alone
    meter.now += 9 * HOUR
    for d2, old in zip((3, 5, 9), before, strict=True):
        new = meter.energies(f"00{d2:02X}FF00")
        risen = [b - a for a, b in zip(old, new, strict=True) if a is not None and b is not None]
        assert risen[0] > 0
        assert risen[1:3] + risen[4:] == [0, 0, 0], d2
        assert abs(risen[0] - risen[3]) <= 3
        assert 0 <= (new[0] or 0) - sum(one or 0 for one in new[1:]) <= 3


def test_freezes_before_the_date_are_the_chips_and_behind_it_the_calendars() -> None:
    meter = Played()
    program(meter)
    meter.now = SWITCH + 10 * DAY
    for n in range(1, 30):
        midnight = meter.now.replace(hour=0, minute=0) - (n - 1) * DAY
        right = shown(expected(meter.meter, AFTER, midnight))
        assert meter.energies(f"050601{n:02X}") == right, midnight
    # a settlement, and the freeze at the switch itself
    assert meter.energies("0001FF01") == shown(counted(meter.meter, datetime(2026, 8, 1)))
    assert meter.energies("05030101") == shown(counted(meter.meter, SWITCH))
    assert meter.shown("05030001") == SWITCH.strftime("%y%m%d%H%M")


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_row_of_freezes_in_order_costs_each_stretch_once(newest_first: bool) -> None:
    meter = Played()
    program(meter)
    meter.now = SWITCH + 60 * DAY
    meter.energies()
    meter.asked = 0
    for n in range(1, 59) if newest_first else range(58, 0, -1):
        meter.energies(f"050601{n:02X}")
    # four stretches a day, the freeze's own page, and the way to the first of them
    assert meter.asked <= 58 * 8 + 240


def test_a_second_change_leaves_the_time_between_unknown_and_goes_on_rightly() -> None:
    one, other = Played(), Played(protocol="meter698")
    program(one)
    program698(other)
    changed = SWITCH + 5 * DAY
    one.now = other.now = changed
    swapped = bytes.fromhex("040000030006020012010023")
    assert one.write("04020002", swapped).control == 0x94
    other.connect()
    assert other.set("40160200", "0102" + table(NIGHT_AND_DAY) + table(swapped)) == 0
    calendar = Reference(with_items(SWITCHED, _04020002=swapped))
    known = [*AFTER, Stretch(changed, calendar)]
    one.now = other.now = changed + 3 * DAY
    for _ in range(2):
        right = shown(expected(one.meter, known, one.now))
        assert one.energies() == right
        assert other.array("00100200") == right
        # behind the second change, between both, before the first
        for n in (1, 2, 4, 5, 8, 9, 10):
            midnight = one.now.replace(hour=0, minute=0) - (n - 1) * DAY
            frozen = shown(expected(one.meter, known, midnight))
            if SWITCH < midnight < changed:
                assert one.energies(f"050601{n:02X}") == [frozen[0], None, None, None, None]
            else:
                assert one.energies(f"050601{n:02X}") == frozen
        one.restart()
        other.restart()


def test_a_demand_of_a_tariff_is_not_known_behind_a_change() -> None:
    one, other = Played("feeder"), Played("feeder", "meter698")
    old = [meter.shown("0101FF00") for meter in (one,)]
    program(one)
    program698(other)
    assert [one.shown("0101FF00")] == old
    one.now = other.now = SWITCH + DAY
    digits = one.shown("0101FF00")
    # five of eight bytes, the last of them first
    assert digits[: 4 * 16] == "F" * 64
    assert "F" not in digits[64:]
    assert bytes.fromhex(other.value("10100200"))[-4:] == bytes(4)
    assert other.value("10100202") == "00"


def test_a_clock_that_is_set_moves_the_hours_from_then_on() -> None:
    meter = Played()
    program(meter, START + HOUR)
    meter.now = START + DAY
    fast = meter.now + timedelta(hours=2, minutes=7)
    set_clock(meter, fast)
    data = with_items(SWITCHED, _04000107=minute(START + HOUR))
    parts = [
        Stretch(START + HOUR, Reference(data)),
        Stretch(meter.now, Reference(data), fast - meter.now),
    ]
    for _ in range(2):
        meter.now += 13 * HOUR
        assert meter.energies() == shown(expected(meter.meter, parts, meter.now))
        meter.restart()
    # a past from before it was set is told by the clock of then
    registers = meter.core.registers
    for back in range(1, 48, 5):
        then = meter.now - back * HOUR
        assert registers.at(second(then))
        right = shown(expected(meter.meter, parts, then))
        assert [registers.energy(1, k) for k in range(5)] == right


def set_clock(meter: Played, shows: datetime) -> None:
    """04 00 01 0C, the factory's password."""
    order = bytes.fromhex("0C010004") + PASSWORD + OPERATOR
    order += bytes.fromhex(shows.strftime("%S%M%H00%d%m%y"))
    assert answer(meter.hear(request(meter.meter.id, 0x14, order))).control == 0x94


def test_more_settings_of_the_clock_than_it_remembers_cost_only_the_oldest_past() -> None:
    meter = Played()
    program(meter, START)
    data = with_items(SWITCHED, _04000107=minute(START))
    parts = [Stretch(START, Reference(data))]
    for n in range(20):
        meter.now += 5 * HOUR
        set_clock(meter, meter.now + (n % 3) * HOUR)
        if n % 3 != (n - 1) % 3 or not n:
            parts.append(Stretch(meter.now, Reference(data), (n % 3) * HOUR))
        if n == 11:
            meter.restart()
    meter.now += HOUR
    assert meter.energies() == shown(expected(meter.meter, parts, meter.now))
    registers = meter.core.registers
    known = 0
    for back in range(0, 100, 3):
        then = meter.now - back * HOUR
        assert registers.at(second(then))
        if registers.sorted:
            right = shown(expected(meter.meter, parts, then))
            assert [registers.energy(1, k) for k in range(5)] == right
            known += 1
        else:
            assert back > 70
    assert known >= 24


def test_prices_and_settings_by_seconds_cost_nothing_of_the_past() -> None:
    meter = Played()
    program(meter, START)
    for n in range(20):
        meter.now += 5 * HOUR
        set_clock(meter, meter.now + timedelta(seconds=3 * (n % 2)))
        assert meter.write("04000108", minute(meter.now)).control == 0x94
    registers = meter.core.registers
    for back in range(100):
        assert registers.at(second(meter.now - back * HOUR))
        assert registers.sorted


def test_twenty_settings_between_two_wakes_are_all_borne_without_a_store() -> None:
    meter = Played(store=False)
    program(meter, START)
    for n in range(20):
        meter.now += timedelta(seconds=1)
        # as a broadcast leaves it, which no answer follows
        meter.core.shift = 3600 * n
        meter.core._done()
    meter.wake()
    assert meter.energies()[0] == shown(counted(meter.meter, meter.now))[0]


def test_a_table_written_without_a_store_counts_from_its_writing_on() -> None:
    meter = Played(store=False)
    program(meter, START)
    meter.now = START + 2 * HOUR
    meter.wake()
    before = meter.energies()
    meter.now += 2 * HOUR
    assert meter.write("04020002", bytes.fromhex("040000040006040012040023")).control == 0x94
    between = counted(meter.meter, meter.now)
    meter.now += 3 * HOUR
    meter.wake()
    risen = [(a or 0) - (b or 0) for a, b in zip(meter.energies(), before, strict=True)]
    old = sum(between) - sum(counted(meter.meter, START + 2 * HOUR))
    new = sum(counted(meter.meter, meter.now)) - sum(between)
    assert risen[1:3] == [0, 0]
    assert abs(risen[3] - old // 16) <= 1
    assert abs(risen[4] - new // 16) <= 1


def test_a_switch_that_is_written_counts_though_the_present_was_just_read() -> None:
    meter = Played()
    program(meter, START)
    meter.now = START + HOUR
    meter.energies()
    back = meter.now + HOUR
    assert meter.write("04000107", minute(back)).control == 0x94
    meter.now = back + 3 * HOUR
    data = with_items(SWITCHED, _04000107=minute(START))
    parts = [
        Stretch(START, Reference(data)),
        Stretch(START + HOUR, Reference(with_items(data, _04000107=minute(back)), 1)),
    ]
    assert meter.energies() == shown(expected(meter.meter, parts, meter.now))


def test_a_holiday_that_is_over_stays_one_when_its_row_is_used_again() -> None:
    meter = Played()
    meter.write("04010001", bytes.fromhex("030000030006030012030023"))
    today, later = b"\x01" + minute(START)[2:], b"\x01" + minute(START + 3 * DAY)[2:]
    meter.now = START + HOUR
    meter.write("04030001", today)
    data = with_items(FACTORY, _04010001=bytes.fromhex("030000030006030012030023"))
    parts = [Stretch(START + HOUR, Reference(with_items(data, _04030001=today)))]
    meter.now = START + 2 * DAY
    meter.write("04030001", later)
    parts.append(Stretch(meter.now, Reference(with_items(data, _04030001=later))))
    meter.now += 3 * DAY
    assert meter.energies() == shown(expected(meter.meter, parts, meter.now))
    right = expected(meter.meter, parts, meter.now)
    assert right[2] > counted(meter.meter, meter.now)[2]


def rows698(meter: Played, days: int) -> list[list[int | None]]:
    """Forward energy of the last days' freezes, newest first; None = null."""
    said = meter.serve(bytes.fromhex("05030150040200" + f"09{days:02X}" + "010000100200" + "00"))
    apdu = parse(said)
    assert isinstance(apdu, Apdu)
    outcome = apdu.records[0].outcome
    assert not isinstance(outcome, Dar)
    return [[element.value for element in row[0].value] for row in outcome]


def test_a_698_freeze_between_two_changes_has_nulls_and_its_total() -> None:
    meter = Played(protocol="meter698")
    program698(meter)
    changed = SWITCH + 3 * DAY
    meter.now = changed
    meter.connect()
    assert meter.set("40160200", "0102" + 2 * table(bytes.fromhex("020000020000020000020000"))) == 0
    meter.now = SWITCH + 5 * DAY
    rows = rows698(meter, 6)
    midnights = [meter.now.replace(hour=0, minute=0) - n * DAY for n in range(6)]
    for midnight, row in zip(midnights, rows, strict=True):
        total = shown(counted(meter.meter, midnight))[0]
        assert row[0] == total
        assert (row[1:] == [None] * 4) == (SWITCH < midnight < changed), midnight
    assert [row[2] for row in rows[:2]] != [None, None]


def test_the_698_meters_clock_moves_the_hours_too() -> None:
    meter = Played(protocol="meter698")
    program698(meter, START + HOUR)
    meter.now = START + DAY
    meter.connect()
    fast = meter.now + 2 * HOUR
    assert meter.set("40000200", f"1C{fast.year:04X}{bytes(fast.timetuple()[1:6]).hex()}") == 0
    calendar = Reference(with_items(SWITCHED, _04000107=minute(START + HOUR)))
    parts = [Stretch(START + HOUR, calendar), Stretch(meter.now, calendar, 2 * HOUR)]
    meter.now += 2 * DAY
    assert meter.array("00100200") == shown(expected(meter.meter, parts, meter.now))


def assert_never_wrong(meter: Played, parts: list[Stretch], unknown: int) -> None:
    """Hour by hour back to before the first stretch; so many hours are not known."""
    registers = meter.core.registers
    missing = 0
    then = meter.now
    while then > parts[0].start - 2 * HOUR:
        assert registers.at(second(then))
        right = shown(expected(meter.meter, parts, then))
        if registers.sorted:
            assert [registers.energy(1, k) for k in range(5)] == right, then
        else:
            missing += 1
        then -= HOUR
    assert missing == unknown


def test_a_switch_written_behind_its_date_counts_from_the_writing_on() -> None:
    meter = Played()
    assert meter.write("04010002", NIGHT_AND_DAY).control == 0x94
    data = with_items(FACTORY, _04010002=NIGHT_AND_DAY)
    meter.now = START + 2 * DAY
    assert meter.write("04000107", minute(START + DAY)).control == 0x94
    late = with_items(data, _04000107=minute(START + DAY))
    parts = [Stretch(START, Reference(data)), Stretch(meter.now, Reference(late))]
    meter.now += 2 * DAY
    # all hours but the one of the first change and those from the second on
    assert_never_wrong(meter, parts, 47)


def test_a_switch_used_again_leaves_known_what_followed_it() -> None:
    meter = Played()
    program(meter, START + HOUR)
    assert meter.write("04010002", bytes.fromhex("010000010006010012010023")).control == 0x94
    # tariff 1 alone until the switch
    one = with_items(
        SWITCHED, _04010002=bytes.fromhex("010000010006010012010023"),
        _04000107=minute(START + HOUR),
    )  # fmt: skip
    meter.now = START + DAY
    again = START + 2 * DAY
    assert meter.write("04000107", minute(again)).control == 0x94
    other = Reference(with_items(one, _04000107=minute(again)), 1)
    parts = [Stretch(START, Reference(one)), Stretch(meter.now, other)]
    meter.now = START + 3 * DAY
    # the hour between the first change and the switch is an open one: neither end is lost
    assert_never_wrong(meter, parts, 0)
    registers = meter.core.registers
    assert registers.at(second(START + timedelta(minutes=30)))
    assert not registers.sorted


def test_a_holiday_written_behind_its_day_changes_nothing_of_it() -> None:
    meter = Played()
    table = bytes.fromhex("030000030006030012030023")
    meter.write("04010001", table)
    data = with_items(FACTORY, _04010001=table)
    meter.now = START + 3 * DAY
    gone = b"\x01" + minute(START + DAY)[2:]
    assert meter.write("04030001", gone).control == 0x94
    parts = [
        Stretch(START, Reference(data)),
        Stretch(meter.now, Reference(with_items(data, _04030001=gone))),
    ]
    meter.now += DAY
    assert_never_wrong(meter, parts, 71)


def test_a_clock_set_before_the_date_brings_the_date_nearer() -> None:
    meter = Played()
    program(meter)
    meter.now = SWITCH - DAY
    set_clock(meter, meter.now + 2 * HOUR)
    meter.now = SWITCH
    parts = [Stretch(SWITCH - 2 * HOUR, Reference(SWITCHED), 2 * HOUR)]
    assert meter.energies() == shown(expected(meter.meter, parts, meter.now))
    assert meter.energies() != shown(expected(meter.meter, AFTER, meter.now))


def test_without_a_store_the_chip_is_looked_at_as_main_wakes() -> None:
    meter = Played(store=False)
    program(meter)
    now = START
    while now < SWITCH + 3 * DAY:
        # every 6 s around a change, else seldom: nothing happens between
        now += timedelta(seconds=6) if now.minute in (59, 0, 29, 30) else timedelta(minutes=1)
        meter.now = now
        meter.wake()
        if now.minute == 17 and now.hour % 7 == 0:
            meter.restart()
    found = meter.energies()
    right = shown(expected(meter.meter, AFTER, meter.now))
    assert found[0] == right[0]
    # each change is seen up to 6 s late: 6 s of 5 kW are 0.008 kWh
    assert all(abs((a or 0) - b) <= 3 for a, b in zip(found, right, strict=True))
    assert right[1] - shown(counted(meter.meter, SWITCH))[1] > 100


TABLES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 47)), min_size=4, max_size=4).map(
    lambda rows: b"".join(
        bytes([tariff, 0x30 * (start % 2), int(str(start // 2), 16)])
        for tariff, start in sorted(rows, key=lambda row: row[1])
    )
)
DAYS = st.integers(0, 11).map(lambda n: START.replace(hour=0) + n * DAY)
WRITES = st.one_of(
    st.tuples(st.sampled_from(["04010001", "04010002", "04020001", "04020002"]), TABLES),
    st.tuples(st.sampled_from(["04000106", "04000107"]), DAYS.map(lambda day: minute(day + HOUR))),
    st.tuples(
        st.sampled_from(["04010000", "04020000"]),
        st.sampled_from([bytes.fromhex("010101022008"), bytes.fromhex("021908012308")]),
    ),
    st.tuples(st.just("04000801"), st.sampled_from([b"\x7f", b"\x3e"])),
    st.tuples(st.just("04000802"), st.sampled_from([b"\x01", b"\x02"])),
    st.tuples(st.just("04030001"), DAYS.map(lambda day: b"\x01" + minute(day)[2:])),
)
STEPS = st.lists(
    st.tuples(
        st.integers(1, 40 * 3600),
        st.one_of(WRITES, st.sampled_from(["restart", "read"]), st.integers(-7200, 7200)),
    ),
    max_size=7,
)


@settings(max_examples=25)
@given(STEPS, st.lists(st.floats(0, 1), max_size=6))
def test_whatever_is_done_a_tariff_is_right_or_not_known(
    steps: list[tuple[int, object]], pasts: list[float]
) -> None:
    meter = Played()
    data, sets, shift = FACTORY, 0, timedelta()
    steps = [(1, ("04010002", NIGHT_AND_DAY)), *steps]
    parts: list[Stretch] = []
    changed = START
    for wait, what in steps:
        meter.now += timedelta(seconds=wait)
        if what == "restart":
            meter.restart()
        elif isinstance(what, int):
            shift += timedelta(seconds=what)
            meter.core.shift += what
            meter.core._done()
        elif isinstance(what, tuple):
            item, new = what
            assert meter.write(item, new).control == 0x94
            if with_items(data, **{f"_{item}": new}) != data:
                changed = meter.now
                old, shows = Reference(data, sets), meter.now + shift
                if item == "04000106":
                    sets = sets & 1 | old.zone_set(shows) << 1
                elif item == "04000107":
                    sets = sets & 2 | old.day_set(shows)
                data = with_items(data, **{f"_{item}": new})
        if what != "restart" and what != "read":
            parts.append(Stretch(meter.now, Reference(data, sets), shift))
        else:
            right = shown(expected(meter.meter, parts, meter.now))
            assert meter.energies() == right
    meter.now += timedelta(hours=5)
    registers = meter.core.registers
    first = parts[0].start
    for share in [1, *pasts]:
        then = first - DAY + share * (meter.now - first + DAY)
        then = then.replace(microsecond=0)
        right = shown(expected(meter.meter, parts, then))
        assert registers.at(second(then))
        if registers.sorted:
            assert [registers.energy(1, k) for k in range(5)] == right
        else:
            assert first < then < changed
            assert registers.energy(1, 0) == right[0]
    assert meter.energies() == shown(expected(meter.meter, parts, meter.now))


@pytest.mark.parametrize("what", ["zones", "switch"])
def test_what_had_a_say_before_the_clock_was_set_back_is_not_counted_anew(what: str) -> None:
    played = Played()
    # zones of set 1 take the second day table, those of set 2 the first
    played.write("04010002", NIGHT_AND_DAY)
    played.write("04020000", bytes.fromhex("010101010107"))
    played.write("04000106", minute(played.now + timedelta(hours=1)))
    played.now += timedelta(days=2, hours=5)
    told = bytes.fromhex("00000006010100")
    assert played.write("0400010C", told).control == 0x94
    before = played.energies()
    # by the clock it never was in force
    if what == "zones":
        assert played.write("04020000", bytes.fromhex("020101020107")).control == 0x94
    else:
        assert played.write("04000106", bytes(5)).control == 0x94
    assert played.energies() == before
    played.restart()
    assert played.energies() == before
