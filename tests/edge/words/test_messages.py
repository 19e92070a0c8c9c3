"""The message table: both languages whole, sentences short, chosen by the environment."""

import csv
import string
from importlib import resources

import pytest

from edge.words.messages import LIMIT, BoxgateError, language, messages, padded, say

KEYS = sorted(messages())


def names(template: str) -> set[str]:
    """The facts a sentence needs."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_no_key_stands_twice() -> None:
    text = resources.files("edge.words").joinpath("messages.csv").read_text(encoding="utf-8")
    keys = [row["key"] for row in csv.DictReader(text.splitlines())]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", KEYS)
def test_a_message_has_both_languages_with_the_same_facts(key: str) -> None:
    row = messages()[key]
    assert row.en.strip()
    assert row.zh.strip()
    assert names(row.en) == names(row.zh)
    assert "" not in names(row.en)


@pytest.mark.parametrize("key", KEYS)
def test_a_message_has_a_known_exit_code(key: str) -> None:
    assert messages()[key].exit in (0, 1, 2, 3)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("key", KEYS)
def test_a_message_fits_with_typical_facts_uncut_and_with_long_ones_cut(
    key: str, lang: str
) -> None:
    template = messages()[key].zh if lang == "zh" else messages()[key].en
    typical = dict.fromkeys(names(template), "370112000001")
    assert say(key, lang, **typical) == template.format(**typical)
    assert len(say(key, lang, **typical)) <= LIMIT
    assert len(say(key, lang, **dict.fromkeys(typical, "x" * 10_000))) <= LIMIT


def test_a_long_fact_gives_way_and_a_short_one_stays_whole() -> None:
    text = say("site_invalid", "en", first="meters.csv:7: " + "x" * 500, count=123456)
    assert len(text) <= LIMIT
    assert "123456" in text
    assert "…" in text


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment(environ: dict[str, str], expected: str) -> None:
    assert language(environ) == expected


def test_an_error_carries_its_sentence_and_exit_code() -> None:
    error = BoxgateError("site_invalid", first="x", count=2)
    assert error.exit_code == 2
    assert str(error) == error.text("en")
    assert "错误共 2 处" in error.text("zh")


def test_padding_counts_the_columns_of_a_terminal() -> None:
    assert padded("电表 1", 8) + "|" == "电表 1  |"
    assert padded("long enough", 3) == "long enough"
