"""The `rp2` of a board on the bench: its flash, if it offers one. Runs on MicroPython."""

import hostflash

if not hostflash.offered():
    raise ImportError("no module named 'rp2'")


class Flash(hostflash.BlockDevice):
    def __init__(self, *, start=-1, len=-1):
        pass
