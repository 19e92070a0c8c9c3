"""Lays out the MicroPython stubs of the installed packages in a folder of their own.

The type checker of the firmware must see `machine`, `select` and `time` as a board has them, and
nothing else that happens to be installed. Run: `python scripts/_typings.py FOLDER`.
"""

import pathlib
import shutil
import sys
from importlib import metadata

PACKAGES = ("micropython-rp2-stubs", "micropython-stdlib-stubs")
PROFILE = pathlib.Path("firmware_sim/firmware/boards/rp2040.py")
"""The board profile a board carries as board.py."""


def lay_out(folder: pathlib.Path) -> None:
    """Copy every stub of PACKAGES into `folder`, unless these very versions are there already."""
    versions = "\n".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    stamp = folder / "versions.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != versions:
        shutil.rmtree(folder, ignore_errors=True)
        _copy_stubs(folder)
        stamp.write_text(versions, encoding="utf-8")
    shutil.copyfile(PROFILE, folder / "board.py")


def _copy_stubs(folder: pathlib.Path) -> None:
    for name in PACKAGES:
        for file in metadata.files(name) or ():
            if file.suffix != ".pyi":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


if __name__ == "__main__":
    lay_out(pathlib.Path(sys.argv[1]))
