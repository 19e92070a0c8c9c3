"""Bytes from one fixed buffer into another: the only place that writes a slice.

A slice written with another length would resize the buffer on one machine and fail on the other,
so the length is looked at here, and the lint lets nobody else do it.
"""


def copy(to: bytearray, at: int, what: bytearray, start: int, end: int) -> None:
    """what[start:end] to to[at:]; IndexError, and nothing done, if either is too short."""
    upto = at + end - start
    if end > len(what) or upto > len(to):
        raise IndexError("buffer too short")
    to[at:upto] = what[start:end]
