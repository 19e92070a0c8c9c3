"""A program on the terminal with a few lines of our own below it.

`python -m firmware_sim.bench_tools.footer WORDS ARGUMENT…` runs this Python with the arguments on
a pseudo-terminal that is ROWS lower than the real one and hands its output on. Below it stands what
was last added to the file WORDS: lines that begin with "!" are told, the newest that fit stay; one
that begins with "=" is where things are.

Ctrl-Z gives the terminal back for as long as we are stopped.

It is a process of its own so that it outlives whoever started it by the moment that it takes to
give the terminal back as it was: SIGTERM, Ctrl-C and the parent's end all lead there.
"""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from edge.words.messages import width
from firmware_sim.bench_tools.watch import Tail

ROWS = 3
LEAST_ROWS = 12
"""Below this the program has the terminal for itself."""
LOOK_S = 0.2
QUIET_S = 0.05
"""Our own lines are drawn when the program has been silent so long: never within its sequences."""
LEAVE_S = 2.0
GIVE_UP_S = 2.5
"""How long leaving may take in all: a terminal that nobody reads takes no more of our words, a
program that never ends has ever more. Before the demo's own patience ends (STOP_S)."""
STOP_S = 1.0
"""How long the program may take to stop itself on Ctrl-Z."""
CHUNK = 65536
SAVE, BACK = b"\x1b7", b"\x1b8"
OTHER, FIRST = b"\x1b[?1049h", b"\x1b[?1049l"
"""A program takes the terminal's other screen, and leaves it again."""
ENTER = OTHER + b"\x1b[2J"
"""The other screen from the start: what we draw must not stay on the one that comes back."""
RESET = b"\x1b[0m\x1b[?25h" + FIRST
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FOUND: list[Any] = []
"""The terminal's settings as we found them."""


class Words:
    """What stands below, from the file as it grows."""

    def __init__(self, path: pathlib.Path) -> None:
        self._tail = Tail(path)
        self._told: list[str] = []
        self._now = ""
        self.changed = True

    def look(self) -> None:
        """Take in what was added."""
        for raw in self._tail.new():
            text = raw.decode("utf-8", "replace")
            if text.startswith("!"):
                self._told = [*self._told, text[1:]][1 - ROWS :]
            else:
                self._now = text[1:]
            self.changed = True

    def drawn(self, columns: int, rows: int) -> bytes:
        """The sequences that draw it at the bottom and leave the cursor where it was."""
        self.changed = False
        told = [line for text in self._told for line in wrapped(text, columns)][1 - ROWS :]
        lines = [*told, *[""] * (ROWS - 1 - len(told)), self._now]
        drawn = [SAVE]
        for place, text in enumerate(lines, rows - ROWS + 1):
            drawn.append(f"\x1b[{place};1H\x1b[0m\x1b[2K{cut(text, columns)}".encode())
        return b"".join([*drawn, BACK])


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines, broken at spaces where it has them."""
    lines = [""]
    for piece in re.findall(r"\S+\s*|\s+", text):
        for part in [piece] if width(piece.rstrip()) <= columns else piece:
            if lines[-1] and width(lines[-1] + part.rstrip()) > columns:
                lines.append("")
            lines[-1] += part
    return [line.rstrip() for line in lines]


def cut(text: str, columns: int) -> str:
    """As much of the text as fits, with "…" where it was cut."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


