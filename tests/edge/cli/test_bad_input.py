"""The walk through bad input: every verb, as a process, ends in one sentence and an exit code.

Each case names the message it must end in. What ends no process is here too: an agent that carries
on without a part. The last test holds the walk to the code: no message is raised that nobody walks.
"""

import ast
import fcntl
import os
import sqlite3
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

import edge.shells.agent
from edge.agent import Core
from edge.plan.build import asked
from edge.shells.clock import WallClock
from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Meter, Port
from edge.words import BoxgateError
from edge.words.messages import messages
from firmware_sim.bridge.pty import Pty
from tests.edge.cli.processes import (
    DEADLINE_S,
    METERS,
    ROOT,
    Said,
    assert_one_sentence,
    call,
    command,
    environment,
    is_sentence,
    parts,
    port_map,
    site,
)
from tests.edge.site.good import replaced

EXAMPLE = str(ROOT / "examples" / "xiyuan-5")


@dataclass(slots=True)
class Place:
    """A folder with a good site of one meter, a port map onto a silent pty, and a state folder."""

    folder: Path
    pty: str

    @property
    def site(self) -> str:
        """The site's folder."""
        path = self.folder / "site"
        return str(path if path.exists() else site(path, 1, answer_ms=20))

    @property
    def state(self) -> Path:
        """A state folder of its own."""
        path = self.folder / "state"
        path.mkdir(exist_ok=True)
        return path

    def file(self, name: str, content: str | bytes = "") -> str:
        """A file of that content."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def spoilt(self, old: str, new: str, name: str = "site.toml") -> str:
        """The good site with one change."""
        path = Path(self.site) / name
        path.write_text(replaced(path.read_text(), (old, new)))
        return self.site

    def replaced_by(self, content: bytes, name: str = "site.toml") -> str:
        """The good site with a file of other content."""
        (Path(self.site) / name).write_bytes(content)
        return self.site

    def ports(self, port: str = "") -> str:
        """A port map of line b1."""
        return str(port_map(self.folder / "ports.toml", b1=port or self.pty))

    def run(self, *more: str, port: str = "") -> list[str]:
        """`run` of one sweep, without a broker unless `more` says so."""
        base = ["run", self.site, "--ports", self.ports(port), "--state", str(self.state)]
        broker = [] if "--broker" in more or "--config" in more else ["--no-broker"]
        return [*base, "--sweeps", "1", *broker, *more]

    def config(self, broker: str = "", head: str = "") -> list[str]:
        """`run` with a gateway.toml."""
        text = f"version = 1\n{head}\n[broker]\n{broker}\n"
        return self.run("--config", self.file("gateway.toml", text))

    def journal(self, sql: str = "", content: bytes = b"") -> list[str]:
        """`run` over a journal file that is there already."""
        path = self.state / "journal.db"
        if sql:
            with sqlite3.connect(path) as connection:
                connection.executescript(sql)
            connection.close()
        else:
            path.write_bytes(content)
        return self.run()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place, and the far end of its pty held open without ever answering."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    yield Place(tmp_path, path)
    os.close(master)


Build = Callable[[Place], list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input: what is called, the message it ends in, and in which exit code."""

    id: str
    key: str
    code: int
    build: Build
    program: str = "boxgate"


def latest(*more: str) -> Build:
    """`latest` of the good site over an absent journal."""
    return lambda p: ["latest", p.site, "--state", str(p.state), *more]


def truth(first: str | None, second: str | None) -> Build:
    """`boxgate-sim truth` over two files of these contents; None = the file is not there."""

    def build(p: Place) -> list[str]:
        paths = [str(p.folder / "truth"), str(p.folder / "readings")]
        for path, text in zip(paths, (first, second), strict=True):
            if text is not None:
                Path(path).write_text(text)
        return ["truth", *paths]

    return build


def up(*more: str) -> Build:
    """`boxgate-sim up` of the good site."""
    return lambda p: ["up", p.site, "--dir", str(p.folder / "dev"), *more]


def new(content: bytes, *more: str, name: str = "list.csv") -> Build:
    """`new` from a list of that content."""
    return lambda p: ["new", p.file(name, content), str(p.folder / "draft"), *more]


