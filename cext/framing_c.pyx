# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False, binding=False
"""DL/T 645 and Modbus RTU framing, compiled: bytes in, whole checked frames out.

The twin framing_py.py is the reference and holds the theory: same frames, same counters, byte for
byte. What differs is the storage, here that of Scanner645; ScannerModbus does the same with less,
for at most one answer is ever pending: what must be kept is joined into a new bytes object.
No byte of an answer that comes whole while nothing is pending is copied: it is framed where it
lies, and the frame holds on to the chunk. All else goes through the scanner's store, a bytes object
of its own that nobody else sees: bytes are added behind `tail` while there is room and never
changed again, so frames can lie in it; when it is full a new one is begun with what is pending.
A frame comes from a free list, is not seen by the garbage collector and makes Python objects only
for what is read from it.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from libc.string cimport memchr, memcpy, memset

cdef extern from *:
    """
    #ifndef BOXGATE_SOURCE_DIGEST
    #define BOXGATE_SOURCE_DIGEST ""
    #endif
    """
    const char *BOXGATE_SOURCE_DIGEST

SOURCE_DIGEST = BOXGATE_SOURCE_DIGEST.decode("ascii")
LIMIT = 4096

cdef enum:
    START = 0x68
    END = 0x16
    WAKE = 0xFE
    OFFSET = 0x33
    HEADER = 10                 # 68, address, 68, control, length
    ENVELOPE = 12               # a frame without its DATA
    LONGEST = 267
    UNDRAINED = 4096            # LIMIT
    ROOM = 1024                 # a store, unless more is pending

ctypedef const unsigned char *bytes_p

cdef inline long long noise_in(bytes_p p, Py_ssize_t n) noexcept nogil:
    """How many of n bytes are not FE, eight at a time; reads up to seven bytes more."""
    cdef unsigned long long word, sevens = 0x7F7F7F7F7F7F7F7FULL
    cdef long long count = 0
    while n > 0:
        memcpy(&word, p, 8)
        word ^= 0xFEFEFEFEFEFEFEFEULL
        if n < 8:
            word &= (1ULL << (8 * n)) - 1
        # the top bit of each byte that is not zero, then their sum in the top byte
        word = ((((word & sevens) + sevens) | word) >> 7) & 0x0101010101010101ULL
        count += (word * 0x0101010101010101ULL) >> 56
        p += 8
        n -= 8
    return count


@cython.final
@cython.freelist(64)
cdef class Frame645:
    """One whole, checked DL/T 645 frame; made by a scanner only."""

    def __init__(self):
        raise TypeError("a Frame645 is made by Scanner645.feed")

    @property
    def address(self):
        """A5..A0 as hex digits in one int: f"{address:012X}" is the printed address."""
        cdef bytes_p a = self.wire + 1
        return (
            (<unsigned long long>a[5] << 40) | (<unsigned long long>a[4] << 32)
            | (<unsigned long long>a[3] << 24) | (<unsigned long long>a[2] << 16)
            | (<unsigned long long>a[1] << 8) | a[0]
        )

    @property
    def control(self):
        """Control code C."""
        return self.wire[8]

    @property
    def answer(self):
        """D7 of the control code: the frame comes from a meter."""
        return self.wire[8] >= 0x80

    @property
    def identifier(self):
        """The first four bytes of DATA as DI3..DI0 in one int; -1 where DATA is shorter."""
        cdef bytes_p d = self.wire + HEADER
        if self.size < ENVELOPE + 4:
            return -1
        return (
            (<long long>((d[3] - OFFSET) & 0xFF) << 24) | (((d[2] - OFFSET) & 0xFF) << 16)
            | (((d[1] - OFFSET) & 0xFF) << 8) | ((d[0] - OFFSET) & 0xFF)
        )

    @property
    def data(self):
        """DATA after -33H."""
        cdef Py_ssize_t i, n = self.size - ENVELOPE
        cdef bytes out = PyBytes_FromStringAndSize(NULL, n)
        cdef unsigned char *to = <unsigned char *>PyBytes_AS_STRING(out)
        for i in range(n):
            to[i] = <unsigned char>(self.wire[HEADER + i] - OFFSET)
        return out

    @property
    def raw(self):
        """From the first 68 to the 16, as on the line."""
        return PyBytes_FromStringAndSize(<const char *>self.wire, self.size)

    def __repr__(self):
        return f"<Frame645 {self.raw.hex(' ').upper()} at {self.start}>"


cdef inline Frame645 make_frame(bytes owner, bytes_p p, Py_ssize_t n, long long start):
    cdef Frame645 frame = Frame645.__new__(Frame645)
    frame.start = start
    frame.size = n
    frame.wire = p
    frame.owner = owner
    return frame


@cython.final
cdef class Scanner645:
    """Finds frames in a stream of bytes that may hold anything."""

    def feed(self, bytes data not None):
        """The next whole checked frame, or None; feed(b"") for more."""
        cdef bytes_p p
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t s, size
        cdef Frame645 frame
        if n == 0:
            return self.search() if self.undrained else None
        p = <bytes_p>PyBytes_AS_STRING(data)
        if self.head != self.tail:
            self.append(p, n)
            return None if self.tail < self.want else self.search()
        s = 0
        while s < n and p[s] == WAKE:
            s += 1
        self.base += s
        p += s
        n -= s
        if n >= ENVELOPE:
            if p[0] == START and p[7] == START:
                size = ENVELOPE + p[9]
                if size <= n and p[size - 1] == END and total(p, size - 2) == p[size - 2]:
                    frame = make_frame(data, p, size, self.base + self.tail)
                    self.base += size
                    if size < n:
                        self.hold(p + size, n - size)
                        self.leave()
                    return frame
        elif n == 0:
            return None
        elif p[0] == START and (n < 8 or p[7] == START):
            # too short for any frame, and nothing to throw away in front of it
            self.hold(p, n)
            self.want = self.head + ENVELOPE
            return None
        self.hold(p, n)
        return self.search()

    def gap(self):
        """Silence: what is pending can't be continued, it is thrown away."""
        if not self.undrained:
            self.throw(self.tail)
            self.alive = 0

    cdef int append(self, bytes_p p, Py_ssize_t n) except -1:
        """Behind what is pending."""
        if self.undrained and self.tail - self.head > UNDRAINED:
            self.throw(self.tail - UNDRAINED)
            self.at = self.head
        if n > self.room - self.tail:
            self.renew(n)
        memcpy(self.buffer + self.tail, p, n)
        self.tail += n
        return 0

    cdef inline int hold(self, bytes_p p, Py_ssize_t n) except -1:
        """As all that is pending."""
        if n > self.room - self.tail:
            self.renew(n)
        self.at = self.head = self.tail
        memcpy(self.buffer + self.tail, p, n)
        self.tail += n
        return 0

    cdef int renew(self, Py_ssize_t n) except -1:
        """A store of its own for what is pending and n bytes more."""
        cdef Py_ssize_t pending = self.tail - self.head
        # noise_in may read a word at its very end
        cdef bytes store = PyBytes_FromStringAndSize(NULL, max(<Py_ssize_t>ROOM, pending + n) + 8)
        cdef int i
        if pending:
            memcpy(PyBytes_AS_STRING(store), self.buffer + self.head, pending)
        self.store = store
        self.buffer = <unsigned char *>PyBytes_AS_STRING(store)
        self.room = PyBytes_GET_SIZE(store) - 8
        self.base += self.head
        self.at -= self.head
        self.want -= self.head
        for i in range(self.alive):
            self.candidates[i].start -= <int>self.head
            self.candidates[i].due -= <int>self.head
        self.tail = pending
        self.head = 0
        return 0

    cdef inline void throw(self, Py_ssize_t upto) noexcept:
        """buffer[head:upto] away."""
        self.noise += noise_in(self.buffer + self.head, upto - self.head)
        self.head = upto

    cdef inline Frame645 win(self, Py_ssize_t s, Py_ssize_t size):
        cdef Frame645 frame = make_frame(self.store, self.buffer + s, size, self.base + s)
        self.throw(s)
        self.head = self.at = s + size
        self.alive = 0
        self.leave()
        return frame

    cdef inline void leave(self) noexcept:
        """What stands behind a frame: to be drained, or too short for one."""
        cdef bytes_p first = self.buffer
        cdef Py_ssize_t s = self.head
        if self.tail - s >= ENVELOPE:
            self.undrained = True
            return
        while s < self.tail and (
            first[s] != START or (s <= self.tail - 8 and first[s + 7] != START)
        ):
            s += 1
        self.wait(s, 0, 0)

    cdef object search(self):
        cdef bytes_p first = self.buffer
        cdef bytes_p hit
        cdef Py_ssize_t tail = self.tail, s, size, want
        cdef int i, kept = 0, soonest = 0
        for i in range(self.alive):
            s = self.candidates[i].start
            size = self.candidates[i].due - s
            if s + size > tail:
                self.candidates[kept] = self.candidates[i]
                kept += 1
                if soonest == 0 or s + size < soonest:
                    soonest = <int>(s + size)
            elif first[s + size - 1] == END and total(first + s, size - 2) == first[s + size - 2]:
                return self.win(s, size)
            else:
                self.bad += 1
        s = self.at
        while s < tail:
            hit = <bytes_p>memchr(first + s, START, tail - s)
            if hit is NULL:
                s = tail
                break
            s = hit - first
            if s > tail - ENVELOPE:
                if s > tail - 8 or hit[7] == START:
                    break
            elif hit[7] == START:
                size = ENVELOPE + hit[9]
                if s + size > tail:
                    self.candidates[kept].start = <int>s
                    self.candidates[kept].due = <int>(s + size)
                    kept += 1
                    if soonest == 0 or s + size < soonest:
                        soonest = <int>(s + size)
                elif hit[size - 1] == END and total(hit, size - 2) == hit[size - 2]:
                    return self.win(s, size)
                else:
                    self.bad += 1
            s += 1
        self.wait(s, kept, soonest)
        return None

    cdef inline void wait(self, Py_ssize_t s, int kept, Py_ssize_t soonest) noexcept:
        """No frame at hand: pending are `kept` candidates, the first of them due at `soonest`, and
        the last bytes from the 68 at `s` on."""
        self.at = s
        self.alive = kept
        self.undrained = False
        self.want = s + ENVELOPE
        if kept:
            s = self.candidates[0].start
            if soonest < self.want:
                self.want = soonest
        self.throw(s)


