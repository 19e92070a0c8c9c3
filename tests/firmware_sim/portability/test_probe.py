"""A firmware that uses all of the HAL does on CPython what it does on a real MicroPython."""

import ast
import inspect
from pathlib import Path

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal import irq
from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.select import Poll
from firmware_sim.hal.time import time_module
from firmware_sim.portability import cpython, probe, trace, wasi
from firmware_sim.portability.probe import PROBE
from tests.firmware_sim.firmware.language import findings
from tests.firmware_sim.firmware.test_language import compiled

on_vm = pytest.mark.skipif(
    wasi.missing() != "", reason=f"no MicroPython to prove with: {wasi.missing()} not installed"
)
MINUTES = 32
SHORT = 3


def both(folder: Path, port: str, minutes: int) -> tuple[list[trace.Event], list[trace.Event]]:
    """The traces of the two machines."""
    script = PROBE.script(port, minutes)
    one, other = (
        trace.run(machine, folder, script, PORTS[port], PROBE.world())
        for machine in (cpython.run_board, wasi.run_board)
    )
    return one, other


@on_vm
@pytest.mark.parametrize("port", ["host", "rp2040", "esp32"])
def test_both_machines_give_the_same_trace(port: str, tmp_path: Path) -> None:
    folder = PROBE.lay_out(tmp_path, PORTS[port].profile)
    one, other = both(folder, port, MINUTES)
    assert trace.difference(one, other) == ""
    seen = trace.count(one)
    least = {"tx": 50_000, "rx": 8_000, "pin": 2_000, "in": 800, "raised": 90, "rtc": 20}
    least |= {"reset": 3, "watchdog": 2, "power off": 2, "wdt": 12, "uart": 30}
    assert {name: n for name, n in least.items() if seen.get(name, 0) < n} == {}
    assert ("unsent" in seen) == (port == "rp2040")
    assert "crash" not in seen
    assert "stuck" not in seen


def test_a_board_that_resets_itself_starts_again_with_its_reason(tmp_path: Path) -> None:
    found = {}
    for port in ("rp2040", "esp32"):
        folder = PROBE.lay_out(tmp_path / port, PORTS[port].profile)
        script = PROBE.script(port, MINUTES)
        events = trace.run(cpython.run_board, folder, script, PORTS[port], PROBE.world())
        starts = [(i, about[0]) for i, (_, what, about) in enumerate(events) if what == "start"]
        found[port] = {
            (events[i - 1][1], cause) for i, cause in starts if events[i - 1][1] != "power off"
        }
    assert found["rp2040"] >= {("reset", 3), ("watchdog", 3)}
    assert found["esp32"] == {("reset", 5), ("watchdog", 3)}


def breaches(text: str) -> list[str]:
    """What breaks the language rules but for its one float, which it gives to sleep()."""
    return [one for one in findings(text) if "uses a float" not in one]


def test_the_probe_keeps_the_language_rules_and_compiles(tmp_path: Path) -> None:
    assert breaches(probe.MAIN.read_text(encoding="utf-8")) == []
    done = compiled(probe.MAIN, tmp_path / "probe.mpy")
    assert done.returncode == 0, done.stderr


def test_the_probe_uses_every_method_and_function_there_is() -> None:
    tree = ast.parse(probe.MAIN.read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    board = Board(Clock(), until=1)
    machine = machine_module(board)
    there = set(dir(Poll))
    there |= {name for name, what in vars(machine).items() if callable(what)}
    there |= {name for name, what in vars(time_module(board)).items() if callable(what)}
    for kind in ("UART", "Pin", "ADC", "I2C", "RTC", "WDT", "Timer"):
        made = getattr(machine, kind)
        there |= {name for name, _ in inspect.getmembers(made, inspect.isfunction)}
    there = {name for name in there if not name.startswith("_")}
    # of a poll that watches nothing there is nothing to see
    assert there - used == {"unregister"}


@on_vm
def test_a_callback_that_begins_within_another_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(self: irq.Irqs) -> None:
        if self.queue:
            self.queue.popleft().call()

    monkeypatch.setattr(irq.Irqs, "run", unlocked)
    folder = PROBE.lay_out(tmp_path, "rp2040")
    one, other = both(folder, "rp2040", SHORT)
    assert trace.difference(one, other) != ""


@on_vm
def test_a_difference_within_a_callback_is_found(tmp_path: Path) -> None:
    folder = PROBE.lay_out(tmp_path, "rp2040")
    main = folder / "main.py"
    text = main.read_text(encoding="utf-8")
    old = "        self.turns += 1\n"
    assert text.count(old) == 1
    # of nothing, hex() gives bytes on this MicroPython
    text = text.replace(old, old + '        str(self.turns) + b"".hex()\n')
    main.write_text(text, encoding="utf-8")
    assert breaches(text) == []
    one, other = both(folder, "rp2040", SHORT)
    assert trace.difference(one, other) != ""
    assert ("raised", ("TypeError",)) in [(what, about) for _, what, about in other[:300]]
