"""The journal keeps what it accepted, in order, and knows who still waits for it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.journal import Journal, JournalError, Limits

NOW = 1_800_000_000_000
BATCHES = st.lists(
    st.lists(st.tuples(st.integers(-3, 25), st.integers(-3, 25)), max_size=4), max_size=6
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "journal.db")


@pytest.fixture
def journal(path: str) -> Iterator[Journal]:
    opened = Journal(path, "e1", Limits())
    yield opened
    opened.close()


def fill(journal: Journal, count: int, size: int = 10) -> None:
    for number in range(count):
        journal.append("sweep", NOW + number, bytes([number % 256]) * size)


def seqs(journal: Journal, dest: str = "utility") -> list[int]:
    return [entry.seq for entry in journal.waiting(dest, 0, journal.head, 1000)]


def test_entries_come_back_as_given_and_in_order(journal: Journal) -> None:
    assert journal.append("sweep", 5, b"one") == 1
    assert journal.append("event", 6, b"\x00two") == 2
    first, second = journal.read(0, 10)
    assert (first.seq, first.kind, first.at, first.body) == (1, "sweep", 5, b"one")
    assert (second.seq, second.kind, second.at, second.body) == (2, "event", 6, b"\x00two")
    assert journal.head == 2


def test_reading_respects_its_start_and_its_limit(journal: Journal) -> None:
    fill(journal, 5)
    assert [e.seq for e in journal.read(2, 2)] == [3, 4]
    assert [e.seq for e in journal.tail(2)] == [5, 4]
    assert [e.seq for e in journal.tail(9, before=3)] == [2, 1]


def test_everything_survives_closing_and_opening(path: str) -> None:
    journal = Journal(path, "e1", Limits())
    fill(journal, 4)
    journal.commit("utility", "e1", [(1, 2)])
    journal.close()
    again = Journal(path, "another", Limits())
    assert (again.epoch, again.head, again.set_aside) == ("e1", 4, "")
    assert seqs(again) == [3, 4]
    again.close()


def test_each_append_is_synced_when_it_returns(journal: Journal) -> None:
    pragma = journal._connection.execute
    assert pragma("PRAGMA synchronous").fetchone()[0] == 2
    assert pragma("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_an_append_moves_a_cursor_in_the_same_transaction(journal: Journal) -> None:
    assert journal.cursor("analysis") == 0
    fill(journal, 2)
    journal.append("result", NOW, b"r", cursor=("analysis", 2))
    assert journal.cursor("analysis") == 2
    journal._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(JournalError):
        journal.append("result", NOW, b"r" * 50_000, cursor=("analysis", 3))
    assert journal.cursor("analysis") == 2


def test_acknowledged_ranges_no_longer_wait(journal: Journal) -> None:
    fill(journal, 10)
    assert journal.commit("utility", "e1", [(2, 3), (7, 7)])
    assert seqs(journal) == [1, 4, 5, 6, 8, 9, 10]
    assert [e.seq for e in journal.waiting("utility", 3, 8, 2)] == [4, 5]


def test_destinations_do_not_share_acknowledgements(journal: Journal) -> None:
    fill(journal, 3)
    journal.commit("utility", "e1", [(1, 3)])
    assert seqs(journal, "other") == [1, 2, 3]


def test_an_acknowledgement_of_another_epoch_changes_nothing(journal: Journal) -> None:
    fill(journal, 3)
    assert not journal.commit("utility", "e0", [(1, 3)])
    assert seqs(journal) == [1, 2, 3]


def test_ranges_beyond_the_sequence_are_cut_off(journal: Journal) -> None:
    fill(journal, 3)
    assert journal.commit("utility", "e1", [(-5, 1), (3, 99), (9, 8)])
    assert seqs(journal) == [2]
    fill(journal, 2)
    assert seqs(journal) == [2, 4, 5]


@settings(max_examples=20)
@given(batches=BATCHES)
def test_any_acknowledgements_leave_exactly_the_rest(
    batches: list[list[tuple[int, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    journal = Journal(str(tmp_path_factory.mktemp("j") / "j.db"), "e", Limits())
    journal._connection.execute("PRAGMA synchronous = OFF")
    fill(journal, 20)
    left = set(range(1, 21))
    for batch in batches:
        journal.commit("utility", "e", batch)
        left -= {n for first, last in batch for n in range(first, last + 1)}
        assert seqs(journal) == sorted(left)
        backlog = journal.backlog("utility")
        assert backlog.count == len(left)
        assert backlog.oldest_at == (NOW + min(left) - 1 if left else None)
    journal.close()


def test_a_second_process_is_refused_and_told_who_holds_it(journal: Journal, path: str) -> None:
    with pytest.raises(JournalError) as refused:
        Journal(path, "e2", Limits())
    assert refused.value.key == "journal_locked"
    assert refused.value.facts["pid"].isdigit()
    assert journal.append("sweep", 1, b"x") == 1


def test_closing_lets_another_process_have_it(path: str) -> None:
    Journal(path, "e1", Limits()).close()
    Journal(path, "e2", Limits()).close()


def test_a_newer_schema_is_refused_untouched(path: str) -> None:
    Journal(path, "e1", Limits()).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    before = Path(path).read_bytes()
    for opening in (lambda: Journal(path, "e2", Limits()), lambda: Journal.open_reading(path)):
        with pytest.raises(JournalError) as refused:
            opening()
        assert refused.value.key == "journal_newer"
    assert Path(path).read_bytes() == before


def test_another_programs_database_is_refused_untouched(path: str) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    before = Path(path).read_bytes()
    with pytest.raises(JournalError) as refused:
        Journal(path, "e1", Limits())
    assert refused.value.key == "journal_foreign"
    assert Path(path).read_bytes() == before


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(JournalError) as refused:
        Journal(str(tmp_path / "state" / "journal.db"), "e1", Limits())
    assert refused.value.key == "journal_unusable"
    assert len(refused.value.text("en")) <= 200


def test_a_full_disk_loses_only_the_call_and_is_usable_when_room_is_back(
    journal: Journal,
) -> None:
    fill(journal, 3)
    journal._connection.execute("PRAGMA max_page_count = 8")
    with pytest.raises(JournalError) as full:
        journal.append("sweep", NOW, b"x" * 100_000)
    assert full.value.facts["why"] == "the disk is full"
    assert journal.head == 3
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    assert journal.append("sweep", NOW, b"x" * 100_000) == 4


def test_an_oversized_body_is_refused(path: str) -> None:
    journal = Journal(path, "e1", Limits(max_body=10))
    with pytest.raises(JournalError):
        journal.append("sweep", NOW, b"x" * 11)
    assert journal.append("sweep", NOW, b"x" * 10) == 1
    journal.close()


def test_a_reader_sees_the_writers_entries_while_it_writes(journal: Journal, path: str) -> None:
    fill(journal, 2)
    reader = Journal.open_reading(path)
    assert [e.seq for e in reader.read(0, 9)] == [1, 2]
    fill(journal, 1)
    assert reader.head == 3
    reader.close()


def test_a_reader_cannot_write(journal: Journal, path: str) -> None:
    reader = Journal.open_reading(path)
    with pytest.raises(sqlite3.OperationalError):
        reader._connection.execute("DELETE FROM entry")
    reader.close()


def test_reading_where_there_is_no_journal_makes_none(path: str) -> None:
    with pytest.raises(JournalError) as missing:
        Journal.open_reading(path)
    assert missing.value.key == "journal_missing"
    assert not Path(path).exists()