cdef long long whole(object number, long long top, str what) except -1:
    cdef int overflow = 0
    cdef long long value = PyLong_AsLongLongAndOverflow(number, &overflow)
    if overflow or value < 0 or value > top:
        raise ValueError(f"{what} must be 0..{top:#x}")
    return value


@cython.binding(False)
def build645(address, control, bytes data not None, wake):
    """A whole frame for the line."""
    cdef long long a = whole(address, 0xFFFFFFFFFFFF, "address")
    cdef long long c = whole(control, 0xFF, "control")
    cdef Py_ssize_t w = <Py_ssize_t>whole(wake, 0xFF, "wake")
    cdef Py_ssize_t i, n = PyBytes_GET_SIZE(data)
    cdef bytes_p d = <bytes_p>PyBytes_AS_STRING(data)
    cdef bytes out
    cdef unsigned char *p
    if n > 255:
        raise ValueError("data must be at most 255 bytes")
    out = PyBytes_FromStringAndSize(NULL, w + ENVELOPE + n)
    p = <unsigned char *>PyBytes_AS_STRING(out)
    memset(p, WAKE, w)
    p += w
    p[0] = START
    for i in range(6):
        p[1 + i] = <unsigned char>(a >> (8 * i))
    p[7] = START
    p[8] = <unsigned char>c
    p[9] = <unsigned char>n
    for i in range(n):
        p[HEADER + i] = <unsigned char>(d[i] + OFFSET)
    p[HEADER + n] = total(p, HEADER + n)
    p[HEADER + n + 1] = END
    return out


