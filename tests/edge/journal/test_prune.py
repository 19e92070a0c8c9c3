"""Dropping follows the stated order, is counted, and never gives a number twice."""

from pathlib import Path

import pytest

from edge.journal import Journal, Limits, Pruned

DAY = 86_400_000
NOW = 1_800_000_000_000


def opened(tmp_path: Path, limits: Limits) -> Journal:
    journal = Journal(str(tmp_path / "journal.db"), "e1", limits)
    journal._connection.execute("PRAGMA synchronous = OFF")
    return journal


def kept(journal: Journal) -> list[int]:
    return [entry.seq for entry in journal.read(0, 1000)]


def test_what_is_too_old_goes_delivered_or_not_and_is_counted(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=10 * DAY))
    for age in (12, 11, 9, 1):
        journal.append("sweep", NOW - age * DAY, b"x")
    journal.commit("utility", "e1", [(1, 1)])
    assert journal.prune(NOW) == Pruned(delivered=1, undelivered=1)
    assert kept(journal) == [3, 4]
    assert journal.dropped == 1
    journal.close()


def test_an_entry_stamped_by_an_unset_clock_goes_with_its_neighbour(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=10 * DAY))
    journal.append("sweep", NOW - 20 * DAY, b"x")
    journal.append("sweep", 60_000, b"x")
    journal.append("sweep", NOW - 12 * DAY, b"x")
    journal.append("sweep", 60_000, b"x")
    journal.append("sweep", NOW - 1 * DAY, b"x")
    journal.prune(NOW)
    assert kept(journal) == [4, 5]
    journal.close()


def test_an_unset_clock_prunes_nothing_by_age(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=0))
    journal.append("sweep", 0, b"x")
    assert journal.prune(60_000) == Pruned(0, 0)
    journal.close()


@pytest.mark.parametrize("size", [3_000, 50_000])
def test_delivered_entries_make_room_before_undelivered_ones(tmp_path: Path, size: int) -> None:
    journal = opened(tmp_path, Limits(max_bytes=200 * size))
    for number in range(300):
        journal.append("sweep", NOW + number, b"x" * size)
    journal.commit("utility", "e1", [(101, 300)])
    pruned = journal.prune(NOW)
    assert pruned.undelivered == 0
    assert 100 <= pruned.delivered <= 200
    assert set(range(1, 101)) <= set(kept(journal))
    assert journal._used() <= 200 * size
    journal.close()


def test_without_delivered_entries_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_bytes=1_000_000))
    for number in range(200):
        journal.append("sweep", NOW + number, b"x" * 10_000)
    pruned = journal.prune(NOW)
    assert pruned.delivered == 0
    assert kept(journal) == list(range(pruned.undelivered + 1, 201))
    assert journal.dropped == pruned.undelivered > 90
    journal.close()
    again = opened(tmp_path, Limits())
    assert again.dropped == pruned.undelivered
    again.close()


def test_nobody_waits_for_what_was_dropped(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=DAY))
    for age in (9, 8, 0):
        journal.append("sweep", NOW - age * DAY, b"x")
    journal.commit("utility", "e1", [])
    journal.prune(NOW)
    assert journal.backlog("utility").count == 1
    assert [e.seq for e in journal.waiting("new", 0, 3, 9)] == [3]
    assert journal.backlog("new").count == 1
    journal.close()


def test_a_dropped_seq_is_never_given_again(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=0))
    for _ in range(3):
        journal.append("sweep", NOW - 1, b"x")
    journal.prune(NOW)
    assert kept(journal) == []
    journal.close()
    again = opened(tmp_path, Limits())
    assert (again.head, again.append("sweep", NOW, b"x")) == (3, 4)
    again.close()


def test_delivered_means_acknowledged_by_every_destination(tmp_path: Path) -> None:
    journal = opened(tmp_path, Limits(max_age_ms=0))
    for _ in range(4):
        journal.append("sweep", NOW - 1, b"x")
    journal.commit("one", "e1", [(1, 3)])
    journal.commit("two", "e1", [(2, 4)])
    assert journal.prune(NOW) == Pruned(delivered=2, undelivered=2)
    journal.close()
