"""The sections of the picture: each turns facts into lines of a given width.

A row begins with its mark: "!" from 80 % (or beyond a voltage limit), "!!" from 100 %, "?" for what
is stale. The mark says it, a colour only repeats it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from edge.monitor.canvas import Line, Span, Style, bar, cell, clean, line, scale, width
from edge.monitor.facts import (
    HEAVY,
    HIGHEST_V,
    LOWEST_V,
    OVER,
    PHASES,
    BoxVoltages,
    Facts,
    Loaded,
    Voltage,
)
from edge.monitor.times import number, span, stamp
from edge.words.messages import messages, say
from protocol.uplink.event import EventMessage

BAR = 6
"""Narrowest bar, columns."""


class Titled(Protocol):
    """What has an id and perhaps a name."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together: a head, then items."""

    title: str
    """What it is about, for where only a count of it is left."""
    head: tuple[Line, ...]
    items: tuple[Line, ...]
    each: int = 1
    """Things an item shows, for the count of what does not fit."""
    count: int = 0
    """Things in all; 0 = as many as items."""

    @property
    def height(self) -> int:
        """Rows when nothing is left out."""
        return len(self.head) + len(self.items) if self.items else 0

    def shown(self, rows: int, lang: str) -> list[Line]:
        """The section in at most so many rows; what is left out is counted in its last row."""
        if rows >= self.height:
            return [*self.head, *self.items] if self.items else []
        if rows <= 0:
            return []
        head = self.head if rows > len(self.head) + 1 else ()
        kept = self.items[: max(0, rows - len(head) - 1)]
        left = (self.count or len(self.items) * self.each) - len(kept) * self.each
        title = "" if head else f"{self.title} "
        more = line(Span(f"   {title}{word('more', lang, count=left)}", Style.DIM))
        return [*head, *kept, more]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; size 0 = what is left of the width, for the bar."""

    head: str
    size: int
    right: bool = True


def word(key: str, lang: str, **facts: object) -> str:
    """One of the monitor's own words."""
    return say(f"monitor_{key}", lang, **facts)


def mark_of(loading: float | None, stale: bool) -> tuple[str, Style]:
    """Mark and style of a loading."""
    if stale:
        return "?", Style.DIM
    if loading is None or loading < HEAVY:
        return "", Style.GOOD
    return ("!!" if loading >= OVER else "!"), Style.WARN


def table(columns: Sequence[Column], rows: Sequence[Sequence[Span]], size: int) -> list[Line]:
    """Head and rows, a space between columns; the open column takes what is left."""
    fixed = sum(column.size for column in columns) + len(columns) - 1
    open_size = max(BAR, size - fixed)
    sizes = [column.size or open_size for column in columns]
    head = " ".join(
        cell(column.head, width_, column.right)
        for column, width_ in zip(columns, sizes, strict=True)
    )
    lines = [line(Span(head, Style.STRONG))]
    for row in rows:
        parts: list[Span] = []
        for column, width_, span_ in zip(columns, sizes, row, strict=True):
            text = span_.text
            if text.startswith("\0"):
                text = bar(float(text[1:]) if text[1:] else None, width_)
            parts += [Span(cell(text, width_, column.right), span_.style), Span(" ")]
        lines.append(tuple(parts[:-1]))
    return lines


def _bar(percent: float | None, style: Style) -> Span:
    """A cell that becomes a bar once its width is known; clean() lets no NUL into other cells."""
    return Span(f"\0{'' if percent is None else percent}", style)


def title(one: Titled) -> str:
    """Id and name, the id alone where it is the name."""
    name = clean(one.name)
    return f"{clean(one.id)} {name}" if name and name != one.id else clean(one.id)


