"""The walk through bad input: every verb, as a process, ends in one sentence and an exit code.

Each case names the message it must end in (bad_cases.py). What ends no process is here too: an
agent that carries on without a part, a bench that answers a wrong command.
"""

import fcntl
import os
import termios
from pathlib import Path

import pytest
import serial

from edge.shells.port import PortError, SerialPort
from edge.site.model import Line, Port
from tests.edge.cli.bad import Build, Case, Place, broken_link, huge
from tests.edge.cli.bad_cases import walk
from tests.edge.cli.processes import assert_one_sentence, call, is_sentence, meters, out, until


@pytest.mark.parametrize("case", walk(), ids=lambda case: case.id.replace(" ", "-"))
def test_bad_input_ends_in_its_sentence_and_exit_code(place: Place, case: Case) -> None:
    said = call(case.program, *case.build(place))
    assert_one_sentence(said, case.program, case.key, case.code)


@pytest.mark.parametrize(
    "build",
    [
        lambda p: ["check", str(p.folder / "nowhere")],
        lambda p: ["check", p.replaced_by(b"\0\xff" * 99)],
        lambda p: ["check", p.site, "--ports", "/"],
        lambda p: ["check", p.site, "--config", huge(p)],
        lambda p: ["check", p.site, "--config", broken_link(p), "--json"],
    ],
)
def test_check_says_it_as_its_result_and_ends_with_2(place: Place, build: Build) -> None:
    said = call("boxgate", *build(place))
    assert (said.code, said.err) == (2, "")
    assert "Traceback" not in said.out
    assert said.out.count("\n") <= 9


def test_a_port_that_another_program_has_is_named_busy(place: Place) -> None:
    with serial.Serial(place.pty, exclusive=True):
        said = call("boxgate", *place.run())
    assert_one_sentence(said, "boxgate", "port_busy", 3)


def test_a_state_folder_that_another_agent_has_is_named_with_its_process(place: Place) -> None:
    with (place.state / "journal.db.lock").open("w") as lock:
        lock.write(str(os.getpid()))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = call("boxgate", *place.run())
    assert_one_sentence(said, "boxgate", "journal_locked", 2)
    assert f"process {os.getpid()}" in said.err


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        (serial.SerialException(13, "Permission denied"), "port_denied"),
        (termios.error(22, "Invalid argument"), "port_settings"),
        (OSError(5, "Input/output error"), "port_failed"),
        (ValueError("Not a valid baudrate"), "port_failed"),
    ],
)
def test_what_no_process_here_can_meet_at_a_port_has_its_sentence(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, key: str
) -> None:
    def refuse(**settings: object) -> None:
        raise failure

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(PortError) as caught:
        SerialPort(Line(id="b1"), Port(port="/dev/ttyS1"))
    assert (caught.value.key, caught.value.exit_code) == (key, 3)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("break everything", "sim_control_words"),
        ("mend line b9", "sim_control_line"),
        ("break meter 999", "sim_control_device"),
    ],
)
def test_a_bench_answers_a_wrong_command_in_one_sentence_and_goes_on(
    place: Place, said: str, key: str
) -> None:
    with meters(place.folder, Path(place.site), "--control") as bench:
        assert bench.stdin is not None
        bench.stdin.write(f"{said}\nbreak line b1\n".encode())
        bench.stdin.flush()
        told = out(place.folder / "up")
        until(lambda: "ok break line b1" in told.read_text(), bench, "the next command is done")
        (error,) = [line for line in told.read_text().splitlines() if line.startswith("error ")]
        assert is_sentence(key, error.removeprefix("error "))
