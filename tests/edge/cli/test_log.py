"""The log of a running verb: whoever logs never waits for whoever reads."""

import os
import subprocess
from pathlib import Path

from edge.cli.log import Log
from edge.door import Note
from tests.edge.cli.processes import (
    DEADLINE_S,
    METERS,
    ROOT,
    command,
    environment,
    full_pipe,
    meters,
    parts,
    site,
)

ONE = Note("info", "sweep", (("line", "b1"), ("reason", "a b"), ("none", None)))


def read_until(reading: int, wanted: bytes) -> str:
    """What comes, the pipe's filling aside, until `wanted` has."""
    got = b""
    while wanted not in got:
        got += os.read(reading, 65536).replace(b"\0", b"")
    return got.decode()


def test_a_note_is_one_line_with_its_facts() -> None:
    reading, writing = os.pipe()
    log = Log(fd=writing)
    log(ONE)
    log.close()
    os.close(writing)
    line = os.read(reading, 4096).decode()
    os.close(reading)
    assert line.endswith('info sweep line=b1 reason="a b" none=-\n')


def test_a_quiet_log_leaves_out_what_is_only_information() -> None:
    reading, writing = os.pipe()
    log = Log(quiet=True, fd=writing)
    log(ONE)
    log(Note("error", "journal"))
    log.close()
    os.close(writing)
    lines = os.read(reading, 4096).decode().splitlines()
    os.close(reading)
    assert [line.split(" ", 1)[-1] for line in lines] == ["error journal"]


def test_lines_that_nobody_reads_are_counted_and_that_is_said_when_somebody_does() -> None:
    with full_pipe() as (reading, writing):
        log = Log(fd=writing, room=5)
        for _ in range(20):
            log(ONE)
        # five wait, and one more where the thread has taken one already
        assert log.lost in (14, 15)
        lost = log.lost
        text = read_until(reading, b"log_lost lines=")
        assert text.count(" info sweep ") == 20 - lost
        assert text.endswith(f" warning log_lost lines={lost}\n")
        log.close()


def test_a_log_whose_reader_has_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = Log(fd=writing)
    log(ONE)
    log.close()
    os.close(writing)


def test_a_log_that_nobody_reads_holds_up_neither_reading_nor_the_end(tmp_path: Path) -> None:
    folder = site(tmp_path / "site", 2)
    with meters(tmp_path, folder, "--dead", METERS[1]), full_pipe() as (_, writing):
        places = ("--ports", str(tmp_path / "ports.toml"), "--state", str(tmp_path / "state"))
        argv = ("run", str(folder), *places, "--no-broker", "--sweeps", "2")
        ended = subprocess.run(
            command("boxgate", *argv),
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=writing,
            timeout=DEADLINE_S,
            check=False,
        )
    assert ended.returncode == 1
    assert sum(part.last for part in parts(tmp_path / "state")) == 2
