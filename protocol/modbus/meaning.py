"""What one Modbus RTU frame means, as data: the same shape as of every other protocol.

A frame does not say whether it is a request or an answer, and an answer does not say which
registers it holds. The shape decides the direction; where both ways look alike, `note` says so.
Registers are shown as the numbers they hold, unsigned. Only an answer that has the shape and the
version of a register map of ours is given units: nothing is guessed from a register's looks.
"""

import itertools
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from protocol.decoded import Decoded, Fault, Field
from protocol.modbus.find import ASKED
from protocol.modbus.frame import (
    EXCEPTION,
    asks_read_write,
    exception_name,
    function_form,
    function_name,
)
from protocol.modbus.table import Block, Number, maps
from protocol.quantity import Quantity

PROTOCOL = "modbus-rtu"

_WORDS = {
    "en": {
        "register": "register",
        "bit": "bit",
        "content": "content",
        "count": "count",
        "same": "request and answer look the same",
        "either": "may also be the answer to a read of 17..24 bits",
        "all": "broadcast to all units",
        "map": "map",
        "misfit": "length does not fit the function",
    },
    "zh": {
        "register": "寄存器",
        "bit": "位",
        "content": "内容",
        "count": "数量",
        "same": "请求与应答形式相同",
        "either": "也可能是读 17..24 位的应答",
        "all": "对所有单元广播",
        "map": "寄存器表",
        "misfit": "长度与功能码不符",
    },
}


