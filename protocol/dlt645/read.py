"""Reading one item of one meter: control code 11, follow-up frames by 12 (DL/T 645-2007 §7).

Theory of operation
-------------------
    asked        91 -> Done      B1 -> Again(12, SEQ 1), to following     D1 -> Refused
    following    92 -> Done      B2 -> Again(12, SEQ + 1)                 D2 -> Refused

Anything else is NotMine, with the first reason that fits, in this order: "echo" (from a master),
"address", "function" (an answer to something else), "identifier", "sequence", "length" (data that
can't be this item: a value is never guessed from it). NotMine changes nothing: the master waits on.
Asking the same SEQ again is the master sending the last request again; start() begins anew. An
error answer carries no identifier, so one that comes late from the same meter can't be told apart;
its error byte may be missing (code 0) and bytes behind it are passed over.
"""

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
from protocol.dlt645.table import LONGEST, Item, item
from protocol.exchange import Again, Done, NotMine, Refused, Request, Verdict
from protocol.quantity import Quantity

_ECHO = NotMine("echo")
_ADDRESS = NotMine("address")
_FUNCTION = NotMine("function")
_IDENTIFIER = NotMine("identifier")
_SEQUENCE = NotMine("sequence")
_LENGTH = NotMine("length")

_LAST_SEQUENCE = 255


class Read:
    """One read of one item; an Exchange.

    `what` is an Item or its identifier (int or text); KeyError if it is not in the table,
    ValueError if the address has not 12 digits. High bytes AA of the address match any meter's
    (one meter on the line only). `wake` is the number of FE bytes sent and expected in front.
    """

    __slots__ = ("_address", "_asked", "_item", "_mask", "_parts", "_sequence", "_wake", "address")

    def __init__(self, address: str, what: Item | int | str, wake: int = 4) -> None:
        self._item = what if isinstance(what, Item) else item(what)
        self._address = address_number(address)
        self.address = address_text(self._address)
        """The meter asked."""
        self._mask = address_mask(self._address)
        self._wake = wake
        identifier = identifier_bytes(self._item.identifier)
        self._asked = Request(
            build645(self._address, READ, identifier, wake),
            wake + ENVELOPE + IDENTIFIER + self._item.size,
        )
        self._sequence = 0
        self._parts = b""

    @property
    def item(self) -> str:
        """The identifier asked: '02010100'."""
        return self._item.text

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done will hold, in order."""
        return self._item.quantities

    def start(self) -> Request:
        """The request; begins anew."""
        self._sequence = 0
        self._parts = b""
        return self._asked

    def on_frame(self, frame: Frame645) -> Verdict:
        """What this frame means to the question."""
        control = frame.control
        if not control & ANSWER:
            return _ECHO
        if (frame.address ^ self._address) & self._mask:
            return _ADDRESS
        function = READ_ON if self._sequence else READ
        if control & ~MORE == function | ANSWER:
            if frame.identifier != self._item.identifier:
                return _IDENTIFIER
            if self._sequence or control & MORE:
                return self._on_part(frame.data, bool(control & MORE))
            # the hot path: one whole answer
            digits = self._item.layout.unpack(frame, IDENTIFIER)
            if digits is not None:
                return Done(self._item.values(self._item.scaled(digits)))
            return self._done(frame.data[IDENTIFIER:])
        if control == function | ANSWER | ERROR:
            code = frame.data[:1]
            return Refused(code[0] if code else 0, error_names(code[0] if code else 0))
        return _FUNCTION

    def _on_part(self, data: bytes, more: bool) -> Verdict:
        """One frame of an answer in several; each but the first ends in its SEQ."""
        part = data[IDENTIFIER:]
        if self._sequence:
            if not part or part[-1] != self._sequence:
                return _SEQUENCE
            part = part[:-1]
        if self._sequence >= _LAST_SEQUENCE and more:
            return _SEQUENCE
        joined = self._parts + part
        if IDENTIFIER + len(joined) > LONGEST or (more and not part):
            return _LENGTH
        if not more:
            return self._done(joined)
        self._parts = joined
        self._sequence += 1
        return Again(self._next())

    def _next(self) -> Request:
        data = identifier_bytes(self._item.identifier) + bytes([self._sequence])
        left = max(0, self._item.size - len(self._parts))
        return Request(
            build645(self._address, READ_ON, data, self._wake),
            self._wake + ENVELOPE + len(data) + left,
        )

    def _done(self, data: bytes) -> Verdict:
        numbers = self._item.numbers(data)
        return _LENGTH if numbers is None else Done(self._item.values(numbers))
