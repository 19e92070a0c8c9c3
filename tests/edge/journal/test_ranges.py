"""Closed ranges behave as the sets of numbers they stand for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.journal import ranges

NUMBERS = st.sets(st.integers(1, 40))
RANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=8)


def numbers(of: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in of for n in range(first, last + 1)}


@given(RANGES, RANGES)
def test_merging_is_union_in_the_fewest_ranges(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    merged = ranges.merge(ranges.merge((), left), right)
    assert numbers(merged) == numbers(left) | numbers(right)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(merged))


@given(NUMBERS, st.integers(0, 41), st.integers(0, 41))
def test_gaps_are_what_is_missing(present: set[int], after: int, upto: int) -> None:
    found = list(ranges.gaps(ranges.of(present), after, upto))
    assert numbers(found) == set(range(after + 1, upto + 1)) - present
    assert found == sorted(found)


@given(NUMBERS, NUMBERS)
def test_common_is_intersection(left: set[int], right: set[int]) -> None:
    assert numbers(ranges.common(ranges.of(left), ranges.of(right))) == left & right


@given(RANGES, st.integers(1, 40), st.integers(1, 40))
def test_clipping_keeps_what_is_inside(
    given_ranges: list[tuple[int, int]], low: int, high: int
) -> None:
    clipped = ranges.clip(given_ranges, low, high)
    assert numbers(clipped) == numbers(given_ranges) & set(range(low, high + 1))


@given(NUMBERS)
def test_total_counts_every_number_once(present: set[int]) -> None:
    assert ranges.total(ranges.of(present)) == len(present)