cdef enum:
    SHORTEST = 5                # unit, function|80, code, CRC
    LONGEST_RTU = 256
    EXCEPTION = 0x80
    READ_WRITE = 0x17
    OWN = -2                    # of a byte count: whatever the answer says

# CRC[k][b]: what byte b does to the CRC when k more bytes follow it.
cdef unsigned short CRC[8][256]


cdef void _fill_crc() noexcept:
    cdef int value, bit, k
    cdef unsigned int crc
    for value in range(256):
        crc = value
        for bit in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        CRC[0][value] = <unsigned short>crc
    for k in range(1, 8):
        for value in range(256):
            crc = CRC[k - 1][value]
            CRC[k][value] = <unsigned short>((crc >> 8) ^ CRC[0][crc & 0xFF])

_fill_crc()


cdef inline unsigned int crc16(bytes_p p, Py_ssize_t n) noexcept nogil:
    """CRC-16 of Modbus, eight bytes a step: only two of eight look-ups wait for the step before."""
    cdef unsigned int crc = 0xFFFF
    while n >= 8:
        crc = (
            CRC[7][p[0] ^ (crc & 0xFF)] ^ CRC[6][p[1] ^ (crc >> 8)]
            ^ CRC[5][p[2]] ^ CRC[4][p[3]] ^ CRC[3][p[4]]
            ^ CRC[2][p[5]] ^ CRC[1][p[6]] ^ CRC[0][p[7]]
        )
        p += 8
        n -= 8
    while n > 0:
        crc = (crc >> 8) ^ CRC[0][(crc ^ p[0]) & 0xFF]
        p += 1
        n -= 1
    return crc


