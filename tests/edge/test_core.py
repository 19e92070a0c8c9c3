"""The core in virtual time with a real journal: acceptance, slots, a failing disk, the end."""

from pathlib import Path
from typing import Any

import pytest

from edge.agent import DOWN_NS, DRAIN_NS, Core
from edge.bus.parts import (
    LineCounters,
    LineState,
    MeterRow,
    Pause,
    Resume,
    StartSweep,
    Stop,
    SweepPart,
)
from edge.door import Clock, CoreSettings, CoreStep, Signal, Tick
from edge.journal.intake import HELD_LIMIT, HELD_PAUSE, RETRY_NS
from edge.journal.model import Limits
from edge.journal.store import Journal, JournalError
from edge.site.model import Gateway, Line, Meter, Site
from edge.uplink.net import NEVER, Actions
from edge.uplink.session import Phase
from edge.uplink.settings import Counters
from protocol.quantity import quantity
from protocol.uplink.event import decode_event
from protocol.uplink.part import Part, decode_part
from protocol.uplink.quality import Quality
from protocol.uplink.state import State

SECOND = 1_000_000_000
WALL = 1_772_323_200_000
A, B = "000000000001", "000000000002"
SITE = Site(
    id="s", timezone="Asia/Shanghai", period_s=60, transformers=(), feeders=(), buildings=(),
    boxes=(), lines=(Line(id="b1"), Line(id="b2")), tmus=(),
    gateways=(Gateway(id="gw", lines=("b1", "b2")),), responsibilities=(),
    meters=tuple(
        Meter(id=m, kind="household", line=line, profile="1ph-2013", phase="A")
        for m, line in ((A, "b1"), (B, "b2"))
    ),
    digest="d",
)  # fmt: skip


class SickJournal(Journal):
    """A journal whose disk can be told to fail."""

    sick = False

    def append(self, *args: Any, **more: Any) -> int:
        if self.sick:
            raise JournalError("journal_unusable", path="journal.db", why="disk full")
        return super().append(*args, **more)


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    opened = SickJournal(str(tmp_path / "journal.db"), "e1", Limits())
    yield opened
    opened.close()


def core_of(journal: Journal, period_s: int = 60, sweeps: int = 0) -> Core:
    settings = CoreSettings(version="0", config="d", period_ms=period_s * 1000, sweeps=sweeps)
    return Core(SITE, {"b1": (A,), "b2": (B,)}, journal, None, settings)


def part(line: str, meter: str, slot: int | None = 1, last: bool = True, at: int = 0) -> SweepPart:
    row = MeterRow(meter, at, values=[(quantity("voltage_a"), 2201, at)])
    return SweepPart(line, slot, 0, last, at, at + SECOND, (row,))


def kept_sweeps(journal: Journal) -> list[Part]:
    """The sweep parts in the journal, in order; events beside them are passed over."""
    entries = journal.read(0, 2 * HELD_LIMIT)
    return [decode_part(entry.body) for entry in entries if entry.kind == "sweep"]


def kept_events(journal: Journal) -> list[tuple[str, bool]]:
    """(type, whether it is over) of the events in the journal, in order."""
    events = [decode_event(e.body) for e in journal.read(0, 2 * HELD_LIMIT) if e.kind == "event"]
    return [(event.type, event.until is not None) for event in events]


def stopped(line: str) -> LineState:
    return LineState(line, "stopped", "", LineCounters())


def down(line: str) -> LineState:
    return LineState(line, "down", "gone", LineCounters())


def notes(step: CoreStep, key: str) -> list[dict[str, Any]]:
    return [dict(note.facts) for note in step.notes if note.key == key]


def test_the_first_tick_starts_the_slot_the_clock_stands_in_on_every_line(journal: Journal) -> None:
    step = core_of(journal).step(0, Tick(WALL + 5_000, Clock.TRUSTED))
    slot = WALL // 60_000
    assert step.mail == (("b1", StartSweep(slot)), ("b2", StartSweep(slot)))


