"""The whole picture of a terminal: which sections stand where, and what gives way to what.

Nothing wraps and nothing overflows: a frame of COLUMNS x ROWS gets at most ROWS lines of at most
COLUMNS columns. Where rows are short, events give way first, then lines, feeders, transformers;
each section says how much of it is left out, and lines that are well share a row. Where there is
room, phases come under feeders and the voltages of every box beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from edge.monitor.canvas import (
    Line,
    Span,
    Style,
    beside,
    cell,
    clean,
    fitted,
    line,
    width,
)
from edge.monitor.facts import Facts, facts
from edge.monitor.lines import brief, lines
from edge.monitor.picture import GatewayPicture, Picture
from edge.monitor.tables import (
    Section,
    events,
    feeders,
    profile,
    transformers,
    voltages,
    word,
)
from edge.monitor.times import number, span, stamp, zone

WIDE = 140
"""Columns from which the boxes' voltages stand beside the tables."""
WIDEST = 130
"""Columns of the tables at most: a longer bar tells no more."""
EVENTS = 4
"""Rows of events (head included) that are kept before phases are shown."""


@dataclass(frozen=True, slots=True)
class Link:
    """How the broker stands."""

    url: str
    connected: bool
    since: int
    """UTC ms: since when that is so."""
    reason: str = ""
    """Why it is not; where it is, what the broker does not let us read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is to be drawn on."""

    columns: int
    rows: int
    lang: str
    now_ms: int
    link: Link
    selected: tuple[str, str] | None = None
    """(site, gateway) shown in detail; None = the first."""
    live: bool = True
    """Whether there are keys to press."""


def draw(picture: Picture, frame: Frame) -> list[Line]:
    """At most `rows` lines, each at most `columns` wide."""
    known = picture.sorted()
    chosen = next((one for one in known if (one.site, one.gateway) == frame.selected), None)
    chosen = chosen or (known[0] if known else None)
    where = zone(chosen.card.timezone if chosen and chosen.card else "UTC")
    top = [_top(frame, where), *_trouble(frame, where)]
    foot = [_foot(frame, len(known))] if frame.live and frame.rows >= 12 else []
    room = frame.rows - len(top) - len(foot)
    if chosen is None:
        body = [line(f"   {word('nothing', frame.lang)}"), *_counted(picture, None, frame)]
    else:
        body = _body(picture, known, chosen, frame, room, where)
    body = body[: max(0, room)]
    if frame.live:
        body += [()] * (room - len(body))
    return [fitted(one, frame.columns) for one in [*top, *body, *foot][: frame.rows]]


def _top(frame: Frame, where: tzinfo) -> Line:
    state = word("connected" if frame.link.connected else "unconnected", frame.lang)
    left = f" boxgate monitor  {clean(frame.link.url)}  {state}"
    clock = f"{stamp(frame.now_ms, frame.now_ms, where)} {where} "
    room = frame.columns - width(clock)
    if room < 16:
        return line(Span(cell(left, frame.columns), Style.TITLE))
    return line(Span(cell(left, room) + clock, Style.TITLE))


def _trouble(frame: Frame, where: tzinfo) -> list[Line]:
    if frame.link.connected:
        denied = clean(frame.link.reason)
        text = word("denied", frame.lang, reason=denied) if denied else ""
        return [line(Span(f" ! {text}", Style.WARN))] if text else []
    facts_ = {
        "since": stamp(frame.link.since, frame.now_ms, where),
        "reason": clean(frame.link.reason) or "-",
    }
    return [line(Span(f" ! {word('no_broker', frame.lang, **facts_)}", Style.WARN))]


def _foot(frame: Frame, gateways: int) -> Line:
    keys = word("keys_many" if gateways > 1 else "keys", frame.lang)
    return line(Span(f" {keys}  {word('legend', frame.lang)}", Style.DIM))


