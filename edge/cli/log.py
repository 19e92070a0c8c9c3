"""The log of a running verb: one event a line on stderr, keys in English, journald's own stamp.

    2026-03-01T00:15:24Z info sweep line=b1 slot=1969344 read=48 due=48 ms=23710

Under systemd (JOURNAL_STREAM set) the time is left out: journald has it.
"""

import os
import sys
import time
from typing import Any, TextIO

from edge.door import Note
from edge.words.messages import one_line


class Log:
    """Writes notes; `quiet` leaves out level info."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self.lost = 0
        """Lines that could not be written."""
        self._stamped = "JOURNAL_STREAM" not in os.environ

    def __call__(self, note: Note) -> None:
        """One line for one note."""
        if self._quiet and note.level == "info":
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) if self._stamped else ""
        facts = "".join(f" {name}={_fact(value)}" for name, value in note.facts)
        try:
            print(f"{stamp}{note.level} {note.key}{facts}", file=self._stream, flush=True)
        except OSError:
            # a full disk behind `2> FILE`: reading meters goes on without a log
            self.lost += 1


def _fact(value: Any) -> str:
    text = "-" if value is None or value == "" else one_line(str(value))
    return f'"{text}"' if " " in text else text
