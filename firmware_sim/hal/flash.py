"""NOR flash of a board, in bytes: erasing a block sets its bits, programming takes them away.

The power may go at any byte that is being programmed or erased (`cut`): what was reached is
changed, the byte itself as far as `torn` says, the rest is as it was. A worn cell keeps what it has
(`stuck`).
"""

from dataclasses import dataclass, field

from firmware_sim.hal.board import PowerOff

BLOCK = 4096
PAGE = 256
BLANK = 0xFF


@dataclass(slots=True)
class Flash:
    """A flash of `count` blocks; it outlives the boards that are made on it."""

    count: int = 4
    block: int = BLOCK
    page: int = PAGE
    """The least that can be programmed, bytes."""
    data: bytearray = field(default_factory=bytearray)
    cut: int | None = None
    """Bytes that are still changed before the power goes; None = it stays."""
    torn: int = 0
    """Which bits of the byte the cut falls into are changed already."""
    stuck: frozenset[int] = frozenset()
    """Addresses that take nothing more."""
    erased: list[int] = field(default_factory=list)
    """How often each block has been erased."""
    programmed: int = 0
    """Pages programmed."""

    def __post_init__(self) -> None:
        if not self.data:
            self.data = bytearray([BLANK]) * (self.count * self.block)
        self.erased = self.erased or [0] * self.count

    def read(self, at: int, count: int) -> bytes:
        """Bytes from an address on; OSError behind the end."""
        self._inside(at, count)
        return bytes(self.data[at : at + count])

    def program(self, at: int, data: bytes) -> None:
        """Whole pages; ValueError if they are not."""
        self.whole_pages(at, len(data))
        self.programmed += len(data) // self.page
        for i, byte in enumerate(data, at):
            self._change(i, self.data[i] & byte)

    def erase(self, block: int) -> None:
        """One block."""
        self._inside(block * self.block, self.block)
        self.erased[block] += 1
        for i in range(block * self.block, (block + 1) * self.block):
            self._change(i, BLANK)

    def whole_pages(self, at: int, count: int) -> None:
        """ValueError if a place is not one of whole pages, OSError if there is none."""
        self._inside(at, count)
        if at % self.page or count % self.page:
            raise ValueError("flash is programmed by the page")

    def _change(self, at: int, value: int) -> None:
        # a byte that stays as it is cannot be caught half done
        if value == self.data[at]:
            return
        if self.cut is not None:
            if not self.cut:
                self.data[at] = (self.data[at] & ~self.torn) | (value & self.torn)
                raise PowerOff
            self.cut -= 1
        if at not in self.stuck:
            self.data[at] = value

    def _inside(self, at: int, count: int) -> None:
        if not 0 <= at <= at + count <= len(self.data):
            raise OSError(5)
