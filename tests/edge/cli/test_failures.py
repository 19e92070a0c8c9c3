"""Failures amid running sweeps, with real processes: nothing accepted is lost, gaps are named."""

import signal
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.journal import Journal
from edge.uplink import DEST
from protocol.uplink.part import Part
from protocol.uplink.quality import Quality
from tests.edge.cli.failing import DUE, ITEMS, ON_B1, ON_B2, Bench, Swept, bench
from tests.edge.cli.processes import DEADLINE_S, until
from tests.edge.cli.proof import kept, prove
from tests.edge.cli.small_disk import small_disk

EVERY = tuple(DUE)
STILL_S = 1.0
FEW_SECONDS_MS = 3000
"""How much longer a sweep may get for its dead meters."""


def test_a_broker_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    with bench(tmp_path) as it, it.agent() as agent:
        until(lambda: bool(it.witness.results), agent, "results arrive")
        it.amid_a_sweep(agent, "b1")
        it.broker.kill()
        until(lambda: "warning broker state=offline" in it.log(), agent, "it is said")
        it.swept_more(agent, 2, *EVERY)
        read_alone = kept(it)
        heard = len(it.witness.heard)
        assert read_alone.head > heard
        it.broker.start()
        until(lambda: len(it.witness.heard) >= read_alone.head, agent, "what waited has arrived")
        it.swept_more(agent, 1, *EVERY)
        assert "info broker state=online" in it.log().partition("state=offline")[2]
        it.stop(agent)
        found = prove(it)
    # a lost connection is no reason not to read
    assert found.epoch == read_alone.epoch
    assert all(sweep.read == sweep.due for line in EVERY for sweep in it.swept(line))
    assert any(one.get("uplink", {}).get("lost_connections") for one in it.witness.states)


def test_a_line_that_is_removed_stops_itself_alone_and_comes_back(tmp_path: Path) -> None:
    with bench(tmp_path) as it, it.agent() as agent:
        it.swept_more(agent, 2, *EVERY)
        before = {line: it.swept(line) for line in EVERY}
        it.amid_a_sweep(agent, "b1")
        it.tell("break line b1")
        until(lambda: "warning line line=b1 state=down" in it.log(), agent, "it is said")
        ended = len(it.swept("b1"))
        counts = {line: len(it.swept(line)) for line in EVERY}
        it.swept_more(agent, 3, "b2", "station")
        meanwhile = {line: it.swept(line)[counts[line] :] for line in ("b2", "station")}
        assert len(it.swept("b1")) <= ended + 1
        until(lambda: _line_state(it, "b1") == "down", agent, "the state names the line")
        it.tell("mend line b1")
        it.swept_more(agent, 2, "b1")
        until(lambda: _line_state(it, "b1") == "up", agent, "the state says it is back")
        last = it.swept("b1")[-1]
        it.stop(agent)
        found = prove(it)
    for line, sweeps in meanwhile.items():
        assert all(sweep.read == sweep.due for sweep in sweeps)
        assert _typical_ms(sweeps) < 2 * _typical_ms(before[line])
    assert last.read == last.due
    (told,) = it.witness.told("line_down", "b1")
    assert told["since"] < told["until"]
    assert "b1" in told["cause"]
    assert {event.subject for event in found.events if event.type == "line_down"} == {"b1"}
    assert any(q & Quality.LINE_DOWN for meter in ON_B1 for q in found.short(meter))
    assert not any(found.short(meter) for line in ("b2", "station") for meter in DUE[line])


def test_dead_meters_hold_up_nobody_and_are_named_once(tmp_path: Path) -> None:
    # a tenth of the households from the start, and one more that dies and lives again
    dead, dying = (ON_B1[3], ON_B1[7]), ON_B2[8]
    with bench(tmp_path, "--dead", *dead, answer_ms=500) as it, it.agent() as agent:
        until(
            lambda: all(it.witness.told("meter_silent", meter) for meter in dead),
            agent,
            "the dead ones are named",
        )
        # one probe a dead meter and sweep, whatever else it would be asked
        it.sweeps_so(agent, "b1", read=8, exchanges=8 * ITEMS + 2)
        healthy = it.swept("b2")
        it.amid_a_sweep(agent, "b2")
        it.tell(f"break meter {dying}")
        until(lambda: bool(it.witness.told("meter_silent", dying)), agent, "so is this one")
        it.sweeps_so(agent, "b2", read=9, exchanges=9 * ITEMS + 1)
        it.tell(f"mend meter {dying}")
        until(lambda: _ended(it, "meter_silent", dying), agent, "and its return")
        it.sweeps_so(agent, "b2", read=10, exchanges=10 * ITEMS)
        sweeps = [*it.swept("b1"), *it.swept("b2")]
        it.stop(agent)
        found = prove(it)
    assert max(sweep.ms for sweep in sweeps) < _typical_ms(healthy) + FEW_SECONDS_MS
    for meter in (*dead, dying):
        (told,) = it.witness.told("meter_silent", meter)
        assert (told["until"] is None) == (meter in dead)
        assert found.short(meter)
        assert all(q & Quality.NO_ANSWER for q in found.short(meter))
    others = {meter for line in EVERY for meter in DUE[line]} - {*dead, dying}
    assert not any(found.short(meter) for meter in others)
    named = {event.subject for event in found.events if event.type.endswith("_silent")}
    assert named == {*dead, dying}


