"""Where there is no screen: flat objects and plain lines."""

import msgspec

from edge.monitor import Link, Picture
from edge.monitor.picture import Told, Unreadable
from edge.monitor.report import flat, link_object, plain_event, plain_link, plain_summary, summary
from tests.edge.monitor import feed

LINK = Link("mqtt://h:1883", False, feed.NOW - 5_000, "Connection refused")


def filled() -> Picture:
    """The feed."""
    picture = Picture()
    for topic, payload in feed.whole():
        picture.take(topic, payload, feed.NOW)
    return picture


def told(said: feed.Said) -> Told | Unreadable:
    """One message taken by an empty picture."""
    return Picture().take(*said, feed.NOW)


def test_a_message_is_flat_and_keeps_its_own_keys() -> None:
    found = flat(told(feed.results()), feed.NOW)
    assert list(found)[:4] == ["at", "topic", "site", "gateway"]
    assert (found["at"], found["topic"], found["kind"]) == (feed.NOW, "data", "result")
    assert found["columns"]["loading"][:2] == [101.3, 62.4]


def test_a_states_own_time_stands_beside_when_it_came() -> None:
    found = flat(told(feed.state()), feed.NOW)
    assert (found["at"], found["written"]) == (feed.NOW, feed.NOW - 4_000)


def test_a_card_cannot_say_it_is_another_gateways() -> None:
    _, payload = feed.card(gateway="other")
    found = flat(told((feed.topic("site"), payload)), feed.NOW)
    assert found["gateway"] == feed.GATEWAY


def test_what_is_unreadable_names_its_topic_and_why() -> None:
    found = flat(told(("boxgate/1/s/g/data", b"{}")), feed.NOW)
    assert (found["topic"], found["name"]) == ("unreadable", "boxgate/1/s/g/data")
    assert "epoch" in found["reason"]


def test_the_summary_holds_what_the_screen_shows() -> None:
    found = summary(filled(), LINK, feed.NOW)
    assert msgspec.json.decode(msgspec.json.encode(found)) == found
    (one,) = found["gateways"]
    assert (one["read"], one["due"], one["open_events"]) == (216, 266, 2)
    assert one["lowest"]["place"] == "T2/F5/B5/B5-3"
    assert one["feeders"][4]["current_n"] is None
    assert link_object(LINK, feed.NOW)["connected"] is False


def test_a_plain_summary_is_one_line_with_times_of_the_site() -> None:
    (gateway,) = filled().sorted()
    said = plain_summary(gateway, feed.NOW, "en")
    assert said.startswith("19:40:10 xiyuan-5/gw1 online, meters 216/266, T1 101.3 %")
    assert "\n" not in said


def test_an_event_is_a_line_when_it_begins_and_when_it_ends() -> None:
    (gateway,) = filled().sorted()
    by_type = {one.type: one for one in gateway.events.values()}
    begun = plain_event(gateway, by_type["line_down"], feed.NOW, "en")
    assert begun == "19:30:10 xiyuan-5/gw1 line down b3 T2/F3 the port is gone"
    ended = plain_event(gateway, by_type["meter_silent"], feed.NOW, "zh")
    assert ended.endswith("止于 19:15:10")


def test_an_event_of_several_lines_is_one_line() -> None:
    picture = Picture()
    picture.take(*feed.event("a\nb", "c\r", "d\x1b[2J", since=feed.NOW, cause="e\nf"), feed.NOW)
    (gateway,) = picture.sorted()
    (event,) = gateway.events.values()
    assert plain_event(gateway, event, feed.NOW, "en").isprintable()


def test_a_broker_that_is_gone_is_a_line_with_its_cause() -> None:
    assert "no broker since 11:40:05: Connection refused" in plain_link(LINK, feed.NOW, "en")
