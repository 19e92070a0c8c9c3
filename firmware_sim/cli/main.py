"""`boxgate-sim`: the bench: meters, lines and the neighbourhood, without hardware."""

import sys
from collections.abc import Sequence
from importlib import metadata

from edge.words.verbs import run_program

VERBS = {
    "up": "bring the meters of a site to life on serial devices",
    "truth": "compare readings that arrived with what the meters answered",
    "fleet": "thousands of meters in virtual time, every answer checked",
    "demo": "broker, meters, agent and a checker, all at once",
    "flash-kit": "lay out the firmware's files for a board",
}


def version() -> str:
    """Version and Python."""
    return f"boxgate-sim {metadata.version('boxgate')} (Python {sys.version.split()[0]})"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    about = "The other end of the wire: meters and lines on a desk."
    return run_program("boxgate-sim", about, "firmware_sim.cli", VERBS, version, argv)


if __name__ == "__main__":
    sys.exit(main())
