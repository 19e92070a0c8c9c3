"""BCD fields as scaled integers, by both kernels."""

import importlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cext.streams import encode


def frame_of(values: ModuleType, data: bytes) -> Any:
    """A frame of the framing kernel that goes with this values kernel."""
    framing = importlib.import_module(values.__name__.replace("values", "framing"))
    return framing.Scanner645().feed(encode(bytes(6), 0x91, data))


def unpack(values: ModuleType, fields: tuple[tuple[int, bool], ...], data: bytes) -> Any:
    layout = values.Layout(fields)
    plain = layout.unpack_data(data, 0)
    assert layout.unpack(frame_of(values, b"\x01\x02\x03\x04" + data), 4) == plain
    return plain


def bcd(number: int, width: int, signed: bool) -> bytes:
    """An encoder of its own: digits by text, sign in the top bit."""
    raw = bytearray(bytes.fromhex(f"{abs(number):0{2 * width}d}"))
    if signed and number < 0:
        raw[0] |= 0x80
    return bytes(reversed(raw))


def test_digits_are_low_byte_first(values: ModuleType) -> None:
    assert unpack(values, ((4, False),), bytes.fromhex("78563412")) == (12345678,)


def test_the_top_bit_of_a_signed_field_is_its_sign(values: ModuleType) -> None:
    assert unpack(values, ((3, True),), bytes.fromhex("563492")) == (-123456,)


def test_the_top_bit_of_an_unsigned_field_is_a_digit(values: ModuleType) -> None:
    assert unpack(values, ((3, False),), bytes.fromhex("563492")) == (923456,)


def test_minus_zero_is_zero(values: ModuleType) -> None:
    assert unpack(values, ((2, True),), b"\x00\x80") == (0,)


@pytest.mark.parametrize("signed", [False, True])
def test_ff_fill_has_no_value_and_spares_its_neighbours(values: ModuleType, signed: bool) -> None:
    data = bytes.fromhex("0122 FFFF 0322")
    assert unpack(values, ((2, signed),) * 3, data) == (2201, None, 2203)


@pytest.mark.parametrize("data", ["0A22", "A022", "012A", "01A2", "01FA"])
def test_what_is_not_bcd_has_no_value(values: ModuleType, data: str) -> None:
    assert unpack(values, ((2, False),), bytes.fromhex(data)) == (None,)


def test_a_signed_field_may_not_hide_a_bad_digit_behind_its_sign(values: ModuleType) -> None:
    assert unpack(values, ((2, True),), bytes.fromhex("01FA")) == (None,)


@pytest.mark.parametrize("length", [0, 1, 3, 5, 8])
def test_data_of_another_length_gives_nothing(values: ModuleType, length: int) -> None:
    layout = values.Layout(((4, False),))
    assert layout.unpack(frame_of(values, bytes(4 + length)), 4) is None
    assert layout.unpack_data(bytes(length), 0) is None


@pytest.mark.parametrize("offset", [-1, -4, 3, 5, 1000, 2**40])
def test_an_offset_elsewhere_gives_nothing(values: ModuleType, offset: int) -> None:
    layout = values.Layout(((4, False),))
    assert layout.unpack(frame_of(values, bytes(8)), offset) is None
    assert layout.unpack_data(bytes(8), offset) is None


@pytest.mark.parametrize("offset", [-1, -2, -4])
def test_a_negative_offset_does_not_count_from_the_end(values: ModuleType, offset: int) -> None:
    layout = values.Layout(((4, False),))
    assert layout.unpack(frame_of(values, bytes(4 + offset)), offset) is None
    assert layout.unpack_data(bytes(4 + offset), offset) is None


def test_size_is_the_sum_of_its_fields(values: ModuleType) -> None:
    assert values.Layout(((2, False), (3, True), (8, False))).size == 13


@pytest.mark.parametrize(
    "fields", [(), ((0, False),), ((9, False),), ((-1, True),), ((1, False),) * 129]
)
def test_an_impossible_layout_is_refused(values: ModuleType, fields: Any) -> None:
    with pytest.raises(ValueError, match="field"):
        values.Layout(fields)


@st.composite
def items(draw: st.DrawFn) -> tuple[tuple[tuple[int, bool], ...], tuple[int, ...]]:
    fields = draw(
        st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=12).map(tuple)
    )
    numbers = []
    for width, signed in fields:
        top = 10 ** (2 * width)
        numbers.append(
            draw(
                st.integers(-(top * 8 // 10 - 1), top * 8 // 10 - 1)
                if signed
                else st.integers(0, top - 1)
            )
        )
    return fields, tuple(numbers)


@given(item=items())
def test_every_number_round_trips(
    values: ModuleType, item: tuple[tuple[tuple[int, bool], ...], tuple[int, ...]]
) -> None:
    fields, numbers = item
    data = b"".join(bcd(n, w, s) for n, (w, s) in zip(numbers, fields, strict=True))
    assert unpack(values, fields, data) == numbers


@given(
    fields=st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=8).map(tuple),
    data=st.binary(max_size=80),
    offset=st.integers(-5, 90),
)
def test_both_kernels_agree_on_any_bytes(
    both_values: tuple[ModuleType, ModuleType],
    fields: tuple[tuple[int, bool], ...],
    data: bytes,
    offset: int,
) -> None:
    compiled, plain = (kernel.Layout(fields) for kernel in both_values)
    exact = data[: plain.size].ljust(plain.size, b"\xff")
    for body, at in ((data, offset), (exact, 0)):
        frames = [frame_of(kernel, body) for kernel in both_values]
        seen = plain.unpack_data(body, at)
        assert compiled.unpack_data(body, at) == seen
        assert compiled.unpack(frames[0], at) == plain.unpack(frames[1], at) == seen
    assert seen is not None
