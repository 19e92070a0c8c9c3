# What other kernels may see of a DL/T 645 frame without going through Python objects.


cdef class Frame645:
    cdef readonly long long start
    cdef Py_ssize_t size        # bytes of the frame
    cdef const unsigned char *wire      # its bytes, inside owner
    cdef bytes owner
