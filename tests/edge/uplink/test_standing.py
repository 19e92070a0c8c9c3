"""What the log is told of the broker: each change once, and the cause with it."""

from edge.journal import Journal
from edge.uplink.net import Connected, Lost, Subscribe, Subscribed
from edge.uplink.session import Phase
from edge.uplink.standing import Standing
from tests.edge.uplink.broker_model import fill, left, world

COMMIT = "boxgate/1/s/g/commit"


def test_online_and_offline_are_told_once_each(journal: Journal) -> None:
    w, standing = world(journal), Standing()
    assert standing.changed(w.session) is None
    w.online()
    assert standing.changed(w.session) == ("online", "")
    assert standing.changed(w.session) is None
    w.step(Lost(w.connection, "the broker went"))
    assert standing.changed(w.session) == ("offline", "the broker went")
    w.until_wake()
    assert standing.changed(w.session) is None


def test_a_broker_that_keeps_the_commits_from_the_gateway_is_told(journal: Journal) -> None:
    """Otherwise all is sent, nothing is ever settled, and nobody knows why."""
    fill(journal, 3)
    w, standing = world(journal, ack="head-end"), Standing()
    w.step()
    actions = w.step(Connected(w.connection, "5"))
    assert Subscribe(w.connection, COMMIT, 1, answer=True) in actions.items
    assert standing.changed(w.session) == ("online", "")
    w.step(Subscribed(w.connection, COMMIT, "Not authorized"))
    told = standing.changed(w.session)
    assert told is not None
    assert told[0] == "deaf"
    assert "Not authorized" in told[1]
    assert len(told[1]) <= 200
    w.take(reason=135)
    w.step()
    assert standing.changed(w.session) is None
    w.take_all()
    assert w.session.phase is Phase.ONLINE
    assert left(journal) == [1, 2, 3]
    w.lose()
    assert standing.changed(w.session) == ("offline", "broken")
    w.online()
    w.step(Subscribed(w.connection, COMMIT))
    assert standing.changed(w.session) == ("online", "")
