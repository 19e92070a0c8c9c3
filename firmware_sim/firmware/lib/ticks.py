"""Tick arithmetic: microsecond ticks that wrap at 2**30, as on 32-bit MicroPython ports.

Ports whose own ticks wrap later (64-bit: 2**62) are brought to this period with `& MASK`, so that
every port wraps alike and every tick is a small integer.
"""

PERIOD = 1 << 30
MASK = PERIOD - 1
HALF = PERIOD >> 1


def diff(a: int, b: int) -> int:
    """Microseconds from b to a; right while they are less than 536 s apart."""
    return ((a - b + HALF) & MASK) - HALF


def add(t: int, us: int) -> int:
    """The tick `us` microseconds after t (before, if negative)."""
    return (t + us) & MASK
