# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# cython: always_allow_keywords=False, auto_pickle=False, binding=False
"""DL/T 698.45 answers as integers, compiled.

The twin values698_py.py is the reference: same integers, same refusals. The integers are gathered
in a C array and become Python objects only when all of the answer is known to be plain.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.long cimport PyLong_FromLongLong
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport INT64_MIN

cdef extern from *:
    """
    #ifndef BOXGATE_SOURCE_DIGEST
    #define BOXGATE_SOURCE_DIGEST ""
    #endif
    """
    const char *BOXGATE_SOURCE_DIGEST

SOURCE_DIGEST = BOXGATE_SOURCE_DIGEST.decode("ascii")

cdef enum:
    MOST_ASKED = 127
    MOST_WANTED = 1024
    MOST_SERVICE = 0x3F
    GET_ANSWER = 0x85
    NORMAL = 1
    LIST = 2
    ARRAY = 1
    TIME_TAG = 11               # 01, date_time_s, TI

ctypedef const unsigned char *bytes_p

cdef long long MISSING = INT64_MIN

# Bytes of an integer by tag, negative where it has a sign; 0 = not an integer.
cdef signed char WIDTH[256]
WIDTH[0x05] = -4
WIDTH[0x06] = 4
WIDTH[0x0F] = -1
WIDTH[0x10] = -2
WIDTH[0x11] = 1
WIDTH[0x12] = 2
WIDTH[0x14] = -8
WIDTH[0x15] = 8
WIDTH[0x16] = 1


cdef struct Asked:
    unsigned int oad
    int wanted


cdef inline unsigned int word(bytes_p p) noexcept nogil:
    return (<unsigned int>p[0] << 24) | (p[1] << 16) | (p[2] << 8) | p[3]


cdef inline Py_ssize_t integers(
    bytes_p p, Py_ssize_t at, Py_ssize_t n, int wanted, long long *out, bint *lacks
) noexcept nogil:
    """Put `wanted` integers of the data at `at` into `out`; where they end, -1 = not integers.
    `lacks` says whether MISSING was put there for one that is not there; a number that is as small
    is none for this way."""
    cdef Py_ssize_t count = 1, place
    cdef int width, i
    cdef unsigned long long value
    cdef long long number
    if p[at] == ARRAY:
        at += 1
        if at >= n:
            return -1
        count = p[at]
        at += 1
        if count >= 0x80:
            if count == 0x81 and at < n:
                count = p[at]
                at += 1
            elif count == 0x82 and at + 1 < n:
                count = (p[at] << 8) | p[at + 1]
                at += 2
            else:
                return -1
        if count > n - at:
            return -1
    for place in range(count):
        if at >= n:
            return -1
        width = WIDTH[p[at]]
        if width == 0:
            if p[at] != 0:
                return -1
            at += 1
            number = MISSING
            lacks[0] = True
        else:
            at += 1
            value = 0
            if width < 0:
                width = -width
                if at + width > n:
                    return -1
                if p[at] & 0x80:
                    value = 0xFFFFFFFFFFFFFFFFULL
            elif at + width > n or (width == 8 and p[at] & 0x80):
                return -1
            for i in range(width):
                value = (value << 8) | p[at + i]
            at += width
            number = <long long>value
            if number == MISSING:
                return -1
        if place < wanted:
            out[place] = number
    while count < wanted:
        out[count] = MISSING
        lacks[0] = True
        count += 1
    return at


@cython.final
cdef class Layout698:
    """The answer to one GET Normal or NormalList as integers in the order asked."""

    cdef readonly Py_ssize_t size
    cdef Py_ssize_t count
    cdef Asked *asked
    cdef long long *out

    def __cinit__(self):
        self.asked = NULL
        self.out = NULL

    def __dealloc__(self):
        PyMem_Free(self.asked)
        PyMem_Free(self.out)

    def __init__(self, tuple asked not None):
        cdef Py_ssize_t i = 0, size = 0
        if self.asked is not NULL:
            raise TypeError("a Layout698 is made once")
        if not 0 < len(asked) <= MOST_ASKED:
            raise ValueError(f"a layout has 1..{MOST_ASKED} OADs")
        for oad, wanted in asked:
            if not 0 <= oad <= 0xFFFFFFFF:
                raise ValueError("an OAD must be 0..0xffffffff")
            if not 0 < wanted <= MOST_WANTED:
                raise ValueError(f"of an OAD 1..{MOST_WANTED} integers are wanted")
            size += wanted
        if size > MOST_WANTED:
            raise ValueError(f"a layout has at most {MOST_WANTED} integers")
        self.asked = <Asked *>PyMem_Malloc(len(asked) * sizeof(Asked))
        self.out = <long long *>PyMem_Malloc(size * sizeof(long long))
        if self.asked is NULL or self.out is NULL:
            raise MemoryError()
        for oad, wanted in asked:
            self.asked[i].oad = oad
            self.asked[i].wanted = wanted
            i += 1
        self.count = i
        self.size = size

    def unpack(self, frame, number):
        """The integers of the frame's APDU; None for all unless it is plainly the answer."""
        if frame.fragment:
            return None
        return self.read(frame.data, number)

    def unpack_data(self, bytes data not None, number):
        """The same of a whole APDU (put together from fragments)."""
        return self.read(data, number)

    cdef inline object read(self, bytes data, object number):
        cdef bytes_p p = <bytes_p>PyBytes_AS_STRING(data)
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data), at, i, place = 0
        cdef int wanted, k
        cdef bint lacks = False
        cdef tuple given
        cdef object one
        if n < 4 or p[0] != GET_ANSWER or p[2] & MOST_SERVICE != number:
            return None
        if p[1] == LIST:
            if p[3] != self.count:
                return None
            at = 4
        elif p[1] == NORMAL and self.count == 1:
            at = 3
        else:
            return None
        for i in range(self.count):
            if at + 6 > n or word(p + at) != self.asked[i].oad:
                return None
            wanted = self.asked[i].wanted
            at += 5
            if p[at - 1] == 0:
                at += 1
                lacks = True
                for k in range(wanted):
                    self.out[place + k] = MISSING
            elif p[at - 1] == 1:
                at = integers(p, at, n, wanted, self.out + place, &lacks)
                if at < 0:
                    return None
            else:
                return None
            place += wanted
        n -= at
        if n < 2 or p[at] != 0:
            return None
        if not ((n == 2 and p[at + 1] == 0) or (n == 1 + TIME_TAG and p[at + 1] == 1)):
            return None
        given = PyTuple_New(place)
        if lacks:
            for i in range(place):
                one = None if self.out[i] == MISSING else PyLong_FromLongLong(self.out[i])
                Py_INCREF(one)
                PyTuple_SET_ITEM(given, i, one)
        else:
            for i in range(place):
                one = PyLong_FromLongLong(self.out[i])
                Py_INCREF(one)
                PyTuple_SET_ITEM(given, i, one)
        return given
