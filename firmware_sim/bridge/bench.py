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
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from pathlib import Path
from typing import Any

from edge.site.model import Line, Meter, Site, Tmu
from edge.words.messages import BoxgateError
from firmware_sim.bridge.control import Control
from firmware_sim.bridge.line import Device, LineUp
from firmware_sim.bridge.pty import Pty
from firmware_sim.clock import Clock
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.loader import MeterCore, UnitCore, nv_memory, tmu
from firmware_sim.played import is_modbus, maker, plays
from firmware_sim.segment import TICK_MASK, Segment
from firmware_sim.truth import TruthFile
from firmware_sim.wire import BITS
from firmware_sim.world.chip import image, wire_number
from firmware_sim.world.drift import drift_of
from firmware_sim.world.neighbourhood import Neighbourhood
from firmware_sim.world.past import Past
from firmware_sim.world.sensors import sensor_image
from firmware_sim.world.shape import DAY_MS

TURN_S = 0.5
"""Longest time the loop sleeps before it looks whether it should go on."""

KEEPS = {"dlt645": "meter645", "dlt698": "meter698"}
"""Protocol -> the firmware that has an NV memory."""

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
    """Meters, and TMUs by their id, that say nothing."""
    start: time_of_day | None = None
    """What time of day the neighbourhood's load begins at; None = the present."""
    drift_ppm: float | None = None
    """How fast every meter's clock runs, 1e-6; 0 = exact, None = each as drawn."""


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
        self._site = site
        self._options = options
        self._truth = truth
        start = time.monotonic_ns()
        self.clock = Clock(start)
        self._wall_minus_clock = time.time_ns() - start
        shift = start_shift(site, options.start, time.time_ns() // 1_000_000)
        self._world = Neighbourhood(site, options.seed, shift)
        self._flash: dict[str, Flash] = {}
        self._pasts: dict[str, Past] = {}
        self._off: dict[str, tuple[int, int]] = {}
        """Device -> since when it has no power, ms UTC, and what its clock was set off then, s."""
        self._began_ms = self.wall_ms()
        self.lines: list[LineUp] = []
        with ExitStack() as undo:
            undo.callback(self.close)
            for line_id in lines:
                self._bring_up(site.line(line_id), folder)
            undo.pop_all()

    def serve(
        self,
        go_on: Callable[[], bool],
        wakeup: int | None = None,
        control: Control | None = None,
    ) -> None:
        """Play until `go_on` says no; a readable `wakeup` descriptor makes it ask at once."""
        while go_on():
            self.clock.run_until(time.monotonic_ns())
            ports: list[int] = []
            by_fd: dict[int, tuple[Pty, Segment]] = {}
            for up in self.lines:
                if up.pty is not None and up.segment.has_room():
                    by_fd[up.pty.fd] = (up.pty, up.segment)
                    ports.append(up.pty.fd)
            if wakeup is not None:
                ports.append(wakeup)
            if control is not None and control.fd is not None:
                ports.append(control.fd)
            ready, _, _ = select.select(ports, [], [], self._sleep_s())
            now = time.monotonic_ns()
            for fd in ready:
                if fd in by_fd:
                    pty, segment = by_fd[fd]
                    if data := pty.read():
                        segment.from_master(data, now)
                elif fd == wakeup:
                    os.read(fd, 64)
            # last: it may close what was just read; at the present, for the sleep took its time
            if control is not None and control.fd in ready:
                self.clock.run_until(time.monotonic_ns())
                control.read()

    def close(self) -> None:
        """Take every line down; BoxgateError when a name stays, with all lines down."""
        with ExitStack() as stack:
            while self.lines:
                stack.callback(self.lines.pop(0).close)

    def break_line(self, line: str) -> None:
        """Take a line's device away; BoxgateError if it is not one of ours."""
        self._up(line).close()

    def mend_line(self, line: str) -> None:
        """A new device under the line's name; BoxgateError if there is none to be had."""
        self._up(line).mend()

    def break_device(self, device: str) -> None:
        """A meter or TMU goes dead; BoxgateError if it is not on a line of ours."""
        up, found = self._device(device)
        if found.core is not None:
            self._off[device] = (self.wall_ms(), clock_shift(found.core))
            up.power_off(found)

    def mend_device(self, device: str) -> None:
        """A dead meter or TMU gets its power back; BoxgateError if it is not on a line of ours.

        That it was off stands in a meter's records; one that was dead from the start was off since.
        """
        up, found = self._device(device)
        if found.core is not None:
            return
        up.power_on(found)
        since, before = self._off.pop(device, (self._began_ms, 0))
        past = self._pasts.get(device)
        if past is not None and found.core is not None:
            past.power_off(since, self.wall_ms(), before, clock_shift(found.core))

    def wall_ms(self) -> int:
        """Wall time of the bench's clock: it runs evenly, whatever happens to the system's."""
        return (self.clock.now + self._wall_minus_clock) // 1_000_000

    def _sleep_s(self) -> float:
        """How long the loop may sleep, s; 0 in the last stretch before a hand-over."""
        until = self.clock.next_at()
        if any(up.segment.answer_end == until for up in self.lines):
            until -= AWAKE_NS
        return min(max((until - time.monotonic_ns()) / 1e9, 0.0), TURN_S)

    def _up(self, line: str) -> LineUp:
        for up in self.lines:
            if up.line.id == line:
                return up
        known = ", ".join(up.line.id for up in self.lines)
        raise BoxgateError("sim_control_line", line=line, lines=known)

    def _device(self, device: str) -> tuple[LineUp, Device]:
        for up in self.lines:
            if device in up.devices:
                return up, up.devices[device]
        raise BoxgateError("sim_control_device", device=device)

    def _bring_up(self, line: Line, folder: Path) -> None:
        on_line = self._site.meters_on(line.id)
        units = [unit for unit in self._site.tmus if unit.line == line.id]
        devices = [self._device_of(meter, line) for meter in on_line if plays(meter)]
        devices += [
            Device(unit.id, partial(self._unit, unit, line), None) for unit in units if plays(unit)
        ]
        foreign = len(on_line) + len(units) - len(devices)
        up = LineUp(
            self.clock, line, folder, devices, foreign, self._truth, _now_ms, self._options.chunk
        )
        # one of ours from now on: a device that cannot be made takes the line down again
        self.lines.append(up)
        for device in devices:
            if device.id not in self._options.dead:
                up.power_on(device)

    def _device_of(self, meter: Meter, line: Line) -> Device:
        return Device(
            meter.id,
            partial(self._meter, meter, line.baud),
            wire_number(meter.id),
            meter.protocol,
            meter.profile if is_modbus(meter) else "",
        )

    def _meter(self, meter: Meter, baud: int) -> MeterCore:
        make = maker(meter)
        assert make is not None, "only what is played has a core"
        past = self._past(meter, baud)

        def snapshot(buf: bytearray) -> None:
            buf[:] = image(meter, baud, self._world.meter_state(meter, self.wall_ms()))

        return make()(
            wire_number(meter.id),
            3 if meter.phase == "ABC" else 1,
            snapshot,
            lambda: past.clock(self.wall_ms()),
            BITS * 1_000_000 // baud,
            delay_us=self._options.delay_ms * 1000,
            wake=self._options.wake,
            memory=lambda buf, page, at, since: past.fill(buf, page, at, since, self.wall_ms()),
            **self._kept(meter.id, KEEPS.get(meter.protocol)),
        )

    def _past(self, meter: Meter, baud: int) -> Past:
        """A meter's store, which outlives its power."""
        past = self._pasts.get(meter.id)
        if past is None:
            drift = drift_of(self._world.seed, meter.id, self._options.drift_ppm)
            past = self._pasts[meter.id] = Past(self._world, meter, baud, drift, self._began_ms)
        return past

    def _kept(self, device: str, firmware: str | None) -> dict[str, Any]:
        """What a device of that firmware had in its flash when its power last went."""
        if firmware is None:
            return {}
        return {"nv": nv_memory(self._flash.setdefault(device, Flash()), firmware)}

    def _unit(self, unit: Tmu, line: Line) -> UnitCore:
        def snapshot(buf: bytearray) -> None:
            buf[:] = sensor_image(unit, line, self._world.tmu_state(unit, self.wall_ms()))

        return tmu()(
            snapshot,
            self.clock.now // 1000 & TICK_MASK,
            delay_us=self._options.delay_ms * 1000,
            **self._kept(unit.id, "tmu"),
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def clock_shift(core: MeterCore) -> int:
    """What a meter's clock is set off from its board's, s; 0 for what has none."""
    return int(getattr(core, "shift", 0))


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
        path = str(up.link).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'\n[line.{up.line.id}]\nport = "{path}"\nparity = "N"\n')
    return "".join(parts)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise BoxgateError("sim_dir", path=path.parent, cause=error.strerror) from error
