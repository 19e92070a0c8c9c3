"""One line for people about any DL/T 698.45 frame, as `run --frames` shows it.

What a frame says is `meaning`'s to say; here it is only put into a line: address, service,
direction, objects, their names, values in their unit, refusals and notes. A fragment is shown as
one: what it is a part of, its conversation says.
"""

from cext.framing698 import Frame698, Scanner698
from protocol.decoded import Decoded, Field
from protocol.dlt698.meaning import meaning
from protocol.dlt698.words import word
from protocol.quantity import quantity

_SHOWN = 40
"""Most bytes of hex in one line."""
_MOST = 12
"""Most values in one line."""
_MOST_OADS = 8
"""Most objects in one line."""


def describe(frame: Frame698 | bytes, lang: str = "en") -> str:
    """The frame in one line; `frame` may be raw bytes with wake-up bytes.

    Of raw bytes the first whole frame is described. Never raises, whatever the bytes.
    """
    lang = "zh" if lang == "zh" else "en"
    if isinstance(frame, bytes):
        found = Scanner698().feed(frame)
        if found is None:
            return f"{word('no frame', lang)}: {_hex(frame)}"
        frame = found
    said = meaning(frame, lang)
    parts = [said.address, str(said.function), _way(said, lang), _objects(said.identifier)]
    if said.error is not None:
        parts += [said.name, said.error.code, said.error.text]
    else:
        # each value stands with its own name
        parts.append(_values(said, lang) if said.values else said.name)
    if said.note:
        parts.append(f"({said.note})")
    return " ".join(filter(None, parts))


def _way(said: Decoded, lang: str) -> str:
    if said.error is not None:
        return word("error answer", lang)
    return word({"request": "request", "report": "report"}.get(said.direction, "answer"), lang)


def _objects(identifier: str) -> str:
    oads = identifier.split()
    more = f" … ({len(oads)})" if len(oads) > _MOST_OADS else ""
    return " ".join(oads[:_MOST_OADS]) + more


def _values(said: Decoded, lang: str) -> str:
    texts = [_text(field, lang) for field in said.values[:_MOST]]
    if len(said.values) > _MOST:
        texts.append(f"… ({len(said.values)})")
    return "= " + ", ".join(texts)


def _text(field: Field, lang: str) -> str:
    match field.value:
        case None:
            value = word("no value", lang)
        case bool() | str():
            value = _cut(str(field.value))
        case _:
            value = _number(field, field.value)
    return f"{field.name} {value}".strip()


def _number(field: Field, value: float) -> str:
    if field.quantity is None:
        return f"{value:.12g} {field.unit}".rstrip()
    of = quantity(field.quantity)
    return f"{value:.{max(0, -of.exponent)}f} {of.unit}".rstrip()


def _cut(text: str) -> str:
    """A text of the frame; bytes as sent may be many."""
    return text if len(text) <= 3 * _SHOWN else f"{text[: 3 * _SHOWN - 1]} … ({len(text)})"


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
