"""The whole bench as processes: broker, head-end, meters on a line, agent; and what it costs."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from edge.site.load import read_site
from edge.site.model import Site
from edge.words import BoxgateError
from firmware_sim.bench_tools import cost
from firmware_sim.bench_tools.broker import RunningBroker, start_broker
from firmware_sim.bench_tools.children import ROOT, Child, Children, environment
from firmware_sim.bench_tools.watch import Arrived, StateWatch, Tail

UP_S = 30.0
PREFIX = "boxgate-demo-"
EXAMPLE = ROOT / "examples" / "xiyuan-5"
HEADEND = ROOT / "docs" / "headend.py"
TOOL_S = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What the agent had used at one moment."""

    cpu_s: float
    exchanges: int
    rss_bytes: int


class Rig:
    """One line of a site being read; make it with `rig()`."""

    def __init__(
        self, children: Children, site_path: pathlib.Path, line: str, broker: str, chunk: int
    ) -> None:
        self.folder = children.folder
        self._chunk = chunk
        self.site_path = site_path
        self.line = line
        self.site: Site = read_site(site_path)
        if line not in {one.id for one in self.site.lines}:
            raise BoxgateError("demo_no_line", line=line, site=self.site.id)
        self.due = tuple(m.id for m in self.site.meters_on(line) if m.protocol == "dlt645")
        self.truth_file = self.folder / "truth.jsonl"
        self.readings_file = self.folder / "readings.jsonl"
        self.broker: RunningBroker = start_broker(children, broker)
        self.headend = children.python(
            "headend", str(HEADEND), "127.0.0.1", str(self.broker.port), str(self.readings_file)
        )
        self.meters = self._meters(children)
        self.state = StateWatch(self.broker.port)
        self.agent = self._agent(children)
        self.arrived = Arrived(self.readings_file, self.due)
        self._truth = Tail(self.truth_file)

    def _meters(self, children: Children) -> Child:
        ports = self.folder / "ports.toml"
        child = children.python(
            "meters",
            *("-m", "firmware_sim.cli.main", "up", str(self.site_path), "--line", self.line),
            *("--dir", str(self.folder / "ports"), "--ports", str(ports)),
            *("--truth", str(self.truth_file), "--chunk", str(self._chunk), "--with-parent"),
        )
        child.wait_until(lambda: child.said() == "ready", UP_S)
        return child

    def _agent(self, children: Children) -> Child:
        return children.python(
            "agent",
            *("-m", "edge.cli.main", "run", str(self.site_path), "--line", self.line),
            *("--ports", str(self.folder / "ports.toml"), "--state", str(self.folder / "state")),
            *("--broker", self.broker.url, "--mqtt", self.broker.mqtt, "--period", "0"),
        )

    def watch(self, within_s: float) -> None:
        """Let `within_s` seconds pass and take in what arrived; BoxgateError if a child ended."""
        code = self.agent.ended(within_s)
        for child in (self.agent, self.meters, self.headend, self.broker.child):
            code = child.ended()
            if code is not None:
                raise BoxgateError("child_ended", name=child.name, code=code, said=child.said())
        self.arrived.look()

    @property
    def answered(self) -> int:
        """Registers the meters have answered; each was one exchange."""
        self._truth.new()
        return self._truth.lines

    def cost(self) -> Cost:
        """What the agent has used until now."""
        pid = self.agent.pid
        return Cost(cost.cpu_s(pid), self.answered, cost.rss_bytes(pid))

    def finish(self) -> None:
        """Stop the agent, then the meters and the head-end, so that all files are whole."""
        self.agent.stop()
        self.state.close()
        self.meters.stop()
        self.headend.stop()
        self.arrived.look()

    def check(self, sweeps: int) -> tuple[int, str]:
        """`boxgate-sim truth` over both files: exit code and what it said."""
        return tool(
            *("firmware_sim.cli.main", "truth", str(self.truth_file), str(self.readings_file)),
            *("--site", str(self.site_path), "--line", self.line, "--sweeps", str(sweeps)),
            "--json",
        )


@contextmanager
def rig(
    site: pathlib.Path = EXAMPLE,
    line: str = "b1",
    broker: str = "auto",
    keep: pathlib.Path | None = None,
    chunk: int = 0,
) -> Iterator[Rig]:
    """A running bench; leaves no process and, unless `keep` names a folder, no file behind.

    Answers are handed over `chunk` characters at a time, 0 = whole.
    """
    for path in (site, HEADEND):
        if not path.exists():
            raise BoxgateError("demo_no_file", path=path)
    with _folder(keep) as folder, Children(folder) as children:
        yield Rig(children, site, line, broker, chunk)


def tool(module: str, *arguments: str) -> tuple[int, str]:
    """Run one of our verbs to its end: exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TOOL_S,
        check=False,
    )
    return done.returncode, done.stdout.strip()


@contextmanager
def _folder(keep: pathlib.Path | None) -> Iterator[pathlib.Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for old in ("truth.jsonl", "readings.jsonl", "ports.toml"):
            (keep / old).unlink(missing_ok=True)
        yield keep.resolve()
        return
    remove_orphans()
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_orphans() -> None:
    """Remove the folders of runs that were killed before they could."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if not pid.isdigit():
            continue
        with suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and not _lives(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the body as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    old = {s: signal.signal(s, interrupt) for s in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
