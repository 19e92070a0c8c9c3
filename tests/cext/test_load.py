"""The load calculator: definitions by hand-worked numbers, hostile samples, both kernels alike."""

import math
import sys
import threading
from array import array
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cext.load_py import DAY_MS, GAP_MS, MEMORY, MISSING, MOST_TIME, RESULT, SAMPLE

MIDNIGHT = 1_799_942_400_000
NOON = MIDNIGHT + 12 * 3_600_000
MINUTE = 60_000
T400 = (4_000_000, 577_350)
"""A transformer of 400 kVA: 0.1 VA, mA."""
CABLE = (0, 321_000)
"""A feeder of 321 A."""

Row = dict[str, int | None]


def sample(point: int = 0, t: int = NOON, day: int = MIDNIGHT, **values: Any) -> list[int]:
    """One sample; `current=(a, b, c)` in mA, `active` in 0.1 W, `reactive` in 0.1 var.

    Powers are (a, b, c), with their sum before them, or (total, a, b, c).
    """
    row = [point, t, day]
    for name in ("voltage", "current", "active", "reactive"):
        given = values.get(name, (None, None, None))
        if name in ("active", "reactive") and len(given) == 3:
            given = (None if None in given else sum(given), *given)
        row += [MISSING if one is None else one for one in given]
    return row


def balanced(t: int, amps: int = 300, day: int = MIDNIGHT, point: int = 0) -> list[int]:
    """The same current in each phase, at 230 V and power factor 1."""
    whole = (amps * 1000,) * 3
    return sample(point, t, day, current=whole, active=(amps * 2300,) * 3, reactive=(0, 0, 0))


def fed(calculator: Any, *samples: list[int]) -> list[Row]:
    """The results, by name, None for MISSING."""
    got = calculator.feed(array("q", [value for one in samples for value in one]))
    width = len(RESULT)
    assert len(got) % width == 0
    return [
        {
            name: None if value == MISSING else value
            for name, value in zip(RESULT, got[at : at + width], strict=True)
        }
        for at in range(0, len(got), width)
    ]


def make(kernel: ModuleType, *rated: tuple[int, int]) -> Any:
    return kernel.LoadCalculator(list(rated) or [T400])


# ---- of now ------------------------------------------------------------------------------------


def test_apparent_power_is_the_root_of_the_squares_per_phase_and_of_the_sums(
    calculator: ModuleType,
) -> None:
    active, reactive = (300_000, 400_000, 0), (400_000, -300_000, 0)
    (row,) = fed(make(calculator), sample(active=active, reactive=reactive))
    assert [row[f"apparent_power_{x}"] for x in "abc"] == [500_000, 500_000, 0]
    assert row["apparent_power"] == round(math.hypot(700_000, 100_000))


def test_loading_of_a_transformer_is_s_by_rated_s_and_of_its_phases_i_by_rated_i(
    calculator: ModuleType,
) -> None:
    power = sample(current=(577_350, 288_675, -57_735), active=(1_000_000,) * 3, reactive=(0, 0, 0))
    (row,) = fed(make(calculator), power)
    assert row["loading"] == 7_500
    assert [row[f"loading_{x}"] for x in "abc"] == [10_000, 5_000, 1_000]


def test_loading_of_a_feeder_is_that_of_its_worst_phase(calculator: ModuleType) -> None:
    (row,) = fed(make(calculator, CABLE), sample(current=(64_200, -160_500, 96_300)))
    assert row["loading"] == 5_000
    assert [row[f"loading_{x}"] for x in "abc"] == [2_000, 5_000, 3_000]
    assert row["apparent_power"] is None


def test_the_worst_phase_is_not_known_while_one_is_missing(calculator: ModuleType) -> None:
    (row,) = fed(make(calculator, CABLE), sample(current=(160_500, None, 96_300)))
    assert row["loading"] is None
    assert [row[f"loading_{x}"] for x in "abc"] == [5_000, None, 3_000]


def test_a_point_without_any_rating_has_powers_and_no_loading(calculator: ModuleType) -> None:
    first, last = fed(make(calculator, (0, 0)), *(balanced(NOON + at * MINUTE) for at in range(2)))
    assert first["apparent_power"] is not None
    for name in ("loading", "loading_a", "loading_b", "loading_c", "unbalance"):
        assert last[name] is None


