"""A small site read by real processes, to be broken amid its sweeps; and the proof afterwards.

Two lines of ten household meters and a station line (master and feeder meter behind CTs, a TMU),
mosquitto with sessions on disk, docs/headend.py whose word alone settles (ack = "head-end"),
`boxgate-sim up --control`, `boxgate run`, and a witness of our own at the broker.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.brokers import Mosquitto
from tests.edge.cli.processes import (
    DEADLINE_S,
    ROOT,
    command,
    err,
    meters,
    out,
    started,
    until,
)
from tests.edge.cli.witness import Witness, somebody_listens, witness
from tests.edge.site.good import HEADER, SITE, replaced, write

ON_B1 = tuple(f"3701120001{n:02}" for n in range(1, 11))
ON_B2 = tuple(f"3701120002{n:02}" for n in range(1, 11))
ON_STATION = ("370112009001", "370112009101", "tmu1")
DUE = {"b1": ON_B1, "b2": ON_B2, "station": ON_STATION}
KINDS = {
    **dict.fromkeys(ON_B1 + ON_B2, "household"),
    **dict.fromkeys(ON_STATION[:2], "three-phase"),
    "tmu1": "tmu",
}
ITEMS = 5
"""Exchanges that a household meter takes."""
SWEPT = re.compile(r" info sweep line=(\S+) slot=\d+ read=(\d+) due=(\d+) ms=(\d+) exchanges=(\d+)")
LINE = 'id = "{id}"\nbaud = 57600\nidle_ms = 5\nanswer_ms = {answer_ms}\nwake_bytes = 0\n'
PATIENT_MS = 1500
"""What a line waits for an answer here: on a busy machine the meters may not run for that long."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A line of the log: one sweep that has ended."""

    line: str
    read: int
    due: int
    ms: int
    exchanges: int


def site(folder: Path, answer_ms: int) -> Path:
    """The site, back to back."""
    folder.mkdir()
    boxes = "".join(
        f'[[box]]\nid = "{box}"\nbuilding = "B1"\nstairwell = 1\n' for box in ("B1-1", "B1-2")
    )
    lines = "[[line]]\n" + "\n[[line]]\n".join(
        LINE.format(id=line, answer_ms=answer_ms) for line in ("b1", "b2")
    )
    toml = replaced(
        SITE,
        ("period_s = 60", "period_s = 0"),
        ("Asia/Shanghai", _timezone()),
        ('[[box]]\nid = "B1-1"\nbuilding = "B1"\nstairwell = 1\n', boxes),
        ('[[line]]\nid = "b1"\nbaud = 9600\nlength_m = 180\n', lines),
        ('id = "station"\nbaud = 9600\n', LINE.format(id="station", answer_ms=answer_ms)),
        ('lines = ["b1", "station"]', 'lines = ["b1", "b2", "station"]'),
    )
    rows = [
        f"{meter},household,{line},dlt645,1ph-2013,{'ABC'[n % 3]},B1-{line[1]},{line}-{n},,,"
        for line, here in (("b1", ON_B1), ("b2", ON_B2))
        for n, meter in enumerate(here)
    ]
    rows += [
        f"{ON_STATION[0]},master,station,dlt645,3ph,ABC,,,,T1,800/5",
        f"{ON_STATION[1]},feeder,station,dlt645,3ph,ABC,,,F1,,400/5",
    ]
    return write(folder, toml, "\n".join([HEADER.strip(), *rows, ""]))


def _timezone() -> str:
    """One in which no day ends while a test runs: the day's energy would begin anew."""
    late = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%H:%M") >= "23:50"
    return "UTC" if late else "Asia/Shanghai"


