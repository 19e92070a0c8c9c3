"""One line of meters and TMUs on a wire: requests in, answers out, in virtual time.

RS-485 is a broadcast: every burst reaches everybody. Most meters would parse it for nothing, so the
segment looks first: a burst that is one whole, right DL/T 645 frame behind wake-up bytes can mean
something only to the meter it names, and to meters that have half a frame waiting; one in which no
frame of theirs can begin, only to the latter. Everything else (damage, wildcards, fragments) goes
to all. TMUs hear every burst: a frame of Modbus ends by silence, so what came before it matters,
and a foreign one costs them nothing. `lazy=False` delivers everything to everybody; both must give
the same answers at the same times.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from firmware_sim.clock import Clock
from firmware_sim.hal.loader import MeterCore, UnitCore
from firmware_sim.wire import Wire

TICK_MASK = (1 << 30) - 1
TICK_HALF = 1 << 29
START = 0x68
EVERYBODY = b"\x99" * 6
BACKLOG = 4096
"""Most characters the master may have queued before its port is read again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame as the bench itself sees it: for addressing and for the truth file."""

    number: bytes
    """Address bytes, lowest first."""
    control: int
    data: bytes
    """Before +33H."""

    @property
    def meter(self) -> str:
        """The printed number."""
        return self.number[::-1].hex().upper()


def single_frame(burst: bytes) -> Frame | None:
    """The frame of a burst that is FE bytes and then exactly one right frame."""
    frame = burst.lstrip(b"\xfe")
    if len(frame) < 12 or frame[0] != 0x68 or frame[7] != 0x68 or frame[-1] != 0x16:
        return None
    if len(frame) != 12 + frame[9] or sum(frame[:-2]) & 0xFF != frame[-2]:
        return None
    return Frame(frame[1:7], frame[8], bytes((b - 0x33) & 0xFF for b in frame[10:-2]))


class Segment:
    """The meters and TMUs of one line. `to_master(talker, data, end)` gets what its master hears.

    With `chunk`, `piece(data)` gets the same characters earlier, some at a time; what is left of
    a burst at its end is the caller's to work out.
    """

    def __init__(
        self,
        clock: Clock,
        baud: int,
        meters: Iterable[tuple[bytes, MeterCore]],
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
        self._by_number: dict[bytes, list[MeterCore]] = {}
        self._busy: dict[int, MeterCore] = {}
        self._armed: dict[int, int] = {}
        for number, core in meters:
            self.add_meter(number, core)
        self._said = 0
        self.answer_end = 0
        """When the last answer begun ends on the wire, ns."""

    def add_meter(self, number: bytes, core: MeterCore) -> None:
        """A DL/T 645 meter joins the line; `number` lowest digits first."""
        self._cores.append(core)
        self._by_number.setdefault(number, []).append(core)

    def add_unit(self, core: UnitCore) -> None:
        """A TMU joins the line."""
        self._units.append(core)
        self._arm(core)

    def remove(self, core: MeterCore) -> None:
        """Whoever it is goes dead; what it is saying at this instant is still heard."""
        self._cores = [one for one in self._cores if one is not core]
        self._units = [one for one in self._units if one is not core]
        for number, cores in self._by_number.items():
            self._by_number[number] = [one for one in cores if one is not core]
        self._busy.pop(id(core), None)
        self._armed.pop(id(core), None)

    def from_master(self, data: bytes, at: int) -> None:
        """The master's bytes came at `at` ns; they go on the wire as soon as it has room."""
        self._said = self.wire.talk(self, data, at)

    def has_room(self) -> bool:
        """Whether the master has few enough characters queued to be listened to."""
        return self._said - self._clock.now < self.wire.span(BACKLOG)

    def _heard_some(self, talker: object, data: bytes) -> None:
        if talker is not self and self._piece is not None:
            self._piece(data)

    def _heard(self, talker: object, data: bytes, end: int) -> None:
        if talker is not self:
            self._to_master(talker, data, end)
        ticks = end // 1000 & TICK_MASK
        for core in self._listeners(data):
            if core is not talker and core.rate in (0, self._baud):
                core.on_bytes(data, len(data), ticks)
                self._arm(core)
        for unit in self._units:
            # one set to another speed hears nothing that it could take for a frame
            if unit is not talker and unit.rate == self._baud:
                unit.on_bytes(data, len(data), ticks)
                self._arm(unit)

    def _listeners(self, data: bytes) -> list[MeterCore]:
        """The meters that this burst can mean something to."""
        if not self._lazy:
            return self._cores
        if START in data:
            frame = single_frame(data)
            if frame is None or 0xAA in frame.number or frame.number == EVERYBODY:
                return self._cores
            # a number nobody came with may be one that a meter was given later
            named = self._by_number.get(frame.number, self._cores)
        else:
            named = []
        if not self._busy:
            return named
        # the line's own order, so that lazy and full delivery act in the same sequence
        wanted = set(self._busy) | {id(core) for core in named}
        return [core for core in self._cores if id(core) in wanted]

    def _arm(self, core: MeterCore) -> None:
        """Note whether the core is busy, and call it when it wants to be."""
        key = id(core)
        if core.idle():
            self._busy.pop(key, None)
        else:
            self._busy[key] = core
        due = core.deadline()
        if due < 0:
            return
        now_us = self._clock.now // 1000
        left = ((due - now_us + TICK_HALF) & TICK_MASK) - TICK_HALF
        when = (now_us + left) * 1000
        armed = self._armed.get(key)
        if armed is None or when < armed:
            self._armed[key] = when
            self._clock.at(when, partial(self._due, core, when))

    def _due(self, core: MeterCore, when: int) -> None:
        if self._armed.get(id(core)) != when:
            return
        del self._armed[id(core)]
        n = core.on_deadline(when // 1000 & TICK_MASK)
        if n:
            self.answer_end = self.wire.talk(core, bytes(core.out[:n]), when)
        self._arm(core)
