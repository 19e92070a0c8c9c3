"""The older dialect, DL/T 645-1997: recognised and named, so that it is never misread as 2007.

Its envelope is the same; the identifier has two bytes and the functions have other numbers. 03 and
08 are in both: 08 means the same, 03 is the 2007 extension when its data can hold an identifier of
four bytes (or an error word of two) and the older "read again" when not.
"""

import functools

from cext.framing import Frame645
from protocol.decoded import Decoded, Fault, Field
from protocol.dlt645.axis import rows
from protocol.dlt645.fields import values, word
from protocol.dlt645.form import form
from protocol.dlt645.frame import ANSWER, ERROR, FUNCTION, MORE, address_text

PROTOCOL = "dlt645-1997"

_OWN = frozenset({0x01, 0x02, 0x04, 0x0A, 0x0C, 0x0F, 0x10})
_SHARED = 0x03
_READS = frozenset({0x01, 0x02, 0x03})
_WRITE = 0x04
_IDENTIFIER = 2


def is_1997(control: int, data: bytes) -> bool:
    """Is a frame of this control code and data one of the older dialect?"""
    function = control & FUNCTION
    if function != _SHARED:
        return function in _OWN
    return len(data) == 1 if control & ERROR else len(data) < 4


def meaning(frame: Frame645, lang: str) -> Decoded:
    """What the frame says, as far as the dialect is known."""
    control, data = frame.control, frame.data
    function, answer = control & FUNCTION, bool(control & ANSWER)
    found: list[Field] = []
    notes = [word("1997", lang)]
    identifier = name = ""
    error = None
    if answer and control & ERROR:
        error = Fault(data[:1].hex().upper(), error_names(data[0] if data else 0, lang))
        notes.append(word("?", lang))
    elif function in _READS | {_WRITE} and len(data) >= _IDENTIFIER:
        identifier = f"{int.from_bytes(data[:_IDENTIFIER], 'little'):04X}"
        rest = data[_IDENTIFIER:]
        row = _table().get(identifier)
        name = row["zh" if lang == "zh" else "en"] if row else ""
        whole = answer and function in _READS and not control & MORE
        if row is None:
            notes.append(word("unknown", lang))
        elif row["mark"]:
            notes.append(word(row["mark"], lang))
        gots = form(row["form"]).read(rest) if row and whole and function != 0x02 else None
        if gots is not None and row is not None:
            quantity = row["quantity"] or None
            found = [
                Field(each.name, quantity, each.value, each.unit)
                for each in values(gots, lang, name)
            ]
        elif rest:
            if row is not None and whole:
                found.append(Field(name, row["quantity"] or None, None, ""))
                notes.append(f"{word('length', lang)}: {len(rest)} {word('bytes', lang)}")
            found.append(Field(word("data", lang), None, rest.hex(" ").upper(), ""))
    elif data:
        found.append(Field(word("data", lang), None, data.hex(" ").upper(), ""))
    if answer and control & MORE:
        notes.append(word("more", lang))
    return Decoded(
        protocol=PROTOCOL,
        start=frame.start,
        length=len(frame.raw),
        direction="response" if answer else "request",
        address=address_text(frame.address),
        control=f"{control:02X}",
        function=_functions().get(function, ("", ""))[lang == "zh"],
        identifier=identifier,
        name=name,
        values=found,
        error=error,
        note="; ".join(notes),
    )


def error_names(code: int, lang: str = "en") -> str:
    """The error word's bits by name, joined by "; "."""
    names = {int(row["bit"]): row["zh" if lang == "zh" else "en"] for row in rows("errors1997.csv")}
    return "; ".join(names.get(bit, f"{bit}") for bit in range(8) if code >> bit & 1) or "-"


@functools.cache
def _table() -> dict[str, dict[str, str]]:
    return {row["identifier"]: row for row in rows("dialect1997.csv")}


@functools.cache
def _functions() -> dict[int, tuple[str, str]]:
    return {int(row["function"], 16): (row["en"], row["zh"]) for row in rows("functions1997.csv")}