def test_the_next_slot_starts_at_its_boundary_and_the_core_asks_to_be_woken_then(
    journal: Journal,
) -> None:
    core = core_of(journal)
    step = core.step(0, Tick(WALL + 59_500, Clock.TRUSTED))
    assert step.wake <= SECOND // 2
    assert core.step(SECOND // 2 - 1_000_000, None).mail == ()
    assert core.step(SECOND // 2, None).mail[0] == ("b1", StartSweep(WALL // 60_000 + 1))


def test_a_clock_set_back_a_little_does_not_start_a_slot_twice(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL + 1_000, Clock.TRUSTED))
    assert core.step(SECOND, Tick(WALL - 1_000, Clock.TRUSTED)).mail == ()
    assert core.step(2 * SECOND, Tick(WALL + 1_000, Clock.TRUSTED)).mail == ()


def test_slots_of_a_time_that_a_clock_set_back_has_left_hold_up_no_coverage(
    journal: Journal,
) -> None:
    core = core_of(journal)
    day = 24 * 3_600_000
    now = 0
    for days in (0, 5, 4, 3, 2, 1, 0):
        now += SECOND
        core.step(now, Tick(WALL + days * day + now // 1_000_000, Clock.TRUSTED))
    now = 60 * SECOND
    step = core.step(now, Tick(WALL + now // 1_000_000, Clock.TRUSTED))
    slot = (WALL + 60_000) // 60_000
    assert slot not in [facts["slot"] for facts in notes(step, "slot")]
    core.step(now + SECOND, part("b1", A, slot))
    (coverage,) = notes(core.step(now + 2 * SECOND, part("b2", B, slot)), "slot")
    assert (coverage["slot"], coverage["read"]) == (slot, 2)


def test_a_clock_that_is_set_is_said_and_events_begun_before_keep_their_length(
    journal: Journal,
) -> None:
    core = core_of(journal)
    core.step(0, Tick(60_000, Clock.UNTRUSTED))
    core.step(SECOND, LineState("b1", "down", "gone", LineCounters()))
    assert notes(core.step(2 * SECOND, Tick(62_100, Clock.UNTRUSTED)), "clock_set") == []
    step = core.step(3 * SECOND, Tick(WALL, Clock.TRUSTED))
    assert notes(step, "clock_set") == [{"by_ms": WALL - 63_100}]
    core.step(4 * SECOND, LineState("b1", "up", "", LineCounters()))
    events = [decode_event(e.body) for e in journal.read(0, 99) if e.kind == "event"]
    assert events[-1].until == WALL + 1_000
    # 3 s, and the 100 ms by which the clock had drifted, which moves nothing
    assert events[-1].evidence["lasted_ms"] == 3_100


def test_a_part_is_in_the_journal_when_the_step_returns(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.UNTRUSTED))
    core.step(3 * SECOND, part("b1", A, at=2 * SECOND))
    (kept,) = kept_sweeps(journal)
    assert (kept.meters, kept.t, kept.columns) == ([A], [WALL + 2_000], {"voltage_a": [2201]})
    assert kept.q == [Quality.CLOCK_UNTRUSTED]


def test_a_line_without_meters_puts_nothing_into_the_journal(journal: Journal) -> None:
    settings = CoreSettings(version="0", config="d", period_ms=60_000)
    core = Core(SITE, {"b1": (A,), "b2": ()}, journal, None, settings)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, SweepPart("b2", WALL // 60_000, 0, True, 0, SECOND, ()))
    assert kept_sweeps(journal) == []


def test_back_to_back_sweeps_take_the_wall_time_of_their_start_as_slot(journal: Journal) -> None:
    core = core_of(journal, period_s=0)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(9 * SECOND, part("b1", A, slot=None, at=4 * SECOND))
    assert kept_sweeps(journal)[0].slot == WALL + 4_000


def test_a_closed_slot_says_its_coverage(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    slot = WALL // 60_000
    core.step(SECOND, part("b1", A, slot))
    step = core.step(2 * SECOND, part("b2", B, slot))
    assert notes(step, "slot") == [
        {"slot": slot, "read": 2, "due": 2, "missing": "", "lines_missing": ""}
    ]


def test_what_a_sick_disk_refuses_is_held_and_committed_in_order_when_it_is_well(
    journal: SickJournal,
) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    journal.sick = True
    step = core.step(SECOND, part("b1", A))
    assert len(notes(step, "journal")) == 1
    assert step.wake <= SECOND + RETRY_NS
    core.step(SECOND + 1, part("b2", B))
    assert kept_sweeps(journal) == []
    journal.sick = False
    core.step(2 * SECOND + 1, None)
    assert [kept.line for kept in kept_sweeps(journal)] == ["b1", "b2"]
    assert core.books.intake.dropped == 0


def test_a_refusing_disk_is_an_event_that_begins_and_ends(journal: SickJournal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    journal.sick = True
    core.step(SECOND, part("b1", A))
    journal.sick = False
    core.step(2 * SECOND, None)
    assert kept_events(journal) == [
        ("gateway_started", True),
        ("journal_refused", False),
        ("journal_refused", True),
    ]


def test_a_lost_port_is_an_event_that_begins_and_ends(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, down("b1"))
    core.step(2 * SECOND, LineState("b1", "up", "", LineCounters()))
    assert kept_events(journal)[1:] == [("line_down", False), ("line_down", True)]


def test_lines_are_paused_before_anything_is_dropped_and_resumed_after(
    journal: SickJournal,
) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    journal.sick = True
    mail: list[Any] = []
    # the event of the refusal itself waits with them
    for _ in range(HELD_PAUSE - 1):
        mail += core.step(SECOND, part("b1", A)).mail
    assert mail == [("b1", Pause()), ("b2", Pause())]
    assert core.books.intake.dropped == 0
    journal.sick = False
    step = core.step(3 * SECOND, None)
    assert step.mail == (("b1", Resume()), ("b2", Resume()))
    assert len(kept_sweeps(journal)) == HELD_PAUSE - 1


def test_only_past_its_bound_the_oldest_held_part_is_dropped_and_counted(
    journal: SickJournal,
) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    journal.sick = True
    for _ in range(HELD_LIMIT + 2):
        step = core.step(SECOND, part("b1", A))
    assert core.books.intake.dropped == 3
    assert notes(step, "part_dropped") == [{"dropped": 3}]


def test_a_signal_stops_the_lines_commits_their_open_sweep_and_finishes(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    step = core.step(SECOND, Signal("SIGTERM"))
    assert step.mail == (("b1", Stop()), ("b2", Stop()))
    core.step(SECOND + 1, part("b1", A))
    assert not core.step(SECOND + 2, stopped("b1")).finished
    assert core.step(SECOND + 3, stopped("b2")).finished
    assert len(kept_sweeps(journal)) == 1


def test_a_line_that_does_not_stop_cannot_hold_the_end(journal: Journal) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    step = core.step(SECOND, Signal("SIGTERM"))
    assert not step.finished
    assert core.step(step.wake + 5 * SECOND, None).finished


def test_the_asked_for_number_of_sweeps_of_every_line_ends_the_run(journal: Journal) -> None:
    core = core_of(journal, period_s=0, sweeps=1)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    assert core.step(SECOND, part("b1", A, None)).mail == ()
    step = core.step(2 * SECOND, part("b2", B, None))
    assert step.mail == (("b1", Stop()), ("b2", Stop()))
    assert core.unread() == []


def test_a_line_whose_port_stays_away_does_not_hold_a_run_of_sweeps(journal: Journal) -> None:
    core = core_of(journal, period_s=0, sweeps=1)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, down("b2"))
    core.step(SECOND, part("b1", A, None))
    assert core.step(SECOND + DOWN_NS - 1, None).mail == ()
    step = core.step(SECOND + DOWN_NS, None)
    assert step.mail == (("b1", Stop()), ("b2", Stop()))
    assert notes(step, "line_given_up") == [{"line": "b2", "sweeps": 0}]
    assert core.unread() == [B]


def test_meters_of_a_line_given_up_amid_its_sweeps_count_as_unread(journal: Journal) -> None:
    core = core_of(journal, period_s=0, sweeps=2)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    for line, meter in (("b1", A), ("b1", A), ("b2", B)):
        core.step(SECOND, part(line, meter, None))
    core.step(SECOND, down("b2"))
    core.step(SECOND + DOWN_NS, None)
    assert core.unread() == [B]


def test_slots_end_by_the_clock_and_need_no_port_given_up(journal: Journal) -> None:
    core = core_of(journal, sweeps=1)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, down("b1"))
    core.step(SECOND, down("b2"))
    assert core.step(SECOND + DOWN_NS, None).mail == ()


def test_a_line_without_meters_does_not_hold_a_run_of_sweeps(journal: Journal) -> None:
    settings = CoreSettings(version="0", config="d", period_ms=0, sweeps=1)
    core = Core(SITE, {"b1": (A,), "b2": ()}, journal, None, settings)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    assert core.step(SECOND, part("b1", A, None)).mail == (("b1", Stop()), ("b2", Stop()))


def test_meters_that_never_gave_a_value_are_named(journal: Journal) -> None:
    core = core_of(journal, period_s=0, sweeps=1)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, part("b1", A, None))
    assert core.unread() == [B]


@pytest.mark.parametrize(("clock", "kept"), [(Clock.UNTRUSTED, 1), (Clock.TRUSTED, 0)])
def test_only_a_trusted_clock_makes_entries_too_old_to_keep(
    journal: Journal, clock: Clock, kept: int
) -> None:
    core = core_of(journal)
    core.step(0, Tick(WALL, Clock.UNTRUSTED))
    core.step(SECOND, part("b1", A))
    ten_years = 10 * 365 * 86_400_000
    core.step(100 * SECOND, Tick(WALL + ten_years, clock))
    assert len(kept_sweeps(journal)) == kept


class DeafSession:
    """A session that never gets anything through; `said` is the last state it was given."""

    phase, reason, closed = Phase.CONNECTING, "", False
    said: State | None = None

    def step(self, now: int, event: object, unread: bool) -> Actions:
        return Actions((), NEVER)

    def state(self, state: State) -> None:
        self.said = state

    def stop(self, now: int) -> None:
        self.closed = True


@pytest.mark.parametrize("period_ms", [0, 10_000])
def test_waiting_for_the_backlog_to_drain_never_spins(journal: Journal, period_ms: int) -> None:
    settings = CoreSettings(version="0", config="d", period_ms=period_ms, sweeps=1)
    deaf: Any = DeafSession()
    deaf.counters = Counters()
    core = Core(SITE, {"b1": (A,), "b2": (B,)}, journal, deaf, settings)
    slot = WALL // period_ms if period_ms else None
    core.step(0, Tick(WALL, Clock.TRUSTED))
    core.step(SECOND, part("b1", A, slot))
    step = core.step(2 * SECOND, part("b2", B, slot))
    for line in ("b1", "b2"):
        step = core.step(2 * SECOND, stopped(line))
    now, steps = 2 * SECOND, 0
    while not step.finished:
        assert step.wake > now
        now, steps = step.wake, steps + 1
        step = core.step(now, None)
    assert 10 < steps < 100
    assert now >= 2 * SECOND + DRAIN_NS


def test_the_state_names_the_events_that_are_open(journal: Journal) -> None:
    deaf: Any = DeafSession()
    deaf.counters = Counters()
    settings = CoreSettings(version="0", config="d", period_ms=0)
    core = Core(SITE, {"b1": (A,), "b2": (B,)}, journal, deaf, settings)
    core.step(0, Tick(WALL, Clock.TRUSTED))
    assert (deaf.said.open_count, deaf.said.open_events) == (0, [])
    core.step(10 * SECOND, down("b2"))
    (event,) = deaf.said.open_events
    assert (deaf.said.open_count, event.type, event.subject) == (1, "line_down", "b2")
    core.step(20 * SECOND, LineState("b2", "up", "", LineCounters()))
    assert (deaf.said.open_count, deaf.said.open_events) == (0, [])
