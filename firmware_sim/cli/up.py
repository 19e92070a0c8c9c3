"""`boxgate-sim up`: the meters of a site on serial devices, until told to stop."""

import argparse
import fcntl
import os
import select
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from edge.site.load import read_site
from edge.site.model import Site
from edge.words.messages import BoxgateError
from edge.words.verbs import discard
from firmware_sim.bridge.bench import Bench, Options, clock_time, port_map, write_whole
from firmware_sim.bridge.control import Control
from firmware_sim.bridge.line import LineUp
from firmware_sim.cli.numbers import Between, Within
from firmware_sim.truth import TruthFile

MOST_PPM = 1000
"""Nobody's clock runs worse."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "site", metavar="SITE", type=Path, help="folder of site.toml and meters.csv"
    )
    parser.add_argument("--line", action="extend", nargs="+", metavar="ID", help="only these lines")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="folder for the devices' names")
    parser.add_argument(
        "--ports", type=Path, metavar="FILE", help="port map to write (default: DIR/ports.toml)"
    )
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="file for every register answered"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the neighbourhood's seed (1)"
    )
    parser.add_argument(
        "--delay-ms",
        type=Within(0, 10_000),
        default=20,
        metavar="MS",
        help="request to answer (20)",
    )
    parser.add_argument(
        "--wake", type=Within(0, 32), default=4, metavar="N", help="FE bytes before an answer (4)"
    )
    parser.add_argument(
        "--chunk",
        type=Within(0, 256),
        default=0,
        metavar="N",
        help="hand answers over N characters at a time, as a UART does (0 = whole)",
    )
    parser.add_argument(
        "--dead",
        action="extend",
        nargs="+",
        default=[],
        metavar="ADDRESS",
        help="meters that stay silent",
    )
    parser.add_argument("--start", metavar="HH:MM", help="time of day the load begins at")
    parser.add_argument(
        "--drift",
        type=Between(-MOST_PPM, MOST_PPM),
        metavar="PPM",
        help="how fast every meter's clock runs, 0 = exact (drawn for each)",
    )
    parser.add_argument(
        "--control",
        action="store_true",
        help="take commands on standard input: break|mend line ID, break|mend meter ADDRESS",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the parent process is gone"
    )


def run(args: argparse.Namespace) -> int:
    """Bring the lines up, say so, play until a signal or the parent's end."""
    parent = os.getppid()
    site = read_site(args.site)
    lines = _lines(site, args.line)
    options = _options(site, args)
    stop: list[int] = []
    with ExitStack() as stack:
        wakeup = _on_signals(stack, stop)
        folder = _folder(stack, args.dir)
        ports: Path = args.ports or folder / "ports.toml"
        truth = None
        if args.truth:
            truth = TruthFile(args.truth)
            stack.callback(truth.close)
        bench = Bench(site, lines, folder, options, truth)
        stack.callback(bench.close)
        map_of_ports = port_map(bench.lines)
        write_whole(ports, map_of_ports)
        stack.callback(_take_away, ports, map_of_ports)
        for up in bench.lines:
            print(_describe(up))
        print(f"port map {ports}")
        print("ready", flush=True)
        control = Control(sys.stdin.fileno(), bench, _tell) if args.control else None
        bench.serve(
            lambda: not stop and not (args.with_parent and os.getppid() != parent), wakeup, control
        )
    return 0


def _tell(text: str) -> None:
    """The answer to a command, at once; dropped where nobody takes it: the lines must go on."""
    try:
        # a pipe that can take something takes 4096 bytes, more than any answer has
        if select.select([], [sys.stdout], [], 0)[1]:
            print(text, flush=True)
    except OSError:
        discard(sys.stdout)


def _take_away(path: Path, text: str) -> None:
    """Remove our port map; another bench may have written its own in its place."""
    with suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == text:
            path.unlink()


def _describe(up: LineUp) -> str:
    """One line of output: id, device, meters, TMUs, speed."""
    units = f", {up.units} TMU" + "s" * (up.units > 1) if up.units else ""
    rest = f", {up.silent} silent" if up.silent else ""
    return f"{up.line.id} {up.link} {up.meters} meters{units}{rest}, {up.line.baud} 8N1"


def _lines(site: Site, wanted: list[str] | None) -> tuple[str, ...]:
    known = [line.id for line in site.lines]
    for line in wanted or ():
        if line not in known:
            raise BoxgateError("sim_no_line", line=line, site=site.id, lines=", ".join(known))
    # each once, in the site's order
    return tuple(line for line in known if wanted is None or line in wanted)


def _options(site: Site, args: argparse.Namespace) -> Options:
    known = {meter.id for meter in site.meters} | {tmu.id for tmu in site.tmus}
    for address in args.dead:
        if address not in known:
            raise BoxgateError("sim_no_meter", meter=address, site=site.id)
    try:
        start = None if args.start is None else clock_time(args.start)
    except ValueError as error:
        raise BoxgateError("sim_start", text=args.start) from error
    dead = frozenset(args.dead)
    return Options(args.seed, args.delay_ms, args.wake, args.chunk, dead, start, args.drift)


def _folder(stack: ExitStack, wanted: Path | None) -> Path:
    """Where the devices' names stand; a temporary folder goes when we go."""
    if wanted is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="boxgate-sim-")))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BoxgateError("sim_dir", path=wanted, cause=error.strerror) from error
    _claim(stack, wanted)
    return wanted.absolute()


def _claim(stack: ExitStack, folder: Path) -> None:
    """Have the folder to ourselves: a second bench would take away the names of the first.

    The kernel forgets it with the process, however that ends.
    """
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, held)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BoxgateError("sim_dir_used", path=folder) from error


def _on_signals(stack: ExitStack, stop: list[int]) -> int:
    """Note what ends us in `stop`; the descriptor that becomes readable then."""
    wakeup, notify = os.pipe()
    os.set_blocking(notify, False)
    stack.callback(os.close, wakeup)
    stack.callback(os.close, notify)
    stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(notify))
    ending = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # the terminal is closed, and no nohup stands before us
        ending.append(signal.SIGHUP)
    for number in ending:
        old = signal.signal(number, lambda received, _: stop.append(received))
        stack.callback(signal.signal, number, old)
    return wakeup
