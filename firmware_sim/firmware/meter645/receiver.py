"""Bytes from the line into whole, checked frames, in one fixed buffer (DL/T 645-2007 5.2).

A frame is 68, six address bytes, 68, control, L, L data bytes, checksum, 16. 68 and 16 may stand
anywhere inside, so only L says where a frame ends; when a candidate proves false the search goes on
at the byte behind its 68. Wake-up bytes before the frame are passed over like any other noise.
"""

from lib.checksum import sum8
from lib.copy import copy

LONGEST = 12 + 255
# what may be looked at behind a frame without data: an identifier has four bytes, sum and end two
BEHIND = 2
START = 0x68
FIRST = b"\x68"
END = 0x16


class Receiver:
    """The receive buffer of one meter.

    A candidate is never longer than LONGEST, and `frame` is run until it gives -1 after every
    `put`, so the buffer of two such lengths always has room for more.
    """

    def __init__(self) -> None:
        self.buf = bytearray(2 * LONGEST + BEHIND)
        self.n = 0
        self.at = 0

    def put(self, src: bytearray, start: int, end: int) -> int:
        """Take src[start:end] or as much of it as there is room for; how many were taken."""
        buf = self.buf
        n = self.n
        count = min(end - start, 2 * LONGEST - n)
        copy(buf, n, src, start, start + count)
        self.n = n + count
        return count

    def frame(self) -> int:
        """Where in `buf` the next whole frame starts, valid until the next call; -1 = none yet."""
        buf = self.buf
        n = self.n
        at = self.at
        if at == n:
            # a frame that is done with was all there was
            self.n = 0
            self.at = 0
            return -1
        while at < n:
            if buf[at] != START:
                at = buf.find(FIRST, at, n)
                if at < 0:
                    at = n
                    break
            left = n - at
            if left < 10:
                if left < 8 or buf[at + 7] == START:
                    break
                at += 1
                continue
            if buf[at + 7] != START:
                at += 1
                continue
            size = 12 + buf[at + 9]
            if left < size:
                break
            last = at + size - 1
            if buf[last] == END and sum8(buf, at, last - 1) == buf[last - 1]:
                self.at = at + size
                return at
            at += 1
        self._keep(at)
        return -1

    def reset(self) -> None:
        """Forget what has come."""
        self.n = 0
        self.at = 0

    def _keep(self, at: int) -> None:
        buf = self.buf
        left = self.n - at
        if at:
            copy(buf, 0, buf, at, self.n)
        self.n = left
        self.at = 0
