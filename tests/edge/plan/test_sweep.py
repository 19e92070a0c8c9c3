"""The sweep: order, second rounds, dead meters, parts; nothing read is left behind."""

from typing import Any

from edge.bus.parts import PortDown, PortUp, RowEnd, StartSweep, Stop, SweepPart
from edge.bus.work import NEVER, End, Outcome
from edge.plan.sweep import DEAD_AFTER, PART_NS, REFUSED_FOR, Asked, Sweep
from protocol.exchange import Value
from protocol.quantity import quantity
from tests.edge.wire645 import AskVoltage

A, B, C = "000000000001", "000000000002", "000000000003"
SECOND = 1_000_000_000


class AskCurrent(AskVoltage):
    """A second item."""

    item = "02020100"

    @property
    def quantities(self) -> Any:
        return (quantity("current_a"),)


def meters(*addresses: str) -> list[Asked]:
    return [Asked(address, (AskVoltage(address), AskCurrent(address))) for address in addresses]


def drive(sweep: Sweep, ends: dict[tuple[str, str], End], now: int = 0, each: int = 1) -> Any:
    """Runs the sweep's work; an exchange ends as `ends` says, DONE if it says nothing."""
    asked, parts = [], []
    while (work := sweep.next(now)) is not None:
        now += each
        exchange = work.exchange
        asked.append((exchange.address, exchange.item))
        end = ends.get((exchange.address, exchange.item), End.DONE)
        values = tuple(Value(q, 7) for q in exchange.quantities) if end is End.DONE else ()
        parts += sweep.done(work, Outcome(end, now, values), now)
    return asked, parts


def started(*addresses: str, **options: Any) -> Sweep:
    sweep = Sweep("b1", meters(*addresses), **options)
    sweep.mail(PortUp(), 0)
    sweep.mail(StartSweep(5), 0)
    return sweep


def test_all_items_of_one_meter_come_before_the_next_meter() -> None:
    asked, _ = drive(started(A, B), {})
    assert asked == [(A, "02010100"), (A, "02020100"), (B, "02010100"), (B, "02020100")]


def test_the_last_part_holds_every_meter_with_its_values_and_times() -> None:
    _, (part,) = drive(started(A, B), {})
    assert (part.line, part.slot, part.part, part.last) == ("b1", 5, 0, True)
    assert [row.meter for row in part.rows] == [A, B]
    assert [(q.name, v, at) for q, v, at in part.rows[1].values] == [
        ("voltage_a", 7, 3),
        ("current_a", 7, 4),
    ]
    assert part.exchanges == 4


def test_one_silence_skips_the_meters_other_items_until_the_second_round() -> None:
    asked, (part,) = drive(started(A, B), {(A, "02010100"): End.SILENT})
    assert asked == [(A, "02010100"), (B, "02010100"), (B, "02020100"), (A, "02010100")]
    row = next(row for row in part.rows if row.meter == A)
    assert row.end is RowEnd.NO_ANSWER
    assert [q.name for q in row.absent] == ["voltage_a", "current_a"]


def test_the_second_round_asks_only_what_is_missing() -> None:
    sweep = started(A, B)
    lost = {(A, "02020100"): End.GARBLED}
    asked, _ = drive(sweep, lost)
    assert asked[-1] == (A, "02020100")
    assert asked.count((A, "02010100")) == 1


def test_a_meter_whole_after_the_second_round_counts_as_whole() -> None:
    sweep = started(A)
    first = sweep.next(0)
    assert first is not None
    sweep.done(first, Outcome(End.GARBLED, 1), 1)
    _, (part,) = drive(sweep, {}, now=1)
    assert part.rows[0].end is RowEnd.WHOLE
    assert part.rows[0].absent == []


def test_a_dead_meter_costs_one_probe_a_sweep_and_is_back_at_its_first_answer() -> None:
    sweep = started(A, B)
    dead = {(A, "02010100"): End.SILENT}
    drive(sweep, dead)
    for slot in range(6, 6 + DEAD_AFTER):
        sweep.mail(StartSweep(slot), 0)
        asked, _ = drive(sweep, dead)
    assert asked.count((A, "02010100")) == (1 if DEAD_AFTER <= 2 else 2)
    sweep.mail(StartSweep(90), 0)
    asked, (part,) = drive(sweep, {})
    assert asked[:2] == [(A, "02010100"), (A, "02020100")]
    assert all(row.end is RowEnd.WHOLE for row in part.rows)


def test_a_refused_item_is_named_and_not_asked_again_for_a_while() -> None:
    sweep = started(A)
    refused = {(A, "02020100"): End.REFUSED}
    _, (part,) = drive(sweep, refused)
    assert part.rows[0].refused
    assert [q.name for q in part.rows[0].absent] == ["current_a"]
    sweep.mail(StartSweep(6), 0)
    asked, _ = drive(sweep, refused)
    assert asked == [(A, "02010100")]
    for slot in range(7, 6 + REFUSED_FOR):
        sweep.mail(StartSweep(slot), 0)
        asked, _ = drive(sweep, {})
    assert (A, "02020100") in asked


def test_a_meter_that_refuses_everything_is_still_probed_and_named() -> None:
    sweep = started(A)
    everything = {(A, "02010100"): End.REFUSED, (A, "02020100"): End.REFUSED}
    drive(sweep, everything)
    sweep.mail(StartSweep(6), 0)
    asked, (part,) = drive(sweep, everything)
    assert asked == [(A, "02010100")]
    assert [(row.meter, row.refused) for row in part.rows] == [(A, True)]


