"""What `run --frames` prints of each exchange, whatever its protocol."""

import pytest

from cext.framing import Scanner645
from cext.framing698 import Scanner698
from edge.bus.master import Heard, Spoke
from edge.cli.frames import FramePrinter, said
from protocol.dlt645.read import Read
from protocol.dlt698.describe import describe
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import blocks
from tests.cext import streams
from tests.edge import wire698
from tests.protocol.modbus.wire import answer, framed

TMU = ReadRegisters("tmu1", 1, blocks("tmu-1")[0]).start().data
METER = Read("123456789012", "02010100").start().data


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


def meter_answer() -> Heard:
    data = bytes.fromhex("00010102 0122")
    raw = streams.encode(bytes.fromhex("129078563412"), 0x91, data)
    frame = Scanner645().feed(raw)
    assert frame is not None
    return Heard(2, frame, "done")


def printed(capfd: pytest.CaptureFixture[str], *items: Spoke | Heard) -> list[str]:
    printer = FramePrinter()
    for item in items:
        printer.tap("st", item)
    printer.close()
    return capfd.readouterr().out.splitlines()


def test_each_frame_is_told_by_its_own_protocol() -> None:
    assert said(Spoke(0, TMU, "modbus")).startswith("unit 1 read input registers request 0000")
    assert said(Heard(1, framed(answer()), "done")).startswith("unit 1 read input registers answer")
    assert said(Spoke(0, METER, "dlt645")).startswith("123456789012 read request 02010100")
    assert said(meter_answer()).startswith("123456789012 read answer 02010100")


def test_a_line_that_carries_both_shows_both(capfd: pytest.CaptureFixture[str]) -> None:
    shown = printed(
        capfd,
        Spoke(0, TMU, "modbus"),
        Heard(48_000_000, framed(answer()), "done"),
        Spoke(0, METER, "dlt645"),
        meter_answer(),
    )
    assert shown[0].endswith(" st > 01 04 00 00 00 11 30 06")
    assert shown[1].strip() == "unit 1 read input registers request 0000 × 17 (tmu-1)"
    assert " st < 01 04 22 00 01 01 09 " in shown[2]
    assert shown[3].strip().startswith("unit 1 read input registers answer tmu-1: register map")
    assert shown[3].endswith("  (48 ms)")
    assert shown[5].strip() == "123456789012 read request 02010100 voltage phase A"
    assert shown[7].strip().startswith("123456789012 read answer 02010100 voltage phase A = 220.1")


def test_a_late_answer_is_marked(capfd: pytest.CaptureFixture[str]) -> None:
    shown = printed(capfd, Heard(0, framed(answer(unit=7)), "address"))
    assert shown[1].strip().startswith("unit 7 read input registers answer")
    assert shown[1].endswith("[address]")


def test_the_meaning_is_told_in_the_language_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert said(Spoke(0, TMU, "modbus")) == "单元 1 读输入寄存器 请求 0000 × 17 (tmu-1)"
    assert said(Spoke(0, METER, "dlt645")).startswith("123456789012 读数据 请求")


def test_a_frame_of_698_is_told_by_its_own_protocol() -> None:
    asked = wire698.question("000000000002")
    frame = Scanner698().feed(wire698.answer("000000000002", 2316))
    assert frame is not None
    assert said(Spoke(0, asked, "dlt698")) == describe(asked)
    assert said(Heard(1, frame, "done")) == describe(frame)
    assert "000000000002" in said(Heard(1, frame, "done"))
    assert "231.6" in said(Heard(1, frame, "done"))
