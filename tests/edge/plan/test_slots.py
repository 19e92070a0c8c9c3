"""Slots: numbering, closing when all lines are in or time is up, coverage with names."""

from edge.bus.parts import MeterRow, SweepPart
from edge.plan.slots import GRACE_MS, KEEP, Slots
from protocol.quantity import quantity

DUE = {"b1": ("m1", "m2"), "b2": ("m3",)}


def part(line: str, *read: str, last: bool = True, missing: tuple[str, ...] = ()) -> SweepPart:
    rows = [MeterRow(meter, 0, values=[(quantity("voltage_a"), 1, 0)]) for meter in read]
    rows += [MeterRow(meter, 0) for meter in missing]
    return SweepPart(line, 7, 0, last, 0, 1, tuple(rows))


def test_a_slot_is_the_floor_of_wall_time_over_period() -> None:
    slots = Slots(60_000, DUE)
    assert [slots.number(ms) for ms in (0, 59_999, 60_000, -1)] == [0, 0, 1, -1]


def test_a_slot_closes_when_every_line_has_given_its_last_part() -> None:
    slots = Slots(60_000, DUE)
    slots.begin(7)
    assert slots.add(7, part("b1", "m1", last=False)) is None
    assert slots.add(7, part("b1", "m2")) is None
    coverage = slots.add(7, part("b2", missing=("m3",)))
    assert coverage is not None
    assert (coverage.read, coverage.due, coverage.missing) == (2, 3, ("m3",))
    assert coverage.lines_missing == ()


def test_a_slot_is_overdue_ten_seconds_after_its_end_and_names_the_line_that_is_missing() -> None:
    slots = Slots(60_000, DUE)
    slots.begin(7)
    slots.add(7, part("b1", "m1", "m2"))
    assert slots.overdue(8 * 60_000 + GRACE_MS - 1) == []
    (coverage,) = slots.overdue(8 * 60_000 + GRACE_MS)
    assert coverage.lines_missing == ("b2",)
    assert slots.overdue(10**12) == []


def test_a_part_of_a_slot_already_closed_is_not_counted_again() -> None:
    slots = Slots(60_000, DUE)
    slots.begin(7)
    slots.overdue(10**9)
    assert slots.add(7, part("b1", "m1")) is None


def test_open_slots_are_bounded_when_they_are_shorter_than_their_grace() -> None:
    slots = Slots(1_000, DUE)
    for slot in range(100):
        slots.begin(slot)
    slots.overdue(99_999)
    assert len(slots.overdue(99_999)) == 0
    assert [one.slot for one in slots.overdue(10**12)] == list(range(100 - KEEP, 100))


def test_a_slot_that_lies_ahead_of_a_clock_set_back_is_closed_unless_it_comes_next() -> None:
    slots = Slots(60_000, DUE)
    for slot in (7, 8, 9):
        slots.begin(slot)
    assert [one.slot for one in slots.overdue(8 * 60_000 - 1)] == [9]
