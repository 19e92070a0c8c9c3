"""`boxgate monitor`: what the gateways are doing, live, from the broker alone."""

import argparse
import os
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from edge.cli.screen import Screen, Signals, coloured, paintable
from edge.monitor.canvas import ansi, plain
from edge.monitor.picture import Picture, Told, Unreadable
from edge.monitor.report import (
    flat,
    link_object,
    plain_event,
    plain_link,
    plain_summary,
    summary,
)
from edge.monitor.view import Frame, Link, draw
from edge.shells.broker_url import parse
from edge.shells.subscriber import Denied, Down, Subscriber, Up
from edge.site.load import read_gateway
from edge.site.model import Broker
from edge.site.secret import read_secret
from edge.words import BoxgateError
from edge.words.messages import language
from protocol.uplink.errors import PayloadError
from protocol.uplink.event import EventMessage
from protocol.uplink.topic import ROOT, checked

KINDS = ("data", "event", "state", "site")
SUMMARY_S = 10.0
"""Between summaries where there is no screen."""
ONCE_S = 10.0
"""`--once` waits so long for a full picture."""
PAINT_S = 0.25
"""Between two pictures at least."""
TICK_S = 1.0
"""Between two pictures at most: ages grow without any message."""
ALL_ROWS = 1_000
"""Rows of `--once`, which scrolls."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--broker", metavar="URL", help="mqtt://host:port or mqtts://host:port")
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml of this gateway")
    parser.add_argument("--site", metavar="ID", help="only this site")
    parser.add_argument("--gateway", metavar="ID", help="only this gateway")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line: each message, and a summary"
    )
    parser.add_argument("--once", action="store_true", help="show one full picture and end")


@dataclass(slots=True)
class Watching:
    """The broker, the picture, and the way to wait for either."""

    subscriber: Subscriber
    signals: Signals
    link: Link
    picture: Picture = field(default_factory=Picture)

    def wait(self, seconds: float, keyboard: int | None = None) -> tuple[bool, bool]:
        """Until something comes, that long at most; (key pressed, nobody reads stdout any more)."""
        poll = select.poll()
        for descriptor in (self.subscriber.fileno(), self.signals.fileno()):
            poll.register(descriptor, select.POLLIN)
        if keyboard is not None:
            poll.register(keyboard, select.POLLIN)
        out = sys.stdout.fileno()
        if out != keyboard:
            # asks for nothing: POLLERR and POLLHUP are told in any case
            poll.register(out, 0)
        seconds = min(seconds, self.subscriber.wait_s())
        ready = dict(poll.poll(max(0.0, seconds) * 1000))
        self.signals.drain()
        gone = out in ready and bool(ready[out] & (select.POLLERR | select.POLLHUP))
        return keyboard in ready, gone

    def news(self) -> Iterator[Told | Unreadable | Link]:
        """What has come since, taken into the picture."""
        for heard in self.subscriber.poll():
            now_ms = wall_ms()
            match heard:
                case Up():
                    self.link = replace(self.link, connected=True, since=now_ms, reason="")
                    yield self.link
                case Denied(topic=topic, reason=reason):
                    self.link = replace(self.link, reason=f"{topic}: {reason}")
                    yield self.link
                case Down(reason=reason):
                    since = now_ms if self.link.connected else self.link.since
                    told = self.link.connected or reason != self.link.reason
                    self.link = replace(self.link, connected=False, since=since, reason=reason)
                    if told:
                        yield self.link
                case _:
                    yield self.picture.take(heard.topic, heard.payload, now_ms, heard.retained)


def run(args: argparse.Namespace) -> int:
    """0; a broker that cannot be reached ends only `--once` (3)."""
    broker = _broker(args)
    password = read_secret(broker.password_file, os.environ) if broker.password_file else None
    parse(broker.url)
    with (
        closing(Subscriber(broker, _filters(args), password)) as subscriber,
        Signals() as signals,
    ):
        watching = Watching(subscriber, signals, Link(broker.url, False, wall_ms()))
        if args.once:
            return _once(watching, args.json)
        if args.json:
            return _stream(watching, _JsonLines(watching))
        if not paintable():
            return _stream(watching, _PlainLines(watching))
        return _screen(watching)


def wall_ms() -> int:
    """UTC ms."""
    return time.time_ns() // 1_000_000


def _broker(args: argparse.Namespace) -> Broker:
    given = read_gateway(args.config).broker if args.config else Broker()
    return msgspec.structs.replace(given, url=args.broker) if args.broker else given


def _filters(args: argparse.Namespace) -> list[str]:
    levels = []
    for option, given in (("--site", args.site), ("--gateway", args.gateway)):
        try:
            levels.append(checked(given) if given is not None else "+")
        except PayloadError as error:
            raise BoxgateError("monitor_id", option=option, got=ascii(given)[1:-1]) from error
    return [f"{ROOT}/{levels[0]}/{levels[1]}/{kind}" for kind in KINDS]


# ---- one picture ---------------------------------------------------------------------------------


def _once(watching: Watching, as_json: bool) -> int:
    until = time.monotonic() + ONCE_S
    ever = False
    while not watching.signals.ended and time.monotonic() < until and not _complete(watching):
        watching.wait(until - time.monotonic())
        for told in watching.news():
            if not isinstance(told, Link):
                continue
            if not told.connected and not ever:
                raise BoxgateError("monitor_unreachable", url=told.url, reason=told.reason)
            ever = True
    if watching.signals.ended:
        return 0
    if not ever:
        reason = watching.link.reason or f"no answer within {ONCE_S:.0f} s"
        raise BoxgateError("monitor_unreachable", url=watching.link.url, reason=reason)
    if as_json:
        _print_json(summary(watching.picture, watching.link, wall_ms()))
        return 0
    frame = Frame(
        columns=shutil.get_terminal_size((80, 24)).columns,
        rows=ALL_ROWS,
        lang=language(),
        now_ms=wall_ms(),
        link=watching.link,
        live=False,
    )
    colour = paintable() and coloured()
    for one in draw(watching.picture, frame):
        print(ansi(one, True).rstrip() if colour else plain(one))
    return 0


def _complete(watching: Watching) -> bool:
    """Whether every gateway that is online can be shown whole."""
    known = watching.picture.sorted()
    waited = [one for one in known if one.state is None or one.state.status == "online"]
    return bool(waited) and all(one.whole() for one in waited)


# ---- lines ---------------------------------------------------------------------------------------


class _JsonLines:
    """Every message as an object, and a summary."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def on(self, told: Told | Unreadable | Link) -> None:
        """One object."""
        now_ms = wall_ms()
        _print_json(link_object(told, now_ms) if isinstance(told, Link) else flat(told, now_ms))

    def on_summary(self) -> None:
        """The summary."""
        _print_json(summary(self._watching.picture, self._watching.link, wall_ms()))