def broken_link(p: Place) -> str:
    """A file that is a link to itself."""
    (p.folder / "loop").symlink_to(p.folder / "loop")
    return str(p.folder / "loop")


def huge(p: Place) -> str:
    """A file of 100 MB that takes no room."""
    path = p.file("huge")
    os.truncate(path, 100 << 20)
    return path


def made(path: Path) -> str:
    """A folder."""
    path.mkdir()
    return str(path)


GOOD_LIST = f"表号\n{METERS[0]}\n".encode()
NEWER = "CREATE TABLE x (y); PRAGMA user_version = 99;"
SECRET = 'username = "u"\npassword_file = '

USAGE = [
    Case("no such verb", "usage", 2, lambda p: ["nonsense"]),
    Case("no such option", "usage", 2, lambda p: ["check", p.site, "--frobnicate"]),
    Case("an argument missing", "usage", 2, lambda p: ["run"]),
    Case("no number", "usage", 2, lambda p: p.run("--sweeps", "two")),
    Case("a number of 5000 digits", "usage", 2, lambda p: p.run("--period", "9" * 5000)),
    Case("an absurd number", "number_range", 2, lambda p: p.run("--period", "9" * 30)),
    Case("a negative number", "number_range", 2, lambda p: p.run("--sweeps", "-1")),
    Case("an MQTT version", "usage", 2, lambda p: p.run("--mqtt", "4")),
    Case("sim: no such verb", "usage", 2, lambda p: ["nonsense"], "boxgate-sim"),
    Case("sim: delay", "usage", 2, up("--delay-ms", "-1"), "boxgate-sim"),
    Case("sim: sweeps", "usage", 2, lambda p: ["truth", "a", "b", "--sweeps", "0"], "boxgate-sim"),
]

SITES = [
    Case("no site", "site_invalid", 2, lambda p: ["run", str(p.folder / "nowhere")]),
    Case("a device as site", "site_invalid", 2, lambda p: ["run", "/dev/null"]),
    Case("an empty site.toml", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"")]),
    Case("a binary site.toml", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"\0\xff" * 99)]),
    Case("no TOML", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"]]\n")]),
    Case("a huge meters.csv", "site_invalid", 2, lambda p: ["run", _huge_meters(p)]),
    Case("a site.toml that is a folder", "site_invalid", 2, lambda p: ["run", _folder_site(p)]),
    Case("latest of no site", "site_invalid", 2, lambda p: ["latest", str(p.folder / "nowhere")]),
    Case("sim: no site", "site_invalid", 2, lambda p: ["up", "/nowhere"], "boxgate-sim"),
    Case("no config", "site_invalid", 2, lambda p: p.run("--config", "/nowhere")),
    Case("a config that is a loop", "site_invalid", 2, lambda p: p.run("--config", broken_link(p))),
    Case("a huge config", "site_invalid", 2, lambda p: p.run("--config", huge(p))),
    Case("no ports", "site_invalid", 2, lambda p: ["run", p.site, "--ports", "/nowhere"]),
    Case("a folder as ports", "site_invalid", 2, lambda p: ["run", p.site, "--ports", "/"]),
    Case("no port at all", "no_line", 2, lambda p: ["run", p.site, "--no-broker"]),
    Case("an unknown line", "line_unknown", 2, lambda p: p.run("--line", "b9")),
    Case("an unknown gateway", "gateway_unknown", 2, lambda p: p.run("--gateway", "gw9")),
    Case("which gateway", "gateway_which", 2, lambda p: ["run", _two_gateways(p)]),
    Case("a profile nobody knows", "site_invalid", 2, lambda p: ["run", _profile(p)]),
]

PORTS = [
    Case("an absent port", "port_absent", 3, lambda p: p.run(port="/dev/ttyNONE9")),
    Case("/dev/null", "port_kind", 3, lambda p: p.run(port="/dev/null")),
    Case("/dev/full", "port_kind", 3, lambda p: p.run(port="/dev/full")),
    Case("a file as port", "port_kind", 3, lambda p: p.run(port=p.file("plain"))),
    Case("a folder as port", "port_kind", 3, lambda p: p.run(port=str(p.folder))),
    Case("a loop as port", "port_failed", 3, lambda p: p.run(port=broken_link(p))),
    Case("direction by kernel", "port_direction", 3, lambda p: _direction(p, "kernel")),
    Case("no port of several", "no_port_opened", 3, lambda p: _two_absent(p)),
]

