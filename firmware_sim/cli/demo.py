"""`boxgate-sim demo`: one building read over a real serial line, delivered, and checked.

Every part is a process of its own, the one it is in the field: a broker, a head-end that knows
nothing of us but docs/payload.md, the meters on a pty, the agent. The head-end's file is compared
with what the meters say they answered by `boxgate-sim truth`, which shares no code with the agent.
"""

import argparse
import contextlib
import json
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge.words import BoxgateError, say
from edge.words.messages import padded
from firmware_sim.bench_tools.rig import EXAMPLE, Cost, Rig, rig, stopped_by_signals, tool
from firmware_sim.bench_tools.street import street

LOOK_S = 1.0
SETTLE_S = 0.2
PLAIN_EVERY = 10
"""Looks between two lines where the output is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "site",
        nargs="?",
        type=pathlib.Path,
        default=EXAMPLE,
        metavar="SITE",
        help="folder of the site (examples/xiyuan-5)",
    )
    parser.add_argument("--line", default="b1", metavar="ID", help="the line to read (b1)")
    parser.add_argument("--once", action="store_true", help="end after the sweeps and compare")
    parser.add_argument("--sweeps", type=int, default=2, metavar="N", help="with --once (2)")
    parser.add_argument(
        "--deadline",
        type=float,
        default=180.0,
        metavar="S",
        help="with --once: give up after (180)",
    )
    parser.add_argument(
        "--broker", choices=("auto", "mosquitto", "amqtt"), default="auto", help="which broker"
    )
    parser.add_argument(
        "--keep",
        type=pathlib.Path,
        metavar="DIR",
        help="keep journal, readings, truth and logs there",
    )
    parser.add_argument(
        "--corrupt", action="store_true", help="with --once: falsify one digit, to see it found"
    )


def run(args: argparse.Namespace) -> int:
    """0 when all that was due arrived and is equal (or on Ctrl-C); else 1 with the reason."""
    with stopped_by_signals():
        print(say("demo_starting", site=args.site.name, line=args.line), flush=True)
        with rig(args.site, args.line, args.broker, args.keep) as bench:
            print(
                say(
                    "demo_running",
                    meters=len(bench.due),
                    broker=bench.broker.kind,
                    url=bench.broker.url,
                ),
                flush=True,
            )
            if args.once:
                return _once(args, bench)
            _live(bench, lambda: False)
    return 0


def _once(args: argparse.Namespace, bench: Rig) -> int:
    until = time.monotonic() + args.deadline
    warm = Warm()

    def enough() -> bool:
        if time.monotonic() > until:
            raise BoxgateError(
                "demo_late",
                seconds=int(args.deadline),
                whole=bench.arrived.meters(args.sweeps),
                due=len(bench.due),
                sweeps=args.sweeps,
            )
        warm.look(bench)
        return bench.arrived.meters(args.sweeps) >= len(bench.due)

    _live(bench, enough)
    # the state that follows the last sweep's data tells how long it took
    for _ in range(10):
        if int(bench.state.line(bench.line).get("sweeps") or 0) >= args.sweeps:
            break
        bench.watch(SETTLE_S)
    end = bench.cost()
    bench.finish()
    if args.corrupt:
        corrupt_one_digit(bench.truth_file)
    code, said = bench.check(args.sweeps)
    _table(args, bench, warm.cost, end, _verdict(said))
    if code:
        raise BoxgateError("demo_different", said=_reason(said))
    print(say("demo_equal"))
    return 0


@dataclass(slots=True)
class Warm:
    """The agent's cost when its first readings arrived: what came before was starting up."""

    cost: Cost | None = None

    def look(self, bench: Rig) -> None:
        """Note the cost at the first look that finds a reading."""
        if self.cost is None and bench.arrived.readings:
            self.cost = bench.cost()