def test_equal_currents_at_equal_angles_leave_nothing_in_the_neutral(
    calculator: ModuleType,
) -> None:
    even = sample(current=(90_000,) * 3, active=(180_000,) * 3, reactive=(60_000,) * 3)
    (row,) = fed(make(calculator), even)
    assert row["current_n"] == 0


def test_the_neutral_is_the_vector_sum_with_each_phase_at_its_own_angle(
    calculator: ModuleType,
) -> None:
    amps, angles = (100.0, 80.0, 60.0), (0.3, -0.2, 2.9)
    turned = [
        amp * complex(math.cos(-phi + turn), math.sin(-phi + turn))
        for amp, phi, turn in zip(
            amps, angles, (0.0, -2 * math.pi / 3, 2 * math.pi / 3), strict=True
        )
    ]
    row = sample(
        current=[round(amp * 1000) for amp in amps],
        active=[
            round(2_300_000 * amp * math.cos(phi)) for amp, phi in zip(amps, angles, strict=True)
        ],
        reactive=[
            round(2_300_000 * amp * math.sin(phi)) for amp, phi in zip(amps, angles, strict=True)
        ],
    )
    (got,) = fed(make(calculator), row)
    assert got["current_n"] == round(abs(sum(turned)) * 1000)


def test_one_phase_alone_flows_back_whole_through_the_neutral(calculator: ModuleType) -> None:
    alone = sample(current=(50_000, 0, 0), active=(100_000, 0, 0), reactive=(30_000, 0, 0))
    assert fed(make(calculator), alone)[0]["current_n"] == 50_000


def test_a_current_whose_angle_is_not_known_leaves_the_neutral_unknown(
    calculator: ModuleType,
) -> None:
    no_power = sample(current=(50_000, 160, 0), active=(100_000, 0, 0), reactive=(0, 0, 0))
    assert fed(make(calculator), no_power)[0]["current_n"] is None
    no_reactive = sample(current=(1, 1, 1), active=(1, 1, 1), reactive=(1, None, 1))
    assert fed(make(calculator), no_reactive)[0]["current_n"] is None


# ---- unbalance ---------------------------------------------------------------------------------


def minutes(count: int, start: int = NOON, **values: Any) -> list[list[int]]:
    """A sample at every full minute, the first at `start`."""
    return [sample(t=start + at * MINUTE, **values) for at in range(count)]


UNEVEN: dict[str, Any] = {
    "current": (300_000, 270_000, 240_000),
    "active": (690_000, 621_000, 552_000),
    "reactive": (0, 0, 0),
}


def test_unbalance_is_of_the_means_of_fifteen_minutes_with_the_time_they_rest_on(
    calculator: ModuleType,
) -> None:
    rows = fed(make(calculator), *minutes(16, **UNEVEN))
    assert (rows[0]["unbalance"], rows[0]["unbalance_coverage"]) == (None, 0)
    assert (rows[1]["unbalance"], rows[1]["unbalance_coverage"]) == (2_000, 667)
    assert (rows[15]["unbalance"], rows[15]["unbalance_coverage"]) == (2_000, 10_000)


def test_unbalance_is_not_judged_below_thirty_per_cent_of_mean_loading(
    calculator: ModuleType,
) -> None:
    def light(watts: int) -> dict[str, Any]:
        return {**UNEVEN, "active": (watts, 0, 0)}

    below = fed(make(calculator), *minutes(4, **light(1_199_999)))[-1]
    assert (below["unbalance"], below["unbalance_coverage"]) == (None, 2_000)
    assert fed(make(calculator), *minutes(4, **light(1_200_000)))[-1]["unbalance"] == 2_000


def test_a_feeder_is_judged_by_its_worst_mean_current(calculator: ModuleType) -> None:
    below = fed(make(calculator, CABLE), *minutes(4, current=(96_299, 0, 0)))[-1]
    assert below["unbalance"] is None
    assert fed(make(calculator, CABLE), *minutes(4, current=(96_300, 0, 0)))[-1]["unbalance"] == (
        10_000
    )


def test_means_are_weighted_by_time_and_not_by_samples(calculator: ModuleType) -> None:
    # 5 min at 300/300/300, then 10 min at 300/300/0; many samples in the first stretch
    steady: dict[str, Any] = {"active": (900_000,) * 3, "reactive": (0, 0, 0)}
    rows = [sample(t=NOON + at * 10_000, current=(300_000,) * 3, **steady) for at in range(31)]
    rows.append(sample(t=NOON + 300_001, current=(300_000, 300_000, 0), **steady))
    rows.append(sample(t=NOON + 900_000, current=(300_000, 300_000, 0), **steady))
    last = fed(make(calculator), *rows)[-1]
    assert last["unbalance_coverage"] == 10_000
    assert last["unbalance"] == pytest.approx(10_000 * 2 / 3, abs=1)


