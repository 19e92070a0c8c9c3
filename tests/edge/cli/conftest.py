"""The place that bad input is tried in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.cli.bad import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place, and the far end of its pty held open without ever answering."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    yield Place(tmp_path, path)
    os.close(master)
