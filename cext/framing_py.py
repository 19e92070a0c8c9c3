"""DL/T 645 and Modbus RTU framing, plain twin and reference: bytes in, whole checked frames out.

Theory of operation, DL/T 645
-----------------------------
A frame is 68 A0..A5 68 C L DATA[L] CS 16 (DL/T 645-2007 §5.2). 68 and 16 may stand anywhere inside,
and a line brings wake-up FE bytes, noise, torn frames and its own echo. So every 68 is a candidate
and is in one of three states:

    refused   the second 68, the checksum or the 16 is wrong: it never was a frame
    pending   all that has come fits, more must come; `due` is when more can be said of it
    whole     all is there and right

The scanner holds the pending candidates in order of their start. Of the bytes at hand the leftmost
whole candidate wins and is returned at once, also from inside a pending one: a false header (noise
that looks like 68 … 68 C L) never holds back a good frame behind it. All before the winner is
thrown away. Without a winner everything before the first pending candidate is thrown away.

No frame is shorter than 12 bytes, so a 68 is weighed when 12 bytes of it are there, and then knows
its end. Until the nearest end, or 12 bytes from the first 68 not weighed yet, nothing that comes
can make a frame: `want` says so, and what comes before it is put behind the rest unlooked at. Each
candidate is weighed at most twice (header, checksum) and is at most 267 bytes long, so the cost is
linear in the bytes fed and a drained scanner holds 266 bytes at most, whatever is fed.

`noise` counts every byte thrown away that is not FE. `bad` counts candidates with a full header
whose checksum or end was wrong; candidates given up to a gap or a winner are not bad.

Theory of operation, Modbus RTU
-------------------------------
Nothing in an RTU answer says where it begins or how long it is, and no host keeps the silences
that should tell (Modbus over serial line V1.02 §2.5.1.1). But a master knows what it asked. So the
scanner is told by expect(), and a candidate is one of two shapes only:

    unit function … CRC             `length` long; functions 01..04, 17H: byte count = length - 5;
                                    where `length` is 0, as long as its byte count says
    unit function|80 code CRC       5 long, the exception answer

The leftmost candidate is pending until all of it has come, then it is a frame or one byte of noise,
and the search goes on behind that byte. A later candidate never overtakes it, so what stands in an
answer's data is never taken for a frame and the frames do not depend on how the bytes are cut. Nor
is a good answer held back by a false start: the false one ends before it (an exception behind a
false start of an answer alone may wait until the caller tells of silence). Each candidate is
weighed at most four times (unit, function, byte count, CRC), a drained scanner holds 255 bytes at
most. `noise` counts every byte thrown away, `bad` the candidates refused for their CRC.
"""

from zlib import adler32

LIMIT = 4096
"""A caller that feeds on without draining loses the oldest waiting bytes beyond this many."""

_START, _END, _WAKE = 0x68, 0x16, 0xFE
_HEADER, _ENVELOPE = 10, 12
_ADLER = 256  # of so many bytes the sum stays below the modulus of Adler-32
_PLUS = bytes((value + 0x33) & 0xFF for value in range(256))
MINUS = bytes((value - 0x33) & 0xFF for value in range(256))


class Frame645:
    """One whole, checked DL/T 645 frame; made by a scanner only."""

    __slots__ = ("_raw", "_start")
    _raw: bytes
    _start: int

    def __init__(self) -> None:
        raise TypeError("a Frame645 is made by Scanner645.feed")

    @property
    def start(self) -> int:
        """Offset of the first 68 in all bytes fed to the scanner."""
        return self._start

    @property
    def raw(self) -> bytes:
        """From the first 68 to the 16, as on the line."""
        return self._raw

    @property
    def address(self) -> int:
        """A5..A0 as hex digits in one int: f"{address:012X}" is the printed address."""
        return int.from_bytes(self._raw[1:7], "little")

    @property
    def control(self) -> int:
        """Control code C."""
        return self._raw[8]

    @property
    def answer(self) -> bool:
        """D7 of the control code: the frame comes from a meter."""
        return self._raw[8] >= 0x80

    @property
    def identifier(self) -> int:
        """The first four bytes of DATA as DI3..DI0 in one int; -1 where DATA is shorter."""
        if len(self._raw) < _ENVELOPE + 4:
            return -1
        return int.from_bytes(self._raw[10:14].translate(MINUS), "little")

    @property
    def data(self) -> bytes:
        """DATA after -33H."""
        return self._raw[_HEADER:-2].translate(MINUS)

    def __repr__(self) -> str:
        return f"<Frame645 {self._raw.hex(' ').upper()} at {self._start}>"


_new = object.__new__