class Footer:
    """The program, its terminal and ours."""

    def __init__(self, words: Words, master: int, child: int) -> None:
        self._words = words
        self._master = master
        self._child = child
        self._columns, self._rows = 80, 24
        self._last = b""
        """The end of what the program wrote: a sequence may come in two pieces."""
        self._left = False
        """The program has left the other screen: what stands there now is not ours to draw on."""
        self.ending = False
        self.suspended = False
        self.resized = True

    def serve(self) -> int:
        """Until the program ends or we are told to; its exit code."""
        inputs = [self._master, *([0] if os.isatty(0) else [])]
        code = None
        while code is None:
            if self.resized:
                self._resize()
            if self.ending:
                return self._leave()
            if self.suspended:
                self._suspend()
            quiet = QUIET_S if self._words.changed else LOOK_S
            ready = select.select(inputs, [], [], quiet)[0]
            if 0 in ready and not self._typed():
                inputs.remove(0)
            if self._master in ready:
                if not self._shown():
                    code = self._wait()
                # it may have cleared the screen
                self._words.changed = True
            elif self._words.changed and self._own() and not self._left:
                _write(1, self._words.drawn(self._columns, self._rows))
            self._words.look()
        return code

    def _own(self) -> bool:
        return self._rows >= LEAST_ROWS

    def _watch(self, data: bytes) -> None:
        """Which screen the program is on now."""
        seen = self._last + data
        other, first = seen.rfind(OTHER), seen.rfind(FIRST)
        if other != first:
            self._left = first > other
        self._last = seen[1 - len(FIRST) :]

    def _resize(self) -> None:
        self.resized = False
        size = os.get_terminal_size(1)
        self._columns, self._rows = size.columns, size.lines
        rows = self._rows - (ROWS if self._own() else 0)
        fcntl.ioctl(
            self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, self._columns, 0, 0)
        )
        self._words.changed = True

    def _typed(self) -> bool:
        """Hand on what was typed; False when there will be no more."""
        data = _read(0)
        with suppress(OSError):
            # a program that has ended: the other side tells
            _write(self._master, data)
        return bool(data)

    def _shown(self) -> bool:
        """Hand on what the program says; False when it has ended, OSError: our terminal has gone.

        The two must not be taken for one another: a program that goes on is not waited for.
        """
        data = _read(self._master)
        self._watch(data)
        _write(1, data)
        return bool(data)

    def _leave(self) -> int:
        """End the program and hand on its last words: it gives the terminal back itself."""
        os.kill(self._child, signal.SIGTERM)
        while select.select([self._master], [], [], LEAVE_S)[0]:
            if not self._shown():
                return self._wait()
        os.kill(self._child, signal.SIGKILL)
        return self._wait()

    def _suspend(self) -> None:
        """Stop the program, then ourselves; when continued, take the terminal again."""
        os.kill(self._child, signal.SIGTSTP)
        until = time.monotonic() + STOP_S
        while not _has_stopped(self._child) and time.monotonic() < until:
            if select.select([self._master], [], [], QUIET_S)[0]:
                self._shown()
        # one that does not know of it leads a session of its own: nobody else stops it
        os.kill(self._child, signal.SIGSTOP)
        with _lent():
            os.kill(os.getpid(), signal.SIGSTOP)
        os.kill(self._child, signal.SIGCONT)
        # both the terminal and who started us may have asked for it
        self.suspended = False
        self.resized = True

    def _wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])


def _read(source: int) -> bytes:
    """What there is; b"" when the other end of a pty has gone."""
    try:
        return os.read(source, CHUNK)
    except OSError:
        return b""


def _write(sink: int, data: bytes) -> None:
    while data:
        data = data[os.write(sink, data) :]


def _has_stopped(child: int) -> bool:
    """Whether it is stopped, or has ended; leaves its end to be waited for."""
    ways = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, child, ways) is not None


@contextmanager
def _lent() -> Iterator[None]:
    """The terminal as the program before us left it, and ours again."""
    ours = termios.tcgetattr(0) if os.isatty(0) else None
    _write(1, RESET)
    if ours is not None and _FOUND:
        termios.tcsetattr(0, termios.TCSADRAIN, _FOUND)
    yield
    if ours is not None:
        termios.tcsetattr(0, termios.TCSADRAIN, ours)
    _write(1, ENTER)


@contextmanager
def _keys() -> Iterator[None]:
    """Single keys instead of lines, Ctrl-C as before; given back afterwards."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    _FOUND[:] = before
    tty.setcbreak(0)
    try:
        yield
    finally:
        # a terminal that has gone has no settings
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, before)


def main(words: pathlib.Path, arguments: list[str]) -> int:
    """Run the program with our lines below it; its exit code."""
    child, master = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, *arguments])
    footer = Footer(Words(words), master, child)

    def end(number: int, frame: object) -> None:
        if not footer.ending:
            signal.setitimer(signal.ITIMER_REAL, GIVE_UP_S)
        footer.ending = True

    def give_up(number: int, frame: object) -> None:
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
        with suppress(termios.error):
            # its settings it takes at once, whatever waits to be read
            termios.tcsetattr(0, termios.TCSANOW, _FOUND)
        os._exit(1)

    def resize(number: int, frame: object) -> None:
        footer.resized = True

    def suspend(number: int, frame: object) -> None:
        footer.suspended = True

    for number in ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTSTP, suspend)
    signal.signal(signal.SIGWINCH, resize)
    # when our parent was killed, its shell has the terminal again: we still give it back as it was
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with _keys():
        try:
            _write(1, ENTER)
            return footer.serve()
        except OSError:
            # nobody is left to tell; the end of the program's own pty ends the program
            return 1
        finally:
            os.close(master)
            # whatever the program left behind
            with suppress(OSError):
                _write(1, RESET)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
