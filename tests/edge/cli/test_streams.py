"""Streams that are closed or full, and an environment of any language, or hardly any."""

import os
import subprocess

import pytest

from tests.edge.cli.bad import EXAMPLE, Place
from tests.edge.cli.processes import (
    DEADLINE_S,
    METERS,
    Said,
    assert_one_sentence,
    call,
    command,
    environment,
    is_sentence,
    parts,
)


def shell(place: Place, redirection: str, *argv: str, **env: str) -> Said:
    """boxgate behind a shell's redirection."""
    script = f'exec "$@" {redirection}'
    ended = subprocess.run(
        ["sh", "-c", script, "sh", *command("boxgate", *argv)],
        cwd=place.folder,
        env=environment(env),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing_but_what_is_seen(place: Place, redirection: str) -> None:
    said = shell(place, redirection, *place.run("--frames"))
    assert said.code == 1
    assert "Traceback" not in said.err
    if "2>&-" not in redirection:
        assert is_sentence("meters_failed", said.sentences[0].removeprefix("boxgate: "))


@pytest.mark.parametrize("verb", ["check", "run --frames", "help"])
def test_a_full_disk_behind_the_output_is_a_sentence_or_carried_on_without(
    place: Place, verb: str
) -> None:
    if verb == "run --frames":
        said, key = shell(place, "> /dev/full", *place.run("--frames")), "meters_failed"
    else:
        argv = ["run", "--help"] if verb == "help" else ["check", place.site]
        said, key = shell(place, "> /dev/full", *argv), "system_refused"
    assert_one_sentence(said, "boxgate", key, 1)
    assert " error internal " not in said.err


def test_a_full_disk_behind_the_log_does_not_stop_the_reading(place: Place) -> None:
    said = shell(place, "2> /dev/full", *place.run())
    assert said.code == 1
    assert [part.meters for part in parts(place.state)] == [[METERS[0]]]


@pytest.mark.parametrize("lang", ["zh_CN.UTF-8", "zh_CN.GB18030", "C", "POSIX", "tlh_XX.KOI8"])
def test_any_language_and_locale_gets_its_sentence(place: Place, lang: str) -> None:
    said = call("boxgate", "run", str(place.folder / "没有"), env={"LC_ALL": lang})
    zh = "zh" if lang.startswith("zh") else "en"
    assert_one_sentence(said, "boxgate", "site_invalid", 2, zh)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_without_chinese_takes_what_it_can(place: Place, encoding: str) -> None:
    env = {"LC_ALL": "zh_CN", "PYTHONIOENCODING": encoding}
    assert call("boxgate", "check", EXAMPLE, env=env).code == 0
    said = call("boxgate", "run", "/nowhere", env=env)
    assert said.code == 2
    assert len(said.sentences) == 1
    assert said.err.startswith("boxgate: ")


def test_neither_a_home_nor_a_writable_folder_is_needed(place: Place) -> None:
    whole = environment()
    bare = {name: whole[name] for name in ("PATH", "LC_ALL", "PYTHONPATH")}
    ended = subprocess.run(
        command("boxgate", *place.run()),
        cwd="/proc",
        env=bare,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    assert_one_sentence(said, "boxgate", "meters_failed", 1)


def test_a_path_with_line_ends_and_bytes_that_are_no_text_stays_one_sentence(place: Place) -> None:
    name = os.fsdecode(os.fsencode(place.folder) + b"/a\nb\xff\x1b[31m")
    said = call("boxgate", "latest", place.site, "--state", name)
    assert_one_sentence(said, "boxgate", "journal_missing", 2)
    assert "\x1b" not in said.err


def test_a_corrupt_journal_is_set_aside_said_and_kept(place: Place) -> None:
    said = call("boxgate", *place.journal(content=b"\xa5" * 9000))
    assert " error journal_set_aside " in said.err
    assert (place.state / "journal.db.corrupt-1").read_bytes() == b"\xa5" * 9000
