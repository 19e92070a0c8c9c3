# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False, binding=False
"""DL/T 698.45 framing, compiled: bytes in, whole checked frames out.

The twin framing698_py.py is the reference and holds the theory: same frames, same counters, byte
for byte. What differs is the storage, that of framing_c: an answer that comes whole while nothing
is pending is framed where it lies and holds on to the chunk; all else goes through the scanner's
store, whose bytes are added behind `tail` and never changed again, so that frames can lie in it.
Both sums go eight bytes a step.
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
LEAST = 2048
MOST = 16385

cdef enum:
    START = 0x68
    END = 0x16
    WAKE = 0xFE
    OFFSET = 0x33
    SCRAMBLED = 0x08
    FRAGMENT = 0x20
    SHORTEST = 12               # a frame with one address byte and no data
    LEAST_LIMIT = 2048          # LEAST
    MOST_LIMIT = 16385          # MOST
    REMAINDER = 0xF0B8          # of a sum over data and its own sum
    ROOM = 1024                 # a store, unless more is pending

ctypedef const unsigned char *bytes_p

# CRC[k][b]: what byte b does to the CRC when k more bytes follow it; polynomial 8408 reflected.
cdef unsigned short CRC[8][256]


cdef void _fill_crc() noexcept:
    cdef int value, bit, k
    cdef unsigned int crc
    for value in range(256):
        crc = value
        for bit in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
        CRC[0][value] = <unsigned short>crc
    for k in range(1, 8):
        for value in range(256):
            crc = CRC[k - 1][value]
            CRC[k][value] = <unsigned short>((crc >> 8) ^ CRC[0][crc & 0xFF])

_fill_crc()


cdef inline unsigned int crc16(bytes_p p, Py_ssize_t n, unsigned int crc) noexcept nogil:
    """The register of CRC-16/X.25 after n more bytes: of eight look-ups two wait for the step
    before."""
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
@cython.freelist(64)
cdef class Frame698:
    """One whole, checked DL/T 698.45 frame; made by a scanner only."""

    cdef readonly long long start
    cdef Py_ssize_t size        # bytes of the frame
    cdef bytes_p wire           # its bytes, inside owner
    cdef bytes owner

    def __init__(self):
        raise TypeError("a Frame698 is made by Scanner698.feed")

    @property
    def raw(self):
        """From the 68 to the 16, as on the line."""
        return PyBytes_FromStringAndSize(<const char *>self.wire, self.size)

    @property
    def control(self):
        """Control code C."""
        return self.wire[3]

    @property
    def answer(self):
        """DIR of the control code: the frame comes from the server, a meter."""
        return self.wire[3] >= 0x80

    @property
    def fragment(self):
        """Whether the data is one fragment of an APDU, with its two bytes of fragment header."""
        return self.wire[3] & FRAGMENT != 0

    @property
    def scrambled(self):
        """Whether the data was sent +33H."""
        return self.wire[3] & SCRAMBLED != 0

    @property
    def address_type(self):
        """0 single, 1 wildcard, 2 group, 3 broadcast."""
        return self.wire[4] >> 6

    @property
    def logical(self):
        """Logical address, 0..3; 0 is the whole device."""
        return self.wire[4] >> 4 & 3

    @property
    def address(self):
        """Server address, 1..16 bytes, high byte first as printed on a meter."""
        cdef Py_ssize_t i, n = (self.wire[4] & 15) + 1
        cdef bytes out = PyBytes_FromStringAndSize(NULL, n)
        cdef unsigned char *to = <unsigned char *>PyBytes_AS_STRING(out)
        for i in range(n):
            to[i] = self.wire[4 + n - i]
        return out

    @property
    def client(self):
        """Client address CA; 0 where nobody cares."""
        return self.wire[6 + (self.wire[4] & 15)]

    @property
    def data(self):
        """What stands between HCS and FCS, -33H where it was sent scrambled."""
        cdef Py_ssize_t i, header = 9 + (self.wire[4] & 15), n = self.size - header - 3
        cdef bytes out
        cdef unsigned char *to
        if not self.wire[3] & SCRAMBLED:
            return PyBytes_FromStringAndSize(<const char *>self.wire + header, n)
        out = PyBytes_FromStringAndSize(NULL, n)
        to = <unsigned char *>PyBytes_AS_STRING(out)
        for i in range(n):
            to[i] = <unsigned char>(self.wire[header + i] - OFFSET)
        return out

    def __repr__(self):
        return f"<Frame698 {self.raw.hex(' ').upper()} at {self.start}>"


cdef inline Frame698 make_frame(bytes owner, bytes_p p, Py_ssize_t n, long long start):
    cdef Frame698 frame = Frame698.__new__(Frame698)
    frame.start = start
    frame.size = n
    frame.wire = p
    frame.owner = owner
    return frame


@cython.final
cdef class Scanner698:
    """Finds frames in a stream of bytes that may hold anything."""

    cdef readonly long long noise
    cdef readonly long long bad
    cdef long long base         # buffer[i] is byte base + i of all fed
    cdef long long due          # nothing new can be said before this many bytes have been fed
    cdef long long silence      # no candidate reaches across this many bytes fed
    cdef Py_ssize_t limit
    cdef bytes store
    cdef unsigned char *buffer  # the bytes of store
    cdef Py_ssize_t room
    cdef Py_ssize_t head        # buffer[head:tail] is pending
    cdef Py_ssize_t tail

    def __init__(self, limit=LEAST_LIMIT):
        if not LEAST_LIMIT <= limit <= MOST_LIMIT:
            raise ValueError(f"limit must be {LEAST_LIMIT}..{MOST_LIMIT}")
        self.limit = limit

    def feed(self, bytes data not None):
        """The next whole checked frame, or None; feed(b"") for more that may already wait."""
        cdef bytes_p p
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t s, size
        cdef Frame698 frame
        if n:
            p = <bytes_p>PyBytes_AS_STRING(data)
            if self.head != self.tail:
                self.append(p, n)
            else:
                # the common case: wake-up bytes and one whole answer in one read
                s = 0
                while s < n and p[s] == WAKE:
                    s += 1
                self.base += s
                if s == n:
                    return None
                p += s
                n -= s
                if p[0] == START:
                    size = self.assess(p, n)
                    if size < 0:
                        frame = make_frame(data, p, -size, self.base + self.tail)
                        self.base -= size
                        self.due = 0
                        if n + size:
                            self.hold(p - size, n + size)
                        return frame
                    if size > 0:
                        self.hold(p, n)
                        self.due = self.base + self.head + size
                        return None
                    # refused, and counted where it was bad: not to be weighed again
                    self.noise += 1
                    self.base += 1
                    p += 1
                    n -= 1
                    if n == 0:
                        return None
                self.hold(p, n)
        elif self.head == self.tail:
            return None
        if self.base + self.tail < self.due:
            return None
        size = self.find()
        if size == 0:
            return None
        frame = make_frame(self.store, self.buffer + self.head, size, self.base + self.head)
        self.head += size
        return frame

    def gap(self):
        """Silence: what is pending can't be continued."""
        if self.head != self.tail:
            self.silence = self.base + self.tail
            self.find()

    cdef int append(self, bytes_p p, Py_ssize_t n) except -1:
        """Behind what is pending."""
        if self.tail - self.head > 2 * self.limit:
            self.throw(self.tail - 2 * self.limit)
        if n > self.room - self.tail:
            self.renew(n)
        memcpy(self.buffer + self.tail, p, n)
        self.tail += n
        return 0

    cdef inline int hold(self, bytes_p p, Py_ssize_t n) except -1:
        """As all that is pending."""
        self.head = self.tail
        if n > self.room - self.tail:
            self.renew(n)
        memcpy(self.buffer + self.tail, p, n)
        self.tail += n
        return 0

    cdef int renew(self, Py_ssize_t n) except -1:
        """A store of its own for what is pending and n bytes more."""
        cdef Py_ssize_t pending = self.tail - self.head
        cdef bytes store = PyBytes_FromStringAndSize(NULL, max(<Py_ssize_t>ROOM, 2 * pending + n))
        if pending:
            memcpy(PyBytes_AS_STRING(store), self.buffer + self.head, pending)
        self.store = store
        self.buffer = <unsigned char *>PyBytes_AS_STRING(store)
        self.room = PyBytes_GET_SIZE(store)
        self.base += self.head
        self.tail = pending
        self.head = 0
        return 0

    cdef inline void throw(self, Py_ssize_t upto) noexcept:
        """buffer[head:upto] away."""
        cdef Py_ssize_t i
        cdef long long count = 0
        for i in range(self.head, upto):
            count += self.buffer[i] != WAKE
        self.noise += count
        self.head = upto

    cdef inline Py_ssize_t assess(self, bytes_p p, Py_ssize_t have) noexcept:
        """> 0: pending, that many bytes are needed; 0: refused; < 0: whole, minus its size."""
        cdef Py_ssize_t size, header
        if have < 3:
            return 3
        size = p[1] | (p[2] << 8)
        if size >= 0x4000:
            size = (size & 0x3FFF) << 10 if size < 0x8000 else 0
        size += 2
        if size < SHORTEST or size > self.limit:
            return 0
        if have < 5:
            return 5
        header = 9 + (p[4] & 15)
        if size < header + 3:
            return 0
        if have < header:
            return header
        if crc16(p + 1, header - 1, 0xFFFF) != REMAINDER:
            return 0
        if have < size:
            return size
        if (
            p[size - 1] == END
            and crc16(p + header, size - 1 - header, REMAINDER) == REMAINDER
        ):
            return -size
        self.bad += 1
        return 0

    cdef Py_ssize_t find(self) noexcept:
        """Throw away what stands before the leftmost candidate; its size if it is whole, else 0."""
        cdef bytes_p first = self.buffer
        cdef bytes_p hit
        cdef Py_ssize_t at = self.head, size = 0, tail = self.tail
        cdef long long start, end
        while at < tail:
            hit = <bytes_p>memchr(first + at, START, tail - at)
            if hit is NULL:
                at = tail
                size = 0
                break
            at = hit - first
            size = self.assess(hit, tail - at)
            if size:
                start = self.base + at
                end = start + (size if size > 0 else -size)
                if not (start < self.silence and self.silence < end):
                    break
                size = 0
            at += 1
        self.throw(at)
        self.due = self.base + at + size if size > 0 else 0
        return -size if size < 0 else 0


