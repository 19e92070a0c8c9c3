"""The demo on a real terminal: below the monitor, stopped, ended, killed; the terminal afterwards.

A shell stands between the terminal and the demo, as it does where a person starts it.
"""

import os
import pathlib
import signal
import sys
import termios
from collections.abc import Iterator

import pytest

from tests.edge.cli.glass import Glass, glass
from tests.firmware_sim.cli.demos import DEADLINE_S, children_of, command, small_site, surroundings
from tests.firmware_sim.processes import wait_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
SHELL = ("sh", "-mc", '"$@"; echo "ended with $?"; read never', "sh")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """xiyuan-5, small."""
    return small_site(tmp_path_factory.mktemp("site") / "xiyuan-5")


@pytest.fixture
def shown(site: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Glass]:
    """The demo, when the monitor stands on its terminal; its files in tmp_path."""
    env = surroundings(tmp_path)
    with glass([*SHELL, *command(site, "--line", "b1")], env=env) as found:
        found.until(lambda: b"boxgate monitor" in found.raw, "the monitor")
        found.until(lambda: b"readings arrived" in found.raw, "our own line below it")
        demo = demo_of(found)
        yield found
    # with its terminal, even from the background of a shell that is gone
    wait_gone(demo, DEADLINE_S)


def demo_of(shown: Glass) -> int:
    """The demo's process id."""
    return children_of(shown.process.pid)[0]


def test_ctrl_c_gives_the_terminal_back_and_tells_where_it_was(
    shown: Glass, tmp_path: pathlib.Path
) -> None:
    children = children_of(demo_of(shown))
    shown.raw = b""
    shown.type(b"\x03")
    # the shell in between gets it as well, and ends with the demo
    shown.until(lambda: b"file of it is left" in shown.raw.replace(b"\r\n", b" "), "the last word")
    said = shown.raw[shown.raw.rindex(LEAVE) :]
    assert b"readings arrived, meters" in said
    for child in children:
        wait_gone(child, DEADLINE_S)
    assert list(tmp_path.iterdir()) == []


def test_q_in_the_monitor_ends_it_and_tells_once_where_it_was(
    shown: Glass, tmp_path: pathlib.Path
) -> None:
    shown.raw = b""
    shown.type(b"q")
    shown.until(lambda: b"ended with 0" in shown.raw, "the shell again")
    said = shown.raw[shown.raw.rindex(LEAVE) :]
    assert said.count(b"readings arrived, meters") == 1
    assert list(tmp_path.iterdir()) == []


def test_killed_outright_the_terminal_is_as_before_and_no_process_is_left(shown: Glass) -> None:
    demo = demo_of(shown)
    children = children_of(demo)
    shown.raw = b""
    os.kill(demo, signal.SIGKILL)
    shown.until(lambda: b"ended with 137" in shown.raw, "the shell again")
    for child in children:
        wait_gone(child, DEADLINE_S)
    shown.until(lambda: LEAVE in shown.raw, "the screen of before")
    modes = shown.modes()
    assert modes[3] & termios.ECHO, "what is typed is seen"
    assert modes[3] & termios.ICANON, "and taken by lines"
    assert b"\x1b[?25h" in shown.raw, "the cursor is back"


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(shown: Glass) -> None:
    demo = demo_of(shown)
    took = shown.modes()
    shown.raw = b""
    shown.type(b"\x1a")
    shown.until(lambda: LEAVE in shown.raw, "the screen of before")
    shown.until(lambda: state_of(demo) == "T", "the demo has stopped")
    assert shown.modes() != took
    shown.raw = b""
    os.killpg(os.getpgid(demo), signal.SIGCONT)
    shown.until(lambda: ENTER in shown.raw and b"boxgate monitor" in shown.raw, "the monitor again")
    shown.until(lambda: b"readings arrived" in shown.raw, "our own line again")
    assert shown.modes() == took


def state_of(pid: int) -> str:
    """The kernel's letter for what a process does."""
    told = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return told.rpartition(") ")[2][0]
