"""One read of one identifier, as an exchange: 11, follow-up frames by 12 (DL/T 645-2007 §7).

Theory of operation
-------------------
    asked        91 -> the end   B1 -> Again(12, SEQ 1), to following     D1 -> Refused
    following    92 -> the end   B2 -> Again(12, SEQ + 1)                 D2 -> Refused

Anything else is NotMine, with the first reason that fits, in this order: "echo" (from a master),
"address", "function" (an answer to something else), "identifier", "sequence", "length" (data that
can't be this item's: a value is never guessed from it). NotMine changes nothing: the master waits
on. Asking the same SEQ again is the master sending the last request again; start() begins anew. An
error answer carries no identifier, so one that comes late from the same meter can't be told apart;
its error byte may be missing (code 0) and bytes behind it are passed over.

What the end is, a subclass says: Read (read.py) gives the quantities of the sweep, Ask (ask.py)
keeps whatever stands behind the identifier.
"""

from typing import ClassVar

from cext.framing import Frame645, build645
from protocol.dlt645.frame import (
    ANSWER,
    ENVELOPE,
    ERROR,
    IDENTIFIER,
    MORE,
    READ,
    READ_ON,
    address_mask,
    address_number,
    address_text,
    error_names,
    identifier_bytes,
)
from protocol.exchange import Again, NotMine, Refused, Request, Verdict

LENGTH = NotMine("length")
"""For the ends: data that can't be this item's."""

_ECHO = NotMine("echo")
_ADDRESS = NotMine("address")
_FUNCTION = NotMine("function")
_IDENTIFIER = NotMine("identifier")
_SEQUENCE = NotMine("sequence")

_ANSWERED, _FOLLOWED = READ | ANSWER, READ_ON | ANSWER
_LAST_SEQUENCE = 255


class Question:
    """What all reads share; an Exchange but for `quantities` and its end.

    `identifier` has four bytes, else ValueError; so too if the address has not 12 digits. High
    bytes AA of the address match any meter's (one meter on the line only). `wake` is the number of
    FE bytes sent and expected in front, `expected` the bytes of data the answer will hold, as far
    as is known. `extra` stands behind the identifier in the request (load records).
    """

    __slots__ = (
        "_asked", "_awaited", "_expected", "_mask", "_number", "_parts", "_sequence", "_wake",
        "address", "identifier",
    )  # fmt: skip

    MOST: ClassVar[int] = 255 * 255
    """Most bytes of data, follow-ups joined."""

    def __init__(
        self, address: str, identifier: int, wake: int, expected: int, extra: bytes = b""
    ) -> None:
        if not 0 <= identifier <= 0xFFFFFFFF:
            raise ValueError("an identifier has four bytes")
        self._number = address_number(address)
        self._mask = address_mask(self._number)
        self.address = address_text(self._number)
        """The meter asked."""
        self.identifier = identifier
        """The identifier asked, as one int."""
        self._wake = wake
        self._expected = expected
        self._asked = Request(
            build645(self._number, READ, identifier_bytes(identifier) + extra, wake),
            wake + ENVELOPE + IDENTIFIER + expected,
        )
        self._restart()

    @property
    def item(self) -> str:
        """The identifier asked: '02010100'."""
        return f"{self.identifier:08X}"

    def start(self) -> Request:
        """The request; begins anew."""
        self._restart()
        return self._asked

    def on_frame(self, frame: Frame645) -> Verdict:
        """What this frame means to the question."""
        control = frame.control
        if not control & ANSWER:
            return _ECHO
        if (frame.address ^ self._number) & self._mask:
            return _ADDRESS
        if control & ~MORE == self._awaited:
            if frame.identifier != self.identifier:
                return _IDENTIFIER
            if control == _ANSWERED:
                return self._whole(frame)
            return self._on_part(frame.data, bool(control & MORE))
        if control == self._awaited | ERROR:
            code = frame.data[0] if frame.data else 0
            return Refused(code, error_names(code))
        return _FUNCTION

    def _whole(self, frame: Frame645) -> Verdict:
        """The end of an answer in one frame."""
        return self._end(frame.data[IDENTIFIER:])

    def _end(self, data: bytes) -> Verdict:
        """The end of all data behind the identifier: Done, or LENGTH, which changes nothing."""
        raise NotImplementedError

    def _restart(self) -> None:
        self._awaited = _ANSWERED
        self._sequence = 0
        self._parts = b""

    def _on_part(self, data: bytes, more: bool) -> Verdict:
        """One frame of an answer in several; each but the first ends in its SEQ."""
        part = data[IDENTIFIER:]
        if self._sequence:
            if not part or part[-1] != self._sequence:
                return _SEQUENCE
            part = part[:-1]
        if more and self._sequence >= _LAST_SEQUENCE:
            return _SEQUENCE
        joined = self._parts + part
        if len(joined) > self.MOST or (more and not part):
            return LENGTH
        if not more:
            return self._end(joined)
        self._parts = joined
        self._sequence += 1
        self._awaited = _FOLLOWED
        return Again(self._next())

    def _next(self) -> Request:
        data = identifier_bytes(self.identifier) + bytes([self._sequence])
        return Request(
            build645(self._number, READ_ON, data, self._wake),
            self._wake + ENVELOPE + len(data) + self._left(len(self._parts)),
        )

    def _left(self, got: int) -> int:
        """Bytes of data the next frame will hold, as far as is known."""
        return max(0, self._expected - got)
