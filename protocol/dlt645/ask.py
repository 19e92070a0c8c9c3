"""Any question to one meter: single items, blocks, freezes, events, load records (§7.1, §7.2).

An Ask is not bound to the quantities of the sweep: its values are `fields` once on_frame() has said
Done. What a meter refuses with bit 1 (frame.NO_DATA) it does not have: the caller remembers that
by address and identifier, an Ask remembers nothing beyond its question.
"""

from collections.abc import Sequence

from protocol.decoded import Field
from protocol.dlt645.load import is_load
from protocol.dlt645.meaning import item_name, item_values
from protocol.dlt645.question import LENGTH, Question
from protocol.dlt645.request import load_extra
from protocol.dlt645.rows import entry
from protocol.exchange import Done, Request, Verdict
from protocol.quantity import Quantity

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


class Ask(Question):
    """One read of one identifier, whatever it holds; an Exchange.

    `extra` stands behind the identifier in the request (load records). ValueError if the address
    has not 12 digits or the identifier not four bytes.
    """

    __slots__ = ("_data",)

    def __init__(self, address: str, identifier: int, extra: bytes = b"", wake: int = 4) -> None:
        super().__init__(address, identifier, wake, _expected(identifier), extra)
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
    def quantities(self) -> tuple[Quantity, ...]:
        """None: what was read stands in `fields`."""
        return ()

    @property
    def data(self) -> bytes | None:
        """The whole data behind the identifier, follow-ups joined; None before Done."""
        return self._data

    def name(self, lang: str = "en") -> str:
        """What was asked for; "" if the tables do not know it."""
        return item_name(self.identifier, lang)

    def fields(self, lang: str = "en") -> tuple[list[Field], list[str]]:
        """The values and what is to be noted of them; nothing before Done."""
        return ([], []) if self._data is None else item_values(self.identifier, self._data, lang)

    def start(self) -> Request:
        """The request; begins anew."""
        self._data = None
        return super().start()

    def fits(self, data: bytes) -> bool:
        """Whether the data can be this item's: a value is never guessed from other lengths."""
        known = entry(self.identifier)
        return known is None or known.read(data) is not None

    def _end(self, data: bytes) -> Verdict:
        if not self.fits(data):
            return LENGTH
        self._data = data
        return Done(())

    def _left(self, got: int) -> int:
        return _TYPICAL  # a meter that needs several frames fills them


def _expected(identifier: int) -> int:
    known = None if is_load(identifier) else entry(identifier)
    if known is None or known.separator is not None:
        return _TYPICAL
    pieces = known.pieces if known.stops else known.pieces[:_USUAL_TARIFFS]
    size = 0
    for piece in pieces:
        one = piece.row.form.size
        if one is None:
            return _TYPICAL
        size += one
    return min(size, _TYPICAL)


def _identifier(*parts: int) -> int:
    if not all(0 <= part <= 0xFF for part in parts):
        raise ValueError("each part of an identifier is a byte")
    return int.from_bytes(bytes(parts), "big")