BROKERS = [
    Case("another scheme", "broker_url", 2, lambda p: p.run("--broker", "http://x")),
    Case("no host", "broker_url", 2, lambda p: p.run("--broker", "mqtt://")),
    Case("an empty address", "site_invalid", 2, lambda p: p.config('url = ""')),
    Case("a port of 99999", "broker_url", 2, lambda p: p.run("--broker", "mqtt://h:99999")),
    Case("a password in it", "broker_url", 2, lambda p: p.run("--broker", "mqtt://u:p@h")),
    Case("an open bracket", "broker_url", 2, lambda p: p.run("--broker", "mqtt://[::1")),
    Case("in two lines", "broker_url", 2, lambda p: p.run("--broker", "mqtt://h\nx")),
    Case("no secret", "secret_missing", 2, lambda p: p.config(SECRET + '"/nowhere"')),
    Case("an open secret", "secret_open", 2, lambda p: p.config(SECRET + _secret(p, 0o666))),
    Case("an empty secret", "secret_bad", 2, lambda p: p.config(SECRET + _secret(p, 0o600, b""))),
    Case("a folder as secret", "secret_bad", 2, lambda p: p.config(SECRET + '"/"')),
    Case("no credentials", "secret_directory", 2, lambda p: p.config(SECRET + _CREDENTIAL)),
    Case("no CA file", "broker_tls", 2, lambda p: p.config(_tls('ca_file = "/nowhere"'))),
    Case("a bad CA", "broker_tls", 2, lambda p: p.config(_tls(f'ca_file = "{p.file("ca", "x")}"'))),
]

STATES = [
    Case("a file as state", "state_folder", 2, lambda p: p.run("--state", p.file("plain"))),
    Case("a state in /proc", "state_folder", 2, lambda p: p.run("--state", "/proc/boxgate")),
    Case("a newer journal", "journal_newer", 2, lambda p: p.journal(NEWER)),
    Case("a foreign journal", "journal_foreign", 2, lambda p: p.journal("CREATE TABLE x (y);")),
    Case("a folder as journal", "journal_unusable", 2, lambda p: _journal_folder(p)),
    Case("a corrupt journal", "meters_failed", 1, lambda p: p.journal(content=b"\xa5" * 9000)),
    Case("an empty journal", "meters_failed", 1, lambda p: p.journal(content=b"")),
    Case("a dead meter", "meters_failed", 1, lambda p: p.run()),
    Case("latest: no journal", "journal_missing", 2, latest()),
    Case("latest: a newer one", "journal_newer", 2, lambda p: _latest_over(p, NEWER)),
    Case("latest: not a journal", "journal_unusable", 2, lambda p: _latest_over(p, "")),
    Case("latest: foreign", "journal_unusable", 2, lambda p: _latest_over(p, "CREATE TABLE x(y);")),
    Case("latest: unknown meter", "meter_unknown", 2, latest("--meter", "999")),
    Case("latest: unknown line", "line_unknown", 2, latest("--line", "b9")),
    Case("latest: unknown gateway", "gateway_unknown", 2, latest("--gateway", "gw9")),
    Case("latest: no config", "site_invalid", 2, latest("--config", "/nowhere")),
]

