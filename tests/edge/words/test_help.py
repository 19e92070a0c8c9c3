"""Help texts: every one of both programs has its Chinese row, and no row is left over."""

import argparse
import importlib
import unicodedata

import pytest

import edge.cli.main
import firmware_sim.cli.main
from edge.words.help import Formatter, table

PROGRAMS = (
    ("edge.cli", edge.cli.main.VERBS, edge.cli.main.main),
    ("firmware_sim.cli", firmware_sim.cli.main.VERBS, firmware_sim.cli.main.main),
)
CALLS = [(main, verb) for _, verbs, main in PROGRAMS for verb in ("", *verbs)]
FRAME = {
    "usage",
    "positional arguments",
    "options",
    "show this help message and exit",
    "show the version and what it runs on",
    "Reads every meter of a transformer area over RS-485 and delivers over MQTT.",
    "The other end of the wire: meters and lines on a desk.",
}
"""What argparse and the programs' own parsers say."""


def texts() -> set[str]:
    """Every help text in the code."""
    said = set(FRAME)
    for package, verbs, _ in PROGRAMS:
        for verb, summary in verbs.items():
            parser = argparse.ArgumentParser()
            importlib.import_module(f"{package}.{verb.replace('-', '_')}").add_arguments(parser)
            said.add(summary)
            said.update(action.help or f"{verb}: {action.dest}" for action in parser._actions)
    return said


def shown(main: object, verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `--help` prints."""
    assert callable(main)
    with pytest.raises(SystemExit) as ended:
        main([*([verb] if verb else []), "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_every_help_text_has_its_row_and_every_row_its_text() -> None:
    assert set(table()) == texts()


def test_every_row_says_something_in_chinese() -> None:
    for english, chinese in table().items():
        assert any("\u4e00" <= char <= "\u9fff" for char in chinese), english


@pytest.mark.parametrize(("main", "verb"), CALLS)
def test_a_chinese_help_has_no_english_text_and_fits_a_terminal(
    main: object, verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    out = shown(main, verb, capsys)
    assert out.startswith("用法: ")
    for english in sorted(table()):
        if len(english.split()) > 1:
            assert english not in out
    assert [line for line in out.splitlines() if width(line) > 80] == []


def test_an_english_help_is_argparses_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    out = shown(edge.cli.main.main, "check", capsys)
    assert out.startswith("usage: boxgate check")
    assert "folder of site.toml and meters.csv" in out


def test_a_text_without_a_row_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    parser = argparse.ArgumentParser(prog="p", formatter_class=Formatter)
    parser.add_argument("--new", help="something quite new")
    assert "something quite new" in parser.format_help()
    assert parser._actions[0].help == "show this help message and exit"
