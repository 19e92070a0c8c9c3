"""The whole bench as processes: broker, head-end, meters on their lines, agent; what it costs."""

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

from edge.site.load import read_site
from edge.site.model import Site
from edge.words import BoxgateError
from firmware_sim.bench_tools import cost
from firmware_sim.bench_tools.accepted import Accepted, Account
from firmware_sim.bench_tools.broker import RunningBroker, start_again, start_broker
from firmware_sim.bench_tools.children import POLL_S, ROOT, Child, Children, environment
from firmware_sim.bench_tools.devices import Devices, devices_on
from firmware_sim.bench_tools.folder import folder_of_run
from firmware_sim.bench_tools.listen import Listener
from firmware_sim.bench_tools.loading import Loaded, loadings
from firmware_sim.bench_tools.verdict import Verdict, judged
from firmware_sim.bench_tools.watch import Arrived, Tail

UP_S = 30.0
EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "xiyuan-5"
HEADEND = ROOT / "docs" / "headend.py"
TOOL_S = 60.0
TOOL_BYTES_S = 500_000
"""What a slow machine with other work judges of the files of a run in a second, a tenth of what
one with none does: a night's run takes longer than TOOL_S."""
SETTLE_S = 5.0
"""How long the head-end may take to write down what it was given before the agent stopped."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the agent had used at one moment."""

    cpu_s: float
    exchanges: int
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Way:
    """How the bench is to be: what `rig()` takes."""

    broker: str = "auto"
    chunk: int = 0
    """Answers are handed over so many characters at a time, 0 = whole."""
    start: str | None = None
    """Time of day the load begins at, HH:MM; None = now."""
    control: bool = False
    """The meters take commands: lines and meters can be broken."""
    durable: bool = False
    """The broker keeps sessions over its own end, and the head-end's word alone counts."""


