"""Was anything accepted lost? The journal's own rows against what arrived at the subscriber.

A reading (a value, not its absence) is accepted once it is in the journal. The file is read as what
it is, SQLite and MessagePack, without the agent's code: what it holds and the utility acknowledged
must have arrived; what nobody acknowledged yet waits there and is not lost.
"""

import json
import pathlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import msgspec

from edge.words import BoxgateError

Reading = tuple[str, str, int]
"""(device, quantity, UTC ms): a reading's identity (docs/payload.md)."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every reading the journal accepted."""

    accepted: int
    arrived: int
    """Accepted and at the subscriber."""
    waiting: int
    """Accepted, in the journal, not acknowledged yet."""
    lost: int
    """Acknowledged, and yet not at the subscriber."""
    first_lost: str
    """A device and quantity of them."""


class Accepted:
    """The readings in a journal whose agent has stopped."""

    def __init__(self, journal: pathlib.Path) -> None:
        self._settled: set[Reading] = set()
        self._waiting: set[Reading] = set()
        try:
            with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as file:
                ranges = file.execute("SELECT first, last FROM settled WHERE dest <> ''").fetchall()
                for seq, body in file.execute("SELECT seq, body FROM entry WHERE kind = 'sweep'"):
                    settled = any(first <= seq <= last for first, last in ranges)
                    (self._settled if settled else self._waiting).update(_readings(body))
        except (sqlite3.Error, msgspec.DecodeError, KeyError) as error:
            raise BoxgateError("demo_no_journal", path=journal, cause=error) from error

    def account(self, readings: pathlib.Path) -> Account:
        """Set against what the head-end wrote until now."""
        arrived = _arrived(readings)
        every = self._settled | self._waiting
        lost = sorted(self._settled - arrived)
        return Account(
            accepted=len(every),
            arrived=len(every & arrived),
            waiting=len(self._waiting - arrived),
            lost=len(lost),
            first_lost=" ".join(lost[0][:2]) if lost else "",
        )


def _readings(body: bytes) -> set[Reading]:
    part = msgspec.msgpack.decode(body)
    late = part.get("dt", {})
    found = set()
    for name, values in part["columns"].items():
        offsets = late.get(name) or [0] * len(values)
        rows = zip(part["meters"], part["t"], offsets, values, strict=True)
        found |= {(device, name, t + dt) for device, t, dt, value in rows if value is not None}
    return found


def _arrived(path: pathlib.Path) -> set[Reading]:
    # the last line may be half written while the head-end still runs
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    rows = (json.loads(line) for line in whole.splitlines())
    return {(row["meter"], row["quantity"], row["t"]) for row in rows if row["value"] is not None}