NEWS = [
    Case("no list", "new_list_wrong", 2, lambda p: ["new", "/nowhere", str(p.folder / "d")]),
    Case("a folder as list", "new_list_wrong", 2, lambda p: ["new", "/", str(p.folder / "d")]),
    Case("an empty list", "new_list_wrong", 2, new(b"")),
    Case("a workbook", "new_list_wrong", 2, new(b"PK\x03\x04" + b"\0" * 99, name="l.xlsx")),
    Case("a huge list", "new_list_wrong", 2, lambda p: ["new", huge(p), str(p.folder / "d")]),
    Case("no addresses", "new_no_address", 2, new(b"a,b\n1,2\n")),
    Case("no meters", "site_meters_none", 2, new("表号\n".encode())),
    Case("no id", "site_value_id", 2, new(GOOD_LIST, "--id", "a b")),
    Case("a draft is there", "new_exists", 2, lambda p: ["new", p.file("l", GOOD_LIST), p.site]),
    Case("in /proc", "new_unwritable", 2, lambda p: ["new", p.file("l", GOOD_LIST), "/proc/x"]),
    Case("in a file", "new_exists", 2, lambda p: ["new", p.file("l", GOOD_LIST), p.file("f")]),
]

SIM = [
    Case("an unknown line", "sim_no_line", 2, up("--line", "b9")),
    Case("an unknown meter", "sim_no_meter", 2, up("--dead", "1")),
    Case("no time of day", "sim_start", 2, up("--start", "25:99")),
    Case("a folder in /proc", "sim_dir", 2, lambda p: ["up", p.site, "--dir", "/proc/x"]),
    Case("ports in /proc", "sim_dir", 2, up("--ports", "/proc/x/ports.toml")),
    Case("truth in /proc", "sim_truth_write", 1, up("--truth", "/proc/x")),
    Case("no truth", "sim_truth_read", 2, truth(None, "")),
    Case("no readings", "sim_truth_read", 2, truth("", None)),
    Case("no truth records", "sim_truth_line", 2, truth("nonsense\n", "")),
    Case("no reading records", "sim_truth_line", 2, truth("", "[1]\n")),
    Case("demo of no site", "demo_no_file", 2, lambda p: ["demo", str(p.folder / "nowhere")]),
    Case(
        "a demo without time",
        "demo_late",
        1,
        lambda p: ["demo", p.site, "--once", "--deadline", "0"],
    ),
    Case("demo of no line", "demo_no_line", 2, lambda p: ["demo", EXAMPLE, "--line", "b9"]),
]

_CREDENTIAL = '"$CREDENTIALS_DIRECTORY/mqtt"'


def _secret(p: Place, mode: int, content: bytes = b"s3cret") -> str:
    path = p.file("secret", content)
    os.chmod(path, mode)
    return f'"{path}"'


def _tls(more: str) -> str:
    return f'url = "mqtts://127.0.0.1:1"\n{more}'


def _huge_meters(p: Place) -> str:
    os.truncate(Path(p.site) / "meters.csv", 100 << 20)
    return p.site


def _folder_site(p: Place) -> str:
    (Path(p.site) / "site.toml").unlink()
    made(Path(p.site) / "site.toml")
    return p.site


def _profile(p: Place) -> str:
    return p.spoilt("1ph-2013", "9ph", "meters.csv")


def _second_line(p: Place, gateway: bool) -> str:
    owner = '[[gateway]]\nid = "gw2"\nlines = ["b2"]\n' if gateway else ""
    if not gateway:
        p.spoilt('lines = ["b1"]', 'lines = ["b1", "b2"]')
    return p.spoilt("[[gateway]]", f'[[line]]\nid = "b2"\n\n{owner}\n[[gateway]]')


def _two_gateways(p: Place) -> str:
    return _second_line(p, gateway=True)


def _two_absent(p: Place) -> list[str]:
    _second_line(p, gateway=False)
    argv = p.run()
    port_map(p.folder / "ports.toml", b1="/dev/ttyNONE1", b2="/dev/ttyNONE2")
    return argv


def _direction(p: Place, how: str) -> list[str]:
    argv = p.run()
    with (p.folder / "ports.toml").open("a") as file:
        file.write(f'direction = "{how}"\n')
    return argv


def _journal_folder(p: Place) -> list[str]:
    made(p.state / "journal.db")
    return p.run()


def _latest_over(p: Place, sql: str) -> list[str]:
    p.journal(sql, b"\xa5" * 9000)
    return ["latest", p.site, "--state", str(p.state)]


