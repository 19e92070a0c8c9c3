"""deploy/ fits together: unit, example files, install pages and boxgate's own options."""

import argparse
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.cli import check, latest, monitor, new, run
from edge.cli.place import lines_here, state_folder, this_gateway
from edge.site.load import check_against_site, read_gateway, read_site

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "boxgate@.service"
EXAMPLE = DEPLOY / "gateway.toml"
RULES = DEPLOY / "udev" / "60-boxgate-rs485.rules"
PAGES = [ROOT / "docs" / f"install-raspberry-pi{tail}" for tail in (".md", ".zh-CN.md")]
GATEWAY = "gw1"
SCORE_MOST = 2.0
PARSERS = {"run": run, "check": check, "latest": latest, "monitor": monitor, "new": new}

analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


def unit() -> dict[str, list[str]]:
    """Key -> values of the unit, %i being the example's gateway."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value.replace("%i", GATEWAY))
    return found


def systemd(*arguments: str) -> subprocess.CompletedProcess[str]:
    """systemd-analyze, its output kept."""
    assert analyze is not None
    return subprocess.run(
        [analyze, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def parsed(command: str) -> argparse.Namespace:
    """A line `…boxgate VERB …`, read by the verb's own options."""
    _, verb, *arguments = command.split()
    parser = argparse.ArgumentParser(exit_on_error=False)
    PARSERS[verb].add_arguments(parser)
    return parser.parse_args(arguments)


@needs_systemd
def test_the_unit_is_exposed_by_two_of_ten_at_most(tmp_path: Path) -> None:
    shutil.copy(UNIT, tmp_path)
    said = systemd("security", "--offline=true", "--no-pager", str(tmp_path / UNIT.name))
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", said.stdout)
    assert found, said.stdout + said.stderr
    assert float(found.group(1)) <= SCORE_MOST, said.stdout


@needs_systemd
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8")
    (program,) = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
    installed = tmp_path / f"boxgate@{GATEWAY}.service"
    # the program and the page are there only once they are installed
    installed.write_text(text.replace(program, "/bin/true"), encoding="utf-8")
    said = systemd("verify", "--man=no", str(installed))
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_the_unit_may_ask_the_kernel_for_the_state_of_the_clock() -> None:
    # else every reading would say that its clock is not trusted
    keys = unit()
    assert "adjtimex" in keys["SystemCallFilter"][-1].split()
    assert "ProtectClock" not in keys


def test_the_unit_claims_no_watchdog_the_agent_does_not_feed() -> None:
    keys = unit()
    assert keys["Type"] == ["exec"]
    assert "WatchdogSec" not in keys


def test_the_unit_starts_again_whatever_happens() -> None:
    keys = unit()
    assert (keys["Restart"], keys["StartLimitIntervalSec"]) == (["always"], ["0"])
    assert float(keys["TimeoutStopSec"][0]) > run.LEAVE_S


def test_boxgate_takes_the_command_line_of_the_unit() -> None:
    args = parsed(unit()["ExecStart"][0])
    assert (args.site, args.gateway) == (Path("/etc/boxgate/gw1"), GATEWAY)
    assert args.config == Path("/etc/boxgate/gw1/gateway.toml")


def test_the_example_is_a_gateway_of_the_example_site() -> None:
    site = read_site(ROOT / "examples" / "xiyuan-5")
    config = read_gateway(EXAMPLE)
    assert check_against_site(config.line, EXAMPLE, site, GATEWAY) == ()
    gateway = this_gateway(site, GATEWAY)
    assert len(lines_here(site, gateway, config.line, None)) == len(gateway.lines)


def test_state_and_secret_are_where_the_unit_puts_them() -> None:
    config = read_gateway(EXAMPLE)
    keys = unit()
    gateway = this_gateway(read_site(ROOT / "examples" / "xiyuan-5"), GATEWAY)
    folder = f"/var/lib/{keys['StateDirectory'][0].split()[-1]}"
    assert str(state_folder(None, config, gateway)) == folder
    name, _, file = keys["LoadCredential"][0].partition(":")
    assert config.broker.password_file == f"$CREDENTIALS_DIRECTORY/{name}"
    assert file == f"/etc/boxgate/{GATEWAY}/mqtt"


def test_every_port_of_the_example_has_its_name_from_a_rule_or_the_board() -> None:
    named = re.findall(r'SYMLINK\+="([^"]+)"', RULES.read_text(encoding="utf-8"))
    ports = [port.port for port in read_gateway(EXAMPLE).line.values()]
    assert [f"/dev/{name}" for name in named] == [one for one in ports if "rs485" in one]
    assert {one for one in ports if "rs485" not in one} == {"/dev/ttyAMA0"}


def test_every_kind_of_port_is_allowed_and_its_driver_loaded() -> None:
    allowed = {value.split()[0] for value in unit()["DeviceAllow"]}
    assert allowed == {"char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS"}
    text = (DEPLOY / "modules-load.d" / "boxgate.conf").read_text(encoding="utf-8")
    modules = [line for line in text.splitlines() if not line.startswith("#")]
    assert modules == ["usbserial", "cdc_acm"]


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed"
)
def test_the_user_of_the_unit_is_made_and_may_open_serial_ports(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "group").write_text("dialout:x:20:\n")
    (etc / "passwd").touch()
    subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(DEPLOY / "sysusers.d" / "boxgate.conf")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    keys = unit()
    assert (etc / "passwd").read_text().startswith(f"{keys['User'][0]}:")
    group = keys["SupplementaryGroups"][0]
    assert f"{group}:x:20:{keys['User'][0]}\n" in (etc / "group").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_install_page_names_every_path_of_the_unit_and_every_file_of_deploy(
    page: Path,
) -> None:
    text = page.read_text(encoding="utf-8")
    words = " ".join(value for values in unit().values() for value in values)
    ours = set(re.findall(r"/(?:opt|etc|var/lib)/boxgate[\w./-]*", words))
    folder = f"/var/lib/{unit()['StateDirectory'][0].split()[-1]}"
    missing = sorted(path for path in {*ours, folder} if path not in text)
    assert missing == []
    files = {str(path.relative_to(ROOT)) for path in DEPLOY.rglob("*") if path.is_file()}
    assert sorted(file for file in files if file not in text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_boxgate_command_of_the_install_page_is_one(page: Path) -> None:
    shown = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(shown).replace("\\\n", " ").splitlines()
    commands = [m.group(0) for line in lines if (m := re.search(r"/bin/boxgate (?!--).*", line))]
    found = [parsed(command.split(" |")[0].split(" #")[0]) for command in commands]
    assert len(found) >= 5


def test_both_install_pages_show_the_same_commands() -> None:
    blocks = [
        re.findall(r"```(?:sh|ini|toml)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for page in PAGES
    ]
    bare = [[re.sub(r"\s*#.*", "", block) for block in some] for some in blocks]
    assert bare[0] == bare[1]
