"""GET Record of the 698 meter through its core and link: fragments, blocks, lists, told freezes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from protocol.dlt698 import requests as ask
from protocol.dlt698.apdu import Apdu, parse
from protocol.dlt698.axdr import Chosen, Road
from protocol.dlt698.parts import Dar, Record, RecordAsk, Records
from tests.firmware_sim.firmware.bench698 import WORD, Bench, frame, get, piece
from tests.firmware_sim.firmware.rows698 import at, plain
from tests.firmware_sim.held import NOW, Held, r10, second

CURVE, DAYS, MONTHS, AT_ONCE = 0x50020200, 0x50040200, 0x50060200, 0x50000200
TIME, COUNT, FORWARD, POWER, DEMAND = 0x20210200, 0x20230200, 0x00100201, 0x20040200, 0x10100201
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)
QUARTER = timedelta(minutes=15)
NEXT, RECORD = 5, 3
PIID = 5


class Records698:
    """A three-phase meter of known past, its answers put together by the tests' own hands."""

    def __init__(self, elements: int = 3) -> None:
        self.held = Held(elements)
        self.bench = Bench(elements, memory=self.held.store)
        self.clock(NOW)

    def clock(self, now: datetime) -> None:
        """The board's clock."""
        self.bench.rtc = (now.year, now.month, now.day, 0, now.hour, now.minute, now.second, 0)

    def apdu(self, request: bytes) -> bytes:
        """The answer, its fragments acknowledged one by one."""
        got = self.bench.ask(frame(request))
        whole = b""
        while got.control & 0x20:
            data = bytes(got.payload)
            word = int.from_bytes(data[:WORD], "little")
            whole += data[WORD:]
            if word >> 14 == 1:
                return whole
            got = self.bench.ask(frame(piece(b"", 2, word & 0xFFF), control=0x63))
        return bytes(got.payload)

    def read(self, request: bytes) -> Apdu:
        """The same, parsed."""
        apdu = parse(self.apdu(request))
        assert isinstance(apdu, Apdu), apdu
        return apdu

    def rows(self, oad: int, rows: Chosen, *columns: int | Road) -> list[list[Any]]:
        """The values of all rows, block by block."""
        apdu = self.read(ask.encode_get_record(oad, rows, columns, PIID))
        found: list[list[Any]] = []
        expected = 0
        while apdu.kind == NEXT:
            outcome = apdu.body["outcome"]
            assert apdu.body["block"] == expected
            assert isinstance(outcome, Records), outcome
            found += table(outcome.records)
            if apdu.body["last"]:
                return found
            apdu = self.read(ask.encode_get_next(expected, PIID))
            expected += 1
        return found + table(apdu.records)


def table(records: tuple[Record, ...]) -> list[list[Any]]:
    """The rows of the one record."""
    (record,) = records
    assert not isinstance(record.outcome, Dar), record.outcome
    return [[plain(data) for data in row] for row in record.outcome]


def day(start: datetime) -> Chosen:
    """A day of rows."""
    return ask.between(TIME, ask.moment(at(start)), ask.moment(at(start + timedelta(days=1))))


def test_a_day_of_the_curve_comes_whole_in_one_answer_of_fragments() -> None:
    meter = Records698()
    yesterday = MIDNIGHT - timedelta(days=1)
    rows = meter.rows(CURVE, day(yesterday), TIME, FORWARD, POWER)
    assert [row[0] for row in rows] == [yesterday + n * QUARTER for n in range(96)]
    for when, forward, power in rows:
        phases = [meter.held.powers(when)[name] for name in ("pa", "pb", "pc")]
        assert forward == meter.held.energy(1, 0, when)
        assert power == [r10(raw) for raw in (sum(phases), *phases)]


def test_what_fits_no_answer_comes_in_blocks_without_a_gap() -> None:
    meter = Records698()
    yesterday = MIDNIGHT - timedelta(days=1)
    first = meter.read(ask.encode_get_record(CURVE, day(yesterday), (), PIID))
    assert (first.kind, first.piid, first.body["block"], first.body["last"]) == (NEXT, PIID, 0, 0)
    rows = meter.rows(CURVE, day(yesterday))
    assert [row[0] for row in rows] == [yesterday + n * QUARTER for n in range(96)]
    numbers = [row[1] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + 96))
    newest = meter.rows(CURVE, ask.newest(200))
    assert len(newest) == 200
    assert newest[0][0] == NOW.replace(minute=30, second=0)
    assert newest[-1][0] == newest[0][0] - 199 * QUARTER


def test_all_of_the_curve_is_given_when_all_is_asked() -> None:
    rows = Records698(1).rows(CURVE, ask.everything(), COUNT)
    numbers = [row[0] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] - 5952, -1))


def test_a_block_is_given_again_and_another_number_refused() -> None:
    meter = Records698()
    record = ask.encode_get_record(CURVE, ask.newest(200), (), PIID)

    def block(got: int) -> bytes:
        return meter.apdu(ask.encode_get_next(got, PIID))

    assert block(0).hex() == "850505" + "01" + "0000" + "00" + "0b" + "0000"
    meter.apdu(record)
    one = block(0)
    assert block(0) == one
    two = block(1)
    assert two != one
    assert block(0).hex() == "850505" + "01" + "0000" + "00" + "0e" + "0000"
    assert block(1) == two
    for other in (get("20000201"), ask.encode_get_record(DAYS, ask.newest(1), (TIME,), PIID)):
        meter.apdu(record)
        meter.apdu(other)
        assert block(0)[7] == 11


