"""The desk: sweep parts in, one result a line and sweep out; the day outlives a restart."""

import math
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.analysis.desk import Desk
from edge.analysis.loading import COLUMNS
from protocol.quantity import quantities
from protocol.uplink.batch import batch_payload, read_batch
from protocol.uplink.part import Part, decode_part, encode_part
from protocol.uplink.quality import Quality
from tests.edge.analysis.parts import (
    F1,
    F2,
    MIDNIGHT,
    MINUTE,
    NOON,
    T1,
    T2,
    loaded,
    part,
    value,
    xiyuan,
)

T = TypeVar("T")

SITE = xiyuan()


@pytest.fixture
def desk() -> Desk:
    return Desk(SITE)


def only(given: tuple[Part, ...]) -> Part:
    """The one result."""
    (result,) = given
    return result


# ---- what leaves, and when ---------------------------------------------------------------------


def test_a_sweep_with_master_and_feeder_meters_gives_one_result_of_its_slot_and_line(
    desk: Desk,
) -> None:
    result = only(desk.take(part({"370112920001": loaded(), F1: loaded(), T1: loaded()}, slot=42)))
    assert (result.kind, result.slot, result.line) == ("result", 42, "station")
    assert (result.part, result.last) == (0, True)
    assert result.meters == ["T1", "F1"]
    assert tuple(result.columns) == COLUMNS


def test_the_rows_of_several_parts_leave_together_with_the_last_one(desk: Desk) -> None:
    assert desk.take(part({F1: loaded()}, number=0, last=False)) == ()
    assert desk.take(part({"370112920001": {}}, number=1, last=False)) == ()
    result = only(desk.take(part({T1: loaded()}, t=NOON + 20_000, number=2)))
    assert result.meters == ["T1", "F1"]
    assert result.t == [NOON + 20_000, NOON]


def test_a_last_part_without_any_row_of_a_point_still_closes_the_sweep(desk: Desk) -> None:
    desk.take(part({F1: loaded()}, last=False))
    assert only(desk.take(part({}, number=1))).meters == ["F1"]


def test_a_line_of_households_has_no_result(desk: Desk) -> None:
    assert desk.take(part({"370112100001": loaded()}, line="b1")) == ()
    assert desk.take(part({}, line="b1")) == ()


def test_a_sweep_without_its_end_leaves_when_the_next_slot_begins(desk: Desk) -> None:
    desk.take(part({F1: loaded()}, slot=1, last=False))
    given = desk.take(part({T1: loaded()}, t=NOON + MINUTE, slot=2))
    assert [(one.slot, one.meters) for one in given] == [(1, ["F1"]), (2, ["T1"])]


def test_lines_do_not_wait_for_each_other(desk: Desk) -> None:
    desk.take(part({F1: loaded()}, last=False))
    assert only(desk.take(part({T1: loaded()}, line="other"))).meters == ["T1"]
    assert only(desk.take(part({T2: loaded()}, number=1))).meters == ["T2", "F1"]


def test_parts_of_other_kinds_give_nothing(desk: Desk) -> None:
    for kind in ("freeze", "curve", "result"):
        assert desk.take(part({T1: loaded()}, kind=kind)) == ()


def test_open_sweeps_are_one_a_line_and_hold_no_more_rows_than_points(desk: Desk) -> None:
    for number in range(200):
        desk.take(part({F1: loaded(), T1: loaded()}, number=number, last=False))
    assert only(desk.take(part({}, number=200))).meters == ["T1", "F1"]


# ---- what stands in it --------------------------------------------------------------------------


def test_loading_is_s_over_rated_for_a_transformer_and_worst_current_for_a_feeder(
    desk: Desk,
) -> None:
    rows = {T1: loaded(40_000, 200, 30_000), F2: {**loaded(), "current_b": 110_500}}
    result = only(desk.take(part(rows)))
    assert value(result, "T1", "apparent_power") == 1_500_000
    assert value(result, "T1", "loading") == 3_750
    assert value(result, "T1", "loading_a") == round(10_000 * 200 / (400_000 / math.sqrt(3) / 400))
    assert value(result, "F2", "loading_b") == 5_000
    assert value(result, "F2", "loading") == round(10_000 * 220 / 221)


