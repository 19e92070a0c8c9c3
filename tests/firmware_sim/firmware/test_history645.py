"""The meter's own time: load records of 60 days, and what is kept when its clock is set."""

from datetime import datetime, timedelta

import pytest

from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import nv_memory
from protocol.dlt645.fields import recorded
from protocol.dlt645.load import blocks
from tests.firmware_sim.firmware.bench645 import Bench
from tests.firmware_sim.firmware.test_orders import (
    EVERYBODY,
    FACTORY,
    OPERATOR,
    clock,
    do,
    value,
    write,
)
from tests.firmware_sim.frames import NUMBER, answer, read, request
from tests.firmware_sim.held import EPOCH, Held, Value, minute, second, stamp

NOON = datetime(2026, 8, 16, 12, 7, 30)
QUARTER = timedelta(minutes=15)
NEWEST = datetime(2026, 8, 16, 12)
OLDEST = NEWEST - 60 * 96 * QUARTER + QUARTER
EARLIEST, GIVEN, LAST = 0, 1, 2
ENERGY = 4


class Board:
    """A three-phase meter on a board whose store knows all of the past, but for power offs."""

    def __init__(self, now: datetime = NOON, *off: tuple[datetime, datetime]) -> None:
        self.now = now
        self.held = Held(3)
        self._off = off
        self._flash = Flash()
        self.restart()

    def restart(self) -> None:
        """The power goes and comes."""
        self.bench = Bench(3, memory=self._memory, nv=nv_memory(self._flash))
        clock(self.bench, self.now)

    def at(self, now: datetime) -> None:
        """Move the board's clock."""
        self.now = now
        clock(self.bench, now)

    def _memory(self, buf: bytearray, page: int, at: int, since: int) -> bool:
        when = self.now if at == -1 else EPOCH + timedelta(seconds=at)
        if when > self.now:
            return False
        buf[:] = self.held._page(page, when, since).ljust(len(buf), b"\0")
        if page == 0 and any(start <= when < end for start, end in self._off):
            buf[0x10:0x18] = bytes(8)
        return True

    def records(self, order: int, count: int, given: datetime = NOON) -> list[tuple[Value, ...]]:
        """(time, forward energy) of load records as a master reads them; [] if it is refused."""
        data = bytes([order, 0, ENERGY, 6]) + bytes.fromhex(f"{count:02d}")
        if order == GIVEN:
            data += stamp(given)[1:]
        got = answer(self.bench.ask(request(NUMBER, 0x11, data)) or b"")
        if got.control == 0xD1:
            assert got.data == b"\x02"
            return []
        joined, seq = got.raw, 0
        while got.control & 0x20:
            seq += 1
            got = answer(self.bench.ask(request(NUMBER, 0x12, data[:4] + bytes([seq]))) or b"")
            joined += got.raw[:-1]
        found = blocks(joined, ENERGY)
        assert found is not None
        return [tuple(field.value for field in recorded(one.values, "en")[:2]) for one in found]


def record(when: datetime, off: timedelta = timedelta()) -> tuple[Value, ...]:
    """What the record of a quarter hour holds, of a clock set `off` its board's."""
    forward = Held(3).energy(1, 0, when - off)
    assert forward is not None
    return minute(when), forward / 100


def run(first: datetime, count: int) -> list[tuple[Value, ...]]:
    """Records one after the other."""
    return [record(first + n * QUARTER) for n in range(count)]


def test_the_oldest_load_record_is_of_60_days_ago() -> None:
    assert Board().records(EARLIEST, 3) == run(OLDEST, 3)


def test_what_was_before_the_oldest_load_record_is_lost() -> None:
    board = Board()
    assert board.records(GIVEN, 1, OLDEST) == run(OLDEST, 1)
    assert board.records(GIVEN, 1, OLDEST - QUARTER) == run(OLDEST, 1)
    board.at(NOON + QUARTER)
    assert board.records(GIVEN, 1, OLDEST) == run(OLDEST + QUARTER, 1)


