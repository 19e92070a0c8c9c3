"""A board from power cut to power cut through a script, on either machine, and what showed outside.

The trace is every character received and sent with its microsecond, every pin, the UART's settings,
the watchdog's, each reset with its cause, each crash with its exception, each operation on the
flash and what a cut within it left there. Two machines that run the same firmware give the same
trace or one of the two is no machine for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path

from firmware_sim.clock import Clock
from firmware_sim.hal.board import Board, PowerOff, Reset, Stuck, WatchdogReset
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.flash_time import BoardFlash
from firmware_sim.hal.ports import Port
from firmware_sim.portability.script import BITS, Burst, Script
from firmware_sim.portability.sensors import Chip
from firmware_sim.portability.wasi import Crashed

CHIP = 0x38
RESET_NS = 1_000_000
"""How long a board is gone that resets itself: one that does so at once shall not stand still."""
LEAD_US = 20_000_000
"""How long before its ticks wrap a board starts."""

Machine = Callable[[Board, Path], None]
"""Runs the board laid out in a folder; raises PowerOff, WatchdogReset or Crashed."""

Event = tuple[int, str, tuple[object, ...]]
"""(microseconds, what, about it)."""


@dataclass(frozen=True, slots=True)
class World:
    """What is around the board: registers of its I2C chip, None while it does not answer."""

    image: Callable[[int], bytes | None]
    wire: Callable[[Board], None] | None = None
    """Told of each board that gets power, for what hangs on its pins."""


class _Line:
    """The wire to whatever board has power now."""

    def __init__(self, clock: Clock, bursts: Sequence[Burst]) -> None:
        self.board: Board | None = None
        self._clock = clock
        for burst in bursts:
            clock.at(burst.start, partial(self._begin, burst))

    def _begin(self, burst: Burst) -> None:
        for i, byte in enumerate(burst.data, 1):
            at = burst.start + i * BITS * 1_000_000_000 // burst.baud
            self._clock.at(at, partial(self._hear, byte, burst.baud))

    def _hear(self, byte: int, baud: int) -> None:
        board = self.board
        if board is None:
            return
        # at another speed every character is another one
        board.take(byte if baud == board.baud else (byte * 7 + 0x5A) & 0xFF)


class _Bus(dict[int, Chip]):
    """The I2C bus: one chip, which shows the moment's registers, or is not there."""

    def __init__(self, clock: Clock, world: World) -> None:
        super().__init__()
        self._clock = clock
        self._world = world

    def get(self, address: int, default: object = None) -> Chip | None:  # type: ignore[override]
        """The chip at an address."""
        image = self._world.image(self._clock.now) if address == CHIP else None
        return None if image is None else Chip(image)


def run(
    machine: Machine,
    folder: Path,
    script: Script,
    port: Port,
    world: World,
    lead_us: int = LEAD_US,
    flash: Flash | None = None,
) -> list[Event]:
    """The trace of one machine. Its ticks wrap `lead_us` after each start.

    `flash` is what the boards have one after the other; without one they offer none.
    """
    flashes = None if flash is None else partial(BoardFlash, flash=flash)
    return play(machine, folder, script.bursts, script.power, port, world, flashes, lead_us)


def play(
    machine: Machine,
    folder: Path,
    bursts: Sequence[Burst],
    power: Iterable[tuple[int, int]],
    port: Port,
    world: World,
    flashes: Callable[[Board], BoardFlash] | None = None,
    lead_us: int = LEAD_US,
) -> list[Event]:
    """As `run`; `flashes` makes each board's flash, and may bring its power off forward."""
    clock = Clock()
    line = _Line(clock, bursts)
    journal: list[Event] = []
    wrap = 1 << port.ticks_bits
    before: Board | None = None
    for start, off in power:
        line.board = None
        clock.run_until(start)
        cause = port.causes["PWRON_RESET"]
        while clock.now < off:
            board = Board(
                clock, until=off, start_ticks=wrap - lead_us, reset_cause=cause, port=port
            )
            board.start_ticks -= clock.now // 1000
            board.devices = _Bus(clock, world)  # type: ignore[assignment]
            board.flash = None if flashes is None else flashes(board)
            board.journal = []
            if before is not None:
                board.take_over(before)
            board.note("start", cause)
            if world.wire is not None:
                world.wire(board)
            line.board = board
            ended = _until_it_ends(machine, folder, board)
            # the power may have gone before, within a write of the flash
            off = board.until
            journal += [event for event in board.journal if event[0] <= clock.now]
            journal.append((clock.now, ended, ()))
            board.end()
            cause = board.next_cause()
            before = board
        before = None
    return [(at // 1000, what, about) for at, what, about in sorted(journal, key=_when)]


def _when(event: Event) -> int:
    return event[0]


def _until_it_ends(machine: Machine, folder: Path, board: Board) -> str:
    """Let the board run; why it ended. The clock then stands where it did."""
    try:
        machine(board, folder)
    except PowerOff:
        return "power off"
    except Reset:
        board.clock.run_until(min(board.clock.now + RESET_NS, board.until))
        return "reset" if board.clock.now < board.until else "power off"
    except WatchdogReset:
        pass
    except Crashed as crash:
        board.note("crash", str(crash))
    except Stuck:
        # it may well feed its watchdog while it spins
        board.note("stuck")
        board.watchdog = 0
    # without firmware that feeds it the watchdog comes due, if it was ever started
    bitten = board.fed + board.watchdog if board.watchdog else board.until
    board.clock.run_until(min(bitten, board.until))
    return "watchdog" if bitten < board.until else "power off"


def difference(one: Sequence[Event], other: Sequence[Event], around: int = 4) -> str:
    """Where two traces part, with what led there; '' if they are equal."""
    for i, (a, b) in enumerate(zip_longest(one, other)):
        if a != b:
            before = "\n".join(f"    {event}" for event in one[max(0, i - around) : i])
            return f"event {i}:\n{before}\n  - {a}\n  + {b}"
    return ""


def count(trace: Sequence[Event]) -> dict[str, int]:
    """How many events of each kind."""
    found: dict[str, int] = {}
    for _, what, _ in trace:
        found[what] = found.get(what, 0) + 1
    return found


def shortened(script: Script, minutes: int) -> Script:
    """The same script, over after so many minutes."""
    end = minutes * 60_000_000_000
    power = tuple((on, min(off, end)) for on, off in script.power if on < end)
    return replace(script, power=power)
