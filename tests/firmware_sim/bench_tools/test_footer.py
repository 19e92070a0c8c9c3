"""A program on a real terminal with our lines below it; the terminal is given back however it ends.

The outer terminal is a pty of the test: what stands on it is what a person would see.
"""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

from edge.words.messages import width
from firmware_sim.bench_tools.children import ROOT
from firmware_sim.bench_tools.footer import ROWS, Words, cut, wrapped
from tests.firmware_sim.processes import wait_gone

DEADLINE_S = 20.0
COLUMNS, LINES = 80, 24
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
PROGRAM = """
import os, signal, sys
def size(*_):
    print("size", *os.get_terminal_size(), flush=True)
def leave(*_):
    print("left in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGWINCH, size)
signal.signal(signal.SIGTERM, leave)
size()
print("pid", os.getpid(), flush=True)
while True:
    print("key", sys.stdin.readline().strip(), flush=True)
"""

FLOOD = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
while True:
    os.write(1, b"more than a terminal holds\\n" * 100)
"""

TALKER = """
import os, select
print("pid", os.getpid(), flush=True)
while True:
    print("and on", flush=True)
    select.select([], [], [], 0.01)
"""

LEAVER = r"""
import os, select
def say(text):
    os.write(1, text.encode())
say("\x1b[?1049hhere ")
input()
say("\x1b[0m\x1b[?10")
say("49lgone")
select.select([], [], [], 0.5)
"""
"""It takes a while to end behind its last word, which comes in two pieces."""


class Terminal:
    """A footer on a terminal of COLUMNS x LINES."""

    def __init__(self, words: pathlib.Path, program: str = PROGRAM) -> None:
        self.master, slave = pty.openpty()
        self.size(LINES)
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self.seen = ""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "firmware_sim.bench_tools.footer", str(words)),
                *("-c", program),
            ],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )

    def size(self, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, COLUMNS, 0, 0))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Until it stands on the terminal."""
        until = time.monotonic() + DEADLINE_S
        while not (found := re.search(pattern, self.seen)):
            left = until - time.monotonic()
            assert left > 0, f"never saw {pattern!r} in {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        return found

    def settings(self) -> list[object]:
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close_alone()

    def close_alone(self) -> None:
        """The terminal goes, whoever is on it."""
        os.close(self._slave)
        os.close(self.master)


@pytest.fixture
def words(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "demo.log"
    path.write_text("", encoding="utf-8")
    return path


@pytest.fixture
def terminal(words: pathlib.Path) -> Iterator[Terminal]:
    found = Terminal(words)
    yield found
    found.close()


def test_the_program_has_the_terminal_but_for_our_lines(terminal: Terminal) -> None:
    terminal.wait_for(f"size {COLUMNS} {LINES - ROWS}\\s")


def test_our_words_stand_at_the_bottom_as_they_are_added(
    terminal: Terminal, words: pathlib.Path
) -> None:
    terminal.wait_for("pid")
    with words.open("a", encoding="utf-8") as file:
        file.write("!BROKEN: line b3.\n=12 s: 46 answered\n")
    terminal.wait_for(rf"\x1b\[{LINES - ROWS + 1};1H\x1b\[0m\x1b\[2KBROKEN: line b3\.")
    terminal.wait_for(rf"\x1b\[{LINES};1H\x1b\[0m\x1b\[2K12 s: 46 answered")


def test_nothing_of_ours_stays_on_the_screen_that_comes_back(terminal: Terminal) -> None:
    terminal.wait_for(r"\x1b7")
    assert terminal.seen.startswith(ENTER)


def test_nothing_is_drawn_on_the_screen_that_the_program_has_gone_back_to(
    words: pathlib.Path,
) -> None:
    terminal = Terminal(words, LEAVER)
    try:
        terminal.wait_for(r"here [\s\S]*\x1b7")
        words.write_text("=12 s: 46 answered\n", encoding="utf-8")
        os.write(terminal.master, b"\n")
        terminal.wait_for("gone")
        terminal.wait_for(r"gone[\s\S]*\x1b\[\?1049l")
        assert "\x1b7" not in terminal.seen.partition("gone")[2]
    finally:
        terminal.close()


def test_a_resize_reaches_the_program(terminal: Terminal) -> None:
    terminal.wait_for("pid")
    terminal.size(50)
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.wait_for(f"size {COLUMNS} {50 - ROWS}\\s")


@pytest.mark.parametrize("program", [TALKER, FLOOD])
def test_a_terminal_that_has_gone_ends_both(words: pathlib.Path, program: str) -> None:
    """In the background of a shell that ends no signal tells it: only what is written fails."""
    terminal = Terminal(words, program)
    child = int(terminal.wait_for(r"pid (\d+)\s")[1])
    terminal.close_alone()
    try:
        assert terminal.process.wait(DEADLINE_S) == 1
        wait_gone(child, DEADLINE_S)
    finally:
        terminal.process.kill()


def test_a_very_low_terminal_is_the_program_s_alone(terminal: Terminal) -> None:
    terminal.wait_for("pid")
    terminal.size(8)
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.wait_for(f"size {COLUMNS} 8\\s")


def test_keys_reach_the_program(terminal: Terminal) -> None:
    terminal.wait_for("pid")
    os.write(terminal.master, b"q\n")
    terminal.wait_for("key q")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_program_in_order_and_gives_the_terminal_back(
    terminal: Terminal, number: signal.Signals
) -> None:
    child = int(terminal.wait_for(r"pid (\d+)\s")[1])
    terminal.process.send_signal(number)
    terminal.wait_for(re.escape(LEAVE))
    assert "left in order" in terminal.seen
    assert terminal.process.wait(DEADLINE_S) == 0
    wait_gone(child, DEADLINE_S)
    assert terminal.settings() == terminal.before


def test_a_program_that_is_killed_gives_the_terminal_back(terminal: Terminal) -> None:
    child = int(terminal.wait_for(r"pid (\d+)\s")[1])
    os.kill(child, signal.SIGKILL)
    terminal.wait_for(re.escape(LEAVE))
    assert terminal.process.wait(DEADLINE_S) != 0
    assert terminal.settings() == terminal.before


def test_killed_outright_it_takes_the_program_with_it(terminal: Terminal) -> None:
    child = int(terminal.wait_for(r"pid (\d+)\s")[1])
    terminal.process.kill()
    wait_gone(child, DEADLINE_S)


@pytest.mark.parametrize("columns", [1, 2, 10, 80])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    assert width(cut("故障：总线 b3 的串口。" * 9, columns)) <= columns


@pytest.mark.parametrize("columns", [2, 10, 80])
@pytest.mark.parametrize(
    "text", ["故障：总线 b3 的串口。" * 9, "Watch: line b3 goes down. " * 5, ""]
)
def test_a_long_sentence_is_wrapped_and_whole(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_only_the_newest_words_stay(words: pathlib.Path) -> None:
    words.write_text("!one\n!two\n!three\n=now\n", encoding="utf-8")
    found = Words(words)
    found.look()
    drawn = found.drawn(80, 24).decode()
    assert "one" not in drawn
    assert drawn.index("two") < drawn.index("three") < drawn.index("now")


def test_a_terminal_nobody_reads_holds_nobody_back_and_has_its_settings_again(
    words: pathlib.Path,
) -> None:
    terminal = Terminal(words, FLOOD)
    try:
        child = int(terminal.wait_for(r"pid (\d+)\s")[1])
        terminal.process.terminate()
        assert terminal.process.wait(DEADLINE_S) != 0
        wait_gone(child, DEADLINE_S)
        assert terminal.settings() == terminal.before
    finally:
        terminal.close()
