"""What is proven: a row for each firmware, its master, its world, and the ports it must run on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import flash, masters, script, sensors
from firmware_sim.portability.master698 import Talk
from firmware_sim.portability.trace import World

SECOND = 1_000_000_000
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
