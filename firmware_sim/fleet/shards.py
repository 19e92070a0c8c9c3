"""A fleet over several processes: lines do not touch each other, so each process plays some.

All processes build their part first; the time counts from one common word to the last one's end.
A part is a process of its own (`python -m firmware_sim.fleet.shards FIRST LINES BAUD`): it says
`ready`, takes the seconds to play on its input, and answers with one line of JSON.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from edge.words.messages import BoxgateError
from firmware_sim.bench_tools.children import dies_with_parent
from firmware_sim.fleet.area import BAUD, METERS
from firmware_sim.fleet.fleet import Fleet, Plan, Ran
from firmware_sim.fleet.line import Tally

END_S = 10.0
"""What a process that is told to end is given for it."""


@dataclass(frozen=True, slots=True)
class Together:
    """What a run over several processes came to."""

    meters: int
    processes: int
    ran: Ran
    rss_bytes: int
    """The processes' largest resident sizes, summed."""


def shares(lines: int, processes: int) -> list[tuple[int, int]]:
    """(first line, lines) of each process, as even as can be; none is empty."""
    parts = min(processes, lines)
    bounds = [lines * part // parts for part in range(parts + 1)]
    return [(first, last - first) for first, last in pairwise(bounds)]


def play(lines: int, seconds: float, processes: int, baud: int = BAUD) -> Together:
    """Play so many lines of 63 meters; BoxgateError if a process does not come to its end."""
    parts = shares(lines, processes)
    with ExitStack() as stack:
        running = [stack.enter_context(_Part(first, count, baud)) for first, count in parts]
        for part in running:
            part.expect("ready")
        began = time.perf_counter()
        for part in running:
            part.say(f"{seconds}\n")
        said = [json.loads(part.expect("{")) for part in running]
        wall = time.perf_counter() - began
    tally = Tally()
    for one in said:
        tally.add(Tally(**one["tally"]))
    ran = Ran(seconds, wall, tally)
    return Together(lines * METERS, len(parts), ran, sum(one["rss_bytes"] for one in said))


class _Part:
    """One process."""

    def __init__(self, first: int, lines: int, baud: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(first), str(lines), str(baud)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_tied_to_the_parent(),
        )

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # what could not be said to one that is gone is not said at the end either
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def say(self, text: str) -> None:
        """One line to it; BoxgateError if it is gone."""
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(text)
            pipe.flush()
        except BrokenPipeError as error:
            raise BoxgateError("sim_fleet_part", said="-") from error

    def expect(self, start: str) -> str:
        """Its next line, which must begin so."""
        pipe = self._process.stdout
        assert pipe is not None
        line = pipe.readline()
        if not line.startswith(start):
            raise BoxgateError("sim_fleet_part", said=line.strip() or "-")
        return line


def _tied_to_the_parent() -> Callable[[], None]:
    """A terminal interrupts all of its processes; the parent ends the parts, also by its own end.

    What a part plays may take hours, in which it looks at no pipe.
    """
    die = dies_with_parent()

    def in_child() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die()

    return in_child


def peak_rss() -> int:
    """This process's largest resident size so far, bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main(argv: Sequence[str], given: IO[str], out: IO[str]) -> int:
    """One part, from its process's arguments and input."""
    first, lines, baud = (int(text) for text in argv)
    fleet = Fleet(Plan(lines, first=first, baud=baud))
    out.write("ready\n")
    out.flush()
    told = given.readline()
    if told:
        ran = fleet.run(float(told))
        out.write(json.dumps({"tally": asdict(ran.tally), "rss_bytes": peak_rss()}) + "\n")
        out.flush()
    fleet.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin, sys.stdout))
