"""The one way into the journal: what the disk refuses waits, what no disk can take does not."""

from pathlib import Path

from edge.journal import Journal, Limits
from edge.journal.intake import NEVER, RETRY_NS, Intake, Record

NOW = 1_800_000_000_000


def record(body: bytes) -> Record:
    return Record("sweep", NOW, body)


def test_a_record_the_disk_refuses_waits_before_those_behind_it(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j.db"), "e1", Limits())
    intake = Intake(journal)
    journal._connection.execute("PRAGMA query_only = 1")
    intake.add(record(b"1"))
    assert intake.store(0) is not None
    intake.add(record(b"2"))
    assert intake.store(1) is None  # the same refusal still
    assert (intake.held, intake.retry_at) == (2, 1 + RETRY_NS)
    journal._connection.execute("PRAGMA query_only = 0")
    assert intake.store(RETRY_NS) is None
    assert (intake.held, intake.accepted, intake.retry_at) == (0, 2, NEVER)
    assert [entry.body for entry in journal.read(0, 9)] == [b"1", b"2"]
    journal.close()


def test_a_record_longer_than_any_entry_is_counted_and_holds_nothing(tmp_path: Path) -> None:
    """Held, it would be refused at every try, pause the lines, and end all reading."""
    journal = Journal(str(tmp_path / "j.db"), "e1", Limits(max_body=10))
    intake = Intake(journal)
    for body in (b"1", bytes(11), b"2"):
        intake.add(record(body))
    refusal = intake.store(0)
    assert refusal is not None
    assert refusal.key == "journal_too_large"
    assert (intake.held, intake.accepted, intake.dropped) == (0, 2, 1)
    assert intake.retry_at == NEVER
    assert [entry.body for entry in journal.read(0, 9)] == [b"1", b"2"]
    journal.close()
