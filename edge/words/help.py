"""`--help` in the reader's language: argparse's texts and ours through help.csv.

The English text in the code is the key of its row, so that a verb reads as plain argparse. Only a
help in Chinese reads the table; what has no row stays English.
"""

import argparse
import copy
import csv
import functools
from collections.abc import Iterable
from importlib import resources
from typing import Any

from edge.words.messages import language


@functools.cache
def table() -> dict[str, str]:
    """English text -> Chinese text."""
    text = resources.files("edge.words").joinpath("help.csv").read_text(encoding="utf-8")
    return {row["en"]: row["zh"] for row in csv.DictReader(text.splitlines())}


def translated(text: str) -> str:
    """The text in the language of LANG."""
    return table().get(text, text) if language() == "zh" else text


class Formatter(argparse.HelpFormatter):
    """argparse's formatter with every text translated on its way in."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """An empty prefix is how argparse asks for the name of a subparser: it stays empty."""
        word = f"{translated('usage')}: " if prefix is None else prefix
        super().add_usage(usage, actions, groups, word)

    def start_section(self, heading: str | None) -> None:
        """Such as `options`."""
        super().start_section(translated(heading) if heading else heading)

    def add_text(self, text: str | None) -> None:
        """What the program or the verb is for."""
        super().add_text(translated(text) if text else text)

    def add_argument(self, action: argparse.Action) -> None:
        """One option; the parser's own action is left as it is."""
        english = action.help
        if english:
            action = copy.copy(action)
            action.help = translated(english)
        super().add_argument(action)
