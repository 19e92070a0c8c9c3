"""How long to wait for each meter: learned from its own answers, bounded by the line's setting.

DL/T 645-2007 allows a meter 20 to 500 ms before it answers. Waiting the full half second for every
lost answer makes one dead meter expensive, so the limit of each meter follows what it has shown:
mean + 4 deviations + a margin, in the manner of TCP's retransmission timer. One silence sets a
meter back to the full limit, so that a meter which grew slow is not taken for dead.
"""

from dataclasses import dataclass, field

LEARN_FROM = 3
"""Answers before the learned limit is trusted."""
MARGIN_NS = 60_000_000
"""Added to every learned limit: adapters that hand over bytes every 16 ms, a busy host."""
LISTEN_NS = 800_000
"""How long after the earliest time an answer is looked for, so that it is whole at one look."""


@dataclass(slots=True)
class MeterTiming:
    """What one meter has shown, ns."""

    answers: int = 0
    mean: int = 0
    deviation: int = 0
    fastest: int = 0
    earliest: int = 0
    """Earliest whole answer against sent_until + expected bytes; negative = fewer bytes came."""

    def answered(self, delay: int, end: int) -> None:
        """It answered `delay` ns after the request; it was whole `end` ns off the expected time."""
        delay = max(0, delay)
        if self.answers == 0:
            self.mean, self.deviation, self.fastest = delay, delay // 2, delay
            self.earliest = end
        else:
            error = delay - self.mean
            self.mean += error // 8
            self.deviation += (abs(error) - self.deviation) // 4
            self.fastest = min(self.fastest, delay)
            self.earliest = min(self.earliest, end)
        self.answers += 1

    def silent(self) -> None:
        """It did not answer: forget what was learned."""
        self.answers = 0


@dataclass(slots=True)
class LineTiming:
    """Character time and limits of one line, and every meter's own timing on it."""

    char_ns: int
    idle_ns: int
    answer_ns: int
    meters: dict[str, MeterTiming] = field(default_factory=dict)

    def of(self, address: str) -> MeterTiming:
        """The timing of one meter; the table is bounded by the addresses asked on this line."""
        timing = self.meters.get(address)
        if timing is None:
            timing = self.meters[address] = MeterTiming()
        return timing

    def limit(self, address: str) -> int:
        """How long after the end of a request the first byte of the answer may come, ns."""
        timing = self.meters.get(address)
        if timing is None or timing.answers < LEARN_FROM:
            return self.answer_ns + MARGIN_NS
        return min(self.answer_ns, timing.mean + 4 * timing.deviation) + MARGIN_NS

    def worth_listening(self, address: str, expected: int) -> int:
        """When an answer expected to be whole at `expected` may be there, ns; 0 = not known yet.

        Until then nobody needs to be woken for single bytes: the driver keeps them. Waking for
        each costs a gateway more than all the rest of an exchange. The price is LISTEN_NS of line
        time where answers come the moment they are whole.
        """
        timing = self.meters.get(address)
        if timing is None or timing.answers < LEARN_FROM:
            return 0
        return expected + timing.earliest + LISTEN_NS

    def minimal(self, address: str, sent: int, received: int) -> int:
        """Minimal time of an exchange: request + delay + answer + idle (fact sheet 645 §8), ns.

        The delay is the shortest this meter has ever shown, so that a slow host does not pass for
        a slow meter.
        """
        timing = self.meters.get(address)
        fastest = timing.fastest if timing is not None and timing.answers else 0
        return (sent + received) * self.char_ns + fastest + self.idle_ns
