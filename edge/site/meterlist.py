"""The utility's own meter list: whatever its columns are called, as households to be declared.

Nothing is invented: a cell the list does not have stays empty, and `boxgate check` asks for it.
"""

import csv
import functools
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge.site.fields import ID
from edge.site.meters import csv_rows, holds_personal_data
from edge.site.problem import Problems, listed
from edge.site.source import CSV_LIMIT, read_source
from edge.words.messages import BoxgateError

_DIGITS = re.compile(r"\d{1,4}", re.ASCII)
_NOT_ID = re.compile(r"[^A-Za-z0-9_-]+")
_PHASES = {"A": "A", "B": "B", "C": "C", "ABC": "ABC", "三相": "ABC"}
_PROTOCOLS = {"645": "dlt645", "698": "dlt698", "MODBUS": "modbus"}
_KINDS = {
    "household": "household",
    "public": "public",
    "feeder": "feeder",
    "master": "master",
    "居民": "household",
    "户表": "household",
    "公用": "public",
    "公变": "public",
    "出线": "feeder",
    "总表": "master",
    "台区总表": "master",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One meter of the list, as far as the list tells."""

    address: str
    kind: str
    name: str
    building: str
    stairwell: int
    box: str
    household: str
    phase: str
    line: str
    protocol: str
    ct: str


@dataclass(frozen=True, slots=True)
class MeterList:
    """The whole list; `personal` and `ignored` are columns that were left out."""

    meters: tuple[Listed, ...]
    personal: tuple[str, ...]
    ignored: tuple[str, ...]


def read_meter_list(path: Path) -> MeterList:
    """The list of a CSV file; BoxgateError says in one sentence why it cannot be used."""
    problems = Problems()
    source = read_source(path, CSV_LIMIT, problems)
    if source is None:
        raise _refused(problems)
    rows = [cells for _, cells in csv_rows(source, problems)]
    if problems.errors:
        raise _refused(problems)
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    personal = tuple(cell for cell in header if holds_personal_data(cell))
    fields = ["" if cell in personal else _field(cell) for cell in header]
    if "id" not in fields and "asset" not in fields:
        found = listed(cell for cell in header if cell and cell not in personal)
        raise BoxgateError("new_no_address", name=path.name, found=found)
    if not body:
        raise BoxgateError("site_meters_none", name=path.name)
    ignored = tuple(
        cell
        for cell, field in zip(header, fields, strict=True)
        if cell and not field and cell not in personal
    )
    places = _Places({}, {})
    meters = tuple(_meter(_first_cells(fields, cells), places) for cells in body)
    return MeterList(meters, personal, ignored)


def _refused(problems: Problems) -> BoxgateError:
    return BoxgateError("new_list_wrong", first=problems.sorted()[0].text())


@dataclass(slots=True)
class _Places:
    """Ids given so far: building by its text, building of each box id."""

    buildings: dict[str, str]
    boxes: dict[str, str]


@functools.cache
def _aliases() -> dict[str, str]:
    text = resources.files("edge.site").joinpath("columns.csv").read_text(encoding="utf-8")
    return {row["alias"]: row["field"] for row in csv.DictReader(text.splitlines())}


def _field(heading: str) -> str:
    """The field a column's heading means, "" for none: case, width and blanks do not matter."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    plain = re.sub(r"[(\[【].*", "", plain)
    found = _aliases().get(re.sub(r"[\s:.]+", "", plain))
    return found or _aliases().get(re.sub(r"[\s:.]+", "_", plain).strip("_"), "")


def _first_cells(fields: list[str], cells: list[str]) -> dict[str, str]:
    """Cells by field; of two columns for one field the first that is filled counts."""
    row: dict[str, str] = {}
    for field, cell in zip(fields, cells, strict=False):
        if field and cell and field not in row:
            row[field] = cell
    return row


def _meter(row: dict[str, str], places: _Places) -> Listed:
    kind = _KINDS.get(row.get("kind", "").lower(), "household")
    building = _building(row.get("building", ""), places.buildings)
    stairwell = _number(row.get("stairwell", "")) or 1
    phase = unicodedata.normalize("NFKC", row.get("phase", "")).upper().removesuffix("相")
    line = _as_id(row.get("line", ""))
    if line.isdigit():
        line = f"line{line}"
    door = _as_id(row.get("household", ""))
    written = row.get("protocol", "").upper()
    protocols = [name for mark, name in _PROTOCOLS.items() if mark in written]
    return Listed(
        address=_address(row.get("id") or row.get("asset", "")),
        kind=kind,
        name="" if kind == "household" else _text(row.get("name", "")),
        building=building,
        stairwell=stairwell,
        box=_box(row.get("box", ""), building, stairwell, places.boxes),
        household=f"{building}-{stairwell}-{door}"[:64] if door and kind == "household" else "",
        phase=_PHASES.get(phase, _PHASES.get(phase + "相", "")),
        line=line or building.lower(),
        protocol=protocols[0] if protocols else "dlt645",
        ct=row.get("ct", "") if kind != "household" else "",
    )


def _building(text: str, known: dict[str, str]) -> str:
    """ "5号楼" -> B5, "Rose" -> Rose; a name that gives no id gets the next free number."""
    if text in known:
        return known[text]
    plain = unicodedata.normalize("NFKC", text)
    number = _number(plain)
    guess = f"B{number}" if number else _as_id(plain)
    taken = {value.lower() for value in known.values()}
    count = len(known) + 1
    while not guess or guess.lower() in taken:
        guess = f"B{count}"
        count += 1
    known[text] = guess
    return guess


def _box(text: str, building: str, stairwell: int, known: dict[str, str]) -> str:
    """The box as labelled; a mere count ("2") says nothing without its stairwell."""
    label = _as_id(text)
    if not label:
        return f"{building}-{stairwell}"
    if len(label) < 5 and label.isdigit():
        return f"{building}-{stairwell}-{label}"
    if known.setdefault(label.lower(), building) != building:
        return f"{building}-{label}"[:64]
    return label


def _number(text: str) -> int:
    """The first number in a text, 0 for none; 一..九 are numbers too."""
    if match := _DIGITS.search(unicodedata.normalize("NFKC", text)):
        return int(match[0])
    for sign in text:
        if sign in "一二三四五六七八九":
            return "一二三四五六七八九".index(sign) + 1
    return 0


def _as_id(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    made = _NOT_ID.sub("-", plain).strip("-")[:64]
    return made if ID.fullmatch(made) else ""


def _address(text: str) -> str:
    """As written, without what people put between digits."""
    return unicodedata.normalize("NFKC", text).replace(" ", "").replace("-", "").lstrip("'")


def _text(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:200]
