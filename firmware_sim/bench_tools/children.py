"""Child processes that end with their parent, however it ends.

Each child leads a session of its own, so that Ctrl-C reaches the parent alone and it can stop them
in order; the kernel is asked to end a child when its parent dies (PR_SET_PDEATHSIG), which covers
kill -9. Everything a child says goes to its log file.
"""

import contextlib
import ctypes
import os
import pathlib
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from edge.words import BoxgateError
from edge.words.messages import language
from firmware_sim.bench_tools.stops import undisturbed

ROOT = pathlib.Path(__file__).resolve().parents[2]
"""The folder above the packages; in a checkout, the repository."""

STOP_S = 5.0
"""How long a child may take to end on SIGTERM before it is killed; `boxgate run` needs 4.5."""

ALL_STOP_S = 6.0
"""How long all together may take; whoever comes after gets LEAST_STOP_S."""
LEAST_STOP_S = 0.1

POLL_S = 0.05
_PR_SET_PDEATHSIG = 1

LANGUAGES = {"zh": "zh_CN.UTF-8", "en": "en_US.UTF-8"}
"""What children are told of the language that was found here, whatever it was called."""


def _die_with(parent: int, libc: ctypes.CDLL | None) -> Callable[[], None]:
    def in_child() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            # it died between the fork and the line above
            os._exit(1)

    return in_child


def dies_with_parent() -> Callable[[], None]:
    """For a child of this process to call first: SIGTERM comes to it when this process is gone."""
    return _die_with(os.getpid(), _libc())


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """One process; `log` holds all it said. `told`: it takes commands (`tell`)."""

    def __init__(
        self, name: str, command: Sequence[str], log: pathlib.Path, told: bool = False
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(),
                preexec_fn=dies_with_parent(),
            )
        self.pid = self._process.pid

    def ended(self, within_s: float = 0.0) -> int | None:
        """The exit code, or None while it runs; waits for the end up to `within_s` seconds."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def tell(self, command: str) -> None:
        """A line to its standard input; BoxgateError when it no longer takes any."""
        try:
            assert self._process.stdin is not None, f"{self.name} was not started with told=True"
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            code = self.ended(STOP_S)
            raise BoxgateError("child_ended", name=self.name, code=code, said=self.said()) from None

    def kill(self) -> None:
        """SIGKILL, as when the power goes; waits for its end."""
        self._process.kill()
        self._process.wait()

    def said(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "")

    def wait_until(self, true: Callable[[], bool], within_s: float) -> None:
        """Wait for a condition; BoxgateError when the child ends first or time runs out."""
        until = time.monotonic() + within_s
        while not true():
            code = self.ended(POLL_S)
            if code is not None:
                raise BoxgateError("child_ended", name=self.name, code=code, said=self.said())
            if time.monotonic() > until:
                raise BoxgateError("child_slow", name=self.name, seconds=within_s, log=self.log)

    def stop(self, within_s: float = STOP_S) -> int:
        """SIGTERM, then SIGKILL after `within_s`; gives the exit code."""
        if self.ended() is None:
            self._process.terminate()
        code = self.ended(within_s)
        if code is None:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        return code


class Foreground:
    """A child that has our terminal: it shares our session, so that its keys reach it."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment(),
            preexec_fn=dies_with_parent(),
        )

    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def suspend(self, within_s: float = STOP_S) -> None:
        """Ctrl-Z: ask it to stop and wait until it has, so that the terminal is free again."""
        if self._process.poll() is not None:
            return
        os.kill(self._process.pid, signal.SIGTSTP)
        ways = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
        until = time.monotonic() + within_s
        pause = select.poll()
        while os.waitid(os.P_PID, self._process.pid, ways) is None and time.monotonic() < until:
            pause.poll(POLL_S * 1000)

    def resume(self) -> None:
        """Let it go on."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    def stop(self, within_s: float = STOP_S) -> None:
        """SIGTERM, so that it gives the terminal back as it was; SIGKILL after `within_s`."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Children:
    """The children of one run, stopped in the reverse order of their start."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._running: list[Child] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # in turn, so that none loses what it leans on before it has put its things in order
        until = time.monotonic() + ALL_STOP_S
        for child in reversed(self._running):
            child.stop(max(LEAST_STOP_S, until - time.monotonic()))

    def start(self, name: str, *command: str, told: bool = False, again: bool = False) -> Child:
        """Start a process; its log is FOLDER/NAME.log. BoxgateError when it cannot be started.

        `told`: it takes commands on its standard input. `again`: its log goes on.
        """
        log = self.folder / f"{name}.log"
        try:
            if not again:
                log.unlink(missing_ok=True)
            with undisturbed():
                child = Child(name, command, log, told)
                self._running.append(child)
        except OSError as error:
            raise BoxgateError("child_missing", name=name, cause=error.strerror) from error
        return child

    def python(self, name: str, *arguments: str, told: bool = False, again: bool = False) -> Child:
        """Start a module or file with this very Python."""
        return self.start(name, sys.executable, *arguments, told=told, again=again)


def environment() -> Mapping[str, str]:
    """This environment, with the packages beside this file importable and output unbuffered.

    The locale is one that cannot be broken: the language chosen here, and UTF-8 whatever is
    installed (a LANG nobody generated would leave a child in ASCII).
    """
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH", "")) if p)
    kept = {k: v for k, v in os.environ.items() if k != "LANG" and not k.startswith("LC_")}
    return {
        **kept,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
        "LANG": LANGUAGES[language()],
    }
