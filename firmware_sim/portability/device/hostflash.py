"""The flash of a board on the bench as MicroPython's extended block device. Runs on MicroPython."""

import host
from hostlink import ask, fetch

# what one answer of the bench has room for, in hex
MOST = 1024


class BlockDevice:
    def readblocks(self, block_num, buf, offset=0):
        at = block_num * ask("flash_block") + offset
        view = memoryview(buf)
        for start in range(0, len(view), MOST):
            n = min(MOST, len(view) - start)
            data = fetch("flash_read", at + start, n)
            if len(data) != n:
                raise OSError(5)
            view[start : start + n] = data

    def writeblocks(self, block_num, buf, offset=None):
        size = ask("flash_block")
        if offset is None:
            for i in range(len(buf) // size):
                self.ioctl(6, block_num + i)
            offset = 0
        where = str(block_num * size + offset)
        self._told(int(host.call("flash_program", where + " " + bytes(buf).hex())))

    def ioctl(self, op, arg=0):
        if op == 4:
            return ask("flash_blocks")
        if op == 5:
            return ask("flash_block")
        if op == 6:
            self._told(ask("flash_erase", arg))
            return 0
        return 0 if op == 3 else None

    def _told(self, why):
        if why == 1:
            raise ValueError("flash is programmed by the page")
        if why:
            raise OSError(5)


def offered():
    """Whether this board gives its firmware any flash."""
    return ask("flash_blocks") > 0
