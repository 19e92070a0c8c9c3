"""One line for people about any Modbus RTU frame, as `run --frames` shows it.

A frame does not say whether it is a request or an answer, and an answer does not say which
registers it holds. Where nobody knows better the shape decides; an answer that has the shape and
the version of a map of ours is shown in that map's words.
"""

import itertools

from cext.framing import FrameModbus, build_modbus
from protocol.modbus.frame import (
    EXCEPTION,
    asks_read_write,
    exception_name,
    function_form,
    function_name,
)
from protocol.modbus.table import Block, Number, maps
from protocol.quantity import Quantity

_SHOWN = 40
"""Most bytes of hex in one line."""

_SHORTEST, _LONGEST = 4, 256
_ASKED = 8
"""Bytes of a request to read, of a single write both ways, of the answer to a write of many."""

_WORDS = {
    "en": {
        "unit": "unit",
        "all": "all units",
        "request": "request",
        "answer": "answer",
        "error": "exception answer",
        "none": "no value",
        "on": "on",
        "off": "off",
        "length": "length does not fit",
        "no frame": "no whole frame",
        "crc": "CRC does not fit, would be",
    },
    "zh": {
        "unit": "单元",
        "all": "所有单元",
        "request": "请求",
        "answer": "应答",
        "error": "异常应答",
        "none": "无数据",
        "on": "合",
        "off": "分",
        "length": "长度不符",
        "no frame": "没有完整帧",
        "crc": "CRC 不符，应为",
    },
}


def describe(frame: FrameModbus | bytes, lang: str = "en", answer: bool | None = None) -> str:
    """Unit, function, direction and what it says; raw bytes must be one frame from end to end.

    `answer` says which way raw bytes went where that is known. Never raises, whatever the bytes.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    if isinstance(frame, bytes):
        raw = frame
        why = _unsound(raw, words)
        if why is not None:
            return _with_hex(f"{words['no frame']}{why}", raw)
    else:
        raw, answer = frame.raw, True
    unit, function, data = raw[0], raw[1], raw[2:-2]
    if function & EXCEPTION:
        way, body = "error", _exception(data, lang, words)
    else:
        answer = _is_answer(function, data) if answer is None else answer
        way = "answer" if answer else "request"
        body = _said(function, data, answer, lang, words)
    who = f"{words['unit']} {unit}" if unit else words["all"]
    return " ".join(filter(None, (who, function_name(function, lang), words[way], body)))


def _unsound(raw: bytes, words: dict[str, str]) -> str | None:
    """What keeps the bytes from being a frame, in brackets or ""; None if they are one."""
    if not _SHORTEST <= len(raw) <= _LONGEST:
        return ""
    right = build_modbus(raw[0], raw[1], raw[2:-2])[-2:]
    return None if raw[-2:] == right else f" ({words['crc']} {_hex(right)})"


def _is_answer(function: int, data: bytes) -> bool:
    """By shape: a request to read and the answer to a write of many have four bytes."""
    match function_form(function):
        case "read":
            return len(data) != _ASKED - 4
        case "write many":
            return len(data) == _ASKED - 4
        case "read write":
            return not asks_read_write(data)
        case "identity":
            return bool(data)
    return False


def _said(function: int, data: bytes, answer: bool, lang: str, words: dict[str, str]) -> str:
    match function_form(function):
        case "read" if answer and data and data[0] == len(data) - 1:
            return _answered(function, data[1:], lang, words)
        case ("read" | "write many") as form if len(data) == _ASKED - 4 and answer == (
            form == "write many"
        ):
            return _asked(function, data)
        case "write many" if not answer and len(data) >= 5 and data[4] == len(data) - 5:
            return f"{_asked(function, data[:4])} = {_hex(data[5:])}"
        case "write" if len(data) == _ASKED - 4:
            return f"{data[:2].hex().upper()} = {_single(function, data[2:], words)}"
        case "read write" if answer and data and data[0] == len(data) - 1 and not data[0] & 1:
            return _answered(function, data[1:], lang, words)
        case "read write" if not answer and asks_read_write(data):
            return f"{_asked(function, data[:4])}, {_asked(function, data[4:8])} = {_hex(data[9:])}"
        case "identity" if answer and data and data[0] == len(data) - 1:
            return f"= {_hex(data[1:])}"
        case "identity" if not answer and not data:
            return ""
        case "":
            return _hex(data)
    return f"({_with_hex(words['length'], data)})"


def _asked(function: int, data: bytes) -> str:
    """Start and count, and whose map that is."""
    start, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
    ours = [
        block.map
        for block in itertools.chain.from_iterable(maps().values())
        if (block.function, block.start, block.count) == (function, start, count)
    ]
    return " ".join([f"{start:04X} × {count}", *(f"({name})" for name in ours)])


def _single(function: int, content: bytes, words: dict[str, str]) -> str:
    switch = {b"\xff\x00": words["on"], b"\x00\x00": words["off"]} if function == 5 else {}
    return switch.get(content, content.hex().upper())


def _answered(function: int, data: bytes, lang: str, words: dict[str, str]) -> str:
    for block in itertools.chain.from_iterable(maps().values()):
        contents = block.contents(data) if block.telling and block.function == function else None
        if contents is not None and block.foreign(contents) is None:
            return f"{block.map}: {_values(block, contents, lang, words)}"
    return f"= {_hex(data)}"


def _values(block: Block, contents: tuple[Number, ...], lang: str, words: dict[str, str]) -> str:
    return ", ".join(
        f"{quantity.zh if lang == 'zh' else quantity.en} {_value(quantity, number, words)}"
        for quantity, number in zip(block.quantities, block.numbers(contents), strict=True)
    )


def _value(quantity: Quantity, number: int | None, words: dict[str, str]) -> str:
    if number is None:
        return words["none"]
    text = f"{quantity.number(number):.{max(0, -quantity.exponent)}f}"
    return f"{text} {quantity.unit}".rstrip()


def _exception(data: bytes, lang: str, words: dict[str, str]) -> str:
    if len(data) != 1:
        return f"({_with_hex(words['length'], data)})"
    return f"{data[0]:02X} {exception_name(data[0], lang)}"


def _with_hex(text: str, data: bytes) -> str:
    return f"{text}: {_hex(data)}" if data else text


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
