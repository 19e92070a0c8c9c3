"""The files of one board as they stand in its flash: main.py, board.py, and what they import."""

import shutil
from pathlib import Path

from firmware_sim.hal.loader import ROOT


def lay_out(
    folder: Path, firmware: str, profile: str, root: Path = ROOT, main: Path | None = None
) -> Path:
    """Lay `firmware` (meter645, tmu, …) for a board of that pin profile into an empty folder.

    `main`: another main.py in the place of its own.
    """
    for name in ("lib", firmware):
        skip = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(root / name, folder / name, ignore=skip)
    shutil.move(folder / firmware / "main.py", folder / "main.py")
    if main is not None:
        shutil.copyfile(main, folder / "main.py")
    shutil.copyfile(root / "boards" / f"{profile}.py", folder / "board.py")
    return folder