def right(raw: bytes) -> bool:
    """Checksum and end of a candidate that is all there."""
    if raw[-1] != _END:
        return False
    if len(raw) <= _ADLER:
        # its low half is the sum of the bytes and one: all but CS and 16 must add up to CS
        return not (adler32(raw) - (1 + _END) - 2 * raw[-2]) & 0xFF
    return sum(raw[:-2]) & 0xFF == raw[-2]


class Scanner645:
    """Finds frames in a stream of bytes that may hold anything."""

    __slots__ = (
        "_alive", "_at", "_bad", "_base", "_head", "_noise", "_undrained", "_want", "_window",
    )  # fmt: skip

    def __init__(self) -> None:
        self._noise = 0
        self._bad = 0
        self._window = b""
        self._base = 0  # offset of window[0] in all bytes fed
        self._head = 0  # window[head:] is pending; 0 unless undrained
        self._at = 0  # window[at:] has not been searched
        self._want = 0  # nothing can be said before the window is so long
        self._undrained = False  # the last search gave a frame and left bytes behind it
        self._alive: list[tuple[int, int]] = []  # pending headers: start and end in the window

    @property
    def noise(self) -> int:
        """Bytes thrown away since creation, FE not counted."""
        return self._noise

    @property
    def bad(self) -> int:
        """Candidates refused for checksum or end since creation."""
        return self._bad

    def feed(self, data: bytes) -> Frame645 | None:
        """The next whole checked frame, or None; feed(b"") for more that may already wait."""
        window = self._window
        if window:
            if self._undrained:
                if data:
                    self._add_undrained(data)
                return self._search()
            self._window = window = window + data
            if len(window) < self._want or not data:
                return None
            return self._search()
        start = data.find(_START)
        if start < 0:
            self._noise += len(data) - data.count(_WAKE)
            self._base += len(data)
            return None
        if start:
            self._noise += start - data.count(_WAKE, 0, start)
            self._base += start
            data = data[start:]
        if len(data) < _ENVELOPE:
            if len(data) < 8 or data[7] == _START:
                # too short for any frame
                self._window = data
                self._at = 0
                self._want = _ENVELOPE
                return None
        elif data[7] == _START:
            # the common case: one whole answer in one read
            size = _ENVELOPE + data[9]
            if size <= len(data):
                raw = data[:size]
                if right(raw):
                    frame = _new(Frame645)
                    frame._raw = raw
                    frame._start = self._base
                    self._base += size
                    if size < len(data):
                        self._window = rest = data[size:]
                        self._at = 0
                        if len(rest) < _ENVELOPE:
                            self._wait([], rest.find(_START))
                        else:
                            self._undrained = True
                    return frame
        self._window = data
        self._at = 0
        return self._search()

    def gap(self) -> None:
        """Silence: what is pending can't be continued, it is thrown away.

        To be told when feed() has returned None; while frames still wait to be drained it is
        passed over, for what is pending behind them is not known yet.
        """
        if not self._undrained:
            self._throw(len(self._window))
            self._alive = []

    def pass_over(self, count: int) -> bool:
        """For Answer645: so many bytes are counted as fed, none as noise, if nothing is pending."""
        if self._window:
            return False
        self._base += count
        return True

    def _add_undrained(self, data: bytes) -> None:
        """Behind what a caller has left; the oldest beyond LIMIT is lost."""
        window, head = self._window, self._head
        if len(window) - head > LIMIT:
            upto = len(window) - LIMIT
            self._noise += upto - head - window.count(_WAKE, head, upto)
            head = upto
        self._window = window[head:] + data
        self._base += head
        self._head = self._at = 0

    def _throw(self, upto: int) -> None:
        """window[head:upto] away."""
        window, head = self._window, self._head
        if upto > head:
            self._noise += upto - head - window.count(_WAKE, head, upto)
        if upto:
            self._window = window[upto:]
            self._base += upto
            self._head = 0

    def _search(self) -> Frame645 | None:
        window = self._window
        have = len(window)
        alive = []
        for start, end in self._alive:
            if end > have:
                alive.append((start, end))
                continue
            raw = window[start:end]
            if right(raw):
                break
            self._bad += 1
        else:
            start = window.find(_START, self._at)
            while 0 <= start <= have - _ENVELOPE:
                if window[start + 7] == _START:
                    end = start + _ENVELOPE + window[start + 9]
                    if end > have:
                        alive.append((start, end))
                    else:
                        raw = window[start:end]
                        if right(raw):
                            break
                        self._bad += 1
                start = window.find(_START, start + 1)
            else:
                self._wait(alive, start)
                return None
        frame = _new(Frame645)
        frame._raw = raw
        frame._start = self._base + start
        if start > self._head:
            self._noise += start - self._head - window.count(_WAKE, self._head, start)
        self._head = self._at = end
        if alive or self._alive:
            self._alive = []
        if have - end >= _ENVELOPE:
            self._undrained = True
        elif have == end:
            self._undrained = False
            self._window = b""
            self._base += end
            self._head = self._at = 0
        else:
            # nothing whole can stand there
            self._wait([], window.find(_START, end))
        return frame

    def _wait(self, alive: list[tuple[int, int]], start: int) -> None:
        """No frame in the window: `alive` and the first 68 of its last bytes, from `start` on (-1:
        there is none), are pending."""
        window = self._window
        have = len(window)
        while 0 <= start < have - 7 and window[start + 7] != _START:
            start = window.find(_START, start + 1)
        since = start = have if start < 0 else start
        want = start + _ENVELOPE
        if alive:
            since, end = alive[0]
            if end < want:
                want = end
            if len(alive) > 1:
                want = min(want, *[end for _, end in alive])
            if since:
                alive = [(at - since, end - since) for at, end in alive]
        self._undrained = False
        self._alive = alive
        self._at = start - since
        self._want = want - since
        if since:
            head = self._head
            if since > head:
                self._noise += since - head - window.count(_WAKE, head, since)
                self._head = 0
            elif head:
                self._head = 0
            self._window = window[since:]
            self._base += since


