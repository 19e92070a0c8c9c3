"""One question by GET, as an exchange: the answer, its fragments, its blocks (§6.2.4, §7.2).

Theory of operation
-------------------
    asked       an answer in one frame                 -> the end, which a subclass says
                a fragment, but for the last           -> Again(its acknowledgement)
                the last fragment                      -> as an answer in one frame
                a block (GET-Response Next), not last  -> Again(GET-Request Next)
                the last block                         -> the end, of all blocks' results together
                ERROR-Response                         -> Refused

Anything else is NotMine, with the first reason that fits, in this order: "echo" (from a client),
"address", "function" (a report, a link frame), "sequence" (another service number, fragment or
block), "service" (an answer to something else), "identifier" (other objects than were asked),
"length" (bytes that are no APDU). NotMine changes nothing: the master waits on.

Every start() takes the next service number (PIID, 0..63), so that a late answer is told from the
awaited one; the follow-ups of one question keep its number. A fragment that opens is looked into
before it is acknowledged: that of a late answer is not. Whatever a meter sends, there are at most
MOST_FOLLOW_UPS of one question, and MOST_BYTES of its answer.
"""

from typing import ClassVar

import msgspec

from cext.framing698 import Frame698, build698
from protocol.dlt698.apdu import NUMBER, Apdu, parse
from protocol.dlt698.fragments import (
    FIRST,
    Acknowledged,
    Fragments,
    Keep,
    Waste,
    Whole,
    fragment,
)
from protocol.dlt698.parts import Dar, Record, Records, Result, Results
from protocol.dlt698.requests import encode_get_next
from protocol.dlt698.wire import MOST_BYTES
from protocol.dlt698.words import dar_name, word
from protocol.exchange import DLT698, Again, NotMine, Refused, Request, Verdict

ECHO = NotMine("echo")
ADDRESS = NotMine("address")
FUNCTION = NotMine("function")
SEQUENCE = NotMine("sequence")
SERVICE = NotMine("service")
IDENTIFIER = NotMine("identifier")
LENGTH = NotMine("length")

MOST_FOLLOW_UPS = 1024
"""Acknowledgements and requests for blocks in one question."""

ENVELOPE = 17
"""Bytes of a frame around its user data, with an address of six bytes."""

TAIL = 2
"""Bytes behind what a service brings: no report follows, no time tag."""

_ASK, _ACKNOWLEDGE, _ANSWER = 0x43, 0x63, 0xC3
_WAYS = ~0x28
"""Control bits that say how the answer is sent, not what it is: fragment, scrambled."""
_SINGLE, _WILDCARD = 0, 1
_ANY = 0xA
_DIGITS = 12
_GET, _NEXT, _ERROR = 0x85, 5, 0xEE
_HEAD = 3
_NUMBERS = NUMBER + 1
_FRAGMENT_WORD = 2


class Outcome(msgspec.Struct, frozen=True):
    """All that an answer brings, its blocks together: attributes or records."""

    results: tuple[Result, ...]
    records: tuple[Record, ...]


