"""The link layer of the 698 meter: frames out, long APDUs in fragments both ways (5.1, sheet §1).

Theory of operation

A fragment's user data begin with a word: number in bits 0..11, in bits 14, 15 what it is: FIRST,
LAST, ACKNOWLEDGED or MIDDLE. Whoever gets a first or middle fragment acknowledges it by its number;
a fragment that comes again is acknowledged again and not taken twice.

    taken(...)    a fragment of a request: the whole request's length, ACKNOWLEDGE, or SILENCE
    begin(size)   the answer in `body` is to go out: its first frame stands in `out`
    more(number)  a fragment of the answer was acknowledged: the next one, or the same once more
"""

from lib.crc_x25 import crc_x25
from meter698.axdr import put_copy
from meter698.receiver import END, START

FIRST = 0
LAST = 1
ACKNOWLEDGED = 2
MIDDLE = 3

SILENCE = -1
ACKNOWLEDGE = -2
NONE = -1
NUMBERS = 0x0FFF

ANSWER = 0xC3
FRAGMENT = 0x20
SCRAMBLED = 0x08
SHIFT = 0x33

ADDRESS = 6
# all of a frame that is not user data, and the word of a fragment
AROUND = 17
WORD = 2

REQUEST = 1024
FRAME = 512
LONGEST = 1024
SHORTEST = 64


class Link:
    """One meter's link. `number`: its 6 bytes, lowest digits first; `body`: where answers stand."""

    def __init__(self, number, body, wake: int):
        self.number = number
        self.out = bytearray(wake + LONGEST)
        # the most bytes of a frame that goes out, as agreed with the client
        self.most = FRAME
        self._timeout = 0
        self._heard = 0
        # the client that has shown the password, for as long
        self._trusted = NONE
        # of the request that is answered: client address, whether it was scrambled
        self.client = 0
        self.scrambled = False
        self.request = bytearray(REQUEST)
        self._wake = wake
        self._body = body
        # of a request in fragments: bytes so far, the number awaited, whether it was whole
        self._got = 0
        self._awaited = NONE
        self._whole = False
        # of an answer in fragments: its bytes, the number of the last one sent
        self._size = 0
        self._sent = NONE
        for i in range(wake):
            self.out[i] = 0xFE
        self.out[wake] = START

    def forget(self) -> None:
        """A new request: whatever was going on in fragments is over."""
        self._awaited = NONE
        self._sent = NONE

    def agree(self, most: int, timeout: int, trusted: bool) -> None:
        """The most bytes of a frame, until nothing has come for `timeout` s; 0 = for ever.

        trusted: the client has shown the password.
        """
        self.most = most
        self._timeout = timeout
        self._trusted = self.client if trusted else NONE

    def trusted(self) -> bool:
        """Whether the client that asks has shown the password in its connection."""
        return self._trusted == self.client

    def distrust(self) -> None:
        """Whatever was shown is to be shown again."""
        self._trusted = NONE

    def release(self) -> None:
        """What was agreed with the client ends."""
        self.most = FRAME
        self._timeout = 0
        self._trusted = NONE

    def heard(self, now: int) -> None:
        """A frame has come at a second of a clock nobody sets."""
        if self._timeout and now - self._heard > self._timeout:
            self.release()
        self._heard = now

    def taken(self, buf, start: int, end: int, kind: int, number: int) -> int:
        """A fragment of a request, its data buf[start:end] behind the word.

        Out of order, or of a request that is longer than there is room for: SILENCE.
        """
        if kind == FIRST:
            self.forget()
            self._awaited = number
            self._got = 0
            self._whole = False
        if self._awaited == NONE:
            return SILENCE
        if number == self._awaited and not self._whole:
            size = end - start
            if self._got + size > REQUEST:
                self._awaited = NONE
                return SILENCE
            put_copy(self.request, self._got, buf, start, end)
            self._got += size
            self._awaited = (number + 1) & NUMBERS
            self._whole = kind == LAST
        elif number != (self._awaited - 1) & NUMBERS or self._whole != (kind == LAST):
            return SILENCE
        return self._got if self._whole else ACKNOWLEDGE

    def acknowledge(self, number: int) -> int:
        """The frame that says a fragment has come; its length in `out`."""
        at = self._head(ANSWER | FRAGMENT, WORD)
        at = self._word(at, ACKNOWLEDGED, number)
        return self._close(at - WORD, at)

    def begin(self, size: int) -> int:
        """The answer body[0:size]: its first or only frame; the length in `out`."""
        if size + AROUND <= self.most:
            at = self._head(ANSWER, size)
            return self._close(at, put_copy(self.out, at, self._body, 0, size))
        self._size = size
        return self._fragment(0)

    def more(self, number: int) -> int:
        """The fragment behind the acknowledged one; the length in `out`, 0 = there is none."""
        if self._sent == NONE:
            return 0
        # the client asks again for what it did not get
        if number == self._sent - 1:
            return self._fragment(self._sent)
        if number != self._sent or (number + 1) * self._piece() >= self._size:
            return 0
        return self._fragment(number + 1)

    def whole(self) -> bool:
        """Whether no further fragment of the answer is to be asked for."""
        return self._sent == NONE or (self._sent + 1) * self._piece() >= self._size

    def _piece(self) -> int:
        return self.most - AROUND - WORD

    def _fragment(self, number: int) -> int:
        self._sent = number
        start = number * self._piece()
        end = min(start + self._piece(), self._size)
        kind = LAST if end == self._size else MIDDLE if number else FIRST
        at = self._head(ANSWER | FRAGMENT, WORD + end - start)
        at = self._word(at, kind, number)
        return self._close(at - WORD, put_copy(self.out, at, self._body, start, end))

    def _word(self, at: int, kind: int, number: int) -> int:
        self.out[at] = number & 0xFF
        self.out[at + 1] = kind << 6 | number >> 8
        return at + WORD

    def _head(self, control: int, size: int) -> int:
        """Everything before `size` bytes of user data; where these stand."""
        out = self.out
        head = self._wake
        length = AROUND - 2 + size
        out[head + 1] = length & 0xFF
        out[head + 2] = length >> 8
        out[head + 3] = control | SCRAMBLED if self.scrambled else control
        out[head + 4] = ADDRESS - 1
        for i in range(ADDRESS):
            out[head + 5 + i] = self.number[i]
        at = head + 5 + ADDRESS
        out[at] = self.client
        return self._check(head + 1, at + 1)

    def _check(self, start: int, end: int) -> int:
        crc = crc_x25(self.out, start, end)
        self.out[end] = crc & 0xFF
        self.out[end + 1] = crc >> 8
        return end + 2

    def _close(self, start: int, end: int) -> int:
        """Shift the user data out[start:end] if they are scrambled, check, end."""
        out = self.out
        if self.scrambled:
            for i in range(start, end):
                out[i] = (out[i] + SHIFT) & 0xFF
        at = self._check(self._wake + 1, end)
        out[at] = END
        return at + 1
