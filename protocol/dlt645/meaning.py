"""What any whole DL/T 645 frame says, both directions, as `boxgate decode` shows it (§7).

The data of a function is either that of an identifier (rows.py, load.py) or a form of its own
(tables/commands.csv). Whatever the bytes: no exception, and a value only where the length is right
and the digits are digits. What does not fit is shown as sent, and the note says why.
"""

import functools
from dataclasses import dataclass

from cext.framing import Frame645
from protocol.decoded import Decoded, Fault, Field
from protocol.dlt645 import dialect1997
from protocol.dlt645.axis import rows
from protocol.dlt645.fields import fields, marks, part_name, recorded, values, word
from protocol.dlt645.form import Form, form
from protocol.dlt645.frame import (
    ANSWER,
    ANY_METER,
    BROADCAST,
    CLEAR_DEMAND,
    CLEAR_EVENTS,
    CLEAR_METER,
    ERROR,
    FREEZE,
    FUNCTION,
    IDENTIFIER,
    MORE,
    READ,
    READ_ON,
    RELAY,
    SECURITY,
    WRITE,
    address_mask,
    address_text,
    error_names,
    function_name,
)
from protocol.dlt645.load import blocks, classes, is_load
from protocol.dlt645.rows import entry

PROTOCOL = "dlt645-2007"

_WRITE_HEAD = form("level:id1 password:id3 operator:id4")
_LOAD_ASKED = (form("records:code1"), form("records:code1 since:YYMMDDhhmm"))
_SEQUENCE = form("sequence:code1")
_SEALED = frozenset({0x98, 0x99})
_SEALABLE = frozenset({CLEAR_DEMAND, CLEAR_METER, CLEAR_EVENTS, RELAY})
_ONE_DIGIT = 9
"""Up to here a number is the same in binary and in BCD."""


@dataclass(frozen=True, slots=True)
class Command:
    """The data of one control code: an identifier or not, then a form."""

    control: int
    identifier: bool
    form: Form
    en: str
    zh: str
    mark: str
    source: str
    example: bytes
    gives: tuple[str, ...]


class _Said:
    """What has been found out about a frame so far."""

    __slots__ = ("identifier", "lang", "name", "notes", "values")

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.identifier = ""
        self.name = ""
        self.values: list[Field] = []
        self.notes: list[str] = []

    def note(self, key: str) -> None:
        text = word(key, self.lang)
        if text not in self.notes:
            self.notes.append(text)

    def as_sent(self, data: bytes, key: str = "") -> None:
        """The bytes as they are, and why nothing more is said of them."""
        if data:
            self.values.append(Field(word("data", self.lang), None, _hex(data), ""))
        if key:
            self.note(key)

    def misfit(self, data: bytes) -> None:
        """Data whose length can't be right."""
        self.as_sent(data)
        size = f"{len(data)} {word('bytes', self.lang)}"
        self.notes.append(f"{word('length', self.lang)}: {size}")


def meaning(frame: Frame645, lang: str = "en") -> Decoded:
    """What the frame says; `lang` is "en" or "zh". Never raises."""
    lang = "zh" if lang == "zh" else "en"
    if dialect1997.is_1997(frame.control, frame.data):
        return dialect1997.meaning(frame, lang)
    said = _Said(lang)
    error = None
    control = frame.control
    if control & ANSWER and control & ERROR:
        error = fault(control, frame.data, lang)
    else:
        _body(frame, said)
    return Decoded(
        protocol=PROTOCOL,
        start=frame.start,
        length=len(frame.raw),
        direction="response" if control & ANSWER else "request",
        address=address_text(frame.address),
        control=f"{control:02X}",
        function=function_name(control, lang),
        identifier=said.identifier,
        name=said.name,
        values=said.values,
        error=error,
        note="; ".join(address_notes(frame, lang) + said.notes),
    )


def fault(control: int, data: bytes, lang: str) -> Fault:
    """The error of an error answer: ERR of one byte, SERR of two where that is in use."""
    if len(data) == 2 and control & FUNCTION in (SECURITY, RELAY):
        code = data[::-1].hex().upper()
        return Fault(code, f"{word('serr', lang)} {code}")
    return Fault(data[:1].hex().upper(), error_names(data[0] if data else 0, lang))


