"""Watching processes that are not children of the test."""

import os
import select


def wait_gone(pid: int, within_s: float) -> None:
    """Wait until a process is gone; AssertionError if it still lives after `within_s`."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([watched], [], [], within_s)
    finally:
        os.close(watched)
    assert ended, f"{pid} still lives"
