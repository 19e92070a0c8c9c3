"""`boxgate read` by Modbus RTU: registers by number, or the quantities of a register map."""

import argparse
import difflib
import re

from edge.bus.work import Outcome
from edge.cli.asked import Answer, came, milliseconds, nothing
from edge.cli.registers import field_of
from edge.words.messages import BoxgateError
from protocol.decoded import Fault, Field
from protocol.exchange import Again, Refused, Request, Verdict
from protocol.modbus import query
from protocol.modbus.ask import Ask
from protocol.modbus.frame import BITS, exception_name, function_name
from protocol.modbus.read import ReadRegisters
from protocol.modbus.table import Block, blocks, marks
from protocol.quantity import Quantity

_RANGE = re.compile(
    r"(?:0[xX])?0?([1-4]):(?:0[xX])?([0-9A-Fa-f]{1,4}):(?:0[xX])?([0-9A-Fa-f]{1,4})", re.ASCII
)
_PHASES = "_a"
_WORDS = {
    "en": {
        "map": "map {map}",
        "doubtful": "map {map} is from recollection: check it against the device's manual",
        "register": "register",
        "coil": "bit",
    },
    "zh": {
        "map": "寄存器表 {map}",
        "doubtful": "寄存器表 {map} 仅凭记忆：请与设备手册核对",
        "register": "寄存器",
        "coil": "位",
    },
}


class Kept:
    """An exchange that remembers with which code it was refused."""

    def __init__(self, exchange: Ask | ReadRegisters) -> None:
        self.whole = exchange
        self.refused: Refused | None = None

    @property
    def address(self) -> str:
        """The unit asked."""
        return self.whole.address

    @property
    def item(self) -> str:
        """Function, start and count in hex."""
        return self.whole.item

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What a Done will hold."""
        return self.whole.quantities

    def start(self) -> Request:
        """The request; begins anew."""
        self.refused = None
        return self.whole.start()

    def on_frame(self, frame: object) -> Verdict:
        """What this frame means to the question."""
        verdict: Verdict = self.whole.on_frame(frame)  # type: ignore[arg-type]
        assert not isinstance(verdict, Again), "Modbus has no follow-up"
        if isinstance(verdict, Refused):
            self.refused = verdict
        return verdict


class _AskedModbus:
    """What both ways of asking share: how a refusal is told."""

    def __init__(self, exchange: Kept) -> None:
        self.exchange = exchange

    def refusal(self, answer: Answer, outcome: Outcome) -> BoxgateError:
        """What the exception says, or which map the unit is not."""
        facts = {"unit": answer.address, "item": answer.item}
        if answer.error is None or not int(answer.error.code, 16):
            return BoxgateError("read_foreign", cause=outcome.refusal, **facts)
        cause = f"{answer.error.code} {answer.error.text}"
        return BoxgateError("read_exception", cause=cause, **facts)

    def _fault(self, lang: str) -> Fault | None:
        refused = self.exchange.refused
        if refused is None:
            return None
        # 0 is no exception: the map's version register holds another number
        text = exception_name(refused.code, lang) if refused.code else refused.text
        return Fault(f"{refused.code:02X}", text)


class AskedRegisters(_AskedModbus):
    """Registers, coils or inputs by their numbers."""

    def __init__(self, unit: int, item: str, function: int, start: int, count: int) -> None:
        try:
            self.ask = Ask(str(unit), unit, query.read(function, start, count))
        except ValueError as error:
            raise BoxgateError("read_count", item=item, cause=error) from error
        super().__init__(Kept(self.ask))
        self._item = item
        self._function = function
        self._start = start

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """The one answer: registers as unsigned numbers, each under its address."""
        ask, name = self.ask, function_name(self._function, lang)
        if not came(outcome):
            return [nothing(ask.address, self._item, ask.item, name, outcome)]
        words = _WORDS["zh" if lang == "zh" else "en"]
        kind = words["coil" if self._function in BITS else "register"]
        contents: tuple[int, ...] = ask.bits if self._function in BITS else ask.registers
        values = [
            Field(f"{kind} {self._start + place:04X}", None, content, "")
            for place, content in enumerate(contents)
        ]
        elapsed, error = milliseconds(outcome), self._fault(lang)
        return [
            Answer(ask.address, self._item, ask.item, name, values, error, "", None, elapsed),
        ]


class AskedBlock(_AskedModbus):
    """Quantities that stand in one block of a map: items of one question."""

    def __init__(self, unit: int, block: Block, items: dict[str, list[str]]) -> None:
        self.read = ReadRegisters(str(unit), unit, block)
        super().__init__(Kept(self.read))
        self._block = block
        self._items = items
        """Of each item the quantities wanted."""

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """One for each item: its quantities in their units."""
        read, block = self.read, self._block
        words = _WORDS["zh" if lang == "zh" else "en"]
        if not came(outcome):
            return [
                nothing(read.address, item, block.text, block.map, outcome) for item in self._items
            ]
        note = words["doubtful" if marks()[block.map] else "map"].format(map=block.map)
        elapsed, error = milliseconds(outcome), self._fault(lang)
        return [
            Answer(
                read.address,
                item,
                block.text,
                block.map,
                [field_of(one, lang) for one in outcome.values if one.quantity.name in names],
                error,
                note,
                None,
                elapsed,
            )
            for item, names in self._items.items()
        ]


def asked(unit: int, args: argparse.Namespace) -> list[AskedRegisters | AskedBlock]:
    """The questions of a command line, a block of the map each at most once."""
    name = args.map
    if name is not None and name not in marks():
        raise BoxgateError("read_map", map=name, known=", ".join(sorted(marks())))
    found: list[AskedRegisters | AskedBlock] = []
    wanted: dict[Block, dict[str, list[str]]] = {}
    for item in args.item:
        digits = _RANGE.fullmatch(item)
        if digits is not None:
            function, start, count = (int(one, 16) for one in digits.groups())
            found.append(AskedRegisters(unit, item, function, start, count))
            continue
        of_map = item if item in marks() else name
        if of_map is None:
            raise BoxgateError("read_register", item=item)
        for block, names in _in_map(of_map, item).items():
            wanted.setdefault(block, {})[item] = names
    return [*found, *(AskedBlock(unit, block, items) for block, items in wanted.items())]


def _in_map(name: str, item: str) -> dict[Block, list[str]]:
    """The blocks of a map that hold an item, and which of their quantities it means."""
    text = item.lower()
    found: dict[Block, list[str]] = {}
    known: list[str] = []
    for block in blocks(name):
        names = [quantity.name for quantity in block.quantities]
        known += names
        if item == name:
            found[block] = names
        elif text in names:
            return {block: [text]}
        elif f"{text}{_PHASES}" in names:
            found[block] = [one for one in names if one.removesuffix(one[-2:]) == text]
    if found:
        return found
    near = difflib.get_close_matches(text, sorted(known), 1)
    if near:
        raise BoxgateError("read_map_near", item=item, map=name, near=near[0])
    raise BoxgateError("read_map_item", item=item, map=name)
