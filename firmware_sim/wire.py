"""One RS-485 segment: who holds it, for how long, and what comes of two talkers at once.

A burst is a run of characters without pause from one talker. It occupies the wire from the moment
the talker begins (or has finished its burst before) for 11 bits a character, and reaches everybody
else whole, at the end of its last character. Where two bursts overlap, the drivers fight: the
characters heard there are the bitwise AND of both, and what the later one has beyond the end of the
earlier is heard behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from firmware_sim.clock import Clock

BITS = 11
"""Start, 8 data, parity, stop."""

Heard = Callable[[object, bytes, int], None]
"""heard(talker, data, end): a burst has ended at `end` ns."""

Piece = Callable[[object, bytes], None]
"""piece(talker, data): some more characters of a burst are over, but not its last."""


@dataclass(slots=True, eq=False)
class Burst:
    """Characters on their way."""

    talker: object
    data: bytes
    start: int
    end: int
    handed: int = 0
    """Characters already given out as pieces."""


class Wire:
    """One segment; `heard` is called for every burst as it ends.

    With `chunk` > 0 `piece` is called before that after every so many characters, as a UART's
    buffer fills up.
    """

    def __init__(
        self,
        clock: Clock,
        baud: int,
        heard: Heard,
        chunk: int = 0,
        piece: Piece | None = None,
    ) -> None:
        self.clock = clock
        self.char_ns = BITS * 1_000_000_000 // baud
        self.collisions = 0
        self._heard = heard
        self._chunk = chunk
        self._piece = piece
        self._active: list[Burst] = []

    def span(self, count: int) -> int:
        """How long `count` characters take, ns."""
        return count * self.char_ns

    def talk(self, talker: object, data: bytes, at: int) -> int:
        """Send `data` from `at` ns or when this talker's last burst ends; when it ends."""
        start = at
        length = len(data) * self.char_ns
        if self._active:
            for other in self._active:
                if other.talker is talker and other.end > start:
                    start = other.end
            burst = Burst(talker, data, start, start + length)
            for other in self._active:
                if other.talker is not talker and other.start < burst.end and start < other.end:
                    self._collide(other, burst)
        else:
            burst = Burst(talker, data, start, start + length)
        self._active.append(burst)
        if self._chunk and self._piece is not None:
            for count in range(self._chunk, len(data), self._chunk):
                self.clock.at(start + self.span(count), lambda: self._part(burst))
        self.clock.at(burst.end, partial(self._end, burst))
        return start + length

    def _part(self, burst: Burst) -> None:
        """Give out what has gone over the wire; a collision may have taken characters away."""
        over = min((self.clock.now - burst.start) // self.char_ns, len(burst.data))
        if self._piece is not None and over > burst.handed:
            self._piece(burst.talker, burst.data[burst.handed : over])
            burst.handed = over

    def _collide(self, one: Burst, other: Burst) -> None:
        """Mix what overlaps into the burst that began first; the other keeps what lies behind."""
        self.collisions += 1
        first, second = (one, other) if one.start <= other.start else (other, one)
        offset = (second.start - first.start) // self.char_ns
        used = min(len(second.data), max(0, len(first.data) - offset))
        mixed = bytearray(first.data)
        for i in range(used):
            mixed[offset + i] &= second.data[i]
        first.data = bytes(mixed)
        second.data = second.data[used:]
        second.start += self.span(used)

    def _end(self, burst: Burst) -> None:
        self._active.remove(burst)
        if burst.data:
            self._heard(burst.talker, burst.data, burst.end)
