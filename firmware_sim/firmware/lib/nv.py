"""What must outlive the power: an image of bytes in flash, changed whole or not at all.

Theory of operation

    get(at, buf)   fill buf from the image
    put(at, buf)   buf is to stand in the image from `at` on; nothing is written yet
    commit()       what was put since the last commit is written, all of it in one record

Two areas of the flash are used in turns. An area begins with a snapshot of the image; behind it
stand the changes, one record a commit. When an area is full the other one is erased and gets a
snapshot, one generation on; the full one stays as it is until then. Whoever starts takes the area
with the younger whole snapshot and goes through its changes up to the first that is not whole.

A record begins on a page:

    00     seal: FF while the record is written, 5A when all of it stands and has been read back
    01     S snapshot, P changes      02  layout of the image
    03     generation, 3 bytes        06  length of what follows, 2 bytes
    08     snapshot: the image; changes: place (2), count (2), the bytes; again and again
    then   CRC-16 from 01 on, low byte first

The seal is one byte programmed by itself, so there is no instant at which half a record counts; the
CRC has only to find flash that has gone bad. A page that a cut has left half programmed is never
programmed again: the next commit goes to the other area.
"""

from lib.crc16 import crc16
from lib.pages import BLANK, BLOCK_SIZE, PAGE, Pages, paged

HEAD = 8
AROUND = HEAD + 2
SEAL = 0x5A
SNAPSHOT = 0x53
CHANGES = 0x50
MOST_CHANGED = 64


def area_blocks(size: int, block: int) -> int:
    """How many blocks an area takes: as much room for changes as for the snapshot."""
    return (2 * paged(AROUND + size) + block - 1) // block


def open_nv(board, kept):
    """What the board keeps in its flash, kept = layout and bytes; None if it has none for that."""
    device = board.flash()
    return None if device is None else Nv(device, *kept)


