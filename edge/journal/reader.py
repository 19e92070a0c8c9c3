"""Reading the journal: entries in order, what a destination waits for, how much that is.

The reader is safe beside a running writer: SQLite's write-ahead log gives it a whole state.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from edge.journal import file, ranges
from edge.journal.model import Backlog, Entry
from edge.journal.ranges import Range

GONE = ""
"""Stands for no destination: the ranges of seq whose entries are no longer kept."""

_COLUMNS = "seq, kind, at, crc, body"


class JournalReader:
    """A journal opened for reading only; every method may raise JournalError."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        with self._told():
            self._load()

    @property
    def epoch(self) -> str:
        """The identity of this journal file: a seq means nothing without it."""
        return self._epoch

    @property
    def head(self) -> int:
        """The last seq given, 0 = none yet."""
        with self._told():
            return self._head()

    @property
    def dropped(self) -> int:
        """Entries given up before delivery since this file was made."""
        return self._meta("dropped")

    @property
    def damaged(self) -> int:
        """Entries given up because their checksum failed, since this file was made."""
        return self._meta("damaged")

    def read(self, after: int, limit: int) -> list[Entry]:
        """Up to `limit` entries with seq > after, ascending."""
        with self._told():
            return self._entries("seq > ? ORDER BY seq LIMIT ?", (after, limit))

    def tail(self, limit: int, before: int | None = None) -> list[Entry]:
        """Up to `limit` newest entries with seq < before, newest first."""
        with self._told():
            bound = 2**63 - 1 if before is None else before
            return self._entries("seq < ? ORDER BY seq DESC LIMIT ?", (bound, limit))

    def waiting(self, dest: str, after: int, upto: int, limit: int) -> list[Entry]:
        """Up to `limit` entries in (after, upto] not yet settled for dest, ascending."""
        with self._told():
            found: list[Entry] = []
            for first, last in ranges.gaps(self._settled_of(dest), after, upto):
                room = limit - len(found)
                if room <= 0:
                    break
                found += self._entries(
                    "seq BETWEEN ? AND ? ORDER BY seq LIMIT ?", (first, last, room)
                )
            return found

    def backlog(self, dest: str) -> Backlog:
        """How many entries dest still waits for, and since when the oldest of them."""
        with self._told():
            head, settled = self._head(), self._settled_of(dest)
            count = head - ranges.total(ranges.clip(settled, 1, head))
            oldest = None
            for first, last in ranges.gaps(settled, 0, head):
                row = self._connection.execute(
                    "SELECT at FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1",
                    (first, last),
                ).fetchone()
                if row:
                    oldest = int(row[0])
                    break
            return Backlog(count, oldest)

    def cursor(self, reader: str) -> int:
        """How far a reader inside the gateway has come, 0 = not begun."""
        with self._told():
            row = self._connection.execute(
                "SELECT seq FROM cursor WHERE reader = ?", (reader,)
            ).fetchone()
            return int(row[0]) if row else 0

    def close(self) -> None:
        """Gives the file back; a closed journal is not to be used again."""
        self._connection.close()

    def _load(self) -> None:
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
        if row is None:
            raise file.corrupt("no epoch")
        self._epoch = str(row[0])

    def _head(self) -> int:
        row = self._connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'entry'"
        ).fetchone()
        return int(row[0]) if row else 0

    def _meta(self, name: str) -> int:
        with self._told():
            row = self._connection.execute(
                "SELECT value FROM meta WHERE name = ?", (name,)
            ).fetchone()
            return int(row[0]) if row else 0

    def _settled_of(self, dest: str) -> list[Range]:
        """What dest no longer waits for: what it acknowledged, and what is no longer here."""
        return ranges.merge(self._ranges(dest), self._ranges(GONE))

    def _ranges(self, dest: str) -> list[Range]:
        rows = self._connection.execute(
            "SELECT first, last FROM settled WHERE dest = ? ORDER BY first", (dest,)
        )
        return [(int(first), int(last)) for first, last in rows]

    def _entries(self, where: str, values: tuple[int, ...]) -> list[Entry]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM entry WHERE {where}", values)
        sound: list[Entry] = []
        bad: list[int] = []
        for seq, kind, at, crc, body in rows:
            if zlib.crc32(body) == crc:
                sound.append(Entry(seq, kind, at, body))
            else:
                bad.append(seq)
        if bad:
            self._on_damaged(bad)
        return sound

    def _on_damaged(self, seqs: list[int]) -> None:
        """A reader passes over entries whose checksum fails; the writer also gives them up."""

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors as JournalError; misuse (wrong thread, closed) stays what it is."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> Exception:
        return file.failure(self.path, error)