def test_a_journal_on_a_full_small_disk_takes_all_of_it_once_there_is_room(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with small_disk(tmp_path / "state") as disk, bench(tmp_path, within=disk.within) as it:
        record_property("disk", disk.way)
        with it.agent() as agent:
            it.swept_more(agent, 1, *EVERY)
            it.amid_a_sweep(agent, "b1")
            disk.fill(agent)
            until(lambda: " error journal reason=" in it.log(), agent, "the log says it")
            until(lambda: it.witness.state()["health"] == "degraded", agent, "and the state")
            until(_Still(it), agent, "reading pauses")
            read = {line: len(it.swept(line)) for line in EVERY}
            disk.make_room(agent)
            until(lambda: _ended(it, "journal_refused", "journal"), agent, "and the event")
            it.swept_more(agent, 2, *EVERY)
            until(lambda: it.witness.state()["health"] == "ok", agent, "all is well")
            it.stop(agent)
        disk.bring_out()
        found = prove(it)
    assert "part_dropped" not in it.log(0)
    (told,) = it.witness.told("journal_refused", "journal")
    assert told["since"] < told["until"]
    for line, sweeps in read.items():
        # what was read while the disk was full is there, and every row of it is whole
        ended = [part for part in found.parts if part.line == line and part.last]
        assert len(ended) > sweeps
    assert not any(found.short(meter) for line in EVERY for meter in DUE[line])


def test_an_agent_killed_amid_a_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    with bench(tmp_path) as it:
        with it.agent() as agent:
            until(lambda: _energy(it.witness.results) > 0, agent, "the day has some energy")
            it.headend.send_signal(signal.SIGSTOP)
            # sent, and with the broker, and without the word that settles it
            until(lambda: _unsettled(it) >= 3, agent, "something is on its way")
            it.amid_a_sweep(agent, "b1")
            agent.kill()
            agent.wait(DEADLINE_S)
            before = kept(it)
            arrived = it.witness.heard.copy()
        with it.agent() as agent:
            until(lambda: _repeats(it) > 0, agent, "what nobody had confirmed comes again")
            it.headend.send_signal(signal.SIGCONT)
            it.swept_more(agent, 2, *EVERY)
            it.stop(agent)
        found = prove(it)
    assert found.epoch == before.epoch
    assert (found.parts[: len(before.parts)], found.head > before.head) == (before.parts, True)
    assert {epoch for epoch, _ in it.witness.heard} == {before.epoch}
    assert set(arrived) < set(it.witness.heard)
    days = [day for day in map(_day, found.results) if day is not None]
    assert days == sorted(days)
    assert days[0] < days[len(before.results) - 1] <= days[-1]
    starts = it.witness.told("gateway_started", "gw1")
    assert len(starts) == 3
    assert {one["evidence"]["epoch"] for one in starts} == {before.epoch}


def _line_state(it: Bench, line: str) -> str:
    lines = it.witness.state().get("lines", {})
    return str(lines.get(line, {}).get("state"))


def _typical_ms(sweeps: Sequence[Swept]) -> float:
    return statistics.median(sweep.ms for sweep in sweeps)


def _ended(it: Bench, type_: str, subject: str) -> bool:
    """Whether such an event has been told, and its end."""
    told = it.witness.told(type_, subject)
    return bool(told) and told[-1]["until"] is not None


class _Still:
    """True when the meters have not been asked for a while, in which they answer some 30 times."""

    def __init__(self, it: Bench) -> None:
        self._it = it
        self._answered = -1
        self._since = 0.0

    def __call__(self) -> bool:
        answered = self._it.answered()
        if answered != self._answered:
            self._answered, self._since = answered, time.monotonic()
        return time.monotonic() - self._since > STILL_S


def _unsettled(it: Bench) -> int:
    """Entries that have arrived at the witness, but whose word has not come back."""
    journal = Journal.open_reading(str(it.journal))
    try:
        waiting = journal.waiting(DEST, 0, journal.head, 1000)
        return sum((journal.epoch, entry.seq) in it.witness.heard for entry in waiting)
    finally:
        journal.close()


def _repeats(it: Bench) -> int:
    """(epoch, seq) that arrived more than once."""
    return sum(count > 1 for count in tuple(it.witness.heard.values()))


def _energy(results: Sequence[Mapping[str, Any]]) -> float:
    """The transformer's energy of the day in the newest result, kWh."""
    return float(results[-1]["columns"]["energy_day"][0] or 0) if results else 0.0


def _day(result: Part) -> int | None:
    """The same as the journal keeps it, 0.01 kWh."""
    assert result.meters[0] == "T1"
    return result.columns["energy_day"][0]