def meaning(raw: bytes, start: int = 0, lang: str = "en", answer: bool | None = None) -> Decoded:
    """The meaning of one whole, checked frame; `answer` where its direction is known.

    Never raises on a frame of protocol.modbus.find; `start` is passed on.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    function, data = raw[1], raw[2:-2]
    draft = _Draft("response" if function & EXCEPTION else "request")
    if raw[0] == 0:
        draft.notes.append(words["all"])
    error = None
    if function & EXCEPTION and len(data) == 1:
        error = Fault(f"{data[0]:02X}", exception_name(data[0], lang))
    elif not _fits(function, data):
        draft.values.append(Field(words["content"], None, data.hex(" ").upper(), ""))
        draft.notes.append(words["misfit"])
    else:
        _say(draft, function, data, answer, words, lang)
    return Decoded(
        protocol=PROTOCOL,
        start=start,
        length=len(raw),
        direction=draft.direction,
        address=str(raw[0]),
        control=f"{function:02X}",
        function=function & ~EXCEPTION,
        identifier=draft.identifier,
        name=draft.name or function_name(function, lang),
        values=draft.values,
        error=error,
        note="; ".join(draft.notes),
        unit_id=raw[0],
        start_register=draft.start,
        count=draft.count,
        registers=draft.registers,
        exception=data[0] if function & EXCEPTION and len(data) == 1 else None,
    )


def _fits(function: int, data: bytes) -> bool:
    """Whether data of this length can be a request or an answer of the function."""
    if function & EXCEPTION:
        return len(data) == 1
    counted = bool(data) and data[0] == len(data) - 1 > 0
    match function_form(function):
        case "read":
            return len(data) == ASKED - 4 or (counted and (function <= 2 or not data[0] & 1))
        case "write":
            return len(data) == ASKED - 4
        case "write many":
            return len(data) == ASKED - 4 or (len(data) > 5 and data[4] == len(data) - 5)
        case "read write":
            return asks_read_write(data) or (counted and not data[0] & 1)
        case "identity":
            return not data or counted
    return True


@dataclass(slots=True)
class _Draft:
    """What is being found out about a frame."""

    direction: str
    identifier: str = ""
    name: str = ""
    values: list[Field] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    start: int | UnsetType = UNSET
    count: int | UnsetType = UNSET
    registers: list[int] | UnsetType = UNSET


def _say(
    draft: _Draft,
    function: int,
    data: bytes,
    answer: bool | None,
    words: dict[str, str],
    lang: str,
) -> None:
    """Direction, identifier and values of a frame without error."""
    asked = len(data) == ASKED - 4
    form = function_form(function)
    if form == "read" and (not asked or (answer and data[0] == len(data) - 1)):
        draft.direction = "response"
        _answered(draft, function, data[1:], words, lang)
    elif form == "read":
        if function <= 2 and data[0] == len(data) - 1 and answer is None:
            draft.notes.append(words["either"])
        _asked(draft, function, data, words)
    elif form == "write many":
        draft.direction = "response" if asked else "request"
        _asked(draft, function, data[:4], words)
        if not asked and function == 0x10:
            draft.registers = _contents(data[5:])
            draft.values += _registers(data[5:], int.from_bytes(data[:2], "big"), words)
        elif not asked:
            draft.values += _bits(data[5:], int.from_bytes(data[2:4], "big"), words)
    elif form == "write":
        draft.direction = "response" if answer else "request"
        draft.identifier = f"{function:02X}:{data[:2].hex().upper()}:0001"
        number = int.from_bytes(data[2:], "big")
        draft.start, draft.count = int.from_bytes(data[:2], "big"), 1
        if function == 6:
            draft.registers = [number]
        draft.values.append(
            Field(words["content"], None, bool(number) if function == 5 else number, "")
        )
        if answer is None:
            draft.notes.append(words["same"])
    elif form == "read write":
        _read_written(draft, function, data, answer, words, lang)
    elif data:
        if form == "identity":
            draft.direction, data = "response", data[1:]
        draft.values.append(Field(words["content"], None, data.hex(" ").upper(), ""))


def _read_written(
    draft: _Draft,
    function: int,
    data: bytes,
    answer: bool | None,
    words: dict[str, str],
    lang: str,
) -> None:
    """Function 17H: a request asks some registers and writes others, an answer holds the first."""
    if not asks_read_write(data) or (answer and data[0] == len(data) - 1):
        draft.direction = "response"
        _answered(draft, function, data[1:], words, lang)
        return
    _asked(draft, function, data[:4], words)
    draft.identifier += f":{data[4:6].hex()}:{data[6:8].hex()}".upper()
    draft.registers = _contents(data[9:])
    draft.values += _registers(data[9:], int.from_bytes(data[4:6], "big"), words)


def _asked(draft: _Draft, function: int, data: bytes, words: dict[str, str]) -> None:
    """Start and count of a request, and whose map that is."""
    start, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    draft.start, draft.count = start, count
    draft.identifier = f"{function:02X}:{start:04X}:{count:04X}"
    draft.name = f"{start:04X} × {count}"
    draft.notes += [
        f"{words['map']} {block.map}"
        for block in itertools.chain.from_iterable(maps().values())
        if (block.function, block.start, block.count) == (function, start, count)
    ]


def _answered(
    draft: _Draft,
    function: int,
    data: bytes,
    words: dict[str, str],
    lang: str,
) -> None:
    if function > 2:
        draft.registers = _contents(data)
    for block in itertools.chain.from_iterable(maps().values()):
        contents = block.contents(data) if block.telling and block.function == function else None
        if contents is not None and block.foreign(contents) is None:
            draft.identifier = block.text
            draft.name = block.map
            draft.notes.append(f"{words['map']} {block.map}")
            draft.values = _quantities(block, contents, lang)
            return
    if function <= 2:
        draft.values = _bits(data, 8 * len(data), words)
    else:
        draft.values = _registers(data, None, words)


def _quantities(block: Block, contents: tuple[Number, ...], lang: str) -> list[Field]:
    numbers = block.numbers(contents)
    return [_field(q, n, lang) for q, n in zip(block.quantities, numbers, strict=True)]


def _field(quantity: Quantity, number: int | None, lang: str) -> Field:
    value: float | int | None
    if number is None or quantity.exponent == 0:
        value = number
    else:
        value = quantity.number(number)
    name = quantity.zh if lang == "zh" else quantity.en
    return Field(name, quantity.name, value, quantity.unit)


def _contents(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _registers(data: bytes, first: int | None, words: dict[str, str]) -> list[Field]:
    """As unsigned numbers; an answer's are counted from the first one asked, which it hides."""
    name = words["register"]
    return [
        Field(
            f"{name} +{place}" if first is None else f"{name} {first + place:04X}",
            None,
            int.from_bytes(data[2 * place : 2 * place + 2], "big"),
            "",
        )
        for place in range(len(data) // 2)
    ]


def _bits(data: bytes, count: int, words: dict[str, str]) -> list[Field]:
    return [
        Field(f"{words['bit']} +{place}", None, bool(data[place // 8] >> place % 8 & 1), "")
        for place in range(min(count, 8 * len(data)))
    ]
