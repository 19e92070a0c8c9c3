"""What boxgate says to people: one table, Chinese and English, chosen by LANG.

A message names the thing, the cause and the next step in 200 characters at most. The table also
holds the exit code that goes with a message when it ends a verb: 1 some meters failed, 2 usage or
configuration, 3 no port could be opened or a one-shot verb could not reach its broker.
"""

import csv
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

LIMIT = 200
"""Longest message, characters."""


@dataclass(frozen=True, slots=True)
class Message:
    """One row of messages.csv."""

    key: str
    exit: int
    en: str
    zh: str


@functools.cache
def messages() -> dict[str, Message]:
    """The whole table by key."""
    text = resources.files("edge.words").joinpath("messages.csv").read_text(encoding="utf-8")
    return {
        row["key"]: Message(row["key"], int(row["exit"]), row["en"], row["zh"])
        for row in csv.DictReader(text.splitlines())
    }


def language(environ: Mapping[str, str] | None = None) -> str:
    """ "zh" or "en" by LC_ALL, LC_MESSAGES, LANG, the first that is set."""
    env = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return "zh" if env[name].lower().startswith("zh") else "en"
    return "en"


def say(key: str, /, lang: str | None = None, **facts: object) -> str:
    """The message with its facts filled in; long facts are cut so that the whole fits LIMIT."""
    row = messages()[key]
    template = row.zh if (lang or language()) == "zh" else row.en
    text = template.format(**facts)
    if len(text) <= LIMIT:
        return text
    texts = {name: str(value) for name, value in facts.items()}
    # the longest facts give way, the short ones stay whole
    share = min(LIMIT, max(map(len, texts.values()), default=0)) + 1
    while len(text) > LIMIT and share > 8:
        share -= 1
        cut = {k: v if len(v) <= share else v[: share - 1] + "…" for k, v in texts.items()}
        text = template.format(**cut)
    return text


def one_line(text: str) -> str:
    """The text with line ends and other control characters written as escapes: `a\\nb`."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def padded(text: str, columns: int) -> str:
    """The text with spaces behind it up to so many columns of a terminal."""
    return text + " " * (columns - width(text))


class BoxgateError(Exception):
    """A failure with its sentence in the message table; ends a verb with the table's exit code."""

    def __init__(self, key: str, /, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts

    @property
    def exit_code(self) -> int:
        """The exit code that goes with this message."""
        return messages()[self.key].exit

    def text(self, lang: str | None = None) -> str:
        """The sentence for a person."""
        return say(self.key, lang, **self.facts)

    def __str__(self) -> str:
        return self.text("en")