def _whole(number: int, top: int, what: str) -> int:
    if not 0 <= number <= top:
        raise ValueError(f"{what} must be 0..{top:#x}")
    return number


_ENDS = [bytes([total, _END]) for total in range(256)]


def build645(address: int, control: int, data: bytes, wake: int) -> bytes:
    """A whole frame for the line: `wake` FE bytes, then 68 … 16.

    `address` holds A5..A0 as hex digits, `data` is before +33H (0..255 bytes). ValueError for what
    does not fit its field. DL/T 645-2007 §5.2.
    """
    size = len(data)
    if not (
        0 <= address <= 0xFFFFFFFFFFFF and 0 <= control <= 255 and 0 <= wake <= 255 and size <= 255
    ):
        if size > 255:
            raise ValueError("data must be at most 255 bytes")
        _whole(address, 0xFFFFFFFFFFFF, "address")
        _whole(control, 0xFF, "control")
        _whole(wake, 0xFF, "wake")
    number = 0x68 | address << 8 | 0x68 << 56 | control << 64 | size << 72
    body = number.to_bytes(_HEADER, "little") + data.translate(_PLUS)
    total = adler32(body) - 1 if size < 240 else sum(body)
    return b"\xfe" * wake + body + _ENDS[total & 0xFF]


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC = _crc_table()
_SHORTEST, _LONGEST = 5, 256
_EXCEPTION = 0x80
_READ_WRITE = 0x17
_OWN = -2  # of a byte count: whatever the answer says


def _crc(data: bytes) -> int:
    """CRC-16 of Modbus: polynomial A001 reflected, from FFFF (V1.02 §6.2.2)."""
    crc, table = 0xFFFF, _CRC
    for value in data:
        crc = (crc >> 8) ^ table[(crc ^ value) & 0xFF]
    return crc


class FrameModbus:
    """One whole, checked Modbus RTU answer; made by a scanner only."""

    __slots__ = ("_raw", "_start")
    _raw: bytes
    _start: int

    def __init__(self) -> None:
        raise TypeError("a FrameModbus is made by ScannerModbus.feed")

    @property
    def start(self) -> int:
        """Offset of the unit byte in all bytes fed to the scanner."""
        return self._start

    @property
    def raw(self) -> bytes:
        """From the unit to the CRC, as on the line."""
        return self._raw

    @property
    def unit(self) -> int:
        """Unit address."""
        return self._raw[0]

    @property
    def function(self) -> int:
        """Function code; bit 80H set = exception answer."""
        return self._raw[1]

    @property
    def data(self) -> bytes:
        """What stands between function and CRC; of an exception the one byte of its code."""
        return self._raw[2:-2]

    @property
    def answer(self) -> bool:
        """Always True: only the awaited answer is ever framed."""
        return True

    def __repr__(self) -> str:
        return f"<FrameModbus {self._raw.hex(' ').upper()} at {self._start}>"


def _frame_modbus(raw: bytes, start: int) -> FrameModbus:
    frame = _new(FrameModbus)
    frame._raw = raw
    frame._start = start
    return frame


