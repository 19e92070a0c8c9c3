"""A journal for sessions that do not ask about power cuts: it does not wait for the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal import Journal, Limits


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(str(tmp_path / "journal.db"), "e1", Limits())
    opened._connection.execute("PRAGMA synchronous = OFF")
    yield opened
    opened.close()
