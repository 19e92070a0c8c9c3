"""The frame of both programs: verbs loaded when called, failures as a sentence and a code."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from edge.words.messages import BoxgateError
from edge.words.verbs import run_program

ROOT = Path(__file__).parents[3]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a program whose verb `do` is the function given."""

    def run(act: Callable[[argparse.Namespace], int], *argv: str) -> int:
        module = ModuleType("verbs_of_test.do")
        module.__dict__["add_arguments"] = lambda parser: parser.add_argument("--n", type=int)
        module.__dict__["run"] = act
        monkeypatch.setitem(sys.modules, "verbs_of_test.do", module)
        monkeypatch.setenv("LC_ALL", "C")
        verbs = {"do": "does it", "other": "is not there"}
        return run_program("prog", "about", "verbs_of_test", verbs, lambda: "prog 1.2", argv)

    return run


def test_a_verb_gets_its_arguments_and_gives_the_exit_code(call: Callable[..., int]) -> None:
    assert call(lambda args: args.n, "do", "--n", "3") == 3


def test_a_failure_with_a_sentence_ends_in_it_and_its_exit_code(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise BoxgateError("site_invalid", first="x", count=1)

    assert call(fail, "do") == 2
    assert capsys.readouterr().err == "prog: x (errors: 1; boxgate check lists them all)\n"


def test_an_interruption_ends_in_a_sentence(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    assert call(interrupt, "do") == 0
    assert "Stopped on request" in capsys.readouterr().err


def test_without_a_verb_the_help_is_shown(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(lambda args: 0) == 2
    assert "does it" in capsys.readouterr().out


def test_the_version_needs_no_verb(
    call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(lambda args: 0, "--version") == 0
    assert capsys.readouterr().out == "prog 1.2\n"


def test_an_unknown_verb_ends_with_2(call: Callable[..., int]) -> None:
    with pytest.raises(SystemExit) as ended:
        call(lambda args: 0, "nonsense")
    assert ended.value.code == 2


def boxgate(stdout: int, **environ: str) -> tuple[int, str]:
    """`boxgate check` of the example in its own process: exit code and stderr."""
    ended = subprocess.run(
        [sys.executable, "-m", "edge.cli.main", "check", "examples/xiyuan-5"],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_went_away_is_no_failure(unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert boxgate(writing, PYTHONUNBUFFERED=unbuffered) == (0, "")
    os.close(writing)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_finds_no_space_is_told(unbuffered: str) -> None:
    with open("/dev/full", "wb") as full:
        code, error = boxgate(full.fileno(), LC_ALL="C", PYTHONUNBUFFERED=unbuffered)
    assert code == 1
    assert error.startswith("boxgate: No space left on device: the output. Free space")
    assert error.count("\n") == 1


def test_a_terminal_without_chinese_gets_question_marks(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        assert boxgate(out.fileno(), PYTHONIOENCODING="ascii") == (0, "")
    assert b"xiyuan-5 ??5" in (tmp_path / "out").read_bytes()
