"""meters.csv to rows: each cell checked by itself, each problem with its row's line and column."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from edge.site.fields import pad_address, rules
from edge.site.problem import Problems, listed, near
from edge.site.rows import Row, belongs_to_gateway, check_fields
from edge.site.source import CSV_LIMIT, Source, read_source

COMPULSORY = ("id", "kind", "line", "profile", "phase")
"""Columns that every meter list has; the others may be left out."""

_PERSONAL = re.compile(
    r".*(?:姓名|户名|客户|用户名|电话|手机|身份证|住址|"
    r"customer|owner|resident|tenant|phone|mobile|e-?mail|id_?card|first_?name|last_?name).*",
    re.IGNORECASE,
)


def holds_personal_data(column: str) -> bool:
    """Whether a column's name says that it tells who lives there."""
    return _PERSONAL.fullmatch(column) is not None


def read_meters(path: Path, problems: Problems) -> tuple[Source | None, list[Row]]:
    """The rows of the list that can be told apart, and the file; problems say the rest."""
    source = read_source(path, CSV_LIMIT, problems)
    if source is None:
        return None, []
    lines = csv_rows(source, problems)
    _, header = next(lines, (1, []))
    columns = _columns(source.name, path.name, header, problems)
    if columns is None:
        return source, []
    rows = [
        _row(source, number, line, cells, columns, problems)
        for number, (line, cells) in enumerate(lines, start=1)
    ]
    if not rows:
        problems.error(source.name, 1, "site_meters_none", name=path.name)
    return source, rows


def csv_rows(source: Source, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """(line, stripped cells) of every row that is not empty; comma, semicolon or tab between."""
    text = source.text.lstrip("\r\n")
    skipped = source.text[: len(source.text) - len(text)].count("\n")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problems.error(source.name, line, "site_csv_syntax", what=str(error))
            return
        if cells is None:
            return
        stripped = [cell.strip().strip("\ufeff") for cell in cells]
        if any(stripped):
            yield line, stripped


def _columns(name: str, short: str, header: list[str], problems: Problems) -> list[str] | None:
    """The columns by name; None where the header is not one and the rows cannot be read."""
    known = list(rules("meter"))
    columns = [cell.lower() for cell in header]
    for index, column in enumerate(columns):
        if column and column in columns[:index]:
            problems.error(name, 1, "site_column_twice", key=column)
    for column in columns:
        if column in known or not column:
            continue
        if holds_personal_data(column):
            problems.error(name, 1, "site_column_personal", key=column)
        elif belongs_to_gateway(column):
            problems.error(name, 1, "site_key_gateway", key=column, name=short)
        elif guess := near(column, known):
            problems.error(name, 1, "site_key_unknown_near", row=short, key=column, near=guess)
        else:
            problems.error(name, 1, "site_key_unknown", row=short, key=column, known=listed(known))
    for column in COMPULSORY:
        if column not in columns:
            problems.error(name, 1, "site_column_missing", key=column, known=", ".join(known))
    return columns if "id" in columns else None


def _row(
    source: Source,
    number: int,
    line: int,
    cells: list[str],
    columns: list[str],
    problems: Problems,
) -> Row:
    row = Row("meter", number, source.name, line, lambda _key: line)
    if len(cells) > len(columns):
        row.whole = False
        count, want = len(cells), len(columns)
        problems.error(source.name, line, "site_cells_extra", count=count, want=want)
    raw: Mapping[str, object] = {
        column: cell for column, cell in zip(columns, cells, strict=False) if cell
    }
    row.id = pad_address(str(raw.get("id", "")))[:64]
    # a column that is missing altogether is said once, not again for every row
    absent = [key for key in COMPULSORY if key not in columns]
    check_fields(row, raw, problems, passed_over=absent)
    _warn_short_address(row, str(raw.get("id", "")), problems)
    return row


def _warn_short_address(row: Row, written: str, problems: Problems) -> None:
    filled = row.values.get("id", written)
    if filled != written:
        count = len(written)
        row.warning(problems, "id", "site_address_short", got=written, count=count, filled=filled)
