"""The Wireshark dissector: what tshark makes of a capture with a frame of every kind."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.cli.pcap import Pcap
from tests.edge import wire698
from tests.edge.cli.processes import ROOT
from tests.edge.wire645 import answer, frame, volts
from tests.edge.wire_modbus import crc

A = "123456789012"
ASK = frame(A, 0x11, bytes.fromhex("02010100")[::-1])
TELL = answer(A, "02010100", volts(2201))
REFUSE = frame(A, 0xD1, b"\x02")
ASK_TMU = bytes.fromhex("010400000002")
ASK_TMU += crc(ASK_TMU)
DISSECTOR = ROOT / "deploy" / "wireshark" / "boxgate.lua"


def dissected(path: Path, *argv: str) -> list[list[str]]:
    """What tshark makes of a capture with our dissector: rows of these fields."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    ended = subprocess.run(
        [tshark, "-X", f"lua_script:{DISSECTOR}", "-r", str(path), *argv],
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "HOME": str(path.parent), "LC_ALL": "C.UTF-8"},
    )
    errors = [one for one in ended.stderr.decode().splitlines() if "Running as user" not in one]
    assert errors == []
    return [line.split("\t") for line in ended.stdout.decode().splitlines()]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """One frame of every kind."""
    path = tmp_path / "kinds.pcap"
    bad = bytearray(TELL.lstrip(b"\xfe"))
    bad[-2] ^= 0xFF
    block = answer(A, "0203FF00", bytes.fromhex("151403 002001 850580 FFFFFF"), 0)
    told = bytes.fromhex("01040400010109")
    with path.open("wb") as file:
        pcap = Pcap(file)
        for raw, way, protocol, delay in (
            (ASK.lstrip(b"\xfe"), "request", "dlt645-2007", None),
            (TELL.lstrip(b"\xfe"), "response", "dlt645-2007", 71_000_000),
            (block, "response", "dlt645-2007", None),
            (REFUSE.lstrip(b"\xfe"), "response", "dlt645-2007", None),
            (bytes(bad), "response", "dlt645-2007", None),
            (ASK_TMU, "request", "modbus-rtu", None),
            (told + crc(told), "response", "modbus-rtu", 5_000_000),
            (b"noise", "", "", None),
        ):
            pcap.packet(1_700_000_000_123_456_789, raw, way, protocol, delay)
    return path


def test_wireshark_dissects_the_frames_of_a_capture(capture: Path) -> None:
    fields = "boxgate.direction boxgate.delay dlt645.address dlt645.control dlt645.identifier"
    asked = [part for field in fields.split() for part in ("-e", field)]
    rows = dissected(capture, "-T", "fields", *asked)
    assert rows[0] == ["1", "", A, "0x11", "0x02010100"]
    assert rows[1] == ["2", "71000", A, "0x91", "0x02010100"]
    assert rows[3] == ["2", "", A, "0xd1", ""]


def test_wireshark_shows_values_with_their_signs(capture: Path) -> None:
    rows = dissected(capture, "-T", "fields", "-e", "dlt645.value")
    assert rows[1] == ["voltage = 220.1 V"]
    powers = ("3.1415 kW", "1.2000 kW", "-0.0585 kW", "no value")
    assert rows[2] == [",".join(f"active power = {power}" for power in powers)]


def test_wireshark_finds_a_wrong_checksum_and_no_other(capture: Path) -> None:
    rows = dissected(capture, "-Y", "dlt645.checksum.bad", "-T", "fields", "-e", "frame.number")
    assert rows == [["5"]]
    assert dissected(capture, "-Y", "rtu485.crc.bad") == []


def test_wireshark_dissects_modbus(capture: Path) -> None:
    fields = ("-e", "rtu485.unit", "-e", "rtu485.start", "-e", "rtu485.register")
    rows = dissected(capture, "-Y", "rtu485", "-T", "fields", *fields)
    assert rows == [["1", "0x0000", ""], ["1", "", "1,265"]]


def test_wireshark_names_errors_and_noise(capture: Path) -> None:
    rows = dissected(capture, "-T", "fields", "-e", "_ws.col.Info")
    assert "no requested data" in rows[3][0]
    assert rows[7] == ["noise"]


