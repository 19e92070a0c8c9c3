"""The books over a restart: a sweep whose result a kill cut off gets it after all, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.books import Books
from edge.door import Note
from edge.journal.model import Limits
from edge.journal.store import Journal
from edge.plan.build import devices
from protocol.uplink.part import Part, decode_part, encode_part
from tests.edge.analysis.parts import F1, MINUTE, NOON, T1, loaded, part, value, xiyuan

SITE = xiyuan()
LINES = {line.id: devices(SITE, line.id) for line in SITE.lines}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(str(tmp_path / "journal.db"), "e1", Limits())
    yield opened
    opened.close()


def books(journal: Journal) -> tuple[Books, list[Note]]:
    """A program that has just begun, and what it has to say."""
    notes: list[Note] = []
    begun = Books(SITE, LINES, journal, notes.append)
    begun.store(0, NOON)
    return begun, notes


def results(journal: Journal) -> list[Part]:
    """The results kept."""
    return [decode_part(e.body) for e in journal.read(0, 999) if e.kind == "result"]


def keep(journal: Journal, *parts: Part) -> None:
    """What an earlier life has committed before it was killed."""
    for one in parts:
        journal.append(one.kind, one.t[0], encode_part(one))


def test_a_sweep_whose_result_was_cut_off_gets_it_at_the_next_start(journal: Journal) -> None:
    keep(journal, part({T1: loaded(), F1: loaded()}))
    books(journal)
    (result,) = results(journal)
    assert (result.slot, result.line, result.meters) == (7, "station", ["T1", "F1"])
    assert value(result, "T1", "active_power") == 1_500_000


def test_a_result_that_is_there_is_not_made_again(journal: Journal) -> None:
    begun, _ = books(journal)
    begun.part(part({T1: loaded()}), NOON)
    begun.store(0, NOON)
    before = results(journal)
    books(journal)
    books(journal)
    assert results(journal) == before
    assert len(before) == 1


def test_the_day_goes_on_over_a_result_that_was_cut_off(journal: Journal) -> None:
    begun, _ = books(journal)
    begun.part(part({T1: loaded()}, NOON, 7), NOON)
    begun.store(0, NOON)
    keep(journal, part({T1: loaded()}, NOON + 10 * MINUTE, 8))
    again, _ = books(journal)
    again.part(part({T1: loaded()}, NOON + 20 * MINUTE, 9), NOON)
    again.store(0, NOON)
    energy = [value(one, "T1", "energy_day") for one in results(journal)]
    assert energy == [None, 2500, 5000]


def test_a_sweep_cut_off_in_its_middle_gives_what_it_had_with_the_next_sweep(
    journal: Journal,
) -> None:
    keep(journal, part({T1: loaded()}, last=False))
    begun, _ = books(journal)
    assert results(journal) == []
    begun.part(part({F1: loaded()}, NOON + MINUTE, 8), NOON)
    begun.store(0, NOON)
    assert [(one.slot, one.meters) for one in results(journal)] == [(7, ["T1"]), (8, ["F1"])]


def test_entries_nobody_can_read_are_counted_and_passed_over(journal: Journal) -> None:
    keep(journal, part({T1: loaded()}))
    journal.append("sweep", NOON, b"\xff")
    journal.append("sweep", NOON, b"")
    _, notes = books(journal)
    assert [(n.key, dict(n.facts)) for n in notes] == [("entries_unreadable", {"count": 2})]
    assert len(results(journal)) == 1


def test_what_begins_is_a_warning_in_the_log_and_what_ends_or_only_informs_is_none(
    journal: Journal,
) -> None:
    begun, notes = books(journal)
    begun.started("0", NOON)
    begun.line("b1", "down", "gone", NOON)
    begun.line("b1", "up", "", NOON + 1)
    assert [(n.key, n.level, dict(n.facts)["over"]) for n in notes] == [
        ("gateway_started", "info", True),
        ("line_down", "warning", False),
        ("line_down", "info", True),
    ]