def test_what_lies_more_than_fifteen_minutes_back_is_out_of_the_mean(
    calculator: ModuleType,
) -> None:
    one = make(calculator)
    fed(one, *minutes(16, **UNEVEN))
    even = {**UNEVEN, "current": (300_000,) * 3}
    rows = fed(one, *minutes(17, start=NOON + 16 * MINUTE, **even))
    assert rows[0]["unbalance"] == pytest.approx(2_000 - 1_000 / 15, abs=1)
    assert (rows[-1]["unbalance"], rows[-1]["unbalance_coverage"]) == (0, 10_000)


def test_after_a_long_silence_coverage_begins_at_nothing_again(calculator: ModuleType) -> None:
    one = make(calculator)
    fed(one, *minutes(16, **UNEVEN))
    rows = fed(one, *minutes(2, start=NOON + 15 * MINUTE + GAP_MS + 1, **UNEVEN))
    assert (rows[0]["unbalance"], rows[0]["unbalance_coverage"]) == (None, 0)
    assert rows[1]["unbalance_coverage"] is not None
    assert 0 < rows[1]["unbalance_coverage"] <= 667


def test_sweeps_every_fifteen_minutes_cover_the_window_in_spite_of_their_jitter(
    calculator: ModuleType,
) -> None:
    times = (NOON, NOON + 903_000, NOON + 1_801_000)
    rows = fed(make(calculator), *(sample(t=t, **UNEVEN) for t in times))
    assert [row["unbalance_coverage"] for row in rows[1:]] == [10_000, 10_000]


# ---- energy of the day -------------------------------------------------------------------------


def test_energy_is_the_trapezoid_of_power_per_phase_and_in_all(calculator: ModuleType) -> None:
    # 0 to 60 kW in 15 min: 7.5 kWh; 12 kW for 15 min: 3 kWh
    rows = [
        sample(t=MIDNIGHT, active=(0, 120_000, 0)),
        sample(t=MIDNIGHT + 900_000, active=(600_000, 120_000, 0)),
    ]
    first, last = fed(make(calculator), *rows)
    assert first["energy_day"] is None
    assert first["energy_day_coverage"] is None
    assert [last[f"energy_day_{x}"] for x in "abc"] == [750, 300, 0]
    assert last["energy_day"] == 1_050
    assert last["energy_day_coverage"] == 10_000


def test_energy_fed_back_counts_below_zero_and_rounds_half_up(calculator: ModuleType) -> None:
    # -10 Wh x 1.5 = -15 Wh = -1.5 steps
    rows = [sample(t=MIDNIGHT + t, active=(-360_000, 360_000, 0)) for t in (0, 1_500)]
    last = fed(make(calculator), *rows)[-1]
    assert (last["energy_day_a"], last["energy_day_b"]) == (-1, 2)


def test_a_gap_longer_than_a_quarter_of_an_hour_is_not_bridged(calculator: ModuleType) -> None:
    at = MIDNIGHT
    rows = [balanced(at), balanced(at + 600_000)]
    rows.append(balanced(at + 600_000 + GAP_MS + 1))
    rows.append(balanced(at + 1_200_000 + GAP_MS + 1))
    got = fed(make(calculator), *rows)
    assert got[2]["energy_day"] == got[1]["energy_day"] == 3_450
    assert got[3]["energy_day"] == 6_900
    covered = 1_200_000 / (1_200_000 + GAP_MS + 1)
    assert got[3]["energy_day_coverage"] == round(10_000 * covered)


def test_a_missing_answer_in_a_short_gap_is_bridged(calculator: ModuleType) -> None:
    rows = [balanced(MIDNIGHT), sample(t=MIDNIGHT + MINUTE), balanced(MIDNIGHT + 600_000)]
    got = fed(make(calculator), *rows)
    assert got[1]["energy_day"] is None
    assert got[1]["energy_day_coverage"] is None
    assert (got[2]["energy_day"], got[2]["energy_day_coverage"]) == (3_450, 10_000)


