"""What is wrong with a declared file: each problem with its place and its sentence.

Nothing stops at the first mistake: checks add problems to one collector and go on.
"""

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from edge.words.messages import BoxgateError, say

SHOWN = 1000
"""Most problems kept; a file with more is not the file that was meant."""

NEAR = 500
"""Most names a did-you-mean looks through: it costs time for each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `key` and `facts` are of the message table, `line` counts from 1."""

    file: str
    line: int
    key: str
    facts: dict[str, str]
    severity: Literal["error", "warning"]

    def text(self, lang: str | None = None) -> str:
        """ "file:line: what is wrong; what to do" in the language asked, else by LANG."""
        sentence = say(self.key, lang, **self.facts)
        if self.severity == "warning":
            sentence = say("site_warning", lang) + sentence
        return f"{self.file}:{self.line}: {sentence}"


@dataclass(slots=True)
class Problems:
    """Collects problems, at most SHOWN of them; `dropped` counts the rest."""

    found: list[Problem] = field(default_factory=list)
    dropped: int = 0
    errors: int = 0

    def error(self, file: str, line: int, key: str, /, **facts: object) -> None:
        """Something that keeps the file from being used."""
        self.errors += 1
        self._add(file, line, key, facts, "error")

    def warning(self, file: str, line: int, key: str, /, **facts: object) -> None:
        """Something a person should look at; the file can be used."""
        self._add(file, line, key, facts, "warning")

    def sorted(self) -> tuple[Problem, ...]:
        """All kept problems by file and line, errors before warnings on one line."""
        found = sorted(self.found, key=lambda p: (p.file, p.line, p.severity))
        if self.dropped:
            last = found[-1]
            facts = {"limit": str(SHOWN)}
            found.append(Problem(last.file, last.line, "site_more", facts, "error"))
        return tuple(found)

    def _add(
        self,
        file: str,
        line: int,
        key: str,
        facts: dict[str, object],
        severity: Literal["error", "warning"],
    ) -> None:
        if len(self.found) >= SHOWN:
            self.dropped += 1
            return
        texts = {name: shown(value) for name, value in facts.items()}
        self.found.append(Problem(file, max(1, line), key, texts, severity))


def shown(value: Any) -> str:
    """A value of a file as it may stand in a sentence: short, printable, never raising."""
    match value:
        case str():
            text = value[:100]
        case bool():
            text = "true" if value else "false"
        case int() if value.bit_length() > 64:
            # int to text is quadratic, and refused beyond 4300 digits
            text = "a huge number"
        case int() | float():
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
        case list():
            text = "[…]"
        case dict():
            text = "{…}"
        case _:
            text = str(value)[:100]
    return "".join(c if c.isprintable() else "·" for c in text)


def listed(names: Iterable[str]) -> str:
    """Names as a list for a sentence; a long one is cut."""
    names = list(names)
    text = ", ".join(names[:6])
    return f"{text}, … ({len(names)})" if len(names) > 6 else text or "-"


def near(name: str, known: Iterable[str]) -> str:
    """The known name a person most likely meant, or "" where none is close."""
    names = list(known)[:NEAR]
    by_lower = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name[:64].lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def first_error(problems: Iterable[Problem]) -> BoxgateError:
    """The refusal of a file as one sentence: its first error and how many there are."""
    errors = [problem for problem in problems if problem.severity == "error"]
    first = replace(errors[0], file=os.path.basename(errors[0].file))
    return BoxgateError("site_invalid", first=first.text(), count=len(errors))
