"""Text on a terminal's grid: spans with a style, cut and padded by the columns they take.

Colour only helps: every line says the same without it. Styles are blue and orange, never red
against green. Frames and bars are ASCII, since box-drawing characters take one column on some
terminals and two on others (Unicode: East Asian "ambiguous").
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Style(Enum):
    """How a span is set; the value is its SGR code with colour."""

    PLAIN = ""
    STRONG = "1"
    DIM = "2"
    GOOD = "38;5;39"
    """Blue."""
    WARN = "1;38;5;208"
    """Orange."""
    TITLE = "1;7"


_COLOURLESS = {Style.GOOD: "", Style.WARN: "1", Style.DIM: ""}
"""NO_COLOR: bold and reverse are no colours."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]


def clean(text: str) -> str:
    """Text from outside, with nothing in it that moves a cursor or takes no column."""
    kept = (c if c.isprintable() else "?" for c in text if unicodedata.category(c)[0] != "M")
    return "".join(kept)


def columns(char: str) -> int:
    """Columns of one printable character (Unicode UAX 11: W and F take two)."""
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Columns of a text."""
    return len(text) if text.isascii() else sum(map(columns, text))


def cut(text: str, most: int) -> str:
    """The text in at most so many columns; "~" at its end tells that there was more."""
    if width(text) <= most:
        return text
    taken, used = [], 0
    for char in text:
        if used + columns(char) > most - 1:
            break
        taken.append(char)
        used += columns(char)
    return "".join(taken) + "~" if most > 0 else ""


def cell(text: str, size: int, right: bool = False) -> str:
    """The text in exactly so many columns."""
    text = cut(text, size)
    room = " " * (size - width(text))
    return room + text if right else text + room


def line(*parts: Span | str) -> Line:
    """A line of spans; plain text is a span of its own."""
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def line_width(spans: Iterable[Span]) -> int:
    """Columns of a line."""
    return sum(width(span.text) for span in spans)


def fitted(spans: Line, size: int) -> Line:
    """The line in at most so many columns."""
    if line_width(spans) <= size:
        return spans
    kept: list[Span] = []
    room = size
    for span in spans:
        used = width(span.text)
        if used >= room:
            # more follows, or this is too long itself: either way its end is marked
            kept.append(Span(cut(span.text + " ", room), span.style))
            break
        kept.append(span)
        room -= used
    return tuple(kept)


def beside(left: Sequence[Line], right: Sequence[Line], size: int, gap: int = 2) -> list[Line]:
    """Two blocks side by side; the left one takes `size` columns."""
    rows = []
    for place in range(max(len(left), len(right))):
        one = fitted(left[place], size) if place < len(left) else ()
        other = right[place] if place < len(right) else ()
        pad = Span(" " * (size - line_width(one) + gap))
        rows.append((*one, pad, *other) if other else one)
    return rows


def plain(spans: Line) -> str:
    """The line without its styles."""
    return "".join(span.text for span in spans).rstrip()


def ansi(spans: Line, colour: bool) -> str:
    """The line for a terminal."""
    out = []
    for span in spans:
        code = span.style.value if colour else _COLOURLESS.get(span.style, span.style.value)
        out.append(f"\x1b[{code}m{span.text}\x1b[0m" if code else span.text)
    return "".join(out)


def bar(percent: float | None, size: int) -> str:
    """A bar of 0 to 100 %, whole characters; what is above 100 ends in ">"."""
    room = max(1, size - 2)
    if percent is None:
        return f"[{'?':<{room}}]"
    filled = int(max(0.0, min(float(room), percent * room / 100 + 0.5)))
    body = "#" * filled + "-" * (room - filled)
    return f"[{body[:-1]}>]" if percent > 100 else f"[{body}]"


def scale(low: float, mean: float, high: float, marks: Sequence[float], size: int) -> str:
    """From low to high on a scale with marks, `|  ==o==   |`; its ends are 5 % beyond them."""
    first, last = min(marks), max(marks)
    room = (last - first) * 0.05 or 1.0
    begin, end = first - room, last + room

    def at(value: float) -> int:
        place = (value - begin) / (end - begin) * (size - 1) + 0.5
        return int(max(0.0, min(size - 1.0, place)))

    cells = [" "] * size
    for mark in marks:
        cells[at(mark)] = "|"
    for place in range(at(low), at(high) + 1):
        cells[place] = "="
    cells[at(mean)] = "o"
    return "".join(cells)
