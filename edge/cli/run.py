"""`boxgate run SITE`: read the meters, journal every reading, deliver to the utility."""

import argparse
import math
import os
import signal
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from edge.agent import Core
from edge.bus.master import LineMaster
from edge.cli.log import Log
from edge.cli.place import lines_here, state_folder, this_gateway
from edge.door import CoreSettings, Note
from edge.journal import Journal, Limits
from edge.plan.build import asked, devices, unreadable
from edge.plan.sweep import Sweep
from edge.report import site_card
from edge.shells.agent import LEAVE_S, Agent
from edge.shells.clock import WallClock
from edge.shells.line import LineThread
from edge.shells.mqtt import MqttShell
from edge.shells.port import PortError, SerialPort
from edge.site.load import read_gateway, read_ports, read_site
from edge.site.model import Broker, Gateway, GatewayFile, Line, Port, Site
from edge.site.secret import read_secret
from edge.uplink import Session, UplinkSettings
from edge.words import BoxgateError, say
from edge.words.verbs import TRACEBACK, fault
from protocol.uplink.site import site_payload

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ENDED = signal.SIGUSR1
"""What the core thread wakes the main thread with."""
SIGNAL_WAIT_S = 5.0
LONGEST_PERIOD_S = 86_400
MOST_SWEEPS = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "site", metavar="SITE", type=Path, help="folder of site.toml and meters.csv"
    )
    parser.add_argument("--gateway", metavar="ID", help="which gateway of the site this is")
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml of this gateway")
    parser.add_argument(
        "--ports", type=Path, metavar="FILE", help="port map, as boxgate-sim up writes it"
    )
    parser.add_argument(
        "--line", action="append", metavar="ID", help="only this line; may be repeated"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="folder of the journal (default: /var/lib/boxgate/GATEWAY)",
    )
    parser.add_argument("--broker", metavar="URL", help="mqtt://host:port or mqtts://host:port")
    parser.add_argument("--mqtt", choices=("auto", "5", "3.1.1"), help="MQTT version")
    parser.add_argument("--no-broker", action="store_true", help="journal only, deliver nothing")
    parser.add_argument(
        "--period",
        type=int,
        metavar="S",
        help="slot length, 0 = back to back (default: the site's)",
    )
    parser.add_argument(
        "--sweeps", type=int, default=0, metavar="N", help="end after N sweeps of every line"
    )
    parser.add_argument("--frames", action="store_true", help="print every frame and its meaning")
    parser.add_argument("--quiet", action="store_true", help="log warnings and errors only")


@dataclass(frozen=True, slots=True)
class Setup:
    """All that the command line and the files say, checked."""

    site: Site
    gateway: Gateway
    lines: tuple[Line, ...]
    ports: dict[str, Port]
    state: Path
    broker: Broker | None
    period_s: int
    sweeps: int


def run(args: argparse.Namespace) -> int:
    """Runs until a signal or the last sweep; 1 when a meter of a `--sweeps` run gave nothing."""
    setup = _setup(args)
    # blocked before any thread starts, so that every thread inherits it and only we wait for them
    signal.pthread_sigmask(signal.SIG_BLOCK, (*SIGNALS, ENDED))
    log = Log(quiet=args.quiet)
    threading.excepthook = lambda died: _thread_died(log, died)
    try:
        return _run(setup, args.frames, log)
    finally:
        log.close()


def _run(setup: Setup, frames: bool, log: Log) -> int:
    masters = {line.id: _master(setup, line, frames) for line in setup.lines}
    agent = Agent(lambda: _build(setup, log), WallClock(), log, on_end=_wake_main)
    # all that files and options can get wrong is found before the first port is touched
    net = MqttShell(setup.broker, agent.post, _secret(setup)) if setup.broker else None
    core = agent.open(lambda: bool(signal.sigpending() & set(SIGNALS)))
    printer = None
    if frames:
        # the tables of every frame's meaning: a megabyte that a gateway in service need not hold
        from edge.cli.frames import FramePrinter

        printer = FramePrinter()
    try:
        opened = _open_ports(setup, log)
        lines = {
            line.id: LineThread(
                line,
                setup.ports[line.id],
                masters[line.id],
                agent.post,
                opened.get(line.id),
                printer.tap if printer else None,
            )
            for line in setup.lines
        }
    except BoxgateError:
        agent.abandon()
        raise
    agent.start(lines, net)
    _wait(agent)
    if printer is not None:
        printer.close()
    return _verdict(setup, core)


def _setup(args: argparse.Namespace) -> Setup:
    site = read_site(args.site)
    config = read_gateway(args.config) if args.config else GatewayFile()
    ports = {**config.line, **(read_ports(args.ports) if args.ports else {})}
    gateway = this_gateway(site, args.gateway)
    period_s = site.period_s if args.period is None else args.period
    _within("--period", period_s, LONGEST_PERIOD_S)
    _within("--sweeps", args.sweeps, MOST_SWEEPS)
    broker = None
    if not args.no_broker:
        given = config.broker
        broker = msgspec.structs.replace(
            given, url=args.broker or given.url, protocol=args.mqtt or given.protocol
        )
    return Setup(
        site=site,
        gateway=gateway,
        lines=lines_here(site, gateway, ports, args.line),
        ports=ports,
        state=state_folder(args.state, config, gateway),
        broker=broker,
        period_s=period_s,
        sweeps=args.sweeps,
    )


