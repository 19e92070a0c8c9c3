"""From a line's rows to the journal's part: times, ratios, quality, missing stays missing."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from edge.bus.parts import MeterRow, RowEnd, SweepPart
from edge.plan.ratio import primary
from edge.plan.record import to_part
from edge.site.model import Meter
from protocol.quantity import quantity
from protocol.uplink.quality import Quality

SECOND = 1_000_000_000
VOLTAGE, POWER, CURRENT = quantity("voltage_a"), quantity("active_power"), quantity("current_a")


def meter(address: str, ct: tuple[int, int] = (1, 1)) -> Meter:
    return Meter(
        id=address, kind="household", line="b1", profile="1ph-2013", phase="A",
        ct_primary=ct[0], ct_secondary=ct[1],
    )  # fmt: skip


METERS = {"m1": meter("m1"), "m2": meter("m2", (800, 5))}


def sweep(*rows: MeterRow) -> SweepPart:
    return SweepPart("b1", 7, 2, True, 0, 10 * SECOND, rows)


def wall(now: int) -> int:
    return now // 1_000_000 + 1_000


def test_every_value_keeps_the_time_of_its_own_exchange() -> None:
    row = MeterRow("m1", 1 * SECOND, values=[(VOLTAGE, 2201, SECOND), (POWER, 5000, 3 * SECOND)])
    part = to_part(sweep(row), 7, METERS, wall, Quality(0))
    assert part.t == [2_000]
    assert part.dt == {"voltage_a": [0], "active_power": [2_000]}
    assert (part.slot, part.part, part.last, part.line) == (7, 2, True, "b1")


def test_a_meter_behind_a_ct_gets_its_primary_values_once() -> None:
    row = MeterRow("m2", 0, values=[(VOLTAGE, 2201, 0), (CURRENT, 1500, 0), (POWER, 5000, 0)])
    part = to_part(sweep(row), 7, METERS, wall, Quality(0))
    assert part.columns == {"voltage_a": [2201], "current_a": [240_000], "active_power": [800_000]}
    assert part.q == [Quality.CT_APPLIED]


def test_missing_values_are_null_columns_with_the_reason_in_the_quality() -> None:
    rows = (
        MeterRow("m1", 0, end=RowEnd.NO_ANSWER, absent=[VOLTAGE, POWER]),
        MeterRow("m2", 0, refused=True, values=[(VOLTAGE, None, 0)], absent=[POWER]),
    )
    part = to_part(sweep(*rows), 7, METERS, wall, Quality.CLOCK_UNTRUSTED)
    assert part.columns == {"voltage_a": [None, None], "active_power": [None, None]}
    assert Quality(part.q[0]) == Quality.NO_ANSWER | Quality.CLOCK_UNTRUSTED
    assert Quality(part.q[1]) == (
        Quality.REFUSED | Quality.NO_VALUE | Quality.CT_APPLIED | Quality.CLOCK_UNTRUSTED
    )


@given(
    st.integers(-(10**9), 10**9),
    st.tuples(st.integers(1, 5000), st.integers(1, 5)),
)
def test_a_primary_value_is_the_nearest_integer_to_the_exact_one(
    scaled: int, ct: tuple[int, int]
) -> None:
    exact = Fraction(scaled * ct[0], ct[1])
    assert abs(primary(meter("m1", ct), CURRENT, scaled) - exact) <= Fraction(1, 2)
    assert primary(meter("m1", ct), VOLTAGE, scaled) == scaled


def test_power_fed_back_keeps_its_sign_behind_a_ct() -> None:
    row = MeterRow("m2", 0, values=[(POWER, -5000, 0), (CURRENT, -1500, 0)])
    part = to_part(sweep(row), 7, METERS, wall, Quality(0))
    assert part.columns == {"active_power": [-800_000], "current_a": [-240_000]}
