"""The log of a running verb: one event a line on stderr, keys in English, journald's own stamp.

    2026-03-01T00:15:24Z info sweep line=b1 slot=1969344 read=48 due=48 ms=23710

Under systemd (JOURNAL_STREAM set) the time is left out: journald has it.

Whoever logs never waits: a terminal that was stopped (Ctrl-S) or a pager that is not read must not
stop the core. Lines go through a bounded queue; what finds no room is counted, and said once there
is room again.
"""

import os
import queue
import sys
import threading
import time
from typing import Any

from edge.door import Note
from edge.words.messages import one_line
from edge.words.verbs import discard

ROOM = 1000
STDERR = 2


class Log:
    """Writes notes, from its own thread: signals are blocked before. `quiet` leaves out infos."""

    def __init__(self, quiet: bool = False, fd: int = STDERR, room: int = ROOM) -> None:
        self._fd = fd
        self._quiet = quiet
        self._encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        self.lost = 0
        """Lines for which there was no room."""
        self._stamped = "JOURNAL_STREAM" not in os.environ
        self._lines: queue.Queue[str | None] = queue.Queue(room)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def __call__(self, note: Note) -> None:
        """One line for one note, from any thread."""
        if self._quiet and note.level == "info":
            return
        try:
            self._lines.put_nowait(self._line(note))
        except queue.Full:
            self.lost += 1

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what is there and end.

        Where the reader stands still until the end, stderr is let go: nothing more would get out,
        and whoever printed there would wait for ever.
        """
        until = time.monotonic() + timeout_s
        try:
            self._lines.put(None, timeout=timeout_s)
            self._thread.join(max(0.0, until - time.monotonic()))
        except queue.Full:
            self.lost += 1
        if self._thread.is_alive() and self._fd == STDERR:
            discard(sys.stderr)

    def _run(self) -> None:
        said = 0
        while (line := self._lines.get()) is not None:
            self._write(line)
            if self.lost > said and self._lines.empty():
                # those came behind all that waited
                lost, said = self.lost - said, self.lost
                self._write(self._line(Note("warning", "log_lost", (("lines", lost),))))

    def _line(self, note: Note) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) if self._stamped else ""
        facts = "".join(f" {name}={_fact(value)}" for name, value in note.facts)
        return f"{stamp}{note.level} {note.key}{facts}\n"

    def _write(self, line: str) -> None:
        """Past Python's own buffer, whose lock a write that waits would hold."""
        rest = line.encode(self._encoding, "backslashreplace")
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            # a full disk behind `2> FILE`, a reader that has gone: reading meters goes on without
            # a log
            return


def _fact(value: Any) -> str:
    text = "-" if value is None or value == "" else one_line(str(value))
    return f'"{text}"' if " " in text else text