class Question:
    """What all GETs share; an Exchange but for `quantities` and its end.

    `address` has 12 digits, else ValueError; a digit A matches any (one meter on the line only).
    `apdu` is the request with any service number, `item` its name in logs, `expected` the bytes of
    the APDU that answers it as far as is known, `wake` the number of FE bytes sent and expected in
    front.
    """

    __slots__ = (
        "_address", "_apdu", "_block", "_expected", "_follow_ups", "_fragments", "_mask", "_number",
        "_records", "_results", "_size", "_type", "_wake", "address", "item",
    )  # fmt: skip

    KINDS: ClassVar[frozenset[int]]
    """Kinds of a GET-Response that answer it, blocks aside."""

    def __init__(self, address: str, apdu: bytes, item: str, expected: int, wake: int) -> None:
        self._address = address_bytes(address)
        self._mask = address_mask(self._address)
        self._type = _SINGLE if self._mask == _WHOLE else _WILDCARD
        self.address = address.upper()
        """The meter asked."""
        self.item = item
        """What is asked: its OADs."""
        self._apdu = apdu
        self._expected = expected
        self._wake = wake
        self._number = -1
        self._fragments = Fragments()
        self._restart()

    def start(self) -> Request:
        """The request, with a new service number; begins anew."""
        self._number = (self._number + 1) % _NUMBERS
        self._restart()
        return self._request(_ASK, self._numbered(self._apdu), self._expected)

    def on_frame(self, frame: Frame698) -> Verdict:
        """What this frame means to the question."""
        if not frame.answer:
            return ECHO
        other = frame.address != self._address or frame.address_type or frame.logical
        if other and not self._is_mine(frame):
            return ADDRESS
        if frame.control & _WAYS != _ANSWER:
            return FUNCTION
        return self._on_fragment(frame.data) if frame.fragment else self._on_apdu(frame.data)

    def _on_apdu(self, data: bytes) -> Verdict:
        """One whole APDU of the meter."""
        if len(data) < _HEAD:
            return LENGTH
        number = data[1] if data[0] == _ERROR else data[2]
        if number & NUMBER != self._number:
            return SEQUENCE
        apdu = parse(data)
        if not isinstance(apdu, Apdu):
            return LENGTH if data[0] in (_GET, _ERROR) else SERVICE
        if apdu.tag == _ERROR:
            code = apdu.body["type"]
            return Refused(code, word("service error", "en", code=code))
        if apdu.tag != _GET:
            return SERVICE
        if apdu.kind == _NEXT:
            return self._on_block(apdu, len(data))
        if apdu.kind not in self.KINDS or self._block is not None:
            return SERVICE
        return self._end(Outcome(apdu.results, apdu.records))

    def _end(self, outcome: Outcome) -> Verdict:
        """The end: Done, Refused, or NotMine where it is not of what was asked."""
        raise NotImplementedError

    def _restart(self) -> None:
        self._fragments.reset()
        self._follow_ups = self._size = 0
        self._block: int | None = None
        self._results: tuple[Result, ...] = ()
        self._records: tuple[Record, ...] = ()

    # ---- an answer in several frames ------------------------------------------------------------

    def _on_fragment(self, data: bytes) -> Verdict:
        piece = fragment(data)
        if piece is None:
            return LENGTH
        if piece.kind == FIRST and not self._opens(piece.data):
            return SEQUENCE
        taken = self._fragments.take(data)
        match taken:
            case Whole(apdu):
                return self._on_apdu(apdu)
            case Keep(acknowledgement):
                left = self._expected - self._fragments.held
                # the rest, or as much as came now: a sender fills its frames
                most = len(piece.data)
                return self._again(
                    _ACKNOWLEDGE,
                    acknowledgement,
                    _FRAGMENT_WORD + (min(left, most) if left > 0 else most),
                )
            case Waste() | Acknowledged():
                return SEQUENCE

    def _opens(self, data: bytes) -> bool:
        """Whether an answer that begins so may be the awaited one."""
        return len(data) < _HEAD or (data[0] == _GET and data[2] & NUMBER == self._number)

    # ---- an answer in several blocks ------------------------------------------------------------

    def _on_block(self, apdu: Apdu, size: int) -> Verdict:
        block, outcome = apdu.body["block"], apdu.body["outcome"]
        if self._block is not None and block != (self._block + 1) & 0xFFFF:
            return SEQUENCE
        if isinstance(outcome, Dar):
            return Refused(outcome.code, dar_name(outcome.code, "en"))
        if self._size + size > MOST_BYTES:
            return LENGTH
        results, records = self._results, self._records
        if isinstance(outcome, Results):
            results += outcome.results
        elif isinstance(outcome, Records):
            records = joined(records + outcome.records)
        if apdu.body["last"]:
            return self._end(Outcome(results, records))
        verdict = self._again(_ASK, encode_get_next(block, self._number), size)
        if isinstance(verdict, Again):
            self._block, self._results, self._records = block, results, records
            self._size += size
        return verdict

    def _again(self, control: int, data: bytes, expected: int) -> Verdict:
        if self._follow_ups >= MOST_FOLLOW_UPS:
            return SEQUENCE
        self._follow_ups += 1
        return Again(self._request(control, data, expected))

    # ---- frames ---------------------------------------------------------------------------------

    def _request(self, control: int, data: bytes, expected: int) -> Request:
        return Request(
            build698(control, self._address, self._type, 0, 0, data, self._wake),
            self._wake + ENVELOPE + expected,
            None,
            DLT698,
        )

    def _numbered(self, apdu: bytes) -> bytes:
        return apdu[:2] + bytes((apdu[2] & ~NUMBER | self._number,)) + apdu[_HEAD:]

    def _is_mine(self, frame: Frame698) -> bool:
        """Whether it comes from the meter asked; one asked by a wildcard may repeat that."""
        if frame.logical or frame.address_type not in (_SINGLE, self._type):
            return False
        theirs = frame.address
        return len(theirs) == len(self._address) and not any(
            (one ^ other) & mask
            for one, other, mask in zip(theirs, self._address, self._mask, strict=True)
        )


def address_bytes(text: str) -> bytes:
    """The printed address of 12 digits as six bytes; ValueError otherwise."""
    if len(text) != _DIGITS or not all(letter in _HEX for letter in text):
        raise ValueError(f"not a meter address of 12 digits: {text!r}")
    return bytes.fromhex(text)


def address_mask(address: bytes) -> bytes:
    """Which bits of an answer's address must be those asked: a digit A matches any."""
    return bytes(
        (0 if one >> 4 == _ANY else 0xF0) | (0 if one & 0xF == _ANY else 0x0F) for one in address
    )


def joined(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Records cut by blocks as they were: rows of one record one behind the other."""
    whole: list[Record] = []
    for record in records:
        last = whole[-1] if whole else None
        if (
            last is not None
            and (last.oad, last.columns) == (record.oad, record.columns)
            and not isinstance(last.outcome, Dar)
            and not isinstance(record.outcome, Dar)
        ):
            whole[-1] = Record(last.oad, last.columns, last.outcome + record.outcome)
        else:
            whole.append(record)
    return tuple(whole)


_HEX = frozenset("0123456789ABCDEFabcdef")
_WHOLE = b"\xff" * 6
