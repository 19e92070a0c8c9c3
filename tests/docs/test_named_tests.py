"""Every test that a page names is there: by its file, its name, or how that begins (…)."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("firmware.md",)
NAMED = re.compile(r"`((?:[\w/]+/)?test_\w+\.py)?(?:::)?(test_\w+…?)?`")
"""`path/test_file.py`, `test_file.py::test_name`, `test_begins…`."""


def told(page: str) -> str:
    """The page."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def named(text: str) -> list[tuple[str, str]]:
    """(file or "", test or "") of each test that a text names."""
    return [found for found in NAMED.findall(text) if any(found)]


@cache
def known_tests() -> dict[str, frozenset[str]]:
    """The tests of each file, by its path."""
    return {
        path.relative_to(ROOT).as_posix(): frozenset(
            re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        )
        for path in (ROOT / "tests").rglob("*.py")
    }


def is_there(file: str, test: str) -> bool:
    """Whether there is such a test, in that file if one is named."""
    where = [
        known
        for path, known in known_tests().items()
        if f"/{path}".endswith(f"/{file}") or not file
    ]
    if not test:
        return bool(where)
    begins = test.endswith("…")
    wanted = test.removesuffix("…")
    return any(
        one.startswith(wanted) if begins else one == wanted for known in where for one in known
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_test_a_page_names_is_there(page: str) -> None:
    found = named(told(page))
    assert len(found) > 60
    assert [one for one in found if not is_there(*one)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_feature_of_a_table_of_tests_names_one(page: str) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", told(page), flags=re.MULTILINE)
    rows = []
    for table in tables:
        head, _, *body = table.splitlines()
        if head.split("|")[-2].strip().startswith("test"):
            rows += body
    assert len(rows) > 40
    assert [row for row in rows if not named(row)] == []


@pytest.mark.parametrize(
    "text",
    [
        "`test_there_is_none_like_this…`",
        "`test_nowhere.py`",
        "`test_rows.py::test_the_address_is_read_with_13`",
        "`test_the_address_is_read_with`",
    ],
)
def test_a_test_that_is_not_there_is_found(text: str) -> None:
    assert [one for one in named(text) if not is_there(*one)]