def transformers(facts: Facts, size: int, lang: str, phases: bool) -> Section:
    """Loading of each transformer; with `phases` a row for each of them below it."""
    wide = size >= 96
    columns = [
        Column("", 2, False),
        Column(word("transformer", lang), 16 if wide else 11, False),
        Column("kVA", 4),
        Column(word("loading", lang), 0, False),
        Column("%", 6),
        *([Column("S kVA", 6)] if wide else []),
        Column("P kW", 6),
        *([Column("Q kvar", 6)] if wide else []),
        Column(word("power_factor", lang), 5),
        Column(word("unbalance", lang), 7),
        Column(word("oil", lang), 6),
    ]
    rows: list[list[Span]] = []
    below: list[tuple[Loaded, int]] = []
    for one in facts.transformers:
        mark, style = mark_of(one.loading, one.stale)
        cells = [
            Span(mark, style),
            Span(title(one)),
            Span(number(one.rated_kva, 0)),
            _bar(one.loading, style),
            Span(number(one.loading), style),
            *([Span(number(one.value("apparent_power"), 1, 1e-3))] if wide else []),
            Span(number(one.value("active_power"), 1, 1e-3)),
            *([Span(number(one.value("reactive_power"), 1, 1e-3))] if wide else []),
            Span(number(one.power_factor, 2)),
            Span(number(one.value("unbalance"), 0)),
            Span(number(one.oil)),
        ]
        rows.append(cells)
        below.append((one, len(rows)))
    return _with_phases(columns[1].head, table(columns, rows, size), below, phases, size)


def feeders(facts: Facts, size: int, lang: str, phases: bool) -> Section:
    """The worst phase of each feeder and its currents; with `phases` a row for each phase."""
    columns = [
        Column("", 2, False),
        Column(word("feeder", lang), 16 if size >= 96 else 9, False),
        Column(word("worst", lang), 0, False),
        Column("%", 7),
        Column("A", 6),
        Column("B", 6),
        Column("C", 6),
        Column("N A", 6),
        Column("P kW", 6),
        Column(word("unbalance", lang), 7),
    ]
    rows = []
    for one in facts.feeders:
        mark, style = mark_of(one.loading, one.stale)
        cells = [Span(mark, style), Span(title(one)), _bar(one.loading, style)]
        cells.append(Span(f"{number(one.loading)} {one.worst or ' '}", style))
        for phase in (*PHASES, "n"):
            worst = phase.upper() == one.worst and bool(mark)
            current = number(one.value(f"current_{phase}"))
            cells.append(Span(current, style if worst else Style.PLAIN))
        cells.append(Span(number(one.value("active_power"), 1, 1e-3)))
        cells.append(Span(number(one.value("unbalance"), 0)))
        rows.append(cells)
    below = [(one, place + 1) for place, one in enumerate(facts.feeders)]
    return _with_phases(columns[1].head, table(columns, rows, size), below, phases, size)


def _with_phases(
    title: str, lines: list[Line], owners: Sequence[tuple[Loaded, int]], phases: bool, size: int
) -> Section:
    if not phases:
        return Section(title, (lines[0],), tuple(lines[1:]))
    items: list[Line] = []
    for one, place in owners:
        items += [lines[place], *_phase_rows(one, size)]
    return Section(title, (lines[0],), tuple(items))


def _phase_rows(one: Loaded, size: int) -> Iterator[Line]:
    room = max(BAR, min(40, size - 50))
    for phase in PHASES:
        loading = one.value(f"loading_{phase}")
        mark, style = mark_of(loading, one.stale)
        current = f"{number(one.value(f'current_{phase}')):>8} A"
        power = f"{number(one.value(f'active_power_{phase}'), 1, 1e-3):>8} kW"
        yield line(
            Span(f"   {cell(mark, 2)} {phase.upper()} ", style),
            Span(bar(loading, room), style),
            f" {number(loading):>6} %{current}{power}",
        )


def voltages(facts: Facts, size: int, lang: str) -> Section:
    """The lowest and highest voltage of the household meters, with their place."""
    size = min(size, 80)
    columns = [
        Column("", 2, False),
        Column(word("voltage", lang), 8, False),
        Column("V", 6),
        Column(word("place", lang), 0, False),
        Column(word("meter", lang), 13, False),
        Column(word("phase", lang), 5, False),
        Column(word("age", lang), 7),
    ]
    rows = []
    for key, one in (("lowest", facts.lowest), ("highest", facts.highest)):
        rows.append([Span(""), Span(word(key, lang)), *_voltage_cells(one)])
        if one is not None and one.stale:
            rows[-1][0] = Span("?", Style.DIM)
        elif one is not None and not LOWEST_V <= one.volts <= HIGHEST_V:
            rows[-1][0] = Span("!", Style.WARN)
    whole = table(columns, rows, size)
    return Section(columns[1].head, (whole[0],), tuple(whole[1:]))


