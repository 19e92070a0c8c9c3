"""Which reading belongs to which answer: by time alone, each answer once, in order.

Of all ways to give readings their answers, at most `near` apart and without crossing, the one is
taken that leaves the fewest readings without an answer, and of those the one with the least time
between the two in sum. One late reading among sweeps that follow each other closely then pulls none
of its neighbours along. Values play no part: a wrong value must not look for an answer it likes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

SKIPPED = 1 << 40
"""Cost of a reading without answer: more than any sum of distances."""

MATCH, SKIP, LEFT = range(3)


def match(answers: Sequence[int], readings: Sequence[int], near: int) -> list[int | None]:
    """For each reading the index of its answer; both in order of time, in the same unit."""
    bands = [(bisect_left(answers, t - near), bisect_right(answers, t + near)) for t in readings]
    if all(one[1] <= other[0] for one, other in pairwise(bands)):
        # nobody competes for an answer
        return [
            _nearest(answers, low, high, t) for (low, high), t in zip(bands, readings, strict=True)
        ]
    choices: list[list[int]] = []
    # cost[k]: the least for the readings so far with the answers before place + k
    place, cost = 0, [0]
    for (low, high), t in zip(bands, readings, strict=True):
        new: list[int] = []
        chosen: list[int] = []
        for k in range(low, high + 1):
            best, choice = cost[min(k - place, len(cost) - 1)] + SKIPPED, SKIP
            if k > low:
                before = cost[min(k - 1 - place, len(cost) - 1)] + abs(answers[k - 1] - t)
                if before < best:
                    best, choice = before, MATCH
                if new[-1] <= best:
                    best, choice = new[-1], LEFT
            new.append(best)
            chosen.append(choice)
        place, cost = low, new
        choices.append(chosen)
    return _walk_back(bands, choices)


def _walk_back(bands: Sequence[tuple[int, int]], choices: list[list[int]]) -> list[int | None]:
    """The matches along the cheapest way, from its end."""
    found: list[int | None] = [None] * len(bands)
    k = bands[-1][1]
    for index in range(len(bands) - 1, -1, -1):
        low, high = bands[index]
        k = min(k, high)
        while choices[index][k - low] == LEFT:
            k -= 1
        if choices[index][k - low] == MATCH:
            k -= 1
            found[index] = k
    return found


def _nearest(answers: Sequence[int], low: int, high: int, t: int) -> int | None:
    if low == high:
        return None
    return min(range(low, high), key=lambda index: abs(answers[index] - t))