def test_a_missing_phase_leaves_the_others_their_energy_and_the_total_none(
    calculator: ModuleType,
) -> None:
    rows = [sample(t=MIDNIGHT + at, active=(600_000, None, 600_000)) for at in (0, 600_000)]
    last = fed(make(calculator), *rows)[-1]
    assert [last[f"energy_day_{x}"] for x in "abc"] == [1_000, None, 1_000]
    assert (last["energy_day"], last["energy_day_coverage"]) == (None, None)


def test_at_midnight_the_energy_is_split_and_the_day_begins_anew(calculator: ModuleType) -> None:
    morrow = MIDNIGHT + 86_400_000
    rows = [
        sample(t=morrow - 600_000, active=(0, 0, 0)),
        sample(t=morrow - 300_000, active=(0, 0, 0)),
        # 0 to 120 kW over ten minutes: 60 kW at midnight, 5 min of 90 kW after it
        sample(t=morrow + 300_000, day=morrow, active=(1_200_000, 0, 0)),
    ]
    got = fed(make(calculator), *rows)
    assert got[1]["energy_day_coverage"] == round(10_000 * 300 / (86_400 - 300))
    assert (got[2]["energy_day_a"], got[2]["energy_day_coverage"]) == (750, 10_000)


# ---- time, chance and malice --------------------------------------------------------------------


def test_a_sample_at_or_before_the_last_one_leaves_the_past_alone(calculator: ModuleType) -> None:
    one, other = make(calculator), make(calculator)
    rows = [balanced(NOON + at * MINUTE) for at in range(20)]
    fed(one, *rows[:10])
    for t in (NOON + 9 * MINUTE, NOON + 3 * MINUTE):
        (late,) = fed(one, balanced(t, amps=577))
        assert late["loading"] == pytest.approx(9_953, abs=2)
        for name in ("unbalance", "unbalance_coverage", "energy_day", "energy_day_coverage"):
            assert late[name] is None
    assert one.late == 2
    fed(other, *rows[:10])
    assert fed(one, *rows[10:]) == fed(other, *rows[10:])


def test_a_clock_set_far_back_begins_the_point_anew(calculator: ModuleType) -> None:
    one = make(calculator)
    fed(one, *(balanced(NOON + at * MINUTE) for at in range(20)))
    early = [balanced(NOON - 3_600_000 + at * MINUTE) for at in range(3)]
    assert fed(one, *early) == fed(make(calculator), *early)
    assert (one.restarts, one.late) == (1, 0)
    fed(one, balanced(NOON - 3_600_000 + 2 * MINUTE - GAP_MS))
    assert (one.restarts, one.late) == (1, 1)
    fed(one, balanced(NOON - 3_600_000 + 2 * MINUTE - GAP_MS - 1))
    assert (one.restarts, one.late) == (2, 1)


def test_a_point_that_is_not_there_is_counted_and_the_others_are_answered(
    calculator: ModuleType,
) -> None:
    one = make(calculator)
    samples = [balanced(NOON, point=at) for at in (-1, 0, 1, MISSING, 2**63 - 1)]
    assert [row["point"] for row in fed(one, *samples)] == [0]
    assert one.unknown == 4


def test_absurd_values_count_as_missing(calculator: ModuleType) -> None:
    one = make(calculator)
    big = 2**63 - 1
    rows = fed(
        one,
        sample(t=NOON, current=(big, -big, 0), active=(0, big, 0, 0), reactive=(0, 0, -big, 0)),
        sample(t=big, current=(1, 1, 1)),
        sample(t=-1),
        sample(t=NOON + 1, day=big),
        sample(t=NOON + 2, day=MISSING),
        sample(t=NOON + 3, day=NOON + 3 - DAY_MS - 1),
    )
    assert rows[0]["apparent_power"] == 0
    assert all(
        rows[0][name] is None
        for name in ("loading_a", "loading_b", "apparent_power_a", "apparent_power_b")
    )
    assert rows[0]["loading_c"] == 0
    assert rows[1]["loading_a"] == 0
    assert one.absurd == 4 + 2 + 3


def test_points_do_not_mix(calculator: ModuleType) -> None:
    both = make(calculator, T400, CABLE)
    alone = make(calculator, T400), make(calculator, CABLE)
    for at in range(20):
        t = NOON + at * MINUTE
        pair = fed(both, balanced(t), balanced(t, amps=50 + at, point=1))
        single = fed(alone[0], balanced(t)) + fed(alone[1], balanced(t, amps=50 + at))
        single[1]["point"] = 1
        assert pair == single


