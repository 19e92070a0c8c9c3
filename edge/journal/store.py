"""The journal: the one place where data waits, durable from the moment append returns.

Theory of operation. Everything the gateway reads or finds out is appended as one entry of one
sequence `seq`. Readers inside the gateway keep cursors; destinations outside acknowledge closed
ranges of seq, which merge into what is *settled* for them. A seq is only meaningful together with
the file's `epoch`: a corrupt file is set aside and a new one begins a new epoch at seq 1, so an
acknowledgement of the old file can never settle an entry of the new one.

What goes first when there is no room, and why:
  1. entries older than the age limit, oldest first;
  2. delivered entries (acknowledged by every destination that ever acknowledged), oldest first;
  3. undelivered entries, oldest first: a loss, counted in `dropped` inside the file.

A failed call (disk full, I/O error) has changed nothing and the object stays usable: the next
call tries the disk again. One thread only.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from edge.journal import file, ranges
from edge.journal.model import JournalError, Limits, Pruned
from edge.journal.ranges import Range
from edge.journal.reader import GONE, JournalReader

__all__ = ["Journal", "JournalError"]

CLOCK_SET = 1_577_836_800_000
"""2020-01-01 in ms UTC: an entry from before was stamped by a clock that had not been set."""

_AGE_CHUNK = 2000
_SIZE_CHUNK = 32
_SIZE_ROUNDS = 64
"""Bounds of one prune, so that the core thread is never long away; the next one goes on."""


class Journal(JournalReader):
    """The journal opened for writing, by one process at a time.

    `set_aside` names the file a corrupt journal was renamed to ("" = the file was sound). Opening
    raises JournalError when another process holds it, its schema is newer, or the disk fails.
    """

    def __init__(self, path: str, new_epoch: str, limits: Limits) -> None:
        self.limits = limits
        self.set_aside = ""
        self._new_epoch = new_epoch
        self._renewals = 0
        self._broken = False
        """The file is corrupt and the disk refused a new one: each call begins by trying again."""
        self._lock = file.take_lock(path)
        try:
            connection, self.set_aside = file.open_writing(path, new_epoch)
            super().__init__(path, connection)
            self._file = file.identity(path)
        except BaseException:
            os.close(self._lock)
            raise

    @staticmethod
    def open_reading(path: str) -> JournalReader:
        """The journal read-only, whether or not an agent is writing it; JournalError if none."""
        return JournalReader(path, file.open_reading(path))

    def append(self, kind: str, at: int, body: bytes, cursor: tuple[str, int] | None = None) -> int:
        """Keeps one entry, and moves a reader's cursor (reader, seq) in the same transaction.

        Committed, synced to disk, when it returns its seq; JournalError and nothing kept if not.
        """
        if len(body) > self.limits.max_body:
            raise JournalError("journal_too_large", size=len(body), limit=self.limits.max_body)
        with self._transaction():
            seq = self._connection.execute(
                "INSERT INTO entry (kind, at, crc, body) VALUES (?, ?, ?, ?)",
                (kind, at, zlib.crc32(body), body),
            ).lastrowid
            if cursor is not None:
                self._connection.execute(
                    "INSERT INTO cursor (reader, seq) VALUES (?, ?) "
                    "ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq",
                    cursor,
                )
        return int(seq or 0)

    def commit(self, dest: str, epoch: str, acknowledged: Sequence[Range]) -> bool:
        """Settles closed ranges of seq for a destination; what lies outside 1..head is cut off.

        False, and nothing changed, when the epoch is not this file's.
        """
        if epoch != self._epoch:
            return False
        if not dest:
            raise ValueError("a destination needs a name")
        with self._transaction():
            self._settle(dest, ranges.clip(acknowledged, 1, self._head()))
        return True

    def prune(self, now_ms: int) -> Pruned:
        """Drops what is too old or too much, in the stated order; bounded work for one call.

        Call it with a trusted wall clock only (ms UTC): a clock years ahead would make all old.
        JournalError `journal_gone`, after its work, when somebody removed or replaced the file:
        what is kept since then can be delivered, and is lost when this process ends.
        """
        with self._transaction():
            delivered, undelivered = self._drop(self._too_old(now_ms))
            for _ in range(_SIZE_ROUNDS):
                if self._used() <= self.limits.max_bytes:
                    break
                victims = self._first_to_go()
                if not victims:
                    break
                more_delivered, more_undelivered = self._drop(victims)
                delivered += more_delivered
                undelivered += more_undelivered
            if undelivered:
                self._count("dropped", undelivered)
        if file.identity(self.path) != self._file:
            raise JournalError("journal_gone", path=self.path)
        return Pruned(delivered, undelivered)

    def close(self) -> None:
        """Closes the file and lets another process have it."""
        super().close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _settle(self, dest: str, added: Sequence[Range]) -> None:
        old = self._ranges(dest)
        new = ranges.merge(old, added)
        gone, come = set(old) - set(new), set(new) - set(old)
        self._connection.executemany(
            "DELETE FROM settled WHERE dest = ? AND first = ?", [(dest, r[0]) for r in gone]
        )
        self._connection.executemany(
            "INSERT INTO settled (dest, first, last) VALUES (?, ?, ?)",
            [(dest, *r) for r in sorted(come)],
        )

    def _delivered(self) -> list[Range]:
        """What every destination has acknowledged; nothing while there is no destination."""
        dests = self._connection.execute("SELECT DISTINCT dest FROM settled WHERE dest <> ''")
        shared: list[Range] | None = None
        for (dest,) in dests.fetchall():
            own = self._ranges(dest)
            shared = own if shared is None else ranges.common(shared, own)
        return shared or []

    def _too_old(self, now_ms: int) -> list[int]:
        """The oldest entries beyond the age limit, up to the first that is young enough.

        An entry stamped by an unset clock has no age of its own: it goes with the next one after
        it whose time is known, because it was read before that.
        """
        old: list[int] = []
        undated: list[int] = []
        if now_ms < CLOCK_SET:
            return old
        rows = self._connection.execute(
            "SELECT seq, at FROM entry ORDER BY seq LIMIT ?", (_AGE_CHUNK,)
        )
        for seq, at in rows:
            undated.append(seq)
            if at < CLOCK_SET:
                continue
            if at >= now_ms - self.limits.max_age_ms:
                break
            old += undated
            undated = []
        return old

    def _first_to_go(self) -> list[int]:
        """The next few entries to drop for room: delivered ones, else simply the oldest."""
        for first, last in ranges.common(self._delivered(), self._kept()):
            rows = self._connection.execute(
                "SELECT seq FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                (first, last, _SIZE_CHUNK),
            ).fetchall()
            if rows:
                return [seq for (seq,) in rows]
        rows = self._connection.execute(
            "SELECT seq FROM entry ORDER BY seq LIMIT ?", (_SIZE_CHUNK,)
        ).fetchall()
        return [seq for (seq,) in rows]

    def _kept(self) -> list[Range]:
        return list(ranges.gaps(self._ranges(GONE), 0, self._head()))

    def _drop(self, seqs: Sequence[int]) -> tuple[int, int]:
        """Removes entries; how many of them were delivered and how many were not."""
        if not seqs:
            return 0, 0
        lost = ranges.of(seqs)
        delivered = ranges.total(ranges.common(lost, self._delivered()))
        self._connection.executemany("DELETE FROM entry WHERE seq = ?", [(s,) for s in seqs])
        self._settle(GONE, lost)
        return delivered, len(seqs) - delivered

    def _used(self) -> int:
        """Bytes of pages in use, within the running transaction."""
        facts = [
            int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        ]
        return (facts[0] - facts[1]) * facts[2]

    def _count(self, name: str, more: int) -> None:
        self._connection.execute(
            "UPDATE meta SET value = CAST(value AS INTEGER) + ? WHERE name = ?", (more, name)
        )

    def _on_damaged(self, seqs: list[int]) -> None:
        """One flipped bit costs one entry: it is given up, counted, and nobody waits for it."""
        with self._transaction():
            self._drop(seqs)
            self._count("damaged", len(seqs))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            finally:
                # After some errors (disk full) SQLite has already rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        if self._broken:
            raise self._renew()
        with super()._told():
            yield

    def _failed(self, error: sqlite3.Error) -> Exception:
        if not file.is_corrupt(error):
            return super()._failed(error)
        self._broken = True
        self._connection.close()
        self.set_aside = ""
        return self._renew()

    def _renew(self) -> JournalError:
        """Sets a file aside that turned out corrupt while in use and begins a new one.

        The error to raise: what has been done, or why it could not be.
        """
        self._renewals += 1
        epoch = f"{self._new_epoch}-{self._renewals}"
        try:
            # only once: a file that a try before this one left half made is finished
            if not self.set_aside and os.path.exists(self.path):
                self.set_aside = file.set_aside(self.path)
            self._connection, _ = file.open_writing(self.path, epoch)
            self._file = file.identity(self.path)
            self._load()
        except (sqlite3.Error, OSError) as error:
            return file.failure(self.path, error)
        self._broken = False
        return JournalError("journal_set_aside", path=self.path, aside=self.set_aside)
