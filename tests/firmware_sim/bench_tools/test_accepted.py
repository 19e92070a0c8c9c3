"""The journal's account: arrived, still waiting, lost; absences are no readings."""

import json
import pathlib
import sqlite3
from contextlib import closing
from typing import Any

import msgspec
import pytest

from edge.words import BoxgateError
from firmware_sim.bench_tools.accepted import Accepted, Account
from firmware_sim.bench_tools.children import ROOT


def part(t: int, value: int | None = 2301, **more: Any) -> bytes:
    """A journal's body, as protocol/uplink/part.py describes it."""
    return msgspec.msgpack.encode({"meters": ["1"], "t": [t], "columns": {"u": [value]}, **more})


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> pathlib.Path:
    """Three parts, of which the first two are acknowledged."""
    path = tmp_path / "journal.db"
    schema = sorted((ROOT / "edge" / "journal" / "schema").glob("*.sql"))[0]
    with closing(sqlite3.connect(path)) as file:
        file.executescript(schema.read_text(encoding="utf-8"))
        for body in (part(100), part(200, dt={"u": [7]}), part(300)):
            file.execute("INSERT INTO entry(kind, at, crc, body) VALUES ('sweep', 0, 0, ?)", [body])
        file.execute("INSERT INTO settled VALUES ('uplink', 1, 2)")
        file.commit()
    return path


def account(journal: pathlib.Path, *times: int) -> Account:
    rows = [{"meter": "1", "quantity": "u", "t": t, "value": 230.1} for t in times]
    readings = journal.with_name("readings.jsonl")
    readings.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Accepted(journal).account(readings)


def test_what_was_acknowledged_and_arrived_is_well(journal: pathlib.Path) -> None:
    assert account(journal, 100, 207) == Account(3, 2, 1, 0, "")


def test_what_was_acknowledged_and_did_not_arrive_is_lost_and_named(
    journal: pathlib.Path,
) -> None:
    found = account(journal, 100)
    assert (found.lost, found.first_lost) == (1, "1 u")


def test_what_arrived_without_its_acknowledgement_does_not_wait(journal: pathlib.Path) -> None:
    assert account(journal, 100, 207, 300) == Account(3, 3, 0, 0, "")


def test_an_absence_is_no_reading(journal: pathlib.Path) -> None:
    with closing(sqlite3.connect(journal)) as file:
        file.execute("UPDATE entry SET body = ? WHERE seq = 1", [part(100, None)])
        file.commit()
    assert account(journal, 207) == Account(2, 1, 1, 0, "")


def test_a_journal_that_is_none_is_one_sentence(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "journal.db"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(BoxgateError) as caught:
        Accepted(path)
    assert caught.value.key == "demo_no_journal"
