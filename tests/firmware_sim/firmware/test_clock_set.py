"""What stays as it was when a meter's clock is set, to whatever: freezes, clears, records."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import nv_memory
from firmware_sim.world.past import Past
from protocol.dlt698 import requests as ask
from tests.firmware_sim.firmware import bench698
from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.firmware.tariffed import NIGHT_AND_DAY, WORLD, Played, household, wall
from tests.firmware_sim.firmware.test_meter698_access import clock as clock698
from tests.firmware_sim.firmware.test_orders import FACTORY, OPERATOR, clock, do, value, write
from tests.firmware_sim.frames import answer, read
from tests.firmware_sim.held import Held, second, stamp

NOON = datetime(2026, 7, 16, 12)
FAR = (datetime(2097, 3, 4, 5, 6, 7), datetime(2000, 1, 2, 3, 4, 5))
LEVEL_4 = b"\x04\0\0\0"


def on(flash: Flash | None = None, when: datetime = NOON) -> Bench:
    """A three-phase meter."""
    nv = None if flash is None else nv_memory(flash)
    bench = Bench(3, memory=Held(3).store, nv=nv)
    clock(bench, when)
    return bench


def clock_data(when: datetime) -> bytes:
    """04 00 01 0C."""
    told = stamp(when)
    return told[:3] + b"\x04" + told[3:]


def tell(bench: Bench, when: datetime) -> None:
    """Set the meter's clock."""
    assert write(bench, "0400010C", clock_data(when)).control == 0x94


def date_time(when: datetime) -> str:
    """date_time_s."""
    return "1C" + (when.year.to_bytes(2) + bytes(when.timetuple()[1:6])).hex()


@pytest.mark.parametrize("told", FAR)
def test_a_clock_set_by_more_than_68_years_is_still_so_when_the_power_comes_back(
    told: datetime,
) -> None:
    flash = Flash()
    board = datetime(2099, 12, 1) if told.year == 2000 else NOON
    bench = on(flash, board)
    tell(bench, told)
    assert value(bench, "04000102") == told.strftime("%H%M%S")
    after = on(flash, board)
    assert value(after, "04000102") == told.strftime("%H%M%S")
    assert value(after, "04000101")[:6] == told.strftime("%y%m%d")


def test_a_freeze_at_once_beyond_2068_outlives_the_power() -> None:
    flash = Flash()
    late = datetime(2071, 2, 3, 4, 5, 6)
    bench = on(flash)
    tell(bench, late)
    assert do(bench, 0x16, b"\x99" * 4).control == 0x96
    shown = value(bench, "05010001")
    assert shown == late.strftime("%y%m%d%H%M")
    assert value(on(flash), "05010001") == shown


@pytest.mark.parametrize("protocol", ["meter645", "meter698"])
def test_hours_set_off_by_80_years_still_sort_when_the_power_comes_back(protocol: str) -> None:
    played = Played("household", protocol)
    told = played.now.replace(year=2099, month=6)
    if protocol == "meter645":
        played.write("0400010C", clock_data(told))
        played.write("04020001", NIGHT_AND_DAY)
        shown: Any = played.energies
    else:
        played.connect()
        assert played.set("40000200", date_time(told)) == 0
        rows = "".join(
            f"0203 11{h:02X} 1100 11{t:02X}" for t, h in ((1, 0), (2, 6), (3, 12), (4, 23))
        )
        table = "0104" + rows.replace(" ", "")
        assert played.set("40160200", "0102" + table + table) == 0

        def shown() -> list[int | None]:
            return played.array("00100200")

    played.now += timedelta(days=5, hours=3)
    before = shown()
    assert None not in before
    played.restart()
    assert shown() == before


def test_a_demand_that_was_cleared_stays_so_when_the_clock_is_set_back() -> None:
    bench = on()
    assert do(bench, 0x19, LEVEL_4 + OPERATOR).control == 0x99
    before = value(bench, "01010000")
    tell(bench, NOON - timedelta(hours=1))
    # the demand is of the same period; the minute it ended is shown as the clock now counts
    assert value(bench, "01010000")[-6:] == before[-6:]


def test_the_demands_a_clear_has_wiped_stay_those_of_their_month() -> None:
    bench = on()
    do(bench, 0x19, LEVEL_4 + OPERATOR)
    before = value_of(bench, "03300201")
    clock(bench, NOON + timedelta(days=40))
    assert value_of(bench, "03300201") == before
    tell(bench, NOON)
    assert value_of(bench, "03300201") == before


def test_the_demands_a_second_clear_has_wiped_began_with_the_first() -> None:
    flash = Flash()
    bench = on(flash)
    do(bench, 0x19, LEVEL_4 + OPERATOR)
    clock(bench, NOON + timedelta(hours=2))
    do(bench, 0x19, LEVEL_4 + OPERATOR)
    first, last = (value_of(bench, f"0330020{n}")[10:18] for n in (2, 1))
    since = second(NOON)
    assert last[:3] == bytes.fromhex(f"{1000 + since % 97:06d}")[::-1]
    assert first[:3] != last[:3]
    after = on(flash, NOON + timedelta(hours=2))
    assert value_of(after, "03300201") == value_of(bench, "03300201")


