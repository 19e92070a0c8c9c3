"""docs/results.md and docs/payload.md say of results what the desk gives."""

import json
import re
from pathlib import Path

from cext.load import GAP_MS
from edge.analysis.desk import Desk
from edge.analysis.loading import COLUMNS
from protocol.uplink.batch import batch_payload
from tests.edge.analysis.parts import F1, MINUTE, T1, loaded, part, xiyuan

DOCS = Path(__file__).parents[3] / "docs"


def test_the_example_of_a_result_is_what_the_desk_gives() -> None:
    desk = Desk(xiyuan())
    uneven = {"current_b": 243_000, "active_power_b": 541_000, "active_power": 1_715_000}
    rows = {T1: loaded(58_700, 262, 19_300) | uneven, F1: {}}
    for at in range(16):
        begin = 1_800_000_000_000 + at * MINUTE
        (result,) = desk.take(part(rows, t=begin, slot=30_000_000 + at))
    sent = json.loads(batch_payload(result, "3f9c2a71d0b84e65", 1026, "live"))
    text = (DOCS / "payload.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- result -->\n```json\n(.*?)\n```", text, re.DOTALL)
    assert found
    shown = json.loads(found.group(1))
    assert shown == sent
    assert list(shown["columns"]) == list(sent["columns"])


def test_every_column_has_its_row_and_no_row_names_another() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    named: set[str] = set()
    for line in text.splitlines():
        if not line.startswith("| `"):
            continue
        for first, last in re.findall(r"`([a-z_]+)`(?: … `_?([a-z_]+)`)?", line.split("|")[1]):
            named |= {first[:-1] + x for x in "abc"} if last else {first}
    assert named == set(COLUMNS)


def test_the_page_names_the_gap_that_is_bridged() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    assert f"at most {GAP_MS // MINUTE} min apart" in text