def test_rows_of_later_blocks_stand_where_they_stood_when_the_first_was_asked() -> None:
    meter = Records698()
    apdu = meter.read(ask.encode_get_record(CURVE, ask.newest(100), (), PIID))
    rows = table(apdu.body["outcome"].records)
    meter.clock(NOW + timedelta(hours=1))
    more = table(meter.read(ask.encode_get_next(0, PIID)).body["outcome"].records)
    assert more[0][0] == rows[-1][0] - QUARTER


def test_behind_the_last_block_there_is_none() -> None:
    meter = Records698()
    apdu = meter.read(ask.encode_get_record(CURVE, ask.newest(60), (), PIID))
    last = -1
    while not apdu.body["last"]:
        last += 1
        apdu = meter.read(ask.encode_get_next(last, PIID))
    assert meter.apdu(ask.encode_get_next(last + 1, PIID))[7] == 14


def test_a_list_of_records_is_answered_record_by_record() -> None:
    meter = Records698()
    both = [
        RecordAsk(DAYS, ask.newest(2), (TIME, FORWARD)),
        RecordAsk(0x50070200, ask.newest(1), (TIME,)),
    ]
    apdu = meter.read(ask.encode_get_record_list(both, PIID))
    days, none = apdu.records
    assert table((days,)) == [
        [when, meter.held.energy(1, 0, when)] for when in (MIDNIGHT, MIDNIGHT - timedelta(days=1))
    ]
    assert none.outcome == Dar(6)


def test_of_a_list_a_record_too_long_is_refused_and_the_others_stand() -> None:
    meter = Records698()
    asked = [
        RecordAsk(CURVE, day(MIDNIGHT - timedelta(days=1)), ()),
        RecordAsk(DAYS, ask.newest(1), (TIME,)),
    ]
    long, short = meter.read(ask.encode_get_record_list(asked, PIID)).records
    assert long.outcome == Dar(2)
    assert table((short,)) == [[MIDNIGHT]]


def told(method: str, data: str) -> bytes:
    """An ACTION to everybody."""
    return frame(bytes.fromhex("070100" + method + data + "00"), "AA", kind=3, client=0)


def test_a_freeze_told_to_everybody_holds_what_was_then() -> None:
    meter = Records698()
    assert meter.bench.ask(told("50000300", "12000A")) is None
    meter.clock(NOW + timedelta(minutes=3))
    assert meter.rows(AT_ONCE, ask.everything(), TIME, COUNT, FORWARD) == [
        [NOW, 1, meter.held.energy(1, 0, NOW)]
    ]


def test_freezes_told_before_and_after_the_clock_was_set_are_of_their_own_instants() -> None:
    meter = Records698()
    meter.bench.ask(told("50000300", "00"))
    set_back = NOW - timedelta(minutes=4)
    meter.bench.ask(told("40007F00", "1C" + at(set_back).hex()))
    assert meter.bench.value("40000200") == "1C" + at(set_back).hex().upper()
    meter.bench.ask(told("50000300", "00"))
    held = meter.held.energy(1, 0, NOW)
    assert meter.rows(AT_ONCE, ask.newest(2), TIME, FORWARD) == [[set_back, held], [NOW, held]]


def test_an_event_of_the_set_clock_is_read_with_both_times() -> None:
    meter = Records698(1)
    later = NOW + timedelta(minutes=2)
    meter.bench.ask(told("40007F00", "1C" + at(later).hex()))
    rows = meter.rows(0x30160200, ask.everything(), 0x20220200, 0x201E0200, 0x20200200)
    assert rows == [[1, NOW, later]]


@pytest.mark.parametrize(("freeze", "n"), [(DAYS, 15), (MONTHS, 0)])
def test_a_freeze_of_the_first_midnight_of_a_month_has_the_demand_of_the_month_before(
    freeze: int, n: int
) -> None:
    meter = Records698()
    first = MIDNIGHT.replace(day=1)
    july = first.replace(month=7)
    when, demand = meter.rows(freeze, ask.newest(n + 1), TIME, DEMAND)[n]
    assert when == first
    value, ended = Held.peak_words(0, 0, second(july))
    assert demand == [value, july + timedelta(seconds=ended - second(july))]


def test_the_demand_of_now_is_known_with_a_clock_set_ahead() -> None:
    meter = Records698()
    before = meter.bench.value("10100201")
    meter.bench.ask(told("40007F00", "1C" + at(NOW + timedelta(minutes=4)).hex()))
    assert meter.bench.value("10100201")[:4] == before[:4] == "0202"


def connect(timeout: int) -> bytes:
    """A public connection for frames of 128 bytes."""
    offer = "0207" + "0010" + "FF" * 8 + "FF" * 16 + "0080" + "0080" + "01" + "0400"
    return bytes.fromhex(offer + f"{timeout:08X}" + "00" + "00")


@pytest.mark.parametrize(
    ("timeout", "pause", "kept"), [(60, 60, True), (60, 61, False), (0, 80_000, True)]
)
def test_what_was_agreed_holds_until_nothing_was_asked_for_so_long(
    timeout: int, pause: int, kept: bool
) -> None:
    meter = Records698()
    long = frame(get(*["43000300"] * 3))
    meter.apdu(connect(timeout))
    for n in (1, 2):
        meter.clock(NOW + timedelta(seconds=n * pause))
        assert (meter.bench.ask(long).control == 0xE3) is kept
