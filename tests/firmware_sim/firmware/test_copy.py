"""Copying between fixed buffers: what arrives, and that nothing is ever resized."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.hal.loader import firmware

copy = firmware("lib.copy").copy
SIZES = st.integers(0, 12)


@given(st.binary(max_size=12), st.binary(max_size=12), SIZES, SIZES, SIZES)
def test_a_copy_is_whole_or_not_made(old: bytes, what: bytes, at: int, start: int, n: int) -> None:
    to = bytearray(old)
    if start + n <= len(what) and at + n <= len(old):
        copy(to, at, bytearray(what), start, start + n)
        assert to == old[:at] + what[start : start + n] + old[at + n :]
    else:
        with pytest.raises(IndexError):
            copy(to, at, bytearray(what), start, start + n)
        assert to == old


def test_a_buffer_moves_down_in_itself() -> None:
    buf = bytearray(b"abcdef")
    copy(buf, 0, buf, 2, 6)
    assert buf == b"cdefef"