@cython.final
@cython.freelist(16)
cdef class FrameModbus:
    """One whole, checked Modbus RTU answer; made by a scanner only."""

    cdef readonly long long start
    cdef Py_ssize_t size
    cdef bytes_p wire           # its bytes, inside owner
    cdef bytes owner

    def __init__(self):
        raise TypeError("a FrameModbus is made by ScannerModbus.feed")

    @property
    def unit(self):
        """Unit address."""
        return self.wire[0]

    @property
    def function(self):
        """Function code; bit 80H set = exception answer."""
        return self.wire[1]

    @property
    def data(self):
        """What stands between function and CRC; of an exception the one byte of its code."""
        return PyBytes_FromStringAndSize(<const char *>self.wire + 2, self.size - 4)

    @property
    def raw(self):
        """From the unit to the CRC, as on the line."""
        return PyBytes_FromStringAndSize(<const char *>self.wire, self.size)

    @property
    def answer(self):
        """Always True: only the awaited answer is ever framed."""
        return True

    def __repr__(self):
        return f"<FrameModbus {self.raw.hex(' ').upper()} at {self.start}>"


@cython.final
cdef class ScannerModbus:
    """Finds the answer to one question in a stream of bytes that may hold anything."""

    cdef readonly long long noise
    cdef readonly long long bad
    cdef long long base         # window[0] is byte base of all fed
    cdef bytes window           # None = empty
    cdef Py_ssize_t size        # of window
    cdef Py_ssize_t head        # window[head:] is pending
    cdef long long due          # nothing new can be said before this many bytes have come
    cdef bint undrained
    cdef int unit
    cdef int function           # 0 = nothing is expected
    cdef int length
    cdef int count              # the byte count the answer must have, -1 = it has none, or OWN

    def expect(self, unit, function, length):
        """What was asked: unit, function, length of the whole answer with CRC."""
        cdef int u = <int>whole(unit, 0xFF, "unit")
        if not 1 <= function < EXCEPTION:
            raise ValueError("function must be 0x1..0x7f")
        if length and not SHORTEST <= length <= LONGEST_RTU:
            raise ValueError(f"length must be 0 or {SHORTEST}..{LONGEST_RTU}")
        self.unit = u
        self.function = function
        self.length = length
        if self.length == 0:
            self.count = OWN
        elif self.function <= 4 or self.function == READ_WRITE:
            self.count = self.length - 5
        else:
            self.count = -1
        self.due = 0

    def feed(self, bytes data not None):
        """The next whole checked answer, or None; feed(b"") for more."""
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        if self.function == 0:
            self.noise += n
            self.base += n
            return None
        if self.size == 0:
            if n == 0:
                return None
            self.window = data
            self.size = n
        elif n:
            self.append(data, n)
        if self.base + self.size < self.due:
            return None
        return self.search()

    def gap(self):
        """Silence: what is pending can't be continued, it is thrown away."""
        if not self.undrained:
            self.forget(self.size)

    cdef int append(self, bytes data, Py_ssize_t n) except -1:
        cdef Py_ssize_t pending = self.size - self.head
        cdef bytes joined
        if pending > UNDRAINED:
            self.noise += pending - UNDRAINED
            self.head = self.size - UNDRAINED
            pending = UNDRAINED
        joined = PyBytes_FromStringAndSize(NULL, pending + n)
        memcpy(PyBytes_AS_STRING(joined), PyBytes_AS_STRING(self.window) + self.head, pending)
        memcpy(PyBytes_AS_STRING(joined) + pending, PyBytes_AS_STRING(data), n)
        self.window = joined
        self.base += self.head
        self.size = pending + n
        self.head = 0
        return 0

    cdef inline void clear(self) noexcept:
        self.base += self.size
        self.window = None
        self.size = self.head = 0

    cdef inline void forget(self, Py_ssize_t upto) noexcept:
        self.noise += upto - self.head
        self.head = upto
        if upto == self.size:
            self.clear()

    cdef inline Py_ssize_t assess(self, bytes_p p, Py_ssize_t have) noexcept:
        """> 0: pending, that many bytes are needed; 0: refused; < 0: whole, minus its size."""
        cdef Py_ssize_t size
        if have < 2:
            return 2
        if p[1] == self.function:
            size = self.length
            if self.count != -1:
                if have < 3:
                    return 3
                if self.count == OWN:
                    size = SHORTEST + p[2]
                    if size > LONGEST_RTU:
                        return 0
                elif p[2] != self.count:
                    return 0
        elif p[1] == (self.function | EXCEPTION):
            size = SHORTEST
        else:
            return 0
        if have < size:
            return size
        # a CRC over data and its own CRC leaves nothing
        if crc16(p, size) == 0:
            return -size
        self.bad += 1
        return 0

    cdef object search(self):
        cdef bytes_p first = <bytes_p>PyBytes_AS_STRING(self.window)
        cdef bytes_p end = first + self.size
        cdef bytes_p p = first + self.head
        cdef Py_ssize_t size = 0
        cdef FrameModbus frame
        while p < end:
            p = <bytes_p>memchr(p, self.unit, end - p)
            if p is NULL:
                break
            size = self.assess(p, end - p)
            if size:
                break
            p += 1
        if size == 0:
            self.forget(self.size)
            self.due = self.base + 1
            self.undrained = False
            return None
        self.noise += p - first - self.head
        self.head = p - first
        if size > 0:
            self.due = self.base + self.head + size
            self.undrained = False
            return None
        frame = FrameModbus.__new__(FrameModbus)
        frame.start = self.base + self.head
        frame.size = -size
        frame.wire = p
        frame.owner = self.window
        self.head -= size
        if self.head == self.size:
            self.clear()
        self.undrained = True
        return frame


@cython.binding(False)
def build_modbus(unit, function, bytes data not None):
    """A whole RTU frame for the line."""
    cdef long long u = whole(unit, 0xFF, "unit")
    cdef long long f = whole(function, 0xFF, "function")
    cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
    cdef unsigned int crc
    cdef bytes out
    cdef unsigned char *p
    if n > LONGEST_RTU - 4:
        raise ValueError(f"data must be at most {LONGEST_RTU - 4} bytes")
    out = PyBytes_FromStringAndSize(NULL, n + 4)
    p = <unsigned char *>PyBytes_AS_STRING(out)
    p[0] = <unsigned char>u
    p[1] = <unsigned char>f
    memcpy(p + 2, PyBytes_AS_STRING(data), n)
    crc = crc16(p, n + 2)
    p[n + 2] = <unsigned char>(crc & 0xFF)
    p[n + 3] = <unsigned char>(crc >> 8)
    return out
