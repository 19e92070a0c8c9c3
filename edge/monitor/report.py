"""The picture where there is no screen: flat objects for --json, plain lines for a log."""

from typing import Any

import msgspec

from edge.monitor.canvas import clean
from edge.monitor.facts import PHASES, Loaded, Voltage, facts
from edge.monitor.picture import GatewayPicture, Picture, Told, Unreadable
from edge.monitor.tables import event_word, word
from edge.monitor.times import number, span, stamp, zone
from edge.monitor.view import Link
from protocol.uplink.event import EventMessage


def flat(told: Told | Unreadable, now_ms: int) -> dict[str, Any]:
    """One message as one object: `at` when it came (UTC ms), `topic`, whose it is, its own keys.

    A state's own `at` is `written`. `fresh` is false for what was known already.
    """
    if isinstance(told, Unreadable):
        facts_ = {"name": told.topic, "reason": told.reason}
        return {"at": now_ms, "topic": "unreadable", **facts_}
    own: dict[str, Any] = msgspec.to_builtins(told.message)
    if "at" in own:
        own["written"] = own.pop("at")
    head = {"at": now_ms, "topic": told.topic, "site": told.site, "gateway": told.gateway}
    return {**head, "fresh": told.fresh, **{k: v for k, v in own.items() if k not in head}}


def link_object(link: Link, now_ms: int) -> dict[str, Any]:
    """How the broker stands, as an object."""
    facts_ = {"connected": link.connected, "url": link.url, "reason": link.reason}
    return {"at": now_ms, "topic": "broker", **facts_}


def summary(picture: Picture, link: Link, now_ms: int) -> dict[str, Any]:
    """Everything the screen would show, as one object."""
    return {
        "at": now_ms,
        "topic": "summary",
        "connected": link.connected,
        "messages": picture.messages,
        "unreadable": picture.unreadable,
        "turned_away": picture.turned_away,
        "gateways": [_gateway(one, now_ms) for one in picture.sorted()],
    }


def plain_summary(gateway: GatewayPicture, now_ms: int, lang: str) -> str:
    """One line on one gateway."""
    found = facts(gateway, now_ms)
    where = zone(gateway.card.timezone if gateway.card else "UTC")
    online = gateway.state is not None and gateway.state.status == "online"
    parts = [
        f"{gateway.site}/{gateway.gateway} {word('online' if online else _why(gateway), lang)}",
        f"{word('meters', lang)} {found.read}/{found.due}",
    ]
    if found.stale:
        parts.append(word("stale", lang, age=span(found.age_ms)))
    loads = (f"{clean(one.id)} {number(one.loading)} %" for one in found.transformers)
    parts.extend(loads)
    if found.lowest is not None and found.highest is not None:
        low, high = _volts(found.lowest), _volts(found.highest)
        parts.append(word("volts", lang, low=low, high=high))
    if gateway.online is not None:
        parts.append(f"{word('backlog', lang)} {gateway.online.backlog}")
    parts.append(word("events_open", lang, count=found.open_events))
    return f"{stamp(now_ms, now_ms, where)} {', '.join(parts)}"


def plain_event(gateway: GatewayPicture, event: EventMessage, now_ms: int, lang: str) -> str:
    """One line on one event, when it begins and when it ends."""
    where = zone(gateway.card.timezone if gateway.card else "UTC")
    parts = [
        stamp(event.since, now_ms, where),
        f"{gateway.site}/{gateway.gateway}",
        event_word(event.type, lang),
        clean(event.subject),
        clean(event.place),
        clean(event.cause),
    ]
    if event.until is not None and event.until != event.since:
        parts.append(word("ended", lang, at=stamp(event.until, now_ms, where)))
    return " ".join(part for part in parts if part)


def plain_link(link: Link, now_ms: int, lang: str) -> str:
    """One line on the broker."""
    at = stamp(now_ms, now_ms, zone("UTC"))
    if link.connected:
        denied = f"; {word('denied', lang, reason=clean(link.reason))}" if link.reason else ""
        return f"{at} UTC {clean(link.url)} {word('connected', lang)}{denied}"
    since = stamp(link.since, now_ms, zone("UTC"))
    said = word("no_broker", lang, since=since, reason=clean(link.reason) or "-")
    return f"{at} UTC {clean(link.url)} {said}"


def _why(gateway: GatewayPicture) -> str:
    if gateway.state is None:
        return "silent"
    return "lost" if gateway.state.reason == "lost" else "stopped"


def _volts(one: Voltage) -> str:
    return f"{number(one.volts)} V ({clean(one.place)} {clean(one.meter)} {one.phase})"


def _gateway(gateway: GatewayPicture, now_ms: int) -> dict[str, Any]:
    found, last = facts(gateway, now_ms), gateway.online
    return {
        "site": gateway.site,
        "gateway": gateway.gateway,
        "name": gateway.card.name if gateway.card else "",
        "status": gateway.state.status if gateway.state else "",
        "reason": gateway.state.reason if gateway.state else "",
        "since": gateway.since,
        "since_exact": gateway.since_seen,
        "version": last.version if last else "",
        "clock": last.clock if last else "",
        "health": last.health if last else "",
        "read": found.read,
        "due": found.due,
        "age_ms": found.age_ms,
        "stale": found.stale,
        "backlog": last.backlog if last else None,
        "oldest": last.oldest if last else None,
        "dropped": last.dropped if last else None,
        "transformers": [_loaded(one) for one in found.transformers],
        "feeders": [_loaded(one) for one in found.feeders],
        "lines": [
            {
                "line": one.id,
                "state": one.state,
                "reason": one.reason,
                "read": one.read,
                "due": one.due,
                "sweep_ms": one.sweep_ms,
                "utilisation": one.utilisation,
                "stale": one.stale,
            }
            for one in found.lines
        ],
        "lowest": _voltage(found.lowest),
        "highest": _voltage(found.highest),
        "open_events": found.open_events,
    }


def _loaded(one: Loaded) -> dict[str, Any]:
    names = ["loading", "active_power", "reactive_power", "apparent_power", "unbalance"]
    names += [f"{name}_{phase}" for name in ("loading", "current") for phase in PHASES]
    names.append("current_n")
    values = {name: one.value(name) for name in names}
    own = {"id": one.id, "rated_kva": one.rated_kva, "oil_temperature": one.oil}
    return {**own, **values, "age_ms": one.age_ms, "stale": one.stale}


def _voltage(one: Voltage | None) -> dict[str, Any] | None:
    if one is None:
        return None
    place = {"meter": one.meter, "place": one.place, "phase": one.phase}
    return {"volts": one.volts, **place, "age_ms": one.age_ms, "stale": one.stale}