@dataclass(slots=True)
class Bench:
    """The processes; `meters` plays them, `witness` hears what arrives."""

    folder: Path
    site: Path
    broker: Mosquitto
    headend: subprocess.Popen[bytes]
    meters: subprocess.Popen[bytes]
    witness: Witness
    within: tuple[str, ...] = ()
    """What stands before the agent's command line, to run it elsewhere."""
    names: list[str] = field(default_factory=list)
    stopped_ms: int = 0
    """When the agent had ended, wall ms; 0 = not yet."""

    @property
    def state(self) -> Path:
        """The agent's state folder."""
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.state / "journal.db"

    @property
    def truth(self) -> Path:
        """What the meters have answered."""
        return self.folder / "truth.jsonl"

    @property
    def readings(self) -> Path:
        """What the head-end has stored."""
        return self.folder / "readings.jsonl"

    @contextmanager
    def agent(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """The agent, running; each start has a log of its own."""
        self.names.append(f"run-{len(self.names)}")
        config = self.folder / "gateway.toml"
        config.write_text('version = 1\n\n[broker]\nack = "head-end"\n')
        argv = command(
            "boxgate",
            *("run", str(self.site), "--state", str(self.state), "--config", str(config)),
            *("--ports", str(self.folder / "ports.toml"), *more),
            *("--broker", f"mqtt://127.0.0.1:{self.broker.port}"),
        )
        with started(self.folder / self.names[-1], *self.within, *argv) as process:
            yield process

    def log(self, number: int = -1) -> str:
        """What the newest agent has said, or the one of that number."""
        return err(self.folder / self.names[number]).read_text()

    def swept(self, line: str) -> list[Swept]:
        """The sweeps of a line that the newest agent has ended."""
        found = (match.groups() for match in SWEPT.finditer(self.log()))
        return [Swept(one, *(int(n) for n in numbers)) for one, *numbers in found if one == line]

    def swept_more(self, agent: subprocess.Popen[bytes], count: int, *lines: str) -> None:
        """Wait until each of these lines has ended so many sweeps more."""
        before = {line: len(self.swept(line)) for line in lines}
        until(
            lambda: all(len(self.swept(line)) >= n + count for line, n in before.items()),
            agent,
            f"{count} more sweeps of {', '.join(lines)}",
        )

    def sweeps_so(
        self, agent: subprocess.Popen[bytes], line: str, read: int, exchanges: int
    ) -> None:
        """Wait for one more sweep that reads so many with no exchange to spare.

        Not each is so: on a busy machine an answer may come too late and be asked for again.
        """
        before = len(self.swept(line))
        until(
            lambda: (read, exchanges) in [(s.read, s.exchanges) for s in self.swept(line)[before:]],
            agent,
            f"a sweep of {line} that reads {read} in {exchanges} exchanges",
        )

    def tell(self, order: str) -> None:
        """Break or mend something at the meters; back when it is done."""
        assert self.meters.stdin is not None
        said = out(self.folder / "up")
        before = said.read_text().count(f"ok {order}\n")
        self.meters.stdin.write(f"{order}\n".encode())
        self.meters.stdin.flush()
        until(
            lambda: said.read_text().count(f"ok {order}\n") > before, self.meters, f"it did {order}"
        )

    def answered(self) -> int:
        """Answers that meters and TMU have given."""
        return self.truth.read_bytes().count(b"\n") if self.truth.exists() else 0

    def amid_a_sweep(self, agent: subprocess.Popen[bytes], line: str) -> None:
        """Wait for a moment in which the line has read some of its meters and not all."""
        ended = len(self.swept(line))
        until(lambda: len(self.swept(line)) > ended, agent, f"{line} begins a sweep")
        asked = self.answers_on(line)
        until(lambda: self.answers_on(line) >= asked + ITEMS, agent, f"{line} is amid a sweep")

    def answers_on(self, line: str) -> int:
        """Answers given on one line."""
        return self.truth.read_text().count(f'"line":"{line}"') if self.truth.exists() else 0

    def stop(self, agent: subprocess.Popen[bytes]) -> None:
        """End the agent, and have what it kept at its end delivered by one more short run."""
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(DEADLINE_S) == 0
        self.stopped_ms = time.time_ns() // 1_000_000
        with self.agent("--line", "station", "--sweeps", "1") as last:
            assert last.wait(2 * DEADLINE_S) == 0, self.log()
        self.meters.send_signal(signal.SIGTERM)
        assert self.meters.wait(DEADLINE_S) == 0


@contextmanager
def bench(
    folder: Path, *sim: str, within: tuple[str, ...] = (), answer_ms: int = PATIENT_MS
) -> Iterator[Bench]:
    """All but the agent, ready."""
    where = site(folder / "site", answer_ms)
    broker = Mosquitto(folder, persistent=True)
    with ExitStack() as stack:
        stack.callback(broker.kill)
        broker.start()
        headend = stack.enter_context(
            started(
                folder / "headend",
                *(sys.executable, str(ROOT / "docs" / "headend.py"), "127.0.0.1"),
                *(str(broker.port), str(folder / "readings.jsonl"), "--commit"),
            )
        )
        played = stack.enter_context(
            meters(folder, where, "--control", "--delay-ms", "5", "--start", "19:30", *sim)
        )
        # before the witness subscribes: it is the head-end that must be there
        until(lambda: somebody_listens(broker.port), headend, "the head-end has subscribed")
        heard = stack.enter_context(witness(broker.port))
        yield Bench(folder, where, broker, headend, played, heard, within)