class Rig:
    """Lines of a site being read; make it with `rig()`."""

    def __init__(
        self,
        children: Children,
        site_path: pathlib.Path,
        lines: Sequence[str],
        way: Way,
        stack: ExitStack,
    ) -> None:
        self.folder = children.folder
        self.site_path = site_path
        self.site: Site = read_site(site_path)
        known = [line.id for line in self.site.lines]
        for line in lines:
            if line not in known:
                raise BoxgateError("demo_no_line", line=line, site=self.site.id)
        every = devices_on(self.site, known)
        wanted = lines or [line for line in known if every.on(line)]
        self.lines = tuple(line for line in known if line in wanted)
        """In the site's order; all that have a device where none was named."""
        self.devices: Devices = devices_on(self.site, self.lines)
        self.due = tuple(self.devices.kinds)
        """Ids of everything read: meters, then TMUs."""
        self.truth_file = self.folder / "truth.jsonl"
        self.readings_file = self.folder / "readings.jsonl"
        self._children = children
        self._way = way
        self._broker_down = False
        self._whole = len(self.due) == len(every.kinds)
        # the neighbourhood takes longest to wake: it begins before all others
        self.meters = self._meters()
        self.broker: RunningBroker = start_broker(children, way.broker, way.durable)
        self.headend = children.python(
            "headend",
            *(str(HEADEND), "127.0.0.1", str(self.broker.port), str(self.readings_file)),
            *(("--commit",) if way.durable else ()),
        )
        self.state = stack.enter_context(closing(Listener(self.broker.port)))
        self.meters.wait_until(lambda: self.meters.said() == "ready", UP_S)
        # a broker keeps nothing for whoever has not subscribed yet: it would be lost, acknowledged
        self.headend.wait_until(lambda: self.headend.said() == "ready", UP_S)
        self.agent = self._agent()
        self.arrived = Arrived(self.readings_file, self.devices.kinds)
        self._truth = Tail(self.truth_file)
        self._answered = 0
        self._last_told: tuple[str, int] | None = None

    @property
    def line(self) -> str:
        """The line, where there is one; the first of several."""
        return self.lines[0]

    def _meters(self) -> Child:
        way = self._way
        return self._children.python(
            "meters",
            *("-m", "firmware_sim.cli.main", "up", str(self.site_path), "--line", *self.lines),
            *("--dir", str(self.folder / "ports"), "--ports", str(self.folder / "ports.toml")),
            *("--truth", str(self.truth_file), "--chunk", str(way.chunk), "--with-parent"),
            *(("--start", way.start) if way.start else ()),
            *(("--control",) if way.control else ()),
            told=way.control,
        )

    def _agent(self) -> Child:
        lines = [word for line in self.lines for word in ("--line", line)]
        config = []
        if self._way.durable:
            path = self.folder / "gateway.toml"
            path.write_text('version = 1\n\n[broker]\nack = "head-end"\n', encoding="utf-8")
            config = ["--config", str(path)]
        return self._children.python(
            "agent",
            *("-m", "edge.cli.main", "run", str(self.site_path), *lines, *config),
            *("--ports", str(self.folder / "ports.toml"), "--state", str(self.folder / "state")),
            *("--broker", self.broker.url, "--mqtt", self.broker.mqtt, "--period", "0"),
        )

    def watch(self, within_s: float) -> None:
        """Let `within_s` seconds pass and take in what arrived; BoxgateError if a child ended."""
        self.agent.ended(within_s)
        for child in (self.agent, self.meters, self.headend, self.broker.child):
            if child is self.broker.child and self._broker_down:
                continue
            code = child.ended()
            if code is not None:
                raise BoxgateError("child_ended", name=child.name, code=code, said=child.said())
        self.arrived.look()

    def kill_broker(self) -> None:
        """As when its machine loses power."""
        self._broker_down = True
        self.broker.child.kill()

    def start_broker_again(self) -> None:
        """On the same port, with what it had kept."""
        self.broker = start_again(self._children, self.broker)
        self._broker_down = False

    @property
    def answered(self) -> int:
        """Exchanges that the devices have answered."""
        for line in self._truth.new():
            record = json.loads(line)
            # an answer to a list of objects has a line each, together
            told = record["meter"], record["t"]
            self._answered += told != self._last_told
            self._last_told = told
        return self._answered

    def cost(self) -> Cost:
        """What the agent has used until now."""
        pid = self.agent.pid
        return Cost(cost.cpu_s(pid), self.answered, cost.rss_bytes(pid))

    def finish(self) -> Account:
        """Stop agent, meters and head-end, so that all files are whole; what became of it all."""
        self.agent.stop()
        self.meters.stop()
        accepted = Accepted(self.folder / "state" / "journal.db")
        until = time.monotonic() + SETTLE_S
        # what the broker had acknowledged may still be on its way to the head-end
        while (account := accepted.account(self.readings_file)).lost:
            if time.monotonic() > until or self.headend.ended(POLL_S) is not None:
                break
        self.state.close()
        self.headend.stop()
        self.arrived.look()
        return account

    def check(self, sweeps: int) -> Verdict:
        """`boxgate-sim truth` over both files; `sweeps` whole ones are due of every device."""
        size = self.truth_file.stat().st_size + self.readings_file.stat().st_size
        return judged(
            partial(tool, within_s=TOOL_S + size / TOOL_BYTES_S),
            self.truth_file,
            self.readings_file,
            self.site_path,
            (None,) if self._whole else self.lines,
            sweeps,
        )

    def loadings(self) -> list[Loaded]:
        """Every transformer and feeder whose meter is read here, checked against the truth."""
        return loadings(self.site, self.lines, self.state.results(), self.truth_file)


@contextmanager
def rig(
    site: pathlib.Path = EXAMPLE,
    line: str | Sequence[str] = "b1",
    broker: str = "auto",
    keep: pathlib.Path | None = None,
    chunk: int = 0,
    *,
    way: Way | None = None,
) -> Iterator[Rig]:
    """A running bench; leaves no process and, unless `keep` names a folder, no file behind.

    `line` is one line or several, () = all. `way` says the rest; without it, `broker` and `chunk`.
    """
    for path in (site, HEADEND):
        if not path.exists():
            raise BoxgateError("demo_no_file", path=path)
    lines = (line,) if isinstance(line, str) else tuple(line)
    way = way or Way(broker=broker, chunk=chunk)
    with folder_of_run(keep) as folder, Children(folder) as children, ExitStack() as stack:
        yield Rig(children, site, lines, way, stack)


def tool(module: str, *arguments: str, within_s: float = TOOL_S) -> tuple[int, str]:
    """Run one of our verbs to its end: exit code and output; BoxgateError if it takes too long."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        name = " ".join((module, *arguments[:1]))
        raise BoxgateError("demo_tool_slow", name=name, seconds=round(within_s)) from error
    return done.returncode, done.stdout.strip()
