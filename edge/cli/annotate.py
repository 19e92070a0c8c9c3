"""A frame field by field, for eyes: which bytes say what. 80 columns, Chinese or English."""

from collections.abc import Iterator

from edge.words.messages import padded, width
from protocol.decode import DLT698
from protocol.decoded import Decoded, Field
from protocol.modbus.frame import function_name

COLUMNS = 80
_HEX_BYTES = 8
_HEX_COLUMNS = 3 * _HEX_BYTES
_NAME_COLUMNS = 16
_DELIMITER, _WAKE = 0x68, 0xFE

_WORDS = {
    "en": {
        "frame": "frame",
        "bytes": "bytes",
        "wake": "wake-up",
        "start": "start",
        "address": "address",
        "control": "control",
        "length": "length",
        "identifier": "identifier",
        "data": "data -33H",
        "checksum": "checksum",
        "right": "right",
        "end": "end",
        "unit": "unit",
        "function": "function",
        "content": "data",
        "client": "client",
        "none": "no value",
        "error": "error",
        "note": "note",
        "reason": "not understood",
        "request": "request",
        "response": "answer",
        "report": "report",
        "yes": "yes",
        "no": "no",
    },
    "zh": {
        "frame": "帧",
        "bytes": "字节",
        "wake": "前导",
        "start": "起始符",
        "address": "地址",
        "control": "控制码",
        "length": "长度",
        "identifier": "数据标识",
        "data": "数据 -33H",
        "checksum": "校验",
        "right": "正确",
        "end": "结束符",
        "unit": "单元地址",
        "function": "功能码",
        "content": "数据",
        "client": "客户机",
        "none": "无数据",
        "error": "异常",
        "note": "说明",
        "reason": "未能解析",
        "request": "请求",
        "response": "应答",
        "report": "上报",
        "yes": "是",
        "no": "否",
    },
}


