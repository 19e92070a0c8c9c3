"""Readings find their answers by time, in order, and one late one pulls no neighbour along."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.match import match

NEAR = 2000
TIMES = st.lists(st.integers(0, 12_000), max_size=6, unique=True).map(sorted)


def test_each_reading_has_its_answer_when_sweeps_are_far_apart() -> None:
    assert match([0, 10_000, 20_000], [30, 10_040, 20_020], NEAR) == [0, 1, 2]


def test_one_very_late_reading_in_short_sweeps_moves_no_other() -> None:
    assert match([0, 900, 1800, 2700], [850, 910, 1810, 2710], NEAR) == [0, 1, 2, 3]


def test_an_answer_asked_again_leaves_the_first_unused() -> None:
    assert match([0, 700, 10_000], [720, 10_010], NEAR) == [1, 2]


def test_a_reading_too_far_from_any_answer_has_none() -> None:
    assert match([0, 10_000], [5_000, 10_010], NEAR) == [None, 1]
    assert match([], [1, 2], NEAR) == [None, None]
    assert match([1, 2], [], NEAR) == []


def test_two_readings_of_one_answer_share_it_not() -> None:
    assert match([0], [10, 20], NEAR) == [0, None]


def cost(answers: list[int], readings: list[int], found: list[int | None]) -> tuple[int, int]:
    """Readings without an answer, time between readings and answers."""
    pairs = [(answers[i], t) for i, t in zip(found, readings, strict=True) if i is not None]
    return len(readings) - len(pairs), sum(abs(a - t) for a, t in pairs)


def best(answers: list[int], readings: list[int]) -> tuple[int, int]:
    """The least cost there is, by trying everything."""
    least = (len(readings), 0)
    for count in range(1, min(len(answers), len(readings)) + 1):
        for some in combinations(answers, count):
            for others in combinations(readings, count):
                apart = [abs(a - t) for a, t in zip(some, others, strict=True)]
                if max(apart) <= NEAR:
                    least = min(least, (len(readings) - count, sum(apart)))
    return least


@given(TIMES, TIMES)
def test_no_other_match_is_better(answers: list[int], readings: list[int]) -> None:
    found = match(answers, readings, NEAR)
    used = [index for index in found if index is not None]
    assert used == sorted(set(used))
    assert cost(answers, readings, found) == best(answers, readings)
