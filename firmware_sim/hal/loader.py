"""Firmware from its own import root: its core classes for the bench, its main.py on a board.

`firmware/` is an import root of its own, as on a board's file system: it is put on sys.path, and
`meter645`, `meter698`, `sdm630`, `tmu`, `lib`, `boards` are its top-level packages. main.py runs
unmodified, with `machine`, `time`, `select` and `board` (the pin profile a board's root holds)
answered by the HAL.
"""

import builtins
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from firmware_sim.hal.board import Board, PowerOff
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.machine import machine_module
from firmware_sim.hal.rp2 import BlockDevice, flash_modules
from firmware_sim.hal.select import select_module
from firmware_sim.hal.time import time_module

ROOT = Path(__file__).resolve().parent.parent / "firmware"


Memory = Callable[[bytearray, int, int, int], bool]
"""A meter's store: fill a buffer with a page as at a second, since a second (docs/firmware.md)."""


class Nv(Protocol):
    """What outlives a device's power (firmware/lib/nv.py)."""

    size: int
    found: bool
    fault: bool
    generation: int

    def get(self, at: int, buf: bytearray) -> None:
        """The image from `at` on into buf."""

    def put(self, at: int, buf: bytearray) -> None:
        """Let buf stand in the image."""

    def commit(self) -> bool:
        """Keep what was put."""


class MeterCore(Protocol):
    """What the bench needs of a core (core.py of each device)."""

    out: bytearray
    rate: int
    """Line speed it is set to, bit/s; 0 = a meter at the speed of its plate."""

    def on_bytes(self, buf: bytes, n: int, t: int) -> None:
        """n bytes came, the last at tick t."""

    def deadline(self) -> int:
        """The tick on_deadline waits for; -1 = none."""

    def on_deadline(self, t: int) -> int:
        """Length of the answer to send now, or 0."""

    def idle(self) -> bool:
        """Nothing half received, nothing to send."""


class UnitCore(MeterCore, Protocol):
    """What the bench needs of a core on Modbus (firmware/lib/rtu.py) besides."""

    asked: bytearray
    """Function, start and count of the request its answer is about."""


class UnitMaker(Protocol):
    """The constructor of a TMU core."""

    def __call__(
        self,
        snapshot: Callable[[bytearray], None],
        t: int = 0,
        delay_us: int = 20000,
        reset_cause: int = 1,
        nv: Nv | None = None,
    ) -> UnitCore:
        """One unit."""


class MeterMaker(Protocol):
    """The constructor of a meter core."""

    def __call__(
        self,
        number: bytes,
        elements: int,
        snapshot: Callable[[bytearray], None],
        clock: Callable[[], Sequence[int]],
        char_us: int,
        delay_us: int = 20000,
        wake: int = 4,
        memory: Memory | None = None,
        nv: Nv | None = None,
    ) -> MeterCore:
        """One meter."""


def firmware(name: str) -> ModuleType:
    """A module of the firmware, `meter645.core`; ImportError if there is none."""
    _on_path()
    return importlib.import_module(name)


def meter645() -> MeterMaker:
    """The DL/T 645 meter core."""
    return cast(MeterMaker, firmware("meter645.core").Meter)


def meter698() -> MeterMaker:
    """The DL/T 698.45 meter core."""
    return cast(MeterMaker, firmware("meter698.core").Meter)


def sdm630() -> MeterMaker:
    """The core of a Modbus meter, an SDM630; a UnitCore as well."""
    return cast(MeterMaker, firmware("sdm630.core").Meter)


def tmu() -> UnitMaker:
    """The TMU core."""
    return cast(UnitMaker, firmware("tmu.core").Tmu)


def nv_memory(flash: Flash, name: str = "meter645") -> Nv:
    """The NV memory of a device of that firmware on a flash, as its main.py opens it."""
    made = firmware("lib.nv").Nv(BlockDevice(flash), *firmware(f"{name}.keep").kept())
    return cast(Nv, made)


def run_main(
    board: Board, name: str = "meter645", profile: str = "host", flash: Flash | None = None
) -> None:
    """Run the firmware's main.py on the board until its power goes off."""
    modules = {
        "machine": machine_module(board),
        "time": time_module(board),
        "select": select_module(board),
        **({} if flash is None else flash_modules(flash)),
    }
    _on_path()
    own = vars(builtins) | {"__import__": _importer(modules)}
    modules["board"] = ModuleType("board")
    vars(modules["board"])["__builtins__"] = own
    _run_file(ROOT / "boards" / f"{profile}.py", vars(modules["board"]))
    try:
        _run_file(ROOT / name / "main.py", {"__name__": "__main__", "__builtins__": own})
    except PowerOff:
        return


def _on_path() -> None:
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))


def _run_file(path: Path, scope: dict[str, Any]) -> None:
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)


def _importer(modules: Mapping[str, ModuleType]) -> Callable[..., ModuleType]:
    """An __import__ that answers the board's own modules and leaves the rest to Python."""

    def find(name: str, *args: Any, **kwargs: Any) -> ModuleType:
        if name in modules:
            return modules[name]
        return __import__(name, *args, **kwargs)

    return find
