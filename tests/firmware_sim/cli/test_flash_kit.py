"""`boxgate-sim flash-kit`: a folder that a board can run, and its self-test."""

from pathlib import Path

import pytest

from edge.words.messages import BoxgateError
from firmware_sim.cli.flash_kit import BOARDS, FIRMWARES, lay_kit
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
from tests.firmware_sim.firmware.test_language import compiled

CHIP = 0x38


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", FIRMWARES)
def test_everything_main_imports_is_there_and_nothing_of_another_board(
    tmp_path: Path, board: str, name: str
) -> None:
    kit = tmp_path / "kit"
    lay_kit(kit, board, name)
    top = {path.name for path in kit.iterdir()}
    assert top == {"main.py", "board.py", "selftest.py", "README.txt", "lib", name}
    assert f"mpremote fs cp -r lib {name} :" in (kit / "README.txt").read_text(encoding="utf-8")
    for path in kit.rglob("*.py"):
        assert broken(path) == [], path


def test_every_file_of_a_kit_compiles_for_the_board(tmp_path: Path) -> None:
    lay_kit(tmp_path / "kit", "rp2040", "tmu")
    files = sorted((tmp_path / "kit").rglob("*.py"))
    assert len(files) > 10
    for path in files:
        done = compiled(path, tmp_path / "out.mpy")
        assert done.returncode == 0, done.stderr


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