def value_of(bench: Bench, item: str) -> bytes:
    """The data of an item."""
    got = answer(bench.ask(read("370112100001", item)) or b"")
    assert got.control & 0xDF == 0x91
    return got.raw


@pytest.mark.parametrize("days", [-20, 3, 200])
def test_a_freeze_at_once_keeps_its_demand_when_the_clock_is_set(days: int) -> None:
    bench = on()
    do(bench, 0x16, b"\x99" * 4)
    before = value(bench, "0501FF01")
    clock(bench, NOON + timedelta(hours=2))
    tell(bench, NOON + timedelta(days=days))
    assert value(bench, "0501FF01") == before


def test_a_698_freeze_at_once_keeps_its_demand_when_the_clock_is_set() -> None:
    bench = bench698.Bench(3, memory=Held(3).store)
    clock698(bench, NOON)
    assert bench.connect() == 0
    assert bench.act("50000300", "00") == 0
    columns = (0x20210200, 0x10100200)

    def row() -> bytes:
        return bench.serve(ask.encode_get_record(0x50000200, ask.newest(1), columns, 7))

    before = row()
    clock698(bench, NOON + timedelta(hours=2))
    assert bench.connect() == 0
    assert bench.set("40000200", date_time(NOON + timedelta(days=40))) == 0
    assert row() == before


def test_both_meters_say_the_same_minute_of_a_demand_by_a_set_clock() -> None:
    told = NOON + timedelta(hours=3, minutes=5)
    old = on()
    tell(old, told)
    shown = bytes.fromhex(value(old, "01010000"))
    new = bench698.Bench(3, memory=Held(3).store)
    clock698(new, NOON)
    assert new.connect() == 0
    assert new.set("40000200", date_time(told)) == 0
    datum = bytes.fromhex(new.value("10100201"))
    # structure, demand in four bytes, date_time_s
    assert int.from_bytes(datum[3:7]) == int(shown[5:].hex())
    year, rest = int.from_bytes(datum[8:10]), datum[10:14]
    assert [int(f"{one:02x}") for one in shown[:5]] == [year % 100, *rest]


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=400)])
def test_the_voltage_statistics_are_given_by_a_set_clock(ahead: timedelta) -> None:
    bench = on()
    months = [value(bench, f"031000{n:02X}") for n in range(13)]
    tell(bench, NOON + ahead)
    for n in range(13):
        assert len(value(bench, f"031000{n:02X}")) == 2 * 27, n
    if ahead < timedelta(days=1):
        # high and low minutes are of the same months
        for n in range(1, 13):
            assert value(bench, f"031000{n:02X}")[-30:] == months[n][-30:]


def test_a_power_off_behind_a_clear_is_recorded_however_the_clock_is_set() -> None:
    past = Past(WORLD, household(), 9600)
    cleared = datetime(2026, 8, 16, 12)
    start = wall(cleared + timedelta(hours=1))
    past.power_off(start, start + 60_000, before_s=-86_400, after_s=-86_400)
    buf = bytearray(168)
    assert past.fill(buf, 0x1110, -1, second(cleared), start + 120_000)
    assert buf[:4] == b"\0\0\0\1"
    # and what was before the clear is not, whatever its stamp
    past = Past(WORLD, household(), 9600)
    past.power_off(start, start + 60_000, before_s=86_400, after_s=86_400)
    since = second(cleared + timedelta(hours=2))
    assert past.fill(buf, 0x1110, -1, since, start + 120_000)
    assert buf[:4] == bytes(4)


def test_a_clear_of_events_is_remembered_by_the_boards_clock() -> None:
    asked = []

    def memory(buf: bytearray, page: int, at: int, since: int) -> bool:
        asked.append((page, since))
        return Held(3).store(buf, page, at, since)

    bench = Bench(3, memory=memory)
    clock(bench, NOON)
    tell(bench, NOON - timedelta(days=2))
    do(bench, 0x1B, FACTORY + OPERATOR + bytes.fromhex("FF001103"))
    value(bench, "03110001")
    assert asked[-1] == (0x1110, second(NOON))


def test_a_clock_whose_board_has_lost_its_time_can_be_set() -> None:
    bench = on()
    tell(bench, NOON - timedelta(days=3000))
    # the board begins anew: the meter's time would lie before 2000
    clock(bench, datetime(2001, 1, 1))
    tell(bench, NOON)
    assert value(bench, "04000101")[:6] == "260716"
    new = bench698.Bench(3, memory=Held(3).store)
    clock698(new, NOON)
    assert new.connect() == 0
    assert new.set("40000200", date_time(NOON - timedelta(days=3000))) == 0
    clock698(new, datetime(2001, 1, 1))
    assert new.connect() == 0
    assert new.set("40000200", date_time(NOON)) == 0
    assert new.value("40000200") == date_time(NOON).upper()
