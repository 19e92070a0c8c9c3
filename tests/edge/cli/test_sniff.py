"""`boxgate sniff` as a process on a real pty: what it says, captures, and never does."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.cli.pcap import LINK_TYPE
from tests.edge import wire698
from tests.edge.cli.processes import (
    DEADLINE_S,
    ROOT,
    assert_one_sentence,
    call,
    command,
    environment,
    err,
    full_pipe,
    is_sentence,
    out,
    started,
    until,
)
from tests.edge.wire645 import answer, frame, volts
from tests.edge.wire_modbus import crc

A = "123456789012"
ASK = frame(A, 0x11, bytes.fromhex("02010100")[::-1])
TELL = answer(A, "02010100", volts(2201))
REFUSE = frame(A, 0xD1, b"\x02")
ASK_TMU = bytes.fromhex("010400000002")
ASK_TMU += crc(ASK_TMU)
DISSECTOR = ROOT / "deploy" / "wireshark" / "boxgate.lua"


class Tap:
    """A pair of wires somebody else speaks on: both directions go into one pty."""

    def __init__(self) -> None:
        self.fd, self._device = pty.openpty()
        tty.setraw(self._device)
        self.path = os.ttyname(self._device)

    def say(self, data: bytes) -> None:
        os.write(self.fd, data)

    def written(self) -> bytes:
        """What the listener has put on the line."""
        ready, _, _ = select.select([self.fd], (), (), 0)
        return os.read(self.fd, 1024) if ready else b""

    def drained(self) -> bool:
        """Whether all that was said has been read."""
        waiting = fcntl.ioctl(self._device, termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder) == 0

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._device)


@pytest.fixture
def tap() -> Iterator[Tap]:
    one = Tap()
    yield one
    one.close()


class Sniffing:
    """A running `boxgate sniff`, listening already."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def heard(self, count: int) -> list[dict[str, Any]]:
        """So many objects of --json."""
        until(lambda: out(self.log).read_bytes().count(b"\n") >= count, self.process, "it is heard")
        return [json.loads(line) for line in out(self.log).read_text().splitlines()]

    def end(self) -> str:
        """Ctrl-C; what it says at last."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(DEADLINE_S) == 0
        return err(self.log).read_text().splitlines()[-1].removeprefix("boxgate: ")


@contextmanager
def sniffing(folder: Path, tap: Tap, *argv: str, **env: str) -> Iterator[Sniffing]:
    log = folder / "sniff"
    whole = command("boxgate", "sniff", tap.path, "--baud", "9600", *argv)
    with started(log, *whole, env=env) as process:
        until(lambda: b"\n" in err(log).read_bytes(), process, "it listens")
        yield Sniffing(process, log)


def test_a_second_signal_ends_it_although_nobody_reads_what_it_says(tap: Tap) -> None:
    argv = command("boxgate", "sniff", tap.path, "--baud", "9600")
    with full_pipe() as (_, writing):
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environment(), stdout=writing, stderr=subprocess.PIPE
        )
        try:
            assert process.stderr is not None
            assert b"Listening" in process.stderr.readline()
            tap.say(TELL)
            until(tap.drained, process, "it has taken what was said")
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == -signal.SIGTERM
        finally:
            process.kill()
            process.communicate()


def test_question_and_answer_are_told_live_with_their_delay(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap, "--json") as sniff:
        tap.say(ASK)
        (asked,) = sniff.heard(1)
        tap.say(TELL)
        answered = sniff.heard(2)[1]
        assert asked["frame"]["direction"] == "request"
        assert asked["delay_ms"] is None
        assert answered["frame"]["values"][0]["value"] == 220.1
        assert answered["frame"]["address"] == A
        assert answered["question"] == asked["hex"] == ASK.lstrip(b"\xfe").hex(" ").upper()
        assert answered["delay_ms"] >= 0
        assert answered["gap_ms"] == answered["delay_ms"]
        assert is_sentence("sniff_done", sniff.end())


def test_the_listener_never_writes(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap, "--json") as sniff:
        tap.say(ASK + TELL + b"\x01\x02")
        sniff.heard(2)
        sniff.end()
    assert tap.written() == b""


def test_the_text_shows_hex_meaning_and_delay(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap) as sniff:
        tap.say(ASK + TELL)
        until(lambda: "220.1 V" in out(sniff.log).read_text(), sniff.process, "the value is told")
        text = out(sniff.log).read_text()
        assert f" > {ASK.lstrip(bytes((0xFE,))).hex(' ').upper()}" in text
        assert f" < {TELL.lstrip(bytes((0xFE,))).hex(' ').upper()}" in text
        assert A in text
        assert "delay 0 ms" in text


def test_three_protocols_on_one_line_are_told_with_their_questions(
    tmp_path: Path, tap: Tap
) -> None:
    asked, told = wire698.question(A, 5), wire698.answer(A, 2214, 5)
    unit = bytes.fromhex("01040400010109")
    with sniffing(tmp_path, tap, "--json") as sniff:
        for place, raw in enumerate((asked, told, ASK_TMU, unit + crc(unit), ASK, TELL), 1):
            tap.say(raw)
            heard = sniff.heard(place)
    protocols = [one["frame"]["protocol"] for one in heard]
    assert protocols == ["dlt698.45"] * 2 + ["modbus-rtu"] * 2 + ["dlt645-2007"] * 2
    assert [one["question"] is not None for one in heard] == [False, True] * 3
    assert heard[1]["frame"]["values"][0]["value"] == 221.4
    assert [one["name"] for one in heard[3]["frame"]["values"]] == [
        "register 0000",
        "register 0001",
    ]


def test_it_speaks_chinese(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap, LC_ALL="zh_CN.UTF-8") as sniff:
        tap.say(ASK + TELL)
        until(lambda: "220.1 V" in out(sniff.log).read_text(), sniff.process, "the value is told")
        text = out(sniff.log).read_text()
        assert "应答" in text
        assert "延时 0 ms" in text


def test_noise_alone_ends_in_advice(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap, "--json") as sniff:
        tap.say(b"\x00\x01\x02\x03")
        (noise,) = sniff.heard(1)
        assert noise["frame"] is None
        assert noise["reason"]
        assert is_sentence("sniff_only_noise", sniff.end())


def test_a_silent_line_ends_in_advice(tap: Tap) -> None:
    said = call("boxgate", "sniff", tap.path, "--seconds", "0.2")
    assert said.code == 0
    assert is_sentence("sniff_nothing", said.sentences[-1].removeprefix("boxgate: "))


def test_an_adapter_that_is_pulled_out_ends_it(tmp_path: Path) -> None:
    tap = Tap()
    with sniffing(tmp_path, tap, "--json") as sniff:
        tap.say(ASK)
        sniff.heard(1)
        tap.close()
        assert sniff.process.wait(DEADLINE_S) == 3
        assert "was lost" in err(sniff.log).read_text()


@pytest.mark.parametrize(
    ("port", "key"), [("/dev/nowhere", "tool_port_absent"), ("/etc/passwd", "tool_port_kind")]
)
def test_no_port_is_one_sentence_and_3(port: str, key: str) -> None:
    assert_one_sentence(call("boxgate", "sniff", port), "boxgate", key, 3)


def test_a_port_in_use_is_left_alone(tmp_path: Path, tap: Tap) -> None:
    with sniffing(tmp_path, tap):
        said = call("boxgate", "sniff", tap.path)
    assert_one_sentence(said, "boxgate", "tool_port_busy", 3)


def test_a_capture_that_cannot_be_written_is_one_sentence(tmp_path: Path, tap: Tap) -> None:
    said = call("boxgate", "sniff", tap.path, "--pcap", str(tmp_path / "no" / "c.pcap"))
    assert_one_sentence(said, "boxgate", "sniff_pcap", 2)


def test_a_capture_has_every_frame_with_its_header(tmp_path: Path, tap: Tap) -> None:
    path = tmp_path / "line.pcap"
    with sniffing(tmp_path, tap, "--json", "--pcap", str(path)) as sniff:
        tap.say(ASK + TELL + b"\x55\x55")
        sniff.heard(3)
        data = path.read_bytes()
        sniff.end()
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, major, minor, link) == (0xA1B23C4D, 2, 4, 147)
    packets = []
    at = 24
    while at < len(data):
        _, ns, kept, size = struct.unpack_from("<IIII", data, at)
        assert ns < 10**9
        assert kept == size
        packets.append(data[at + 16 : at + 16 + size])
        at += 16 + size
    heads = [packet[:4] for packet in packets]
    assert heads == [b"\x01\x01\x01\x00", b"\x01\x02\x01\x00", b"\x01\x00\x00\x00"]
    delays = [struct.unpack(">I", packet[4:8])[0] for packet in packets]
    assert delays == [0xFFFFFFFF, 0, 0xFFFFFFFF]
    bodies = [packet[8:] for packet in packets]
    assert bodies == [ASK.lstrip(b"\xfe"), TELL.lstrip(b"\xfe"), b"\x55\x55"]


def test_the_link_type_is_the_users_own() -> None:
    assert LINK_TYPE == 147
