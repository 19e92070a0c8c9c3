"""The picture takes whatever comes, keeps the newest and stays small."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.monitor import picture as module
from edge.monitor.facts import facts
from edge.monitor.picture import GatewayPicture, Picture, Told, Unreadable
from protocol.uplink.event import Event, event_payload
from protocol.uplink.quality import Quality
from tests.edge.monitor import feed

KEY = (feed.SITE, feed.GATEWAY)


def filled() -> Picture:
    """The whole feed."""
    picture = Picture()
    for topic, payload in feed.whole():
        assert isinstance(picture.take(topic, payload, feed.NOW), Told)
    return picture


def gateway(picture: Picture) -> GatewayPicture:
    """The feed's one."""
    return picture.gateways[KEY]


def level(
    volts: float, *, at: int, seq: int, lane: str = "live", epoch: str = feed.EPOCH
) -> feed.Said:
    """One meter's voltage."""
    columns: dict[str, list[float | None]] = {"voltage_a": [volts]}
    meters = ["370112100001"]
    return feed.batch("b1", meters, columns, at=at, seq=seq, lane=lane, epoch=epoch)


def shown(picture: Picture) -> float | None:
    """That voltage in the picture."""
    return gateway(picture).devices["370112100001"].values.get("voltage_a")


TOPICS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([feed.topic(kind) for kind in ("data", "event", "state", "site", "x")]),
)


@given(st.lists(st.tuples(TOPICS, st.binary(max_size=200)), max_size=10))
def test_any_bytes_on_any_topic_are_taken_and_counted(said: list[tuple[str, bytes]]) -> None:
    picture = Picture()
    told = [picture.take(topic, payload, feed.NOW) for topic, payload in said]
    assert picture.unreadable == sum(isinstance(one, Unreadable) for one in told)
    assert picture.messages == sum(isinstance(one, Told) for one in told)


@given(st.data())
def test_a_message_with_any_byte_changed_raises_nothing(data: st.DataObject) -> None:
    topic, payload = data.draw(st.sampled_from([feed.state(), feed.results(), *feed.events()]))
    place = data.draw(st.integers(0, len(payload) - 1))
    changed = payload[:place] + data.draw(st.binary(max_size=3)) + payload[place + 1 :]
    picture = Picture()
    picture.take(topic, changed, feed.NOW)
    assert picture.messages + picture.unreadable == 1
    for one in picture.sorted():
        facts(one, feed.NOW)


@pytest.mark.parametrize(
    "topic",
    [
        "boxgate/1/s/g",
        "boxgate/1/s/g/data/x",
        "boxgate/2/s/g/data",
        "x/boxgate/1/s/g/data",
        "boxgate/1/s/ü/data",
        "boxgate/1//g/data",
        "",
    ],
)
def test_a_topic_that_is_none_of_ours_is_unreadable(topic: str) -> None:
    picture = Picture()
    assert isinstance(picture.take(topic, feed.state()[1], feed.NOW), Unreadable)
    assert not picture.gateways


def test_a_backlog_never_covers_what_is_newer() -> None:
    picture = Picture()
    picture.take(*level(230.0, at=feed.NOW, seq=9), feed.NOW)
    old = picture.take(*level(190.0, at=feed.NOW - 60_000, seq=3, lane="backlog"), feed.NOW)
    assert shown(picture) == 230.0
    assert isinstance(old, Told)
    assert not old.fresh


def test_a_backlog_is_taken_where_it_is_the_newest_there_is() -> None:
    picture = Picture()
    picture.take(*level(190.0, at=feed.NOW - 60_000, seq=3, lane="backlog"), feed.NOW)
    assert shown(picture) == 190.0


def test_an_old_result_from_the_backlog_does_not_cover_a_newer_one() -> None:
    picture = filled()
    columns: dict[str, list[float | None]] = {"loading": [12.0]}
    late = feed.batch(
        "station", ["T1"], columns, kind="result", at=feed.NOW - 600_000, seq=2, lane="backlog"
    )
    picture.take(*late, feed.NOW)
    assert gateway(picture).results["T1"].values["loading"] == 101.3


def test_a_gateway_whose_clock_was_set_back_is_still_seen() -> None:
    picture = Picture()
    picture.take(*level(230.0, at=feed.NOW + 10**9, seq=9), feed.NOW)
    picture.take(*level(231.0, at=feed.NOW, seq=10), feed.NOW)
    assert shown(picture) == 231.0