def address_notes(frame: Frame645, lang: str) -> list[str]:
    """What is special about the address."""
    number, answer = frame.address, frame.control & ANSWER
    if number == BROADCAST:
        return [word("broadcast", lang)]
    if number == ANY_METER:
        return [word("wildcard answer" if answer else "any", lang)]
    mask = address_mask(number)
    said = []
    if mask != address_mask(0):
        said.append(word("wildcard answer" if answer else "short", lang))
    if not f"{number & mask:X}".isdecimal():
        said.append(word("not bcd", lang))
    return said


@functools.cache
def commands() -> dict[int, Command]:
    """tables/commands.csv by control code."""
    found = (
        Command(
            control=int(row["control"], 16),
            identifier=row["identifier"] == "yes",
            form=form(row["form"]),
            en=row["en"],
            zh=row["zh"],
            mark=row["mark"],
            source=row["source"],
            example=bytes.fromhex(row["example"]),
            gives=tuple(filter(None, row["gives"].split("|"))),
        )
        for row in rows("commands.csv")
    )
    return {command.control: command for command in found}


def _body(frame: Frame645, said: _Said) -> None:
    control, data = frame.control, frame.data
    function, way = control & FUNCTION, control & ANSWER
    if control & MORE and not (way and function in (READ, READ_ON)):
        said.as_sent(data, "odd control")
        return
    match function:
        case _ if control & ERROR:  # a request can't be an error
            said.as_sent(data, "odd control")
        case _ if function in (READ, READ_ON) or (function == WRITE and not way):
            _about_item(frame, said)
        case _ if function == FREEZE and not way:
            _freeze(data, said)
        case _ if control in commands():
            _command(commands()[control], data, said)
        case _:
            said.as_sent(data)


def _about_item(frame: Frame645, said: _Said) -> None:
    """Functions 11, 12 and the request of 14: an identifier, then what the control code says."""
    control, data = frame.control, frame.data
    if len(data) < IDENTIFIER:
        said.as_sent(data, "no identifier")
        return
    identifier, rest = frame.identifier, data[IDENTIFIER:]
    said.identifier = f"{identifier:08X}"
    said.name = item_name(identifier, said.lang)
    if not said.name:
        said.note("unknown")
    function = control & FUNCTION
    if not control & ANSWER:
        if function == WRITE:
            _write(identifier, rest, said)
        elif function == READ_ON:
            _form(_SEQUENCE, rest, said)
        else:
            _asked(identifier, rest, said)
    elif function == READ_ON:
        if not rest:
            said.misfit(rest)
            return
        said.values += values(_SEQUENCE.read(rest[-1:]) or (), said.lang)
        said.as_sent(rest[:-1], "more" if control & MORE else "part")
    elif control & MORE:
        said.as_sent(rest, "more")
    else:
        found, notes = item_values(identifier, rest, said.lang)
        said.values += found
        said.notes += notes


def item_name(identifier: int, lang: str = "en") -> str:
    """The name of an identifier's item or block; "" if the tables do not know it."""
    if is_load(identifier):
        number = identifier >> 16 & 0xFF
        kept = classes()[number - 1] if number else None
        which = (("earliest", "最早"), ("of a given time", "给定时间"), ("newest", "最近"))
        when = which[identifier & 0xFF][lang == "zh"]
        if lang == "zh":
            return f"{when}{kept.zh if kept else ''}负荷记录"
        return f"load record {f'({kept.en}) ' if kept else ''}{when}"
    found = entry(identifier)
    return found.name(lang) if found else ""


def item_values(identifier: int, data: bytes, lang: str = "en") -> tuple[list[Field], list[str]]:
    """The values of the data behind an identifier, follow-ups joined, and what to note of them.

    Data of an impossible length gives one value None and the bytes as sent.
    """
    if is_load(identifier):
        return _load(identifier, data, lang)
    said = _Said(lang)
    known = entry(identifier)
    if known is None:
        said.as_sent(data)
        return said.values, said.notes
    found = known.read(data)
    if found is None:
        first = known.pieces[0]
        gots = first.row.form.empty()
        unit = gots[0].cell.unit if len(known.pieces) == len(gots) == 1 else ""
        quantity = first.quantity if len(known.pieces) == 1 else None
        said.values.append(Field(known.name(lang), quantity, None, unit))
        said.misfit(data)
        return said.values, said.notes
    doubts = marks(found) | ({"?"} if known.separator is not None else set())
    for mark in sorted(doubts, reverse=True):
        said.note(mark)
    return fields(found, lang), said.notes


