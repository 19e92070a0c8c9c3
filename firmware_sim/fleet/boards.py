"""Many boards in one process, each with its main.py unmodified, on one clock.

main.py blocks: it waits in poll, sleep and flush for as long as it likes. So each board runs on a
stack of its own (greenlet) and gives control back whenever it would wait; the clock resumes it when
its time has come or the line has something for it. A switch there and back costs 0.6 us; a thread a
board, the other way, was measured at 69 us on the same machine.

A burst is put into the UART whole, at the end of its last character. On the bench's port, where
poll sees each character at once, main.py then wakes once instead of once a character; what it
answers and when is the same (tests/firmware_sim/fleet/test_boards.py).
"""

from collections.abc import Callable

from greenlet import getcurrent, greenlet

from firmware_sim.clock import NEVER, Clock
from firmware_sim.fleet.line import FleetLine, Node
from firmware_sim.hal.board import Board, PowerOff, WatchdogReset
from firmware_sim.hal.loader import run_main
from firmware_sim.world.chip import Chip

CHIP = 0x38
LONG_NS = 1_000_000_000
"""A firmware that waits longer than this waits for nothing in particular."""


class SharedBoard(Board):
    """A board whose waiting is somebody else's time."""

    __slots__ = ("armed", "deadline", "hub", "main")

    hub: greenlet
    main: greenlet
    deadline: int
    """What it waits for, ns."""
    armed: int
    """When the clock will look at it next, ns."""

    def wait(self, deadline: int, ready: Callable[[], bool]) -> None:
        """Give control back until `ready()` or the deadline, ns."""
        clock, dog = self.clock, self.watchdog
        self.deadline = min(deadline, self.fed + dog + 1) if dog else deadline
        while clock.now < deadline and not ready():
            self.hub.switch()
            if dog and clock.now > self.fed + dog:
                raise WatchdogReset


class OnLine:
    """A board as the segment sees a meter: bytes in, bursts out at its own times."""

    __slots__ = ("_heard", "board", "line", "out", "rate")

    def __init__(self, line: FleetLine, board: SharedBoard) -> None:
        self.line = line
        self.board = board
        self.out = bytearray()
        self.rate = 0
        self._heard = False
        board.on_sent = self._sent

    def on_bytes(self, buf: bytes, n: int, t: int) -> None:
        """A burst has ended: its characters are in the UART."""
        board = self.board
        room = board.rx_size - len(board.received)
        board.received += buf[: min(n, room)]
        board.lost += max(n - room, 0)
        self._heard = True
        self.resume()

    def deadline(self) -> int:
        """None: the board has its own place in the clock."""
        return -1

    def on_deadline(self, t: int) -> int:
        """Nothing: see `deadline`."""
        return 0

    def idle(self) -> bool:
        """Whether it waits so long that nothing half received can be in it."""
        board = self.board
        return board.deadline - board.clock.now > LONG_NS

    def resume(self) -> None:
        """Let main.py go on until it waits again."""
        board = self.board
        board.main.switch()
        due = board.deadline
        if due < board.armed:
            board.armed = due
            board.clock.at(due, self._look)

    def _look(self) -> None:
        board = self.board
        now = board.clock.now
        if board.armed != now:
            # an earlier look has been asked for since
            return
        board.armed = NEVER
        if board.deadline > now:
            # it has waited anew since
            board.armed = board.deadline
            board.clock.at(board.deadline, self._look)
            return
        self.resume()
        if self._heard and self.idle():
            # what it heard is done with; until then the segment takes it for busy
            self._heard = False
            self.line.segment.look(self)

    def _sent(self, data: bytes, start: int, end: int) -> None:
        self.board.sent.clear()
        for changes in self.board.pins.values():
            del changes[:-1]
        self.line.segment.wire.talk(self, data, start)


class Boards:
    """The boards of one fleet."""

    def __init__(self, clock: Clock, baud: int) -> None:
        self._clock = clock
        self._baud = baud
        self._hub = getcurrent()
        self._on: list[OnLine] = []

    def add(self, line: FleetLine, node: Node) -> OnLine:
        """A board on the line, powered; it has begun to listen when this returns."""
        board = SharedBoard(self._clock, until=NEVER, baud=self._baud)
        board.devices[CHIP] = Chip(lambda: line.show(node))
        board.hub = self._hub
        board.main = greenlet(lambda: run_main(board))
        board.deadline = board.armed = NEVER
        on = OnLine(line, board)
        line.add(node, on)
        self._on.append(on)
        on.resume()
        return on

    def close(self) -> None:
        """The power of all goes off."""
        while self._on:
            main = self._on.pop().board.main
            if not main.dead:
                main.throw(PowerOff)
