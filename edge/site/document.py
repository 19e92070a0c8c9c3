"""A TOML file to its values and their places; whatever stands in it, the worst are problems."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.site.locate import Locator
from edge.site.problem import Problems
from edge.site.source import TOML_LIMIT, Source, read_source

VERSION = 1

LINE_LIMIT = 4000
"""Longest line, characters; with DOTS it keeps hostile texts from costing time."""

DOTS = 50
"""Most dots before the first = or quote of a line: a key that deep is none of ours."""

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Document:
    """One TOML file as read."""

    source: Source
    values: dict[str, Any]
    locator: Locator


def read_document(path: Path, problems: Problems) -> Document | None:
    """The document, or None with the reason among the problems; `version` is checked too."""
    source = read_source(path, TOML_LIMIT, problems)
    if source is None:
        return None
    if (line := _unreasonable_line(source.text)) is not None:
        problems.error(source.name, line, "site_toml_deep", name=path.name)
        return None
    try:
        values = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        what, line = _place(str(error), source.text)
        problems.error(source.name, line, "site_toml_syntax", what=what)
        return None
    except (RecursionError, ValueError):
        # ValueError beside TOMLDecodeError: a whole number of thousands of digits
        problems.error(source.name, 1, "site_toml_deep", name=path.name)
        return None
    document = Document(source, values, Locator(source.text))
    _check_version(document, problems)
    return document


def _check_version(document: Document, problems: Problems) -> None:
    name = document.source.name
    if "version" not in document.values:
        problems.error(name, 1, "site_version_missing")
        return
    version = document.values["version"]
    if not isinstance(version, int) or isinstance(version, bool) or version != VERSION:
        line = document.locator.line("version")
        problems.error(name, line, "site_version_wrong", got=version)


def _unreasonable_line(text: str) -> int | None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_LIMIT:
            return number
        head = re.split("[=\"'#]", line, maxsplit=1)[0]
        if head.count(".") > DOTS:
            return number
    return None


def _place(message: str, text: str) -> tuple[str, int]:
    """The parser's message without its place, and the line of that place."""
    match = _PLACE.search(message)
    if match is None:
        return message, 1
    end = len(text.rstrip().split("\n"))
    return message[: match.start()], int(match[1]) if match[1] else end
