"""The session and its connection: lost, refused, silent, of another MQTT version; it comes back."""

from edge.journal import Journal
from edge.uplink.net import Acked, Connected, Lost, Refused
from edge.uplink.session import Phase
from tests.edge.uplink.broker_model import SECOND, fill, left, world


def test_what_was_in_flight_when_the_connection_broke_is_sent_again(journal: Journal) -> None:
    fill(journal, 5)
    w = world(journal)
    w.online()
    w.take_all()
    fill(journal, 5)
    w.step()
    w.take(answer=False)
    w.lose()
    w.online()
    w.take_all()
    assert [b.seq for b in w.seen] == [1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10]
    assert w.first_seen("backlog") == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    assert w.first_seen("live") == [6]
    assert left(journal) == []


def test_events_of_an_older_connection_are_passed_over(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.take()
    handle = w.inbox[0].handle
    w.lose()
    w.online()
    w.step(Acked(1, handle, 0))
    w.step(Lost(1, "late"))
    assert w.session.phase is Phase.ONLINE
    assert left(journal) == [1]


def test_reconnects_wait_longer_each_time_up_to_five_minutes(journal: Journal) -> None:
    w = world(journal)
    w.step()
    waits = []
    for _ in range(14):
        w.step(Refused(w.connection, 0, "unreachable"))
        waits.append((w.wake - w.now) / SECOND)
        w.until_wake()
        assert w.session.phase is Phase.CONNECTING
    assert 1 <= waits[0] <= 2
    assert waits[:8] == sorted(waits[:8])
    assert all(150 <= wait <= 300 for wait in waits[-4:])


def test_two_gateways_do_not_come_back_together(journal: Journal) -> None:
    waits = set()
    for gateway in ("g1", "g2", "g3", "g4"):
        w = world(journal, gateway=gateway)
        w.step()
        w.step(Refused(w.connection, 0, "unreachable"))
        waits.add(w.wake)
    assert len(waits) == 4


def test_a_stable_connection_begins_the_waiting_anew(journal: Journal) -> None:
    w = world(journal)
    w.step()
    for _ in range(6):
        w.step(Refused(w.connection, 0, "unreachable"))
        w.until_wake()
    w.online()
    w.take_all()
    w.sleep(61)
    w.lose()
    assert w.wake - w.now <= 2 * SECOND


def test_a_short_connection_does_not(journal: Journal) -> None:
    w = world(journal)
    w.step()
    for _ in range(6):
        w.step(Refused(w.connection, 0, "unreachable"))
        w.until_wake()
    w.online()
    w.lose()
    assert w.wake - w.now > 30 * SECOND


def test_a_broker_that_never_answers_connect_is_given_up_after_ten_seconds(
    journal: Journal,
) -> None:
    w = world(journal)
    w.step()
    assert w.wake == 10 * SECOND
    w.sleep(10)
    assert w.disconnects[0].connection == 1
    assert w.session.phase is Phase.IDLE
    assert "CONNACK" in w.session.reason


def test_a_publish_without_answer_for_thirty_seconds_ends_the_connection_without_a_word(
    journal: Journal,
) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.take()
    w.sleep(29.9)
    assert not w.disconnects
    w.sleep(0.2)
    assert w.disconnects[0].abrupt
    w.online()
    w.take_all()
    assert left(journal) == []


def test_only_connack_132_falls_back_to_mqtt_3(journal: Journal) -> None:
    w = world(journal)
    w.step()
    w.step(Lost(w.connection, "dropped"))
    w.sleep(3)
    for code in (0, 128, 133, 134, 135, 136, 137, 159):
        w.step(Refused(w.connection, code, "no"))
        w.sleep(400)
        assert w.connects[-1].protocol == "5"
        w.sleep(0)
        if w.session.phase is not Phase.CONNECTING:
            w.until_wake()
    w.step(Refused(w.connection, 132, "unsupported protocol version"))
    assert w.connects[-1].protocol == "3.1.1"
    assert w.session.phase is Phase.CONNECTING


def test_a_first_connect_dropped_unheard_is_followed_by_a_bare_one_that_only_asks(
    journal: Journal,
) -> None:
    fill(journal, 1)
    w = world(journal)
    w.step()
    w.step(Lost(w.connection, "dropped"))
    w.until_wake()
    assert (w.connects[-1].protocol, w.connects[-1].will_topic) == ("5", "")
    w.step(Connected(w.connection, "5"))
    assert w.disconnects[-1].connection == w.connection
    assert not w.inbox
    w.until_wake()
    assert w.connects[-1].will_topic == "boxgate/1/s/g/state"
    w.step(Lost(w.connection, "dropped"))
    w.until_wake()
    assert w.connects[-1].will_topic == "boxgate/1/s/g/state"


def test_a_connect_never_answered_is_followed_by_a_bare_one_too(journal: Journal) -> None:
    w = world(journal)
    w.step()
    w.until_wake()
    assert w.session.phase is Phase.IDLE
    w.until_wake()
    assert w.connects[-1].will_topic == ""


def test_a_broker_that_answers_132_only_to_the_bare_connect_gets_mqtt_3(journal: Journal) -> None:
    w = world(journal)
    w.step()
    w.step(Lost(w.connection, "dropped"))
    w.until_wake()
    w.step(Refused(w.connection, 132, "unsupported protocol version"))
    assert (w.connects[-1].protocol, w.connects[-1].will_topic) == ("3.1.1", "boxgate/1/s/g/state")


def test_drops_alone_never_lead_to_mqtt_3(journal: Journal) -> None:
    w = world(journal)
    w.step()
    for _ in range(9):
        w.step(Lost(w.connection, "dropped"))
        w.until_wake()
    assert {connect.protocol for connect in w.connects} == {"5"}
    assert [bool(c.will_topic) for c in w.connects[:4]] == [True, False, True, False]


def test_a_configured_protocol_never_changes(journal: Journal) -> None:
    w = world(journal, protocol="5")
    w.step()
    w.step(Refused(w.connection, 132, "unsupported protocol version"))
    w.sleep(3)
    assert w.connects[-1].protocol == "5"
    assert world(journal, protocol="3.1.1").step().items[0].protocol == "3.1.1"  # type: ignore[union-attr]
