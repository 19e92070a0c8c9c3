"""One line for people about any DL/T 645-2007 frame, as `run --frames` shows it."""

from cext.framing import Frame645, Scanner645
from protocol.dlt645.frame import (
    ANSWER,
    ANY_METER,
    BROADCAST,
    ERROR,
    FUNCTION,
    IDENTIFIER,
    MORE,
    READ,
    READ_ON,
    address_text,
    error_names,
    function_name,
)
from protocol.dlt645.table import Item, items
from protocol.quantity import Quantity

_SHOWN = 40
"""Most bytes of hex in one line."""

_WORDS = {
    "en": {
        "request": "request",
        "answer": "answer",
        "error": "error answer",
        "more": "more follows",
        "any": "any meter",
        "all": "all meters",
        "none": "no value",
        "unknown": "not in the table",
        "length": "length does not fit",
        "no frame": "no whole frame",
    },
    "zh": {
        "request": "请求",
        "answer": "应答",
        "error": "异常应答",
        "more": "有后续帧",
        "any": "任意电表",
        "all": "所有电表",
        "none": "无数据",
        "unknown": "表中没有",
        "length": "长度不符",
        "no frame": "没有完整帧",
    },
}


def describe(frame: Frame645 | bytes, lang: str = "en") -> str:
    """Address, function, direction and what it says; `frame` may be raw bytes with wake-up bytes.

    Of raw bytes the first whole frame is described. Never raises, whatever the bytes.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    if isinstance(frame, bytes):
        found = Scanner645().feed(frame)
        if found is None:
            return f"{words['no frame']}: {_hex(frame)}"
        frame = found
    control = frame.control
    way = "request" if not control & ANSWER else "error" if control & ERROR else "answer"
    said = [_address(frame.address, words), function_name(control, lang), words[way]]
    body = _body(frame, words, lang)
    if body:
        said.append(body)
    if control & MORE and control & ANSWER:
        said.append(f"({words['more']})")
    return " ".join(said)


def _address(number: int, words: dict[str, str]) -> str:
    text = address_text(number)
    if number == ANY_METER:
        return f"{text} ({words['any']})"
    return f"{text} ({words['all']})" if number == BROADCAST else text


def _body(frame: Frame645, words: dict[str, str], lang: str) -> str:
    control, data = frame.control, frame.data
    if control & ANSWER and control & ERROR:
        return f"{data[0]:02X} {error_names(data[0], lang)}" if data else ""
    if control & FUNCTION not in (READ, READ_ON) or len(data) < IDENTIFIER:
        return _hex(data)
    item = items().get(frame.identifier)
    name = item.name(lang) if item else f"({words['unknown']})"
    head, rest = f"{frame.identifier:08X} {name}", data[IDENTIFIER:]
    if not rest:
        return head
    if item is None or control & ~MORE != READ | ANSWER or control & MORE:
        return f"{head} {_hex(rest)}"
    return f"{head} {_values(item, rest, words)}"


def _values(item: Item, data: bytes, words: dict[str, str]) -> str:
    numbers = item.numbers(data)
    if numbers is None:
        return f"({words['length']}: {_hex(data)})"
    pairs = zip(item.quantities, numbers, strict=True)
    return "= " + ", ".join(_value(quantity, number, words) for quantity, number in pairs)


def _value(quantity: Quantity, number: int | None, words: dict[str, str]) -> str:
    if number is None:
        return words["none"]
    text = f"{quantity.number(number):.{max(0, -quantity.exponent)}f}"
    return f"{text} {quantity.unit}".rstrip()


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
