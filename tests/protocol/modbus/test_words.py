"""Word orders and exact scaling, against struct and fractions."""

import math
import struct
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.modbus.words import ORDERS, TYPES, arranged, moved, scaled

orders = st.sampled_from(ORDERS)
f32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(orders, st.sampled_from([1, 2, 4]), st.data())
def test_every_order_is_its_own_inverse(order: str, registers: int, data: st.DataObject) -> None:
    sent = data.draw(st.binary(min_size=2 * registers, max_size=2 * registers))
    places = arranged(order, registers)
    assert sorted(places) == list(range(2 * registers))
    assert moved(moved(sent, places), places) == sent


@given(st.integers(0, 0xFFFFFFFF))
def test_the_orders_are_what_their_letters_say(number: int) -> None:
    whole = number.to_bytes(4, "big")
    for order in ORDERS:
        sent = bytes(whole["ABCD".index(letter)] for letter in order)
        assert moved(sent, arranged(order, 2)) == whole


@given(st.integers(0, 2**64 - 1))
def test_a_64_bit_value_low_byte_first_throughout_is_little_endian(number: int) -> None:
    assert moved(number.to_bytes(8, "little"), arranged("DCBA", 4)) == number.to_bytes(8, "big")
    words = struct.pack("<4H", *struct.unpack("<4H", number.to_bytes(8, "little")))
    low_word_first = moved(words, arranged("BADC", 4))
    assert moved(low_word_first, arranged("CDAB", 4)) == number.to_bytes(8, "big")


@given(orders, st.sampled_from([name for name in TYPES if name != "bit"]), st.data())
def test_every_type_survives_every_order(order: str, name: str, data: st.DataObject) -> None:
    code, registers = TYPES[name]
    size = 2 * registers
    assert struct.calcsize(">" + code) == size
    whole = data.draw(st.binary(min_size=size, max_size=size))
    places = arranged(order, registers)
    (there,) = struct.unpack(">" + code, moved(moved(whole, places), places))
    assert struct.pack(">" + code, there) == whole or math.isnan(there)


def test_an_order_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="ABDC"):
        arranged("ABDC", 2)


@given(f32 | st.integers(-(2**63), 2**64 - 1), st.integers(-4, 4))
@example(0.25, 1)
@example(0.75, 1)
@example(-0.25, 1)
@example(25, -1)
@example(3.4028234663852886e38, 3)
@example(-(2**63), 0)
def test_scaling_is_exact_and_rounds_once(content: float | int, power: int) -> None:
    with localcontext(prec=400):
        exact = Decimal(content).scaleb(power).quantize(Decimal(1), ROUND_HALF_EVEN)
    number = scaled(content, power, True)
    assert number == (int(exact) if abs(exact) < 2**63 else None)
    assert number is None or type(number) is int


@given(f32, st.integers(-3, 3))
def test_what_cannot_be_negative_is_no_value_below_zero(content: float, power: int) -> None:
    signed = scaled(content, power, True)
    assert scaled(content, power, False) == (None if signed is None or signed < 0 else signed)


@pytest.mark.parametrize("bits", ["7F800000", "FF800000", "7FC00000", "FFC00000", "7F800001"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_float_that_is_no_number_is_no_value(bits: str, signed: bool) -> None:
    (content,) = struct.unpack(">f", bytes.fromhex(bits))
    assert scaled(content, 1, signed) is None


def test_minus_a_trace_is_zero_even_where_below_zero_is_nothing() -> None:
    assert scaled(-0.01, 1, False) == 0
    assert scaled(-0.0, 1, False) == 0
