"""gateway.toml and port maps: read whole, mistakes named, secrets never in them nor in messages."""

from pathlib import Path

import pytest

from edge.site.load import (
    check_against_site,
    load_gateway,
    load_ports,
    read_gateway,
    read_ports,
    read_site,
)
from edge.site.model import Port
from edge.words.messages import BoxgateError
from tests.edge.site.good import replaced, write

GATEWAY = """\
version = 1
state = "/var/lib/boxgate"

[broker]
url = "mqtts://broker.example:8883"
ack = "head-end"
username = "gw1"
password_file = "$CREDENTIALS_DIRECTORY/mqtt"

[line.b1]
port = "/dev/ttyS1"
direction = "rts"

[line.station]
port = "/dev/ttyS2"
"""

PORTS = 'version = 1\n\n[line.b1]\nport = "/dev/pts/7"\nparity = "N"\n'


def test_a_gateway_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY)
    gateway = read_gateway(tmp_path / "gateway.toml")
    assert gateway.state == "/var/lib/boxgate"
    assert gateway.broker.url == "mqtts://broker.example:8883"
    assert gateway.broker.ack == "head-end"
    assert gateway.broker.keepalive_s == 60
    assert gateway.line["b1"] == Port(port="/dev/ttyS1", direction="rts")
    assert gateway.line["station"].direction == "auto"


def test_a_gateway_file_may_say_nothing_but_its_version(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("version = 1\n")
    assert read_gateway(tmp_path / "gateway.toml").line == {}


def test_a_port_map_is_read_with_the_parity_it_overrides(tmp_path: Path) -> None:
    (tmp_path / "ports.toml").write_text(PORTS)
    assert read_ports(tmp_path / "ports.toml") == {"b1": Port(port="/dev/pts/7", parity="N")}


MISTAKES = {
    "password itself": (
        ("password_file =", "password ="),
        "password =",
        ("password must not stand in gateway.toml", "password_file ="),
    ),
    "user and password in the url": (
        ("mqtts://broker", "mqtts://me:hunter2@broker"),
        "url =",
        ("carries a user or password", "password_file"),
    ),
    "url without scheme": (
        ("mqtts://broker.example:8883", "broker.example:8883"),
        "url =",
        ("broker.example:8883", "write mqtt://HOST:1883"),
    ),
    "url with a path": (
        ("broker.example:8883", "broker.example/topic"),
        "url =",
        ("broker.example/topic", "write mqtt://HOST:1883"),
    ),
    "url with a query": (
        ("broker.example:8883", "broker.example?qos=0"),
        "url =",
        ("write mqtt://HOST:1883",),
    ),
    "url with a port that is none": (
        ("broker.example:8883", "broker.example:99999"),
        "url =",
        ("broker.example:99999", "write mqtt://HOST:1883"),
    ),
    "unknown key of the broker": (
        ("username =", "usrname ="),
        "usrname =",
        ("usrname", "did you mean username?"),
    ),
    "unknown key of a line": (
        ("direction =", "directions ="),
        "directions =",
        ("line b1", "did you mean direction?"),
    ),
    "direction that is none": (
        ('"rts"', '"dtr"'),
        "direction =",
        ("direction of line b1", "auto, rts, kernel"),
    ),
    "port missing": (
        ('port = "/dev/ttyS1"\n', ""),
        "[line.b1]",
        ("line b1 lacks port", 'port = "/dev/ttyS1"'),
    ),
    "one port for two lines": (
        ("/dev/ttyS2", "/dev/ttyS1"),
        'port = "/dev/ttyS1"',
        ("lines station and b1", "/dev/ttyS1", "its own port"),
    ),
    "certificate without key": (
        ("username =", 'certificate_file = "a"\nusername ='),
        "certificate_file",
        ("go together", "both or neither"),
    ),
    "unknown table": (
        ("[broker]", "[brocker]"),
        "[brocker]",
        ("did you mean broker?",),
    ),
    "line whose id is none": (
        ("[line.b1]", '[line."b 1"]'),
        '[line."b 1"]',
        ("b 1", "1 to 64 letters"),
    ),
    "lines as a list": (
        ("[line.station]", "[line]\nx = 1\n[line.station]"),
        "x = 1",
        ("write [line.ID]",),
    ),
    "version of a newer program": (
        ("version = 1", "version = 7"),
        "version = 7",
        ("update boxgate",),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_gateway_toml_is_named_with_its_line_and_remedy(
    tmp_path: Path, name: str
) -> None:
    change, line, words = MISTAKES[name]
    text = replaced(GATEWAY, change)
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    loaded = load_gateway(path)
    assert loaded.gateway is None
    problem = loaded.problems[0]
    assert text.split("\n")[problem.line - 1].startswith(line), problem
    for word in words:
        assert word in problem.text("en"), problem.text("en")


def test_no_message_ever_shows_a_secret(tmp_path: Path) -> None:
    text = replaced(
        GATEWAY,
        (
            'password_file = "$CREDENTIALS_DIRECTORY/mqtt"',
            'password = "hunter2"\ntoken = "hunter2"',
        ),
        ("mqtts://broker", "mqtts://me:hunter2@broker"),
    )
    (tmp_path / "gateway.toml").write_text(text)
    problems = load_gateway(tmp_path / "gateway.toml").problems
    assert len(problems) == 3
    assert not any("hunter2" in p.text(lang) for p in problems for lang in ("en", "zh"))


def test_a_port_map_takes_no_broker(tmp_path: Path) -> None:
    (tmp_path / "ports.toml").write_text(PORTS + "[broker]\n")
    loaded = load_ports(tmp_path / "ports.toml")
    assert loaded.ports is None
    assert "unknown key broker" in loaded.problems[0].text("en")


def test_reading_a_wrong_file_is_refused_with_its_first_error_and_the_count(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ports.toml"
    path.write_text("[line.b1]\n[line.b2]\n")
    with pytest.raises(BoxgateError) as caught:
        read_ports(path)
    assert caught.value.exit_code == 2
    assert "ports.toml:1: version is missing" in caught.value.text("en")
    assert "errors: 3" in caught.value.text("en")


def test_a_port_for_a_line_the_site_does_not_have_is_an_error(tmp_path: Path) -> None:
    site = read_site(write(tmp_path))
    path = tmp_path / "ports.toml"
    path.write_text(PORTS + '\n[line.stations]\nport = "/dev/pts/8"\nparity = "N"\n')
    problems = check_against_site(read_ports(path), path, site)
    (error,) = [p for p in problems if p.severity == "error"]
    assert error.line == 7
    assert "stations" in error.text("en")
    assert "did you mean station?" in error.text("en")


def test_a_line_of_the_gateway_without_a_port_is_warned_of(tmp_path: Path) -> None:
    site = read_site(write(tmp_path))
    path = tmp_path / "ports.toml"
    path.write_text(PORTS)
    (problem,) = check_against_site(read_ports(path), path, site)
    assert problem.severity == "warning"
    assert "add [line.station] with port" in problem.text("en")
    assert check_against_site(read_ports(path), path, site, gateway="another") == ()