def test_wrong_shapes_are_refused(calculator: ModuleType) -> None:
    one = make(calculator)
    assert one.feed(array("q")) == array("q")
    for wrong in (array("q", [1]), array("q", range(16))):
        with pytest.raises(ValueError, match="rows of 17"):
            one.feed(wrong)
    for other in (array("d", [0.0] * 17), [0] * 17, b"\0" * 136, None):
        with pytest.raises(TypeError):
            one.feed(other)
        with pytest.raises(TypeError):
            one.restore(other)
    with pytest.raises(ValueError, match="one row of 12"):
        one.restore(array("q", [0] * 11))
    for rated in ([(-1, 0)], [(0, 10**12 + 1)], [(2**70, 0)], [(0, 0)] * 4097):
        with pytest.raises(ValueError, match=r"at most|must be"):
            calculator.LoadCalculator(rated)


# ---- restore ------------------------------------------------------------------------------------


def memory(row: Row, day: int, active: tuple[int, int, int]) -> "array[int]":
    """What restore() takes, from a result and its powers."""
    values: dict[str, int | None] = {**row, "day_start_ms": day}
    values |= {f"active_power_{x}": active[at] for at, x in enumerate("abc")}
    values["active_power"] = sum(active)
    return array("q", [MISSING if (v := values[name]) is None else v for name in MEMORY])


def test_the_day_goes_on_after_a_restart_where_its_result_left_it(calculator: ModuleType) -> None:
    samples = [balanced(NOON + at * MINUTE, amps=200 + at) for at in range(60)]
    through = make(calculator)
    rows = fed(through, *samples)
    again = make(calculator)
    assert again.restore(memory(rows[29], MIDNIGHT, ((200 + 29) * 2300,) * 3))
    last = fed(again, *samples[30:])[-1]
    for name in ("energy_day", "energy_day_a", "energy_day_b", "energy_day_c"):
        assert last[name] == pytest.approx(rows[-1][name], abs=1)
    assert last["energy_day_coverage"] == pytest.approx(rows[-1]["energy_day_coverage"], abs=1)


def test_restoring_yesterday_bridges_midnight_and_brings_no_energy_along(
    calculator: ModuleType,
) -> None:
    morrow = MIDNIGHT + 86_400_000
    one = make(calculator)
    kept = [0, morrow - 60_000, MIDNIGHT, 9_999, 3_333, 3_333, 3_333, 10_000]
    one.restore(array("q", [*kept, 1_800_000, 600_000, 600_000, 600_000]))
    (row,) = fed(one, sample(t=morrow + 600_000, day=morrow, active=(600_000,) * 3))
    assert (row["energy_day"], row["energy_day_coverage"]) == (3_000, 10_000)


def test_restored_energy_of_next_to_no_coverage_is_energy_all_the_same(
    calculator: ModuleType,
) -> None:
    one = make(calculator)
    one.restore(array("q", [0, NOON, MIDNIGHT, 5, 5, 0, 0, 0, *[MISSING] * 4]))
    (row,) = fed(one, balanced(NOON + MINUTE))
    assert (row["energy_day"], row["energy_day_coverage"]) == (5, 0)


def test_restore_takes_nothing_older_and_nothing_absurd(calculator: ModuleType) -> None:
    one = make(calculator)
    fed(one, balanced(NOON))
    rest = [0] * 9
    assert not one.restore(array("q", [0, NOON, MIDNIGHT, *rest]))
    assert not one.restore(array("q", [1, NOON + 1, MIDNIGHT, *rest]))
    assert not one.restore(array("q", [0, MOST_TIME + 1, MIDNIGHT, *rest]))
    assert not one.restore(array("q", [0, NOON + 1, NOON + 2, *rest]))
    wild = [2**63 - 1, -(2**62), 5, MISSING, 10_000, 0, 2**63 - 1, 0, 0]
    assert one.restore(array("q", [0, NOON + 1, MIDNIGHT, *wild]))
    (row,) = fed(one, balanced(NOON + 1 + MINUTE))
    # phase a begins anew, for what was kept of it was no energy and no power
    assert row["energy_day_a"] is None
    assert row["energy_day_b"] == 63


# ---- both kernels -------------------------------------------------------------------------------