def _body(
    picture: Picture,
    known: Sequence[GatewayPicture],
    chosen: GatewayPicture,
    frame: Frame,
    room: int,
    where: tzinfo,
) -> list[Line]:
    found = facts(chosen, frame.now_ms)
    head = _choice(known, chosen, frame) if len(known) > 1 else []
    head += _identity(chosen, frame, where)
    head.append(_numbers(chosen, found, frame, where))
    head += _counted(picture, chosen, frame)
    room -= len(head)
    if frame.columns >= WIDE:
        return [*head, *_wide(found, frame, room, where)]
    return [*head, *_narrow(found, frame, room, where)]


def _narrow(found: Facts, frame: Frame, room: int, where: tzinfo) -> list[Line]:
    size, lang = frame.columns, frame.lang
    tail = events(found, size, lang, frame.now_ms, where)
    for phases in (True, False):
        sections = [
            transformers(found, size, lang, phases),
            feeders(found, size, lang, phases),
            lines(found, size, lang),
            voltages(found, size, lang),
        ]
        if sum(one.height for one in sections) + EVENTS <= room or not phases:
            break
    if sum(one.height for one in sections) + tail.height > room:
        sections[2] = brief(found, size, lang)
    boxes = profile(found, size, lang)
    left = room - sum(one.height for one in sections) - min(tail.height, EVENTS * 2)
    if left >= min(boxes.height, 6):
        shares = _shares([*sections, tail], room - min(left, boxes.height), (4, 2, 1, 3, 0))
        shares.insert(4, min(left, boxes.height))
        sections.append(boxes)
    else:
        shares = _shares([*sections, tail], room, (4, 2, 1, 3, 0))
    return _stacked([*sections, tail], shares, lang)


