"""Bad input by verb: each case, the message it must end in, and the exit code."""

import os
from pathlib import Path

from tests.edge.cli.bad import EXAMPLE, GOOD_LIST, Build, Case, Place, broken_link, huge, made
from tests.edge.cli.processes import port_map


def latest(*more: str) -> Build:
    """`latest` of the good site over an absent journal."""
    return lambda p: ["latest", p.site, "--state", str(p.state), *more]


def truth(first: str | None, second: str | None) -> Build:
    """`boxgate-sim truth` over two files of these contents; None = the file is not there."""

    def build(p: Place) -> list[str]:
        paths = [str(p.folder / "truth"), str(p.folder / "readings")]
        for path, text in zip(paths, (first, second), strict=True):
            if text is not None:
                Path(path).write_text(text)
        return ["truth", *paths]

    return build


def up(*more: str) -> Build:
    """`boxgate-sim up` of the good site."""
    return lambda p: ["up", p.site, "--dir", str(p.folder / "dev"), *more]


def new(content: bytes, *more: str, name: str = "list.csv") -> Build:
    """`new` from a list of that content."""
    return lambda p: ["new", p.file(name, content), str(p.folder / "draft"), *more]


NEWER = "CREATE TABLE x (y); PRAGMA user_version = 99;"
SECRET = 'username = "u"\npassword_file = '

USAGE = [
    Case("no such verb", "usage", 2, lambda p: ["nonsense"]),
    Case("no such option", "usage", 2, lambda p: ["check", p.site, "--frobnicate"]),
    Case("an argument missing", "usage", 2, lambda p: ["run"]),
    Case("no number", "usage", 2, lambda p: p.run("--sweeps", "two")),
    Case("a number of 5000 digits", "usage", 2, lambda p: p.run("--period", "9" * 5000)),
    Case("an absurd number", "number_range", 2, lambda p: p.run("--period", "9" * 30)),
    Case("a negative number", "number_range", 2, lambda p: p.run("--sweeps", "-1")),
    Case("an MQTT version", "usage", 2, lambda p: p.run("--mqtt", "4")),
    Case("sim: no such verb", "usage", 2, lambda p: ["nonsense"], "boxgate-sim"),
    Case("sim: delay", "usage", 2, up("--delay-ms", "-1"), "boxgate-sim"),
    Case("sim: sweeps", "usage", 2, lambda p: ["truth", "a", "b", "--sweeps", "0"], "boxgate-sim"),
]

SITES = [
    Case("no site", "site_invalid", 2, lambda p: ["run", str(p.folder / "nowhere")]),
    Case("a device as site", "site_invalid", 2, lambda p: ["run", "/dev/null"]),
    Case("an empty site.toml", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"")]),
    Case("a binary site.toml", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"\0\xff" * 99)]),
    Case("no TOML", "site_invalid", 2, lambda p: ["run", p.replaced_by(b"]]\n")]),
    Case("a huge meters.csv", "site_invalid", 2, lambda p: ["run", _huge_meters(p)]),
    Case("a site.toml that is a folder", "site_invalid", 2, lambda p: ["run", _folder_site(p)]),
    Case("latest of no site", "site_invalid", 2, lambda p: ["latest", str(p.folder / "nowhere")]),
    Case("sim: no site", "site_invalid", 2, lambda p: ["up", "/nowhere"], "boxgate-sim"),
    Case("no config", "site_invalid", 2, lambda p: p.run("--config", "/nowhere")),
    Case("a config that is a loop", "site_invalid", 2, lambda p: p.run("--config", broken_link(p))),
    Case("a huge config", "site_invalid", 2, lambda p: p.run("--config", huge(p))),
    Case("no ports", "site_invalid", 2, lambda p: ["run", p.site, "--ports", "/nowhere"]),
    Case("a folder as ports", "site_invalid", 2, lambda p: ["run", p.site, "--ports", "/"]),
    Case("no port at all", "no_line", 2, lambda p: ["run", p.site, "--no-broker"]),
    Case("an unknown line", "line_unknown", 2, lambda p: p.run("--line", "b9")),
    Case("an unknown gateway", "gateway_unknown", 2, lambda p: p.run("--gateway", "gw9")),
    Case("which gateway", "gateway_which", 2, lambda p: ["run", _two_gateways(p)]),
    Case("a profile nobody knows", "site_invalid", 2, lambda p: ["run", _profile(p)]),
]

