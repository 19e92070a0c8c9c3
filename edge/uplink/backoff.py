"""How long to wait before trying again: doubling, with a jitter that is the same every time.

A thousand gateways lose one broker at the same instant and must not come back at the same
instant. The jitter comes from the gateway's name and the attempt, so a replay waits as long.
"""

from zlib import crc32

SECOND = 1_000_000_000


def delay_ns(name: str, attempt: int, most_s: int) -> int:
    """Before the attempt-th (0 = first) new try: 1..2 s, 2..4 s, … up to most_s/2..most_s."""
    ceiling = min(most_s * SECOND, SECOND << min(attempt + 1, 32))
    share = crc32(f"{name}/{attempt}".encode())
    return ceiling // 2 + (ceiling // 2 * share >> 32)
