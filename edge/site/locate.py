"""Where in a TOML text a key stands: tomllib gives values without positions.

One pass over the lines of a text that tomllib has already taken as valid. It follows table headers,
keys, strings over several lines and brackets; inside an inline table or an array over several lines
everything counts as standing where its key stands, which is near enough for a person.
"""

import re

Path = tuple[str | int, ...]

_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"\s*({_KEY_PART}(?:\s*\.\s*{_KEY_PART})*)\s*"
_HEADER = re.compile(rf"\[{_KEY}\]\s*(?:#.*)?$")
_LIST_HEADER = re.compile(rf"\[\[{_KEY}\]\]\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"{_KEY}=")
_PART = re.compile(_KEY_PART)
_TOKEN = re.compile(
    r'''"""|\'\'\'|"(?:[^"\\]|\\.)*"|'[^']*'|\#|[\[\]{}]'''
)  # what can open or close something


class Locator:
    """Line numbers of one TOML text, by path: ("feeder", 2, "length_m") -> 31."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._scan(text)

    def line(self, *path: str | int) -> int:
        """The line of that path or, where it is not written on its own, of what holds it."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return 1

    def _scan(self, text: str) -> None:
        table: Path = ()
        depth = 0
        closing = ""
        for number, raw in enumerate(text.split("\n"), start=1):
            if depth == 0 and not closing:
                line = raw.strip()
                if match := _LIST_HEADER.match(line):
                    table = self._list_table(_parts(match[1]), number)
                    continue
                if match := _HEADER.match(line):
                    table = self._resolved(_parts(match[1]))
                    self._lines.setdefault(table, number)
                    continue
                if match := _ASSIGNMENT.match(raw):
                    self._key(table, _parts(match[1]), number)
                    raw = raw[match.end() :]
            depth, closing = _follow(raw, depth, closing)

    def _list_table(self, parts: Path, number: int) -> Path:
        name = self._resolved(parts[:-1]) + parts[-1:]
        index = self._counts.get(name, 0)
        self._counts[name] = index + 1
        self._lines.setdefault(name, number)
        table = (*name, index)
        self._lines[table] = number
        return table

    def _resolved(self, parts: Path) -> Path:
        """A header's path with the index of the current entry behind each list of tables."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if count := self._counts.get(path):
                path = (*path, count - 1)
        return path

    def _key(self, table: Path, parts: Path, number: int) -> None:
        for length in range(1, min(len(parts), 8) + 1):
            self._lines.setdefault(table + parts[:length], number)


def _parts(key: str) -> Path:
    """A dotted key as its parts, quotes removed."""
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(key))


def _follow(line: str, depth: int, closing: str) -> tuple[int, str]:
    """Bracket depth and open multi-line string after this line."""
    position = 0
    while position < len(line):
        if closing:
            end = _end_of_string(line, position, closing)
            if end < 0:
                return depth, closing
            position, closing = end, ""
            continue
        match = _TOKEN.search(line, position)
        if match is None:
            break
        position = match.end()
        match match[0]:
            case "#":
                break
            case '"""' | "'''":
                closing = match[0]
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth = max(0, depth - 1)
    return depth, closing


def _end_of_string(line: str, position: int, closing: str) -> int:
    """Behind the closing quotes, or -1 where the string goes on past this line."""
    while (found := line.find(closing, position)) >= 0:
        escapes = 0
        while closing == '"""' and found > escapes and line[found - escapes - 1] == "\\":
            escapes += 1
        if escapes % 2 == 0:
            return found + 3
        position = found + 1
    return -1
