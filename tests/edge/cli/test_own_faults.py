"""Faults of our own and of the machine, which no input brings about: one sentence each as well."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import edge.shells.agent
from edge.agent import Core
from edge.plan.build import asked
from edge.shells.clock import WallClock
from edge.site.load import read_site
from edge.words import BoxgateError
from firmware_sim.bridge.pty import Pty
from tests.edge.cli.processes import (
    DEADLINE_S,
    ROOT,
    Said,
    assert_one_sentence,
    environment,
    port_map,
    site,
)

FAULTY = """
import sys, types
from edge.words.verbs import run_program
verb = types.ModuleType("faulty.do")
verb.add_arguments = lambda parser: None
def run(args):
    {act}
verb.run = run
sys.modules["faulty.do"] = verb
sys.exit(run_program("boxgate", "", "faulty", {{"do": ""}}, str, ["do"]))
"""

HANGING = """
import sys, threading
import edge.shells.agent
from edge.cli import main, run
def journal(*arguments):
    print("opening", flush=True)
    threading.Event().wait()
run.Journal = journal
edge.shells.agent.LEAVE_S = 0.05
sys.exit(main.main(sys.argv[1:]))
"""


def faulty(act: str, **env: str) -> Said:
    """A program whose verb does what it should not."""
    ended = subprocess.run(
        [sys.executable, "-c", FAULTY.format(act=act)],
        cwd=ROOT,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def test_a_fault_of_our_own_is_one_sentence_with_its_place() -> None:
    said = faulty("{}['one\\ntwo']")
    assert_one_sentence(said, "boxgate", "internal", 1)
    assert "KeyError: 'one" in said.err
    assert "(<string>:7)" in said.err


def test_whoever_asks_for_it_gets_the_traceback() -> None:
    said = faulty("[][1]", BOXGATE_TRACEBACK="1")
    assert "Traceback (most recent call last)" in said.err
    assert said.err.splitlines()[-1].startswith("boxgate: An internal fault")


def test_an_installation_that_is_not_whole_is_said_so() -> None:
    assert_one_sentence(faulty("import nowhere.at_all"), "boxgate", "install_broken", 2)


def test_a_journal_that_does_not_open_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = threading.Event()

    def build() -> tuple[Core, Callable[[], None]]:
        opened.wait(DEADLINE_S)
        raise OSError

    monkeypatch.setattr(edge.shells.agent, "BUILD_DEADLINE_S", 0.01)
    agent = edge.shells.agent.Agent(build, WallClock(), lambda note: None)
    with pytest.raises(BoxgateError) as caught:
        agent.open()
    assert (caught.value.key, caught.value.exit_code) == ("journal_slow", 1)
    opened.set()


def test_a_signal_while_the_journal_does_not_open_ends_the_run(tmp_path: Path) -> None:
    folder = str(site(tmp_path / "site", 1))
    ports = str(port_map(tmp_path / "ports.toml", b1=tmp_path / "none"))
    argv = [*("run", folder), *("--ports", ports), *("--state", str(tmp_path)), "--no-broker"]
    with subprocess.Popen(
        [sys.executable, "-c", HANGING, *argv],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "opening\n"
            process.terminate()
            out, err = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
    assert_one_sentence(Said(process.returncode, out, err), "boxgate", "interrupted", 0)


def test_a_profile_without_items_is_named(tmp_path: Path) -> None:
    known = read_site(site(tmp_path / "site", 1))
    meters = tuple(msgspec.structs.replace(meter, profile="9ph") for meter in known.meters)
    with pytest.raises(BoxgateError) as caught:
        asked(msgspec.structs.replace(known, meters=meters), known.line("b1"))
    assert caught.value.key == "profile_unknown"


def test_a_machine_without_pseudo_terminals_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> tuple[int, int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "openpty", refuse)
    with pytest.raises(BoxgateError) as caught:
        Pty(tmp_path / "b1")
    assert (caught.value.key, caught.value.exit_code) == ("sim_no_pty", 3)
