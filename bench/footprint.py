"""Memory of the running agent against a bare import of what it stands on.

Both are resident sizes by the kernel's books, the agent's after two sweeps of 48 meters delivered
to a broker. Run: `python -m bench.footprint`.
"""

import subprocess
import sys

from bench.figures import Figure, table
from firmware_sim.bench_tools.rig import rig

ROUNDS = 5
DEADLINE_S = 90
SWEEPS = 2
BARE = """
import paho.mqtt.client, serial, msgspec, sqlite3
for line in open("/proc/self/status"):
    if line.startswith("VmRSS:"):
        print(line.split()[1])
"""


def bare_bytes() -> int:
    """RSS of a Python that has imported paho, pyserial, msgspec and sqlite3; median, bytes."""
    sizes = [
        int(
            subprocess.run(
                [sys.executable, "-c", BARE], capture_output=True, text=True, timeout=30, check=True
            ).stdout
        )
        for _ in range(ROUNDS)
    ]
    return sorted(sizes)[ROUNDS // 2] * 1024


def agent_bytes() -> int:
    """RSS of the agent in work, bytes; about 40 s."""
    with rig() as bench:
        for _ in range(DEADLINE_S):
            bench.watch(1.0)
            if bench.arrived.meters(SWEEPS) >= len(bench.due):
                break
        return bench.cost().rss_bytes


def figures(agent: int) -> list[Figure]:
    """The agent's size against the bare import's."""
    bare = bare_bytes()
    return [
        Figure(
            "agent RSS / bare import",
            agent / bare,
            1.8,
            at_least=False,
            note=f"{agent / 1e6:.1f} MB against {bare / 1e6:.1f} MB",
        )
    ]


def main() -> int:
    """Measure and print."""
    print(table(figures(agent_bytes())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
