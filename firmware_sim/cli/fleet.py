"""`boxgate-sim fleet`: thousands of meters in virtual time, every answer checked."""

import argparse

from edge.words.messages import say
from firmware_sim.cli.numbers import Within
from firmware_sim.fleet.area import METERS
from firmware_sim.fleet.shards import play

MOST_PROCESSES = 256
"""No machine this runs on has more cores."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--meters",
        type=Within(1),
        default=252,
        metavar="N",
        help="meters, 63 on a line at 2400 baud (252)",
    )
    parser.add_argument(
        "--minutes", type=Within(1), default=10, metavar="N", help="minutes of their time (10)"
    )
    parser.add_argument(
        "--processes",
        type=Within(1, MOST_PROCESSES),
        default=2,
        metavar="N",
        help="processes to use (2)",
    )


def run(args: argparse.Namespace) -> int:
    """0 = every question was answered right; 1 = not."""
    lines = -(-args.meters // METERS)
    done = play(lines, args.minutes * 60.0, args.processes)
    tally = done.ran.tally
    print(say("sim_fleet_ran", meters=done.meters, lines=lines, minutes=args.minutes,
              seconds=f"{done.ran.wall_s:.1f}", speed=f"{done.ran.speed:.1f}",
              processes=done.processes, megabytes=done.rss_bytes // 1_000_000))  # fmt: skip
    print(say("sim_fleet_tally", right=tally.right, wrong=tally.wrong, silent=tally.silent))
    return 1 if tally.wrong or tally.silent or not tally.right else 0