PORTS = [
    Case("an absent port", "port_absent", 3, lambda p: p.run(port="/dev/ttyNONE9")),
    Case("/dev/null", "port_kind", 3, lambda p: p.run(port="/dev/null")),
    Case("/dev/full", "port_kind", 3, lambda p: p.run(port="/dev/full")),
    Case("a file as port", "port_kind", 3, lambda p: p.run(port=p.file("plain"))),
    Case("a folder as port", "port_kind", 3, lambda p: p.run(port=str(p.folder))),
    Case("a loop as port", "port_failed", 3, lambda p: p.run(port=broken_link(p))),
    Case("direction by kernel", "port_direction", 3, lambda p: _direction(p, "kernel")),
    Case("no port of several", "no_port_opened", 3, lambda p: _two_absent(p)),
]

BROKERS = [
    Case("another scheme", "broker_url", 2, lambda p: p.run("--broker", "http://x")),
    Case("no host", "broker_url", 2, lambda p: p.run("--broker", "mqtt://")),
    Case("an empty address", "site_invalid", 2, lambda p: p.config('url = ""')),
    Case("a port of 99999", "broker_url", 2, lambda p: p.run("--broker", "mqtt://h:99999")),
    Case("a password in it", "broker_url", 2, lambda p: p.run("--broker", "mqtt://u:p@h")),
    Case("an open bracket", "broker_url", 2, lambda p: p.run("--broker", "mqtt://[::1")),
    Case("in two lines", "broker_url", 2, lambda p: p.run("--broker", "mqtt://h\nx")),
    Case("no secret", "secret_missing", 2, lambda p: p.config(SECRET + '"/nowhere"')),
    Case("an open secret", "secret_open", 2, lambda p: p.config(SECRET + _secret(p, 0o666))),
    Case("an empty secret", "secret_bad", 2, lambda p: p.config(SECRET + _secret(p, 0o600, b""))),
    Case("a folder as secret", "secret_bad", 2, lambda p: p.config(SECRET + '"/"')),
    Case("no credentials", "secret_directory", 2, lambda p: p.config(SECRET + _CREDENTIAL)),
    Case("no CA file", "broker_tls", 2, lambda p: p.config(_tls('ca_file = "/nowhere"'))),
    Case("a bad CA", "broker_tls", 2, lambda p: p.config(_tls(f'ca_file = "{p.file("ca", "x")}"'))),
]

STATES = [
    Case("a file as state", "state_folder", 2, lambda p: p.run("--state", p.file("plain"))),
    Case("a state in /proc", "state_folder", 2, lambda p: p.run("--state", "/proc/boxgate")),
    Case("a newer journal", "journal_newer", 2, lambda p: p.journal(NEWER)),
    Case("a foreign journal", "journal_foreign", 2, lambda p: p.journal("CREATE TABLE x (y);")),
    Case("a folder as journal", "journal_unusable", 2, lambda p: _journal_folder(p)),
    Case("a corrupt journal", "meters_failed", 1, lambda p: p.journal(content=b"\xa5" * 9000)),
    Case("an empty journal", "meters_failed", 1, lambda p: p.journal(content=b"")),
    Case("a dead meter", "meters_failed", 1, lambda p: p.run()),
    Case("latest: no journal", "journal_missing", 2, latest()),
    Case("latest: a newer one", "journal_newer", 2, lambda p: _latest_over(p, NEWER)),
    Case("latest: not a journal", "journal_unusable", 2, lambda p: _latest_over(p, "")),
    Case("latest: foreign", "journal_unusable", 2, lambda p: _latest_over(p, "CREATE TABLE x(y);")),
    Case("latest: unknown meter", "meter_unknown", 2, latest("--meter", "999")),
    Case("latest: unknown line", "line_unknown", 2, latest("--line", "b9")),
    Case("latest: unknown gateway", "gateway_unknown", 2, latest("--gateway", "gw9")),
    Case("latest: no config", "site_invalid", 2, latest("--config", "/nowhere")),
]

NEWS = [
    Case("no list", "new_list_wrong", 2, lambda p: ["new", "/nowhere", str(p.folder / "d")]),
    Case("a folder as list", "new_list_wrong", 2, lambda p: ["new", "/", str(p.folder / "d")]),
    Case("an empty list", "new_list_wrong", 2, new(b"")),
    Case("a workbook", "new_list_wrong", 2, new(b"PK\x03\x04" + b"\0" * 99, name="l.xlsx")),
    Case("a huge list", "new_list_wrong", 2, lambda p: ["new", huge(p), str(p.folder / "d")]),
    Case("no addresses", "new_no_address", 2, new(b"a,b\n1,2\n")),
    Case("no meters", "site_meters_none", 2, new("表号\n".encode())),
    Case("no id", "site_value_id", 2, new(GOOD_LIST, "--id", "a b")),
    Case("a draft is there", "new_exists", 2, lambda p: ["new", p.file("l", GOOD_LIST), p.site]),
    Case("in /proc", "new_unwritable", 2, lambda p: ["new", p.file("l", GOOD_LIST), "/proc/x"]),
    Case("in a file", "new_exists", 2, lambda p: ["new", p.file("l", GOOD_LIST), p.file("f")]),
]

