"""Columns measured against each other in rounds, and the table and verdicts made of it.

Every round runs all columns one after the other; a table shows medians, a verdict rests on the
median of the ratios inside the rounds, because another tenant of the machine moves the times far
more than the ratios.
"""

import gc
import statistics
import time
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

ROUNDS = 31
LEAST_NS = 2_000_000
"""A run is repeated to last this long, so that no column is measured in the other's cold cache."""

Run = Callable[[], int]
Runs = Mapping[str, Mapping[str, Run]]
"""By row and column."""
Taken = dict[str, dict[str, list[float]]]
"""Nanoseconds of every round by row and column."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`slow` takes at least `least` times as long as `fast`, both columns of one row."""

    row: str
    fast: str
    slow: str
    least: float
    due: bool
    """A promise of today; else a goal that is still worked at."""


def chunks(dice: Random, stream: bytes, most: int) -> list[bytes]:
    """The stream cut into chunks of 1..most bytes."""
    out, at = [], 0
    while at < len(stream):
        upto = at + dice.randint(1, most)
        out.append(stream[at:upto])
        at = upto
    return out


def own(run: Run) -> Run:
    """The run with code of its own.

    CPython adapts a call site to what it calls; a site shared by the columns would be adapted to
    none of them, which costs the fastest column most.
    """
    assert isinstance(run, types.FunctionType)
    code = run.__code__.replace()
    return types.FunctionType(code, run.__globals__, code.co_name, None, run.__closure__)


def each(call: Callable[[bytes], object], over: Sequence[bytes]) -> Run:
    """A run that makes the call over all of them."""

    def run() -> int:
        start = time.perf_counter_ns()
        for data in over:
            call(data)
        return time.perf_counter_ns() - start

    return own(run)


def take(runs: Runs) -> Taken:
    """All rounds of all columns."""
    taken: Taken = {row: {column: [] for column in columns} for row, columns in runs.items()}
    # a collection in between would leave the caches cold for whoever runs next
    gc.collect()
    gc.disable()
    # the first round warms up and says how often each run must be repeated to last LEAST_NS
    often = {(r, c): max(1, LEAST_NS // run()) for r, cs in runs.items() for c, run in cs.items()}
    for _ in range(ROUNDS):
        for row, columns in runs.items():
            for column, run in columns.items():
                times = often[row, column]
                taken[row][column].append(sum(run() for _ in range(times)) / times)
    gc.enable()
    return taken


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Median of the ratios inside the rounds."""
    return statistics.median(s / f for s, f in zip(slow, fast, strict=True))


def show(
    what: Mapping[str, str], taken: Taken, per: Mapping[str, int], columns: Sequence[str]
) -> None:
    """The table: a row for each of `what`, its median divided by what `per` says."""
    print(f"{'ns each, median of ' + str(ROUNDS) + ' rounds':<50}" + "".join(
        f"{column:>11}" for column in columns))  # fmt: skip
    for row, name in what.items():
        cells = [
            f"{statistics.median(taken[row][c]) / per[row]:>11,.0f}"
            if c in taken[row]
            else " " * 11
            for c in columns
        ]
        print(f"{name:<50}" + "".join(cells))


def judge(figures: Sequence[Figure], what: Mapping[str, str], taken: Taken) -> int:
    """Print each figure with what was reached; how many were missed or not measured."""
    missed = 0
    for figure in figures:
        cells_of = taken[figure.row]
        name = f"{what[figure.row]}: {figure.fast} against {figure.slow}"
        if figure.fast not in cells_of or figure.slow not in cells_of:
            print(f"{name:<78}{'>=':>3}{figure.least:>5.0f} x        -  not measured")
            missed += 1
            continue
        got = ratio(cells_of[figure.slow], cells_of[figure.fast])
        missed += got < figure.least
        word = "PASS" if got >= figure.least else "MISS"
        note = "" if figure.due else "  (goal, not yet a promise)"
        print(f"{name:<78}>={figure.least:>5.0f} x{got:>8.1f} x  {word}{note}")
    return missed
