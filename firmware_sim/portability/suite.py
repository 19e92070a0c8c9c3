"""What is proven: a row for each firmware, its master, its world, and the ports it must run on."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_sim.hal.ports import PORTS
from firmware_sim.portability import masters, script, sensors
from firmware_sim.portability.trace import World

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """One firmware in one world."""

    name: str
    firmware: str
    """Its folder in firmware/."""
    request: script.Request
    image: Callable[[int], bytes | None]
    """The registers of its I2C chip at an instant (ns), None = no answer."""
    speeds: tuple[int, ...]
    seed: int

    def script(self, port: str, minutes: int = 32) -> script.Script:
        """The run on a port: each its own."""
        seed = self.seed + sum(port.encode())
        # a port that wakes for every character costs the VM six times as much
        pace = 4 if PORTS[port].rx_block > 1 else 12
        return script.draw(seed, self.request, self.speeds, minutes, pace)

    def world(self) -> World:
        """What is around the board."""
        return World(self.image)


def _front_end(now: int) -> bytes | None:
    """A front end that drops off the bus for two seconds of every two minutes."""
    return None if now // SECOND % 120 in (77, 78) else sensors.front_end(now)


SUBJECTS = (
    Subject(
        "meter645-1ph", "meter645", masters.dlt645,
        lambda now: sensors.metering(now, 1), (9600, 2400, 4800), 6451,
    ),
    Subject(
        "meter645-3ph", "meter645", masters.dlt645,
        lambda now: sensors.metering(now, 3), (9600, 2400, 4800), 6453,
    ),
    Subject("tmu", "tmu", masters.modbus, _front_end, (9600, 19200, 38400), 4700),
)  # fmt: skip
