"""The session settles on the word that counts, keeps order within a lane, and never gives up."""

import pytest

from edge.journal import Journal
from edge.uplink.net import NEVER, Actions, Connected, Lost, Message
from protocol.uplink import Event, State, encode_event
from protocol.uplink.event import read_event
from protocol.uplink.state import read_state
from tests.edge.uplink.broker_model import SECOND, fill, left, world


def test_the_first_step_connects_with_the_will(journal: Journal) -> None:
    w = world(journal)
    w.session.state(State(status="online", version="1.2", config="abc"))
    w.step()
    connect = w.connects[0]
    assert (connect.connection, connect.protocol, connect.keepalive) == (1, "5", 60)
    assert connect.will_topic == "boxgate/1/s/g/state"
    will = read_state(connect.will_payload)
    assert (will.status, will.reason, will.version, will.epoch) == ("offline", "lost", "1.2", "e1")


def test_everything_in_the_journal_arrives_once_and_in_order(journal: Journal) -> None:
    fill(journal, 50)
    w = world(journal)
    w.online()
    w.take_all()
    assert [b.seq for b in w.seen] == list(range(1, 51))
    assert {b.lane for b in w.seen} == {"backlog"}
    assert [b.slot for b in w.seen] == list(range(1, 51))
    assert left(journal) == []


def test_the_retained_state_goes_out_first_at_every_connect(journal: Journal) -> None:
    w = world(journal)
    w.session.state(State(status="online", at=7))
    w.online()
    assert w.inbox[0].topic == "boxgate/1/s/g/state"
    assert (w.inbox[0].retain, w.inbox[0].qos) == (True, 1)
    w.take()
    assert w.states[-1].at == 7
    w.lose()
    w.online()
    w.take()
    assert len(w.states) == 2
    assert w.states[-1].uplink["connections"] == 2


def test_the_site_card_goes_out_retained_before_the_state_at_every_connect(
    journal: Journal,
) -> None:
    w = world(journal)
    w.session.announce(b"card")
    for connection in (1, 2):
        w.online()
        first = w.inbox[0]
        assert (first.topic, first.payload) == ("boxgate/1/s/g/site", b"card")
        assert (first.retain, first.qos) == (True, 1)
        assert len(w.states) == connection - 1
        w.take_all()
        assert (len(w.cards), len(w.states)) == (connection, connection)
        w.session.announce(b"card")
        w.step()
        assert not w.inbox
        w.lose()


def test_a_new_card_is_announced_on_the_connection_that_stands(journal: Journal) -> None:
    w = world(journal)
    w.session.announce(b"old")
    w.online()
    w.take_all()
    w.session.announce(b"new")
    w.step()
    w.take_all()
    assert [card.payload for card in w.cards] == [b"old", b"new"]
    assert len(w.states) == 1


def test_without_a_card_nothing_is_announced(journal: Journal) -> None:
    w = world(journal)
    w.online()
    w.take_all()
    assert w.cards == []


@pytest.mark.parametrize("window", [1, 2, 20])
def test_the_card_waits_its_turn_in_any_window(journal: Journal, window: int) -> None:
    fill(journal, 30)
    w = world(journal, window=window)
    w.session.announce(b"card")
    w.online()
    assert [p.topic.rpartition("/")[2] for p in w.inbox if p.retain] == ["site"]
    w.take_all()
    assert (len(w.cards), len(w.states), left(journal)) == (1, 1, [])
    assert w.most <= window


def test_a_card_longer_than_the_brokers_packets_is_left_unsaid_and_counted(
    journal: Journal,
) -> None:
    w = world(journal)
    w.session.announce(b"x" * 2000)
    w.online(maximum_packet=1500)
    w.take_all()
    assert w.cards == []
    assert w.states[0].uplink["cards_too_long"] == 1
    w.lose()
    w.online()
    w.take_all()
    assert len(w.cards) == 1


