# What other kernels may see of DL/T 645 framing without going through Python objects.

from libc.string cimport memcpy

cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "total() needs a little-endian machine; the plain twin serves"
    #endif
    """


cdef inline unsigned char total(const unsigned char *p, Py_ssize_t n) noexcept nogil:
    """Sum mod 256 of n >= 8 bytes, a word at a time; the last word may overlap the one before and
    has what was counted shifted out, so that no loop over single bytes is left."""
    cdef unsigned long long word, even = 0, odd = 0
    cdef unsigned long long mask = 0x00FF00FF00FF00FFULL
    cdef Py_ssize_t at = 0, words = n & ~7
    while at < words:
        memcpy(&word, p + at, 8)
        even += word & mask
        odd += (word >> 8) & mask
        at += 8
    memcpy(&word, p + n - 8, 8)
    word = (word >> (8 * (7 - (n & 7)))) >> 8
    even += (word & mask) + odd + ((word >> 8) & mask)
    even += even >> 32
    even += even >> 16
    return <unsigned char>even


cdef long long whole(object number, long long top, str what) except -1

cdef class Frame645:
    cdef readonly long long start
    cdef Py_ssize_t size        # bytes of the frame
    cdef const unsigned char *wire      # its bytes, inside owner
    cdef bytes owner


cdef struct Candidate:          # a header that fits; offsets in the scanner's store
    int start
    int due                     # its end


cdef class Scanner645:
    cdef readonly long long noise
    cdef readonly long long bad
    cdef long long base         # buffer[i] is byte base + i of all fed
    cdef bytes store
    cdef unsigned char *buffer  # the bytes of store
    cdef Py_ssize_t room
    cdef Py_ssize_t head        # buffer[head:tail] is pending
    cdef Py_ssize_t tail
    cdef Py_ssize_t at          # buffer[at:tail] has not been searched
    cdef Py_ssize_t want        # nothing can be said before tail is here
    cdef bint undrained         # the last search gave a frame and left bytes behind it
    cdef int alive
    cdef Candidate candidates[267]
    cdef int append(self, const unsigned char *p, Py_ssize_t n) except -1
    cdef int hold(self, const unsigned char *p, Py_ssize_t n) except -1
    cdef int renew(self, Py_ssize_t n) except -1
    cdef void throw(self, Py_ssize_t upto) noexcept
    cdef void leave(self) noexcept
    cdef void wait(self, Py_ssize_t s, int kept, Py_ssize_t soonest) noexcept
    cdef Frame645 win(self, Py_ssize_t s, Py_ssize_t size)
    cdef object search(self)