def _live(bench: Rig, enough: Callable[[], bool]) -> None:
    """Show what has arrived, once a second, until there is enough."""
    began = time.monotonic()
    with _screen(bench) as show:
        while True:
            bench.watch(LOOK_S)
            done = enough()
            show(_progress(bench, time.monotonic() - began), done)
            if done:
                return


def _progress(bench: Rig, seconds: float) -> str:
    line = bench.state.line(bench.line)
    used = line.get("utilisation")
    return say(
        "demo_progress",
        seconds=f"{seconds:3.0f}",
        answered=bench.answered,
        meters=bench.arrived.meters(),
        due=len(bench.due),
        readings=bench.arrived.readings,
        sweeps=line.get("sweeps", 0),
        used="–" if used is None else f"{100 * used:.1f} %",
    )


Show = Callable[[str, bool], None]
"""show(progress, last)"""


@contextlib.contextmanager
def _screen(bench: Rig) -> Iterator[Show]:
    """The street with a line of progress on a terminal; now and then a line elsewhere."""
    if not sys.stdout.isatty():
        yield _Plain()
        return
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    meters = [meter for meter in bench.site.meters_on(bench.line) if meter.id in bench.due]
    with Live(refresh_per_second=4) as live:

        def show(progress: str, last: bool) -> None:
            columns, rows = live.console.size
            picture = street(meters, bench.arrived.latest, columns)
            # the line of progress stays in sight on a small terminal
            picture = picture[: max(0, rows - 4)]
            live.update(Group(Text("\n".join(picture)), Text(progress)))

        yield show


class _Plain:
    """A line every PLAIN_EVERY looks, and the last one."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self, progress: str, last: bool) -> None:
        self._looks += 1
        if last or self._looks % PLAIN_EVERY == 0:
            print(progress, flush=True)


def _verdict(said: str) -> dict[str, object]:
    """What the checker counted; empty when it could not."""
    for line in reversed(said.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _reason(said: str) -> str:
    reason = _verdict(said).get("reason")
    plain = [line for line in said.splitlines() if not line.startswith("{")]
    return str(reason or (plain[-1] if plain else "?"))


def _table(
    args: argparse.Namespace,
    bench: Rig,
    warm: Cost | None,
    end: Cost,
    verdict: dict[str, object],
) -> None:
    line = bench.state.line(bench.line)
    exchanges = end.exchanges - (warm.exchanges if warm else 0)
    cpu = end.cpu_s - (warm.cpu_s if warm else 0.0)
    _, version = tool("edge.cli.main", "--version")
    used = line.get("utilisation")
    whole = bench.arrived.meters(args.sweeps)
    rows = (
        ("demo_row_meters", f"{whole}/{len(bench.due)}"),
        ("demo_row_readings", str(bench.arrived.readings)),
        ("demo_row_equal", f"{verdict.get('equal', '?')} / {verdict.get('different', '?')}"),
        ("demo_row_sweep", f"{(line.get('sweep_ms') or 0) / 1000:.1f} s"),
        ("demo_row_used", "–" if used is None else f"{100 * used:.1f} %"),
        ("demo_row_cpu", f"{1000 * cpu / exchanges:.2f} ms" if exchanges > 0 else "–"),
        ("demo_row_rss", f"{end.rss_bytes / 1e6:.0f} MB"),
        ("demo_row_kernels", version.partition("kernels: ")[2].partition(";")[0] or version),
        ("demo_row_broker", bench.broker.kind),
    )
    print()
    for key, value in rows:
        print(f"  {padded(say(key), 34)}{value}")
    print(flush=True)


def corrupt_one_digit(path: pathlib.Path) -> None:
    """Change one digit of one register in the truth file: the checker must find it."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for index, line in enumerate(lines):
        record = json.loads(line)
        raw = str(record["raw"])
        if raw[:1].isdecimal():
            record["raw"] = f"{(int(raw[0]) + 1) % 10}{raw[1:]}"
            lines[index] = json.dumps(record) + "\n"
            break
    path.write_text("".join(lines), encoding="utf-8")