def test_a_gateway_whose_clock_and_journal_began_anew_is_still_seen() -> None:
    picture = Picture()
    picture.take(*level(230.0, at=feed.NOW + 10**9, seq=900), feed.NOW)
    picture.take(*level(190.0, at=feed.NOW, seq=1, epoch="new", lane="backlog"), feed.NOW)
    assert shown(picture) == 230.0
    picture.take(*level(231.0, at=feed.NOW, seq=2, epoch="new"), feed.NOW)
    assert shown(picture) == 231.0


def test_a_repeat_changes_nothing() -> None:
    picture = filled()
    for topic, payload in feed.sweeps():
        told = picture.take(topic, payload, feed.NOW + 5_000)
        assert isinstance(told, Told)
        assert not told.fresh
    assert gateway(picture).devices["370112100001"].arrived == feed.NOW


def test_a_missing_value_is_missing_and_no_old_one() -> None:
    picture = Picture()
    picture.take(*level(230.0, at=feed.NOW, seq=9), feed.NOW)
    empty: dict[str, list[float | None]] = {"voltage_a": [None]}
    newer = feed.batch("b1", ["370112100001"], empty, at=feed.NOW + 1, seq=10)
    picture.take(*newer, feed.NOW)
    assert shown(picture) is None
    assert not gateway(picture).devices["370112100001"].answered


def test_the_will_keeps_what_the_gateway_last_said_of_its_lines() -> None:
    picture = filled()
    picture.take(*feed.will(), feed.NOW + 1_000)
    known = gateway(picture)
    assert known.state is not None
    assert known.state.status == "offline"
    assert known.health("b1").due == 48
    assert (known.since, known.since_seen) == (feed.NOW + 1_000, True)


def test_a_status_kept_by_the_broker_is_older_than_known() -> None:
    picture = Picture()
    picture.take(*feed.will(), feed.NOW, retained=True)
    assert not gateway(picture).since_seen


def test_an_event_that_ended_is_not_opened_again_by_an_older_message() -> None:
    picture = Picture()
    since = feed.NOW - 1000
    begun = feed.event("line_down", "b1", "", since=since, seq=5)
    ended = feed.event("line_down", "b1", "", since=since, until=feed.NOW, seq=6)
    for said in (begun, ended, begun):
        picture.take(*said, feed.NOW)
    assert [one.until for one in picture.events()] == [feed.NOW]


def test_an_event_that_began_before_we_listened_is_known_from_the_state() -> None:
    picture = Picture()
    began = Event(id="e", type="line_down", subject="b3", since=feed.NOW - 60_000)
    picture.take(*feed.state(open_count=1, open_events=[began]), feed.NOW)
    assert [(one.id, one.until) for one in picture.events()] == [("e", None)]
    over = msgspec.structs.replace(began, until=feed.NOW)
    message = event_payload(over, feed.EPOCH, 40, "live")
    picture.take(feed.topic("event", feed.GATEWAY), message, feed.NOW)
    picture.take(*feed.state(open_count=1, open_events=[began]), feed.NOW)
    assert [(one.id, one.until) for one in picture.events()] == [("e", feed.NOW)]


def test_what_a_gateway_begun_anew_holds_open_no_more_is_over() -> None:
    picture = Picture()
    picture.take(*feed.event("line_down", "b1", "", since=feed.NOW - 60_000, seq=5), feed.NOW)
    picture.take(*feed.state(at=feed.NOW, open_count=0, open_events=[]), feed.NOW)
    assert [one.until for one in picture.events()] == [feed.NOW]


def test_an_event_named_again_was_not_over() -> None:
    picture = Picture()
    picture.take(*feed.event("line_down", "b1", "", since=feed.NOW - 60_000, seq=5), feed.NOW)
    picture.take(*feed.state(at=feed.NOW, open_count=0, open_events=[]), feed.NOW)
    (held,) = picture.events()
    facts = {name: getattr(held, name) for name in Event.__struct_fields__}
    again = msgspec.structs.replace(Event(**facts), until=None)
    picture.take(*feed.state(at=feed.NOW + 1, open_count=1, open_events=[again]), feed.NOW)
    assert [one.until for one in picture.events()] == [None]


def test_a_state_that_does_not_name_all_ends_none() -> None:
    picture = Picture()
    picture.take(*feed.event("line_down", "b1", "", since=feed.NOW - 60_000, seq=5), feed.NOW)
    picture.take(*feed.state(at=feed.NOW, open_count=30, open_events=[]), feed.NOW)
    assert [one.until for one in picture.events()] == [None]


