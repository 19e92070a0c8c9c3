"""docs/payload.md shows what the code sends, key for key, and the head-end that is tested."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from protocol.uplink import (
    Batch,
    CardDevices,
    CardFeeder,
    CardLine,
    CardTransformer,
    Commit,
    Event,
    EventMessage,
    LineHealth,
    Part,
    Quality,
    SiteCard,
    State,
    batch_payload,
    commit_payload,
    event_payload,
    read_batch,
    read_commit,
    read_event,
    read_site_card,
    read_state,
    site_payload,
    state_payload,
)
from protocol.uplink.state import SlotCoverage

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "payload.md").read_text(encoding="utf-8")
EPOCH = "3f9c2a71d0b84e65"

EXAMPLES = {
    "data": batch_payload(
        Part(
            slot=2_000_000,
            line="b1",
            part=0,
            last=False,
            meters=["202506010001", "202506010002"],
            t=[1_800_000_000_412, 1_800_000_001_007],
            dt={"current_a": [296, 0]},
            columns={"voltage_a": [2301, None], "current_a": [4512, None]},
            q=[0, int(Quality.NO_ANSWER)],
        ),
        EPOCH,
        1024,
        "live",
    ),
    "event": event_payload(
        Event(
            id="line_down-b1-1800000000000",
            type="line_down",
            subject="b1",
            place="T1/F1/B1",
            since=1_800_000_000_000,
            cause="the port is gone",
            evidence={"due_devices": 48},
            severity="warning",
            duty="JN-LX-M01/metering",
        ),
        EPOCH,
        1025,
        "live",
    ),
    "state": state_payload(
        State(
            status="online",
            at=1_800_000_060_000,
            version="0.1.0",
            config="9c41d2aa07be1f30",
            clock="trusted",
            epoch=EPOCH,
            health="ok",
            lines={
                "b1": LineHealth(
                    state="up",
                    read=48,
                    due=48,
                    sweeps=12,
                    sweep_ms=41250,
                    utilisation=0.981,
                    counters={"noise": 3},
                )
            },
            slot=SlotCoverage(slot=30_000_001, read=48, due=48),
            open_count=1,
            open_events=[
                Event(
                    id="line_down-b2-1800000000000",
                    type="line_down",
                    subject="b2",
                    place="T1/F2/B2",
                    since=1_800_000_000_000,
                    cause="the port is gone",
                    severity="warning",
                    duty="JN-LX-M01/metering",
                )
            ],
            uplink={"connections": 1, "sent": 24, "accepted": 24, "no_subscriber": 0},
        )
    ),
    "will": state_payload(
        State(status="offline", reason="lost", version="0.1.0", config="9c41d2aa07be1f30")
    ),
    "site": site_payload(
        SiteCard(
            site="luying",
            name="Luying",
            gateway="gw1",
            config="9c41d2aa07be1f30",
            timezone="Asia/Shanghai",
            period_s=60,
            transformers=[CardTransformer(id="T1", rated_kva=400.0)],
            feeders=[CardFeeder(id="F1", transformer="T1")],
            lines=[CardLine(id="b1"), CardLine(id="station")],
            devices=CardDevices(
                id=["370112000001", "370112009001", "tmu1"],
                kind=["household", "master", "tmu"],
                line=["b1", "station", "station"],
                phase=["A", "ABC", ""],
                place=["T1/F1/B1/B1-1", "T1", "T1"],
            ),
        )
    ),
    "commit": commit_payload(Commit(epoch=EPOCH, ranges=[(1, 1024), (1030, 1030)])),
}
READERS = {
    "data": read_batch,
    "event": read_event,
    "state": read_state,
    "will": read_state,
    "site": read_site_card,
    "commit": read_commit,
}


def shown(name: str) -> str:
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)\n```", TEXT, re.DOTALL)
    assert found, f"docs/payload.md has no example {name}"
    return found.group(1)


def table(title: str) -> dict[str, str]:
    section = TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {key: row[1] for row in rows for key in re.findall(r"`([^`]+)`", row[1])}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_what_the_code_sends(name: str) -> None:
    assert json.loads(shown(name)) == json.loads(EXAMPLES[name])
    assert list(json.loads(shown(name))) == list(json.loads(EXAMPLES[name]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_can_be_read(name: str) -> None:
    READERS[name](shown(name).encode())


@pytest.mark.parametrize(
    ("title", "struct"),
    [
        ("Data", Batch),
        ("Event", EventMessage),
        ("State", State),
        ("Site card", SiteCard),
        ("Commit", Commit),
    ],
)
def test_each_key_has_its_row(title: str, struct: type[msgspec.Struct]) -> None:
    assert set(table(title)) == set(struct.__struct_fields__)


def test_each_quality_bit_has_its_row() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| `([A-Z_]+)` \|", TEXT, re.MULTILINE))
    assert {int(value): name for value, name in rows.items()} == {
        bit.value: bit.name for bit in Quality
    }


def test_each_topic_is_named() -> None:
    assert "boxgate/1/{site}/{gateway}/…" in TEXT
    for tail in ("data", "event", "state", "site", "commit", "request/{verb}", "response/{verb}"):
        assert f"`…/{tail}`" in TEXT


def test_the_head_end_is_shown_as_it_is() -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert (DOCS / "headend.py").read_text(encoding="utf-8") in blocks
