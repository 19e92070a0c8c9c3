"""`boxgate-sim demo`: a neighbourhood read over real serial lines, delivered, and checked.

Every part is a process of its own, the one it is in the field: a broker, a head-end that knows
nothing of us but docs/payload.md, the meters on their ptys, the agent. The head-end's file is
compared with what the meters say they answered by `boxgate-sim truth`, which shares no code with
the agent. `--break` spoils something meanwhile and shows that nothing is lost by it.
"""

import argparse
import json
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.words import BoxgateError, say
from edge.words.messages import padded, width
from firmware_sim.bench_tools.failure import HOLD_S, KINDS, Failure, Phase
from firmware_sim.bench_tools.rig import EXAMPLE, EXAMPLES, Cost, Rig, Way, rig
from firmware_sim.bench_tools.screen import Screen, screen
from firmware_sim.bench_tools.stops import stopped_by_signals
from firmware_sim.bench_tools.summary import Run, complaint, rows
from firmware_sim.bridge.bench import clock_time
from firmware_sim.cli.numbers import Between, Within

LOOK_S = 0.5
SETTLE_S = 0.2
SETTLE_LOOKS = 35
"""The gateway tells its state at most every 5 s."""
EVENING = "19:30"
"""When the households' peak begins (domain.md §2)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "site",
        nargs="?",
        type=pathlib.Path,
        default=None,
        metavar="SITE",
        help="folder of the site (examples/xiyuan-5)",
    )
    parser.add_argument(
        "--site",
        dest="named",
        type=pathlib.Path,
        metavar="SITE",
        help="the same: a folder, or the name of an example, xiyuan-5 or luying-1",
    )
    parser.add_argument(
        "--line", action="append", metavar="ID", help="only this line; may be repeated"
    )
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--once", action="store_true", help="end after the sweeps and compare")
    until.add_argument(
        "--minutes",
        type=Between(0),
        metavar="N",
        help="end after N minutes and compare what arrived",
    )
    until.add_argument(
        "--break",
        dest="failure",
        choices=tuple(KINDS),
        help="break it, mend it, end when nothing is missing and compare",
    )
    parser.add_argument(
        "--hold",
        type=Between(0),
        default=HOLD_S,
        metavar="S",
        help="with --break: seconds before it is mended (20)",
    )
    parser.add_argument("--sweeps", type=Within(1), default=2, metavar="N", help="with --once (2)")
    parser.add_argument(
        "--deadline",
        type=Between(0),
        default=180.0,
        metavar="S",
        help="with --once: give up after (180)",
    )
    parser.add_argument(
        "--start", default=EVENING, metavar="HH:MM", help="time of day the load begins at (19:30)"
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


def chosen(written: pathlib.Path | None, named: pathlib.Path | None) -> pathlib.Path:
    """The site's folder; BoxgateError where two different ones are meant."""
    if written is not None and named is not None and written != named:
        raise BoxgateError("demo_two_sites", one=written, other=named)
    site = written or named or EXAMPLE
    example = EXAMPLES / site
    return example if not site.exists() and example.exists() else site


def run(args: argparse.Namespace) -> int:
    """0 when all that was due arrived and is equal (or on Ctrl-C); else 1 with the reason."""
    args.site = chosen(args.site, args.named)
    try:
        clock_time(args.start)
    except ValueError as error:
        raise BoxgateError("sim_start", text=args.start) from error
    way = Way(
        broker=args.broker,
        start=args.start,
        control=args.failure is not None,
        durable=args.failure == "broker",
    )
    watched: Watched | None = None
    with stopped_by_signals():
        try:
            _out(say("demo_starting", site=args.site.name, lines=_lines(args.line or ())))
            with rig(args.site, args.line or (), keep=args.keep, way=way) as bench:
                watched = Watched(bench)
                _out(
                    say(
                        "demo_running",
                        meters=len(bench.devices.households),
                        station=len(bench.devices.station),
                        broker=bench.broker.kind,
                        url=bench.broker.url,
                    )
                )
                if _show(args, bench, watched):
                    return 0
        except KeyboardInterrupt:
            # said when all is tidied up, so that it is true
            _stopped(args, watched)
            return 0
        # by q: where it was stands above already
        _stopped(args, None)
    return 0


def _out(text: str) -> None:
    print(text, flush=True)


def _lines(lines: object) -> str:
    names = ", ".join(str(line) for line in lines) if isinstance(lines, list | tuple) else ""
    return names or say("demo_all_lines")


def _stopped(args: argparse.Namespace, watched: "Watched | None") -> None:
    """Somebody ended it: where it was, and what is left."""
    if watched is not None:
        _out(watched.progress())
    left = say("demo_kept", folder=args.keep) if args.keep else say("demo_nothing_left")
    _out(say("demo_stopped", left=left))