def test_events_are_bounded_and_what_lasts_stays_longest() -> None:
    picture = Picture()
    lasting = feed.event("line_down", "b1", "", since=1, seq=1)
    picture.take(*lasting, feed.NOW)
    for n in range(module.MOST_EVENTS + 20):
        over = feed.event("meter_silent", f"m{n}", "", since=n + 10, until=n + 20, seq=n + 2)
        picture.take(*over, feed.NOW)
    kept = list(picture.events())
    assert len(kept) == module.MOST_EVENTS
    assert "b1" in {one.subject for one in kept}
    assert f"m{module.MOST_EVENTS + 19}" in {one.subject for one in kept}


def test_gateways_are_bounded_and_the_rest_counted() -> None:
    picture = Picture()
    for n in range(module.MOST_GATEWAYS + 3):
        picture.take(*feed.state(f"g{n}"), feed.NOW)
    assert len(picture.gateways) == module.MOST_GATEWAYS
    assert picture.turned_away == 3


def test_devices_are_bounded_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DEVICES", 5)
    picture = Picture()
    meters = [f"m{n}" for n in range(8)]
    picture.take(*feed.batch("b1", meters, {"voltage_a": [230.0] * 8}), feed.NOW)
    assert list(gateway(picture).devices) == meters[:5]
    assert gateway(picture).turned_away == 3
    picture.take(*feed.card(), feed.NOW)
    assert len(gateway(picture).known) == 5


def test_meters_read_are_those_whose_newest_row_has_a_value() -> None:
    found = facts(gateway(filled()), feed.NOW)
    read = {one.id: (one.read, one.due) for one in found.lines}
    assert read == {
        "b1": (48, 48),
        "b2": (48, 48),
        "b3": (0, 48),
        "b4": (48, 48),
        "b5": (58, 60),
        "station": (14, 14),
    }


def test_a_reader_who_came_in_mid_sweep_shows_the_gateways_own_count() -> None:
    picture = Picture()
    picture.take(*feed.card(), feed.NOW)
    picture.take(*feed.state(), feed.NOW)
    picture.take(*feed.batch("b5", ["370112100193"], {"voltage_a": [230.0]}), feed.NOW)
    assert [one.read for one in facts(gateway(picture), feed.NOW).lines if one.id == "b5"] == [58]
    picture.take(*feed.will(), feed.NOW)
    assert [one.read for one in facts(gateway(picture), feed.NOW).lines if one.id == "b5"] == [1]


def test_the_lowest_voltage_is_a_households_and_stands_with_its_place() -> None:
    found = facts(gateway(filled()), feed.NOW)
    assert found.lowest is not None
    assert (found.lowest.volts, found.lowest.meter) == (196.4, "370112100223")
    assert (found.lowest.place, found.lowest.phase) == ("T2/F5/B5/B5-3", "A")


def test_what_is_older_than_three_sweeps_is_stale() -> None:
    known = gateway(filled())
    row = known.devices["370112100001"]
    late = known.late_ms("b1")
    assert late == 3 * 60_000
    assert not known.stale(row, row.t + late)
    assert known.stale(row, row.t + late + 1)


def test_a_stale_voltage_is_shown_as_such_and_only_where_there_is_no_other() -> None:
    known = gateway(filled())
    now = facts(known, feed.NOW)
    assert now.lowest is not None
    assert not now.lowest.stale
    assert {one.place: one.meters for one in now.boxes}["T2/F3/B3/B3-1"] == 0
    later = facts(known, feed.NOW + 3_600_000)
    assert later.stale
    assert later.lowest is not None
    assert later.lowest.stale
    assert sum(one.meters for one in later.boxes) == 0


def test_back_to_back_a_sweep_is_as_long_as_the_state_says() -> None:
    known = gateway(filled())
    assert known.card is not None
    known.card = msgspec.structs.replace(known.card, period_s=0)
    assert known.late_ms("b5") == 3 * 52_700


def test_a_row_of_an_unset_clock_ages_from_its_arrival() -> None:
    picture = filled()
    row = gateway(picture).devices["370112100001"]
    assert row.age_ms(feed.NOW + 1_000) == 21_000
    unset = module.Row(row.t, row.arrived, "", 1, "b1", Quality.CLOCK_UNTRUSTED, True, {})
    assert unset.age_ms(feed.NOW + 1_000) == 1_000


def test_the_oil_temperature_comes_from_the_unit_at_the_transformer() -> None:
    found = facts(gateway(filled()), feed.NOW)
    assert [one.oil for one in found.transformers] == [61.4, 47.9]


def test_the_power_factor_is_active_over_apparent_power_and_missing_without_it() -> None:
    found = facts(gateway(filled()), feed.NOW)
    assert found.transformers[0].power_factor == pytest.approx(388.2 / 405.2)
    assert found.feeders[4].power_factor is None
