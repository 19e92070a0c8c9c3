"""Whatever parts and port states come, in whatever order: events begin once, end once, and nest."""

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.analysis.happenings import event_types
from edge.analysis.watch import Watch
from protocol.uplink.event import Event, decode_event, encode_event
from tests.edge.analysis.sweeps import BOX, SITE, STATION, T0, WORDS, sweep_part

DUE = {
    "b1": (*BOX["B1-1"][:4], *BOX["B1-2"][:3], BOX["B1-3"][0]),
    "station": (STATION[0], STATION[1], "tmu1"),
}
PLACES = {
    device: next((box for box, meters in BOX.items() if device in meters), "")
    for line in DUE.values()
    for device in line
}
ROWS = {
    line: st.dictionaries(st.sampled_from([*due, "stranger"]), st.sampled_from(sorted(WORDS)))
    | st.sampled_from(sorted(WORDS)).map(lambda word, due=due: dict.fromkeys(due, word))  # type: ignore[misc]
    for line, due in DUE.items()
}
DEEDS = st.lists(
    st.one_of(
        *(
            st.tuples(st.just("part"), st.just(line), ROWS[line], st.integers(0, 2), st.booleans())
            for line in DUE
        ),
        st.tuples(st.just("part"), st.just("nowhere"), ROWS["b1"], st.just(0), st.booleans()),
        st.tuples(
            st.just("line"),
            st.sampled_from([*DUE, "nowhere"]),
            st.sampled_from(["up", "down", "stopped"]),
            st.sampled_from(["", "gone"]),
        ),
        st.tuples(st.just("journal"), st.sampled_from(["", "full", "gone"])),
        st.tuples(st.just("start")),
        st.tuples(st.just("clock"), st.integers(-120_000, 600_000)),
    ),
    max_size=60,
)


def told(watch: Watch, deeds: list[tuple[object, ...]]) -> list[list[Event]]:
    """What each deed made the watch say."""
    now, slot, said = T0, 0, []
    for deed in deeds:
        match deed:
            case ("part", str(line), dict(rows), int(ahead), bool(last)):
                slot += ahead
                said.append(watch.part(sweep_part(line, slot, rows, last=last), now))
            case ("line", str(line), str(state), str(reason)):
                said.append(watch.line(line, state, reason, now))
            case ("journal", str(refused)):
                said.append(watch.journal(refused, now))
            case ("start",):
                said.append(watch.started("1", "e", now))
            case ("clock", int(by)):
                now += by
    return said


def check(event: Event, running: dict[str, Event], over: set[str]) -> None:
    """One event against all before it."""
    assert event.id not in over
    assert event.until is None or event.until >= event.since
    begun = running.get(event.id)
    if begun is None:
        assert event.until is None or event.type == "gateway_started"
        others = {(other.type, other.subject) for other in running.values()}
        assert (event.type, event.subject) not in others
    else:
        same = ("type", "subject", "place", "since", "severity", "duty")
        assert all(getattr(event, name) == getattr(begun, name) for name in same)
    if event.until is None:
        running[event.id] = event
    else:
        running.pop(event.id, None)
        over.add(event.id)


def nested(running: dict[str, Event]) -> None:
    """No open event stands in a place that a wider one already speaks for."""
    by_type: dict[str, set[str]] = {}
    for event in running.values():
        by_type.setdefault(event.type, set()).add(event.subject)
    lines = by_type.get("line_silent", set())
    boxes = by_type.get("box_silent", set())
    for device in by_type.get("meter_silent", set()):
        assert PLACES[device] not in boxes
        assert not any(device in DUE[line] for line in lines)
    assert not (boxes and "b1" in lines)
    assert not lines & by_type.get("line_down", set())


@settings(max_examples=300)
@given(DEEDS)
def test_events_begin_once_end_once_and_never_stand_twice_in_one_place(
    deeds: list[tuple[object, ...]],
) -> None:
    running: dict[str, Event] = {}
    over: set[str] = set()
    for events in told(Watch(SITE, DUE), deeds):
        for event in events:
            check(event, running, over)
            assert event.type in event_types()
            assert decode_event(encode_event(event)) == event
        nested(running)
    assert len(running) <= 1 + 2 * len(DUE) + len(BOX) + len(PLACES)


@settings(max_examples=100)
@given(DEEDS)
def test_a_whole_sweep_of_answers_and_open_ports_leave_no_silence_open(
    deeds: list[tuple[object, ...]],
) -> None:
    watch = Watch(SITE, DUE)
    running: dict[str, Event] = {}
    said = told(watch, deeds)
    for number, (line, due) in enumerate(DUE.items()):
        said.append(watch.line(line, "up", "", T0))
        rows = dict.fromkeys(due, "ok")
        said.append(watch.part(sweep_part(line, 1000 + number, rows), T0))
    said.append(watch.journal("", T0))
    for event in (event for events in said for event in events):
        check(event, running, set())
    assert running == {}


SCRIPT = """
import json, sys
from tests.edge.analysis.sweeps import *
from tests.edge.analysis.test_watch_properties import DUE, told
from edge.analysis.watch import Watch
deeds = [("start",)]
for word in ("ok", "silent", "silent", "garbled", "ok", "silent"):
    for line, due in DUE.items():
        deeds.append(("part", line, dict.fromkeys(due[:-1], word) | {due[-1]: "ok"}, 1, True))
deeds += [("line", "b1", "down", "x"), ("journal", "full")]
events = [event for some in told(Watch(SITE, DUE), deeds) for event in some]
print(json.dumps([[e.id, e.type, e.until] for e in events]))
"""


def test_the_same_inputs_give_the_same_events_under_any_hash_seed() -> None:
    root = Path(__file__).parents[3]
    found = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin"},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(json.loads(found[0])) > 5