def _show(args: argparse.Namespace, bench: Rig, watched: "Watched") -> bool:
    """Whether it came to its own end, and well; False: whoever watched has ended it."""
    if args.once:
        watched.until(lambda: _swept(args, bench, watched))
        _end(args, bench, watched, args.sweeps)
    elif args.minutes is not None:
        watched.until(lambda: watched.seconds() >= 60 * args.minutes)
        _end(args, bench, watched, 0)
    elif args.failure is not None:
        failure = Failure(KINDS[args.failure], bench, args.hold)
        watched.until(lambda: _failed_and_back(failure, watched))
        _end(args, bench, watched, 0, failure)
    else:
        watched.until(lambda: watched.screen is not None and watched.screen.closed())
        return False
    return True


@dataclass(slots=True)
class Watched:
    """A running bench and whoever looks at it."""

    bench: Rig
    screen: Screen | None = None
    warm: Cost | None = None
    """The agent's cost when its first readings arrived: what came before was starting up."""
    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Since it is watched."""
        return time.monotonic() - self.began

    def until(self, enough: Callable[[], bool]) -> None:
        """Show what has arrived until there is enough."""
        self.began = time.monotonic()
        with screen(self.bench, _out) as self.screen:
            while True:
                self.bench.watch(LOOK_S)
                if self.warm is None and self.bench.arrived.readings:
                    self.warm = self.bench.cost()
                done = enough()
                self.screen.progress(self.progress(), done)
                if done:
                    return

    def tell(self, text: str) -> None:
        """Something that happened, with the time."""
        assert self.screen is not None, "nobody watches yet"
        self.screen.tell(say("demo_at", seconds=f"{self.seconds():.0f}", text=text))

    def progress(self) -> str:
        """Where it is, in a line."""
        bench = self.bench
        lines = [bench.state.line(line) for line in bench.lines]
        sweeps = sorted({int(line.get("sweeps") or 0) for line in lines})
        used = [line["utilisation"] for line in lines if line.get("sweeps")]
        return say(
            "demo_progress",
            seconds=f"{self.seconds():3.0f}",
            answered=bench.answered,
            meters=bench.arrived.count(bench.devices.households),
            due=len(bench.devices.households),
            station=bench.arrived.count(bench.devices.station),
            stations=len(bench.devices.station),
            readings=bench.arrived.readings,
            sweeps="–".join(str(n) for n in sorted({sweeps[0], sweeps[-1]})),
            used="–" if not used else f"{100 * min(used):.1f} %",
        )


def _swept(args: argparse.Namespace, bench: Rig, watched: Watched) -> bool:
    whole = bench.arrived.meters(args.sweeps)
    if whole < len(bench.due) and watched.seconds() > args.deadline:
        raise BoxgateError(
            "demo_late",
            seconds=int(args.deadline),
            whole=whole,
            due=len(bench.due),
            sweeps=args.sweeps,
        )
    return whole >= len(bench.due)


def _failed_and_back(failure: Failure, watched: Watched) -> bool:
    for text in failure.look():
        watched.tell(text)
    return failure.phase is Phase.OVER


def _end(
    args: argparse.Namespace,
    bench: Rig,
    watched: Watched,
    sweeps: int,
    failure: Failure | None = None,
) -> None:
    # the state that follows the last sweep's data tells how long it took
    for _ in range(SETTLE_LOOKS):
        if all(int(bench.state.line(line).get("sweeps") or 0) >= sweeps for line in bench.lines):
            break
        bench.watch(SETTLE_S)
    end = bench.cost()
    account = bench.finish()
    if args.corrupt:
        corrupt_one_digit(bench.truth_file)
    ended = Run(
        sweeps=sweeps,
        warm=watched.warm,
        end=end,
        account=account,
        verdict=bench.check(max(1, sweeps)),
        loaded=bench.loadings(),
        unnamed=failure.unnamed() if failure else [],
        cut_off=failure.cut_off() if failure else frozenset(),
    )
    _table(rows(bench, ended))
    if reason := complaint(ended):
        raise BoxgateError("demo_failed" if ended.verdict.honest else "demo_different", said=reason)
    if failure:
        names = ", ".join(failure.subjects) or say("demo_nothing")
        _out(say("demo_survived", what=failure.what, names=names))
    _out(say("demo_equal"))


def _table(shown: list[tuple[str, str]]) -> None:
    widest = max(width(label) for label, _ in shown) + 2
    _out("")
    for label, value in shown:
        _out(f"  {padded(label, widest)}{value}")
    _out("")


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