class Nv:
    """An image of `size` bytes in the last blocks of a device; ValueError if it is too small.

    layout: 0..255, what the bytes mean; an image of another layout is not ours.
    found: there was an image. fault: the flash has lost something, or takes nothing more.
    generation: snapshots in the device's life; an area is erased at every other one.
    """

    def __init__(self, device, layout: int, size: int) -> None:
        self.size = size
        self.found = False
        self.fault = False
        self.generation = 0
        self._layout = layout
        self._image = bytearray(size)
        self._view = memoryview(self._image)
        # (place, count) of what has been put and is not yet kept
        self._changed = []
        self._blocks = area_blocks(size, device.ioctl(BLOCK_SIZE, 0))
        self._pages = Pages(device, 2 * self._blocks)
        self._room = self._blocks * self._pages.block
        self._area = 1
        # where in the area the next record goes; `_room`: in the other one
        self._at = self._room
        try:
            self._load()
        except OSError:
            self.found = False
            self.fault = True

    def get(self, at: int, buf) -> None:
        """The image from `at` on into buf."""
        for i in range(len(buf)):
            buf[i] = self._image[at + i]

    def put(self, at: int, buf) -> None:
        """Let buf stand in the image from `at` on; what is the same costs nothing."""
        n = len(buf)
        if self._view[at : at + n] == buf:
            return
        image = self._image
        first = 0
        while image[at + first] == buf[first]:
            first += 1
        last = n - 1
        while image[at + last] == buf[last]:
            last -= 1
        for i in range(first, last + 1):
            image[at + i] = buf[i]
        if len(self._changed) < MOST_CHANGED:
            self._changed.append((at + first, last + 1 - first))
        else:
            # a flash that takes nothing: one snapshot says it all as soon as it does
            self._changed = [(0, self.size)]

    def commit(self) -> bool:
        """Keep what was put; False: the flash does not take it, and only the RAM has it."""
        if not self._changed:
            return True
        try:
            done = self._append() or self._renew()
        except OSError:
            done = False
        self.fault = not done
        if done:
            self.found = True
            self._changed = []
        return done

    def _load(self) -> None:
        """Find the youngest whole image."""
        for area in (0, 1):
            if self._check(area * self._room, SNAPSHOT) != self.size:
                continue
            generation = self._generation(area * self._room)
            if not self.found or generation > self.generation:
                self.found = True
                self.generation = generation
                self._area = area
        if not self.found:
            return
        base = self._area * self._room
        self._take(0, base + HEAD, self.size)
        at = paged(AROUND + self.size)
        while at < self._room:
            n = self._check(base + at, CHANGES)
            if n < 0 or self._generation(base + at) != self.generation:
                break
            self._redo(base + at + HEAD, n)
            at += paged(AROUND + n)
        if at < self._room and self._pages.is_blank(base + at):
            self._at = at

    def _redo(self, pos: int, n: int) -> None:
        """Do n bytes of changes once more."""
        byte = self._pages.byte
        end = pos + n
        while pos < end:
            place = byte(pos) << 8 | byte(pos + 1)
            count = byte(pos + 2) << 8 | byte(pos + 3)
            if place + count > self.size or pos + 4 + count > end:
                self.fault = True
                return
            self._take(place, pos + 4, count)
            pos += 4 + count

    def _take(self, place: int, at: int, count: int) -> None:
        """Bytes of the flash into the image."""
        image = self._image
        page = self._pages.page
        while count:
            start = at % PAGE
            self._pages.read(at - start)
            n = min(count, PAGE - start)
            for i in range(n):
                image[place + i] = page[start + i]
            place += n
            at += n
            count -= n

    def _generation(self, at: int) -> int:
        byte = self._pages.byte
        return byte(at + 3) << 16 | byte(at + 4) << 8 | byte(at + 5)

    def _check(self, at: int, kind: int) -> int:
        """Length of the sealed record of this kind at `at`; -1 if there is none.

        What has its seal and is not whole has gone bad since: a fault.
        """
        byte = self._pages.byte
        if byte(at) != SEAL:
            return -1
        n = byte(at + 6) << 8 | byte(at + 7)
        if self._sum(at, n) != (byte(at + HEAD + n) | byte(at + HEAD + n + 1) << 8):
            self.fault = True
            return -1
        if byte(at + 1) != kind or byte(at + 2) != self._layout:
            return -1
        return n

    def _sum(self, at: int, n: int) -> int:
        """CRC of the record at `at` as the flash has it; -1 if it does not fit its area."""
        if at % self._room + AROUND + n > self._room:
            return -1
        crc = 0xFFFF
        end = at + HEAD + n
        for page in range(at, end, PAGE):
            self._pages.read(page)
            crc = crc16(self._pages.page, 0 if page != at else 1, min(PAGE, end - page), crc)
        return crc

    def _append(self) -> bool:
        """The changes behind those that stand there; False if they do not fit or do not hold."""
        n = 0
        for _, count in self._changed:
            n += 4 + count
        at = self._at
        if at + AROUND + n > self._room:
            return False
        # whatever comes of it, this page is not programmed again
        self._at = self._room
        at += self._area * self._room
        crc = self._begin(at, CHANGES, self.generation, n)
        for place, count in self._changed:
            crc = self._add(bytes((place >> 8, place & 0xFF, count >> 8, count & 0xFF)), crc)
            crc = self._add(self._view[place : place + count], crc)
        if not self._seal(at, n, crc):
            return False
        self._at = at % self._room + paged(AROUND + n)
        return True

    def _renew(self) -> bool:
        """A snapshot in the other area, which is the one in use from then on."""
        area = 1 - self._area
        for i in range(self._blocks):
            self._pages.erase(area * self._blocks + i)
        at = area * self._room
        crc = self._begin(at, SNAPSHOT, self.generation + 1, self.size)
        crc = self._add(self._image, crc)
        if not self._seal(at, self.size, crc):
            return False
        self._area = area
        self.generation += 1
        self._at = paged(AROUND + self.size)
        return True

    def _begin(self, at: int, kind: int, generation: int, n: int) -> int:
        """The head of a record; its CRC so far."""
        self._pages.begin(at)
        self._pages.add(BLANK)
        head = (kind, self._layout, generation >> 16 & 0xFF, generation >> 8 & 0xFF)
        return self._add(bytes(head + (generation & 0xFF, n >> 8, n & 0xFF)), 0xFFFF)

    def _add(self, data, crc: int) -> int:
        """More of a record; its CRC so far."""
        for one in data:
            self._pages.add(one)
        return crc16(data, 0, len(data), crc)

    def _seal(self, at: int, n: int, crc: int) -> bool:
        """Finish a record: read it back and make it count; False: the flash has not kept it."""
        pages = self._pages
        pages.add(crc & 0xFF)
        pages.add(crc >> 8)
        pages.end()
        end = at + HEAD + n
        stored = pages.byte(end) | pages.byte(end + 1) << 8
        if self._sum(at, n) != crc or stored != crc:
            return False
        pages.read(at)
        pages.page[0] = SEAL
        pages.program(at)
        return pages.byte(at) == SEAL
