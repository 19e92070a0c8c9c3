"""A program on a real pty, and what a person would see on that terminal."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.edge.cli.processes import DEADLINE_S, POLL_S, ROOT, environment

ROW = re.compile(r"\x1b\[(\d+);1H(.*)", re.DOTALL)
SGR = re.compile(r"\x1b\[[\d;]*[mK]")
STEP = re.compile(r"(?=\x1b\[\d+;1H|\x1b\[2J|\x1b\[\?)")


class Glass:
    """The other end of the program's terminal; reads while it waits."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self.raw = b""

    def read(self, seconds: float = POLL_S) -> bool:
        """Takes what has come; whether the terminal is still open."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            came = os.read(self.master, 65_536)
        except OSError:
            return False
        self.raw += came
        return bool(came)

    def rows(self) -> list[str]:
        """What stands on the screen since it was last cleared."""
        shown: dict[int, str] = {}
        for step in STEP.split(self.raw.decode("utf-8", "ignore")):
            if step.startswith("\x1b[2J"):
                shown = {}
            elif found := ROW.match(step):
                shown[int(found[1])] = SGR.sub("", found[2])
        return [shown.get(number, "").rstrip() for number in range(1, max(shown, default=0) + 1)]

    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.rows())

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Reads until the condition holds."""
        late = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < late, f"not within {DEADLINE_S} s: {what}\n{self.text()}"
            assert self.read() or true(), f"the terminal closed before: {what}"

    def ended(self) -> int:
        """Reads to the end and gives the exit code."""
        late = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < late, "the program does not end"
            self.read()
        while select.select([self.master], [], [], 0)[0] and self.read():
            continue
        return self.process.returncode

    def type(self, keys: bytes) -> None:
        """As if pressed."""
        os.write(self.master, keys)

    def resize(self, columns: int, rows: int) -> None:
        """As if the window were drawn; the kernel tells the program."""
        termios.tcsetwinsize(self.master, (rows, columns))

    def modes(self) -> list[Any]:
        """The terminal's modes."""
        return termios.tcgetattr(self.master)


@contextmanager
def glass(
    argv: list[str], columns: int = 80, rows: int = 24, env: Mapping[str, str] | None = None
) -> Iterator[Glass]:
    """The program on a terminal of that size, which is its controlling one."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(master, (rows, columns))
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    # our own end of the slave stays open: modes can be looked at after the program's end
    shown = Glass(master, process)
    try:
        yield shown
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE_S)
        os.close(slave)
        os.close(master)