def test_a_part_leaves_when_readings_have_waited_long_enough() -> None:
    _, parts = drive(started(A, B, C), {}, each=PART_NS // 3)
    assert [(part.part, part.last) for part in parts] == [(0, False), (1, True)]
    assert [row.meter for part in parts for row in part.rows] == [A, B, C]


def test_the_next_slot_closes_an_open_sweep_and_names_what_was_not_reached() -> None:
    sweep = started(A, B)
    for _ in range(3):
        work = sweep.next(0)
        assert work is not None
        sweep.done(work, Outcome(End.DONE, 1, (Value(quantity("voltage_a"), 1),)), 1)
    (part,) = sweep.mail(StartSweep(6), 9)
    assert isinstance(part, SweepPart)
    assert (part.slot, part.last) == (5, True)
    assert [(row.meter, row.end) for row in part.rows] == [
        (A, RowEnd.WHOLE),
        (B, RowEnd.NOT_REACHED),
    ]
    assert len(part.rows[1].values) == 1


def test_slots_too_short_for_the_line_starve_no_meter() -> None:
    sweep = started(A, B, C)
    read: list[str] = []
    for slot in range(6, 12):
        for _ in range(2):
            work = sweep.next(0)
            assert work is not None
            values = tuple(Value(q, 1) for q in work.exchange.quantities)
            sweep.done(work, Outcome(End.DONE, 1, values), 1)
        (part,) = sweep.mail(StartSweep(slot), 2)
        read += [row.meter for row in part.rows if row.end is RowEnd.WHOLE]
    assert read == [A, B, C, A, B, C]


def test_stop_hands_over_what_was_read_and_starts_nothing_more() -> None:
    sweep = started(A, B, repeat=True)
    work = sweep.next(0)
    assert work is not None
    sweep.done(work, Outcome(End.DONE, 1, (Value(quantity("voltage_a"), 1),)), 1)
    (part,) = sweep.mail(Stop(), 2)
    assert part.last
    assert len(part.rows[0].values) == 1
    assert sweep.next(3) is None
    assert sweep.wake() == NEVER


def test_readings_do_not_wait_for_a_lost_port() -> None:
    sweep = started(A, B)
    for _ in range(2):
        work = sweep.next(0)
        assert work is not None
        values = tuple(Value(q, 1) for q in work.exchange.quantities)
        sweep.done(work, Outcome(End.DONE, 1, values), 1)
    (part,) = sweep.mail(PortDown("gone"), 2)
    assert ([row.meter for row in part.rows], part.last) == ([A], False)
    (rest,) = sweep.mail(StartSweep(6), 3)
    assert [(row.meter, row.end) for row in rest.rows] == [(B, RowEnd.LINE_DOWN)]


def test_back_to_back_sweeps_follow_each_other_up_to_their_limit() -> None:
    sweep = Sweep("b1", meters(A), repeat=True, limit=3)
    sweep.mail(PortUp(), 0)
    asked, parts = drive(sweep, {})
    assert len(asked) == 6
    assert [(part.slot, part.last) for part in parts] == [(None, True)] * 3


def test_a_line_without_meters_asks_for_nothing_and_never_spins() -> None:
    sweep = Sweep("b1", [], repeat=True)
    assert sweep.next(0) is None
    assert sweep.wake() == NEVER


def test_a_slot_told_twice_neither_cuts_its_sweep_short_nor_reads_it_again() -> None:
    sweep = started(A)
    assert sweep.mail(StartSweep(5), 1) == ()
    _, (part,) = drive(sweep, {})
    assert (part.slot, part.rows[0].end) == (5, RowEnd.WHOLE)
    assert sweep.mail(StartSweep(5), 9) == ()
    assert sweep.next(10) is None


def test_an_answer_that_comes_after_its_slot_has_ended_stands_for_its_own_item() -> None:
    sweep = started(A)
    drive_one(sweep)
    under_way = sweep.next(2)
    assert under_way is not None
    sweep.mail(StartSweep(6), 3)
    sweep.done(under_way, Outcome(End.DONE, 4, (Value(quantity("current_a"), 7),)), 4)
    asked, (part,) = drive(sweep, {}, 4)
    assert asked == [(A, "02010100")]
    assert sorted(q.name for q, _, _ in part.rows[0].values) == ["current_a", "voltage_a"]
    assert part.rows[0].absent == []


def test_an_answer_of_a_closed_sweep_is_never_given_to_another_meter() -> None:
    sweep = started(A, B)
    under_way = sweep.next(1)
    assert under_way is not None
    sweep.mail(PortDown("gone"), 2)
    sweep.meters = sweep.meters[::-1]
    sweep.mail(StartSweep(6), 3)
    sweep.done(under_way, Outcome(End.DONE, 4, (Value(quantity("voltage_a"), 9),)), 4)
    _, (part,) = drive(sweep, {}, 4)
    assert {v for row in part.rows for _, v, _ in row.values} == {7}


def drive_one(sweep: Sweep) -> None:
    """One exchange that ends well."""
    work = sweep.next(1)
    assert work is not None
    sweep.done(work, Outcome(End.DONE, 1, (Value(quantity("voltage_a"), 7),)), 1)


def test_a_part_of_a_list_refused_is_named_and_the_list_is_asked_again_for_its_rest() -> None:
    sweep = started(A)
    work = sweep.next(0)
    assert work is not None
    given = (Value(quantity("voltage_a"), 7),)
    sweep.done(work, Outcome(End.DONE, 1, given, "200A0201: 06"), 1)
    _, (part,) = drive(sweep, {}, now=1)
    (row,) = part.rows
    assert (row.end, row.refused) == (RowEnd.WHOLE, True)
    assert ("voltage_a", 7) in [(q.name, value) for q, value, _ in row.values]
    sweep.mail(StartSweep(6), 2)
    asked, (part,) = drive(sweep, {}, now=2)
    assert asked == [(A, "02010100"), (A, "02020100")]
    assert not part.rows[0].refused
