"""Reading one block of a map from one unit over Modbus RTU (functions 01 to 04).

Theory of operation
-------------------
One question, one answer, no follow-up:

    asked    function, byte count as asked -> Done      function|80 code -> Refused(code)
             the map's version register holds another number -> Refused(0)

Anything else is NotMine, with the first reason that fits: "address" (another unit), "function",
"length". The scanner frames nothing but the awaited answer; these are for a frame of an earlier
question. An RTU answer does not say which registers it holds, so that of an earlier question with
the same unit, function and length can't be told apart: a unit that owes an answer must be asked
nothing else until that can no longer come (edge/bus/owed.py).
A map of another version is refused as a whole, for no register's meaning is known then.
"""

from cext.framing import FrameModbus, build_modbus
from protocol.exchange import MODBUS, Done, NotMine, Refused, Request, Verdict
from protocol.modbus.frame import EXCEPTION, exception_name
from protocol.modbus.table import Block
from protocol.quantity import Quantity

_ADDRESS = NotMine("address")
_FUNCTION = NotMine("function")
_LENGTH = NotMine("length")


class ReadRegisters:
    """One read of one block; an Exchange.

    `address` is the meter's or unit's id on the site ("tmu1"), `unit` its Modbus address.
    ValueError for a unit that no answer comes from: 0 (broadcast) or above 247.
    """

    __slots__ = ("_asked", "_block", "_unit", "address")

    def __init__(self, address: str, unit: int, block: Block) -> None:
        if not 1 <= unit <= 247:
            raise ValueError(f"not a Modbus unit address of 1..247: {unit}")
        self.address = address
        """The unit asked, by its id on the site."""
        self._unit = unit
        self._block = block
        length = block.answer_bytes
        self._asked = Request(
            build_modbus(
                unit,
                block.function,
                block.start.to_bytes(2, "big") + block.count.to_bytes(2, "big"),
            ),
            length,
            (unit, block.function, length),
            MODBUS,
        )

    @property
    def item(self) -> str:
        """Function, start and count in hex: '04:0000:0011'."""
        return self._block.text

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done will hold, in order."""
        return self._block.quantities

    def start(self) -> Request:
        """The request."""
        return self._asked

    def on_frame(self, frame: FrameModbus) -> Verdict:
        """What this frame means to the question."""
        if frame.unit != self._unit:
            return _ADDRESS
        function, data = frame.function, frame.data
        if function == self._block.function | EXCEPTION:
            # the scanner frames exceptions of one byte only
            return Refused(data[0], exception_name(data[0])) if len(data) == 1 else _LENGTH
        if function != self._block.function:
            return _FUNCTION
        # the scanner has held the byte count to the length
        contents = self._block.contents(data[1:])
        if contents is None:
            return _LENGTH
        foreign = self._block.foreign(contents)
        if foreign is not None:
            number = contents[self._block.fields.index(foreign)]
            return Refused(0, f"{foreign.quantity.en} {number:g}")
        return Done(self._block.values(self._block.numbers(contents)))