def _voltage_cells(one: Voltage | None) -> list[Span]:
    if one is None:
        return [Span(text) for text in ("-", "-", "-", "-", "-")]
    outside = not LOWEST_V <= one.volts <= HIGHEST_V
    volts = Span(number(one.volts), Style.WARN if outside else Style.PLAIN)
    facts = (clean(one.place), clean(one.meter), one.phase, span(one.age_ms))
    return [volts, *(Span(fact) for fact in facts)]


def profile(facts: Facts, size: int, lang: str) -> Section:
    """The voltages of each box's meters on one scale between the limits."""
    places = [width(clean(one.place)) for one in facts.boxes]
    name = min(24, max([8, *places]))
    room = max(10, size - name - 30)
    head = (
        f"   {cell(word('profile', lang), name)} {cell(_limits(room), room)} "
        f"{cell(word('low', lang), 6, True)}{cell(word('mean', lang), 6, True)}"
        f"{cell(word('high', lang), 6, True)}{cell(word('read', lang), 7, True)}"
    )
    items = tuple(_box_row(one, name, room) for one in facts.boxes)
    return Section(word("profile", lang), (line(Span(head, Style.STRONG)),), items)


def _limits(room: int) -> str:
    """The two limits above their marks."""
    marks = scale(LOWEST_V, LOWEST_V, LOWEST_V, (LOWEST_V, HIGHEST_V), room)
    last = marks.rindex("|")
    left = " " * marks.index("o") + f"{LOWEST_V:.0f}"
    right = f"{HIGHEST_V:.1f}"
    return cell(left, max(0, last - len(right) + 1)) + right


def _box_row(one: BoxVoltages, name: int, room: int) -> Line:
    place, count = cell(clean(one.place), name), f"{one.meters}/{one.due}"
    if not one.meters:
        return line(Span(f" ? {place} {'':{room}} {'-':>6}{'-':>6}{'-':>6}{count:>7}", Style.DIM))
    outside = one.low < LOWEST_V or one.high > HIGHEST_V
    style = Style.WARN if outside else Style.GOOD
    drawn = scale(one.low, one.mean, one.high, (LOWEST_V, HIGHEST_V), room)
    levels = "".join(cell(number(v), 6, True) for v in (one.low, one.mean, one.high))
    mark = Span(" ! " if outside else "   ", style)
    return line(mark, f"{place} ", Span(drawn, style), f" {levels}{count:>7}")


def events(facts: Facts, size: int, lang: str, now_ms: int, where: tzinfo) -> Section:
    """What happened, open trouble first, then the newest."""
    columns = [
        Column("", 2, False),
        Column(word("since", lang), 11, False),
        Column(word("until", lang), 11, False),
        Column(word("event", lang), 15, False),
        Column(word("place", lang), 24 if size >= 120 else 16, False),
        Column(word("cause", lang), 0, False),
    ]
    rows = [_event_cells(one, lang, now_ms, where) for one in facts.events]
    if not rows:
        rows = [[Span(""), Span("-"), Span(""), Span(word("no_event", lang)), Span(""), Span("")]]
    whole = table(columns, rows, size)
    return Section(columns[3].head, (whole[0],), tuple(whole[1:]))


def _event_cells(one: EventMessage, lang: str, now_ms: int, where: tzinfo) -> list[Span]:
    lasts = one.until is None and one.severity != "info"
    mark = {"critical": "!!", "warning": "!"}.get(one.severity, "")
    style = Style.WARN if lasts else Style.PLAIN
    until = stamp(one.until, now_ms, where) if one.until is not None else ""
    place = clean(one.place)
    if one.subject and not place.endswith(one.subject):
        place = f"{clean(one.subject)} {place}"
    return [
        Span(mark, style),
        Span(stamp(one.since, now_ms, where), style),
        Span(word("lasts", lang) if lasts else until, style),
        Span(event_word(one.type, lang), style),
        Span(place.strip(), style),
        Span(clean(one.cause)),
    ]


def event_word(name: str, lang: str) -> str:
    """An event's type in words, the type itself where there are none."""
    key = f"monitor_type_{name}"
    return say(key, lang) if key in messages() else clean(name)
