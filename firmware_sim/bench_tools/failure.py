"""A failure and its recovery, live: what is broken, what to watch for, when it is mended.

    HEALTHY --a whole sweep of every device--> BROKEN --held long enough--> MENDED
    MENDED --every device read again, nothing waits, every event ended--> OVER

Each kind of failure is a row of KINDS: how to break and mend it, how long it lasts, which events
at the broker must name what was missing. Waiting has a deadline in every phase.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge.words import BoxgateError, say
from firmware_sim.bench_tools.listen import Told
from firmware_sim.bench_tools.rig import Rig

HOLD_S = 20.0
SWEEPS_SILENT = 3
PHASE_MOST_S = 300.0
"""Longest a phase may take beyond --hold: twice a dead meter's three sweeps on the slowest line."""
CLOCK_MS = 2_000
"""An event may say it began a little before we broke anything: since the last answer."""


class Phase(Enum):
    """Where the failure is."""

    HEALTHY = "healthy"
    BROKEN = "broken"
    MENDED = "mended"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of failure."""

    name: str
    subjects: Callable[[Rig], tuple[str, ...]]
    """What is missing while it lasts, by id; the events must name it."""
    thing: str
    """The subject's word on the meters' standard input: "line" or "meter"; "" = the broker."""
    types: frozenset[str]
    """Events that name such a subject."""


def _no_one(bench: Rig) -> tuple[str, ...]:
    return ()


def _lines_with_households(bench: Rig) -> tuple[str, ...]:
    with_some = {bench.devices.lines[meter] for meter in bench.devices.households}
    return tuple(line for line in bench.lines if line in with_some) or bench.lines


def _middle_line(bench: Rig) -> tuple[str, ...]:
    lines = _lines_with_households(bench)
    return (lines[len(lines) // 2],)


def _hub(bench: Rig) -> tuple[str, ...]:
    return _lines_with_households(bench)[:3]


def _first_household(bench: Rig) -> tuple[str, ...]:
    line = min(_lines_with_households(bench), key=lambda line: len(bench.devices.on(line)))
    return bench.devices.on(line)[:1]


_LINE_EVENTS = frozenset({"line_down", "line_silent"})
KINDS = {
    kind.name: kind
    for kind in (
        Kind("broker", _no_one, "", frozenset()),
        Kind("line", _middle_line, "line", _LINE_EVENTS),
        Kind("usb", _hub, "line", _LINE_EVENTS),
        Kind("meter", _first_household, "meter", frozenset({"meter_silent"})),
    )
}


class Failure:
    """One failure of a running bench; `look` drives it and gives what is to be told."""

    def __init__(self, kind: Kind, bench: Rig, hold_s: float = HOLD_S) -> None:
        self.kind = kind
        self.subjects = kind.subjects(bench)
        self.phase = Phase.HEALTHY
        self._bench = bench
        self._hold_s = hold_s
        self._since = time.monotonic()
        self._broken_ms = 0
        self._mended_ms = 0
        self._sweeps = 0
        self._at_mend: dict[str, int] = {}
        """Line of a subject -> its sweeps when it was mended."""
        self._announced = False

    def look(self) -> list[str]:
        """Go on if it is time to: the sentences to tell."""
        waited = time.monotonic() - self._since
        held = self._hold_s if self.phase is Phase.BROKEN else 0.0
        if waited > PHASE_MOST_S + held:
            what = say(f"demo_wait_{self.phase.value}", what=self.what)
            raise BoxgateError("demo_failed", said=what)
        match self.phase:
            case Phase.HEALTHY if not self._announced:
                self._announced = True
                return [say("demo_first", what=self.what)]
            case Phase.HEALTHY if self._healthy():
                return self._break()
            case Phase.BROKEN if self._held(waited):
                return self._mend(waited)
            case Phase.MENDED if self._recovered():
                self.phase = Phase.OVER
                return [say("demo_recovered", what=self.what, seconds=f"{waited:.0f}")]
        return []

    @property
    def what(self) -> str:
        """What is broken, by name."""
        return say(f"demo_what_{self.kind.name}", names=", ".join(self.subjects))

    def unnamed(self) -> list[str]:
        """What was missing and no event at the broker named."""
        return [subject for subject in self.subjects if not self._events(subject)]

    def cut_off(self) -> frozenset[str]:
        """Lines whose newest sweep the failure reached into: it began before the repair."""
        lines = self._lines() if self.phase is not Phase.HEALTHY else ()
        # the first to end after the repair had begun before it
        clean = {line for line in lines if self._swept(line) - self._at_mend.get(line, 0) >= 2}
        return frozenset(lines) - (clean if self._at_mend else set())

    def _healthy(self) -> bool:
        return self._bench.arrived.meters(1) >= len(self._bench.due)

    def _held(self, waited: float) -> bool:
        if self.kind.thing == "meter":
            swept = self._line_sweeps() - self._sweeps
            # the sweep it broke in is not one of the three
            return swept > SWEEPS_SILENT and not self.unnamed()
        return waited >= self._hold_s and not self.unnamed()

    def _recovered(self) -> bool:
        newest = self._bench.arrived.newest
        if any(newest.get(device, 0) <= self._mended_ms for device in self._bench.due):
            return False
        if any(event.until is None for s in self.subjects for event in self._events(s)):
            return False
        state = self._bench.state
        return self.kind.thing != "" or (state.told_at() > self._mended_ms and state.backlog == 0)

    def _break(self) -> list[str]:
        self._broken_ms = _wall_ms()
        self._sweeps = self._line_sweeps()
        if self.kind.thing:
            self._command("break")
        else:
            self._bench.kill_broker()
        self._enter(Phase.BROKEN)
        return [
            say("demo_broken", what=self.what),
            say(
                f"demo_watch_{self.kind.name}",
                names=", ".join(self.subjects),
                seconds=f"{self._hold_s:.0f}",
            ),
        ]

    def _mend(self, waited: float) -> list[str]:
        self._mended_ms = _wall_ms()
        self._at_mend = {line: self._swept(line) for line in self._lines()}
        if self.kind.thing:
            self._command("mend")
        else:
            self._bench.start_broker_again()
        self._enter(Phase.MENDED)
        return [say("demo_mended", what=self.what, seconds=f"{waited:.0f}")]

    def _command(self, verb: str) -> None:
        for subject in self.subjects:
            self._bench.meters.tell(f"{verb} {self.kind.thing} {subject}")

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._since = time.monotonic()

    def _lines(self) -> tuple[str, ...]:
        """The lines of what is broken."""
        by_device = self._bench.devices.lines
        return tuple(by_device.get(subject, subject) for subject in self.subjects)

    def _line_sweeps(self) -> int:
        lines = self._lines()
        return self._swept(lines[0]) if lines else 0

    def _swept(self, line: str) -> int:
        return int(self._bench.state.line(line).get("sweeps") or 0)

    def _events(self, subject: str) -> list[Told]:
        since = self._broken_ms - CLOCK_MS
        return [
            event
            for event in self._bench.state.events()
            if event.subject == subject
            and event.type in self.kind.types
            and (event.until is None or event.until >= since)
        ]


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
