"""Text in columns for a terminal: titles of several lines, Chinese counted double."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.words.messages import width


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title from the top line down, and where its cells stand."""

    title: tuple[str, ...]
    left: bool = False
    """Words stand at the left, numbers at the right."""
    gap: int = 1
    """Spaces before it."""


def in_columns(columns: Sequence[Column], rows: Sequence[Sequence[str] | str]) -> list[str]:
    """Titles and rows as lines; a row that is one text stands as it is, over what follows it.

    Each row has a cell a column, ValueError otherwise.
    """
    height = max(len(column.title) for column in columns)
    head = [[_of(column.title, level) for column in columns] for level in range(height)]
    cells = [*head, *(row for row in rows if not isinstance(row, str))]
    sizes = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines: list[str] = []
    for row in (*head, *rows):
        lines.append(row if isinstance(row, str) else _line(columns, sizes, row))
    return lines


def _of(title: tuple[str, ...], level: int) -> str:
    return title[level] if level < len(title) else ""


def _line(columns: Sequence[Column], sizes: Sequence[int], row: Sequence[str]) -> str:
    text = ""
    for place, (column, size, cell) in enumerate(zip(columns, sizes, row, strict=True)):
        pad = " " * (size - width(cell))
        gap = " " * column.gap if place else ""
        text += gap + (cell + pad if column.left else pad + cell)
    return text.rstrip()
