# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False
"""DL/T 645 data as scaled integers, compiled; values_py.py is the reference."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.long cimport PyLong_FromLongLong
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM

from cext.framing_c cimport Frame645

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

ctypedef const unsigned char *bytes_p

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


@cython.final
cdef class Layout:
    """One item's data as fields of BCD, low byte first."""

    cdef readonly int size
    cdef int count
    cdef Field fields[MOST]

    def __init__(self, fields):
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
        cdef int i, width, top, digits, j
        cdef bint negative
        for i in range(self.count):
            width = self.fields[i].width
            top = p[width - 1]
            negative = False
            if self.fields[i].signed:
                top = (top - shift) & 0xFF
                negative = top >= 0x80
                top = ((top & 0x7F) + shift) & 0xFF
            value = digits = table[top]
            j = width - 2
            while j >= 0 and digits >= 0:
                digits = table[p[j]]
                value = value * 100 + digits
                j -= 1
            if digits < 0:
                item = None
            else:
                item = PyLong_FromLongLong(-value if negative else value)
            Py_INCREF(item)
            PyTuple_SET_ITEM(out, i, item)
            p += width
        return out
