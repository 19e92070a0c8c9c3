"""The files of one board as they stand in its flash: main.py, board.py, and what they import."""

import shutil
from pathlib import Path

from firmware_sim.hal.loader import ROOT
from firmware_sim.mpy import bytecode

PAST = Path(__file__).parent / "device" / "past.py"
"""A made-up past for a meter."""


def lay_out(
    folder: Path, firmware: str, profile: str, root: Path = ROOT, main: Path | None = None
) -> Path:
    """Lay `firmware` (meter645, tmu, …) for a board of that pin profile into an empty folder.

    `main`: another main.py in the place of its own, which may want PAST beside it.
    """
    for name in ("lib", firmware):
        skip = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(root / name, folder / name, ignore=skip)
    shutil.move(folder / firmware / "main.py", folder / "main.py")
    if main is not None:
        shutil.copyfile(main, folder / "main.py")
        shutil.copyfile(PAST, folder / PAST.name)
    shutil.copyfile(root / "boards" / f"{profile}.py", folder / "board.py")
    return folder


def compile_all(folder: Path, target: Path) -> Path:
    """The same files as bytecode, which a start need not make first; main.py as it is."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        to = target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "main.py":
            shutil.copyfile(path, to)
        else:
            to.with_suffix(".mpy").write_bytes(bytecode(path.read_text("utf-8"), str(name)))
    return target
