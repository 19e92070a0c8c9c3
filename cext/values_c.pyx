# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False, binding=False
"""DL/T 645 data as scaled integers, compiled; values_py.py is the reference."""

from array import array

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.long cimport PyLong_FromLong, PyLong_FromLongLong
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memcpy

from cext.framing_c cimport Frame645, Scanner645, total, whole

cdef extern from *:
    """
    #ifndef BOXGATE_SOURCE_DIGEST
    #define BOXGATE_SOURCE_DIGEST ""
    #endif
    """
    const char *BOXGATE_SOURCE_DIGEST

SOURCE_DIGEST = BOXGATE_SOURCE_DIGEST.decode("ascii")

cdef enum:
    HEADER = 10
    ENVELOPE = 12
    MOST = 128                  # fields of one layout
    WIDEST = 8                  # bytes of one field: 16 digits fit 64 bits
    BIT30 = 1 << 30
    START = 0x68
    END = 0x16
    WAKE = 0xFE
    READ_ANSWER = 0x91

ctypedef const unsigned char *bytes_p

MISSING = -(2**63)
cdef long long NONE = MISSING

cdef struct Field:
    unsigned char width
    bint signed

# Value of a BCD byte, -1 where it is none: as it is, and as it stands on the wire (+33H).
cdef short PLAIN[256]
cdef short WIRE[256]


cdef void _fill() noexcept:
    cdef int value, high, low
    for value in range(256):
        high = value >> 4
        low = value & 15
        PLAIN[value] = <short>(high * 10 + low) if high < 10 and low < 10 else -1
        WIRE[(value + 0x33) & 0xFF] = PLAIN[value]

_fill()


cdef inline long long number(bytes_p p, Field field, const short *table, int shift) noexcept nogil:
    """The value of one field, NONE where it is not BCD."""
    cdef int top = p[field.width - 1], digits, known, j
    cdef long long value
    cdef bint negative = False
    if field.signed:
        top = (top - shift) & 0xFF
        negative = top >= 0x80
        top = ((top & 0x7F) + shift) & 0xFF
    value = known = table[top]
    for j in range(field.width - 2, -1, -1):
        digits = table[p[j]]
        # less than zero for good once it was; the value then means nothing
        known |= digits
        value = value * 100 + digits
    if known < 0:
        return NONE
    return -value if negative else value


@cython.final
cdef class Layout:
    """One item's data as fields of BCD, low byte first."""

    cdef readonly int size
    cdef int count
    cdef Field fields[MOST]

    def __cinit__(self, fields):
        # not __init__: nobody changes a layout that an Answer645 counts on
        cdef int width, size = 0, count = 0
        if not 0 < len(fields) <= MOST:
            raise ValueError(f"a layout has 1..{MOST} fields")
        for wide, signed in fields:
            if not 0 < wide <= WIDEST:
                raise ValueError(f"a field is 1..{WIDEST} bytes wide")
            width = wide
            self.fields[count].width = <unsigned char>width
            self.fields[count].signed = bool(signed)
            size += width
            count += 1
        self.count = count
        self.size = size

    def unpack(self, Frame645 frame not None, Py_ssize_t offset):
        """The fields of the frame's DATA from `offset` on."""
        if offset < 0 or frame.size - ENVELOPE - offset != self.size:
            return None
        return self.values(frame.wire + HEADER + offset, WIRE, 0x33)

    def unpack_data(self, bytes data not None, Py_ssize_t offset):
        """The fields of data that is already -33H from `offset` on."""
        if offset < 0 or PyBytes_GET_SIZE(data) - offset != self.size:
            return None
        return self.values(<bytes_p>PyBytes_AS_STRING(data) + offset, PLAIN, 0)

    cdef tuple values(self, bytes_p p, const short *table, int shift):
        cdef tuple out = PyTuple_New(self.count)
        cdef object item
        cdef long long value
        cdef int i
        for i in range(self.count):
            value = number(p, self.fields[i], table, shift)
            if value == NONE:
                item = None
            elif -BIT30 < value < BIT30:
                # the short way of most: one digit of Python's
                item = PyLong_FromLong(<long>value)
            else:
                item = PyLong_FromLongLong(value)
            Py_INCREF(item)
            PyTuple_SET_ITEM(out, i, item)
            p += self.fields[i].width
        return out


@cython.final
cdef class Answer645:
    """The awaited answer to one read: from bytes to integers in one call that makes no object."""

    cdef Scanner645 scanner
    cdef Layout layout
    cdef long long[::1] out
    cdef long long *numbers     # those of out, which can't be resized while it is held
    cdef Py_ssize_t size        # of the whole frame; 0 = more than a frame can hold
    cdef unsigned long long first       # its first 14 bytes, as two words that overlap
    cdef unsigned long long second

    def __cinit__(
        self, Scanner645 scanner not None, address, identifier, Layout layout not None, out
    ):
        cdef unsigned char head[14]
        cdef long long a = whole(address, 0xFFFFFFFFFFFF, "address")
        cdef long long d = whole(identifier, 0xFFFFFFFF, "identifier")
        cdef int i
        if not isinstance(out, array) or out.typecode != "q" or len(out) != layout.count:
            raise ValueError("out must be an array('q') with a place for each field")
        self.out = out
        self.numbers = &self.out[0]
        self.scanner = scanner
        self.layout = layout
        self.size = ENVELOPE + 4 + layout.size if 4 + layout.size <= 0xFF else 0
        head[0] = head[7] = START
        for i in range(6):
            head[1 + i] = <unsigned char>(a >> (8 * i))
        head[8] = READ_ANSWER
        head[9] = <unsigned char>(4 + layout.size)
        for i in range(4):
            head[HEADER + i] = <unsigned char>((d >> (8 * i)) + 0x33)
        memcpy(&self.first, head, 8)
        memcpy(&self.second, head + 6, 8)

    def take(self, bytes data not None):
        """True: `out` holds the fields and the scanner has the bytes; False: nothing happened."""
        cdef bytes_p p = <bytes_p>PyBytes_AS_STRING(data)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data), size = self.size
        cdef Scanner645 scanner = self.scanner
        cdef Layout layout = self.layout
        cdef unsigned long long first, second
        cdef int i
        while n > size and p[0] == WAKE:
            p += 1
            n -= 1
        if n != size or n == 0 or scanner.head != scanner.tail:
            return False
        memcpy(&first, p, 8)
        memcpy(&second, p + 6, 8)
        if (
            first != self.first or second != self.second
            or p[size - 1] != END or total(p, size - 2) != p[size - 2]
        ):
            return False
        scanner.base += PyBytes_GET_SIZE(data)
        p += HEADER + 4
        for i in range(layout.count):
            self.numbers[i] = number(p, layout.fields[i], WIRE, 0x33)
            p += layout.fields[i].width
        return True