def test_powers_and_currents_are_the_meters_own(desk: Desk) -> None:
    values = {**loaded(), "active_power": 1_499_987}
    result = only(desk.take(part({T1: values})))
    for name in ("active_power", "active_power_c", "reactive_power_b", "current_a"):
        assert value(result, "T1", name) == values[name]


def test_a_silent_meter_has_its_row_with_none_everywhere_and_its_quality(desk: Desk) -> None:
    desk.take(part({T1: loaded(), F1: loaded()}))
    result = only(desk.take(part({T1: loaded(), F1: {}}, t=NOON + MINUTE, slot=8)))
    assert all(value(result, "F1", name) is None for name in COLUMNS)
    assert result.q == [256, 256 | Quality.NO_ANSWER]
    assert value(result, "T1", "unbalance_coverage") == 667


def test_a_value_that_is_missing_leaves_none_and_never_zero(desk: Desk) -> None:
    values = loaded()
    del values["reactive_power_b"], values["reactive_power"]
    result = only(desk.take(part({T1: values})))
    for name in ("apparent_power", "apparent_power_b", "loading", "current_n", "reactive_power"):
        assert value(result, "T1", name) is None
    assert value(result, "T1", "apparent_power_a") == 500_000
    assert value(result, "T1", "loading_b") is not None


def test_a_feeder_of_an_unknown_conductor_has_powers_and_no_loading() -> None:
    feeders = tuple(
        msgspec.structs.replace(one, conductor="Fe 4x1") if one.id == "F1" else one
        for one in SITE.feeders
    )
    desk = Desk(msgspec.structs.replace(SITE, feeders=feeders))
    result = only(desk.take(part({F1: loaded()})))
    assert value(result, "F1", "apparent_power") == 1_500_000
    for name in ("loading", "loading_a", "unbalance"):
        assert value(result, "F1", name) is None


def test_the_time_of_a_row_is_that_of_its_powers(desk: Desk) -> None:
    read = msgspec.structs.replace(part({T1: loaded(), F1: {}}), dt={"active_power": [350, 0]})
    assert only(desk.take(read)).t == [NOON + 350, NOON + 500]


def test_a_time_beyond_all_bounds_is_given_on_and_has_no_day(desk: Desk) -> None:
    last = 2**63 - 1
    read = msgspec.structs.replace(part({T1: loaded()}), t=[last], dt={"active_power": [last]})
    result = only(desk.take(read))
    assert result.t == [last]
    assert value(result, "T1", "loading") is not None
    assert value(result, "T1", "energy_day") is None


def test_clock_bits_pass_through(desk: Desk) -> None:
    result = only(desk.take(part({T1: loaded()}, q=256 | Quality.CLOCK_HOLDING)))
    assert result.q == [256 | Quality.CLOCK_HOLDING]


def test_the_second_meter_of_a_place_does_not_count() -> None:
    (twin,) = (meter for meter in SITE.meters if meter.id == T1)
    spare = msgspec.structs.replace(twin, id="370112900009")
    desk = Desk(msgspec.structs.replace(SITE, meters=(*SITE.meters, spare)))
    assert desk.take(part({"370112900009": loaded()})) == ()
    assert only(desk.take(part({T1: loaded()}))).meters == ["T1"]


def test_every_column_is_in_the_vocabulary_and_a_result_goes_to_the_utility(desk: Desk) -> None:
    assert set(COLUMNS) <= set(quantities())
    result = only(desk.take(part({T1: loaded(40_000, 200, 30_000)})))
    assert decode_part(encode_part(result)) == result
    batch = read_batch(batch_payload(result, "e", 1, "live"))
    assert batch.kind == "result"
    assert batch.columns["loading"] == [37.5]


# ---- the day ------------------------------------------------------------------------------------


def energy(desk: Desk, begin: int, count: int, q: int = 256) -> list[int | None]:
    """The day's energy of T1 over sweeps a minute apart at 3 x 50 kW."""
    given = []
    for at in range(count):
        result = only(desk.take(part({T1: loaded()}, t=begin + at * MINUTE, slot=at, q=q)))
        given.append(value(result, "T1", "energy_day"))
    return given