cdef long long whole(object number, long long top, str what) except -1:
    cdef int overflow = 0
    cdef long long value = PyLong_AsLongLongAndOverflow(number, &overflow)
    if overflow or value < 0 or value > top:
        raise ValueError(f"{what} must be 0..{top:#x}")
    return value


cdef inline void put_sum(unsigned char *p, Py_ssize_t n) noexcept:
    """Behind n bytes their CRC-16/X.25, low byte first."""
    cdef unsigned int crc = crc16(p, n, 0xFFFF) ^ 0xFFFF
    p[n] = <unsigned char>crc
    p[n + 1] = <unsigned char>(crc >> 8)


@cython.binding(False)
def build698(
    control, bytes address not None, address_type, logical, client, bytes data not None, wake
):
    """A whole frame for the line."""
    cdef Py_ssize_t i, a = PyBytes_GET_SIZE(address), n = PyBytes_GET_SIZE(data)
    cdef bytes_p d = <bytes_p>PyBytes_AS_STRING(data)
    cdef bytes_p printed = <bytes_p>PyBytes_AS_STRING(address)
    cdef Py_ssize_t length = 9 + a + n
    cdef long long flag, c, ca, w
    cdef bytes out
    cdef unsigned char *p
    if not 1 <= a <= 16:
        raise ValueError("address must be 1..16 bytes")
    if length + 2 > MOST_LIMIT:
        raise ValueError(f"data must be at most {MOST_LIMIT - 11 - a} bytes")
    flag = whole(address_type, 3, "address_type") << 6
    flag |= whole(logical, 3, "logical") << 4
    c = whole(control, 0xFF, "control")
    ca = whole(client, 0xFF, "client")
    w = whole(wake, 0xFF, "wake")
    out = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>w + length + 2)
    p = <unsigned char *>PyBytes_AS_STRING(out)
    memset(p, WAKE, <size_t>w)
    p += w
    p[0] = START
    p[1] = <unsigned char>length
    p[2] = <unsigned char>(length >> 8)
    p[3] = <unsigned char>c
    p[4] = <unsigned char>(flag | (a - 1))
    for i in range(a):
        p[5 + i] = printed[a - 1 - i]
    p[5 + a] = <unsigned char>ca
    put_sum(p + 1, 5 + a)
    p += 8 + a
    if c & SCRAMBLED:
        for i in range(n):
            p[i] = <unsigned char>(d[i] + OFFSET)
    else:
        memcpy(p, d, n)
    put_sum(p - 7 - a, 7 + a + n)
    p[n + 2] = END
    return out