def test_a_refused_card_is_counted_and_stops_nothing(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal)
    w.session.announce(b"card")
    w.online()
    w.take(reason=135)
    w.take_all()
    assert w.session.counters.refused == 1
    assert (len(w.states), left(journal)) == (1, [])


def test_the_farewell_says_no_card(journal: Journal) -> None:
    w = world(journal)
    w.online()
    w.take_all()
    w.session.announce(b"card")
    w.session.stop(w.now)
    w.step()
    assert [p.topic for p in w.inbox] == ["boxgate/1/s/g/state"]
    w.take_all()
    assert (w.session.closed, w.cards) == (True, [])


def test_a_new_state_waits_for_the_one_in_flight(journal: Journal) -> None:
    w = world(journal)
    w.online()
    for at in (1, 2, 3):
        w.session.state(State(status="online", at=at))
        w.step()
    assert len(w.inbox) == 1
    w.take_all()
    assert [s.at for s in w.states] == [None, 3]


def test_a_connection_begins_with_one_entry_alone(journal: Journal) -> None:
    fill(journal, 50)
    w = world(journal)
    w.online()
    assert len([p for p in w.inbox if p.topic.endswith("/data")]) == 1


def test_the_window_is_kept_and_leaves_room_for_live_entries(journal: Journal) -> None:
    fill(journal, 200)
    w = world(journal, window=20)
    w.online()
    w.take()
    w.take()
    in_flight = len(w.inbox)
    assert in_flight < 19
    fill(journal, 1)
    w.step()
    assert len(w.inbox) == in_flight + 1
    assert b'"seq":201' in w.inbox[-1].payload
    assert b'"lane":"live"' in w.inbox[-1].payload
    w.take_all()
    assert w.most <= 20
    assert w.first_seen("backlog") == list(range(1, 201))


@pytest.mark.parametrize("window", [1, 2, 3, 20])
def test_any_window_delivers_everything(journal: Journal, window: int) -> None:
    fill(journal, 10)
    w = world(journal, window=window)
    w.online()
    w.take_all()
    assert left(journal) == []
    assert w.most <= window


def test_the_brokers_receive_maximum_narrows_the_window(journal: Journal) -> None:
    fill(journal, 30)
    w = world(journal)
    w.online(receive_maximum=3)
    w.take_all()
    assert w.most <= 3
    assert left(journal) == []


def test_nothing_is_settled_before_its_acknowledgement(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal)
    w.online()
    w.sleep(5)
    assert left(journal) == [1, 2, 3]
    w.take_all()
    assert left(journal) == []


def test_acknowledgements_share_transactions(journal: Journal) -> None:
    fill(journal, 160)
    w = world(journal)
    commits = []
    real = journal.commit
    journal.commit = lambda *a: commits.append(a) or real(*a)  # type: ignore[method-assign]
    w.online()
    w.take_all()
    assert left(journal) == []
    assert len(commits) <= 14


def test_an_acknowledgement_waits_a_second_at_most(journal: Journal) -> None:
    fill(journal, 60)
    w = world(journal)
    w.online()
    for _ in range(4):
        w.take()
    assert len(left(journal)) > 57 - 1
    w.sleep(1.1)
    assert left(journal) == list(range(4, 61))


def test_without_subscribers_nothing_is_settled_and_all_comes_later_in_order(
    journal: Journal,
) -> None:
    fill(journal, 30)
    w = world(journal)
    w.subscribed = False
    w.online()
    for _ in range(20):
        w.take_all()
        w.sleep(5)
    assert left(journal) == list(range(1, 31))
    assert 2 <= w.session.counters.no_subscriber <= 20
    w.subscribed = True
    w.until_wake()
    w.take_all()
    assert [b.seq for b in w.seen] == list(range(1, 31))
    assert left(journal) == []


