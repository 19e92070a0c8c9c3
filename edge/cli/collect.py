"""One question for any identifier, its answer kept as it came.

The sweep's `Read` knows its item and gives scaled integers; a field engineer asks for anything,
also for what no table has. So this exchange believes nothing of the data but that it is the answer
to what was asked: same meter, function, identifier, follow-up frames in order (2007 text, §7).

    asked        91 -> Done      B1 -> Again(12, SEQ 1), to following     D1 -> Refused
    following    92 -> Done      B2 -> Again(12, SEQ + 1)                 D2 -> Refused
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
from protocol.exchange import Again, Done, NotMine, Refused, Request, Verdict
from protocol.quantity import Quantity

_LAST_SEQUENCE = 255
_LONGEST = 64 * 1024
"""Most bytes of one answer in many frames: 255 of 200 are fewer."""


class Collect:
    """One read of one identifier; an Exchange. Its Done is empty: `last`, `data` hold the answer.

    ValueError if the address has not 12 digits. High bytes AA match any meter's.
    """

    def __init__(self, address: str, identifier: int, wake: int = 4) -> None:
        self._address = address_number(address)
        self._mask = address_mask(self._address)
        self._identifier = identifier
        self._wake = wake
        self._sequence = 0
        self._parts = b""
        self.last: Frame645 | None = None
        """The frame that ended it: the answer, the last of its frames, or an error answer."""
        self.frames = 0
        """How many frames the answer came in."""

    @property
    def address(self) -> str:
        """The meter asked."""
        return address_text(self._address)

    @property
    def item(self) -> str:
        """The identifier asked: '02010100'."""
        return f"{self._identifier:08X}"

    @property
    def identifier(self) -> int:
        """The identifier asked, as one int."""
        return self._identifier

    @property
    def data(self) -> bytes:
        """Of a whole answer: all behind the identifier, -33H, follow-ups joined without SEQ."""
        return self._parts

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """A Done holds none."""
        return ()

    def start(self) -> Request:
        """The request; begins anew."""
        self._sequence = self.frames = 0
        self._parts = b""
        self.last = None
        return self._request(READ, identifier_bytes(self._identifier))

    def on_frame(self, frame: Frame645) -> Verdict:
        """What this frame means to the question."""
        control = frame.control
        if not control & ANSWER:
            return NotMine("echo")
        if (frame.address ^ self._address) & self._mask:
            return NotMine("address")
        function = (READ_ON if self._sequence else READ) | ANSWER
        if control == function | ERROR:
            self.last = frame
            code = frame.data[0] if frame.data else 0
            return Refused(code, error_names(code))
        if control & ~MORE != function:
            return NotMine("function")
        if frame.identifier != self._identifier:
            return NotMine("identifier")
        return self._on_part(frame, bool(control & MORE))

    def _on_part(self, frame: Frame645, more: bool) -> Verdict:
        part = frame.data[IDENTIFIER:]
        if self._sequence:
            if not part or part[-1] != self._sequence:
                return NotMine("sequence")
            part = part[:-1]
        if more and (not part or self._sequence >= _LAST_SEQUENCE):
            return NotMine("length")
        if len(self._parts) + len(part) > _LONGEST:
            return NotMine("length")
        self._parts += part
        self.frames += 1
        if more:
            self._sequence += 1
            data = identifier_bytes(self._identifier) + bytes((self._sequence,))
            return Again(self._request(READ_ON, data))
        self.last = frame
        return Done(())

    def _request(self, control: int, data: bytes) -> Request:
        request = build645(self._address, control, data, self._wake)
        return Request(request, self._wake + ENVELOPE + len(data))
