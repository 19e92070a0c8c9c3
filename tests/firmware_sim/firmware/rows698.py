"""Records of a 698 meter for tests: a meter of known past, asked by hand, read by the decoder."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from firmware_sim.hal.loader import firmware
from protocol.dlt698 import requests as ask
from protocol.dlt698.apdu import parse
from protocol.dlt698.axdr import Chosen, Data, Road
from protocol.dlt698.moment import date_time_s
from protocol.dlt698.parts import Dar, Record
from tests.firmware_sim.frames import NUMBER
from tests.firmware_sim.held import NOW, Held, second

BODY = 6144
NO_ROOM = -2
HEAD = 3
"""Tag, kind and PIID before what a record's question holds, and its time tag behind."""


class Settings:
    """What the registers need of a meter's settings: the factory's combination words."""

    def combination(self, n: int) -> int:
        """Forward and reverse added; of reactive 1, 2 their quadrants."""
        return (0x05, 0x05, 0x50)[n]


@dataclass
class Meter:
    """What records.py needs of a meter (meter698/core.py)."""

    elements: int = 1
    now: datetime = NOW
    shift: int = 0
    memory: Any = None
    body: int = BODY
    number: bytes = bytes.fromhex(NUMBER)[::-1]
    registers: Any = field(init=False)
    freezes: Any = field(init=False)
    events: Any = field(init=False)

    def __post_init__(self) -> None:
        held = Held(self.elements)
        store = held.store if self.memory is None else self.memory
        self.held = held
        self.registers = firmware("lib.metering").Registers(
            lambda buf: store(buf, 0, -1, 0), store or None, self.elements, Settings().combination
        )
        self.freezes = firmware("meter698.freezes").Freezes(self.elements)
        self.events = firmware("meter698.events").Events()

    def time(self) -> int:
        """The meter's clock."""
        return second(self.now)

    def raw(self, question: bytes) -> bytes:
        """A-ResultRecord to the question's OAD, RSD and RCSD; DAR 2 if the rows do not fit."""
        body = bytearray(self.body)
        end = firmware("meter698.records").put(body, 0, question, 0, len(question), self)
        if end == NO_ROOM:
            return question[:4] + b"\0\0\2"
        assert 0 < end <= len(body)
        return bytes(body[:end])

    def answer(self, oad: int, rows: Chosen, *columns: int | Road) -> Record:
        """What the decoder reads of the answer."""
        return self.record(question(oad, rows, *columns))

    def record(self, asked: bytes) -> Record:
        """The same to a question by hand."""
        apdu = parse(b"\x85\x03\x01" + self.raw(asked) + b"\0\0")
        (record,) = apdu.records  # type: ignore[union-attr]
        assert isinstance(record, Record)
        return record

    def rows(self, oad: int, rows: Chosen, *columns: int | Road) -> list[list[Any]]:
        """The values of the rows."""
        outcome = self.answer(oad, rows, *columns).outcome
        assert not isinstance(outcome, Dar), outcome
        return [[plain(data) for data in row] for row in outcome]

    def refusal(self, oad: int, rows: Chosen, *columns: int | Road) -> int | None:
        """The DAR, None = rows."""
        outcome = self.answer(oad, rows, *columns).outcome
        return outcome.code if isinstance(outcome, Dar) else None


def question(oad: int, rows: Chosen, *columns: int | Road) -> bytes:
    """OAD, RSD and RCSD as bytes."""
    return ask.encode_get_record(oad, rows, columns)[HEAD:-1]


def at(when: datetime) -> bytes:
    """An instant without its tag."""
    return date_time_s(when.year, when.month, when.day, when.hour, when.minute, when.second)


def plain(data: Data) -> Any:
    """Integers, lists, and instants as datetime."""
    if data.tag == 0x1C:
        year = int.from_bytes(data.value[:2], "big")
        return datetime(year, *data.value[2:])
    if isinstance(data.value, tuple):
        return [plain(one) for one in data.value]
    return data.value
