"""`boxgate` and `boxgate-sim` as real processes over small sites, and what they say to people."""

import os
import re
import signal
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.journal import Journal, JournalError
from edge.words.messages import messages
from protocol.uplink.part import Part, decode_part
from tests.edge.site.good import SITE, replaced, write

ROOT = Path(__file__).parents[3]
MODULES = {"boxgate": "edge.cli.main", "boxgate-sim": "firmware_sim.cli.main"}
DEADLINE_S = 20.0
POLL_S = 0.02
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warning|error) ")
HEADER = "id,kind,line,protocol,profile,phase,box,household,feeder,transformer,ct\n"
METERS = tuple(f"37011200000{n}" for n in range(1, 5))


@dataclass(frozen=True, slots=True)
class Said:
    """What a process that has ended left."""

    code: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """What stderr holds beside the log lines of `run`."""
        return [line for line in self.err.splitlines() if not STAMP.match(line)]


def command(program: str, *argv: str) -> list[str]:
    """The command line of a program."""
    return [sys.executable, "-m", MODULES[program], *argv]


def environment(change: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, English, without what systemd would set, changed."""
    kept = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
    return {**kept, "LC_ALL": "C", "PYTHONPATH": str(ROOT), **(change or {})}


def call(program: str, *argv: str, env: Mapping[str, str] | None = None) -> Said:
    """Run it to its end, without input."""
    ended = subprocess.run(
        command(program, *argv),
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def site(folder: Path, meters: int = 2, *, baud: int = 19200, answer_ms: int = 200) -> Path:
    """A site of one line b1 with so many single-phase meters, read back to back."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(
        f"{METERS[n]},household,b1,dlt645,1ph-2013,{'ABC'[n % 3]},B1-1,B1-1-10{n + 1},,,\n"
        for n in range(meters)
    )
    line = f'id = "b1"\nbaud = {baud}\nanswer_ms = {answer_ms}\nidle_ms = 10\nwake_bytes = 0'
    toml = replaced(
        SITE,
        ("period_s = 60", "period_s = 0"),
        ('id = "b1"\nbaud = 9600', line),
        ('[[line]]\nid = "station"\nbaud = 9600\n', ""),
        ('[[tmu]]\nid = "tmu1"\ntransformer = "T1"\nline = "station"\nunit = 1\n', ""),
        ('lines = ["b1", "station"]', 'lines = ["b1"]'),
    )
    return write(folder, toml, HEADER + rows)


def port_map(path: Path, **ports: str | Path) -> Path:
    """A port map of these lines; on ptys, so without parity."""
    tables = [f'[line.{line}]\nport = "{port}"\nparity = "N"\n' for line, port in ports.items()]
    path.write_text("version = 1\n" + "".join(tables))
    return path


@contextmanager
def started(
    log: Path,
    *argv: str,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with stdout and stderr in LOG.out and LOG.err; killed at the end, if need be."""
    with out(log).open("ab") as stdout, err(log).open("ab") as stderr:
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=environment(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE_S)
        if process.stdin is not None:
            process.stdin.close()


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """A pipe that takes nothing more, and its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def out(log: Path) -> Path:
    """Where a started process's stdout goes."""
    return log.with_name(log.name + ".out")


def err(log: Path) -> Path:
    """Where a started process's stderr goes."""
    return log.with_name(log.name + ".err")


def until(true: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Poll a condition; the process may neither end first nor take longer than DEADLINE_S."""
    late = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < late, f"not within {DEADLINE_S} s: {what}"
        try:
            code = process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"ended with {code} before: {what}")


@contextmanager
def meters(
    folder: Path, site_folder: Path, *argv: str, name: str = "up"
) -> Iterator[subprocess.Popen[bytes]]:
    """`boxgate-sim up` of the site, ready; FOLDER/ports.toml and FOLDER/truth.jsonl are its.

    With --control its stdin is a pipe that takes commands.
    """
    places = ["--dir", str(folder / "dev"), "--ports", str(folder / "ports.toml")]
    places += ["--truth", str(folder / "truth.jsonl")]
    whole = command("boxgate-sim", "up", str(site_folder), *places, *argv)
    log = folder / name
    stdin = subprocess.PIPE if "--control" in argv else subprocess.DEVNULL
    with started(log, *whole, stdin=stdin) as process:
        until(lambda: "ready" in out(log).read_text(), process, "meters are ready")
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE_S)


def parts(state: Path) -> list[Part]:
    """Every sweep part in the journal of a state folder; none where there is no journal yet."""
    try:
        journal = Journal.open_reading(str(state / "journal.db"))
    except JournalError:
        # not there yet, or just being made
        return []
    try:
        return [decode_part(e.body) for e in journal.read(0, 100_000) if e.kind == "sweep"]
    finally:
        journal.close()


def is_sentence(key: str, text: str, lang: str = "en") -> bool:
    """Whether the text is the message of that key with some facts in it, whole or cut."""
    row = messages()[key]
    template = row.zh if lang == "zh" else row.en
    pattern = "".join(
        re.escape(literal) + ("" if name is None else ".*")
        for literal, name, _, _ in string.Formatter().parse(template)
    )
    return re.fullmatch(pattern, text) is not None


def assert_one_sentence(said: Said, program: str, key: str, code: int, lang: str = "en") -> None:
    """Exactly one sentence on stderr, the one of that key, and its exit code; no traceback."""
    assert "Traceback" not in said.out + said.err
    assert len(said.sentences) == 1, said
    name, _, sentence = said.sentences[0].partition(": ")
    assert name == program
    assert len(sentence) <= 200
    assert is_sentence(key, sentence, lang), (key, sentence)
    assert said.code == code, said