def scrambled(raw: bytes) -> bytes:
    """The frame with its user data sent +33H and the SC bit set."""
    data = bytes((byte + 0x33) & 0xFF for byte in raw[14:-3])
    return wire698.frame(A, raw[3] | 0x08, data)


@pytest.fixture
def capture_698(tmp_path: Path) -> Path:
    """Frames of DL/T 698.45."""
    path = tmp_path / "698.pcap"
    ask = wire698.question(A, 5).lstrip(b"\xfe")
    tell = wire698.answer(A, 2201, 5, 0)
    bad_fcs, bad_hcs = bytearray(tell), bytearray(tell)
    bad_fcs[-2] ^= 0xFF
    bad_hcs[12] ^= 0xFF
    several = bytes.fromhex("05020502200002000010020000")
    with path.open("wb") as file:
        pcap = Pcap(file)
        for raw, way in (
            (ask, "request"),
            (tell, "response"),
            (wire698.refusal(A, 3, 5).lstrip(b"\xfe"), "response"),
            (wire698.frame(A, 0x43, several), "request"),
            (wire698.frame(A, 0xE3, b"\x01\xc0" + bytes(9)), "response"),
            (bytes(bad_fcs), "response"),
            (bytes(bad_hcs), "response"),
            (scrambled(ask), "request"),
            (tell[:8], "response"),
        ):
            pcap.packet(1_700_000_000_000_000_000, raw, way, "dlt698.45", None)
    return path


def fields(*names: str) -> list[str]:
    return ["-T", "fields", *(part for name in names for part in ("-e", name))]


def test_wireshark_shows_the_link_fields_of_698(capture_698: Path) -> None:
    names = (
        "dlt698.length", "dlt698.control", "dlt698.control.dir", "dlt698.control.prm",
        "dlt698.control.function", "dlt698.address.type", "dlt698.address", "dlt698.client",
    )  # fmt: skip
    rows = dissected(capture_698, *fields(*names))
    size = len(wire698.question(A, 5).lstrip(b"\xfe")) - 2
    assert rows[0] == [str(size), "0x43", "0", "1", "3", "0", A, "0x10"]
    assert rows[1][1:4] == ["0xc3", "1", "1"]


def test_wireshark_names_services_objects_and_refusals_of_698(capture_698: Path) -> None:
    rows = dissected(capture_698, *fields("dlt698.service", "dlt698.oad", "dlt698.dar"))
    assert rows[0] == ["0x05", "0x20000201", ""]
    assert rows[2] == ["0x85", "0x20000201", "3"]
    assert rows[3] == ["0x05", "0x20000200,0x00100200", ""]
    # scrambled: what it says, not what was sent
    assert rows[7] == ["0x05", "0x20000201", ""]
    infos = [row[0] for row in dissected(capture_698, *fields("_ws.col.Info"))]
    assert infos[0] == f"{A} GET-Request Normal 20000201"
    assert "refused: denied" in infos[2]


def test_wireshark_shows_fragments_of_698(capture_698: Path) -> None:
    names = ("frame.number", "dlt698.fragment.number", "dlt698.fragment.kind")
    rows = dissected(capture_698, "-Y", "dlt698.control.fragment == 1", *fields(*names))
    assert rows == [["5", "1", "3"]]


def test_wireshark_finds_wrong_checks_of_698_and_no_others(capture_698: Path) -> None:
    def numbers(name: str) -> list[str]:
        rows = dissected(capture_698, "-Y", name, *fields("frame.number"))
        return [row[0] for row in rows]

    assert numbers("dlt698.fcs.bad") == ["6", "7"]
    assert numbers("dlt698.hcs.bad") == ["7"]
    assert numbers("dlt698.cut") == ["9"]


def test_wireshark_hands_modbus_to_its_own_dissector_too(capture: Path) -> None:
    names = ("modbus.func_code", "modbus.regval_uint16", "_ws.col.Protocol")
    rows = dissected(capture, "-Y", "rtu485", *fields(*names))
    assert rows == [["4", "", "Modbus RTU"], ["4", "1,265", "Modbus RTU"]]
    assert dissected(capture, "-Y", "mbrtu.crc16.incorrect || _ws.malformed") == []
