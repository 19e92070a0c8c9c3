"""Lays out the MicroPython stubs of the installed packages in a folder of their own.

The type checker of the firmware must see `machine`, `select` and `time` as a board has them, and
nothing else that happens to be installed. Run: `python scripts/_typings.py FOLDER`.
"""

import pathlib
import shutil
import sys
from importlib import metadata

PACKAGES = ("micropython-rp2-stubs", "micropython-stdlib-stubs")


def lay_out(folder: pathlib.Path) -> None:
    """Copy every stub of PACKAGES into `folder`, unless these very versions are there already."""
    versions = "\n".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    stamp = folder / "versions.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == versions:
        return
    shutil.rmtree(folder, ignore_errors=True)
    for name in PACKAGES:
        for file in metadata.files(name) or ():
            if file.suffix != ".pyi":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)
    stamp.write_text(versions, encoding="utf-8")


if __name__ == "__main__":
    lay_out(pathlib.Path(sys.argv[1]))
