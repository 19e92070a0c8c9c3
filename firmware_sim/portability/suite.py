"""What is proven: a row for each firmware, its master, its world, and the ports it must run on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import brownouts, flash, masters, programmers, script, sensors
from firmware_sim.portability.master698 import Talk
from firmware_sim.portability.trace import World

SECOND = 1_000_000_000
WRITTEN_MIN = {"host": 1, "rp2040": 4, "esp32": 4}
"""How long a run is that is about writes of the flash, min,"""
WRITTEN_LEAD_US = 5_000_000
"""and how long before its ticks wrap each of its many starts."""
STORED = Path(__file__).parent / "device" / "stored.py"
"""A main.py of the DL/T 698.45 meter with a past; its own has none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One firmware in one world."""

    name: str
    firmware: str
    """Its folder in firmware/."""
    master: Callable[[], script.Request]
    """Who asks, anew for each run."""
    image: Callable[[int], bytes | None]
    """The registers of its I2C chip at an instant (ns), None = no answer."""
    speeds: tuple[int, ...]
    seed: int
    pace: tuple[int, int] = (12, 4)
    """How much the pauses are drawn out where each character wakes the board, and elsewhere."""
    main: Path | None = None
    """Stands in the place of its main.py."""

    def script(self, port: str, minutes: int = 32) -> script.Script:
        """The run on a port: each its own."""
        seed = self.seed + sum(port.encode())
        # a port that wakes for every character costs the VM six times as much
        pace = self.pace[PORTS[port].rx_block > 1]
        return script.draw(seed, self.master(), self.speeds, minutes, pace)

    def lay_out(self, folder: Path, profile: str) -> Path:
        """Its files for a board of that pin profile, into an empty folder."""
        return flash.lay_out(folder, self.firmware, profile, main=self.main)

    def world(self) -> World:
        """What is around the board."""
        return World(self.image)


def _front_end(now: int) -> bytes | None:
    """A front end that drops off the bus for two seconds of every two minutes."""
    return None if now // SECOND % 120 in (77, 78) else sensors.front_end(now)


def _metering(now: int) -> bytes | None:
    """A chip behind a Modbus meter that drops off the bus; not while it starts."""
    return None if now // SECOND % 60 in (31, 32) else sensors.metering(now, 3, masters.UNIT)


SUBJECTS = (
    Subject(
        "meter645-1ph", "meter645", lambda: masters.dlt645,
        lambda now: sensors.metering(now, 1), (9600, 2400, 4800), 6451,
    ),
    Subject(
        "meter645-3ph", "meter645", lambda: masters.dlt645,
        lambda now: sensors.metering(now, 3), (9600, 2400, 4800), 6453,
    ),
    Subject(
        "meter698-1ph", "meter698", Talk,
        lambda now: sensors.metering(now, 1), (9600, 2400, 4800), 7001, (18, 8),
    ),
    Subject(
        "meter698-3ph-store", "meter698", Talk,
        lambda now: sensors.metering(now, 3), (9600, 2400, 4800), 9849, (18, 8), STORED,
    ),
    Subject(
        "sdm630", "sdm630", lambda: masters.sdm630,
        _metering, (9600, 2400, 4800), 652, (18, 8),
    ),
    Subject("tmu", "tmu", lambda: masters.modbus, _front_end, (9600, 19200, 38400), 4700),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Programmed:
    """One firmware with a flash, whose settings are written all the time."""

    subject: Subject
    programmer: Callable[[], script.Request]
    questions: tuple[bytes, ...]
    """What tells all that it keeps."""

    @property
    def name(self) -> str:
        """As its subject's."""
        return self.subject.name

    def lay_out(self, folder: Path, profile: str) -> Path:
        """As its subject's."""
        return self.subject.lay_out(folder, profile)

    def script(self, folder: Path, port: str) -> tuple[script.Script, list[brownouts.Cut]]:
        """The run on a port with the board laid out there, and the cuts that fall into writes.

        Its faults are fewer than a subject's, for what is not understood writes nothing.
        """
        one = self.subject
        seed = one.seed + 1 + sum(port.encode())
        speeds, minutes = one.speeds[:1], WRITTEN_MIN[port]
        calm = script.draw(seed, self.programmer(), speeds, minutes, faulty=0.15)
        return brownouts.aimed(folder, calm, PORTS[port], one.world(), seed, WRITTEN_LEAD_US)


def _programmed(
    name: str, programmer: Callable[[], script.Request], questions: tuple[bytes, ...]
) -> Programmed:
    return Programmed(next(one for one in SUBJECTS if one.name == name), programmer, questions)


PROGRAMMED = (
    _programmed("meter645-1ph", lambda: programmers.dlt645, programmers.questions645()),
    _programmed("meter645-3ph", lambda: programmers.dlt645, programmers.questions645()),
    _programmed("meter698-1ph", programmers.Programmer698, programmers.questions698()),
    _programmed("tmu", lambda: programmers.tmu, programmers.questions_tmu()),
)
