"""`boxgate run SITE`: read the meters, journal every reading, deliver to the utility."""

import argparse
import os
import signal
import uuid
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edge.agent import Core, CoreSettings, Note
from edge.bus.master import LineMaster
from edge.cli.frames import FramePrinter
from edge.cli.log import Log
from edge.cli.place import lines_here, state_folder, this_gateway
from edge.journal.model import Limits
from edge.journal.store import Journal
from edge.plan.build import asked, readable, unreadable
from edge.plan.sweep import Sweep
from edge.shells.agent import Agent
from edge.shells.clock import WallClock
from edge.shells.line import LineThread
from edge.shells.mqtt import MqttShell
from edge.shells.port import PortError, SerialPort
from edge.site.load import read_gateway, read_ports, read_site
from edge.site.model import Broker, Gateway, GatewayFile, Line, Port, Site
from edge.site.secret import read_secret
from edge.uplink.session import Session, UplinkSettings
from edge.words import BoxgateError

SUMMARY = "read the meters and deliver to the utility"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SIGNAL_WAIT_S = 0.25
END_WITHIN_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("site", type=Path, help="folder of site.toml and meters.csv")
    parser.add_argument("--gateway", metavar="ID", help="which gateway of the site this is")
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml")
    parser.add_argument("--ports", type=Path, metavar="FILE", help="port map of boxgate-sim up")
    parser.add_argument("--line", action="append", metavar="ID", help="only this line (repeat)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="folder of the journal")
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
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    log = Log(quiet=args.quiet)
    printer = FramePrinter() if args.frames else None
    masters = {line.id: _master(setup, line, args.frames) for line in setup.lines}
    net_settings = _net(setup)
    journal = _journal(setup)
    try:
        if journal.set_aside:
            log(Note("error", "journal_set_aside", (("file", journal.set_aside),)))
        opened = _open_ports(setup, log)
        core = _core(setup, journal)
        agent = Agent(core, WallClock(), log)
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
        net = MqttShell(*net_settings, post=agent.post) if net_settings else None
        agent.start(lines, net)
        _wait(agent)
        return _verdict(setup, core)
    finally:
        journal.close()
        if printer is not None:
            printer.close()


def _setup(args: argparse.Namespace) -> Setup:
    site = read_site(args.site)
    config = read_gateway(args.config) if args.config else GatewayFile()
    ports = {**config.line, **(read_ports(args.ports) if args.ports else {})}
    gateway = this_gateway(site, args.gateway)
    period_s = site.period_s if args.period is None else args.period
    if period_s < 0 or args.sweeps < 0:
        raise BoxgateError("number_negative")
    broker = None
    if not args.no_broker:
        given = config.broker
        broker = Broker(
            url=args.broker or given.url,
            protocol=args.mqtt or given.protocol,
            ack=given.ack,
            username=given.username,
            password_file=given.password_file,
            ca_file=given.ca_file,
            certificate_file=given.certificate_file,
            key_file=given.key_file,
            keepalive_s=given.keepalive_s,
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


def _master(setup: Setup, line: Line, trace: bool) -> LineMaster:
    meters = asked(line, readable(setup.site, line.id))
    sweep = Sweep(line.id, meters, repeat=setup.period_s == 0, limit=setup.sweeps)
    return LineMaster(line, [sweep], trace)


def _net(setup: Setup) -> tuple[Broker, bytes | None] | None:
    if setup.broker is None:
        return None
    secret = setup.broker.password_file
    return setup.broker, read_secret(Path(secret), os.environ) if secret else None


def _journal(setup: Setup) -> Journal:
    try:
        setup.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BoxgateError("state_folder", path=setup.state, reason=reason) from error
    return Journal(str(setup.state / "journal.db"), uuid.uuid4().hex, Limits())


def _open_ports(setup: Setup, log: Log) -> dict[str, SerialPort]:
    """What can be opened now; the lines' threads keep trying the rest. None at all ends the verb."""
    opened: dict[str, SerialPort] = {}
    failures: list[PortError] = []
    for line in setup.lines:
        try:
            opened[line.id] = SerialPort(line, setup.ports[line.id])
        except PortError as error:
            failures.append(error)
            log(Note("error", error.key, (("line", line.id), ("reason", error.text("en")))))
        for meter in unreadable(setup.site, line.id):
            facts = (("meter", meter.id), ("protocol", meter.protocol))
            log(Note("warning", "meter_left_out", facts))
    if not opened:
        raise (
            failures[0]
            if len(failures) == 1
            else BoxgateError("no_port_opened", first=failures[0].text())
        )
    return opened


def _core(setup: Setup, journal: Journal) -> Core:
    session = None
    if setup.broker is not None:
        settings = UplinkSettings(
            site=setup.site.id,
            gateway=setup.gateway.id,
            ack=setup.broker.ack,
            protocol=setup.broker.protocol,
            keepalive_s=setup.broker.keepalive_s,
        )
        session = Session(journal, settings)
    due = {
        line.id: tuple(meter.id for meter in readable(setup.site, line.id)) for line in setup.lines
    }
    settings_of_core = CoreSettings(
        version=metadata.version("boxgate"),
        config=setup.site.digest,
        period_ms=setup.period_s * 1000,
        sweeps=setup.sweeps,
    )
    return Core(setup.site, due, journal, session, settings_of_core)


def _wait(agent: Agent) -> None:
    """Until the agent has finished; a first signal asks it to, a second one leaves at once."""
    asked_to_end = 0
    while not agent.wait(0 if asked_to_end > 1 else SIGNAL_WAIT_S):
        if asked_to_end > 1:
            return
        got = signal.sigtimedwait(SIGNALS, 0)
        if got is not None:
            asked_to_end += 1
            agent.stop(signal.Signals(got.si_signo).name)


def _verdict(setup: Setup, core: Core) -> int:
    if not setup.sweeps:
        return 0
    failed = core.unread()
    if not failed:
        return 0
    due = sum(len(readable(setup.site, line.id)) for line in setup.lines)
    raise BoxgateError("meters_failed", failed=len(failed), due=due, first=failed[0])
