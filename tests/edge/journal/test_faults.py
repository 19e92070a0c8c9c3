"""Damaged files, a killed process, a folder that turns read-only: what was accepted stays."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.journal import Journal, JournalError, Limits

NOW = 1_800_000_000_000

APPENDER = """
import os, sys
from edge.journal import Journal, Limits
journal = Journal(sys.argv[1], "e1", Limits())
while True:
    seq = journal.append("sweep", 1_800_000_000_000, os.urandom(3000))
    os.write(1, f"{seq}\\n".encode())
"""


def made(path: Path, count: int = 5) -> None:
    journal = Journal(str(path), "e1", Limits())
    for number in range(count):
        journal.append("sweep", NOW + number, bytes([number]) * 3000)
    journal.close()


@pytest.mark.parametrize(
    "damage",
    [b"this was never a database", b"SQLite format 3\x00" + b"\xff" * 5000],
    ids=["text", "header-only"],
)
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(damage)
    journal = Journal(str(path), "e2", Limits())
    assert journal.set_aside == str(path) + ".corrupt-1"
    assert Path(journal.set_aside).read_bytes() == damage
    assert (journal.epoch, journal.head, journal.append("sweep", NOW, b"x")) == ("e2", 0, 1)
    journal.close()


def test_a_damaged_page_is_found_when_opening(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    made(path, 50)
    content = bytearray(path.read_bytes())
    content[4096 * 6 : 4096 * 9] = b"\x5a" * (4096 * 3)
    path.write_bytes(content)
    journal = Journal(str(path), "e2", Limits())
    assert journal.set_aside
    assert journal.epoch == "e2"
    journal.close()


def test_a_journal_without_its_tables_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE meta (name, value)")
        raw.execute("PRAGMA user_version = 1")
    raw.close()
    journal = Journal(str(path), "e2", Limits())
    assert journal.set_aside
    journal.close()


def test_files_set_aside_are_numbered_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for number in range(1, 8):
        path.write_bytes(b"damage %d" % number)
        journal = Journal(str(path), "e", Limits())
        assert journal.set_aside.endswith(f".corrupt-{number}")
        journal.close()
    left = sorted(p.name for p in tmp_path.glob("*.corrupt-*"))
    assert left == [f"journal.db.corrupt-{n}" for n in (4, 5, 6, 7)]


def test_a_flipped_bit_in_a_body_costs_that_entry_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    made(path)
    content = path.read_bytes()
    place = content.index(b"\x02" * 3000) + 1500
    path.write_bytes(content[:place] + b"\x03" + content[place + 1 :])
    journal = Journal(str(path), "e2", Limits())
    assert [e.seq for e in journal.waiting("utility", 0, 5, 9)] == [1, 2, 4, 5]
    assert journal.damaged == 1
    assert journal.backlog("utility").count == 4
    journal.close()


def corrupt_in_use(path: Path) -> Journal:
    """A journal whose file went bad behind its first pages after it was opened."""
    made(path, 50)
    journal = Journal(str(path), "e2", Limits())
    with path.open("r+b") as raw:
        raw.seek(4096 * 3)
        raw.write(b"\x5a" * (path.stat().st_size - 4096 * 3))
    journal._connection.execute("PRAGMA shrink_memory")
    return journal


def test_a_file_found_corrupt_in_use_is_replaced_and_said(tmp_path: Path) -> None:
    journal = corrupt_in_use(tmp_path / "journal.db")
    with pytest.raises(JournalError) as told:
        journal.read(0, 100)
    assert told.value.key == "journal_set_aside"
    assert journal.epoch == "e2-1"
    assert not journal.commit("utility", "e1", [(1, 50)])
    assert journal.append("sweep", NOW, b"x") == 1
    journal.close()


def read_only(*args: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def no_room(path: str, new_epoch: str) -> None:
    sqlite3.connect(path).executescript("PRAGMA user_version = 0")
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


@pytest.mark.parametrize(
    ("step", "refusal"),
    [("os.replace", read_only), ("edge.journal.file._open", no_room)],
)
def test_a_corrupt_file_that_the_disk_lets_nobody_replace_is_replaced_when_it_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, refusal: Callable[..., None]
) -> None:
    """A card that fails first flips bits, then turns read-only: the agent must outlive both."""
    journal = corrupt_in_use(tmp_path / "journal.db")
    calls: list[Callable[[], object]] = [
        lambda: journal.read(0, 100),
        lambda: journal.append("sweep", NOW, b"x"),
        lambda: journal.commit("utility", "e1", [(1, 1)]),
        lambda: journal.backlog("utility"),
        lambda: journal.prune(NOW),
        lambda: journal.head,
    ]
    with monkeypatch.context() as sick:
        sick.setattr(step, refusal)
        for call in calls:
            with pytest.raises(JournalError) as told:
                call()
            assert told.value.key == "journal_unusable"
    with pytest.raises(JournalError) as told:
        journal.append("sweep", NOW, b"x")
    assert told.value.key == "journal_set_aside"
    assert journal.epoch.startswith("e2-")
    assert journal.append("sweep", NOW, b"x") == 1
    assert not journal.commit("utility", "e1", [(1, 50)])
    assert Path(journal.set_aside).stat().st_size > 50 * 3000
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 1
    journal.close()


def test_an_io_error_during_append_keeps_nothing_and_heals(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal.db"), "e1", Limits())
    journal._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalError):
        journal.append("sweep", NOW, b"x")
    journal._connection.execute("PRAGMA query_only = 0")
    assert journal.append("sweep", NOW, b"x") == 1
    journal.close()


def test_a_half_made_file_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"")
    journal = Journal(str(path), "e1", Limits())
    assert (journal.epoch, journal.set_aside) == ("e1", "")
    journal.close()


def test_every_append_acknowledged_before_kill_9_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, path], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().splitlines(True) if line[-1] == "\n"]
        process.wait(10)
        process.stdout.close()
        journal = Journal(path, "other", Limits())
        assert journal.epoch == "e1"
        assert journal.set_aside == ""
        assert told[-1] <= journal.head <= told[-1] + 1
        assert {e.seq for e in journal.read(0, 100_000)} == set(range(1, journal.head + 1))
        journal.close()


def test_a_file_removed_under_its_journal_is_said_at_every_prune(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(str(path), "e1", Limits())
    journal.append("sweep", NOW, b"x")
    journal.prune(NOW)
    path.unlink()
    for _ in range(2):
        with pytest.raises(JournalError) as raised:
            journal.prune(NOW)
        assert raised.value.key == "journal_gone"
    assert [entry.body for entry in journal.read(0, 9)] == [b"x"]
    journal.close()
