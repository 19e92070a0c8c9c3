"""The sweep's question: one item of the table, answered in scaled integers of its quantities."""

from cext.framing import Frame645
from protocol.dlt645.frame import IDENTIFIER
from protocol.dlt645.question import LENGTH, Question
from protocol.dlt645.table import LONGEST, Item, item
from protocol.exchange import Done, Verdict
from protocol.quantity import Quantity


class Read(Question):
    """One read of one item; an Exchange (question.py says what each frame means to it).

    `what` is an Item or its identifier (int or text); KeyError if it is not in the table,
    ValueError if the address has not 12 digits.
    """

    __slots__ = ("_item",)

    MOST = LONGEST - IDENTIFIER

    def __init__(self, address: str, what: Item | int | str, wake: int = 4) -> None:
        self._item = what if isinstance(what, Item) else item(what)
        super().__init__(address, self._item.identifier, wake, self._item.size)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done will hold, in order."""
        return self._item.quantities

    def _whole(self, frame: Frame645) -> Verdict:
        # the hot path: no slice of the data, no second look at its length
        digits = self._item.layout.unpack(frame, IDENTIFIER)
        if digits is None:
            return self._end(frame.data[IDENTIFIER:])
        return Done(self._item.values(self._item.scaled(digits)))

    def _end(self, data: bytes) -> Verdict:
        numbers = self._item.numbers(data)
        return LENGTH if numbers is None else Done(self._item.values(numbers))
