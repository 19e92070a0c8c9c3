"""The MicroPython subset, as a lint over the syntax tree: what a board lacks or does otherwise."""

import ast
from collections.abc import Iterator
from pathlib import Path


def words(text: str) -> frozenset[str]:
    """Names with blanks between."""
    return frozenset(text.split())


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

MISSING_OF_TYPES = words(
    "as_integer_ratio bit_count bit_length capitalize casefold cast expandtabs format_map indices"
    " is_integer isalnum isascii isdecimal isidentifier isnumeric isprintable istitle itemsize"
    " ljust maketrans nbytes removeprefix removesuffix rjust swapcase title tobytes tolist"
    " toreadonly translate zfill"
)
"""What no type of MicroPython has of what CPython's have; test_language.py asks a real one."""

MISSING = MISSING_OF_TYPES | {"clear", "iter_unpack", "_replace", "monotonic", "perf_counter"}
"""Attributes that MicroPython lacks, here or on one of the types the firmware uses."""

MISSING_NAMES = words(
    "BufferError ConnectionError EnvironmentError FileExistsError FileNotFoundError IOError"
    " FloatingPointError ModuleNotFoundError PermissionError RecursionError ReferenceError"
    " SystemError TimeoutError UnboundLocalError UnicodeDecodeError UnicodeEncodeError Warning"
    " aiter anext ascii breakpoint format vars"
)
"""Built-in names that it lacks."""

OTHERWISE = {
    "errno": "reads .errno, which CPython has not of one argument: args[0]",
    "sort": "sorts: equal keys change places on MicroPython",
}
"""Attributes that both have and that differ."""

CALLS = {
    "sorted": "sorts: equal keys change places on MicroPython",
    "hash": "hashes: differs between machines and starts",
    "id": "takes an address for a number",
    "float": "uses a float",
    "round": "uses a float",
    "dict": "makes a dict",
    "set": "makes a set",
    "frozenset": "makes a frozenset",
}
"""Built-in functions that do not the same everywhere."""

POSITIONAL = words(
    "count decode encode endswith from_bytes hex index join pop replace rfind rsplit split"
    " splitlines startswith strip to_bytes update"
)
"""Methods of built-in types: MicroPython's take no keywords."""

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


def _shared_elsewhere(node: ast.expr | ast.stmt) -> bool:
    """Whether a class or the default of an argument holds what all boards would share."""
    match node:
        case ast.ClassDef(body=body):
            return any(
                isinstance(one, ast.Assign | ast.AnnAssign) and isinstance(one.value, SHARED)
                for one in body
            )
        case ast.FunctionDef(args=args) | ast.Lambda(args=args):
            return any(isinstance(one, SHARED) for one in (*args.defaults, *args.kw_defaults))
    return False


def _all(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            for what in _one(node):
                yield node, what


def _one(node: ast.expr | ast.stmt) -> Iterator[str]:
    if _shared_elsewhere(node):
        yield "mutable state in a class or a default"
    yield from _differs(node)
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
        case ast.Dict() | ast.Set() | ast.DictComp() | ast.SetComp():
            yield "dict or set: its order differs between machines"


def _differs(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What both machines have and do not do alike, or a part does not as the proof's VM."""
    match node:
        case ast.Constant(value=float() | complex()):
            # the VM's are of 64 bits, a part's of 32: only integers are the same everywhere
            yield "uses a float"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            yield "uses a float"
        case ast.Slice(step=ast.expr()):
            yield "slices with a step, which MicroPython does for lists alone"
        case ast.Compare(ops=ops, comparators=others):
            if any(map(_identity, ops, others)):
                yield "compares identities: small integers are one object on MicroPython alone"
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield CALLS[name]
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id="int")]):
            yield "asks for an int, which a bool is on CPython alone"
        case ast.Call(func=ast.Attribute(attr=name), keywords=[_, *_]) if name in POSITIONAL:
            yield f"names an argument of .{name}()"
        case ast.Call(func=ast.Attribute(attr="encode" | "decode"), args=[_, *_]):
            yield "names an encoding, and MicroPython has UTF-8 alone"
        case ast.Attribute(attr=name) if name in OTHERWISE:
            yield OTHERWISE[name]
        case ast.Name(id=name, ctx=ast.Load()) if name in MISSING_NAMES:
            yield f"uses {name}"


def _identity(op: ast.cmpop, other: ast.expr) -> bool:
    """`is` with anything but None, True, False."""
    alone = isinstance(other, ast.Constant) and other.value in (None, True, False)
    return isinstance(op, ast.Is | ast.IsNot) and not alone


def _ticks(node: ast.expr) -> bool:
    """A reading of the tick counter, masked or not."""
    if isinstance(node, ast.BinOp):
        return _ticks(node.left) or _ticks(node.right)
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in TICKS
    return False
