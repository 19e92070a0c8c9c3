"""A broker's address is read whole or refused with one sentence."""

import pytest

from edge.shells.broker_url import Address, parse
from edge.words import BoxgateError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://127.0.0.1:1883", Address("127.0.0.1", 1883, False)),
        ("mqtt://broker.example", Address("broker.example", 1883, False)),
        ("mqtts://broker.example/", Address("broker.example", 8883, True)),
        ("MQTTS://Broker.Example:9", Address("broker.example", 9, True)),
        ("mqtt://[::1]:1884", Address("::1", 1884, False)),
    ],
)
def test_a_good_url_gives_host_port_and_tls(url: str, address: Address) -> None:
    assert parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:1883",
        "http://host",
        "mqtt:host",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://host:port",
        "mqtt://host:0",
        "mqtt://host:70000",
        "mqtt://host:-1",
        "mqtt://host/path",
        "mqtt://host?x=1",
        "mqtt://host#x",
        "mqtt://[::1",
        "mqtt://ho st",
        "mqtt://host\x00",
        "mqtt://user:hidden@host",
        "mqtt://" + "x" * 5000 + "/a",
    ],
)
def test_a_malformed_url_is_a_usage_error(url: str) -> None:
    with pytest.raises(BoxgateError) as refused:
        parse(url)
    assert (refused.value.key, refused.value.exit_code) == ("broker_url", 2)
    for lang in ("en", "zh"):
        text = refused.value.text(lang)
        assert len(text) <= 200
        assert "hidden" not in text
        assert text.isprintable()
