"""Any question to one Modbus unit, and its answer as it came: reads, writes, server id.

Theory of operation
-------------------
One question, one answer, no follow-up:

    asked    function, length and echo as they must be -> Done(())      function|80 -> Refused(code)

Done holds no values: no register map is asked. What came is in `data` (behind the byte count),
`registers` or `bits`. A broadcast (unit 0, writes only) is answered by nobody: the master ends it
when it is sent. Everything else is NotMine, with "address", "function", "length" or "echo": a write
is answered with its own address and value, so another one's answer is told from its own.
"""

from cext.framing import FrameModbus, build_modbus
from protocol.exchange import MODBUS, Done, NotMine, Refused, Request, Verdict
from protocol.modbus.frame import BITS, EXCEPTION, exception_name
from protocol.modbus.query import Query
from protocol.quantity import Quantity

_ADDRESS = NotMine("address")
_FUNCTION = NotMine("function")
_LENGTH = NotMine("length")
_ECHO = NotMine("echo")
_DONE = Done(())

LONGEST = 256
"""Of an RTU frame: how long an answer may be that alone knows its length."""


class Ask:
    """One question; an Exchange. `address` is the unit's id on the site, `unit` 0..247.

    ValueError for a read of unit 0: nobody answers a broadcast.
    """

    __slots__ = ("_asked", "_query", "_unit", "address", "data")

    def __init__(self, address: str, unit: int, query: Query) -> None:
        if not (0 if query.echo else 1) <= unit <= 247:
            raise ValueError(f"not a Modbus unit address of 1..247 (0 for writes to all): {unit}")
        self.address = address
        self._unit = unit
        self._query = query
        self.data: bytes | None = None
        """What the answer holds, without its byte count; None = none has come."""
        expect = (unit, query.function, query.answer) if unit else None
        self._asked = Request(
            build_modbus(unit, query.function, query.data),
            (query.answer or LONGEST) if unit else 0,
            expect,
            MODBUS,
        )

    @property
    def item(self) -> str:
        """Function, start and count or value in hex."""
        return self._query.item

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """None: registers without a map are no quantities."""
        return ()

    @property
    def registers(self) -> tuple[int, ...]:
        """The registers of the answer, unsigned; empty where it holds none."""
        data = self.data
        if data is None or self._query.function not in (0x03, 0x04, 0x17):
            return ()
        return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))

    @property
    def bits(self) -> tuple[bool, ...]:
        """The coils or inputs of the answer, as many as were asked; empty where it holds none."""
        data = self.data
        if data is None or self._query.function not in BITS:
            return ()
        count = int.from_bytes(self._query.data[2:4], "big")
        return tuple(bool(data[place // 8] >> place % 8 & 1) for place in range(count))

    def start(self) -> Request:
        """The request; what an earlier answer held is forgotten."""
        self.data = None
        return self._asked

    def on_frame(self, frame: FrameModbus) -> Verdict:
        """What this frame means to the question."""
        query, data = self._query, frame.data
        if frame.unit != self._unit:
            return _ADDRESS
        if frame.function == query.function | EXCEPTION:
            return Refused(data[0], exception_name(data[0])) if len(data) == 1 else _LENGTH
        if frame.function != query.function:
            return _FUNCTION
        if query.answer and len(frame.raw) != query.answer:
            return _LENGTH
        if query.echo:
            if data != query.echo:
                return _ECHO
        elif data[0] != len(data) - 1:
            return _LENGTH
        else:
            data = data[1:]
        self.data = data
        return _DONE