def _wide(found: Facts, frame: Frame, room: int, where: tzinfo) -> list[Line]:
    lang, size = frame.lang, min(WIDEST, frame.columns * 11 // 20)
    tail = events(found, frame.columns, lang, frame.now_ms, where)
    boxes = profile(found, frame.columns - size - 2, lang)
    for phases in (True, False):
        sections = [
            transformers(found, size, lang, phases),
            feeders(found, size, lang, phases),
            lines(found, size, lang),
            voltages(found, size, lang),
        ]
        high = sum(one.height for one in sections)
        if high + EVENTS <= room or not phases:
            break
    upper = min(max(high, boxes.height), max(0, room - min(tail.height, EVENTS)))
    left = _stacked(sections, _shares(sections, upper, (2, 1, 0, 3)), lang)
    block = beside(left, boxes.shown(upper, lang), size)
    return [*block, *tail.shown(room - len(block), lang)]


def _shares(sections: Sequence[Section], room: int, order: Sequence[int]) -> list[int]:
    """Rows for each section; `order` names who gives way, first the ones with the least to say."""
    shares = [one.height for one in sections]
    # first down to a head and two rows each, then down to one row, then away
    for least in (3, 1, 0):
        for place in order:
            over = sum(shares) - room
            if over <= 0:
                return shares
            shares[place] = max(min(shares[place], least), shares[place] - over)
    return shares


def _stacked(sections: Sequence[Section], shares: Sequence[int], lang: str) -> list[Line]:
    whole: list[Line] = []
    for section, rows in zip(sections, shares, strict=True):
        whole += section.shown(rows, lang)
    return whole


def _choice(known: Sequence[GatewayPicture], chosen: GatewayPicture, frame: Frame) -> list[Line]:
    """One line a gateway, the chosen one marked and always among them."""
    rows = min(len(known), max(2, frame.rows // 6))
    place = known.index(chosen)
    shown = rows if rows == len(known) else max(1, rows - 1)
    first = max(0, min(place - shown // 2, len(known) - shown))
    listed = [_one(one, one is chosen, frame) for one in known[first : first + shown]]
    if shown < len(known):
        more = word("more", frame.lang, count=len(known) - shown)
        listed.append(line(Span(f"   {more}", Style.DIM)))
    return listed


def _one(gateway: GatewayPicture, chosen: bool, frame: Frame) -> Line:
    found = facts(gateway, frame.now_ms)
    loads = " ".join(f"{clean(one.id)} {number(one.loading)}%" for one in found.transformers[:4])
    name = clean(gateway.card.name) if gateway.card else ""
    mark = "" if _online(gateway) else "!"
    return line(
        Span(f" {'>' if chosen else ' '}{mark:1}", Style.STRONG),
        f"{cell(f'{gateway.gateway} {gateway.site} {name}', 24)} ",
        Span(cell(_status(gateway, frame.lang), 8), Style.GOOD if not mark else Style.WARN),
        f" {found.read}/{found.due}  {loads}  ",
        word("events_open", frame.lang, count=found.open_events),
    )


def _online(gateway: GatewayPicture) -> bool:
    return gateway.state is not None and gateway.state.status == "online"


def _status(gateway: GatewayPicture, lang: str) -> str:
    state = gateway.state
    if state is None:
        return word("silent", lang)
    if state.status == "online":
        return word("online", lang)
    return word("lost" if state.reason == "lost" else "stopped", lang)


def _identity(gateway: GatewayPicture, frame: Frame, where: tzinfo) -> list[Line]:
    lang, state = frame.lang, gateway.state
    name = clean(gateway.card.name) if gateway.card else word("no_card", lang)
    since = stamp(gateway.since, frame.now_ms, where)
    when = word("since_at" if gateway.since_seen else "since_before", lang, at=since)
    last = gateway.online or state
    parts: list[Span | str] = [Span(f" {gateway.gateway} ", Style.STRONG)]
    parts.append(f"{gateway.site} {name}  ")
    mark = "" if _online(gateway) else "! "
    style = Style.WARN if mark else Style.GOOD
    parts.append(Span(f"{mark}{_status(gateway, lang)} {when}", style))
    if last is not None:
        health = last.health if _online(gateway) else ""
        if health:
            bad = health != "ok"
            text = f"  {'! ' if bad else ''}{_health(health, lang)}"
            parts.append(Span(text, Style.WARN if bad else Style.PLAIN))
        # the will names a version, and no clock
        if last.at is not None:
            bad = last.clock != "trusted"
            text = (
                f"  {'! ' if bad else ''}{word('clock', lang)} {word(f'clock_{last.clock}', lang)}"
            )
            parts.append(Span(text, Style.WARN if bad else Style.PLAIN))
        parts.append(f"  v{clean(last.version)}")
    return [line(*parts)]


def _health(health: str, lang: str) -> str:
    return word(f"health_{health}", lang) if health in ("ok", "degraded") else clean(health)


def _numbers(gateway: GatewayPicture, found: Facts, frame: Frame, where: tzinfo) -> Line:
    lang, last = frame.lang, gateway.online
    short = found.read < found.due
    parts: list[Span | str] = [
        Span(
            f" {word('meters', lang)} {found.read}/{found.due}",
            Style.WARN if short else Style.STRONG,
        )
    ]
    if not gateway.devices and _online(gateway):
        parts.append(f"  {word('first', lang)}")
    elif found.stale:
        parts.append(Span(f"  ? {word('stale', lang, age=span(found.age_ms))}", Style.WARN))
    else:
        parts.append(f"  {word('age', lang)} {span(found.age_ms)}")
    # before the counts: of a row too long for its terminal the end is cut off
    parts.append(f"  {word('events_open', lang, count=found.open_events)}")
    if last is not None:
        waiting = f"  {word('backlog', lang)} {last.backlog}"
        if last.oldest is not None:
            waiting += f" {word('oldest', lang)} {stamp(last.oldest, frame.now_ms, where)}"
        parts.append(Span(waiting, Style.WARN if last.oldest is not None else Style.PLAIN))
        if last.dropped:
            parts.append(Span(f"  ! {word('dropped', lang)} {last.dropped}", Style.WARN))
        for key in ("sent", "accepted"):
            if key in last.uplink:
                parts.append(f"  {word(key, lang)} {clean(str(last.uplink[key]))}")
    return line(*parts)


def _counted(picture: Picture, gateway: GatewayPicture | None, frame: Frame) -> list[Line]:
    """What was not taken in, where anything was not."""
    away = picture.turned_away + (gateway.turned_away if gateway else 0)
    if not picture.unreadable and not away:
        return []
    text = word("not_taken", frame.lang, unreadable=picture.unreadable, away=away)
    return [line(Span(f" ! {text}", Style.WARN))]
