"""How the judge reads a Modbus meter's floats, and whose map an item means."""

import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_sim.truth_table import Ratio, answered, single

FRACTION = st.floats(width=32, allow_nan=False, allow_infinity=False)


def raw(*values: float) -> bytes:
    """Registers of these floats."""
    return struct.pack(f">{len(values)}f", *values)


def test_an_item_with_a_maps_name_is_read_by_that_map() -> None:
    assert answered("sdm630:04:0000:0004", raw(220.14, 219.96)) == {
        "voltage_a": Decimal("220.1"),
        "voltage_b": Decimal("220.0"),
    }


def test_a_value_is_read_only_whole() -> None:
    assert answered("sdm630:04:0001:0003", raw(1, 2)[2:]) == {"voltage_b": Decimal("2.0")}
    assert answered("sdm630:04:0046:0002", raw(49.987)) == {"frequency": Decimal("49.99")}


@pytest.mark.parametrize("item", ["unknown:04:0000:0002", "sdm630:03:0000:0002", "04:0000", "04"])
def test_what_is_in_no_table_says_nothing(item: str) -> None:
    assert answered(item, raw(1)) == {}


def test_no_number_is_no_value() -> None:
    values = answered("sdm630:04:0000:0006", raw(float("nan"), float("inf"), float("-inf")))
    assert values == dict.fromkeys(("voltage_a", "voltage_b", "voltage_c"))


def test_ratios_apply_by_quantity() -> None:
    ratio = Ratio(ct=(200, 5), pt=(10, 1))
    assert answered("sdm630:04:0000:0002", raw(22), ratio) == {"voltage_a": Decimal("220.0")}
    assert answered("sdm630:04:0006:0002", raw(1.5), ratio) == {"current_a": Decimal("60.000")}
    assert answered("sdm630:04:0034:0002", raw(-2), ratio) == {"active_power": Decimal("-800.0")}
    assert answered("sdm630:04:003E:0002", raw(0.5), ratio) == {"power_factor": Decimal("0.500")}


@given(FRACTION, st.sampled_from([-3, -2, -1, 0]))
@example(2.0**62, 0)
@example(-(2.0**63), 0)
@example(0.5, 0)
def test_a_single_is_read_exactly_and_rounded_once(value: float, last: int) -> None:
    found = single(struct.unpack(">I", raw(value))[0], last)
    # an exact fraction rounds half to even
    wanted = round(Fraction(value) * 10**-last)
    if abs(wanted) >= 2**63:
        assert found is None
    else:
        assert found is not None
        assert Fraction(found) == Fraction(wanted, 10**-last)
