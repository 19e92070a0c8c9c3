"""The lines: each with its figures where there is room, else all that are well in one row.

In the short form a line with something wrong stands by name above those that are well, so that it
is the last to give way.
"""

from collections.abc import Iterable, Sequence

from edge.monitor.canvas import Line, Span, Style, cell, clean, line
from edge.monitor.facts import Facts, LineFacts
from edge.monitor.tables import Column, Section, table, title, word
from edge.monitor.times import number, span
from edge.words.messages import messages

NAMES = 24
"""Columns for the ids of lines that have the same wrong with them."""
STATES = 12
"""Columns for what is wrong with them."""

AT_WORK = ("up", "starting", "")
"""States in which nothing is wrong; "" = the gateway does not say."""


def lines(facts: Facts, size: int, lang: str) -> Section:
    """Meters read, sweep time and use of each line: one a row where there is room, else two."""
    if size >= 96:
        return _lines_wide(facts, size, lang)
    pairs = size >= 78
    columns = [
        Column("", 2, False),
        Column(word("line", lang), 7, False),
        Column(word("read", lang), 7),
        Column(word("sweep", lang), 7),
        Column(word("used", lang), 4),
        Column("", 6, False),
    ]
    rows = [_line_cells(one, lang) for one in facts.lines]
    whole = table(columns, rows, 38)
    if not pairs:
        return Section(columns[1].head, (whole[0],), tuple(whole[1:]))
    head, items = whole[0], whole[1:]
    half = (len(items) + 1) // 2
    paired: list[Line] = []
    for place in range(half):
        other = items[place + half] if place + half < len(items) else ()
        paired.append((*items[place], Span("   "), *other))
    both = (*head, Span("   "), *head)
    return Section(columns[1].head, (both,), tuple(paired), each=2, count=len(items))


def _line_cells(one: LineFacts, lang: str) -> list[Span]:
    bad = _bad(one)
    short = one.read < one.due
    mark = "!" if bad else ("?" if one.stale else "")
    style = Style.WARN if bad else Style.PLAIN
    return [
        Span(mark, style),
        Span(clean(one.id)),
        Span(f"{one.read}/{one.due}", Style.WARN if short else Style.PLAIN),
        Span(f"{number(one.sweep_ms / 1000)} s" if one.sweep_ms else "-"),
        Span(f"{one.utilisation * 100:.0f}%" if one.sweep_ms else "-"),
        Span(_line_state(one.state, lang), style),
    ]


def _line_state(state: str, lang: str) -> str:
    key = f"line_{state}"
    return word(key, lang) if f"monitor_{key}" in messages() else clean(state) or "-"


def _lines_wide(facts: Facts, size: int, lang: str) -> Section:
    columns = [
        Column("", 2, False),
        Column(word("line", lang), 16, False),
        Column(word("read", lang), 9),
        Column(word("sweep", lang), 9),
        Column(word("used", lang), 6),
        Column(word("sweeps", lang), 7),
        Column(word("age", lang), 8),
        Column(word("state", lang), 8, False),
        Column(word("reason", lang), 0, False),
    ]
    rows = []
    for one in facts.lines:
        mark, _, read, sweep, used, state = _line_cells(one, lang)
        counts = [Span(str(one.sweeps)), Span(span(one.age_ms))]
        rows.append([mark, Span(title(one)), read, sweep, used, *counts, state])
        rows[-1].append(Span(clean(one.reason)))
    whole = table(columns, rows, size)
    return Section(columns[1].head, (whole[0],), tuple(whole[1:]))


def brief(facts: Facts, size: int, lang: str) -> Section:
    """What is wrong by line, then one row for all that are well."""
    well = [one for one in facts.lines if _wrong(one, lang) == ""]
    alike: dict[str, list[LineFacts]] = {}
    for one in facts.lines:
        if wrong := _wrong(one, lang):
            alike.setdefault(wrong, []).append(one)
    # what is down before what only lacks a meter
    groups = sorted(alike.items(), key=lambda group: not _bad(group[1][0]))
    items = [_group_row(wrong, some, lang) for wrong, some in groups]
    if well:
        sweeps = _range((one.sweep_ms / 1000 for one in well), 1)
        used = _range((one.utilisation * 100 for one in well), 0)
        items.append(line("   " + word("lines_up", lang, count=len(well), sweep=sweeps, used=used)))
    return Section(word("line", lang), (), tuple(items))


def _bad(one: LineFacts) -> bool:
    """Whether it is not at work."""
    return one.state not in AT_WORK


def _wrong(one: LineFacts, lang: str) -> str:
    """What is wrong with it, in a word; "" = nothing."""
    if _bad(one):
        return _line_state(one.state, lang)
    if one.stale:
        return word("line_stale", lang)
    if one.state != "up":
        return _line_state(one.state, lang)
    if not one.sweep_ms:
        return word("line_first", lang)
    return word("line_short", lang) if one.read < one.due else ""


def _group_row(wrong: str, some: Sequence[LineFacts], lang: str) -> Line:
    bad = _bad(some[0])
    reasons = {clean(one.reason) for one in some}
    # where they differ, the events tell them
    reason = reasons.pop() if len(reasons) == 1 else ""
    names = ", ".join(clean(one.id) for one in some)
    if len(some) > 1 and len(names) > NAMES:
        names = word("lines", lang, count=len(some))
    read, due = sum(one.read for one in some), sum(one.due for one in some)
    mark = "!" if bad else ("?" if some[0].stale else "")
    style = Style.WARN if bad else Style.PLAIN
    head = f"{cell(mark, 2)} {word('line', lang)} {cell(names, NAMES)} "
    count = Span(f"{f'{read}/{due}':>9}  ", Style.WARN if read < due else Style.PLAIN)
    return line(Span(head, style), count, Span(cell(wrong, STATES), style), f" {reason}")


def _range(values: Iterable[float], digits: int) -> str:
    """24.0-30.2, or the one there is."""
    known = sorted(values)
    ends = dict.fromkeys(number(one, digits) for one in (known[0], known[-1]))
    return "-".join(ends)