def annotated(data: bytes, found: list[Decoded], reason: str, lang: str = "en") -> list[str]:
    """The lines of one input: each frame with its fields and values, then what was not understood.

    No line is wider than 80 columns of a terminal.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    lines: list[str] = []
    at = 0
    for one in found:
        if lines:
            lines.append("")
        lines += _frame(data, at, one, words)
        at = one.start + one.length
    if reason:
        if lines:
            lines.append("")
        lines += _wrapped("", words["reason"], reason)
    return lines


def value_text(field: Field, lang: str = "en") -> str:
    """A value with its unit; a missing one in words."""
    words = _WORDS["zh" if lang == "zh" else "en"]
    if field.value is None:
        return words["none"]
    if isinstance(field.value, bool):
        return words["yes" if field.value else "no"]
    text = field.value if isinstance(field.value, str) else f"{field.value:.12g}"
    return f"{text} {field.unit}".rstrip()


def direction_text(one: Decoded, lang: str = "en") -> str:
    """ "request", "answer" or "report" in words."""
    words = _WORDS["zh" if lang == "zh" else "en"]
    return words.get(one.direction, one.direction)


def function_text(one: Decoded, lang: str = "en") -> str:
    """The function in words; of Modbus, where it is a number, its name."""
    return one.function if isinstance(one.function, str) else function_name(one.function, lang)


def name_text(one: Decoded, lang: str = "en") -> str:
    """The name, "" where it is but that of the function."""
    return "" if one.name == function_text(one, lang) else one.name


def _frame(data: bytes, at: int, one: Decoded, words: dict[str, str]) -> Iterator[str]:
    raw = data[one.start : one.start + one.length]
    head = f"{one.protocol}  {words.get(one.direction, one.direction)}"
    yield f"{head}  {words['frame']} @{one.start}, {one.length} {words['bytes']}"
    before = data[at : one.start]
    wake = before[len(before.rstrip(bytes((_WAKE,)))) :]
    if wake:
        yield from _field(wake, words["wake"], f"{len(wake)}")
    if one.protocol == DLT698:
        yield from _of_698(raw, one, words)
    else:
        yield from _of_645(raw, one, words) if raw[0] == _DELIMITER else _of_modbus(raw, one, words)
    if one.error is not None:
        yield from _wrapped("", words["error"], f"{one.error.code} {one.error.text}")
    if one.note:
        yield from _wrapped("", words["note"], one.note)


def _of_645(raw: bytes, one: Decoded, words: dict[str, str]) -> Iterator[str]:
    yield from _field(raw[:1], words["start"], "")
    yield from _field(raw[1:7], words["address"], one.address)
    yield from _field(raw[7:8], words["start"], "")
    yield from _field(raw[8:9], words["control"], f"{one.control} {one.function}")
    yield from _field(raw[9:10], words["length"], str(raw[9]))
    coded = raw[10:-2]
    known = len(one.identifier) // 2 if _leads(coded, one.identifier) else 0
    if known:
        text = f"{one.identifier} {one.name}"
        yield from _field(coded[:known], words["identifier"], text)
    if coded[known:]:
        plain = bytes((byte - 0x33) & 0xFF for byte in coded[known:])
        yield from _field(coded[known:], words["data"], plain)
    yield from _values(one, words)
    yield from _field(raw[-2:-1], words["checksum"], words["right"])
    yield from _field(raw[-1:], words["end"], "")


def _of_698(raw: bytes, one: Decoded, words: dict[str, str]) -> Iterator[str]:
    client = 6 + (raw[4] & 0x0F)
    yield from _field(raw[:1], words["start"], "")
    yield from _field(raw[1:3], words["length"], str(len(raw) - 2))
    yield from _field(raw[3:4], words["control"], f"{one.control} {one.function}")
    yield from _field(raw[4:client], words["address"], one.address)
    yield from _field(raw[client : client + 1], words["client"], str(raw[client]))
    yield from _field(raw[client + 1 : client + 3], "HCS", words["right"])
    if raw[client + 3 : -3]:
        yield from _field(raw[client + 3 : -3], "APDU", f"{one.identifier} {one.name}".strip())
    yield from _values(one, words)
    yield from _field(raw[-3:-1], "FCS", words["right"])
    yield from _field(raw[-1:], words["end"], "")


def _of_modbus(raw: bytes, one: Decoded, words: dict[str, str]) -> Iterator[str]:
    yield from _field(raw[:1], words["unit"], one.address)
    lang = _lang(words)
    said = f"{one.control} {function_text(one, lang)}"
    yield from _field(raw[1:2], words["function"], said)
    if raw[2:-2]:
        text = f"{one.identifier} {name_text(one, lang)}"
        yield from _field(raw[2:-2], words["content"], text.strip())
    yield from _values(one, words)
    yield from _field(raw[-2:], "CRC", words["right"])


def _lang(words: dict[str, str]) -> str:
    return "zh" if words is _WORDS["zh"] else "en"


def _leads(coded: bytes, identifier: str) -> bool:
    """Whether DATA begins with this identifier: frames of some functions carry it elsewhere."""
    try:
        wire = bytes.fromhex(identifier)[::-1]
    except ValueError:
        return False
    return bool(wire) and coded[: len(wire)] == bytes((b + 0x33) & 0xFF for b in wire)


def _values(one: Decoded, words: dict[str, str]) -> Iterator[str]:
    lang = _lang(words)
    for field in one.values:
        text = f"{field.name} = {value_text(field, lang)}"
        for line in _cut(text, COLUMNS - 4, 6):
            yield f"    {line}"


def _field(raw: bytes, name: str, said: str | bytes) -> Iterator[str]:
    """Bytes, name, meaning; long ones over several rows. Bytes as meaning go row by row."""
    rows = [raw[at : at + _HEX_BYTES] for at in range(0, len(raw), _HEX_BYTES)]
    beside: list[str]
    if isinstance(said, bytes):
        beside = [
            said[at : at + _HEX_BYTES].hex(" ").upper() for at in range(0, len(said), _HEX_BYTES)
        ]
    else:
        beside = _cut(said, COLUMNS - _HEX_COLUMNS - 1 - _NAME_COLUMNS, 0)
    for place in range(max(len(rows), len(beside), 1)):
        shown = rows[place].hex(" ").upper() if place < len(rows) else ""
        text = beside[place] if place < len(beside) else ""
        label = padded(name if not place else "", _NAME_COLUMNS)
        yield f"{shown:<{_HEX_COLUMNS}} {label}{text}".rstrip()


def _wrapped(shown: str, name: str, said: str) -> Iterator[str]:
    yield from (f"{shown}{line}" for line in _cut(f"{name}: {said}", COLUMNS, 4))


def _cut(text: str, columns: int, indent: int) -> list[str]:
    """The text in lines of so many terminal columns, at spaces where there are some."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width(candidate) <= columns:
            line = candidate
            continue
        if line.strip():
            lines.append(line)
        line = " " * indent + word if lines else word
        while width(line) > columns:
            head = line
            while width(head) > columns:
                head = head[:-1]
            lines.append(head)
            line = " " * indent + line[len(head) :]
    lines.append(line)
    return lines
