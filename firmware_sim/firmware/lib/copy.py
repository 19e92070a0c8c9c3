"""Bytes from one fixed buffer into another: the only place that writes a slice.

A slice written with another length would resize the buffer on one machine and fail on the other,
so the length is looked at here, and the lint lets nobody else do it.
"""


def copy(to: bytearray, at: int, what: bytearray, start: int, end: int) -> None:
    """what[start:end] to to[at:]; IndexError, and nothing done, if either is too short."""
    part = what[start:end]
    n = end - start
    if len(part) != n or at + n > len(to):
        raise IndexError("buffer too short")
    to[at : at + n] = part
