"""A small fleet of cores in virtual time: all answers right, wrong ones seen, one wire for all."""

from collections.abc import Callable

import pytest

from firmware_sim.fleet.fleet import Fleet, Plan
from firmware_sim.fleet.line import FleetLine
from firmware_sim.fleet.rings import Rings
from firmware_sim.hal.loader import firmware

SMALL = Plan(lines=3, meters=4)


def played(plan: Plan, seconds: float = 20, before: Callable[[Fleet], None] = lambda _: None):  # type: ignore[no-untyped-def]
    """The tally of a run and every burst the lines' masters heard, with its end."""
    fleet = Fleet(plan)
    heard: list[tuple[int, int, bytes]] = []
    for n, line in enumerate(fleet.lines):
        line.segment._to_master = _both(line, n, heard)
    before(fleet)
    try:
        return fleet.run(seconds).tally, heard
    finally:
        fleet.close()


def _both(line: FleetLine, n: int, heard: list[tuple[int, int, bytes]]):  # type: ignore[no-untyped-def]
    def take(talker: object, data: bytes, end: int) -> None:
        heard.append((end, n, data))
        line._heard(talker, data, end)

    return take


def test_every_question_of_a_fleet_is_answered_right() -> None:
    tally, heard = played(SMALL)
    assert tally.right == len(heard) > 3 * 20 / 0.26
    assert (tally.wrong, tally.silent) == (0, 0)


def test_looking_first_changes_no_byte_and_no_instant() -> None:
    lazy = played(SMALL)
    assert lazy == played(Plan(lines=3, meters=4, lazy=False))
    assert lazy[1]


def test_the_same_plan_twice_is_the_same_run() -> None:
    assert played(SMALL) == played(SMALL)


def test_a_shards_lines_are_those_of_the_whole_fleet() -> None:
    _, whole = played(Plan(lines=6, meters=2))
    _, part = played(Plan(lines=2, meters=2, first=4))
    numbers = {data[5:11] for _, n, data in whole if n >= 4}
    assert numbers == {data[5:11] for _, _, data in part}
    assert len({data[5:11] for _, _, data in whole}) == 12


@pytest.mark.parametrize("place", [5, 15, -2])
def test_an_answer_with_one_wrong_bit_is_counted_wrong(place: int) -> None:
    def spoil(fleet: Fleet) -> None:
        core = fleet.lines[0].segment._cores[0]
        close = core._close  # type: ignore[attr-defined]

        def closed(size: int) -> int:
            end: int = close(size)
            core.out[place % end] ^= 0x01
            return end

        core._close = closed  # type: ignore[attr-defined]

    tally, _ = played(SMALL, before=spoil)
    assert tally.wrong > 0
    assert tally.right > tally.wrong


def test_a_meter_that_shows_an_older_value_is_counted_wrong() -> None:
    def freeze(fleet: Fleet) -> None:
        registers = fleet.lines[0].segment._cores[0].registers  # type: ignore[attr-defined]
        registers.now()
        registers._snapshot = lambda buf: None

    tally, _ = played(SMALL, before=freeze)
    assert tally.wrong > 0


def test_a_dead_meter_is_counted_and_the_line_goes_on() -> None:
    def kill(fleet: Fleet) -> None:
        segment = fleet.lines[0].segment
        segment.remove(segment._cores[1])

    tally, _ = played(SMALL, before=kill)
    assert 0 < tally.silent < 20
    assert tally.wrong == 0
    assert tally.right > 100


def test_rings_made_on_demand_are_the_firmwares_own_and_stay() -> None:
    ring = firmware("meter645.events").Ring
    plain = [ring(6), ring(14)]
    rings = Rings(plain)
    assert [rings[n].size for n in range(len(rings))] == [6, 14]
    rings[1].slot(77)
    assert (rings[1].count, rings[0].count, rings[-1].times[0]) == (1, 0, 77)
    plain[0].slot(5)
    with pytest.raises(ValueError, match="hold events"):
        Rings(plain)
