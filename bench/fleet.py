"""Fleets of meters in virtual time: how much faster than real time, every answer checked.

Four figures: one board and 252 boards with main.py unmodified, the same 252 as event-driven cores,
36,729 cores on two processes. Speed is virtual time over wall time, building not included; of
`RUNS` runs the best, since other work of the machine only slows one down. A wrong or missing answer
spoils the figure (0). Run: `python -m bench.fleet [one|boards|cores|all]`.
"""

import sys
from collections.abc import Callable, Sequence

from bench.figures import Figure, table
from firmware_sim.fleet.fleet import Fleet, Plan, Ran
from firmware_sim.fleet.shards import play

RUNS = 12
LINES_OF_ALL = 583
SECOND = 1_000_000_000
MEGABYTE = 1_000_000


def best(plan: Plan, seconds: float) -> Ran:
    """The fastest of several runs of one fleet, after one that warms it up."""
    fleet = Fleet(plan)
    fleet.run(seconds / 10)
    ran = max((fleet.run(seconds) for _ in range(RUNS)), key=lambda run: run.speed)
    fleet.close()
    return ran


def right(ran: Ran) -> float:
    """The speed, if every answer of the run was right."""
    tally = ran.tally
    return ran.speed if tally.right and not tally.wrong and not tally.silent else 0.0


def note(ran: Ran, what: str) -> str:
    """How it was measured."""
    each = ran.wall_s / max(ran.tally.right, 1) * 1e6
    return f"{what}; {ran.tally.right} answers right in {ran.wall_s:.2f} s, {each:.0f} us each"


def one() -> list[Figure]:
    """One board with main.py, asked once a second, and as on a line of 63."""
    figures = []
    # a question and its answer take 0.22 s
    for goal, every_s, seconds in ((10_000, 1.0, 3_600), (10_000, 15.9, 36_000)):
        plan = Plan(1, meters=1, boards=True, idle_ns=int((every_s - 0.22) * SECOND))
        ran = best(plan, seconds)
        what = f"main.py, a question every {every_s:g} s, 2400 baud"
        figures.append(Figure("one board", right(ran), goal, note=note(ran, what)))
    return figures


def boards() -> list[Figure]:
    """252 boards with main.py, four lines back to back, one process."""
    ran = best(Plan(4, boards=True), 286)
    what = "main.py each on a greenlet, 4 x 63 back to back, 2400 baud"
    return [Figure("252 boards", right(ran), 500, note=note(ran, what))]


def cores() -> list[Figure]:
    """The same 252 meters as cores."""
    # whole rounds of each of the three items
    ran = best(Plan(4), 286)
    what = "cores without main, 4 x 63 back to back, 2400 baud"
    return [Figure("252 cores", right(ran), 1_500, note=note(ran, what))]


def everything() -> list[Figure]:
    """36,729 cores on two processes, and what they take."""
    done = max((play(LINES_OF_ALL, 60, 2) for _ in range(2)), key=lambda one: one.ran.speed)
    what = f"{LINES_OF_ALL} lines of 63, back to back, 2400 baud, 2 processes"
    megabytes = done.rss_bytes / MEGABYTE
    return [
        Figure(f"{done.meters} cores", right(done.ran), 10, note=note(done.ran, what)),
        Figure("their memory", megabytes, 500, at_least=False, unit="MB", note="peak RSS, summed"),
    ]


FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "one": one,
    "boards": boards,
    "cores": cores,
    "all": everything,
}


def main(argv: Sequence[str]) -> int:
    """Measure and print; 2 for a figure there is none of."""
    if unknown := [name for name in argv if name not in FIGURES]:
        print(f"bench fleet: no {unknown[0]}; there are {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    rows = [row for name in argv or FIGURES for row in FIGURES[name]()]
    print(table(rows), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
