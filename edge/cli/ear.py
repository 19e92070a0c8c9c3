"""What is said on a line by others: bytes with their times in, frames with delays and gaps out.

Theory of operation
-------------------
An ear asks nothing, so it knows of no answer when it comes and how long it will be. All bytes go to
the scanners of DL/T 698.45 and DL/T 645, which find their frames whatever lies between them. A
645 frame that stands inside a 698 frame (a forwarded command) is that one's content, and so it is
kept back while a 698 header with its right check says that it may be inside. The bytes that no such
frame has taken are kept in order, and two things are done with them:

    at once       a Modbus RTU frame at their head is taken: the answer to the request heard last,
                  framed by what that asked; or any, by shape and CRC, unless they begin as a frame
                  of the others does
    at silence    what is left is looked through for Modbus frames; the rest is noise, and told

Silence is GAP_NS without a byte: the byte gap of DL/T 645 (500 ms, §5.2.2), for a frame handed over
in pieces by a slow adapter must not be torn. A line that never falls silent is bounded: bytes older
than HELD are looked through and given up. Fragments of DL/T 698.45 are put together: the last one
says what the whole is.

A request is the question of the next answer that fits it (edge/cli/pairs.py), within PAIR_NS; so is
a meter's report of its confirmation, and the acknowledgement of a fragment of the next fragment.
`delay_ns` is from the last bit of the question to the first bit of the answer; `gap_ns` from the
last bit of whatever came before to the first of this frame. Times are those of the chunk that held
the byte, less the time the bytes behind it took at this speed; wake-up FE bytes in front belong to
their frame. An adapter that hands over whole frames (a pty does) shows both a few milliseconds off,
never below 0.

No I/O, no clock: time is an argument, ns, monotonic.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from cext.framing import Frame645, Scanner645
from cext.framing698 import Frame698, Scanner698
from edge.cli.pairs import MODBUS, answers, awaited, family
from edge.cli.registers import by_question
from protocol.decode import decode
from protocol.decoded import Decoded
from protocol.dlt645.meaning import meaning as meaning_645
from protocol.dlt698.find import wrong
from protocol.dlt698.meaning import meanings as meanings_698
from protocol.dlt698.words import word
from protocol.modbus.find import frame_at
from protocol.modbus.meaning import PROTOCOL as MODBUS_RTU
from protocol.modbus.meaning import meaning as meaning_modbus

GAP_NS = 500_000_000
PAIR_NS = 2_000_000_000
HELD = 4096
"""Bytes: twice the longest frame of DL/T 698.45 that is believed on a line."""
CONVERSATIONS = 64
"""Pairs of addresses whose fragments are put together at a time."""
_WAKE = 0xFE
_START = b"\x68"
_HEADER = 24
"""Bytes of the longest 698.45 header, its check included."""
_LEAST, _MOST = 15, 2048
"""Bytes of a whole 698.45 frame."""


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
        self._scanner_698 = Scanner698()
        self._talk = _Talk(lang)
        self._found: list[Frame645 | Frame698] = []
        """Whole, not told yet: one of them may stand inside a frame that is still coming."""
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
        self._find(data)
        out += self._tell_found()
        out += self._modbus_at_head()
        if len(self._held) > HELD:
            out += self.silence()
        return out

    def silence(self) -> list[Overheard]:
        """Nothing came for GAP_NS: what is held will not be continued."""
        self._scanner.gap()
        self._scanner_698.gap()
        self._find(b"")
        out = self._tell_found(all_of_it=True)
        held, base = self._held, self._fed - len(self._held)
        out += self._rest(held, base)
        self._keep(b"")
        return out

    # ---- finding ------------------------------------------------------------------------------

    def _find(self, data: bytes) -> None:
        """The frames of both envelopes in order; those inside a 698 frame are its content."""
        wide: list[Frame698] = []
        while (frame := self._scanner_698.feed(data if not wide else b"")) is not None:
            wide.append(frame)
        found: list[Frame645 | Frame698] = list(self._found)
        first = True
        while (inner := self._scanner.feed(data if first else b"")) is not None:
            found.append(inner)
            first = False
        kept = [
            one
            for one in found
            if not any(
                one.start < other.start + len(other.raw) and other.start < one.start + len(one.raw)
                for other in wide
            )
        ]
        self._found = sorted([*kept, *wide], key=lambda one: one.start)

    def _tell_found(self, all_of_it: bool = False) -> list[Overheard]:
        """The frames found, but those that a 698 frame still coming may hold."""
        out: list[Overheard] = []
        while self._found:
            frame = self._found[0]
            if not all_of_it and isinstance(frame, Frame645) and self._coming_before(frame.start):
                break
            out += self._take(self._found.pop(0))
        return out

    def _coming_before(self, start: int) -> bool:
        """Whether a 698 frame, begun in front of there, has yet to end."""
        base = self._fed - len(self._held)
        at = self._held.find(_START)
        while 0 <= at < start - base:
            if _coming(self._held, at):
                return True
            at = self._held.find(_START, at + 1)
        return False

    def _take(self, frame: Frame645 | Frame698) -> list[Overheard]:
        """The frame, behind what of the held bytes came before it."""
        base = self._fed - len(self._held)
        before = self._held[: max(0, frame.start - base)]
        wake = len(before) - len(before.rstrip(bytes((_WAKE,))))
        out = self._rest(before[: len(before) - wake], base)
        self._keep(self._held[max(0, frame.start + len(frame.raw) - base) :])
        if isinstance(frame, Frame645):
            said = meaning_645(frame, self._lang)
        else:
            said = self._talk.said(frame)
        out.append(self._hear(frame.start, frame.raw, said, wake))
        return out

    def _modbus_at_head(self) -> list[Overheard]:
        out: list[Overheard] = []
        while size := self._awaited() or (0 if self._may_be_another() else frame_at(self._held, 0)):
            raw, start = self._held[:size], self._fed - len(self._held)
            said = meaning_modbus(raw, 0, self._lang, self._known_way(raw))
            self._keep(self._held[size:])
            # the other scanners may wait on a 68 inside it
            if not self._held:
                self._scanner.gap()
                self._scanner_698.gap()
            out.append(self._hear(start, raw, said, 0))
        return out

    def _awaited(self) -> int:
        """Length of the answer to the Modbus request heard last, if it is what is held."""
        question = self._question
        if question is None or question.said is None or not self._held:
            return 0
        if question.said.protocol != MODBUS_RTU or self._last - question.end > PAIR_NS:
            return 0
        return awaited(self._held, question.raw)

    def _may_be_another(self) -> bool:
        """Whether a DL/T 645 or 698.45 frame may be coming: a Modbus CRC may fit its header.

        The header of a meter is always the same, so the chance would be that of its address.
        """
        held = self._held
        if held[:1] != _START:
            return False
        return held[7:8] in (b"", _START) or _coming(held, 0)

    def _rest(self, data: bytes, base: int) -> list[Overheard]:
        """Bytes without a 645 frame: Modbus frames among them, the rest is noise."""
        if not data.strip(bytes((_WAKE,))):
            return []
        out: list[Overheard] = []
        found, reason = decode(data, MODBUS_RTU, self._lang)
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
        if question is None or at - question.end > PAIR_NS or not _pair(raw, said, question):
            heard = Overheard(at, end, raw, said, "", gap, None)
            if said.direction == "report":
                self._question = heard
            return heard
        self._question = None
        delay = max(0, at - question.end)
        if said.protocol == MODBUS_RTU:
            said = by_question(said, raw, question.raw, self._lang)
        return Overheard(at, end, raw, said, "", gap, delay, question)

    def _known_way(self, raw: bytes) -> bool | None:
        """True for the answer to what was just asked, where both ways may look alike."""
        question = self._question
        if question is None or question.said is None or question.said.protocol != MODBUS_RTU:
            return None
        return True if answers(MODBUS, raw, question.raw) else None


class _Talk:
    """What 698 frames say one after the other, their fragments put together."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._frames: deque[Frame698] = deque()
        self._meant: Iterator[Decoded] = iter(())
        self._pairs: set[tuple[bytes, int, bool]] = set()
        self._begin()

    def said(self, frame: Frame698) -> Decoded:
        """What this frame says, with what came before it."""
        if frame.fragment:
            self._pairs.add((frame.address, frame.client, frame.answer))
            if len(self._pairs) > CONVERSATIONS:
                self._begin()
        self._frames.append(frame)
        return next(self._meant)

    def _begin(self) -> None:
        self._pairs.clear()
        self._meant = meanings_698(iter(self._frames.popleft, None), self._lang)


def _pair(raw: bytes, said: Decoded, question: Overheard) -> bool:
    """Whether this frame can be the answer to that question."""
    assert question.said is not None
    kind = family(said.protocol)
    return kind == family(question.said.protocol) and answers(kind, raw, question.raw)


def _coming(held: bytes, at: int) -> bool:
    """Whether a 698 frame begins there, proven by its header or still too short for that."""
    head = held[at : at + _HEADER]
    size = int.from_bytes(head[1:3], "little") + 2
    if len(head) < 3:
        return True
    if not _LEAST <= size <= _MOST or len(held) - at >= size:
        return False
    # its header's check, once it is there
    if len(head) < 5 or len(head) < 9 + (head[4] & 0x0F):
        return True
    return wrong(head.ljust(14, b"\0"), "en") == word(
        "truncated", "en", want=size, got=max(14, len(head))
    )
