"""Events at the wrong time, late, or behind each other: the session makes of each what is right."""

import pytest

from edge.agent import Core
from edge.door import Clock, CoreSettings, Tick
from edge.journal import Journal
from edge.uplink.net import (
    Acked,
    Connect,
    Connected,
    Disconnect,
    Lost,
    Message,
    NetEvent,
    Publish,
    Refused,
    Subscribed,
)
from edge.uplink.session import Phase, Session, UplinkSettings
from protocol.uplink import Commit, commit_payload
from tests.edge.test_core import SITE
from tests.edge.uplink.broker_model import SECOND, World, fill, left, world

COMMIT = "boxgate/1/s/g/commit"
WALL = 1_800_000_000_000


def brought_to(phase: Phase, journal: Journal) -> World:
    """A session in that phase, with one entry in flight where there is a connection."""
    w = world(journal, ack="head-end")
    w.step()
    if phase in (Phase.ONLINE, Phase.LEAVING):
        w.step(Connected(w.connection, "5"))
    if phase is Phase.IDLE:
        w.step(Lost(w.connection, "x"))
    if phase in (Phase.LEAVING, Phase.CLOSED):
        w.session.stop(w.now)
        w.step()
    assert w.session.phase is phase
    return w


HEARD = {
    (Phase.CONNECTING, Connected): Phase.ONLINE,
    (Phase.CONNECTING, Refused): Phase.IDLE,
    (Phase.CONNECTING, Lost): Phase.IDLE,
    (Phase.ONLINE, Refused): Phase.IDLE,
    (Phase.ONLINE, Lost): Phase.IDLE,
    (Phase.LEAVING, Refused): Phase.CLOSED,
    (Phase.LEAVING, Lost): Phase.CLOSED,
}
"""Where an event leads; everywhere else the phase stays."""


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", [Connected, Refused, Lost, Acked, Message, Subscribed])
def test_every_event_in_every_phase_leads_where_the_table_says(
    journal: Journal, phase: Phase, kind: type
) -> None:
    fill(journal, 1)
    w = brought_to(phase, journal)
    one = w.connection
    events: dict[type, NetEvent] = {
        Connected: Connected(one, "5"),
        Refused: Refused(one, 135, "no"),
        Lost: Lost(one, "gone"),
        Acked: Acked(one, 999, 0),
        Message: Message(one, COMMIT, b"{}", False),
        Subscribed: Subscribed(one, COMMIT),
    }
    w.step(events[kind])
    assert w.session.phase is HEARD.get((phase, kind), phase)


