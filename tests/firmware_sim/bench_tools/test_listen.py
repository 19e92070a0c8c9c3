"""What the gateway says at the broker, and that no bytes disturb whoever listens."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_sim.bench_tools.broker import free_port
from firmware_sim.bench_tools.listen import MOST_EVENTS, Listener, Result

GATEWAY = "boxgate/1/xiyuan-5/gw1"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One at a port where nobody listens: its messages are handed to it."""
    found = Listener(free_port())
    yield found
    found.close()


def event(number: int, until: int | None = None) -> bytes:
    facts = {"id": f"e{number}", "type": "line_down", "subject": "b1", "since": 1, "until": until}
    return json.dumps(facts).encode()


def test_a_result_is_kept_row_by_row_and_a_sweep_is_not(listener: Listener) -> None:
    batch = {"meters": ["T1", "F1"], "t": [5, 6], "columns": {"loading": [46.1, None]}}
    listener.take(f"{GATEWAY}/data", json.dumps({**batch, "kind": "result"}).encode())
    listener.take(f"{GATEWAY}/data", json.dumps({**batch, "kind": "sweep"}).encode())
    assert listener.results() == [
        Result("T1", 5, {"loading": 46.1}),
        Result("F1", 6, {"loading": None}),
    ]


def test_an_event_that_ends_replaces_its_beginning(listener: Listener) -> None:
    listener.take(f"{GATEWAY}/event", event(1))
    listener.take(f"{GATEWAY}/event", event(1, until=9))
    assert [told.until for told in listener.events()] == [9]


def test_a_message_with_rows_missing_is_counted_and_nothing_of_it_kept(listener: Listener) -> None:
    short = {"kind": "result", "meters": ["T1", "F1"], "t": [5], "columns": {"loading": [1.0, 2.0]}}
    listener.take(f"{GATEWAY}/data", json.dumps(short).encode())
    assert listener.unreadable == 1
    assert listener.results() == []


def test_events_have_a_bound(listener: Listener) -> None:
    for number in range(MOST_EVENTS + 1):
        listener.take(f"{GATEWAY}/event", event(number))
    assert len(listener.events()) == MOST_EVENTS


def test_the_word_of_a_gateway_that_leaves_does_not_hide_how_its_lines_did(
    listener: Listener,
) -> None:
    online = {"status": "online", "at": 7, "backlog": 0, "lines": {"b1": {"sweeps": 2}}}
    listener.take(f"{GATEWAY}/state", json.dumps(online).encode())
    listener.take(f"{GATEWAY}/state", json.dumps({"status": "offline", "lines": {}}).encode())
    assert listener.line("b1") == {"sweeps": 2}
    assert (listener.backlog, listener.told_at()) == (0, 7)
    assert listener.line("b9") == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    topic=st.sampled_from(["state", "event", "data", "else"]),
    payload=st.binary() | st.from_regex(rb'\{"kind": ?"result".*\}', fullmatch=True),
)
def test_any_bytes_are_counted_and_passed_over(
    listener: Listener, topic: str, payload: bytes
) -> None:
    listener.take(f"{GATEWAY}/{topic}", payload)
    assert listener.results() == []
