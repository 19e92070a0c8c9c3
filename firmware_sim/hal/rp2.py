"""`rp2`, `esp32` and `os` of the firmware on CPython: what of them reaches the board's flash.

The first two give MicroPython's extended block device; signatures as in the stubs of the ports.
"""

from types import ModuleType
from typing import Any

from firmware_sim.hal.board import FlashPart

ERASE = 6
PARTITION = "boxgate"
"""The data partition an esp32 board has for what outlives the power."""
FILES = 0
"""Bytes of the flash that the file system takes: the bench's is none of ours."""


class BlockDevice:
    """vfs.AbstractBlockDev over a flash."""

    def __init__(self, flash: FlashPart) -> None:
        self._flash = flash

    def readblocks(self, block_num: int, buf: Any, offset: int = 0) -> None:
        """Fill buf from a place on."""
        data = self._flash.read(block_num * self._flash.block + offset, len(buf))
        memoryview(buf)[:] = data

    def writeblocks(self, block_num: int, buf: Any, offset: int | None = None) -> None:
        """Program; without an offset erase what is needed before."""
        flash = self._flash
        if offset is None:
            for i in range(len(buf) // flash.block):
                flash.erase(block_num + i)
        flash.program(block_num * flash.block + (offset or 0), bytes(buf))

    def ioctl(self, op: int, arg: int = 0) -> int | None:
        """4: how many blocks, 5: their size, 6: erase one; others: None."""
        if op == ERASE:
            self._flash.erase(arg)
            return 0
        return {3: 0, 4: self._flash.count, 5: self._flash.block}.get(op)


def flash_modules(flash: FlashPart) -> dict[str, ModuleType]:
    """What a board whose flash this is can import besides."""
    return {
        "rp2": rp2_module(flash),
        "esp32": esp32_module(flash, PARTITION),
        "os": os_module(FILES // flash.block, flash.block),
    }


def os_module(blocks: int, block: int) -> ModuleType:
    """An `os` that knows how long the file system is: it ends before the flash does."""
    module = ModuleType("os")
    vars(module).update(statvfs=lambda path: (block, block, blocks, 0, 0, 0, 0, 0, 0, 255))
    return module


def rp2_module(flash: FlashPart) -> ModuleType:
    """An `rp2` whose Flash is this one."""
    module = ModuleType("rp2")
    vars(module).update(Flash=lambda *, start=-1, len=-1: BlockDevice(flash))
    return module


def esp32_module(flash: FlashPart, label: str) -> ModuleType:
    """An `esp32` with one data partition of that label."""

    class Partition(BlockDevice):
        TYPE_APP = 0
        TYPE_DATA = 1

        @staticmethod
        def find(type: int = 0, subtype: int = 255, /, label: str | None = None) -> list[Any]:
            """The partitions of that type and label."""
            return [Partition(flash)] if type == 1 and label in (None, name) else []

    name = label
    module = ModuleType("esp32")
    vars(module).update(Partition=Partition)
    return module
