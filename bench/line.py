"""One line back to back at 9600 baud: how full it is, and what the agent pays for an exchange.

Both clients read the same meters and items over the same emulator in the same run: first the real
`boxgate run`, then the PyPI dlt645 client (bench/line_peer.py). Utilisation is minimal time over
wall time (bench/linetime.py), taken from the emulator's truth file, not from what the agent says of
itself. Both clients pay by the exchange. A few meters of the line speak DL/T 698.45, one longer
exchange each, that the agent reads among the others and the peer, which cannot, leaves out; so its
price is that of 645 alone, as it was when all meters spoke it.

How bytes reach a program decides what an exchange costs: a UART without a buffer hands over single
characters, one with a buffer several at a time, a pty whole answers. All three are
measured: every wake-up has its price, and the agent's is to be the same in all.
Run: `python -m bench.line` (about five minutes), `--chunk 0` for one of them.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from bench.figures import Figure, table
from bench.linetime import exchanges, utilisation
from edge.plan.build import readable
from edge.site.load import read_ports
from firmware_sim.bench_tools.rig import Rig, rig, tool
from protocol.exchange import DLT645

CHUNKS = {1: "single characters", 8: "8 characters", 0: "whole answers"}
SWEEPS = 3
WARM_EXCHANGES = 210
"""Left out at the start, about a sweep: the agent opens its broker and learns its meters' timing,
which costs more wake-ups than the years that follow."""
DEADLINE_S = 150
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
        counted = list(exchanges(bench.truth_file))[WARM_EXCHANGES:]
        filled = utilisation(bench.site.line(bench.line), counted)
        other = peer(bench, bench.line)
    return LineRun(
        chunk=chunk,
        utilisation=filled,
        told_utilisation=told,
        exchanges=len(counted),
        agent_cpu_ms=1000 * (end.cpu_s - warm.cpu_s) / (end.exchanges - warm.exchanges),
        agent_rss_bytes=end.rss_bytes,
        peer_cpu_ms=1000 * other["cpu_s"] / other["answered"],
        peer_exchanges=int(other["answered"]),
    )


def peer(bench: Rig, line: str) -> dict[str, float]:
    """What the PyPI client gives of itself over one line, whose port must be free."""
    port = read_ports(bench.folder / "ports.toml")[line].port
    baud = bench.site.line(line).baud
    # it knows no other protocol
    meters = [meter.id for meter in readable(bench.site, line) if meter.protocol == DLT645]
    code, said = tool("bench.line_peer", port, str(baud), *meters[:PEER_METERS])
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