def _load(identifier: int, data: bytes, lang: str) -> tuple[list[Field], list[str]]:
    said = _Said(lang)
    found = blocks(data, identifier >> 16 & 0xFF)
    if found is None:
        said.values.append(Field(item_name(identifier, lang), None, None, ""))
        said.misfit(data)
        return said.values, said.notes
    for number, block in enumerate(found, 1):
        head = f"{word('record', lang)} {number}: " if len(found) > 1 else ""
        for field in recorded(block.values, lang):
            said.values.append(Field(head + field.name, field.quantity, field.value, field.unit))
        if not block.valid:
            said.notes.append(f"{head}{word('invalid block', lang)}")
    said.note("?")
    return said.values, said.notes


def _asked(identifier: int, rest: bytes, said: _Said) -> None:
    """A read's request: nothing more, or of load records how many and from when."""
    if not rest:
        return
    asked = _LOAD_ASKED[len(rest) > 1]
    if identifier >> 24 == 0x06 and asked.size == len(rest):
        _form(asked, rest, said)
        if rest[0] > _ONE_DIGIT:
            said.note("?")
    else:
        said.misfit(rest)


def _write(identifier: int, rest: bytes, said: _Said) -> None:
    size = _WRITE_HEAD.size or 0
    if len(rest) < size:
        said.misfit(rest)
        return
    if _sealed(rest, said):
        return
    _form(_WRITE_HEAD, rest[:size], said)
    if len(rest) > size:
        found, notes = item_values(identifier, rest[size:], said.lang)
        said.values += found
        said.notes += notes


def _command(command: Command, data: bytes, said: _Said) -> None:
    said.name = command.zh if said.lang == "zh" else command.en
    if command.identifier:
        if len(data) < IDENTIFIER:
            said.as_sent(data, "no identifier")
            return
        identifier = int.from_bytes(data[:IDENTIFIER], "little")
        said.identifier = f"{identifier:08X}"
        said.name = item_name(identifier, said.lang) or said.name
        data = data[IDENTIFIER:]
    if command.mark:
        said.note(command.mark)
    if command.control not in _SEALABLE or not _sealed(data, said):
        _form(command.form, data, said)


def _sealed(data: bytes, said: _Said) -> bool:
    """Data under a key (password level 98, 99): what stands in it can't be told from outside."""
    size = _WRITE_HEAD.size or 0
    if len(data) < size or data[0] not in _SEALED:
        return False
    _form(_WRITE_HEAD, data[:size], said)
    said.as_sent(data[size:], "sealed")
    return True


def _form(wanted: Form, data: bytes, said: _Said) -> None:
    gots = wanted.read(data)
    if gots is None:
        said.misfit(data)
    else:
        said.values += values(gots, said.lang, said.name)


def _freeze(data: bytes, said: _Said) -> None:
    """mm hh DD MM, where 99 stands for every: from the highest byte down."""
    said.name = word("freeze", said.lang)
    if len(data) != 4:
        said.misfit(data)
        return
    pairs = dict(zip(("mm", "hh", "DD", "MM"), (f"{byte:02X}" for byte in data), strict=True))
    every = 0
    for byte in reversed(data):
        if byte != 0x99:
            break
        every += 1
    kind = ("date", "month", "day", "hour", "now")[every]
    real = all(
        pairs[pair].isdecimal() and low <= int(pairs[pair]) <= high
        for pair, low, high in (("MM", 1, 12), ("DD", 1, 31), ("hh", 0, 23), ("mm", 0, 59))[every:]
    )
    text = word(f"freeze {kind}", said.lang).format(**pairs) if real else None
    said.values.append(Field(part_name("period", said.lang), None, text, ""))
    if not real:
        said.as_sent(data)


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
