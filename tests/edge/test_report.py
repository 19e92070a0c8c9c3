"""The site card: what this gateway reads, with the names it needs, and nothing of another's."""

from collections.abc import Iterable

import msgspec

from edge.door import CoreSettings
from edge.journal import Backlog
from edge.plan.build import devices
from edge.report import LineView, site_card, state_message
from edge.site.model import Gateway, Site
from protocol.uplink.site import (
    CardFeeder,
    CardLine,
    CardTransformer,
    SiteCard,
    read_site_card,
    site_payload,
)
from tests.edge.analysis.parts import xiyuan


def card(*lines: str) -> SiteCard:
    """The card of a gateway with these lines, as a reader gets it."""
    whole = xiyuan()
    gateway = Gateway(id="gw2", lines=lines)
    site: Site = msgspec.structs.replace(whole, gateways=(gateway,))
    due = {line: devices(site, line) for line in lines}
    return read_site_card(site_payload(site_card(site, gateway, due, 60)))


def ids(rows: Iterable[CardTransformer | CardFeeder | CardLine]) -> list[str]:
    """Their ids."""
    return [row.id for row in rows]


def test_the_station_line_names_every_transformer_and_feeder() -> None:
    found = card("station")
    assert ids(found.transformers) == ["T1", "T2"]
    assert ids(found.feeders) == ["F1", "F2", "F3", "F4", "F5"]
    kinds = found.devices.kind
    assert [kinds.count(kind) for kind in ("master", "feeder", "public", "tmu")] == [2, 5, 7, 2]


def test_a_gateway_of_two_buildings_names_only_what_feeds_them() -> None:
    found = card("b3", "b5")
    assert ids(found.transformers) == ["T2"]
    assert ids(found.feeders) == ["F3", "F5"]
    assert ids(found.lines) == ["b3", "b5"]
    assert len(found.devices.id) == 48 + 60
    assert {place.split("/")[1] for place in found.devices.place} == {"F3", "F5"}


def test_a_gateway_without_a_device_has_an_empty_card() -> None:
    found = card()
    assert (found.transformers, found.feeders, found.lines, found.devices.id) == ([], [], [], [])


def health(healthy: bool, *states: str) -> str:
    """What the state says of a gateway whose lines are so."""
    lines = {str(n): LineView(state=state) for n, state in enumerate(states)}
    settings = CoreSettings(version="0", config="d", period_ms=0)
    said = state_message(
        settings, 0, "trusted", "e1", Backlog(0, None), 0, healthy, lines, None, 0, ()
    )
    return said.health


def test_a_gateway_is_degraded_by_one_line_that_is_down_or_by_its_journal() -> None:
    assert health(True, "up", "starting", "stopped") == "ok"
    assert health(True, "up", "down") == "degraded"
    assert health(False, "up") == "degraded"
