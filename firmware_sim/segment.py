"""One line of meters and TMUs on a wire: requests in, answers out, in virtual time.

RS-485 is a broadcast: every burst reaches everybody. Most meters would parse it for nothing, so the
segment looks first: a burst that is one whole, right frame of DL/T 645 or 698.45 behind wake-up
bytes can mean something only to the meter it names, and to meters that have half a frame waiting;
one in which no frame of theirs can begin, only to the latter. A frame of the other protocol means
nothing to a meter unless a frame of its own could stand inside. Everything else (damage, wildcards,
fragments) goes to all. TMUs and Modbus meters hear every burst: a frame of Modbus ends by silence,
so what came before it matters, and a foreign one costs them nothing. `lazy=False` delivers
everything to everybody; both must give the same answers at the same times.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from firmware_sim.clock import NEVER, Clock
from firmware_sim.frames import START, link_frame, whole_frame
from firmware_sim.hal.loader import MeterCore, UnitCore
from firmware_sim.wire import Wire

TICK_MASK = (1 << 30) - 1
TICK_HALF = 1 << 29
DLT645, DLT698 = "dlt645", "dlt698"
EVERYBODY = b"\x99" * 6
NOBODY: list[MeterCore] = []
BACKLOG = 4096
"""Most characters the master may have queued before its port is read again."""


_Core = TypeVar("_Core", bound=MeterCore)


class Segment:
    """The meters and TMUs of one line. `to_master(talker, data, end)` gets what its master hears.

    With `chunk`, `piece(data)` gets the same characters earlier, some at a time; what is left of
    a burst at its end is the caller's to work out.
    """

    def __init__(
        self,
        clock: Clock,
        baud: int,
        meters: Iterable[tuple[bytes, MeterCore] | tuple[bytes, MeterCore, str]],
        to_master: Callable[[object, bytes, int], None],
        lazy: bool = True,
        chunk: int = 0,
        piece: Callable[[bytes], None] | None = None,
    ) -> None:
        self.wire = Wire(clock, baud, self._heard, chunk, self._heard_some)
        self._baud = baud
        self._piece = piece
        self._clock = clock
        self._to_master = to_master
        self._lazy = lazy
        self._cores: list[MeterCore] = []
        self._units: list[UnitCore] = []
        self._speakers645: list[MeterCore] = []
        self._speakers698: list[MeterCore] = []
        self._named645: dict[bytes, list[MeterCore]] = {}
        self._named698: dict[bytes, list[MeterCore]] = {}
        self._busy: dict[int, MeterCore] = {}
        self._armed: dict[int, int] = {}
        for number, core, *protocol in meters:
            self.add_meter(number, core, *protocol)
        self._said = 0
        self.answer_end = 0
        """When the last answer begun ends on the wire, ns."""

    def add_meter(self, number: bytes, core: MeterCore, protocol: str = DLT645) -> None:
        """A meter of DL/T 645 or 698.45 joins the line; `number` lowest digits first."""
        self._cores.append(core)
        if protocol == DLT645:
            speakers, named = self._speakers645, self._named645
        else:
            speakers, named = self._speakers698, self._named698
        speakers.append(core)
        if 0xAA not in number and number != EVERYBODY:
            # what stands for several is nobody's own
            named.setdefault(number, []).append(core)

    def add_unit(self, core: UnitCore) -> None:
        """A TMU or a Modbus meter joins the line."""
        self._units.append(core)
        self._arm_unit(core)

    def remove(self, core: MeterCore) -> None:
        """Whoever it is goes dead; what it is saying at this instant is still heard."""
        self._cores = [one for one in self._cores if one is not core]
        self._units = [one for one in self._units if one is not core]
        named = (*self._named645.values(), *self._named698.values())
        for cores in (self._speakers645, self._speakers698, *named):
            cores[:] = [one for one in cores if one is not core]
        self._busy.pop(id(core), None)
        self._armed.pop(id(core), None)

    def from_master(self, data: bytes, at: int) -> None:
        """The master's bytes came at `at` ns; they go on the wire as soon as it has room."""
        self._said = self.wire.talk(self, data, at)

    def has_room(self) -> bool:
        """Whether the master has few enough characters queued to be listened to."""
        return self._said - self._clock.now < self.wire.span(BACKLOG)

    def look(self, core: MeterCore) -> None:
        """A core has moved without the line: see what it waits for now."""
        self._arm(core)

    def _heard_some(self, talker: object, data: bytes) -> None:
        if talker is not self and self._piece is not None:
            self._piece(data)

    def _heard(self, talker: object, data: bytes, end: int) -> None:
        if talker is not self:
            self._to_master(talker, data, end)
        ticks = end // 1000 & TICK_MASK
        for core in self._listeners(data):
            if core is not talker and (not core.rate or core.rate == self._baud):
                core.on_bytes(data, len(data), ticks)
                self._arm(core)
        for unit in self._units:
            # one set to another speed hears nothing that it could take for a frame
            if unit is not talker and unit.rate in (0, self._baud):
                unit.on_bytes(data, len(data), ticks)
                self._arm_unit(unit)

    def _listeners(self, data: bytes) -> list[MeterCore]:
        """The meters that this burst can mean something to.

        Everybody of a protocol hears a number nobody came with: a meter may have been given it.
        """
        if not self._lazy:
            return self._cores
        if START not in data:
            named = NOBODY
        elif frame := whole_frame(data):
            # its own start bytes begin none of DL/T 698.45: the header's check would not hold
            if self._speakers698 and START in frame[10:]:
                named = self._cores
            else:
                named = self._named645.get(frame[1:7], self._speakers645)
        else:
            named = self._other(data)
        if not self._busy or named is self._cores:
            return named
        wanted = {id(core) for core in named}
        if self._busy.keys() <= wanted:
            return named
        # the line's own order, so that lazy and full delivery act in the same sequence
        wanted |= self._busy.keys()
        return [core for core in self._cores if id(core) in wanted]

    def _other(self, data: bytes) -> list[MeterCore]:
        """Who a burst with a start byte in it may be for that is no frame of DL/T 645."""
        link = link_frame(data)
        if link is None or (self._speakers645 and START in data.lstrip(b"\xfe")[1:]):
            return self._cores
        named = self._named698.get(link.number, self._speakers698)
        return named if link.names_one else self._speakers698

    def _arm(self, core: MeterCore) -> None:
        """Note whether a meter is busy, and call it when it wants to be."""
        due = core.deadline()
        if due >= 0:
            self._busy[id(core)] = core
            self._call(core, due, self._arm)
        elif core.idle():
            self._busy.pop(id(core), None)
        else:
            self._busy[id(core)] = core

    def _arm_unit(self, unit: UnitCore) -> None:
        """Call a unit when it wants to be; it hears every burst, busy or not."""
        due = unit.deadline()
        if due >= 0:
            self._call(unit, due, self._arm_unit)

    def _call(self, core: _Core, due: int, arm: Callable[[_Core], None]) -> None:
        """Call it at the tick `due`, unless it is called before; then see what it waits for."""
        now_us = self._clock.now // 1000
        when = (now_us + ((due - now_us + TICK_HALF) & TICK_MASK) - TICK_HALF) * 1000
        key = id(core)
        if when < self._armed.get(key, NEVER):
            self._armed[key] = when
            self._clock.at(when, partial(self._due, core, when, due, arm))

    def _due(self, core: _Core, when: int, due: int, arm: Callable[[_Core], None]) -> None:
        key, armed = id(core), self._armed
        if armed.get(key) != when:
            return
        del armed[key]
        n = core.on_deadline(due)
        if n:
            self.answer_end = self.wire.talk(core, bytes(core.out[:n]), when)
        arm(core)
