"""What is said on a line by others: bytes with their times in, frames with delays and gaps out.

Theory of operation
-------------------
An ear asks nothing, so it knows of no answer when it comes and how long it will be. All bytes go to
the DL/T 645 scanner, which finds its frames whatever lies between them. The bytes that no 645 frame
has taken are kept in order, and two things are done with them:

    at once       a Modbus RTU frame at their head is taken (a request, an answer, by shape and CRC)
                  unless they begin as a 645 frame does
    at silence    what is left is looked through for Modbus frames; the rest is noise, and told

Silence is GAP_NS without a byte: the byte gap of DL/T 645 (500 ms, §5.2.2), for a frame handed over
in pieces by a slow adapter must not be torn. A line that never falls silent is bounded: bytes older
than HELD are looked through and given up.

A request is the question of the next answer that fits it (same meter or a wildcard that covers it,
same function, same identifier or an error), within PAIR_NS. `delay_ns` is from the last bit of the
question to the first bit of the answer; `gap_ns` from the last bit of whatever came before to the
first of this frame. Times are those of the chunk that held the byte, less the time the bytes behind
it took at this speed; wake-up FE bytes in front belong to their frame. An adapter that hands over
whole frames (a pty does) shows both a few milliseconds off, never below 0.

No I/O, no clock: time is an argument, ns, monotonic.
"""

from dataclasses import dataclass

from cext.framing import Frame645, Scanner645
from protocol.decode import decode
from protocol.decoded import Decoded
from protocol.dlt645.frame import address_mask
from protocol.dlt645.meaning import meaning as meaning_645
from protocol.modbus.find import frame_at
from protocol.modbus.meaning import PROTOCOL as MODBUS
from protocol.modbus.meaning import meaning as meaning_modbus

GAP_NS = 500_000_000
PAIR_NS = 2_000_000_000
HELD = 2048
_WAKE = 0xFE
_START = b"\x68"
_ERROR, _MORE, _FUNCTION = 0x40, 0x20, 0x1F
_EXCEPTION = 0x80


@dataclass(frozen=True, slots=True)
class Overheard:
    """A frame on the line, or noise (`said` None); times are monotonic ns."""

    at: int
    """When its first bit came."""
    end: int
    raw: bytes
    said: Decoded | None
    reason: str
    """Why it is noise."""
    gap_ns: int | None
    """Silence before it; None = nothing came before."""
    delay_ns: int | None
    """Of an answer: since its question ended; None where the question was not heard."""
    asked: "Overheard | None" = None


