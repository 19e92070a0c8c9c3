"""One line for people about any DL/T 645 frame, as `run --frames` shows it.

What a frame says is `meaning`'s to say; here it is only put into a line: address, function,
direction, what it is about, its values. A value that the sweep reads stands in the unit of its
quantity, as it is delivered (W, where the wire has kW).
"""

from cext.framing import Frame645, Scanner645
from protocol.decoded import Decoded, Field
from protocol.dlt645.fields import word
from protocol.dlt645.meaning import meaning
from protocol.dlt645.table import unit_power
from protocol.quantity import quantity

_SHOWN = 40
"""Most bytes of hex in one line."""
_MOST = 12
"""Most values in one line."""


def describe(frame: Frame645 | bytes, lang: str = "en") -> str:
    """The frame in one line; `frame` may be raw bytes with wake-up bytes.

    Of raw bytes the first whole frame is described. Never raises, whatever the bytes.
    """
    lang = "zh" if lang == "zh" else "en"
    if isinstance(frame, bytes):
        found = Scanner645().feed(frame)
        if found is None:
            return f"{word('no frame', lang)}: {_hex(frame)}"
        frame = found
    said = meaning(frame, lang)
    parts = [said.address, str(said.function), _way(said, lang), said.identifier]
    if said.name != said.function:
        parts.append(said.name)
    if said.error is not None:
        parts += [said.error.code, said.error.text]
    parts.append(_values(said, lang))
    if said.note:
        parts.append(f"({said.note})")
    return " ".join(filter(None, parts))


def _way(said: Decoded, lang: str) -> str:
    if said.error is not None:
        return word("error answer", lang)
    return word("request" if said.direction == "request" else "answer", lang)


def _values(said: Decoded, lang: str) -> str:
    """The values; of a word of bits, those that are set."""
    shown = [field for field in said.values if field.value is not False]
    if not shown:
        return f"= {word('no bit', lang)}" if said.values else ""
    # what the sweep reads needs no names behind that of the item or block
    bare = all(field.quantity for field in said.values)
    texts = [_text(field, lang, "" if bare else field.name, said.name) for field in shown[:_MOST]]
    if len(shown) > _MOST:
        texts.append(f"… ({len(shown)})")
    return "= " + ", ".join(texts)


def _text(field: Field, lang: str, name: str, about: str) -> str:
    name = name.removeprefix(about).strip(" :")
    match field.value:
        case True:
            return name
        case None:
            value = word("no value", lang)
        case str():
            value = _cut(field.value)
        case _:
            value = _number(field, field.value)
    return f"{name} {value}".strip()


def _number(field: Field, value: float) -> str:
    if field.quantity is None:
        return f"{value:.12g} {field.unit}".rstrip()
    of = quantity(field.quantity)
    scaled = round(value * 10 ** (unit_power(field.unit) - of.exponent))
    return f"{of.number(scaled):.{max(0, -of.exponent)}f} {of.unit}".rstrip()


def _cut(text: str) -> str:
    """A text of the frame; bytes as sent may be many."""
    return text if len(text) <= 3 * _SHOWN else f"{text[: 3 * _SHOWN - 1]} … ({len(text)})"


def _hex(data: bytes) -> str:
    text = data[:_SHOWN].hex(" ").upper()
    return f"{text} … ({len(data)})" if len(data) > _SHOWN else text
