"""All lines of a site back to back at 9600 baud, a thread each: how full each is, what it costs.

The real `boxgate run` reads the whole of examples/xiyuan-5 against one `boxgate-sim up`; then PyPI
dlt645 clients, a process each, read meters of all six lines over the same emulator, so that both
are measured beside an emulator that works as hard. All share this machine's cores: a line that is
not full may be the emulator's fault, so what the agent says of itself stands beside the truth
file's figure.

Every exchange counts with the minimal time of its own protocol (bench/linetime.py). The fifteen
meters of DL/T 698.45 among the 252 are read by the agent alone, one list each; the peer is given
meters of 645 only, so that its price is the same as before there were others.
Run: `python -m bench.six` (about seven minutes), `--chunk 0` for one way of handing over.
"""

import argparse
import pathlib
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bench.figures import Figure, table
from bench.footprint import bare_bytes
from bench.line import CHUNKS, peer
from bench.linetime import Exchange, exchanges, utilisation
from edge.plan.build import asked
from edge.site.model import Site
from firmware_sim.bench_tools import cost
from firmware_sim.bench_tools.rig import Rig, rig

SWEEPS = 3
"""Of every device; the first one is left out: meters' timing is learned in it."""
DEADLINE_S = 240


@dataclass(frozen=True, slots=True)
class OneOfSix:
    """What one line did."""

    line: str
    utilisation: float
    told: float
    exchanges: int


@dataclass(frozen=True, slots=True)
class SixRun:
    """What one run measured."""

    chunk: int
    lines: tuple[OneOfSix, ...]
    exchanges: int
    agent_cpu_ms: float
    agent_rss_bytes: int
    simulator_cpu_ms: float
    peer_cpu_ms: float


def by_line(site: Site, truth: pathlib.Path) -> dict[str, list[Exchange]]:
    """The answers of each line behind its first sweep."""
    answers: dict[str, list[Exchange]] = {line.id: [] for line in site.lines}
    for one in exchanges(truth):
        answers[one.line].append(one)
    first = {n.id: sum(len(a.exchanges) for a in asked(site, n)) for n in site.lines}
    return {line: told[first[line] :] for line, told in answers.items()}


def measure(chunks: Iterable[int] = CHUNKS) -> list[SixRun]:
    """Run both clients over these ways of handing over; two minutes and a half each."""
    return [_measure(chunk) for chunk in chunks]


def _measure(chunk: int) -> SixRun:
    with rig(line=(), chunk=chunk) as bench:
        _until(bench, 1)
        warm, emulated = bench.cost(), cost.cpu_s(bench.meters.pid)
        _until(bench, SWEEPS)
        end, emulated = bench.cost(), cost.cpu_s(bench.meters.pid) - emulated
        told = {line: float(bench.state.line(line).get("utilisation") or 0) for line in bench.lines}
        # the ports must be free for the peers, the meters go on
        bench.agent.stop()
        answers = by_line(bench.site, bench.truth_file)
        with ThreadPoolExecutor(len(bench.lines)) as pool:
            others = list(pool.map(partial(peer, bench), bench.lines))
        count = end.exchanges - warm.exchanges
        return SixRun(
            chunk=chunk,
            lines=tuple(
                OneOfSix(
                    line,
                    utilisation(bench.site.line(line), answers[line]),
                    told[line],
                    len(answers[line]),
                )
                for line in bench.lines
            ),
            exchanges=count,
            agent_cpu_ms=1000 * (end.cpu_s - warm.cpu_s) / count,
            agent_rss_bytes=end.rss_bytes,
            simulator_cpu_ms=1000 * emulated / count,
            peer_cpu_ms=1000 * sum(o["cpu_s"] for o in others) / sum(o["answered"] for o in others),
        )


def _until(bench: Rig, sweeps: int) -> None:
    for _ in range(DEADLINE_S):
        if bench.arrived.meters(sweeps) >= len(bench.due):
            return
        bench.watch(1.0)
    raise AssertionError("not every device was read; see boxgate-sim demo --once --keep DIR")


def figures(runs: Sequence[SixRun]) -> list[Figure]:
    """The runs against their goals."""
    bare = bare_bytes()
    found = []
    for run in runs:
        way = CHUNKS[run.chunk]
        for one in run.lines:
            found.append(
                Figure(
                    f"six lines, {way}: utilisation of {one.line}",
                    100 * one.utilisation,
                    97,
                    unit="%",
                    note=f"{one.exchanges} exchanges; agent says {100 * one.told:.2f} %",
                )
            )
        found.append(
            Figure(
                f"six lines, {way}: agent CPU an exchange / dlt645 client's",
                run.agent_cpu_ms / run.peer_cpu_ms,
                0.3,
                at_least=False,
                note=f"{run.agent_cpu_ms:.3f} ms ({run.exchanges} exchanges) against "
                f"{run.peer_cpu_ms:.3f} ms; the emulator {run.simulator_cpu_ms:.3f} ms",
            )
        )
        found.append(
            Figure(
                f"six lines, {way}: agent RSS / bare import",
                run.agent_rss_bytes / bare,
                2,
                at_least=False,
                note=f"{run.agent_rss_bytes / 1e6:.1f} MB against {bare / 1e6:.1f} MB",
            )
        )
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.six", description=__doc__)
    parser.add_argument("--chunk", type=int, choices=CHUNKS, help="one way of handing over only")
    chunk = parser.parse_args().chunk
    print(table(figures(measure(CHUNKS if chunk is None else (chunk,)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
