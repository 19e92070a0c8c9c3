# What other kernels may see of a DL/T 645 frame without going through Python objects.

cdef enum:
    FRAME_ROOM = 272            # the longest frame is 12 + 255 = 267 bytes


cdef class Frame645:
    cdef readonly long long start
    cdef int size               # bytes in wire
    cdef unsigned char wire[FRAME_ROOM]