class Ear:
    """One line listened to; `char_ns` is the time of one character on it."""

    def __init__(self, char_ns: int, lang: str = "en") -> None:
        self.heard = self.noise = 0
        """Frames; bytes that belong to none (FE aside)."""
        self._char_ns = char_ns
        self._lang = lang
        self._scanner = Scanner645()
        self._fed = 0
        self._held = b""
        self._chunks: list[tuple[int, int]] = []
        """(offset behind its last byte, when it came), for all that is held."""
        self._last = 0
        self._end: int | None = None
        self._question: Overheard | None = None

    @property
    def wake(self) -> int:
        """When silence() has something to say, ns; 0 = nothing is held."""
        return self._last + GAP_NS if self._held else 0

    def feed(self, now: int, data: bytes) -> list[Overheard]:
        """What these bytes, handed over at `now`, complete."""
        out: list[Overheard] = []
        if self._held and now - self._last >= GAP_NS:
            out += self.silence()
        self._last = now
        self._fed += len(data)
        self._held += data
        self._chunks.append((self._fed, now))
        frame = self._scanner.feed(data)
        while frame is not None:
            out += self._take_645(frame)
            frame = self._scanner.feed(b"")
        out += self._modbus_at_head()
        if len(self._held) > HELD:
            out += self.silence()
        return out

    def silence(self) -> list[Overheard]:
        """Nothing came for GAP_NS: what is held will not be continued."""
        self._scanner.gap()
        held, base = self._held, self._fed - len(self._held)
        out = self._rest(held, base)
        self._keep(b"")
        return out

    # ---- finding ------------------------------------------------------------------------------

    def _take_645(self, frame: Frame645) -> list[Overheard]:
        """The frame, behind what of the held bytes came before it."""
        base = self._fed - len(self._held)
        before = self._held[: max(0, frame.start - base)]
        wake = len(before) - len(before.rstrip(bytes((_WAKE,))))
        out = self._rest(before[: len(before) - wake], base)
        self._keep(self._held[max(0, frame.start + len(frame.raw) - base) :])
        out.append(self._hear(frame.start, frame.raw, meaning_645(frame, self._lang), wake))
        return out

    def _modbus_at_head(self) -> list[Overheard]:
        out: list[Overheard] = []
        while not self._may_be_645() and (size := frame_at(self._held, 0)):
            raw, start = self._held[:size], self._fed - len(self._held)
            said = meaning_modbus(raw, 0, self._lang, self._known_way(raw))
            self._keep(self._held[size:])
            # the 645 scanner may wait on a 68 inside it
            if not self._held:
                self._scanner.gap()
            out.append(self._hear(start, raw, said, 0))
        return out

    def _may_be_645(self) -> bool:
        """Whether a DL/T 645 frame may be coming: a header has come whose CRC may fit by chance.

        The header of a meter is always the same, so the chance would be that of its address.
        """
        held = self._held
        return held[:1] == _START and held[7:8] in (b"", _START)

    def _rest(self, data: bytes, base: int) -> list[Overheard]:
        """Bytes without a 645 frame: Modbus frames among them, the rest is noise."""
        if not data.strip(bytes((_WAKE,))):
            return []
        out: list[Overheard] = []
        found, reason = decode(data, MODBUS, self._lang)
        at = 0
        for one in found:
            out += self._noise(data[at : one.start], base + at, reason)
            at = one.start + one.length
            raw = data[one.start : at]
            said = meaning_modbus(raw, 0, self._lang, self._known_way(raw))
            out.append(self._hear(base + one.start, raw, said, 0))
        if not found:
            reason = decode(data, None, self._lang)[1] or reason
        return out + self._noise(data[at:], base + at, reason)

    def _noise(self, data: bytes, start: int, reason: str) -> list[Overheard]:
        if not data.strip(bytes((_WAKE,))):
            return []
        self.noise += len(data) - data.count(_WAKE)
        at, end = self._times(start, len(data))
        gap = None if self._end is None else max(0, at - self._end)
        self._end = end
        return [Overheard(at, end, data, None, reason, gap, None)]

    def _keep(self, held: bytes) -> None:
        self._held = held
        base = self._fed - len(held)
        # one chunk before is kept: a frame is timed when its bytes are no longer held
        while len(self._chunks) > 1 and self._chunks[0][0] <= base - HELD:
            self._chunks.pop(0)

    # ---- times and pairs ----------------------------------------------------------------------

    def _times(self, start: int, size: int) -> tuple[int, int]:
        """When the first bit began and the last ended."""
        char, behind = self._char_ns, start + size
        came = next(
            ((upto, at) for upto, at in self._chunks if upto >= behind), (behind, self._last)
        )
        end = came[1] - (came[0] - behind) * char
        if self._end is not None and end < self._end:
            # handed over together with what came before it
            end = came[1]
        return end - size * char, end

    def _hear(self, start: int, raw: bytes, said: Decoded, wake: int) -> Overheard:
        self.heard += 1
        at, end = self._times(start - wake, len(raw) + wake)
        gap = None if self._end is None else max(0, at - self._end)
        self._end = end
        question, delay = self._question, None
        if said.direction == "request":
            heard = Overheard(at, end, raw, said, "", gap, None)
            self._question = heard
            return heard
        if question is None or at - question.end > PAIR_NS or not _answers(raw, question.raw):
            return Overheard(at, end, raw, said, "", gap, None)
        self._question = None
        delay = max(0, at - question.end)
        return Overheard(at, end, raw, said, "", gap, delay, question)

    def _known_way(self, raw: bytes) -> bool | None:
        """True for the answer to what was just asked, where both ways may look alike."""
        question = self._question
        if question is None or question.said is None or question.said.protocol != MODBUS:
            return None
        return True if _answers(raw, question.raw) else None


def _answers(raw: bytes, asked: bytes) -> bool:
    """Whether this answer can be the one to that request."""
    if (raw[0] == 0x68 == raw[7]) if len(raw) > 9 else False:
        return len(asked) > 9 and asked[0] == 0x68 == asked[7] and _answers_645(raw, asked)
    if len(asked) > 9 and asked[0] == 0x68 == asked[7]:
        return False
    if raw[0] != asked[0] or raw[1] & ~_EXCEPTION != asked[1]:
        return False
    return bool(raw[1] & _EXCEPTION) or _fits_modbus(raw, asked)


def _answers_645(raw: bytes, asked: bytes) -> bool:
    wanted, given = int.from_bytes(asked[1:7], "little"), int.from_bytes(raw[1:7], "little")
    if asked[8] & _FUNCTION != raw[8] & _FUNCTION:
        return False
    # an address that was just written answers from its new self
    if asked[8] & _FUNCTION != 0x15 and (wanted ^ given) & address_mask(wanted):
        return False
    reads = asked[8] & _FUNCTION in (0x01, 0x11, 0x12)
    if raw[8] & _ERROR or not reads:
        return True
    size = 2 if asked[8] & _FUNCTION == 0x01 else 4
    return raw[10 : 10 + size] == asked[10 : 10 + size]


def _fits_modbus(raw: bytes, asked: bytes) -> bool:
    count = int.from_bytes(asked[4:6], "big")
    match raw[1]:
        case 1 | 2:
            return raw[2] == (count + 7) // 8 and len(raw) == 5 + raw[2]
        case 3 | 4:
            return raw[2] == 2 * count and len(raw) == 5 + raw[2]
        case 5 | 6:
            return raw == asked
        case 15 | 16:
            return raw[2:6] == asked[2:6] and len(raw) == 8
    return True