def test_a_connection_refused_after_all_is_lost_at_once(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.step(Refused(w.connection, 135, "Not authorized"))
    assert (w.session.phase, w.session.reason) == (Phase.IDLE, "Not authorized")
    w.online()
    w.take_all()
    assert left(journal) == []


def test_waiting_while_the_broker_refuses_never_spins(journal: Journal) -> None:
    """The head-end is gone: no commit for ten minutes, and nobody subscribes."""
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    w.sleep(599.9)
    fill(journal, 1)
    w.step()
    w.take(reason=16)
    for _ in range(20):
        assert w.wake > w.now
        w.until_wake()
        while w.inbox:
            w.take(reason=16)
    assert w.session.counters.resends == 1


def test_waiting_while_the_journal_refuses_never_spins(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    journal._connection.execute("PRAGMA query_only = 1")
    w.sleep(598)
    w.commit((1, 1))
    w.sleep(599)
    for _ in range(20):
        w.until_wake()
        assert w.wake > w.now
    journal._connection.execute("PRAGMA query_only = 0")
    w.sleep(6)
    w.take_all()
    assert [b.seq for b in w.seen] == [1, 2, 3, 2, 3]


@pytest.mark.parametrize("ranges", [[], [(3, 1)], [(9, 9)]])
def test_a_commit_of_nothing_never_spins(journal: Journal, ranges: list[tuple[int, int]]) -> None:
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    w.commit(*ranges)
    w.sleep(60)
    assert left(journal) == [1, 2, 3]


def test_a_journal_that_fails_as_the_connection_breaks_is_not_the_brokers_reason(
    journal: Journal,
) -> None:
    fill(journal, 3)
    w = world(journal)
    w.online()
    w.take()
    w.take()
    journal._connection.execute("PRAGMA query_only = 1")
    w.take()
    w.lose()
    assert w.session.counters.journal_errors >= 1
    assert w.session.reason == "broken"


def test_a_commit_of_what_was_never_sent_does_not_settle_it(journal: Journal) -> None:
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    fill(journal, 30)
    w.step()
    w.commit((1, 1_000_000))
    assert w.session.counters.bad_commits == 1
    w.sleep(2)
    w.take_all()
    assert [b.seq for b in w.seen] == list(range(1, 31))
    w.commit((1, 30))
    w.sleep(2)
    assert left(journal) == []
    assert w.session.counters.bad_commits == 1


def test_a_commit_of_what_an_earlier_run_sent_settles_it(journal: Journal) -> None:
    fill(journal, 30)
    w = world(journal, ack="head-end")
    w.online()
    w.commit((1, 20), (15, 28))
    w.sleep(2)
    assert left(journal) == [29, 30]
    assert w.session.counters.bad_commits == 0


def test_a_commit_of_the_old_journals_numbers_settles_nothing_of_the_new_one(
    journal: Journal,
) -> None:
    fill(journal, 5)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    for table in ("sqlite_sequence", "entry", "settled"):
        journal._connection.execute(f"DELETE FROM {table}")
    journal._epoch = "e2"
    fill(journal, 3)
    w.commit((1, 3), epoch="e2")  # not even begun to be sent
    w.commit((1, 5), epoch="e1")
    w.sleep(2)
    assert left(journal) == [1, 2, 3]
    assert w.session.counters.bad_commits == 2
    w.take_all()
    w.commit((1, 3), epoch="e2")
    w.sleep(2)
    assert left(journal) == []


def test_a_commit_that_comes_behind_the_end_of_its_connection_counts(journal: Journal) -> None:
    fill(journal, 3)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    fill(journal, 1)
    w.step()
    w.now += 31 * SECOND
    w.step()
    assert w.session.phase is Phase.IDLE
    w.commit((1, 3))
    w.online()
    w.take_all()
    assert [b.seq for b in w.seen] == [1, 2, 3, 4]


# ---- after a step that took long -----------------------------------------------------------------


def test_a_late_connack_is_read_before_the_connection_is_given_up(journal: Journal) -> None:
    w = world(journal)
    w.step()
    w.now += 15 * SECOND
    w.session.step(w.now, None, unread=True)
    w.step(Connected(w.connection, "5"))
    assert w.session.phase is Phase.ONLINE
    assert not w.disconnects


def test_late_acknowledgements_are_read_before_the_connection_is_given_up(
    journal: Journal,
) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    handles = [publish.handle for publish in w.inbox]
    w.now += 40 * SECOND
    for handle in handles:
        w.session.step(w.now, None, unread=True)
        w.session.step(w.now, Acked(w.connection, handle, 0), unread=True)
    w.step()
    assert w.session.phase is Phase.ONLINE


def test_commits_that_wait_unread_stop_everything_from_being_sent_twice(journal: Journal) -> None:
    fill(journal, 30)
    w = world(journal, ack="head-end")
    w.online()
    w.take_all()
    w.sleep(595)
    w.now += 10 * SECOND
    assert w.session.step(w.now, None, unread=True).items == ()
    word = commit_payload(Commit(epoch="e1", ranges=[(1, 30)]))
    w.session.step(w.now, Message(w.connection, COMMIT, word, False), unread=True)
    w.sleep(2)
    assert (w.session.counters.resends, len(w.seen), left(journal)) == (0, 30, [])


def test_an_inbox_that_never_runs_empty_does_not_hide_a_silent_broker(journal: Journal) -> None:
    fill(journal, 1)
    w = world(journal)
    w.online()
    w.now += 59 * SECOND
    reasons = []
    for _ in range(2):
        w.session.step(w.now, None, unread=True)
        reasons.append(w.session.reason)
        w.now += 2 * SECOND
    assert reasons == ["", "a publish was not acknowledged in 30 s"]


def test_a_core_that_was_away_reads_its_inbox_before_it_judges(journal: Journal) -> None:
    """The tick that is due after a long step comes before what has waited meanwhile."""
    fill(journal, 1)
    session = Session(journal, UplinkSettings("s", "g"))
    core = Core(SITE, {}, journal, session, CoreSettings("0", "d", period_ms=0))
    (connect,) = core.step(0, Tick(WALL, Clock.TRUSTED)).net
    assert isinstance(connect, Connect)
    given = core.step(SECOND, Connected(connect.connection, "5")).net
    flights = [one for one in given if isinstance(one, Publish)]
    assert flights
    late = 40 * SECOND
    done = list(core.step(late, Tick(WALL + 40_000, Clock.TRUSTED)).net)
    for flight in flights:
        done += core.step(late, Acked(connect.connection, flight.handle, 0)).net
    done += core.step(late, None).net
    assert not [one for one in done if isinstance(one, Disconnect)]
    assert session.phase is Phase.ONLINE
    # and what then stays silent is given up
    at = core.step(late, None).wake
    while session.phase is Phase.ONLINE:
        assert at < late + 32 * SECOND
        at = max(at, core.step(at, None).wake)
