"""DL/T 698.45 framing, plain twin and reference: bytes in, whole checked frames out.

Theory of operation
-------------------
A frame is 68 L L C SA CA HCS HCS data FCS FCS 16 (DL/T 698.45-2017 §7). L counts all between 68
and 16, SA is a flag byte with the address length and then the address, low byte first. Nothing is
stuffed, so 68 and 16 may stand anywhere inside, and a line brings wake-up FE bytes, noise, torn
frames and its own echo. So every 68 is a candidate and is in one of these states:

    refused   L is out of bounds, the HCS, the FCS or the 16 is wrong: it never was a frame
    unproven  fits so far, but its HCS has not come: it comes 9 to 24 bytes behind the 68
    proven    the HCS is right, so this is a header and L is to be believed; `due` is its end
    whole     all is there and right

The leftmost candidate alone is weighed, all in front of it is thrown away, and no later one
overtakes it: what stands in its data (a forwarded command carries frames whole) is never taken
for a frame of this line, and the frames do not depend on how the bytes are cut. A header made of
noise is refused after 24 bytes at most, so it holds nothing back. What a proven header can hold
back is the frame behind a torn one; it comes when the torn one's length is up, or at gap(): no
candidate reaches across a silence, so the torn one is given up and what stands whole behind it
waits for feed(b"").

Both sums leave the same remainder when they are right (F0B8 of CRC-16/X.25), and the HCS is itself
under the FCS: so the FCS is a sum over the bytes behind the HCS alone, begun with that remainder.

A candidate is weighed at most five times (68, length, address length, HCS, FCS). The HCS reads 23
bytes and the FCS those of a proven frame only, so the cost is linear in the bytes fed; a stream
made of proven headers in each other costs at most limit / 9 sums a byte. A drained scanner holds
fewer bytes than its limit, whatever is fed.

`noise` counts every byte thrown away that is not FE. `bad` counts proven headers whose FCS or end
was wrong; a wrong HCS and what a silence gave up are not bad, they are noise.
"""

from binascii import crc_hqx

LEAST, MOST = 2048, 16385
"""Bounds of a scanner's limit, bytes of a whole frame; MOST is what 14 bits of L can say."""

_START, _END, _WAKE = 0x68, 0x16, 0xFE
_ENVELOPE = 10  # a frame without its address and its data
_MINUS = bytes((value - 0x33) & 0xFF for value in range(256))
_PLUS = bytes((value + 0x33) & 0xFF for value in range(256))
# crc_hqx is the same polynomial with every byte's highest bit first: bytes go in mirrored, and its
# register is the mirror of ours; 1D0F is the mirror of F0B8
_MIRROR = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_REMAINDER = 0x1D0F
_SCRAMBLED, _FRAGMENT, _DIR = 0x08, 0x20, 0x80


def _sum(data: bytes) -> bytes:
    """CRC-16/X.25 as on the line, low byte first (§7.3)."""
    return (crc_hqx(data.translate(_MIRROR), 0xFFFF) ^ 0xFFFF).to_bytes(2, "big").translate(_MIRROR)


class Frame698:
    """One whole, checked DL/T 698.45 frame; made by a scanner only."""

    __slots__ = ("_raw", "_start")
    _raw: bytes
    _start: int

    def __init__(self) -> None:
        raise TypeError("a Frame698 is made by Scanner698.feed")

    @property
    def start(self) -> int:
        """Offset of the 68 in all bytes fed to the scanner."""
        return self._start

    @property
    def raw(self) -> bytes:
        """From the 68 to the 16, as on the line."""
        return self._raw

    @property
    def control(self) -> int:
        """Control code C."""
        return self._raw[3]

    @property
    def answer(self) -> bool:
        """DIR of the control code: the frame comes from the server, a meter."""
        return self._raw[3] >= _DIR

    @property
    def fragment(self) -> bool:
        """Whether the data is one fragment of an APDU, with its two bytes of fragment header."""
        return self._raw[3] & _FRAGMENT != 0

    @property
    def scrambled(self) -> bool:
        """Whether the data was sent +33H."""
        return self._raw[3] & _SCRAMBLED != 0

    @property
    def address_type(self) -> int:
        """0 single, 1 wildcard, 2 group, 3 broadcast."""
        return self._raw[4] >> 6

    @property
    def logical(self) -> int:
        """Logical address, 0..3; 0 is the whole device."""
        return self._raw[4] >> 4 & 3

    @property
    def address(self) -> bytes:
        """Server address, 1..16 bytes, high byte first as printed on a meter."""
        return self._raw[5 + (self._raw[4] & 15) : 4 : -1]

    @property
    def client(self) -> int:
        """Client address CA; 0 where nobody cares."""
        return self._raw[6 + (self._raw[4] & 15)]

    @property
    def data(self) -> bytes:
        """What stands between HCS and FCS, -33H where it was sent scrambled."""
        raw = self._raw
        data = raw[9 + (raw[4] & 15) : -3]
        return data.translate(_MINUS) if raw[3] & _SCRAMBLED else data

    def __repr__(self) -> str:
        return f"<Frame698 {self._raw.hex(' ').upper()} at {self._start}>"


_new = object.__new__


