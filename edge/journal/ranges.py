"""Closed ranges of seq: sorted, apart from each other, merged where they touch."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]
"""(first, last), both inside."""


def merge(ranges: Sequence[Range], added: Iterable[Range]) -> list[Range]:
    """Both together as the fewest ranges; an added range with first > last adds nothing."""
    merged: list[Range] = []
    for first, last in sorted([*ranges, *(pair for pair in added if pair[0] <= pair[1])]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def of(numbers: Iterable[int]) -> list[Range]:
    """Single numbers as ranges."""
    return merge((), ((number, number) for number in numbers))


def clip(ranges: Iterable[Range], low: int, high: int) -> list[Range]:
    """What of the ranges lies in low..high."""
    return [
        (max(first, low), min(last, high))
        for first, last in ranges
        if max(first, low) <= min(last, high)
    ]


def gaps(ranges: Sequence[Range], after: int, upto: int) -> Iterator[Range]:
    """The ranges of (after, upto] that are in none of the given ones, ascending."""
    start = after + 1
    index = max(0, bisect_right(ranges, (start, 0)) - 1)
    for first, last in ranges[index:]:
        if first > upto:
            break
        if start < first:
            yield start, first - 1
        start = max(start, last + 1)
    if start <= upto:
        yield start, upto


def common(left: Sequence[Range], right: Sequence[Range]) -> list[Range]:
    """What lies in both."""
    shared: list[Range] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first, last = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if first <= last:
            shared.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return shared


def total(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)
