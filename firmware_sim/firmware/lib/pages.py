"""Flash as one row of bytes that is read by the page and written as a stream.

The device is MicroPython's extended block device (vfs.AbstractBlockDev): readblocks and
writeblocks with an offset, ioctl 4 (blocks), 5 (bytes a block), 6 (erase one). What is erased is
FF; programming takes bits away. A page is the least that the RP2040's flash can be programmed by.
"""

PAGE = 256
BLANK = 0xFF

BLOCKS = 4
BLOCK_SIZE = 5
ERASE = 6


def paged(n: int) -> int:
    """n bytes in whole pages."""
    return (n + PAGE - 1) // PAGE * PAGE


class Pages:
    """The last `count` blocks of a device. Addresses count from the first of these."""

    def __init__(self, device, count: int) -> None:
        self.block = device.ioctl(BLOCK_SIZE, 0)
        self._device = device
        self._first = device.ioctl(BLOCKS, 0) - count
        if self._first < 0:
            raise ValueError("flash too small")
        self.page = bytearray(PAGE)
        # which page stands in `page`; -1: none, or one that is being made
        self._held = -1
        self._at = 0
        self._fill = 0

    def read(self, at: int) -> None:
        """The page at `at` into `page`."""
        if self._held != at:
            self._held = -1
            where = self._first + at // self.block
            self._device.readblocks(where, self.page, at % self.block)
            self._held = at

    def byte(self, at: int) -> int:
        """One byte."""
        self.read(at // PAGE * PAGE)
        return self.page[at % PAGE]

    def is_blank(self, at: int) -> bool:
        """Whether the page at `at` can be programmed."""
        self.read(at)
        for one in self.page:
            if one != BLANK:
                return False
        return True

    def program(self, at: int) -> None:
        """`page` into the flash at `at`."""
        # what stands there now is for the flash to say
        self._held = -1
        self._device.writeblocks(self._first + at // self.block, self.page, at % self.block)

    def erase(self, block: int) -> None:
        """One block, counted from the first of ours."""
        self._held = -1
        self._device.ioctl(ERASE, self._first + block)

    def begin(self, at: int) -> None:
        """Bytes are to be written from the page at `at` on."""
        self._held = -1
        self._at = at
        self._wipe()

    def add(self, one: int) -> None:
        """One more; a full page is programmed when the next one begins."""
        if self._fill == PAGE:
            self.end()
            self._at += PAGE
            self._wipe()
        self.page[self._fill] = one
        self._fill += 1

    def end(self) -> None:
        """Program what is left."""
        self.program(self._at)

    def _wipe(self) -> None:
        self._fill = 0
        for i in range(PAGE):
            self.page[i] = BLANK