SIM = [
    Case("an unknown line", "sim_no_line", 2, up("--line", "b9")),
    Case("an unknown meter", "sim_no_meter", 2, up("--dead", "1")),
    Case("no time of day", "sim_start", 2, up("--start", "25:99")),
    Case("a folder in /proc", "sim_dir", 2, lambda p: ["up", p.site, "--dir", "/proc/x"]),
    Case("ports in /proc", "sim_dir", 2, up("--ports", "/proc/x/ports.toml")),
    Case("truth in /proc", "sim_truth_write", 1, up("--truth", "/proc/x")),
    Case("no truth", "sim_truth_read", 2, truth(None, "")),
    Case("no readings", "sim_truth_read", 2, truth("", None)),
    Case("no truth records", "sim_truth_line", 2, truth("nonsense\n", "")),
    Case("no reading records", "sim_truth_line", 2, truth("", "[1]\n")),
    Case("demo of no site", "demo_no_file", 2, lambda p: ["demo", str(p.folder / "nowhere")]),
    Case(
        "a demo without time",
        "demo_late",
        1,
        lambda p: ["demo", p.site, "--once", "--deadline", "0"],
    ),
    Case("a kit in /proc", "sim_kit_write", 2, lambda p: ["flash-kit", "/proc/x"]),
    Case("a kit over a site", "sim_kit_full", 2, lambda p: ["flash-kit", p.site]),
    Case("demo of no line", "demo_no_line", 2, lambda p: ["demo", EXAMPLE, "--line", "b9"]),
]

MONITOR = [
    Case("monitor: no id", "monitor_id", 2, lambda p: ["monitor", "--gateway", "a/+"]),
    Case("monitor: no address", "broker_url", 2, lambda p: ["monitor", "--broker", "x://"]),
    Case("monitor: no config", "site_invalid", 2, lambda p: ["monitor", "--config", "/nowhere"]),
    Case("monitor: no broker", "monitor_unreachable", 3, lambda p: _monitor_of("127.0.0.1:1")),
    Case("monitor: no such host", "monitor_unreachable", 3, lambda p: _monitor_of("h.invalid")),
]

_CREDENTIAL = '"$CREDENTIALS_DIRECTORY/mqtt"'


def _monitor_of(where: str) -> list[str]:
    return ["monitor", "--once", "--broker", f"mqtt://{where}"]


def _secret(p: Place, mode: int, content: bytes = b"s3cret") -> str:
    path = p.file("secret", content)
    os.chmod(path, mode)
    return f'"{path}"'


def _tls(more: str) -> str:
    return f'url = "mqtts://127.0.0.1:1"\n{more}'


def _huge_meters(p: Place) -> str:
    os.truncate(Path(p.site) / "meters.csv", 100 << 20)
    return p.site


def _folder_site(p: Place) -> str:
    (Path(p.site) / "site.toml").unlink()
    made(Path(p.site) / "site.toml")
    return p.site


def _profile(p: Place) -> str:
    return p.spoilt("1ph-2013", "9ph", "meters.csv")


def _second_line(p: Place, gateway: bool) -> str:
    owner = '[[gateway]]\nid = "gw2"\nlines = ["b2"]\n' if gateway else ""
    if not gateway:
        p.spoilt('lines = ["b1"]', 'lines = ["b1", "b2"]')
    return p.spoilt("[[gateway]]", f'[[line]]\nid = "b2"\n\n{owner}\n[[gateway]]')


def _two_gateways(p: Place) -> str:
    return _second_line(p, gateway=True)


def _two_absent(p: Place) -> list[str]:
    _second_line(p, gateway=False)
    argv = p.run()
    port_map(p.folder / "ports.toml", b1="/dev/ttyNONE1", b2="/dev/ttyNONE2")
    return argv


def _direction(p: Place, how: str) -> list[str]:
    argv = p.run()
    with (p.folder / "ports.toml").open("a") as file:
        file.write(f'direction = "{how}"\n')
    return argv


def _journal_folder(p: Place) -> list[str]:
    made(p.state / "journal.db")
    return p.run()


def _latest_over(p: Place, sql: str) -> list[str]:
    p.journal(sql, b"\xa5" * 9000)
    return ["latest", p.site, "--state", str(p.state)]


def walk() -> list[Case]:
    """All cases; those of boxgate-sim are marked so."""
    sim = [Case(f"sim: {c.id}", c.key, c.code, c.build, "boxgate-sim") for c in SIM]
    return [*USAGE, *SITES, *PORTS, *BROKERS, *STATES, *NEWS, *MONITOR, *sim]
