"""One line that is up: its pty, its meters and TMUs on a segment, and what can befall them.

A broken line has lost its pty: the name is gone, both ends are closed, so that whoever had it open
sees a hang-up. What is said on it meanwhile reaches nobody and is not true for the truth file. A
broken device has lost its power: it forgets what it had half heard, and mended it begins anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.site.model import Line
from firmware_sim.bridge.pty import Pty
from firmware_sim.clock import Clock
from firmware_sim.hal.loader import MeterCore, UnitCore
from firmware_sim.segment import Segment
from firmware_sim.truth import TruthFile


@dataclass(slots=True)
class Device:
    """A meter or a TMU of the line."""

    id: str
    make: Callable[[], MeterCore | UnitCore]
    """Its core, as it is after power-on."""
    number: bytes | None
    """A meter's number, lowest digits first; None for a TMU."""
    protocol: str = ""
    """A meter's, as the site says it."""
    map: str = ""
    """Of a Modbus meter its register map: its items begin with it in the truth file."""
    core: MeterCore | UnitCore | None = field(default=None)
    """None while it is dead."""


class LineUp:
    """One line, up from construction to close()."""

    def __init__(
        self,
        clock: Clock,
        line: Line,
        folder: Path,
        devices: Sequence[Device],
        foreign: int,
        truth: TruthFile | None,
        wall_ms: Callable[[], int],
        chunk: int = 0,
    ) -> None:
        self.line = line
        self.link = folder / line.id
        self.pty: Pty | None = None
        self.devices = {device.id: device for device in devices}
        self._foreign = foreign
        self._truth = truth
        self._wall_ms = wall_ms
        self._handed = 0
        self._names: dict[int, str] = {}
        self.segment = Segment(clock, line.baud, (), self._whole, chunk=chunk, piece=self._some)
        self.mend()

    @property
    def meters(self) -> int:
        """Meters that are played."""
        return sum(d.core is not None and d.number is not None for d in self.devices.values())

    @property
    def units(self) -> int:
        """TMUs that are played."""
        return sum(d.core is not None and d.number is None for d in self.devices.values())

    @property
    def silent(self) -> int:
        """Devices of the site on this line that say nothing: dead, or of another protocol."""
        return self._foreign + sum(d.core is None for d in self.devices.values())

    def power_on(self, device: Device) -> None:
        """The device begins to answer; nothing happens when it does already."""
        if device.core is not None:
            return
        device.core = device.make()
        self._names[id(device.core)] = device.id
        if device.number is None or device.map:
            self.segment.add_unit(device.core)  # type: ignore[arg-type]
        else:
            self.segment.add_meter(device.number, device.core, device.protocol)

    def power_off(self, device: Device) -> None:
        """The device says nothing more; nothing happens when it is dead already."""
        if device.core is None:
            return
        self.segment.remove(device.core)
        del self._names[id(device.core)]
        device.core = None

    def mend(self) -> None:
        """Have a pty under the line's name; BoxgateError when there is none to be had."""
        if self.pty is None:
            self.pty = Pty(self.link)

    def close(self) -> None:
        """Take the pty and its name away; BoxgateError where the name stays."""
        pty, self.pty = self.pty, None
        if pty is not None:
            pty.close()

    def _some(self, data: bytes) -> None:
        """A part of a burst that is still on the wire."""
        self._handed += len(data)
        if self.pty is not None:
            self.pty.write(data)

    def _whole(self, talker: object, data: bytes, end: int) -> None:
        """A burst has ended: it is true now, and its last characters reach the master."""
        rest, self._handed = data[self._handed :], 0
        if self.pty is None:
            return
        if self._truth is not None:
            self._note(self._truth, talker, data)
        self.pty.write(rest)

    def _note(self, truth: TruthFile, talker: object, data: bytes) -> None:
        asked = getattr(talker, "asked", None)
        if asked is None:
            truth.note(self.line.id, data, self._wall_ms())
        elif (name := self._names.get(id(talker))) is not None:
            map_name = self.devices[name].map
            truth.note_registers(self.line.id, name, asked, data, self._wall_ms(), map_name)
