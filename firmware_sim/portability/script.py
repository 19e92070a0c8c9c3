"""What happens to a board from outside: bursts on its line, power cuts, sensors that come and go.

Drawn from a seed before anything runs, so that both machines are given the very same.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MS = 1_000_000
MINUTE = 60_000 * MS
BITS = 11

Request = Callable[[random.Random], bytes]
"""One clean request, drawn from the master's repertoire."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Characters without a pause, from `start` ns on."""

    start: int
    data: bytes
    baud: int


@dataclass(frozen=True, slots=True)
class Script:
    """One run; times in ns."""

    bursts: tuple[Burst, ...]
    power: tuple[tuple[int, int], ...]
    """(on, off), in order; the last off is the end."""
    faults: dict[str, int]
    """How often each fault was done to the bursts."""

    @property
    def end(self) -> int:
        """When all is over, ns."""
        return self.power[-1][1]


def flip(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """One bit is another."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(1, len(data))]


def beheaded(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """The beginning is missing."""
    return data[chance.randrange(1, len(data)) :]


def glued(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """Another follows without a pause."""
    return data + other


def torn(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """The beginning of one, and another in full."""
    return cut(data, chance, other) + other


def noisy(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """Noise before and behind."""
    return chance.randbytes(chance.randrange(1, 9)) + data + chance.randbytes(chance.randrange(3))


def doubled(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """One character comes twice."""
    at = chance.randrange(len(data))
    return data[:at] + data[at : at + 1] + data[at:]


def babble(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """Longer than any frame."""
    return chance.randbytes(chance.randrange(260, 400))


FAULTS = (*(flip, cut, glued) * 4, *(beheaded, torn, noisy, doubled) * 2, babble)


FAULTY = 0.35


def draw(
    seed: int,
    request: Request,
    speeds: tuple[int, ...],
    minutes: int = 32,
    pace: int = 1,
    faulty: float = FAULTY,
) -> Script:
    """A run of so many minutes with power cuts; `pace` draws out the pauses.

    `faulty`: share of the bursts that something is done to.
    """
    chance = random.Random(seed)
    power = tuple(_power(chance, minutes * MINUTE))
    bursts = []
    faults: dict[str, int] = {}
    now = 300 * MS
    while now < power[-1][1] - 2_000 * MS:
        # a master that has set a speed speaks at another now and then
        baud = speeds[0] if chance.random() < 0.9 else chance.choice(speeds)
        data = request(chance)
        if chance.random() < faulty:
            fault = chance.choice(FAULTS)
            data = fault(data, chance, request(chance))
            faults[fault.__name__] = faults.get(fault.__name__, 0) + 1
        bursts.append(Burst(now, data, baud))
        length = len(data) * BITS * 1_000_000_000 // baud
        # any pause, from one that cuts into the answer to a minute's half
        pause = chance.choice((3, 12, 60, 300, 400, 500, 700, 1_500)) * MS * pace
        now += length + pause + chance.randrange(700) * 1_000
        if chance.random() < 0.004:
            now += chance.randrange(5_000, 30_000) * MS
    return Script(tuple(bursts), power, faults)


def _power(chance: random.Random, end: int) -> Iterator[tuple[int, int]]:
    # long enough once for the ticks, counted from the start, to wrap (17.9 min)
    on = 0
    if end > 24 * MINUTE:
        yield on, 19 * MINUTE
        on = 19 * MINUTE + 777 * MS
    while True:
        # some are too short to answer anything
        off = on + chance.choice((40, 900, 30_000, 240_000, 400_000)) * MS
        off += chance.randrange(200_000) * 1_000
        if off >= end:
            yield on, end
            return
        yield on, off
        on = off + chance.randrange(1, 4_000) * MS
