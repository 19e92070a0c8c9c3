"""The `os` of a board on the bench: a file system that takes none of its flash. On MicroPython."""

import hostflash
from hostlink import ask

if not hostflash.offered():
    raise ImportError("no module named 'os'")

_BLOCK = ask("flash_block")


def statvfs(path):
    return (_BLOCK, _BLOCK, 0, 0, 0, 0, 0, 0, 0, 255)
