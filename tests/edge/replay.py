"""The replay proof's tools: record every step of a threaded run, and run it again without threads.

A recording keeps, for each component in the order of its steps, the time, the input as it was at
that moment (pickled at once, so that nothing later can change it) and the encoding of what the
step gave back. `replay` feeds the inputs to fresh objects and names the first step that differs.

As a program, `python -m tests.edge.replay FILE FOLDER` replays a recording in a process of its
own: another hash seed, other addresses, and with BOXGATE_NO_EXTENSIONS=1 the plain kernels.
"""

import dataclasses
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import msgspec

from cext.framing import Frame645, FrameModbus
from edge.agent import Core
from edge.bus.master import LineMaster
from edge.door import CoreSettings
from edge.journal import Journal, Limits
from edge.plan.build import asked, devices
from edge.plan.sweep import Sweep
from edge.report import site_card
from edge.site.load import read_site
from edge.uplink import Session, UplinkSettings
from protocol.uplink.site import site_payload

CORE = "core"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything besides the inputs that a run depends on."""

    site: Path
    epoch: str
    period_ms: int
    sweeps: int = 0
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    ack: Literal["broker", "head-end"] = "broker"


def make_master(case: Case, line_id: str) -> LineMaster:
    """A line as `boxgate run` makes it, tracing every frame."""
    site = read_site(case.site)
    line = site.line(line_id)
    sweep = Sweep(line_id, asked(site, line), repeat=not case.period_ms, limit=case.sweeps)
    return LineMaster(line, [sweep], trace=True)


def make_core(case: Case, folder: Path) -> tuple[Core, Journal]:
    """Core, session and a new journal as `boxgate run` makes them."""
    site = read_site(case.site)
    journal = Journal(str(folder / "journal.db"), case.epoch, Limits())
    uplink = UplinkSettings(
        site.id, "gw1", ack=case.ack, protocol=case.protocol, reconnect_most_s=1, refused_most_s=1
    )
    gateway = site.gateways[0]
    due = {line: devices(site, line) for line in gateway.lines}
    settings = CoreSettings("0", site.digest, case.period_ms, case.sweeps)
    session = Session(journal, uplink)
    session.announce(site_payload(site_card(site, gateway, due, case.period_ms // 1000)))
    return Core(site, due, journal, session, settings), journal


# ---- the recording -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step."""

    now: int
    given: bytes
    """The input, pickled."""
    gave: bytes
    """What the step gave back, encoded."""

    @property
    def input(self) -> Any:
        """The input as an object of its own."""
        return pickle.loads(self.given)


@dataclass(slots=True)
class Recording:
    """The steps of a run by component: the core and each line."""

    case: Case
    steps: dict[str, list[Step]] = field(default_factory=dict)

    def inputs(self, component: str) -> Iterator[Any]:
        """Its inputs in order."""
        return (step.input for step in self.steps[component])


class Recorder:
    """A `Record` for the shells, called from several threads; `until` watches from another."""

    def __init__(self, case: Case) -> None:
        self.recording = Recording(case)
        self._seen: list[tuple[str, Any, Any]] = []
        self._more = threading.Condition()

    def __call__(self, component: str, now: int, given: Any, step: Any) -> None:
        kept = Step(now, pickle.dumps(given), encode(step))
        with self._more:
            self.recording.steps.setdefault(component, []).append(kept)
            self._seen.append((component, given, step))
            self._more.notify_all()

    def until(self, wanted: Callable[[str, Any, Any], bool], start: int, deadline_s: float) -> int:
        """The place behind the first step from `start` on for which `wanted` holds."""
        place = start
        with self._more:
            while True:
                while place < len(self._seen):
                    place += 1
                    if wanted(*self._seen[place - 1]):
                        return place
                assert self._more.wait(deadline_s), "nothing was stepped any more"
                assert place - start < 100_000, "it never came"


# ---- encoding ------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """Any value a step may give back, as bytes that depend on nothing but the value.

    TypeError for what has no order or no value of its own (sets, functions, objects with an
    address for a name): such a thing in a step is a hidden input by itself.
    """
    return _text(value).encode()


def _text(value: Any) -> str:
    match value:
        case None | bool() | int() | float() | str() | bytes():
            # an Enum of int or str would hide its class; there is none in the steps
            return repr(value)
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case tuple() | list():
            return f"{type(value).__name__}({','.join(map(_text, value))})"
        case dict():
            return f"{{{','.join(f'{_text(k)}:{_text(v)}' for k, v in value.items())}}}"
        case Frame645() | FrameModbus():
            # by its door's name: the kernels' classes have names of their own
            name = "Frame645" if isinstance(value, Frame645) else "FrameModbus"
            return f"{name}({value.start},{value.raw.hex()})"
        case msgspec.Struct():
            return _fields(value, value.__struct_fields__)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value, tuple(f.name for f in dataclasses.fields(value)))
    raise TypeError(f"{type(value)} has no place in a step")


def _fields(value: Any, names: tuple[str, ...]) -> str:
    said = ",".join(f"{name}={_text(getattr(value, name))}" for name in names)
    return f"{type(value).__name__}({said})"


# ---- again ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """The first step of a component that a replay did not give back."""

    component: str
    place: int
    recorded: bytes
    replayed: bytes

    def __str__(self) -> str:
        pairs = zip(self.recorded, self.replayed, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(self.replayed))
        near = slice(max(0, same - 60), same + 120)
        return (
            f"step {self.place} of {self.component} from byte {same} on:\n"
            f"  recorded …{self.recorded[near].decode(errors='replace')}\n"
            f"  replayed …{self.replayed[near].decode(errors='replace')}"
        )


def replay_part(
    steps: list[Step], component: str, step: Callable[[int, Any], Any]
) -> Difference | None:
    """Feeds one component's inputs in order; the first difference, None = every byte equal."""
    for place, kept in enumerate(steps):
        again = encode(step(kept.now, kept.input))
        if again != kept.gave:
            return Difference(component, place, kept.gave, again)
    return None


def replay_line(recording: Recording, line: str) -> Difference | None:
    """One line through a fresh master and sweep."""
    master = make_master(recording.case, line)
    return replay_part(recording.steps[line], line, lambda now, given: master.step(now, *given))


def replay_core(recording: Recording, folder: Path) -> Difference | None:
    """The core through a fresh one, its session and a new journal in `folder`."""
    core, journal = make_core(recording.case, folder)
    try:
        return replay_part(recording.steps[CORE], CORE, core.step)
    finally:
        journal.close()


def replay(recording: Recording, folder: Path) -> list[Difference]:
    """All components; empty = the recording and its replay are equal byte for byte."""
    found = [replay_line(recording, line) for line in recording.steps if line != CORE]
    found.append(replay_core(recording, folder))
    return [difference for difference in found if difference is not None]


def main() -> int:
    """Replays the recording of a file; 1 and the differences on stderr if there are any."""
    from cext.framing import Scanner645

    recording: Recording = pickle.loads(Path(sys.argv[1]).read_bytes())
    differences = replay(recording, Path(sys.argv[2]))
    steps = sum(map(len, recording.steps.values()))
    sys.stdout.write(f"{steps} steps, kernel {Scanner645.__module__}\n")
    sys.stderr.write("\n".join(map(str, differences)))
    return 1 if differences else 0


if __name__ == "__main__":
    # the pickled names are those of the imported module, not of __main__
    from tests.edge.replay import main as as_module

    raise SystemExit(as_module())
