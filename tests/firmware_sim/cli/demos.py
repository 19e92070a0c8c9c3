"""`boxgate-sim demo` as a process on a small site, and the site."""

import csv
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from firmware_sim.bench_tools.children import ROOT

METERS = {"b1": 2, "b2": 3, "b3": 3, "b4": 3}
"""Household meters that are left, by line: b1 has the fewest."""
WITH_NEW = "b2"
"""The line where one of them speaks DL/T 698.45."""
HOUSEHOLDS = sum(METERS.values())
STATION = 3
"""A master meter, a feeder meter and a TMU."""
LINES = (*METERS, "station")
DEADLINE_S = 90.0


def small_site(folder: pathlib.Path) -> pathlib.Path:
    """xiyuan-5 with a few devices left on five lines, at 38400 baud; its folder."""
    shutil.copytree(ROOT / "examples" / "xiyuan-5", folder)
    table = folder / "meters.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for line, count in METERS.items():
        here = [row for row in rows if row["line"] == line]
        kept += here[:count]
        if line == WITH_NEW:
            kept[-1] = next(row for row in here if row["protocol"] == "dlt698")
    station = [row for row in rows if row["line"] == "station" and row["kind"] != "public"]
    kept += [row for row in station if row["transformer"] == "T1" or row["feeder"] == "F1"]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(kept)
    toml = folder / "site.toml"
    text = toml.read_text(encoding="utf-8").replace("baud = 9600", "baud = 38400")
    second = text.index('[[tmu]]\nid = "tmu2"')
    toml.write_text(text[:second] + text[text.index("[[gateway]]") :], encoding="utf-8")
    return folder


def figure(out: str, label: str) -> str:
    """What the summary says behind a label."""
    line = next(line for line in out.splitlines() if line.strip().startswith(label))
    return line.strip().removeprefix(label).strip()


def wait_until(true: Callable[[], bool]) -> None:
    """Poll a condition; AssertionError at the deadline."""
    until = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not true():
        assert time.monotonic() < until
        pause.wait(0.02)


def surroundings(tmp: pathlib.Path) -> Mapping[str, str]:
    """The environment of a demo whose temporary files stand in `tmp`."""
    return {**os.environ, "TMPDIR": str(tmp), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def command(site: pathlib.Path, *arguments: str) -> list[str]:
    """The demo on a site."""
    return [sys.executable, "-m", "firmware_sim.cli.main", "demo", str(site), *arguments]


def children_of(pid: int) -> list[int]:
    """Process ids of a process's children."""
    told = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in told.split()]


class Demo:
    """A running demo whose temporary files stand in a folder of the test."""

    def __init__(
        self,
        site: pathlib.Path,
        tmp: pathlib.Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
    ) -> None:
        tmp.mkdir(exist_ok=True, parents=True)
        self.tmp = tmp
        self.process = subprocess.Popen(
            command(site, *arguments),
            cwd=ROOT,
            env={**surroundings(tmp), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, text: str) -> None:
        """Read its output until a line holds the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        assert self.process.stderr is not None
        raise AssertionError(f"never said {text!r}; {self.process.stderr.read()}")

    def children(self) -> list[int]:
        """Process ids of its children."""
        return children_of(self.process.pid)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, output, errors."""
        out, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, errors

    def close(self) -> None:
        """Killed where the test forgot it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