def test_the_newest_load_record_is_of_this_quarter_hour_and_there_is_none_behind_it() -> None:
    board = Board()
    assert board.records(LAST, 2) == run(NEWEST - QUARTER, 2)
    assert board.records(GIVEN, 1, NEWEST) == run(NEWEST, 1)
    assert board.records(GIVEN, 1, NEWEST + timedelta(minutes=1)) == []


def test_load_records_go_on_over_the_end_of_a_month() -> None:
    first = datetime(2026, 7, 31, 23, 30)
    assert Board().records(GIVEN, 4, first) == run(first, 4)


def test_load_records_go_on_over_the_turn_of_the_year() -> None:
    board = Board(datetime(2026, 1, 10, 12, 7))
    assert board.records(EARLIEST, 1) == run(datetime(2025, 11, 11, 12, 15), 1)
    first = datetime(2025, 12, 31, 23, 45)
    assert board.records(GIVEN, 2, first) == run(first, 2)


def test_load_records_begin_where_they_were_told_to() -> None:
    board = Board()
    assert write(board.bench, "04000A01", bytes.fromhex("00061008")).control == 0x94
    assert board.records(EARLIEST, 1) == run(datetime(2026, 8, 10, 6), 1)


OFF = (datetime(2026, 8, 10, 7, 5), datetime(2026, 8, 10, 8, 10))


def test_while_the_power_was_off_there_are_no_load_records() -> None:
    board = Board(NOON, OFF)
    seven, after = datetime(2026, 8, 10, 7), datetime(2026, 8, 10, 8, 15)
    assert board.records(GIVEN, 3, seven) == [record(seven), *run(after, 2)]
    assert board.records(GIVEN, 1, datetime(2026, 8, 10, 7, 30)) == run(after, 1)


def test_the_newest_load_records_are_as_many_as_asked_across_a_power_off() -> None:
    board = Board(NOON, (NEWEST - 5 * QUARTER, NEWEST - QUARTER))
    assert board.records(LAST, 3) == [record(NEWEST - 6 * QUARTER), *run(NEWEST - QUARTER, 2)]


def test_a_daily_freeze_that_fell_into_a_power_off_is_made_up() -> None:
    midnight = datetime(2026, 8, 10)
    board = Board(NOON, (midnight - QUARTER, midnight + QUARTER))
    assert value(board.bench, "05060007") == "2608100000"
    assert value(board.bench, "05060008") == "2608090000"


HOUR = timedelta(hours=1)


@pytest.fixture
def ahead() -> Board:
    """A meter whose clock was set an hour ahead of its board's."""
    board = Board(datetime(2026, 8, 16, 11))
    told = bytes.fromhex("00001200160826")
    assert write(board.bench, "0400010C", told, b"\x04\0\0\0").control == 0x94
    board.at(NOON - HOUR)
    assert value(board.bench, "04000102") == "120730"
    return board


def test_a_daily_freeze_is_of_the_midnight_the_set_clock_shows(ahead: Board) -> None:
    total = ahead.held.energy(1, 0, datetime(2026, 8, 15, 23))
    assert total != ahead.held.energy(1, 0, datetime(2026, 8, 16))
    assert value(ahead.bench, "05060001") == "2608160000"
    assert int(value(ahead.bench, "05060101")[-8:]) == total


def test_a_settlement_is_of_the_midnight_the_set_clock_shows(ahead: Board) -> None:
    assert int(value(ahead.bench, "00010001")) == ahead.held.energy(1, 0, datetime(2026, 7, 31, 23))


def test_load_records_are_of_the_quarter_hours_the_set_clock_shows(ahead: Board) -> None:
    assert ahead.records(LAST, 2) == [record(NEWEST - QUARTER, HOUR), record(NEWEST, HOUR)]


def test_a_demand_is_of_the_month_of_the_set_clock_and_stamped_by_it(ahead: Board) -> None:
    since = second(datetime(2026, 7, 31, 23))
    power, at = Held.peak_words(0, 0, since)
    shown = value(ahead.bench, "01010000")
    assert int(shown[10:]) == power
    assert shown[:10] == (EPOCH + timedelta(seconds=at) + HOUR).strftime("%y%m%d%H%M")


