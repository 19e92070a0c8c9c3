"""The site card through real brokers: whoever subscribes later gets it, before any reading."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.uplink.net import Acked
from protocol.uplink import CardDevices, SiteCard, read_site_card, site_payload
from tests.brokers import Amqtt, Mosquitto
from tests.edge.uplink.gateway import GatewayUplink, Listener

COUNT = 300
CARD = SiteCard(
    site="site",
    gateway="gw",
    name="西苑5号小区",
    devices=CardDevices(
        id=[f"{number:012d}" for number in range(COUNT)],
        kind=["household"] * COUNT,
        line=["b1"] * COUNT,
        phase=["A"] * COUNT,
        place=["T1/F1/B1/B1-1"] * COUNT,
    ),
)


@pytest.fixture(params=["mosquitto", "amqtt"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    if request.param == "mosquitto":
        mosquitto = Mosquitto(tmp_path)
        mosquitto.start()
        yield mosquitto.port
        mosquitto.kill()
    else:
        amqtt = Amqtt()
        amqtt.start()
        yield amqtt.port
        amqtt.stop()


@pytest.fixture
def late(port: int) -> Iterator[Callable[[], Listener]]:
    made: list[Listener] = []

    def one() -> Listener:
        made.append(Listener(port))
        return made[-1].wait()

    yield one
    for listener in made:
        listener.close()


def test_a_late_subscriber_gets_the_card_retained(
    port: int, tmp_path: Path, late: Callable[[], Listener]
) -> None:
    uplink = GatewayUplink(tmp_path, port, protocol="3.1.1")
    try:
        uplink.session.announce(site_payload(CARD))
        # the state waits for the card's acknowledgement: with the second one the broker has both
        uplink.drive(lambda: sum(isinstance(event, Acked) for event in uplink.events) >= 2)
        listener = late()
        listener.until(lambda: bool(listener.of("site")) and bool(listener.of("state")))
        assert [read_site_card(payload) for payload in listener.of("site")] == [CARD]
        assert all(retained for _, _, retained in listener.heard)
    finally:
        uplink.close()
