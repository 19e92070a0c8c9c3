"""The load calculator: the compiled kernel against its plain twin, in one run.

`python -m bench.load` prints one table. There is no peer on PyPI to set beside it: what is called
load or energy there is a forecast, a table join or a solver, none takes samples one after another.
Every round runs both kernels one after the other; the figures are medians of the ratios inside the
rounds. Both are held to the same rows first.
"""

import random
import statistics
import sys
import time
from array import array
from collections.abc import Callable, Sequence

from bench.figures import Figure, table
from cext import build, load, load_py

ROUNDS = 15
LEAST_NS = 3_000_000
GOAL = 40.0
SITE = ((4_000_000, 577_350), (6_300_000, 909_327), *((0, amps) for amps in (321_000, 221_000)))
SITE += ((0, 321_000),) * 3
"""xiyuan-5: two transformers, five feeders."""
MIDNIGHT = 1_799_942_400_000
BLOCK_SWEEPS = 400
"""A block: 400 sweeps of 7 points, 60 s apart."""


def sweep(dice: random.Random, at: int) -> list[int]:
    """One sample of every point, about a summer evening."""
    out: list[int] = []
    for point in range(len(SITE)):
        out += [point, at + 700 * point, MIDNIGHT]
        watts = [dice.randrange(100_000, 700_000) for _ in range(3)]
        out += [dice.randrange(2_150, 2_350) for _ in range(3)]
        out += [power // 2 for power in watts]
        out += [sum(watts), *watts]
        out += [power // 3 for power in (sum(watts), *watts)]
    return out


def seconds(run: Callable[[], object], often: int) -> float:
    """Nanoseconds of one run, of `often` in a row."""
    start = time.perf_counter_ns()
    for _ in range(often):
        run()
    return (time.perf_counter_ns() - start) / often


def feeding(kernel: type, blocks: Sequence["array[int]"]) -> Callable[[], object]:
    """A run that feeds the blocks, one after another, to a fresh calculator of the site."""

    def run() -> object:
        feed = kernel(SITE).feed
        for block in blocks:
            given = feed(block)
        return given

    return run


def compare(blocks: Sequence["array[int]"]) -> tuple[float, float, float]:
    """Ratio, and ns of one block in the compiled kernel and in its twin."""
    fast = feeding(load.LoadCalculator, blocks)
    slow = feeding(load_py.LoadCalculator, blocks)
    if fast() != slow():
        raise SystemExit("the kernels differ: nothing to compare")
    often = [max(1, int(LEAST_NS // seconds(run, 1))) for run in (fast, slow)]
    rounds = [(seconds(fast, often[0]), seconds(slow, often[1])) for _ in range(ROUNDS)]
    ratio = statistics.median(plain / compiled for compiled, plain in rounds)
    each = [statistics.median(one[at] for one in rounds) / len(blocks) for at in (0, 1)]
    return ratio, each[0], each[1]


def figures() -> list[Figure]:
    """The figures of the issue; none where the kernel is not compiled."""
    if build.kernel(load.picked) != "compiled":
        return []
    dice = random.Random(7)
    sweeps = [sweep(dice, MIDNIGHT + 60_000 * at) for at in range(BLOCK_SWEEPS)]
    block = array("q", [value for one in sweeps for value in one])
    out = []
    for name, blocks in (
        (f"cext.load against its twin, a block of {BLOCK_SWEEPS * len(SITE)} samples", [block]),
        (f"cext.load against its twin, sweep by sweep ({len(SITE)} points)", sweeps_of(sweeps)),
    ):
        ratio, compiled, plain = compare(blocks)
        samples = len(blocks[0]) // len(load.SAMPLE)
        note = f"{compiled / samples:,.0f} against {plain / samples:,.0f} ns a sample"
        out.append(Figure(name, ratio, GOAL, note=note))
    return out


def sweeps_of(sweeps: Sequence[list[int]]) -> list["array[int]"]:
    """Each sweep an array of its own."""
    return [array("q", one) for one in sweeps]


def main() -> int:
    """Print the table; 0 always: figures are read, not asserted."""
    found = figures()
    print(table(found) if found else "cext.load is not compiled: nothing to compare")
    return 0


if __name__ == "__main__":
    sys.exit(main())
