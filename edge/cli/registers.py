"""A Modbus answer in the light of its question: which registers it holds, and of which map.

An answer alone says neither. Where the question asked for just what a map of ours reads in one
go, the answer is shown in that map's words, as the question was, and the note says so.
"""

import itertools

import msgspec

from protocol.decoded import Decoded, Field
from protocol.exchange import Value
from protocol.modbus.frame import BITS, EXCEPTION
from protocol.modbus.table import Block, maps, marks

_HOLDS = (1, 2, 3, 4, 23)
_WORDS = {"en": ("register", "bit", "map"), "zh": ("寄存器", "位", "寄存器表")}


def by_question(said: Decoded, raw: bytes, asked: bytes, lang: str = "en") -> Decoded:
    """The answer `raw` to the request `asked`, its registers named; others as they are."""
    function = raw[1]
    if function & EXCEPTION or function not in _HOLDS:
        return said
    register, bit, of_map = _WORDS["zh" if lang == "zh" else "en"]
    start, count = int.from_bytes(asked[2:4], "big"), int.from_bytes(asked[4:6], "big")
    where = {"identifier": f"{function:02X}:{start:04X}:{count:04X}"}
    blocks = [] if any(one.quantity for one in said.values) else _blocks(function, start, count)
    contents = blocks[0].contents(raw[3:-2]) if len(blocks) == 1 else None
    if contents is not None and blocks[0].foreign(contents) is None:
        block = blocks[0]
        values = [field_of(one, lang) for one in block.values(block.numbers(contents))]
        note = "; ".join(filter(None, (said.note, f"{of_map} {block.map}{marks()[block.map]}")))
        return msgspec.structs.replace(said, values=values, name=block.map, note=note, **where)
    if any(one.quantity for one in said.values):
        return said
    word = bit if function in BITS else register
    named = [
        msgspec.structs.replace(one, name=f"{word} {start + place:04X}")
        for place, one in enumerate(said.values[:count])
    ]
    return msgspec.structs.replace(said, values=named, **where)


def field_of(value: Value, lang: str) -> Field:
    """A scaled integer under its quantity, as a number in its unit."""
    quantity, number = value.quantity, value.scaled
    shown: float | int | None = number
    if number is not None and quantity.exponent:
        shown = quantity.number(number)
    return Field(quantity.zh if lang == "zh" else quantity.en, quantity.name, shown, quantity.unit)


def _blocks(function: int, start: int, count: int) -> list[Block]:
    return [
        block
        for block in itertools.chain.from_iterable(maps().values())
        if (block.function, block.start, block.count) == (function, start, count)
    ]
