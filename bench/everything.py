"""All benches one after another, and one table of the figures: `python -m bench.everything`."""

import importlib
import sys

from bench import fleet, footprint, line, load, modbus_line, six
from bench.figures import table


def main() -> int:
    """Run all; 0 always: figures are read, not asserted."""
    # a module of its own table; its name is not known to the checker of a tree without it
    frames = importlib.import_module("bench.frames")
    frames.main([])
    runs = line.measure()
    units = modbus_line.measure()
    whole = six.measure((0,))
    fleets = [figure for measured in fleet.FIGURES.values() for figure in measured()]
    print()
    rss = footprint.figures(max(run.agent_rss_bytes for run in runs))
    lines = [*line.figures(runs), *modbus_line.figures(units)]
    print(table([*load.figures(), *lines, *rss, *six.figures(whole), *fleets]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
