"""Bytes from the line into whole, checked frames, in one fixed buffer (DL/T 698.45-2017 5.1).

68, L (2, low byte first: all between 68 and 16), control, address flag, address, CA, HCS (2), user
data, FCS (2), 16. Any byte may stand anywhere inside, so only a header with the right HCS says
where a frame ends; when a candidate proves false the search goes on at the byte behind its 68.
Wake-up bytes before the frame are passed over like any other noise.
"""

from lib.crc_x25 import crc_x25

START = 0x68
END = 0x16
# the longest frame this meter takes, all its bytes; it says so when it is connected to
LONGEST = 512
# from the 68 to the address; from the address to the user data; behind the user data
HEAD = 5
CHECKED = 3
TAIL = 3


class Receiver:
    """The receive buffer of one meter.

    A candidate is never longer than LONGEST, and `frame` is run until it gives -1 after every
    `put`, so the buffer of two such lengths always has room for more. The last frame's user data
    are buf[data:end].
    """

    def __init__(self) -> None:
        self.buf = bytearray(2 * LONGEST)
        self.n = 0
        self.at = 0
        self.data = 0
        self.end = 0

    def put(self, src, start: int, end: int) -> int:
        """Take src[start:end] or as much of it as there is room for; how many were taken."""
        buf = self.buf
        n = self.n
        count = min(end - start, len(buf) - n)
        for i in range(count):
            buf[n + i] = src[start + i]
        self.n = n + count
        return count

    def frame(self) -> int:
        """Where in `buf` the next whole frame starts, valid until the next call; -1 = none yet."""
        buf = self.buf
        n = self.n
        at = self.at
        while at < n:
            if buf[at] != START:
                at += 1
                continue
            left = n - at
            if left < HEAD:
                break
            size = (buf[at + 1] | buf[at + 2] << 8) + 2
            data = HEAD + (buf[at + 4] & 15) + 1 + CHECKED
            if not data + TAIL <= size <= LONGEST:
                at += 1
                continue
            if left < data:
                break
            if not _checked(buf, at + 1, at + data - 2):
                at += 1
                continue
            if left < size:
                break
            last = at + size - 1
            if buf[last] == END and _checked(buf, at + 1, last - 2):
                self.data = at + data
                self.end = last - 2
                self.at = at + size
                return at
            at += 1
        self._keep(at)
        return -1

    def pending(self) -> bool:
        """Whether the beginning of a frame waits for the rest."""
        return self.n > 0

    def reset(self) -> None:
        """Forget what has come."""
        self.n = 0
        self.at = 0

    def _keep(self, at: int) -> None:
        buf = self.buf
        left = self.n - at
        if at:
            for i in range(left):
                buf[i] = buf[at + i]
        self.n = left
        self.at = 0


def _checked(buf, start: int, end: int) -> bool:
    """Whether behind buf[start:end] stands its CRC."""
    return crc_x25(buf, start, end) == buf[end] | buf[end + 1] << 8
