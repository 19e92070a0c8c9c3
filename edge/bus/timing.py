"""How long to keep silent, to wait for each meter and when to look: the last two are learned.

Theory of operation
-------------------
*The limit.* DL/T 645-2007 allows a meter 20 to 500 ms before it answers. Waiting the full half
second for every lost answer makes one dead meter expensive, so the limit of each meter follows what
it has shown: mean + 4 deviations + a margin, in the manner of TCP's retransmission timer. One
silence sets a meter back to the full limit, so that a meter which grew slow is not taken for dead.

*The silence* before a request is its own protocol's: edge/site/silence.py.

*The look.* A wake-up costs a gateway more than all the rest of an exchange, and there are two: one
finds the answer, one ends the idle gap behind it. A meter whose answers end within REGULAR_NS of
each other needs one: whoever looks only when the gap behind the latest possible answer is over
finds the whole answer in the driver and may speak at once. So the look is at

    expected end + latest + SLACK_NS + idle gap

Why the gap is kept: `latest` is a bound, not a mean. An answer that ends later raises it at once;
it falls by an 8th of the excess with each answer that was watched, and an end is taken as of when
it was seen, never before it came. Answers are watched while a meter is learned, and once after
every `patience` looks, which doubles from 8 to 32 while all stays regular. What is left: between
two watched answers one may be later than `latest` and SLACK_NS together, and of DL/T 645's 30 ms
it loses as much. Later by the whole gap it is not whole at the look, is watched to its end, and its
meter is irregular. So is a meter that answers early and late by turns: all its answers are watched,
at two wake-ups each, until the bounds have closed (by a 4th, for nothing rests on them meanwhile).
(Counting the driver's bytes within the gap would keep 20 ms of it always, and costs the second
wake-up that all this saves.)

Answers of Modbus and DL/T 698.45 are always watched. Their gap is a rule: on Modbus it is what ends
a frame, a short one makes two of them one. As it is short itself, a look behind it would cost the
line more than the second wake-up; and a 698 meter needs one exchange where a 645 meter needs five.
"""

from dataclasses import dataclass, field

from edge.site.model import Line
from edge.site.silence import BITS, silences
from protocol.exchange import DLT645

SECOND = 1_000_000_000
UNWATCHED = frozenset({DLT645})
"""Protocols whose answers may be taken without having been watched."""
LEARN_FROM = 3
"""Answers before what was learned is trusted."""
MARGIN_NS = 60_000_000
"""Added to every learned limit: adapters that hand over bytes every 16 ms, a busy host."""
REGULAR_NS = 2_000_000
"""Answers of one meter that end within this of each other need not be watched."""
SLACK_NS = 500_000
"""Added to `latest`, and taken from `earliest` where an answer is watched."""
FORGET, FORGET_IRREGULAR = 8, 4
"""A bound moves by this part of its distance towards each watched answer."""
PATIENCE = 8, 32
"""Answers taken unwatched before one is watched: at first, at most."""


@dataclass(slots=True)
class MeterTiming:
    """What one meter has shown, ns."""

    answers: int = 0
    """Watched answers since its last silence."""
    mean: int = 0
    deviation: int = 0
    fastest: int = 0
    earliest: int = 0
    """Bound of its whole answers against sent_until + expected bytes; negative = fewer came."""
    latest: int = 0
    """The other bound of the same."""
    patience: int = 0
    """Answers that may be taken unwatched in a row; 0 = irregular or not known."""
    unwatched: int = 0
    """Answers taken unwatched since the last that was watched."""

    def answered(self, delay: int, end: int) -> None:
        """It answered `delay` ns after the request; it was whole `end` ns off the expected time."""
        delay = max(0, delay)
        if self.answers == 0:
            self.mean, self.deviation, self.fastest = delay, delay // 2, delay
            self.earliest = self.latest = end
        else:
            error = delay - self.mean
            self.mean += error // 8
            self.deviation += (abs(error) - self.deviation) // 4
            self.fastest = min(self.fastest, delay)
            part = FORGET if self.patience else FORGET_IRREGULAR
            self.earliest = min(end, self.earliest + (end - self.earliest) // part)
            self.latest = max(end, self.latest - (self.latest - end) // part)
        self.answers += 1
        self.unwatched = 0
        first, most = PATIENCE
        if self.answers < LEARN_FROM or self.latest - self.earliest > REGULAR_NS:
            self.patience = 0
        else:
            self.patience = min(max(first, 2 * self.patience), most)

    def silent(self) -> None:
        """It did not answer: forget what was learned."""
        self.answers = self.patience = 0


@dataclass(slots=True)
class LineTiming:
    """Character time, silences and limits of one line, and every meter's own timing on it."""

    char_ns: int
    answer_ns: int
    silence_ns: dict[str, int]
    """Silence before a request, by its protocol."""
    meters: dict[str, MeterTiming] = field(default_factory=dict)

    def of(self, address: str) -> MeterTiming:
        """The timing of one meter; the table is bounded by the addresses asked on this line."""
        timing = self.meters.get(address)
        if timing is None:
            timing = self.meters[address] = MeterTiming()
        return timing

    def limit(self, meter: MeterTiming) -> int:
        """How long after the end of a request the first byte of the answer may come, ns."""
        if meter.answers < LEARN_FROM:
            return self.answer_ns + MARGIN_NS
        return min(self.answer_ns, meter.mean + 4 * meter.deviation) + MARGIN_NS

    def latest_end(self, meter: MeterTiming, expected: int) -> int:
        """When the answer expected to be whole at `expected` has ended for certain, ns.

        0 = it is to be watched this time.
        """
        if meter.unwatched >= meter.patience:
            return 0
        return expected + meter.latest + SLACK_NS

    def watch_from(self, meter: MeterTiming, expected: int, always: bool) -> int:
        """When an answer that is watched may be whole at the earliest, ns.

        Until then nobody needs to be woken for single bytes: the driver keeps them. It is before
        `earliest` by more than that bound can have risen by, so that one early answer among late
        ones is seen to be early. Where every answer is watched (`always`) its own lateness, a busy
        host's, must not make the next look late too.
        """
        early = meter.earliest if meter.answers >= LEARN_FROM else 0
        return expected + early - (SLACK_NS if meter.patience and not always else REGULAR_NS)

    def minimal(self, meter: MeterTiming, sent: int, received: int, gap: int) -> int:
        """Minimal time of an exchange: request + delay + answer + idle (fact sheet 645 §8), ns.

        The delay is the shortest this meter has ever shown, so that a slow host does not pass for
        a slow meter.
        """
        fastest = meter.fastest if meter.answers else 0
        return (sent + received) * self.char_ns + fastest + gap


def line_timing(line: Line) -> LineTiming:
    """Times of a line as the site declares it."""
    return LineTiming(
        char_ns=BITS[line.parity] * SECOND // line.baud,
        answer_ns=line.answer_ms * 1_000_000,
        silence_ns=silences(line),
    )