WILD = st.one_of(
    st.sampled_from([MISSING, 0, 1, -1, 2**63 - 1, 10**10, -(10**10), 10**8, 10**10 + 1]),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-2_000_000, 2_000_000),
)
STEPS = st.one_of(
    st.sampled_from([0, 1, MINUTE, 59_999, GAP_MS, GAP_MS + 1, -GAP_MS, -GAP_MS - 1, 86_400_000]),
    st.integers(-2_000_000, 2_000_000),
    st.integers(1, 90_000),
)
DAYS = st.sampled_from([0, 0, 0, 0, 1, -1, 60_000, -86_400_000])


@st.composite
def histories(draw: st.DrawFn) -> list[list[list[int]]]:
    """Blocks of samples of a few points, in time that mostly goes on."""
    t, blocks = MIDNIGHT + draw(st.integers(0, 86_400_000)), []
    for _ in range(draw(st.integers(1, 6))):
        block = []
        for _ in range(draw(st.integers(0, 12))):
            t += draw(STEPS)
            when = draw(st.one_of(st.just(t), st.just(t), st.just(t), WILD))
            day = max(-(2**63), min(when - when % 86_400_000 + draw(DAYS), 2**63 - 1))
            values = draw(st.lists(WILD, min_size=14, max_size=14))
            block.append([draw(st.integers(-1, 4)), when, day, *values])
        blocks.append(block)
    return blocks


@settings(max_examples=100)
@given(
    rated=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 4_000_000, 10**12]), st.sampled_from([0, 1, 321_000, 10**12])
        ),
        min_size=1,
        max_size=4,
    ),
    blocks=histories(),
    memories=st.lists(st.lists(WILD, min_size=12, max_size=12), max_size=2),
)
def test_both_kernels_give_the_same_bits_whatever_comes(
    both_calculators: tuple[ModuleType, ModuleType],
    rated: list[tuple[int, int]],
    blocks: list[list[list[int]]],
    memories: list[list[int]],
) -> None:
    compiled, plain = (kernel.LoadCalculator(rated) for kernel in both_calculators)
    for block in blocks:
        flat = array("q", [value for one in block for value in one])
        assert compiled.feed(flat) == plain.feed(flat)
        for wild in memories:
            for row in (wild, [0, *block[-1][1:3], *wild[3:]] if block else wild):
                assert compiled.restore(array("q", row)) == plain.restore(array("q", row))
    for counter in ("late", "restarts", "unknown", "absurd"):
        assert getattr(compiled, counter) == getattr(plain, counter)


def test_a_day_at_the_limit_of_every_value_does_not_overflow(
    both_calculators: tuple[ModuleType, ModuleType],
) -> None:
    compiled, plain = (
        kernel.LoadCalculator([(1, 1), (10**12, 10**12)]) for kernel in both_calculators
    )
    rows = [
        sample(
            point, MIDNIGHT + at * 900_000, current=(10**8,) * 3, active=(10**10,) * 4,
            reactive=(-(10**10),) * 4,
        )
        for at in range(104)
        for point in (0, 1)
    ]  # fmt: skip
    last = fed(compiled, *rows)[-1]
    assert last == fed(plain, *rows)[-1]
    assert last["energy_day"] == 10**10 * 103 * 900_000 // 360_000_000


def test_the_kernels_agree_on_columns_and_limits(
    both_calculators: tuple[ModuleType, ModuleType],
) -> None:
    compiled, plain = both_calculators
    names = ["MISSING", "SAMPLE", "RESULT", "MEMORY", "GAP_MS", "DAY_MS"]
    names += ["MOST_POINTS", "MOST_RATED", "MOST_CURRENT", "MOST_POWER", "MOST_ENERGY", "MOST_TIME"]
    assert [getattr(compiled, name) for name in names] == [getattr(plain, name) for name in names]
    assert len(compiled.SAMPLE) == len(SAMPLE)


def test_another_thread_runs_while_the_compiled_kernel_works(
    both_calculators: tuple[ModuleType, ModuleType],
) -> None:
    block = array("q", balanced(NOON)) * 50_000
    before = sys.getswitchinterval()
    # nobody is made to give the interpreter away: who gets it, gets it from the kernel
    sys.setswitchinterval(1000)
    try:
        assert any(_overlaps(both_calculators[0].LoadCalculator([T400]), block) for _ in range(50))
    finally:
        sys.setswitchinterval(before)


def _overlaps(calculator: Any, block: "array[int]") -> bool:
    """Whether this thread gets a turn between the beginning and the end of one feed."""
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        calculator.feed(block)
        ended.set()

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait(10)
    amid = not ended.is_set()
    worker.join(10)
    return amid
