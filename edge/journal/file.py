"""The journal's file: opened, locked, brought up to the newest schema, set aside when corrupt.

The lock is a file of its own beside the journal: SQLite's exclusive mode would also keep out the
readers (`boxgate latest`), which are welcome at any time.
"""

import fcntl
import functools
import os
import sqlite3
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from edge.journal.model import JournalError

BUSY_S = 2.0
"""Longest wait for another process's lock on the file; readers never hold one for long."""

CHECK_BYTES = 64 << 20
"""Files up to this size are checked whole when opened (about 0.1 s for each 64 MB)."""

KEPT_ASIDE = 4
"""How many files set aside are kept; the oldest goes first, so that a bad disk cannot fill up."""

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an I/O error",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_CORRUPT: "its pages are damaged",
    sqlite3.SQLITE_NOTADB: "it is not a journal",
}


@functools.cache
def schema() -> tuple[str, ...]:
    """The migrations in order; their count is the newest user_version."""
    folder = resources.files("edge.journal").joinpath("schema")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(file.read_text(encoding="utf-8") for file in files)


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error, 0 when it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, as against a disk that is full, gone or read-only."""
    return code(error) in _CORRUPT


def failure(path: str, error: sqlite3.Error | OSError) -> JournalError:
    """The error for a person."""
    if isinstance(error, OSError):
        why = error.strerror or str(error)
    else:
        why = _REASONS.get(code(error)) or str(error)
    return JournalError("journal_unusable", path=path, why=why)


def take_lock(path: str) -> int:
    """The file descriptor that holds this journal for this process; JournalError if taken."""
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise failure(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace") or "?"
        os.close(lock)
        raise JournalError("journal_locked", path=path, pid=holder) from error
    except OSError as error:
        os.close(lock)
        raise failure(path, error) from error
    return lock


def identity(path: str) -> tuple[int, int] | None:
    """Which file stands at the path (device, inode); None when none does."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_writing(path: str, new_epoch: str) -> tuple[sqlite3.Connection, str]:
    """The connection, and where a corrupt file was set aside ("" = it was sound)."""
    aside = ""
    try:
        try:
            return _open(path, new_epoch), aside
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            aside = set_aside(path)
            return _open(path, new_epoch), aside
    except (sqlite3.Error, OSError) as error:
        raise failure(path, error) from error


def open_reading(path: str) -> sqlite3.Connection:
    """A read-only connection, beside a running writer or alone."""
    if not os.path.exists(path):
        raise JournalError("journal_missing", path=path)
    try:
        connection = _connect_reading(path)
        try:
            _refuse_newer(path, connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise failure(path, error) from error
    return connection


def set_aside(path: str) -> str:
    """Renames a corrupt file, its log with it, to the next free .corrupt-<n>; gives that name."""
    folder, name = os.path.split(path)
    taken = sorted(
        int(number)
        for entry in os.listdir(folder or ".")
        if entry.startswith(name + ".corrupt-") and (number := entry.rpartition("-")[2]).isdigit()
    )
    aside = f"{path}.corrupt-{taken[-1] + 1 if taken else 1}"
    os.replace(path, aside)
    if os.path.exists(path + "-wal"):
        os.replace(path + "-wal", aside + "-wal")
    _remove(path + "-shm")
    for old in taken[: max(0, len(taken) + 1 - KEPT_ASIDE)]:
        _remove(f"{path}.corrupt-{old}")
        _remove(f"{path}.corrupt-{old}-wal")
    return aside


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.remove(path)


def _open(path: str, new_epoch: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        _refuse_newer(path, connection)
        _refuse_foreign(path, connection)
        if os.path.getsize(path) <= CHECK_BYTES:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise corrupt(str(verdict))
        connection.execute("PRAGMA journal_mode = WAL")
        # An append that has returned survives a power cut: FULL syncs the log at each commit.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        _migrate(connection, new_epoch)
        _verify(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(path: str, connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version > len(schema()):
        raise JournalError("journal_newer", path=path, found=version, known=len(schema()))


def _refuse_foreign(path: str, connection: sqlite3.Connection) -> None:
    """Some other program's SQLite file is neither ours to use nor to set aside."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if _version(connection) == 0 and tables:
        raise JournalError("journal_foreign", path=path)


def _migrate(connection: sqlite3.Connection, new_epoch: str) -> None:
    """Each missing migration in a transaction of its own, with its number."""
    for number in range(_version(connection) + 1, len(schema()) + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{schema()[number - 1]};\nPRAGMA user_version = {number};"
            )
            if number == 1:
                connection.executemany(
                    "INSERT INTO meta (name, value) VALUES (?, ?)",
                    [("epoch", new_epoch), ("dropped", "0"), ("damaged", "0")],
                )
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _verify(connection: sqlite3.Connection) -> None:
    """A file of our version without our tables is as damaged as one with broken pages."""
    try:
        for table in ("meta", "entry", "cursor", "settled"):
            connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        if code(error) == sqlite3.SQLITE_ERROR:
            raise corrupt(str(error)) from error
        raise
    if connection.execute("SELECT 1 FROM meta WHERE name = 'epoch'").fetchone() is None:
        raise corrupt("no epoch")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def corrupt(verdict: str) -> sqlite3.DatabaseError:
    """The error SQLite would raise for a damaged file, for damage it does not look for."""
    error = sqlite3.DatabaseError(verdict)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _connect_reading(path: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.path.abspath(path))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        _version(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        # A journal nobody writes, in a folder we may not write: without its shared memory file
        # it can only be read as one that does not change.
        if code(error) != sqlite3.SQLITE_CANTOPEN or os.path.exists(path + "-wal"):
            raise
        connection = sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None)
    return connection
