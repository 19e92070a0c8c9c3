"""A port that is only listened to: how it is opened, what it leaves alone, why it cannot be had."""

import errno
import fcntl
import os
import pty
import termios
import tty
from collections.abc import Iterator

import pytest

from edge.cli.device import opened
from edge.shells.listen import Listener
from edge.shells.port import PortError
from edge.site.model import Line, Port
from edge.words.messages import BoxgateError, messages

DEADLINE_S = 20.0


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    """The far end of a pty and the name of the near one."""
    fd, device = pty.openpty()
    tty.setraw(device)
    yield fd, os.ttyname(device)
    os.close(fd)
    os.close(device)


def listener(path: str, parity: str = "N", baud: int = 9600) -> Listener:
    return Listener(Port(port=path, parity=parity), baud)  # type: ignore[arg-type]


def test_what_comes_is_read_and_nothing_can_be_written(wire: tuple[int, str]) -> None:
    ear = listener(wire[1])
    os.write(wire[0], b"\x68\x11\x13\x00\x0d\x16")
    assert ear.read(DEADLINE_S) == b"\x68\x11\x13\x00\x0d\x16"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(ear.fd, b"x")
    ear.close()


def test_silence_and_a_bell_read_as_nothing(wire: tuple[int, str]) -> None:
    ear = listener(wire[1])
    assert ear.read(0) == b""
    out, into = os.pipe()
    os.write(into, b"!")
    assert ear.read(DEADLINE_S, out) == b""
    os.close(out)
    os.close(into)
    ear.close()


def test_the_line_is_raw_and_its_wires_stay_as_they_are_at_the_end(wire: tuple[int, str]) -> None:
    near = os.open(wire[1], os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(near)
    before[2] |= termios.HUPCL | termios.CRTSCTS
    before[3] |= termios.ECHO
    termios.tcsetattr(near, termios.TCSANOW, before)
    ear = listener(wire[1], baud=2400)
    os.close(near)
    inputs, outputs, control, local, fast, _, _ = termios.tcgetattr(ear.fd)
    assert (inputs, outputs, local) == (0, 0, 0)
    assert not control & (termios.HUPCL | termios.CRTSCTS | termios.CSTOPB)
    assert control & termios.CREAD
    assert control & termios.CLOCAL
    assert fast == termios.B2400
    ear.close()


def test_rts_is_let_go_and_dtr_is_left(
    wire: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bytes]] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, what, bits: asked.append((what, bits)))
    listener(wire[1]).close()
    assert asked == [(termios.TIOCMBIC, termios.TIOCM_RTS.to_bytes(4, "little"))]


def test_a_port_that_has_gone_says_so() -> None:
    fd, device = pty.openpty()
    tty.setraw(device)
    ear = listener(os.ttyname(device))
    os.close(device)
    os.close(fd)
    with pytest.raises(PortError) as caught:
        ear.read(DEADLINE_S)
    assert caught.value.key == "tool_port_lost"
    ear.close()


def test_two_do_not_listen_on_one_port(wire: tuple[int, str]) -> None:
    ear = listener(wire[1])
    with pytest.raises(PortError) as caught:
        listener(wire[1])
    assert caught.value.key == "tool_port_busy"
    ear.close()
    listener(wire[1]).close()


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (errno.EACCES, "tool_port_denied"),
        (errno.EBUSY, "tool_port_busy"),
        (errno.ENODEV, "tool_port_absent"),
        (errno.EIO, "tool_port_failed"),
    ],
)
def test_why_a_port_cannot_be_opened_is_one_sentence(
    code: int, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PortError) as caught:
        listener("/dev/ttyUSB0")
    assert (caught.value.key, caught.value.exit_code) == (key, 3)
    assert "/dev/ttyUSB0" in caught.value.text("zh")


def test_settings_that_are_refused_are_told_and_the_port_is_let_go(
    wire: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise termios.error(errno.EINVAL, "Invalid argument")

    with monkeypatch.context() as patch:
        patch.setattr(termios, "tcsetattr", refuse)
        with pytest.raises(PortError) as caught:
            listener(wire[1])
    assert caught.value.key == "tool_port_settings"
    listener(wire[1]).close()


def test_every_reason_of_a_lines_port_has_its_sentence_for_a_tool() -> None:
    reasons = ("busy", "denied", "absent", "kind", "settings", "failed")
    for reason in reasons:
        assert messages()[f"port_{reason}"].exit == messages()[f"tool_port_{reason}"].exit == 3
    with pytest.raises(BoxgateError) as caught:
        opened(Line(id="port"), Port(port="/dev/nowhere", parity="N"))
    assert caught.value.key == "tool_port_absent"
