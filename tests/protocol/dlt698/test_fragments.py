"""Fragments: put together whatever is repeated, lost or never finished."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dlt698.fragments import (
    ACKNOWLEDGEMENT,
    FIRST,
    LAST,
    MIDDLE,
    Acknowledged,
    Fragments,
    Keep,
    Waste,
    Whole,
    fragment,
    fragment_data,
    split,
)

APDU = bytes(range(50))


@given(st.binary(min_size=2, max_size=300), st.integers(1, 60))
@settings(max_examples=100)
def test_an_apdu_cut_up_is_put_together_again(apdu: bytes, most: int) -> None:
    if most >= len(apdu):
        with pytest.raises(ValueError, match="cannot be cut"):
            split(apdu, most)
        return
    pieces = split(apdu, most)
    whole = Fragments()
    for number, piece in enumerate(pieces[:-1]):
        assert whole.take(piece) == Keep(fragment_data(number, ACKNOWLEDGEMENT))
    assert whole.take(pieces[-1]) == Whole(apdu)
    assert (whole.repeated, whole.wasted, whole.held) == (0, 0, 0)


@given(st.lists(st.booleans(), min_size=8, max_size=8))
def test_fragments_that_come_again_are_acknowledged_again_and_not_put_in_twice(
    again: list[bool],
) -> None:
    pieces = split(APDU, 7)
    whole = Fragments()
    for piece, twice in zip(pieces[:-1], again, strict=False):
        first = whole.take(piece)
        assert isinstance(first, Keep)
        if twice:
            assert whole.take(piece) == first
    assert whole.take(pieces[-1]) == Whole(APDU)
    assert whole.repeated == sum(again[: len(pieces) - 1])


def test_the_last_one_again_is_known_as_answered() -> None:
    whole = Fragments()
    taken = [whole.take(piece) for piece in [*split(APDU, 20), split(APDU, 20)[-1]]]
    assert taken[-2:] == [Whole(APDU), Waste("repeated")]


def test_one_out_of_order_is_not_acknowledged_and_the_right_one_still_fits() -> None:
    one, two, three, four = split(APDU, 13)
    whole = Fragments()
    whole.take(one)
    assert whole.take(three) == Waste("order")
    assert isinstance(whole.take(two), Keep)
    whole = Fragments()
    assert whole.take(two) == Waste("order")
    assert whole.take(four) == Waste("order")
    assert whole.wasted == 2


def test_a_first_one_begins_anew() -> None:
    whole = Fragments()
    whole.take(fragment_data(0, FIRST, b"old"))
    whole.take(fragment_data(1, MIDDLE, b"older"))
    whole.take(fragment_data(7, FIRST, b"n"))
    assert whole.take(fragment_data(8, LAST, b"ew")) == Whole(b"new")


def test_numbers_go_round() -> None:
    whole = Fragments()
    whole.take(fragment_data(0xFFF, FIRST, b"a"))
    assert whole.take(fragment_data(0, LAST, b"b")) == Whole(b"ab")


def test_reserved_bits_of_the_word_are_passed_over() -> None:
    got = fragment(bytes.fromhex("06F1 F10102"))
    assert got is not None
    assert (got.number, got.kind) == (0x106, MIDDLE)


def test_what_never_ends_is_given_up_at_the_bound() -> None:
    whole = Fragments(most=100)
    whole.take(fragment_data(0, FIRST, bytes(60)))
    assert whole.held == 60
    assert whole.take(fragment_data(1, MIDDLE, bytes(41))) == Waste("size")
    assert (whole.held, whole.wasted) == (0, 1)
    assert whole.take(fragment_data(2, MIDDLE, b"")) == Waste("order")


def test_an_acknowledgement_is_of_our_own_fragment() -> None:
    assert Fragments().take(fragment_data(261, ACKNOWLEDGEMENT)) == Acknowledged(261)


@given(st.lists(st.binary(max_size=6), max_size=30))
@settings(max_examples=200)
def test_any_bytes_keep_to_the_bound(pieces: list[bytes]) -> None:
    whole = Fragments(most=8)
    for piece in pieces:
        whole.take(piece)
        assert 0 <= whole.held <= 8