@pytest.mark.parametrize("reason", [16, 128, 131, 135, 144, 151, 153])
def test_a_refused_publish_is_not_settled_and_comes_again(journal: Journal, reason: int) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.take()
    w.take(reason=reason)
    assert left(journal) == [1]
    assert not w.inbox
    w.sleep(2.1)
    w.take_all()
    assert [b.seq for b in w.seen] == [1]
    assert left(journal) == []


def test_a_refused_live_entry_stays_live(journal: Journal) -> None:
    w = world(journal)
    w.online()
    w.take()
    fill(journal, 2)
    w.step()
    w.take(reason=16)
    w.until_wake()
    w.take_all()
    assert [(b.seq, b.lane) for b in w.seen] == [(1, "live"), (2, "live")]


def test_a_window_refused_together_is_one_reason_to_wait(journal: Journal) -> None:
    fill(journal, 60)
    w = world(journal)
    w.online()
    w.take()
    w.take()
    assert len(w.inbox) > 10
    w.subscribed = False
    w.take_all()
    assert w.wake - w.now <= 2 * SECOND
    w.subscribed = True
    w.until_wake()
    w.take_all()
    assert w.first_seen("backlog") == list(range(1, 61))


def test_pauses_after_refusals_grow_and_are_bounded(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.subscribed = False
    w.online()
    w.take_all()
    pauses = []
    for _ in range(10):
        before = w.now
        w.until_wake()
        pauses.append((w.now - before) / SECOND)
        w.take_all()
    assert pauses == sorted(pauses[:6]) + pauses[6:]
    assert 0.9 < pauses[0] <= 2
    assert 30 <= pauses[-1] <= 60


def test_with_head_end_ack_only_commit_messages_settle(journal: Journal) -> None:
    fill(journal, 30)
    w = world(journal, ack="head-end")
    w.online()
    assert w.subscriptions == ["boxgate/1/s/g/commit"]
    w.take_all()
    assert len(w.seen) == 30
    assert len(left(journal)) == 30
    w.commit((1, 10), (15, 15), epoch="other")
    w.sleep(2)
    assert len(left(journal)) == 30
    w.commit((1, 10), (15, 15))
    w.sleep(2)
    assert left(journal) == [11, 12, 13, 14, *range(16, 31)]


def test_a_bad_commit_is_counted_and_changes_nothing(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal, ack="head-end")
    w.online()
    for payload in (b"", b"{}", b"\xff", b'{"epoch":"e1","ranges":[[1,"x"]]}'):
        w.step(Message(w.connection, "boxgate/1/s/g/commit", payload, False))
    w.step(Message(w.connection, "boxgate/1/s/other/commit", b"", False))
    assert w.session.counters.bad_commits == 4
    assert left(journal) == [1]


def test_with_broker_ack_a_commit_message_means_nothing(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.commit((1, 1))
    w.sleep(2)
    assert left(journal) == [1]


def test_uncommitted_entries_are_sent_again_after_long_silence_ever_less_often(
    journal: Journal,
) -> None:
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    w.sleep(599)
    assert not w.inbox
    w.sleep(2)
    w.take_all()
    assert [b.seq for b in w.seen] == [1, 2, 3, 1, 2, 3]
    w.sleep(900)
    assert not w.inbox
    w.sleep(301)
    w.take_all()
    assert len(w.seen) == 9
    w.commit((1, 3))
    w.sleep(10_000)
    assert not w.inbox
    assert left(journal) == []


def test_uncommitted_entries_are_sent_again_after_a_reconnect(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    w.commit((2, 2))
    w.lose()
    w.online()
    w.take_all()
    assert [b.seq for b in w.seen] == [1, 2, 3, 1, 3]


def test_events_go_to_their_own_topic(journal: Journal) -> None:
    event = Event(id="x", type="line_down", subject="b1", since=5)
    journal.append("event", 5, encode_event(event))
    w = world(journal)
    w.online()
    w.take()
    publish = w.inbox[0]
    assert publish.topic == "boxgate/1/s/g/event"
    assert read_event(publish.payload).subject == "b1"


def test_an_entry_that_is_no_message_blocks_nothing_and_stays(journal: Journal) -> None:
    journal.append("sweep", 5, b"garbage")
    journal.append("mystery", 5, b"")
    fill(journal, 3)
    w = world(journal)
    w.online()
    w.take_all()
    assert [b.seq for b in w.seen] == [3, 4, 5]
    assert left(journal) == [1, 2]
    assert w.session.counters.unsendable == 2
    w.lose()
    w.online()
    assert w.session.counters.unsendable == 2


def test_many_unsendable_entries_take_many_steps_not_one_long(journal: Journal) -> None:
    for _ in range(300):
        journal.append("mystery", 5, b"")
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.sleep(0.1)
    w.take_all()
    assert [b.seq for b in w.seen] == [301]


def test_an_entry_longer_than_the_brokers_packets_is_set_apart(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online(maximum_packet=100)
    w.take_all()
    assert not w.seen
    assert w.session.counters.unsendable == 1


@pytest.mark.parametrize(("packet", "told"), [(0, [True]), (300, [False]), (100, [])])
def test_a_state_longer_than_the_brokers_packets_is_said_bare_or_not_at_all(
    journal: Journal, packet: int, told: list[bool]
) -> None:
    w = world(journal)
    w.online(maximum_packet=packet)
    w.take_all()
    assert [bool(state.uplink) for state in w.states] == told


def test_a_failing_journal_pauses_the_session_and_loses_nothing(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal)
    w.online()
    journal._connection.execute("PRAGMA query_only = 1")
    w.take_all()
    assert w.session.counters.journal_errors >= 1
    assert left(journal) == [1, 2, 3]
    journal._connection.execute("PRAGMA query_only = 0")
    w.sleep(6)
    w.take_all()
    w.sleep(6)
    assert left(journal) == []


def test_stop_says_goodbye_and_disconnects(journal: Journal) -> None:
    w = world(journal)
    w.session.state(State(status="online", version="1"))
    w.online()
    w.take_all()
    w.session.stop(w.now)
    w.step()
    assert not w.session.closed
    w.take()
    assert (w.states[-1].status, w.states[-1].reason) == ("offline", "stopped")
    assert w.session.closed
    assert not w.disconnects[0].abrupt
    assert w.step() == Actions((), NEVER)


def test_stop_settles_what_was_acknowledged(journal: Journal) -> None:
    fill(journal, 40)
    w = world(journal)
    w.online()
    for _ in range(5):
        w.take()
    w.session.stop(w.now)
    w.step()
    w.take_all()
    assert w.session.closed
    assert set(left(journal)) == set(range(1, 41)) - w.acked


@pytest.mark.parametrize("phase", ["idle", "connecting", "leaving"])
def test_stop_ends_in_two_seconds_from_anywhere(journal: Journal, phase: str) -> None:
    w = world(journal)
    w.step()
    if phase == "leaving":
        w.step(Connected(w.connection, "5"))
    if phase == "idle":
        w.step(Lost(w.connection, "x"))
    w.session.stop(w.now)
    w.step()
    w.sleep(2)
    assert w.session.closed


def test_a_journal_begun_anew_is_sent_from_its_beginning(journal: Journal) -> None:
    fill(journal, 5)
    w = world(journal)
    w.online()
    w.take_all()
    fill(journal, 2)
    w.step()
    journal._connection.execute("DELETE FROM sqlite_sequence")
    journal._connection.execute("DELETE FROM entry")
    journal._connection.execute("DELETE FROM settled")
    journal._epoch = "e2"
    fill(journal, 3)
    w.step()
    w.take_all()
    assert [b.seq for b in w.seen if b.epoch == "e2"] == [1, 2, 3]
    assert left(journal) == []