class ScannerModbus:
    """Finds the answer to one question in a stream of bytes that may hold anything."""

    __slots__ = (
        "_bad", "_base", "_count", "_drained", "_due", "_function", "_head", "_length", "_noise",
        "_unit", "_window",
    )  # fmt: skip

    def __init__(self) -> None:
        self._noise = 0
        self._bad = 0
        self._window = b""
        self._base = 0  # offset of window[0] in all bytes fed
        self._head = 0  # window[head:] is pending
        self._due = 0  # nothing new can be said before this many bytes have come
        self._drained = True
        self._unit = 0
        self._function = 0  # 0 = nothing is expected
        self._length = 0
        self._count = -1  # the byte count the answer must have, -1 = it has none, or _OWN

    @property
    def noise(self) -> int:
        """Bytes thrown away since creation."""
        return self._noise

    @property
    def bad(self) -> int:
        """Candidates refused for their CRC since creation."""
        return self._bad

    def expect(self, unit: int, function: int, length: int) -> None:
        """What was asked: unit, function (1..7FH), length of the whole answer with CRC (5..256).

        Length 0: the answer's own byte count says it, as that of function 11H. Stands until the
        next call. What is pending is looked at again under the new question.
        ValueError for what no answer can have.
        """
        _whole(unit, 0xFF, "unit")
        if not 1 <= function < _EXCEPTION:
            raise ValueError("function must be 0x1..0x7f")
        if length and not _SHORTEST <= length <= _LONGEST:
            raise ValueError(f"length must be 0 or {_SHORTEST}..{_LONGEST}")
        self._unit = unit
        self._function = function
        self._length = length
        self._count = length - 5 if function <= 4 or function == _READ_WRITE else -1
        if not length:
            self._count = _OWN
        self._due = 0

    def feed(self, data: bytes) -> FrameModbus | None:
        """The next whole checked answer, or None; feed(b"") for more that may already wait."""
        if not self._function:
            self._noise += len(data)
            self._base += len(data)
            return None
        if not self._window:
            self._window = data
        elif data:
            self._append(data)
        if self._base + len(self._window) < self._due:
            return None
        return self._search()

    def gap(self) -> None:
        """Silence: what is pending can't be continued, it is thrown away.

        To be told when feed() has returned None; while answers still wait to be drained it is
        passed over.
        """
        if self._drained:
            self._forget(len(self._window))

    def _append(self, data: bytes) -> None:
        window, head = self._window, self._head
        if len(window) - head > LIMIT:
            self._noise += len(window) - LIMIT - head
            head = len(window) - LIMIT
        self._window = window[head:] + data
        self._base += head
        self._head = 0

    def _forget(self, upto: int) -> None:
        """Throw window[head:upto] away."""
        self._noise += upto - self._head
        if upto == len(self._window):
            self._base += upto
            self._window = b""
            upto = 0
        self._head = upto

    def _assess(self, at: int) -> int:
        """> 0: pending, that many bytes are needed; 0: refused; < 0: whole, minus its size."""
        window = self._window
        have = len(window) - at
        if have < 2:
            return 2
        function = window[at + 1]
        if function == self._function:
            size = self._length
            if self._count != -1:
                if have < 3:
                    return 3
                if self._count == _OWN:
                    size = _SHORTEST + window[at + 2]
                    if size > _LONGEST:
                        return 0
                elif window[at + 2] != self._count:
                    return 0
        elif function == self._function | _EXCEPTION:
            size = _SHORTEST
        else:
            return 0
        if have < size:
            return size
        # a CRC over data and its own CRC leaves nothing
        if _crc(window[at : at + size]) == 0:
            return -size
        self._bad += 1
        return 0

    def _search(self) -> FrameModbus | None:
        window = self._window
        at = window.find(self._unit, self._head)
        while at >= 0:
            size = self._assess(at)
            if size:
                break
            at = window.find(self._unit, at + 1)
        else:
            self._forget(len(window))
            self._due = self._base + 1
            self._drained = True
            return None
        self._noise += at - self._head
        self._head = at
        if size > 0:
            self._due = self._base + at + size
            self._drained = True
            return None
        frame = _frame_modbus(window[at : at - size], self._base + at)
        self._head = at - size
        if self._head == len(window):
            self._forget(self._head)
        self._drained = False
        return frame


def build_modbus(unit: int, function: int, data: bytes) -> bytes:
    """A whole RTU frame for the line: unit, function, data (0..252 bytes), CRC low byte first.

    ValueError for what does not fit its field. Modbus over serial line V1.02 §2.5.1.
    """
    if len(data) > _LONGEST - 4:
        raise ValueError(f"data must be at most {_LONGEST - 4} bytes")
    body = b"%c%c%b" % (_whole(unit, 0xFF, "unit"), _whole(function, 0xFF, "function"), data)
    return body + _crc(body).to_bytes(2, "little")
