"""The MicroPython subset, as a lint over the syntax tree: what a board lacks or does otherwise."""

import ast
from collections.abc import Iterator
from pathlib import Path

MODULES = frozenset(
    {
        "lib",
        "meter645",
        "meter698",
        "sdm630",
        "tmu",
        "boards",
        "board",
        "machine",
        "select",
        "time",
        "micropython",
        "struct",
        "rp2",
        "esp32",
        "os",
    }
)
"""What the firmware may import: itself, and what every port has."""

MISSING = frozenset(
    {"clear", "bit_length", "bit_count", "removeprefix", "removesuffix", "iter_unpack", "_replace"}
    | {"monotonic", "perf_counter"}
)
"""Attributes that MicroPython lacks, here or on one of the types the firmware uses."""

TICKS = frozenset({"ticks_us", "ticks_ms"})

UNORDERED = (ast.Dict, ast.Set, ast.DictComp, ast.SetComp)
SHARED = (ast.List, ast.ListComp, ast.Call, *UNORDERED)
"""Values a module may not hold: boards that share code must share no state."""


SLICES = "lib/copy.py"
"""The one file that may write a slice, once: it looks at the length."""


def broken(path: Path) -> list[str]:
    """What breaks the rules in a file of the firmware."""
    found = findings(path.read_text(encoding="utf-8"))
    if path.as_posix().endswith(SLICES):
        return found[1:] if "writes or deletes a slice" in found[0] else found
    return found


def findings(source: str) -> list[str]:
    """What breaks the rules, one sentence each; empty when nothing does."""
    tree = ast.parse(source)
    found = [f"line {node.lineno}: {what}" for node, what in _all(tree)]
    found += [
        f"line {node.lineno}: mutable state in the module"
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, SHARED)
    ]
    return found


def _all(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            for what in _one(node):
                yield node, what


def _one(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                if alias.name.split(".")[0] not in MODULES:
                    yield f"imports {alias.name}"
        case ast.ImportFrom(module=module):
            if (module or "").split(".")[0] not in MODULES:
                yield f"imports {module}"
        case ast.Match():
            yield "match"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield "async"
        case ast.FunctionDef(args=ast.arguments(posonlyargs=[_, *_])):
            yield "positional-only arguments"
        case ast.Attribute(attr=attr) if attr in MISSING or attr.startswith("__"):
            yield f"uses .{attr}"
        case ast.Subscript(slice=ast.Slice(), ctx=ast.Del() | ast.Store()):
            yield "writes or deletes a slice"
        case ast.BinOp(op=ast.Sub(), left=left, right=right) if _ticks(left) or _ticks(right):
            yield "subtracts ticks without ticks.diff"
        case ast.Compare(left=left, comparators=others) if any(map(_ticks, [left, *others])):
            yield "compares ticks without ticks.diff"
        case ast.Call(func=ast.Name(id="dict" | "set" | "frozenset" as name)):
            yield f"makes a {name}"
        case ast.Dict() | ast.Set() | ast.DictComp() | ast.SetComp():
            yield "dict or set: its order differs between machines"


def _ticks(node: ast.expr) -> bool:
    """A reading of the tick counter, masked or not."""
    if isinstance(node, ast.BinOp):
        return _ticks(node.left) or _ticks(node.right)
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in TICKS
    return False
