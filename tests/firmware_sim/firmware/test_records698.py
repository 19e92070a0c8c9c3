"""Records of the 698 meter: every row is what the meter held at that instant."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware
from protocol.dlt698 import requests as ask
from protocol.dlt698.axdr import Chosen, Data, Road, Ti
from tests.firmware_sim.firmware.rows698 import Meter, at, question
from tests.firmware_sim.frames import NUMBER
from tests.firmware_sim.held import NOW, Held, r10, second

CURVE, HOURS, DAYS, MONTHS = 0x50020200, 0x50030200, 0x50040200, 0x50060200
TIME, COUNT, FORWARD, VOLTAGE, POWER = 0x20210200, 0x20230200, 0x00100200, 0x20000200, 0x20040200
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)
QUARTER = NOW.replace(minute=30, second=0)
THIS = (1, (bytes.fromhex("05" + NUMBER),))


def moment(when: datetime) -> Data:
    return ask.moment(at(when))


@pytest.mark.parametrize(
    ("oad", "newest", "before", "kept"),
    [
        (CURVE, QUARTER, QUARTER - timedelta(minutes=15), None),
        (HOURS, NOW.replace(minute=0, second=0), NOW.replace(hour=19, minute=0, second=0), 254),
        (DAYS, MIDNIGHT, MIDNIGHT - timedelta(days=1), 62),
        (MONTHS, MIDNIGHT.replace(day=1), MIDNIGHT.replace(month=7, day=1), 12),
    ],
)
def test_each_freeze_keeps_its_instants_and_what_was_held_then(
    oad: int, newest: datetime, before: datetime, kept: int | None
) -> None:
    meter = Meter()
    rows = meter.rows(oad, ask.newest(2), TIME, 0x00100201)
    held = Held(1)
    assert rows == [[when, held.energy(1, 0, when)] for when in (newest, before)]
    if kept:
        assert len(meter.rows(oad, ask.everything(), TIME)) == kept


def test_a_range_gives_its_rows_from_the_first_up_to_but_not_the_last() -> None:
    start, end = QUARTER - timedelta(hours=1), QUARTER
    rows = Meter(3).rows(CURVE, ask.between(TIME, moment(start), moment(end)), TIME, POWER)
    held = Held(3)
    whens = [start + timedelta(minutes=15 * n) for n in range(4)]
    assert [row[0] for row in rows] == whens
    for when, (_, power) in zip(whens, rows, strict=True):
        phases = [held.powers(when)[name] for name in ("pa", "pb", "pc")]
        assert power == [r10(raw) for raw in (sum(phases), *phases)]


def test_an_interval_leaves_out_what_lies_between() -> None:
    start = MIDNIGHT
    asked = ask.between(TIME, moment(start), moment(start + timedelta(hours=6)), Ti(2, 2))
    assert [row[0].hour for row in Meter().rows(CURVE, asked, TIME)] == [0, 2, 4]
    months = ask.between(TIME, moment(datetime(2025, 11, 1)), moment(NOW), Ti(4, 3))
    assert [row[0].month for row in Meter().rows(MONTHS, months, TIME)] == [11, 2, 5, 8]


def test_a_row_is_found_by_its_time_and_by_its_number() -> None:
    meter = Meter()
    when = MIDNIGHT - timedelta(days=61)
    ((found, number),) = meter.rows(DAYS, ask.where(TIME, moment(when)), TIME, COUNT)
    assert found == when
    assert meter.rows(DAYS, ask.where(COUNT, Data(6, number)), TIME) == [[when]]
    older = moment(when - timedelta(days=1))
    assert meter.rows(DAYS, ask.where(TIME, older), TIME) == []


def test_no_columns_are_all_columns_and_the_answer_names_them() -> None:
    record = Meter(3).answer(DAYS, ask.newest(1))
    assert record.columns[:2] == (TIME, COUNT)
    assert 0x10100200 in record.columns
    assert isinstance(record.outcome, tuple)
    (row,) = record.outcome
    assert len(row) == len(record.columns)
    assert all(data.tag for data in row)


def test_what_is_not_stored_is_null_and_a_road_is_a_structure() -> None:
    road = Road(DAYS, (0x00100201, 0x20000201))
    ((none, both),) = Meter().rows(DAYS, ask.newest(1), 0x40010200, road)
    assert none is None
    assert both == [Held(1).energy(1, 0, MIDNIGHT), r10(22014)]


@pytest.mark.parametrize("kind", [4, 5, 6, 7, 8, 10])
@pytest.mark.parametrize(
    ("meters", "count"),
    [
        (Chosen(1, ()), 1),
        (Chosen(0, ()), 0),
        (Chosen(3, (THIS[1],)), 1),
        (Chosen(3, ((bytes.fromhex("05999999999999"),),)), 0),
        (Chosen(4, ((1,),)), 0),
    ],
)
def test_a_choice_of_meters_means_this_one_or_gives_no_rows(
    kind: int, meters: Chosen, count: int
) -> None:
    start, end = at(MIDNIGHT), at(MIDNIGHT + timedelta(seconds=1))
    parts = (start,) if kind < 6 else (start, end, Ti(1, 0)) if kind < 9 else (1,)
    assert len(Meter().rows(DAYS, Chosen(kind, (*parts, meters)), TIME)) == count


@pytest.mark.parametrize(
    ("oad", "rows", "dar"),
    [
        (0x50070200, ask.everything(), 6),
        (0x50040300, ask.everything(), 6),
        (0x30000600, ask.everything(), 6),
        (DAYS, ask.where(POWER, Data(6, 1)), 8),
        (DAYS, ask.where(TIME, Data(6, 1)), 7),
        (DAYS, ask.where(TIME, ask.moment(bytes(7))), 8),
        (DAYS, ask.between(TIME, moment(MIDNIGHT), moment(NOW), Ti(9, 1)), 8),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(
    oad: int, rows: Chosen, dar: int
) -> None:
    assert Meter().refusal(oad, rows, TIME) == dar


def test_a_question_that_is_cut_off_is_refused_whatever_is_left_of_it() -> None:
    asked = question(DAYS, ask.between(TIME, moment(MIDNIGHT), moment(NOW)), TIME)
    for end in range(4, len(asked)):
        assert Meter().record(asked[:end]).outcome.code in (7, 8)  # type: ignore[union-attr]


@given(st.binary(max_size=60))
@settings(max_examples=150, derandomize=True)
def test_any_bytes_as_a_question_give_an_answer_that_is_whole(noise: bytes) -> None:
    Meter().record(bytes.fromhex("50040200") + noise)


def test_rows_that_do_not_fit_are_refused_and_never_cut_short() -> None:
    meter = Meter(body=600)
    assert len(meter.rows(CURVE, ask.newest(40), TIME)) == 40
    assert meter.refusal(CURVE, ask.newest(75), TIME) == 2
    assert meter.refusal(CURVE, ask.everything(), TIME) == 2


@pytest.mark.parametrize("count", [127, 128, 255])
def test_the_count_of_rows_is_written_in_as_many_bytes_as_it_needs(count: int) -> None:
    rows = Meter().rows(CURVE, ask.newest(count), TIME)
    assert rows == [[QUARTER - timedelta(minutes=15 * n)] for n in range(count)]


def test_events_are_the_newest_first_with_their_start_end_and_number() -> None:
    meter = Meter()
    rows = meter.rows(0x30110200, ask.newest(3), 0x20220200, 0x201E0200, 0x20200200, 0x20240200)
    total = 10 + 0x11
    assert rows == [[total - n, *Held.event(0x11, 0, n + 1), None] for n in range(3)]
    start = Held.event(0x11, 0, 4)[0]
    one = ask.where(0x201E0200, moment(start))
    assert meter.rows(0x30110200, one, 0x20220200) == [[total - 3]]


def test_phases_have_their_own_records_and_a_cover_the_energy_around_it() -> None:
    rows = Meter(3).rows(0x30010700, ask.newest(1), 0x201E0200)
    assert rows == [[Held.event(2, 2, 1)[0]]]
    start, end = Held.event(0x2D, 0, 1)
    rows = Meter().rows(0x301B0200, ask.newest(1), 0x00102201, 0x00108201)
    assert rows == [[Held(1).energy(1, 0, start), Held(1).energy(1, 0, end)]]


def test_what_was_done_to_the_meter_is_kept_ten_times() -> None:
    meter = Meter()
    assert meter.rows(0x30160200, ask.everything(), 0x201E0200) == []
    for n in range(12):
        meter.events.note(0x3016, second(NOW) + n, second(NOW) + n + 60)
    rows = meter.rows(0x30160200, ask.everything(), 0x20220200, 0x201E0200)
    assert rows == [[12 - n, NOW + timedelta(seconds=11 - n)] for n in range(10)]


def test_a_curve_of_another_period_begins_anew() -> None:
    meter = Meter()
    body = bytearray(300)
    end = meter.freezes.put_attribute(body, 0, 0x5002)
    told = bytes(body[:end]).replace(b"\x12\x00\x0f", b"\x12\x00\x05")
    assert meter.freezes.set_curve(told, 0, len(told), second(NOW)) == 0
    assert meter.rows(CURVE, ask.everything(), TIME) == []
    meter.now = NOW + timedelta(minutes=11)
    # a store that reaches into this meter's future
    meter.registers.memory = lambda buf, page, when, since: Held(3).store(buf, page, -1, since)
    times = [row[0].minute for row in meter.rows(CURVE, ask.everything(), TIME)]
    assert times == [40, 35]
    assert meter.freezes.set_curve(told[:-1], 0, len(told) - 1, 0) == 7


def test_a_freeze_at_once_is_kept_three_times() -> None:
    meter = Meter()
    for n in range(4, 0, -1):
        meter.freezes.freeze_now(second(NOW) - n)
    rows = meter.rows(0x50000200, ask.everything(), TIME)
    assert rows == [[NOW - timedelta(seconds=n)] for n in (1, 2, 3)]


def test_a_question_ends_where_its_columns_end() -> None:
    asked = question(DAYS, ask.newest(1), TIME, Road(DAYS, (FORWARD,)))
    size = firmware("meter698.records").size
    assert size(asked + b"\x00\x01", 0, len(asked) + 2) == len(asked)
    assert size(asked, 0, len(asked) - 1) == -1


def test_the_peer_reads_the_rows_as_well() -> None:
    native = pytest.importorskip("dlt698._native")
    raw = Meter(3).raw(question(CURVE, ask.newest(96), TIME, VOLTAGE, POWER))
    answer = b"\x85\x03\x01" + raw + b"\0\0"
    assert bytes(native.encode_apdu(native.decode_apdu(answer))) == answer


def test_a_range_of_events_leaves_out_the_one_at_its_end() -> None:
    starts = [Held.event(0x11, 0, n)[0] for n in (3, 2, 1)]
    asked = ask.between(0x201E0200, moment(starts[0]), moment(starts[2]))
    rows = Meter().rows(0x30110200, asked, 0x201E0200)
    assert rows == [[start] for start in starts[:2]]


def test_a_curve_has_no_rows_of_a_power_off_and_a_freeze_by_day_has() -> None:
    meter = Meter()
    held = meter.registers.memory
    off = (MIDNIGHT - timedelta(minutes=20), MIDNIGHT + timedelta(minutes=20))

    def memory(buf: bytearray, page: int, when: int, since: int) -> bool:
        known: bool = held(buf, page, when, since)
        if page == 0 and second(off[0]) <= when < second(off[1]):
            buf[0x10:0x18] = bytes(8)
        return known

    meter.registers.memory = memory
    chosen = ask.between(TIME, moment(off[0]), moment(off[1] + timedelta(minutes=30)))
    times = [row[0] for row in meter.rows(CURVE, chosen, TIME)]
    assert times == [MIDNIGHT + timedelta(minutes=minutes) for minutes in (30, 45)]
    assert [row[0] for row in meter.rows(DAYS, ask.newest(1), TIME)] == [MIDNIGHT]
