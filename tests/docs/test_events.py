"""docs/events.md names every type of event as the table of types has it."""

import re
from pathlib import Path

from edge.analysis.happenings import event_types

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The table under the heading: first cell -> the other cells."""
    section = TEXT.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in found}


def test_each_type_has_its_row_with_its_severity_and_duties() -> None:
    shown = {name: cells[:2] for name, cells in rows("# Events").items()}
    assert shown == {
        one.type: [one.severity, ", ".join(one.duties)] for one in event_types().values()
    }


def test_each_type_that_has_evidence_shows_it() -> None:
    assert set(rows("## Evidence")) == set(event_types()) - {"journal_refused"}
