"""Faults by command while the bench runs: lines of words in, one line of answer each.

    break line b3         its device is gone, whoever has it open sees a hang-up
    mend line b3          a new device under the same name
    break meter ADDRESS   says nothing more (a TMU by its id)
    mend meter ADDRESS    answers again

The answer is `ok` and the command, or `error` and a sentence. Nothing said here ends the bench; the
end of the input is only the end of the commands.
"""

import os
from collections.abc import Callable
from typing import Protocol

from edge.words.messages import BoxgateError

LONGEST = 200
"""Longest command, bytes; a longer one is refused."""


class Faulty(Protocol):
    """What can be broken (bridge/bench.py)."""

    def break_line(self, line: str) -> None:
        """Take a line away."""

    def mend_line(self, line: str) -> None:
        """Bring it back."""

    def break_device(self, device: str) -> None:
        """A meter or TMU dies."""

    def mend_device(self, device: str) -> None:
        """It lives again."""


class Control:
    """Commands from a file descriptor to what can be broken; `tell` gets the answers."""

    def __init__(self, fd: int, faulty: Faulty, tell: Callable[[str], None]) -> None:
        self.fd: int | None = fd
        """None when there is nothing more to come."""
        self._tell = tell
        self._pending = b""
        self._actions = {
            ("break", "line"): faulty.break_line,
            ("mend", "line"): faulty.mend_line,
            ("break", "meter"): faulty.break_device,
            ("mend", "meter"): faulty.mend_device,
        }

    def read(self) -> None:
        """Take what has come and do every whole command; call it when `fd` is readable."""
        if self.fd is None:
            return
        try:
            data = os.read(self.fd, 4096)
        except BlockingIOError:
            return
        except OSError:
            # the terminal or process behind it is gone: as good as its end
            data = b""
        if not data:
            self.fd = None
            if self._pending.strip():
                # its end may be missing: refused, not guessed
                self._refuse(self._pending)
            return
        *whole, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > LONGEST:
            # kept too long to be a command, so that its end is refused and not obeyed
            self._pending = self._pending[: LONGEST + 1]
        for line in whole:
            self._do(line)

    def _do(self, line: bytes) -> None:
        words = line.decode(errors="replace").split()
        if not words:
            return
        action = self._actions.get((words[0], words[1])) if len(words) == 3 else None
        if action is None or len(line) > LONGEST:
            self._refuse(line)
            return
        try:
            action(words[2])
        except BoxgateError as error:
            self._tell(f"error {error.text()}")
        else:
            self._tell(f"ok {' '.join(words)}")

    def _refuse(self, line: bytes) -> None:
        text = " ".join(line.decode(errors="replace").split())[:40]
        self._tell(f"error {BoxgateError('sim_control_words', text=text).text()}")