def test_the_days_energy_begins_at_the_sites_own_midnight(desk: Desk) -> None:
    # 3 x 50 kW: 2.5 kWh a minute
    given = energy(desk, MIDNIGHT - 2 * MINUTE - MINUTE // 2, 6)
    assert given == [None, 250, 500, 125, 375, 625]


def test_the_days_energy_outlives_a_restart(desk: Desk) -> None:
    energy(desk, NOON - 10 * MINUTE, 10)
    kept = only(desk.take(part({T1: loaded(), F1: {}}, slot=10)))
    again = Desk(SITE)
    again.restore(decode_part(encode_part(kept)))
    assert energy(again, NOON + MINUTE, 1) == energy(desk, NOON + MINUTE, 1) == [2_750]


def test_results_restore_in_any_order_and_a_silent_row_hides_no_older_day(desk: Desk) -> None:
    energy(desk, NOON - 10 * MINUTE, 10)
    older = only(desk.take(part({T1: loaded()}, t=NOON, slot=10)))
    silent = only(desk.take(part({T1: {}, F1: loaded()}, t=NOON + MINUTE, slot=11)))
    for order in ((older, silent), (silent, older), (older, older, silent)):
        again = Desk(SITE)
        for result in order:
            again.restore(result)
        assert energy(again, NOON + 2 * MINUTE, 1) == [3_000]


def test_restoring_anything_else_does_nothing(desk: Desk) -> None:
    desk.restore(part({T1: {**loaded()}}, t=NOON))
    desk.restore(Part(kind="result", slot=0, line="x", part=0, last=True, meters=["T1", "no"],
                      t=[2**63 - 1, 0], columns={}, q=[0, 0]))  # fmt: skip
    assert energy(desk, NOON - MINUTE, 2) == [None, 250]
    assert desk.counters == {"late": 0, "restarts": 0, "absurd": 0}


def test_sweeps_read_by_a_clock_never_set_do_not_end_the_day(desk: Desk) -> None:
    energy(desk, NOON - 10 * MINUTE, 11)
    untrusted = 256 | Quality.CLOCK_UNTRUSTED
    assert energy(desk, 3 * MINUTE, 3, q=untrusted) == [None, 250, 500]
    assert energy(desk, NOON + MINUTE, 1) == [2_750]
    assert desk.counters["restarts"] == 0


# ---- whatever comes ------------------------------------------------------------------------------

WILD = st.one_of(st.none(), st.integers(-(2**63), 2**64), st.integers(-(10**7), 10**7))
METERS = st.sampled_from([T1, T2, F1, F2, "370112100001", "tmu1", ""])


@st.composite
def wild_parts(draw: st.DrawFn) -> Part:
    meters = draw(st.lists(METERS, max_size=5))

    def column(of: st.SearchStrategy[T]) -> list[T]:
        return draw(st.lists(of, min_size=len(meters), max_size=len(meters)))

    times = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(NOON, NOON + 10**7))
    names = draw(st.lists(st.sampled_from(sorted(quantities())), max_size=12, unique=True))
    columns = {name: column(WILD) for name in names}
    return Part(
        kind=draw(st.sampled_from(["sweep", "sweep", "result"])),
        slot=draw(st.integers(0, 2)),
        line=draw(st.sampled_from(["station", "b1"])),
        part=draw(st.integers(0, 3)),
        last=draw(st.booleans()),
        meters=meters,
        t=column(times),
        dt={name: column(times) for name in names[:1]},
        columns=columns,
        q=[draw(st.integers(0, 511)) for _ in meters],
    )


@settings(max_examples=150)
@given(st.lists(wild_parts(), max_size=8))
def test_whatever_a_part_holds_the_desk_gives_results_the_journal_takes(given: list[Part]) -> None:
    desk = Desk(SITE)
    for one in given:
        for result in desk.take(one):
            assert decode_part(encode_part(result)) == result
        desk.restore(one)


def test_a_part_of_households_alone_does_not_concern_it() -> None:
    desk = Desk(xiyuan())
    assert desk.concerns(part({"370112100001": {}, F1: loaded()}))
    assert not desk.concerns(part({"370112100001": {}}))