class _PlainLines:
    """A line for each event, for each change of the broker, and a summary a gateway."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._lang = language()

    def on(self, told: Told | Unreadable | Link) -> None:
        """A line, where there is something to say."""
        match told:
            case Link():
                print(plain_link(told, wall_ms(), self._lang), flush=True)
            case Told(message=EventMessage() as event, fresh=True):
                gateway = self._watching.picture.gateways[(told.site, told.gateway)]
                print(plain_event(gateway, event, wall_ms(), self._lang), flush=True)

    def on_summary(self) -> None:
        """One line a gateway."""
        for gateway in self._watching.picture.sorted():
            print(plain_summary(gateway, wall_ms(), self._lang), flush=True)


def _stream(watching: Watching, lines: _JsonLines | _PlainLines) -> int:
    due = time.monotonic() + SUMMARY_S
    first = True
    while not watching.signals.ended:
        _, gone = watching.wait(due - time.monotonic())
        if gone:
            raise BrokenPipeError
        for told in watching.news():
            lines.on(told)
        now = time.monotonic()
        if now >= due or (first and _complete(watching)):
            first = False
            due = now + SUMMARY_S
            lines.on_summary()
    return 0


def _print_json(facts: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    sys.stdout.flush()


# ---- the screen ----------------------------------------------------------------------------------


def _screen(watching: Watching) -> int:
    selected: tuple[str, str] | None = None
    with Screen(coloured()) as screen:
        painted, changed = 0.0, True
        while not watching.signals.ended:
            now = time.monotonic()
            if now - painted >= (PAINT_S if changed else TICK_S):
                size = screen.size()
                frame = Frame(*size, language(), wall_ms(), watching.link, selected)
                screen.paint(draw(watching.picture, frame), size)
                painted, changed = time.monotonic(), False
            rest = painted + (PAINT_S if changed else TICK_S) - time.monotonic()
            pressed, gone = watching.wait(rest, screen.keyboard)
            if gone:
                return 0
            for _ in watching.news():
                changed = True
            if watching.signals.resized:
                watching.signals.resized, painted = False, 0.0
                screen.forget()
            if watching.signals.suspended:
                watching.signals.suspended, painted = False, 0.0
                screen.suspend()
            for key in screen.keys() if pressed else ():
                if key == "quit":
                    return 0
                painted = 0.0
                selected = _moved(watching.picture, selected, key, screen.forget)
    return 0


def _moved(
    picture: Picture, selected: tuple[str, str] | None, key: str, redraw: Callable[[], None]
) -> tuple[str, str] | None:
    """The gateway chosen after a key."""
    if key == "redraw":
        redraw()
    keys = sorted(picture.gateways)
    if not keys or key == "redraw":
        return selected
    place = keys.index(selected) if selected in keys else 0
    step = {"up": -1, "down": 1}[key]
    return keys[max(0, min(len(keys) - 1, place + step))]
