"""Power cuts that fall into writes of the flash, and what each may have left there.

Chance alone hits a write seldom, so the cuts are aimed: a first run on CPython is told of each
operation before it begins and has the power brought forward into some of them, the seal of a record
and the erasing of a block as well as any page. What comes out is a script like any other, and both
machines are given it.

Whether a cut has left the device of before or after its order is asked of a second run from the
same start, whose power stays until that record is written.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_sim.hal.board import Board
from firmware_sim.hal.flash import Flash
from firmware_sim.hal.flash_time import BoardFlash
from firmware_sim.hal.ports import Port
from firmware_sim.portability import cpython
from firmware_sim.portability.script import MS, Burst, Script
from firmware_sim.portability.trace import LEAD_US, World, play

SECOND = 1_000 * MS
PLAIN = ""
WISHES = (*("page", "seal", "erase", "erase") * 2, PLAIN)
SKIPPED = {"page": 8, "seal": 4, "erase": 2}
"""How many operations of a kind are let pass at most before one is cut."""
PATIENCE = 30
"""So many operations of other kinds, and any will do."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut within a write; instants in ns, flashes as bytes."""

    on: int
    """When that start began."""
    off: int
    what: str
    start: bytes
    """The flash with which that start began."""
    left: bytes
    """The flash as the cut left it."""


def kind(what: str, changed: int) -> str:
    """What an operation is to a record: its `seal` is the one byte that is programmed alone."""
    if what == "program":
        return "seal" if changed == 1 else "page"
    return what


class Aim:
    """Decides when the power goes, while the run goes on."""

    def __init__(self, seed: int, end: int, flash: Flash) -> None:
        self.power: list[tuple[int, int]] = []
        self.cuts: list[Cut] = []
        self._chance = random.Random(seed)
        self._end = end
        self._flash = flash
        self._wish = PLAIN
        self._skip = 0
        self._patience = 0
        self._until = end

    def starts(self) -> Iterator[tuple[int, int]]:
        """(on, off) of each start; the off is brought forward while it runs."""
        chance = self._chance
        on = 0
        while on < self._end:
            start = bytes(self._flash.data)
            self._wish = chance.choice(WISHES)
            self._skip = chance.randrange(SKIPPED.get(self._wish, 1))
            self._patience = PATIENCE
            self._until = self._end
            if self._wish == PLAIN:
                self._until = min(self._end, on + chance.randrange(40 * MS, 6 * SECOND))
            yield on, self._until
            if self._wish != PLAIN and self._until < self._end:
                left = bytes(self._flash.data)
                self.cuts.append(Cut(on, self._until, self._wish, start, left))
            self.power.append((on, self._until))
            on = self._until + chance.randrange(1, 1_000) * MS

    def flash_of(self, board: Board) -> BoardFlash:
        """The flash of a board that starts now."""

        def before(what: str, changed: int, span: int) -> None:
            # a block that is blank is not hurt by a cut
            if self._wish == PLAIN or not changed or self._until < self._end:
                return
            found = kind(what, changed)
            self._patience -= 1
            if found != self._wish and self._patience > 0:
                return
            self._wish = found
            if self._skip and self._patience > 0:
                self._skip -= 1
                return
            self._until = min(self._end, board.clock.now + self._chance.randrange(1, span))
            board.until = self._until

        return BoardFlash(board, self._flash, before)


def aimed(
    folder: Path, script: Script, port: Port, world: World, seed: int, lead_us: int = LEAD_US
) -> tuple[Script, list[Cut]]:
    """The script with its power cuts aimed at the writes of the flash, and those that hit one."""
    flash = Flash()
    aim = Aim(seed, script.end, flash)
    play(
        cpython.run_board, folder, script.bursts, aim.starts(), port, world,
        flashes=aim.flash_of, lead_us=lead_us,
    )  # fmt: skip
    return replace(script, power=tuple(aim.power)), aim.cuts


def before_and_after(
    folder: Path, script: Script, port: Port, world: World, cut: Cut, lead_us: int = LEAD_US
) -> tuple[bytes, bytes]:
    """The flash before and behind the record that a cut fell into, had the power stayed."""
    flash = Flash(data=bytearray(cut.start))
    known = {"before": cut.start}
    ended = [-1]
    passed = [False]

    def flash_of(board: Board) -> BoardFlash:
        def begins(what: str, changed: int, span: int) -> None:
            now = board.clock.now
            # a record is written in one go and ends with its seal
            if now != ended[0]:
                if passed[0]:
                    board.until = now
                known["before" if not passed[0] else "after"] = bytes(flash.data)
            passed[0] = passed[0] or now <= cut.off < now + span
            ended[0] = -1 if kind(what, changed) == "seal" else now + span

        return BoardFlash(board, flash, begins)

    bursts = tuple(burst for burst in script.bursts if cut.on - SECOND < burst.start < cut.off)
    power = ((cut.on, cut.off + SECOND),)
    play(
        cpython.run_board, folder, bursts, power, port, world, flashes=flash_of, lead_us=lead_us
    )  # fmt: skip
    return known["before"], known.get("after", bytes(flash.data))


def answers(
    folder: Path, port: Port, world: World, data: bytes, questions: tuple[bytes, ...], baud: int
) -> tuple[bytes, ...]:
    """What the board with this flash answers to each question after a start of its own."""
    bursts = tuple(
        Burst((500 + 1000 * i) * MS, question, baud) for i, question in enumerate(questions)
    )
    flash = Flash(data=bytearray(data))
    sent: list[list[int]] = [[] for _ in questions]
    end = (500 + 1000 * len(questions)) * MS
    events = play(
        cpython.run_board, folder, bursts, ((0, end),), port, world,
        flashes=lambda board: BoardFlash(board, flash),
    )  # fmt: skip
    for at, what, about in events:
        if what == "tx" and isinstance(about[0], int):
            sent[max(0, at - 500_000) // 1_000_000].append(about[0])
    return tuple(bytes(one) for one in sent)