def walk() -> list[Case]:
    """All cases; those of boxgate-sim are marked so."""
    sim = [Case(f"sim: {c.id}", c.key, c.code, c.build, "boxgate-sim") for c in SIM]
    return [*USAGE, *SITES, *PORTS, *BROKERS, *STATES, *NEWS, *sim]


@pytest.mark.parametrize("case", walk(), ids=lambda case: case.id.replace(" ", "-"))
def test_bad_input_ends_in_its_sentence_and_exit_code(place: Place, case: Case) -> None:
    said = call(case.program, *case.build(place))
    assert_one_sentence(said, case.program, case.key, case.code)


@pytest.mark.parametrize(
    "build",
    [
        lambda p: ["check", str(p.folder / "nowhere")],
        lambda p: ["check", p.replaced_by(b"\0\xff" * 99)],
        lambda p: ["check", p.site, "--ports", "/"],
        lambda p: ["check", p.site, "--config", huge(p)],
        lambda p: ["check", p.site, "--config", broken_link(p), "--json"],
    ],
)
def test_check_says_it_as_its_result_and_ends_with_2(place: Place, build: Build) -> None:
    said = call("boxgate", *build(place))
    assert (said.code, said.err) == (2, "")
    assert "Traceback" not in said.out
    assert said.out.count("\n") <= 9


def test_a_port_that_another_program_has_is_named_busy(place: Place) -> None:
    with serial.Serial(place.pty, exclusive=True):
        said = call("boxgate", *place.run())
    assert_one_sentence(said, "boxgate", "port_busy", 3)


def test_a_state_folder_that_another_agent_has_is_named_with_its_process(place: Place) -> None:
    with (place.state / "journal.db.lock").open("w") as lock:
        lock.write(str(os.getpid()))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = call("boxgate", *place.run())
    assert_one_sentence(said, "boxgate", "journal_locked", 2)
    assert f"process {os.getpid()}" in said.err


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        (serial.SerialException(13, "Permission denied"), "port_denied"),
        (termios.error(22, "Invalid argument"), "port_settings"),
        (OSError(5, "Input/output error"), "port_failed"),
        (ValueError("Not a valid baudrate"), "port_failed"),
    ],
)
def test_what_no_process_here_can_meet_at_a_port_has_its_sentence(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, key: str
) -> None:
    def refuse(**settings: object) -> None:
        raise failure

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(PortError) as caught:
        SerialPort(Line(id="b1"), Port(port="/dev/ttyS1"))
    assert (caught.value.key, caught.value.exit_code) == (key, 3)


# ---- the streams and the environment ----------------------------------------------------------


