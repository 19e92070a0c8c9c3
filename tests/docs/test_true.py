"""What every page says of the tree: linked pages and named files are there, no key stands twice."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "tests/vectors/README.md"]
)

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(
    r"`((?:cext|protocol|edge|firmware_sim|tests|bench|examples|deploy|docs|scripts)/[\w./-]+)`"
)
LATER = {"edge/command", "firmware_sim/trial"}
"""Rooms that are spoken of and have no code yet."""


def told(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_linked_page_is_there(page: Path) -> None:
    links = [link for link in LINK.findall(told(page)) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_named_by_its_path_is_there(page: Path) -> None:
    named = set(NAMED.findall(told(page))) - LATER
    assert sorted(path for path in named if not (ROOT / path).exists() and not module(path)) == []


def module(path: str) -> bool:
    """Whether a room that is one file is meant: protocol/quantity."""
    return (ROOT / f"{path}.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_row_stands_twice_in_a_table(page: Path) -> None:
    twice = []
    for table in re.findall(r"(?:^\|.*\n)+", told(page), flags=re.MULTILINE):
        first = [row.split("|")[1].strip() for row in table.splitlines()]
        twice += sorted({cell for cell in first if cell and first.count(cell) > 1})
    assert twice == []
