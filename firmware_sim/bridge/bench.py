"""The bench: the lines of a site on ptys, many lines in one loop, at the pace of real wires.

Requests occupy the wire from their arrival for as long as their characters take; answers are handed
over in one write at the instant their last character ends. All instants are computed on the bench's
clock from absolute times, so that a late wake-up of this process delays one hand-over and never
adds up. A sleep ends late by a few hundred microseconds, so the last stretch before a hand-over is
waited out awake.
"""

import os
import select
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from edge.site.model import Line, Meter, Site
from edge.words.messages import BoxgateError
from firmware_sim.bridge.pty import Pty
from firmware_sim.clock import Clock
from firmware_sim.hal.loader import MeterCore, meter645
from firmware_sim.segment import Segment
from firmware_sim.truth import TruthFile
from firmware_sim.wire import BITS
from firmware_sim.world.chip import image, wire_number
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.shape import DAY_MS

TURN_S = 0.5
"""Longest time the loop sleeps before it looks whether it should go on."""


AWAKE_NS = 300_000
"""How long before a hand-over the loop stops sleeping."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the meters of this run behave."""

    seed: int = 1
    delay_ms: int = 20
    """Td: end of the request to the first byte of the answer."""
    wake: int = 4
    """FE bytes before each answer."""
    chunk: int = 0
    """Characters handed to the port at a time, as a UART's buffer does; 0 = a whole answer."""
    dead: frozenset[str] = frozenset()
    """Meters that say nothing."""
    start: time_of_day | None = None
    """What time of day the neighbourhood's load begins at; None = the present."""


@dataclass(slots=True)
class LineUp:
    """One line that is up."""

    line: Line
    pty: Pty
    segment: Segment
    meters: int
    silent: int
    """Meters of the site on this line that are not played: dead, or of another protocol."""


class Bench:
    """The chosen lines of a site, up from construction to close()."""

    def __init__(
        self,
        site: Site,
        lines: tuple[str, ...],
        folder: Path,
        options: Options,
        truth: TruthFile | None = None,
    ) -> None:
        self._options = options
        self._truth = truth
        start = time.monotonic_ns()
        self.clock = Clock(start)
        self._wall_minus_clock = time.time_ns() - start
        shift = start_shift(site, options.start, time.time_ns() // 1_000_000)
        self._world = Neighbourhood(site, options.seed, shift)
        self.lines: list[LineUp] = []
        with ExitStack() as undo:
            undo.callback(self.close)
            for line_id in lines:
                self.lines.append(self._line(site, site.line(line_id), folder))
            undo.pop_all()

    def serve(self, go_on: Callable[[], bool], wakeup: int | None = None) -> None:
        """Play until `go_on` says no; a readable `wakeup` descriptor makes it ask at once."""
        by_fd = {up.pty.fd: up for up in self.lines}
        extra = [] if wakeup is None else [wakeup]
        while go_on():
            self.clock.run_until(time.monotonic_ns())
            ports = [up.pty.fd for up in self.lines if up.segment.has_room()]
            ready, _, _ = select.select(ports + extra, [], [], self._sleep_s())
            now = time.monotonic_ns()
            for fd in ready:
                if fd == wakeup:
                    os.read(fd, 64)
                elif data := by_fd[fd].pty.read():
                    by_fd[fd].segment.from_master(data, now)

    def close(self) -> None:
        """Take every line down."""
        while self.lines:
            self.lines.pop().pty.close()

    def wall_ms(self) -> int:
        """Wall time of the bench's clock: it runs evenly, whatever happens to the system's."""
        return (self.clock.now + self._wall_minus_clock) // 1_000_000

    def _sleep_s(self) -> float:
        """How long the loop may sleep, s; 0 in the last stretch before a hand-over."""
        until = self.clock.next_at()
        if any(up.segment.answer_end == until for up in self.lines):
            until -= AWAKE_NS
        return min(max((until - time.monotonic_ns()) / 1e9, 0.0), TURN_S)

    def _line(self, site: Site, line: Line, folder: Path) -> LineUp:
        on_line = site.meters_on(line.id)
        played = [
            meter
            for meter in on_line
            if meter.protocol == "dlt645" and meter.id not in self._options.dead
        ]
        pty = Pty(folder / line.id)
        outlet = Outlet(line.id, pty, self._truth)
        segment = Segment(
            self.clock,
            line.baud,
            [(wire_number(meter.id), self._meter(meter, line.baud)) for meter in played],
            outlet.whole,
            chunk=self._options.chunk,
            piece=outlet.some,
        )
        return LineUp(line, pty, segment, len(played), len(on_line) - len(played))

    def _meter(self, meter: Meter, baud: int) -> MeterCore:
        def snapshot(buf: bytearray) -> None:
            buf[:] = image(meter, baud, self._world.meter_state(meter, self.wall_ms()))

        return meter645()(
            wire_number(meter.id),
            3 if meter.phase == "ABC" else 1,
            snapshot,
            lambda: self._world.local(self.wall_ms()),
            BITS * 1_000_000 // baud,
            delay_us=self._options.delay_ms * 1000,
            wake=self._options.wake,
        )


class Outlet:
    """What the master of one line hears, into its pty and the truth file."""

    def __init__(self, line: str, pty: Pty, truth: TruthFile | None) -> None:
        self._line = line
        self._pty = pty
        self._truth = truth
        self._handed = 0

    def some(self, data: bytes) -> None:
        """A part of a burst that is still on the wire."""
        self._handed += len(data)
        self._pty.write(data)

    def whole(self, data: bytes, end: int) -> None:
        """A burst has ended: it is true now, and its last characters reach the master."""
        if self._truth is not None:
            self._truth.note(self._line, data, time.time_ns() // 1_000_000)
        rest, self._handed = data[self._handed :], 0
        self._pty.write(rest)


def start_shift(site: Site, start: time_of_day | None, wall_ms: int) -> int:
    """By how much the load's day is moved so that it begins at `start`, ms."""
    if start is None:
        return 0
    offset = Neighbourhood.offset_ms(site)
    wanted = timedelta(hours=start.hour, minutes=start.minute) // timedelta(milliseconds=1)
    return (wanted - (wall_ms + offset)) % DAY_MS


def clock_time(text: str) -> time_of_day:
    """'19:30' as a time of day; ValueError if it is none."""
    return datetime.strptime(text, "%H:%M").time()


def port_map(lines: list[LineUp]) -> str:
    """The lines' devices as gateway.toml's [line.ID] tables."""
    parts = ["version = 1\n"]
    for up in lines:
        path = str(up.pty.link).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'\n[line.{up.line.id}]\nport = "{path}"\nparity = "N"\n')
    return "".join(parts)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise BoxgateError("sim_dir", path=path.parent, cause=error.strerror) from error