def shell(place: Place, redirection: str, *argv: str, **env: str) -> Said:
    """boxgate behind a shell's redirection."""
    script = f'exec "$@" {redirection}'
    ended = subprocess.run(
        ["sh", "-c", script, "sh", *command("boxgate", *argv)],
        cwd=place.folder,
        env=environment(env),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing_but_what_is_seen(place: Place, redirection: str) -> None:
    said = shell(place, redirection, *place.run("--frames"))
    assert said.code == 1
    assert "Traceback" not in said.err
    if "2>&-" not in redirection:
        assert is_sentence("meters_failed", said.sentences[0].removeprefix("boxgate: "))


@pytest.mark.parametrize("verb", ["check", "run --frames", "help"])
def test_a_full_disk_behind_the_output_is_a_sentence_or_carried_on_without(
    place: Place, verb: str
) -> None:
    if verb == "run --frames":
        said, key = shell(place, "> /dev/full", *place.run("--frames")), "meters_failed"
    else:
        argv = ["run", "--help"] if verb == "help" else ["check", place.site]
        said, key = shell(place, "> /dev/full", *argv), "system_refused"
    assert_one_sentence(said, "boxgate", key, 1)
    assert " error internal " not in said.err


def test_a_full_disk_behind_the_log_does_not_stop_the_reading(place: Place) -> None:
    said = shell(place, "2> /dev/full", *place.run())
    assert said.code == 1
    assert [part.meters for part in parts(place.state)] == [[METERS[0]]]


@pytest.mark.parametrize("lang", ["zh_CN.UTF-8", "zh_CN.GB18030", "C", "POSIX", "tlh_XX.KOI8"])
def test_any_language_and_locale_gets_its_sentence(place: Place, lang: str) -> None:
    said = call("boxgate", "run", str(place.folder / "没有"), env={"LC_ALL": lang})
    zh = "zh" if lang.startswith("zh") else "en"
    assert_one_sentence(said, "boxgate", "site_invalid", 2, zh)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_without_chinese_takes_what_it_can(place: Place, encoding: str) -> None:
    env = {"LC_ALL": "zh_CN", "PYTHONIOENCODING": encoding}
    assert call("boxgate", "check", EXAMPLE, env=env).code == 0
    said = call("boxgate", "run", "/nowhere", env=env)
    assert said.code == 2
    assert len(said.sentences) == 1
    assert said.err.startswith("boxgate: ")


def test_neither_a_home_nor_a_writable_folder_is_needed(place: Place) -> None:
    whole = environment()
    bare = {name: whole[name] for name in ("PATH", "LC_ALL", "PYTHONPATH")}
    ended = subprocess.run(
        command("boxgate", *place.run()),
        cwd="/proc",
        env=bare,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    assert_one_sentence(said, "boxgate", "meters_failed", 1)


def test_a_path_with_line_ends_and_bytes_that_are_no_text_stays_one_sentence(place: Place) -> None:
    name = os.fsdecode(os.fsencode(place.folder) + b"/a\nb\xff\x1b[31m")
    said = call("boxgate", "latest", place.site, "--state", name)
    assert_one_sentence(said, "boxgate", "journal_missing", 2)
    assert "\x1b" not in said.err


def test_a_corrupt_journal_is_set_aside_said_and_kept(place: Place) -> None:
    said = call("boxgate", *place.journal(content=b"\xa5" * 9000))
    assert " error journal_set_aside " in said.err
    assert (place.state / "journal.db.corrupt-1").read_bytes() == b"\xa5" * 9000


# ---- faults of our own ------------------------------------------------------------------------

FAULTY = """
import sys, types
from edge.words.verbs import run_program
verb = types.ModuleType("faulty.do")
verb.add_arguments = lambda parser: None
def run(args):
    {act}
verb.run = run
sys.modules["faulty.do"] = verb
sys.exit(run_program("boxgate", "", "faulty", {{"do": ""}}, str, ["do"]))
"""


def faulty(act: str, **env: str) -> Said:
    """A program whose verb does what it should not."""
    ended = subprocess.run(
        [sys.executable, "-c", FAULTY.format(act=act)],
        cwd=ROOT,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def test_a_fault_of_our_own_is_one_sentence_with_its_place() -> None:
    said = faulty("{}['one\\ntwo']")
    assert_one_sentence(said, "boxgate", "internal", 1)
    assert "KeyError: 'one" in said.err
    assert "(<string>:7)" in said.err


def test_whoever_asks_for_it_gets_the_traceback() -> None:
    said = faulty("[][1]", BOXGATE_TRACEBACK="1")
    assert "Traceback (most recent call last)" in said.err
    assert said.err.splitlines()[-1].startswith("boxgate: An internal fault")


def test_an_installation_that_is_not_whole_is_said_so() -> None:
    assert_one_sentence(faulty("import nowhere.at_all"), "boxgate", "install_broken", 2)


def test_a_journal_that_does_not_open_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = threading.Event()

    def build() -> tuple[Core, Callable[[], None]]:
        opened.wait(DEADLINE_S)
        raise OSError

    monkeypatch.setattr(edge.shells.agent, "BUILD_DEADLINE_S", 0.01)
    agent = edge.shells.agent.Agent(build, WallClock(), lambda note: None)
    with pytest.raises(BoxgateError) as caught:
        agent.open()
    assert (caught.value.key, caught.value.exit_code) == ("journal_slow", 1)
    opened.set()


def test_a_profile_without_items_is_named() -> None:
    meter = Meter(id=METERS[0], kind="household", line="b1", profile="9ph", phase="A")
    with pytest.raises(BoxgateError) as caught:
        asked(Line(id="b1"), (meter,))
    assert caught.value.key == "profile_unknown"


def test_a_machine_without_pseudo_terminals_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> tuple[int, int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "openpty", refuse)
    with pytest.raises(BoxgateError) as caught:
        Pty(tmp_path / "b1")
    assert (caught.value.key, caught.value.exit_code) == ("sim_no_pty", 3)


# ---- the walk is whole ------------------------------------------------------------------------

HERE = "tests/edge/cli/test_bad_input.py"
CHILDREN = "tests/firmware_sim/bench_tools/test_children.py"
ELSEWHERE = {
    "broker_none": (CHILDREN, "test_without_mosquitto_amqtt_serves"),
    "child_ended": (CHILDREN, "test_waiting_for_a_child_that_ends_tells_its_last_words"),
    "child_missing": (CHILDREN, "test_a_program_that_is_not_there_is_one_sentence"),
    "child_slow": (CHILDREN, "test_waiting_has_a_deadline_that_names_the_log"),
    "demo_different": (
        "tests/firmware_sim/cli/test_demo.py",
        "test_one_falsified_digit_ends_it_with_1_and_the_reason",
    ),
    "demo_failed": (
        "tests/firmware_sim/cli/test_demo.py",
        "test_a_reading_lost_on_the_way_ends_it_with_1_and_names_it",
    ),
    "demo_needs_mosquitto": (CHILDREN, "test_amqtt_is_refused_where_sessions_must_survive"),
    "demo_no_journal": (
        "tests/firmware_sim/bench_tools/test_accepted.py",
        "test_a_journal_that_is_none_is_one_sentence",
    ),
    "install_broken": (HERE, "test_an_installation_that_is_not_whole_is_said_so"),
    "journal_gone": (
        "tests/edge/journal/test_faults.py",
        "test_a_file_removed_under_its_journal_is_said_at_every_prune",
    ),
    "journal_locked": (
        HERE,
        "test_a_state_folder_that_another_agent_has_is_named_with_its_process",
    ),
    "journal_set_aside": (
        "tests/edge/journal/test_faults.py",
        "test_a_file_found_corrupt_in_use_is_replaced_and_said",
    ),
    "journal_slow": (HERE, "test_a_journal_that_does_not_open_in_time_is_given_up"),
    "journal_too_large": (
        "tests/edge/journal/test_store.py",
        "test_an_oversized_body_is_refused",
    ),
    "nothing_read": ("tests/edge/cli/test_latest.py", "test_an_empty_journal_ends_in_a_sentence"),
    "port_busy": (HERE, "test_a_port_that_another_program_has_is_named_busy"),
    "port_denied": (HERE, "test_what_no_process_here_can_meet_at_a_port_has_its_sentence"),
    "port_lost": (
        "tests/edge/shells/test_line_on_pty.py",
        "test_a_port_that_goes_away_comes_back_by_itself",
    ),
    "port_settings": (HERE, "test_what_no_process_here_can_meet_at_a_port_has_its_sentence"),
    "profile_unknown": (HERE, "test_a_profile_without_items_is_named"),
    "sim_link_taken": (
        "tests/firmware_sim/bridge/test_pty.py",
        "test_a_file_in_the_place_of_the_name_is_refused_and_kept",
    ),
    "sim_no_pty": (HERE, "test_a_machine_without_pseudo_terminals_says_so"),
}
"""Messages that no bad input can reach in a process here: key -> (file, the test that does)."""


def raised() -> set[str]:
    """Every message key that the programs raise by a literal."""
    keys = set()
    for room in ("edge", "firmware_sim", "protocol"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Name(id="BoxgateError" | "PortError" | "JournalError"),
                        args=[ast.Constant(value=str(key)), *_],
                    ):
                        keys.add(key)
    return keys


def test_every_message_that_is_raised_is_walked_or_named_by_a_test_elsewhere() -> None:
    walked = {case.key for case in walk()}
    assert raised() - walked - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) - raised() == set(), "no longer raised"
    for key, (path, test) in ELSEWHERE.items():
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), key


def test_every_exit_code_of_the_walk_is_that_of_the_table() -> None:
    assert [case.id for case in walk() if messages()[case.key].exit != case.code] == []
