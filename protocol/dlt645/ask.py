"""Any question to one meter: single items, blocks, freezes, events, load records (§7.1, §7.2).

Theory of operation
-------------------
As Read (read.py), but the answer is not bound to the quantities of the sweep: its values are
`fields` once on_frame() has said Done. Data of follow-up frames are joined without identifier and
SEQ. The master's retry sends the last request again, so the same SEQ; another SEQ in the answer is
NotMine and changes nothing. What a meter refuses with bit 1 (frame.NO_DATA) it does not have: the
caller remembers that by address and identifier, an Ask remembers nothing beyond its question.
"""

from collections.abc import Sequence

from cext.framing import Frame645
from protocol.decoded import Field
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
)
from protocol.dlt645.load import is_load
from protocol.dlt645.meaning import item_name, item_values
from protocol.dlt645.request import load_extra, read, read_on
from protocol.dlt645.rows import entry
from protocol.exchange import Again, Done, NotMine, Refused, Request, Verdict
from protocol.quantity import Quantity

_LAST_SEQUENCE = 255
_MOST = 255 * 255
"""Bytes of the longest answer of follow-up frames."""
_TYPICAL = 200
"""Data of an answer whose length only the meter knows: the standard's most."""
_USUAL_TARIFFS = 5
"""Items of a block as long as the meter has tariffs: total and four."""

FREEZES = {
    "timed": 0,
    "instantaneous": 1,
    "zone": 2,
    "day table": 3,
    "hourly": 4,
    "price": 5,
    "daily": 6,
    "step": 7,
}
"""DI2 of class 05."""

EARLIEST, SINCE, NEWEST = 0, 1, 2
"""DI0 of class 06."""


def freeze_identifier(kind: str, what: int, number: int = 1) -> int:
    """05 kind what number: `what` 00 time, 01 forward energy … 10 variables, FF all; 1 = newest.

    KeyError for an unknown kind, ValueError for numbers that are no bytes.
    """
    return _identifier(0x05, FREEZES[kind], what, number)


def event_identifier(event: int, place: int, number: int) -> int:
    """03 event place number: number 1 = newest; all zero behind the event = its totals."""
    return _identifier(0x03, event, place, number)


class Ask:
    """One read of one identifier, whatever it holds; an Exchange.

    `extra` stands behind the identifier in the request (load records). ValueError if the address
    has not 12 digits or the identifier not four bytes.
    """

    __slots__ = (
        "_address", "_asked", "_data", "_identifier", "_mask", "_parts", "_sequence", "_wake",
        "address",
    )  # fmt: skip

    def __init__(self, address: str, identifier: int, extra: bytes = b"", wake: int = 4) -> None:
        if not 0 <= identifier <= 0xFFFFFFFF:
            raise ValueError("an identifier has four bytes")
        self._address = address_number(address)
        self.address = address_text(self._address)
        """The meter asked."""
        self._mask = address_mask(self._address)
        self._identifier = identifier
        self._wake = wake
        self._asked = Request(read(self.address, identifier, extra, wake), self._expected())
        self._sequence = 0
        self._parts = b""
        self._data: bytes | None = None

    @classmethod
    def load(
        cls,
        address: str,
        only: int = 0,
        which: int = NEWEST,
        count: int = 1,
        since: Sequence[int] | None = None,
        wake: int = 4,
    ) -> "Ask":
        """Load records: class `only` (0 = all), EARLIEST, SINCE (YY, MM, DD, hh, mm) or NEWEST."""
        if (which == SINCE) != (since is not None):
            raise ValueError("a time belongs to SINCE and to it alone")
        identifier = _identifier(0x06, only, 0, which)
        return cls(address, identifier, load_extra(count, since), wake)

    @property
    def item(self) -> str:
        """The identifier asked: '06000001'."""
        return f"{self._identifier:08X}"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """None: what was read stands in `fields`."""
        return ()

    @property
    def data(self) -> bytes | None:
        """The whole data behind the identifier, follow-ups joined; None before Done."""
        return self._data

    def name(self, lang: str = "en") -> str:
        """What was asked for; "" if the tables do not know it."""
        return item_name(self._identifier, lang)

    def fields(self, lang: str = "en") -> tuple[list[Field], list[str]]:
        """The values and what is to be noted of them; nothing before Done."""
        return ([], []) if self._data is None else item_values(self._identifier, self._data, lang)

    def start(self) -> Request:
        """The request; begins anew."""
        self._sequence = 0
        self._parts = b""
        self._data = None
        return self._asked

    def on_frame(self, frame: Frame645) -> Verdict:
        """What this frame means to the question; Done holds no values, see `fields`."""
        control = frame.control
        if not control & ANSWER:
            return NotMine("echo")
        if (frame.address ^ self._address) & self._mask:
            return NotMine("address")
        function = READ_ON if self._sequence else READ
        if control == function | ANSWER | ERROR:
            code = frame.data[0] if frame.data else 0
            return Refused(code, error_names(code))
        if control & ~MORE != function | ANSWER:
            return NotMine("function")
        if frame.identifier != self._identifier:
            return NotMine("identifier")
        return self._on_part(frame.data[IDENTIFIER:], bool(control & MORE))

    def _on_part(self, part: bytes, more: bool) -> Verdict:
        if self._sequence:
            if not part or part[-1] != self._sequence:
                return NotMine("sequence")
            part = part[:-1]
        if more and self._sequence >= _LAST_SEQUENCE:
            return NotMine("sequence")
        joined = self._parts + part
        if len(joined) > _MOST or (more and not part):
            return NotMine("length")
        if not more:
            if self._misfits(joined):
                return NotMine("length")
            self._data = joined
            return Done(())
        self._parts = joined
        self._sequence += 1
        again = read_on(self.address, self._identifier, self._sequence, self._wake)
        return Again(Request(again, self._wake + ENVELOPE + IDENTIFIER + _TYPICAL))

    def _misfits(self, data: bytes) -> bool:
        """Data that can't be this item's: a value is never guessed from it."""
        known = entry(self._identifier)
        return known is not None and known.read(data) is None

    def _expected(self) -> int:
        known = None if is_load(self._identifier) else entry(self._identifier)
        size = None
        if known is not None and known.separator is None:
            pieces = known.pieces if known.stops else known.pieces[:_USUAL_TARIFFS]
            sizes = [piece.row.form.size for piece in pieces]
            size = sum(each or 0 for each in sizes) if None not in sizes else None
        length = _TYPICAL if size is None else min(size, _TYPICAL)
        return self._wake + ENVELOPE + IDENTIFIER + length


def _identifier(*parts: int) -> int:
    if not all(0 <= part <= 0xFF for part in parts):
        raise ValueError("each part of an identifier is a byte")
    return int.from_bytes(bytes(parts), "big")