def _within(option: str, got: int, high: int) -> None:
    if not 0 <= got <= high:
        raise BoxgateError("number_range", option=option, got=got, high=high)


def _master(setup: Setup, line: Line, trace: bool) -> LineMaster:
    repeat = setup.period_s == 0
    sweep = Sweep(line.id, asked(setup.site, line), repeat=repeat, limit=setup.sweeps)
    return LineMaster(line, [sweep], trace)


def _secret(setup: Setup) -> str | None:
    if setup.broker is None or not setup.broker.password_file:
        return None
    return read_secret(setup.broker.password_file, os.environ)


def _open_ports(setup: Setup, log: Log) -> dict[str, SerialPort]:
    """What can be opened now; the lines' threads keep trying the rest. None at all ends it."""
    opened: dict[str, SerialPort] = {}
    failures: list[PortError] = []
    for line in setup.lines:
        try:
            opened[line.id] = SerialPort(line, setup.ports[line.id])
        except PortError as error:
            failures.append(error)
        if not devices(setup.site, line.id):
            log(Note("warning", "line_without_meters", (("line", line.id),)))
        for meter in unreadable(setup.site, line.id):
            left_out = (("meter", meter.id), ("protocol", meter.protocol))
            log(Note("warning", "meter_left_out", left_out))
    if not opened and len(failures) == 1:
        raise failures[0]
    for failure in failures:
        facts = (("line", failure.facts["line"]), ("reason", failure.text("en")))
        log(Note("error", failure.key, facts))
    if not opened:
        raise BoxgateError("no_port_opened", first=failures[0].text())
    return opened


def _build(setup: Setup, log: Log) -> tuple[Core, Callable[[], None]]:
    """The journal, the session over it and the core; in the thread that will use them."""
    try:
        setup.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BoxgateError("state_folder", path=setup.state, reason=reason) from error
    path = str(setup.state / "journal.db")
    journal = Journal(path, uuid.uuid4().hex, Limits())
    if journal.set_aside:
        text = say("journal_set_aside", "en", path=path, aside=journal.set_aside)
        log(Note("error", "journal_set_aside", (("reason", text),)))
    session = Session(journal, _uplink(setup, setup.broker)) if setup.broker else None
    due = {line.id: devices(setup.site, line.id) for line in setup.lines}
    if session is not None:
        card = site_card(setup.site, setup.gateway, due, setup.period_s)
        session.announce(site_payload(card))
    settings = CoreSettings(
        version=metadata.version("boxgate"),
        config=setup.site.digest,
        period_ms=setup.period_s * 1000,
        sweeps=setup.sweeps,
    )
    return Core(setup.site, due, journal, session, settings), journal.close


def _uplink(setup: Setup, broker: Broker) -> UplinkSettings:
    return UplinkSettings(
        site=setup.site.id,
        gateway=setup.gateway.id,
        ack=broker.ack,
        protocol=broker.protocol,
        keepalive_s=broker.keepalive_s,
    )


def _wake_main() -> None:
    """From the core thread, when all is over: ends the main thread's wait for a signal."""
    os.kill(os.getpid(), ENDED)


def _wait(agent: Agent) -> None:
    """Until the agent has finished; a first signal asks it to, a second one leaves at once.

    So does the end of LEAVE_S after the first: a disk that hangs must not keep the ports.
    """
    name = ""
    leave_at = math.inf
    told = False
    while not agent.wait(0):
        wait_s = min(SIGNAL_WAIT_S, max(0.0, leave_at - time.monotonic()))
        got = signal.sigtimedwait((*SIGNALS, ENDED), wait_s)
        # a process stopped and continued past its wait (SIGSTOP, SIGCONT) is given a siginfo that
        # CPython never filled in: only what we wait for is a signal
        if got is not None and got.si_signo in SIGNALS:
            if name:
                return
            name = signal.Signals(got.si_signo).name
            leave_at = time.monotonic() + LEAVE_S
        if name and time.monotonic() >= leave_at:
            return
        if name and not told:
            told = agent.stop(name)


def _thread_died(log: Log, died: threading.ExceptHookArgs) -> None:
    """A thread that ends by a fault of ours is one line in the log; the other threads go on."""
    thread = died.thread.name if died.thread else "?"
    what = fault(died.exc_value) if died.exc_value else died.exc_type.__name__
    log(Note("error", "internal", (("thread", thread), ("reason", what))))
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(died.exc_value)


def _verdict(setup: Setup, core: Core) -> int:
    if not setup.sweeps:
        return 0
    failed = core.unread()
    if not failed:
        return 0
    due = sum(len(devices(setup.site, line.id)) for line in setup.lines)
    raise BoxgateError("meters_failed", failed=len(failed), due=due, first=failed[0])
