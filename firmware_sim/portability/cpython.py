"""The other machine: main.py and all it imports on CPython, in namespaces of its own, on the HAL.

A board's modules are its own: state in a module is gone at a restart, and two boards share none.
So the files are run here one by one out of the board's folder, never through sys.modules.
"""

import builtins
import io
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from firmware_sim.hal.board import Board
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.rp2 import flash_modules
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module
from firmware_sim.portability.wasi import Crashed


def run_board(board: Board, folder: Path) -> None:
    """Run the board laid out in `folder` until PowerOff, WatchdogReset or Crashed is raised."""
    root = _Root(folder)
    root.modules["machine"] = machine_module(board)
    root.modules["time"] = time_module(board)
    root.modules["select"] = select_module(board)
    if board.flash is not None:
        root.modules |= flash_modules(board.flash)
    try:
        root.run(folder / "main.py", root.scope("__main__"))
    except Exception as error:
        # whatever ends the firmware is a finding of the trace, not of this process
        raise Crashed(type(error).__name__) from error
    raise Crashed("")


def run_file(folder: Path) -> str:
    """Run main.py there without a board; what it prints."""
    root = _Root(folder)
    printed = io.StringIO()
    with redirect_stdout(printed):
        root.run(folder / "main.py", root.scope("__main__"))
    return printed.getvalue()


@lru_cache(maxsize=256)
def _compiled(path: Path, changed: int) -> CodeType:
    """A file's code, made once for all starts of a board."""
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


class _Root:
    """The files of one board and the modules made of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.modules: dict[str, ModuleType] = {}

    def scope(self, name: str) -> dict[str, Any]:
        """Globals of a module, whose imports come back here."""
        return {"__name__": name, "__builtins__": vars(builtins) | {"__import__": self.find}}

    def run(self, path: Path, scope: dict[str, Any]) -> None:
        """Run a file in its globals."""
        exec(_compiled(path, path.stat().st_mtime_ns), scope)

    def find(
        self,
        name: str,
        globals: object = None,
        locals: object = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` of the board."""
        module = self._load(name)
        for part in fromlist or ():
            if not hasattr(module, part):
                setattr(module, part, self._load(f"{name}.{part}"))
        return module if fromlist else self._load(name.split(".")[0])

    def _load(self, name: str) -> ModuleType:
        if name in self.modules:
            return self.modules[name]
        path = self._folder / Path(*name.split("."))
        if not path.is_dir():
            path = path.with_suffix(".py")
            if not path.is_file():
                raise ImportError(f"no module named '{name}'")
        module = ModuleType(name)
        vars(module).update(self.scope(name))
        self.modules[name] = module
        if path.is_file():
            self.run(path, vars(module))
        return module