def test_a_freeze_at_once_keeps_its_instant_when_the_clock_is_set() -> None:
    board = Board(datetime(2026, 8, 16, 11))
    assert board.bench.ask(request(EVERYBODY, 0x16, b"\x99" * 4)) is None
    then = board.held.energy(1, 0, board.now)
    told = bytes.fromhex("00001200160826")
    assert write(board.bench, "0400010C", told, b"\x04\0\0\0").control == 0x94
    board.at(datetime(2026, 8, 16, 11, 5))
    assert board.bench.ask(request(EVERYBODY, 0x16, b"\x99" * 4)) is None
    later = board.held.energy(1, 0, board.now)
    shown = [value(board.bench, f"050100{n:02X}") for n in (1, 2)]
    assert shown == ["2608161205", "2608161100"]
    for _ in range(2):
        totals = [int(value(board.bench, f"050101{n:02X}")[-8:]) for n in (1, 2)]
        assert totals == [later, then]
        board.restart()


def test_a_trip_of_the_relay_has_the_energy_of_its_instant(ahead: Board) -> None:
    until = stamp(NOON + timedelta(days=1))
    assert do(ahead.bench, 0x1C, FACTORY + OPERATOR + b"\x1a\0" + until).control == 0x9C
    ahead.at(ahead.now + timedelta(minutes=30))
    shown = value(ahead.bench, "1D000101")
    # digits come highest first: six energies, operator, when
    assert shown[-12:] == "260816120730"
    assert int(shown[40:48]) == ahead.held.energy(1, 0, NOON - HOUR)


def test_the_broadcast_time_is_no_clock_setting_in_the_record(ahead: Board) -> None:
    assert value(ahead.bench, "03300400") == "000001"
    assert ahead.bench.ask(request(EVERYBODY, 0x08, stamp(NOON + timedelta(minutes=2)))) is None
    assert value(ahead.bench, "04000102") == "120930"
    assert value(ahead.bench, "03300400") == "000001"


@pytest.mark.parametrize(
    ("item", "kept", "first", "last"),
    [
        ("050600", 62, datetime(2026, 8, 16), datetime(2026, 6, 16)),
        ("050400", 254, datetime(2026, 8, 16, 12), datetime(2026, 8, 5, 23)),
        ("050000", 12, datetime(2026, 8, 16), datetime(2026, 8, 5)),
    ],
    ids=["daily", "hourly", "timed"],
)
def test_so_many_freezes_are_kept_and_no_more(
    item: str, kept: int, first: datetime, last: datetime
) -> None:
    bench = Board().bench
    assert value(bench, f"{item}01") == first.strftime("%y%m%d%H%M")
    assert value(bench, f"{item}{kept:02X}") == last.strftime("%y%m%d%H%M")
    # FF asks for all; of hours there is no such block
    assert value(bench, f"{item}{kept + 1:02X}") == ""


def test_twelve_months_are_kept_and_no_more() -> None:
    board = Board()
    oldest = board.held.energy(1, 0, datetime(2025, 9, 1))
    assert int(value(board.bench, "0001000C")) == oldest
    assert value(board.bench, "0101000C") != ""
    assert value(board.bench, "0001000D") == value(board.bench, "0101000D") == ""


def test_an_energy_that_rolls_over_during_an_event_has_grown() -> None:
    held = Held(3)
    start = held.event(1, 1, 1)[0]
    top = 16 * 99_999_999

    def memory(buf: bytearray, page: int, at: int, since: int) -> bool:
        known = held.store(buf, page, at, since)
        if page == 0:
            # forward energy, all in tariff 1: at the start just below its top
            buf[0x60:0x70] = (top if at == second(start) else top + 16 * 5).to_bytes(4) + bytes(12)
        return known

    bench = Bench(3, memory=memory)
    bench.rtc = (2026, 8, 16, 6, 20, 31, 45, 0)
    raw = answer(bench.ask(read(NUMBER, "03010101")) or b"").raw
    # behind start and end the growth of forward energy
    assert raw[12:16] == bytes.fromhex("05000000")
