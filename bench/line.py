"""One line back to back at 9600 baud: how full it is, and what the agent pays for an exchange.

Both clients read the same meters and items over the same emulator in the same run: first the real
`boxgate run`, then the PyPI dlt645 client (bench/line_peer.py). Utilisation is minimal time over
wall time (DL/T 645-2007: request + answer delay + answer + 30 ms idle, 11 bits a character), taken
from the emulator's truth file, not from what the agent says of itself.

How bytes reach a program decides what an exchange costs: a UART without a buffer hands over single
characters, one with a buffer several at a time, a pty whole answers. All three are
measured: every wake-up has its price, and the agent's is to be the same in all.
Run: `python -m bench.line` (about five minutes), `--chunk 0` for one of them.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from bench.figures import Figure, table
from edge.plan.build import readable
from edge.site.load import read_ports
from edge.site.model import Line
from edge.site.silence import silences
from firmware_sim.bench_tools.rig import Rig, rig, tool

CHUNKS = {1: "single characters", 8: "8 characters", 0: "whole answers"}
SWEEPS = 3
WARM_EXCHANGES = 210
"""Left out at the start, about a sweep: the agent opens its broker and learns its meters' timing,
which costs more wake-ups than the years that follow."""
DEADLINE_S = 150
DELAY_MS = 20.0
"""The emulator's answer delay, `boxgate-sim up --delay-ms`."""
BITS = 11
FIXED_BYTES = 12
"""68 A0..A5 68 C L … CS 16."""
IDENTIFIER_BYTES = 4
ANSWER_WAKE = 4
"""FE bytes before an answer, `boxgate-sim up --wake`."""
PEER_METERS = 24


@dataclass(frozen=True, slots=True)
class LineRun:
    """What one run measured."""

    chunk: int
    utilisation: float
    told_utilisation: float
    exchanges: int
    agent_cpu_ms: float
    agent_rss_bytes: int
    peer_cpu_ms: float
    peer_exchanges: int


def minimal_ms(line: Line, data_bytes: int) -> float:
    """Minimal line time of reading one item of that many data bytes."""
    asked = line.wake_bytes + FIXED_BYTES + IDENTIFIER_BYTES
    answered = ANSWER_WAKE + FIXED_BYTES + IDENTIFIER_BYTES + data_bytes
    idle_ms = silences(line)["dlt645"] / 1e6
    return (asked + answered) * BITS * 1000 / line.baud + DELAY_MS + idle_ms


def utilisation(line: Line, truth: pathlib.Path) -> tuple[float, int]:
    """Minimal time over wall time between the first and the last answer counted, and how many."""
    records = [json.loads(row) for row in truth.read_text(encoding="utf-8").splitlines()]
    counted = records[WARM_EXCHANGES:]
    minimal = sum(minimal_ms(line, len(record["raw"]) // 2) for record in counted[1:])
    return minimal / (counted[-1]["t"] - counted[0]["t"]), len(counted)


def measure(chunks: Iterable[int] = CHUNKS) -> list[LineRun]:
    """Run both clients over these ways of handing over; about a minute and a half each."""
    return [_measure(chunk) for chunk in chunks]


def _measure(chunk: int) -> LineRun:
    with rig(chunk=chunk) as bench:
        warm = None
        for _ in range(DEADLINE_S):
            bench.watch(1.0)
            now = bench.cost()
            if warm is None and now.exchanges >= WARM_EXCHANGES:
                warm = now
            if bench.arrived.meters(SWEEPS) >= len(bench.due):
                break
        end = bench.cost()
        assert warm is not None, "the agent read nothing; see boxgate-sim demo --once --keep DIR"
        told = float(bench.state.line(bench.line).get("utilisation") or 0.0)
        # the port must be free for the peer, the meters go on
        bench.agent.stop()
        filled, count = utilisation(bench.site.line(bench.line), bench.truth_file)
        other = peer(bench, bench.line)
    return LineRun(
        chunk=chunk,
        utilisation=filled,
        told_utilisation=told,
        exchanges=count,
        agent_cpu_ms=1000 * (end.cpu_s - warm.cpu_s) / (end.exchanges - warm.exchanges),
        agent_rss_bytes=end.rss_bytes,
        peer_cpu_ms=1000 * other["cpu_s"] / other["answered"],
        peer_exchanges=int(other["answered"]),
    )


def peer(bench: Rig, line: str) -> dict[str, float]:
    """What the PyPI client gives of itself over one line, whose port must be free."""
    port = read_ports(bench.folder / "ports.toml")[line].port
    baud = bench.site.line(line).baud
    meters = [meter.id for meter in readable(bench.site, line)][:PEER_METERS]
    code, said = tool("bench.line_peer", port, str(baud), *meters)
    assert code == 0, said
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def figures(runs: list[LineRun]) -> list[Figure]:
    """The runs against their goals."""
    found = []
    for run in runs:
        found.append(
            Figure(
                f"line utilisation at 9600 baud, {CHUNKS[run.chunk]}",
                100 * run.utilisation,
                97,
                unit="%",
                note=f"{run.exchanges} exchanges; agent says {100 * run.told_utilisation:.2f} %",
            )
        )
        found.append(
            Figure(
                f"agent CPU an exchange / dlt645 client's, {CHUNKS[run.chunk]}",
                run.agent_cpu_ms / run.peer_cpu_ms,
                0.3,
                at_least=False,
                note=f"{run.agent_cpu_ms:.3f} ms against {run.peer_cpu_ms:.3f} ms of dlt645 3.2.0",
            )
        )
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.line", description=__doc__)
    parser.add_argument("--chunk", type=int, choices=CHUNKS, help="one way of handing over only")
    chunk = parser.parse_args().chunk
    print(table(figures(measure(CHUNKS if chunk is None else (chunk,)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