class Scanner698:
    """Finds frames in a stream of bytes that may hold anything.

    `limit` is the longest frame believed in, 2048..16385 bytes; ValueError for another.
    """

    __slots__ = ("_bad", "_base", "_due", "_head", "_limit", "_noise", "_silence", "_window")

    def __init__(self, limit: int = LEAST) -> None:
        if not LEAST <= limit <= MOST:
            raise ValueError(f"limit must be {LEAST}..{MOST}")
        self._noise = 0
        self._bad = 0
        self._limit = limit
        self._window = b""
        self._base = 0  # offset of window[0] in all bytes fed
        self._head = 0  # window[head:] is pending
        self._due = 0  # nothing new can be said before this many bytes have been fed
        self._silence = 0  # no candidate reaches across this many bytes fed

    @property
    def noise(self) -> int:
        """Bytes thrown away since creation, FE not counted."""
        return self._noise

    @property
    def bad(self) -> int:
        """Proven headers refused for their FCS or end since creation."""
        return self._bad

    def feed(self, data: bytes) -> Frame698 | None:
        """The next whole checked frame, or None; feed(b"") for more that may already wait.

        A caller that feeds on without draining loses the oldest waiting bytes beyond twice the
        limit.
        """
        if not self._window:
            self._window = data
        elif data:
            self._append(data)
        if self._base + len(self._window) < self._due:
            return None
        size = self._find()
        if not size:
            return None
        frame = _new(Frame698)
        frame._start = self._base + self._head
        frame._raw = self._window[self._head : self._head + size]
        self._pass(self._head + size)
        return frame

    def gap(self) -> None:
        """Silence: what is pending can't be continued.

        It is thrown away, but for whole frames that stood behind a torn one: those come with
        feed(b""), as do those that already waited. Of several silences among bytes that nobody
        drained only the last is remembered.
        """
        if self._window:
            self._silence = self._base + len(self._window)
            self._find()

    def _append(self, data: bytes) -> None:
        window, head = self._window, self._head
        if len(window) - head > 2 * self._limit:
            upto = len(window) - 2 * self._limit
            self._count(head, upto)
            head = upto
        self._window = window[head:] + data
        self._base += head
        self._head = 0

    def _count(self, start: int, upto: int) -> None:
        """window[start:upto] is noise, its FE bytes excepted."""
        if upto > start:
            self._noise += upto - start - self._window.count(_WAKE, start, upto)

    def _pass(self, upto: int) -> None:
        """All before window[upto] has been dealt with."""
        if upto == len(self._window):
            self._base += upto
            self._window = b""
            upto = 0
        self._head = upto

    def _assess(self, at: int) -> int:
        """> 0: pending, that many bytes are needed; 0: refused; < 0: whole, minus its size."""
        window = self._window
        have = len(window) - at
        if have < 3:
            return 3
        length = window[at + 1] | window[at + 2] << 8
        if length >= 0x4000:
            # bit 14 counts in KB; bit 15 is reserved, what it will mean is not known
            length = (length & 0x3FFF) << 10 if length < 0x8000 else 0
        size = length + 2
        if length < _ENVELOPE or size > self._limit:
            return 0
        if have < 5:
            return 5
        header = 9 + (window[at + 4] & 15)
        if size < header + 3:
            return 0
        if have < header:
            return header
        if crc_hqx(window[at + 1 : at + header].translate(_MIRROR), 0xFFFF) != _REMAINDER:
            return 0
        if have < size:
            return size
        if (
            window[at + size - 1] == _END
            and crc_hqx(window[at + header : at + size - 1].translate(_MIRROR), _REMAINDER)
            == _REMAINDER
        ):
            return -size
        self._bad += 1
        return 0

    def _find(self) -> int:
        """Throw away what stands before the leftmost candidate; its size if it is whole, else 0."""
        window, base, silence = self._window, self._base, self._silence
        at = window.find(_START, self._head)
        while at >= 0:
            size = self._assess(at)
            if size and not base + at < silence < base + at + abs(size):
                break
            at = window.find(_START, at + 1)
        else:
            at, size = len(window), 0
        self._count(self._head, at)
        self._pass(at)
        self._due = base + at + size if size > 0 else 0
        return -size if size < 0 else 0


def build698(
    control: int,
    address: bytes,
    address_type: int,
    logical: int,
    client: int,
    data: bytes,
    wake: int,
) -> bytes:
    """A whole frame for the line: `wake` FE bytes, then 68 … 16.

    `address` is 1..16 bytes, high byte first as printed; `data` is what goes between HCS and FCS,
    not yet scrambled: +33H is added here where `control` says so. ValueError for what does not fit
    its field, and for a frame longer than 16385 bytes. DL/T 698.45-2017 §7.
    """
    if not 1 <= len(address) <= 16:
        raise ValueError("address must be 1..16 bytes")
    length = _ENVELOPE - 1 + len(address) + len(data)
    if length + 2 > MOST:
        raise ValueError(f"data must be at most {MOST - 11 - len(address)} bytes")
    flag = _whole(address_type, 3, "address_type") << 6 | _whole(logical, 3, "logical") << 4
    header = b"%b%c%c%b%c" % (
        length.to_bytes(2, "little"),
        _whole(control, 0xFF, "control"),
        flag | len(address) - 1,
        address[::-1],
        _whole(client, 0xFF, "client"),
    )
    if control & _SCRAMBLED:
        data = data.translate(_PLUS)
    body = header + _sum(header) + data
    return b"%b\x68%b%b\x16" % (b"\xfe" * _whole(wake, 0xFF, "wake"), body, _sum(body))


def _whole(number: int, top: int, what: str) -> int:
    if not 0 <= number <= top:
        raise ValueError(f"{what} must be 0..{top:#x}")
    return number
