"""The terminal of a full-screen verb: the alternate screen, single keys, its size, and back again.

Whatever ends the verb, the terminal is left as it was found: the screen is a context manager, and
every end of it but SIGKILL passes through __exit__.
"""

import os
import select
import signal
import socket
import sys
import termios
import tty
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any

from edge.monitor.canvas import Line, ansi, line_width

ENTER = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
"""Alternate screen, no cursor, no wrapping, cleared."""
LEAVE = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CHANGING = (signal.SIGWINCH, signal.SIGTSTP)
KEYS = {b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down"}
KEYS |= {b"j": "down", b"q": "quit", b"Q": "quit", b"\x0c": "redraw"}
DEFAULT = (80, 24)


def paintable(environ: Mapping[str, str] | None = None) -> bool:
    """Whether stdout is a terminal that can be drawn on."""
    env = os.environ if environ is None else environ
    return sys.stdout.isatty() and env.get("TERM", "") not in ("", "dumb")


def coloured(environ: Mapping[str, str] | None = None) -> bool:
    """Whether colour is wanted (https://no-color.org: any non-empty NO_COLOR forbids it)."""
    env = os.environ if environ is None else environ
    return not env.get("NO_COLOR")


class Signals:
    """Signals as flags, and a descriptor that becomes readable with each of them."""

    def __init__(self) -> None:
        self.ended = False
        self.resized = False
        self.suspended = False
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup = -1

    def __enter__(self) -> "Signals":
        self._wakeup = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        for number in (*ENDING, *CHANGING):
            before = signal.getsignal(number)
            # what a parent has set to be ignored (nohup) stays ignored
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._near.close()
        self._far.close()

    def fileno(self) -> int:
        """Readable after a signal."""
        return self._near.fileno()

    def drain(self) -> None:
        """Make it unreadable until the next one."""
        try:
            self._near.recv(4096)
        except BlockingIOError:
            return

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGWINCH:
            self.resized = True
        elif number == signal.SIGTSTP:
            self.suspended = True
        else:
            self.ended = True


class Screen:
    """Paints whole pictures; sends only the rows that changed."""

    def __init__(self, colour: bool) -> None:
        self._out = sys.stdout.fileno()
        self._colour = colour
        self._painted: list[str] = []
        self._size = (0, 0)
        self._keyboard: int | None = None
        self._modes: list[Any] = []

    def __enter__(self) -> "Screen":
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    @property
    def keyboard(self) -> int | None:
        """The descriptor of a keyboard, where stdin is one."""
        return self._keyboard

    def size(self) -> tuple[int, int]:
        """Columns and rows now."""
        try:
            found = os.get_terminal_size(self._out)
        except OSError:
            return DEFAULT
        return (found.columns or DEFAULT[0], found.lines or DEFAULT[1])

    def paint(self, lines: Sequence[Line], size: tuple[int, int]) -> None:
        """The picture made for that size; BrokenPipeError where nobody sees it any more."""
        out = []
        if size != self._size:
            out.append("\x1b[2J")
            self._painted, self._size = [], size
        # a full row ends where erasing would take its last character with it
        ends = ["\x1b[K" if line_width(one) < size[0] else "" for one in lines]
        texts = [ansi(one, self._colour) + end for one, end in zip(lines, ends, strict=True)]
        for place, text in enumerate(texts):
            if place >= len(self._painted) or self._painted[place] != text:
                out.append(f"\x1b[{place + 1};1H{text}")
        self._painted = texts
        if out:
            self._write("".join(out).encode("utf-8", "replace"))

    def forget(self) -> None:
        """The next picture is painted whole."""
        self._size = (0, 0)

    def keys(self) -> list[str]:
        """What was pressed: "up", "down", "quit", "redraw"; others are nothing."""
        if self._keyboard is None:
            return []
        try:
            typed = os.read(self._keyboard, 256)
        except OSError:
            typed = b""
        if not typed:
            # the keyboard is gone; the picture goes on without it
            self._keyboard = None
            return []
        return _parsed(typed)

    def suspend(self) -> None:
        """Ctrl-Z: give the terminal back, stop, and take it again when continued."""
        self._leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._enter()
        self.forget()

    def _enter(self) -> None:
        try:
            if sys.stdin.isatty():
                self._modes = termios.tcgetattr(sys.stdin.fileno())
                tty.setcbreak(sys.stdin.fileno())
                self._keyboard = sys.stdin.fileno()
        except (termios.error, OSError):
            self._keyboard = None
        self._write(ENTER)

    def _leave(self) -> None:
        try:
            self._write(LEAVE)
        except OSError:
            # nobody sees it any more; its modes are still set back
            self._painted = []
        if self._modes:
            try:
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._modes)
            except (termios.error, OSError):
                # the terminal itself is gone
                self._modes = []

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except BlockingIOError:
            # someone shares this terminal and made it non-blocking: wait for it, within reason
            select.select([], [self._out], [], 1.0)
            self.forget()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BrokenPipeError(*error.args) from error


def _parsed(typed: bytes) -> list[str]:
    found = []
    while typed:
        for code, name in KEYS.items():
            if typed.startswith(code):
                found.append(name)
                typed = typed[len(code) :]
                break
        else:
            typed = typed[1:]
    return found
