"""Boards with main.py unmodified on one clock: as each board alone, and as the cores."""

from collections.abc import Callable, Iterator

import pytest

from firmware_sim.clock import Clock
from firmware_sim.fleet.area import number
from firmware_sim.fleet.asking import ITEMS
from firmware_sim.fleet.boards import SharedBoard
from firmware_sim.fleet.fleet import Fleet, Plan
from firmware_sim.hal.board import Board, WatchdogReset
from firmware_sim.hal.loader import run_main
from firmware_sim.world.chip import Chip
from tests.firmware_sim.fleet.test_fleet import played

MS = 1_000_000
SMALL = Plan(lines=2, meters=3, boards=True)


def boards_of(fleet: Fleet) -> list[SharedBoard]:
    """The boards of the first line."""
    return [on.board for on in fleet.lines[0].segment._cores]  # type: ignore[attr-defined]


def test_every_question_of_a_fleet_of_boards_is_answered_right() -> None:
    tally, heard = played(SMALL)
    assert tally.right == len(heard) > 2 * 20 / 0.26
    assert (tally.wrong, tally.silent) == (0, 0)


def test_boards_answer_as_their_cores_do_to_the_byte_and_within_a_millisecond() -> None:
    _, boards = played(SMALL, 1.0)
    _, cores = played(Plan(lines=2, meters=3), 1.0)
    assert [(n, data) for _, n, data in boards] == [(n, data) for _, n, data in cores]
    # poll counts in milliseconds: each answer may be one late, and so all behind it
    for place, ((late, _, _), (soon, _, _)) in enumerate(zip(boards, cores, strict=True)):
        assert -1000 * (place + 1) <= late - soon <= MS * (place + 1)


def test_looking_first_changes_nothing_for_boards_either() -> None:
    lazy = played(SMALL, 5)
    assert lazy == played(Plan(lines=2, meters=3, boards=True, lazy=False), 5)
    assert lazy[1]


def test_a_shared_clock_changes_nothing_for_a_board_character_by_character() -> None:
    sent: list[tuple[int, int, bytes]] = []
    # the first question is on its way as soon as the fleet stands
    asked = [(0, ITEMS[0].question(bytes.fromhex(number(0, 0))[::-1]))]

    def watch(fleet: Fleet) -> None:
        board = boards_of(fleet)[0]
        pass_on, talk = board.on_sent, fleet.lines[0].segment.wire.talk

        def note(data: bytes, start: int, end: int) -> None:
            sent.append((start // 1000, end // 1000, data))
            assert pass_on is not None
            pass_on(data, start, end)

        def said(talker: object, data: bytes, at: int) -> int:
            if talker is fleet.lines[0].segment:
                asked.append((at, data))
            return talk(talker, data, at)

        board.on_sent = note
        fleet.lines[0].segment.wire.talk = said  # type: ignore[method-assign]

    fleet = Fleet(Plan(lines=1, meters=1, boards=True))
    shown: list[bytes] = []
    chip = boards_of(fleet)[0].devices[0x38]
    boards_of(fleet)[0].devices[0x38] = Chip(lambda: _kept(shown, chip.read(0, 0x80)))
    watch(fleet)
    fleet.run(5)
    fleet.close()

    images = iter(shown)
    alone = Board(Clock(), until=5_000 * MS, baud=2400)
    # its plate is read before the first question
    plate = bytes([0x64, 2, 1, 8]) + bytes.fromhex(number(0, 0))[::-1]
    alone.devices[0x38] = Chip(_first(plate.ljust(0x80, b"\0"), images))
    for at, data in asked:
        alone.listen(data, at, 2400)
    run_main(alone)
    assert len(sent) > 15
    assert [(start // 1000, end // 1000, data) for start, end, data in alone.sent] == sent


def _kept(shown: list[bytes], image: bytes) -> bytes:
    shown.append(image)
    return image


def _first(plate: bytes, images: Iterator[bytes]) -> Callable[[], bytes]:
    given = iter((plate,))
    return lambda: next(given, b"") or next(images)


def test_the_power_of_a_closed_fleet_is_off() -> None:
    fleet = Fleet(SMALL)
    boards = boards_of(fleet)
    assert not any(board.main.dead for board in boards)
    fleet.close()
    assert all(board.main.dead for board in boards)


def test_a_board_whose_watchdog_is_not_fed_says_so() -> None:
    fleet = Fleet(Plan(lines=1, meters=1, boards=True))
    board = boards_of(fleet)[0]
    board.fed = -(10**12)
    with pytest.raises(WatchdogReset):
        fleet.run(20)
    fleet.close()
