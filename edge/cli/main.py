"""`boxgate`: the gateway program and the field engineer's tools."""

import sys
from collections.abc import Sequence
from importlib import metadata

from edge.words.verbs import run_program

VERBS = {
    "new": "make a draft site file from a meter list",
    "check": "check a site file and say all that is wrong with it",
    "run": "read the meters and deliver to the utility",
    "latest": "show the last readings from the journal",
    "monitor": "show live what the gateways do, from the broker alone",
    "decode": "say what the bytes of a frame mean",
    "read": "ask one meter a few things, now",
    "sniff": "listen to a line and say what is said on it",
}


def version() -> str:
    """Version, kernels in use, Python."""
    from cext import build, framing, framing698, load, values, values698

    modules = {
        "framing": framing,
        "framing698": framing698,
        "values": values,
        "values698": values698,
        "load": load,
    }
    kernels = ", ".join(f"{name} {build.kernel(kernel.picked)}" for name, kernel in modules.items())
    python = sys.version.split()[0]
    return f"boxgate {metadata.version('boxgate')} (kernels: {kernels}; Python {python})"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    about = "Reads every meter of a transformer area over RS-485 and delivers over MQTT."
    return run_program("boxgate", about, "edge.cli", VERBS, version, argv)


if __name__ == "__main__":
    sys.exit(main())
