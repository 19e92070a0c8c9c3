"""The declared world from disk: a folder with site.toml and meters.csv to a checked Site.

Reading never stops at the first mistake: every field of every row is checked by itself, then the
rows against each other, then against the practice of the field; `Loaded.problems` has all of it.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge.site import model
from edge.site.document import Document, read_document
from edge.site.gateway import (
    LoadedGateway,
    LoadedPorts,
    check_against_site,
    load_gateway,
    load_ports,
    read_gateway,
    read_ports,
)
from edge.site.meters import read_meters
from edge.site.model import Site
from edge.site.practice import check_practice
from edge.site.problem import Problem, Problems, first_error
from edge.site.rows import (
    STRUCTS,
    Row,
    belongs_to_gateway,
    check_fields,
    table_rows,
    unknown_keys,
)
from edge.site.rules import check_world
from edge.site.source import Source

__all__ = [
    "Loaded",
    "LoadedGateway",
    "LoadedPorts",
    "Problem",
    "check_against_site",
    "load_gateway",
    "load_ports",
    "load_site",
    "read_gateway",
    "read_ports",
    "read_site",
]

SITE_FILE = "site.toml"

TABLES = {
    "transformer": "transformers",
    "feeder": "feeders",
    "building": "buildings",
    "box": "boxes",
    "line": "lines",
    "tmu": "tmus",
    "gateway": "gateways",
    "responsibility": "responsibilities",
}
"""The tables of site.toml and the fields of Site they fill."""

COMPULSORY = ("transformer", "line", "gateway")

_PLAIN_FILE = re.compile(r"[^/\\\x00-\x1f]{1,100}")
_DRAFT_MARK = re.compile(r"#\s*fill in")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A site as far as it could be read; `site` is None where any problem is an error."""

    site: Site | None
    problems: tuple[Problem, ...]


def read_site(path: Path) -> Site:
    """The site, or BoxgateError("site_invalid") with the first error and the count of all."""
    loaded = load_site(path)
    if loaded.site is None:
        raise first_error(loaded.problems)
    return loaded.site


def load_site(path: Path) -> Loaded:
    """The site of a folder that holds site.toml, or of that file; never raises."""
    problems = Problems()
    file = path / SITE_FILE if os.path.isdir(path) else path
    document = read_document(file, problems)
    folder = file.parent
    if document is None:
        # the meter list has its own mistakes, which need not wait for the next attempt
        if os.path.isfile(folder / "meters.csv"):
            read_meters(folder / "meters.csv", problems)
        return Loaded(None, problems.sorted())
    tables, meters_file = _tables(document, folder, problems)
    check_world(tables, problems)
    _drafts(document.source, problems)
    site = None
    if not problems.errors and meters_file is not None:
        site = _site(tables, document.source, meters_file)
        check_practice(site, tables, problems)
    return Loaded(site, problems.sorted())


def _tables(
    document: Document, folder: Path, problems: Problems
) -> tuple[dict[str, list[Row]], Source | None]:
    values, locator, name = document.values, document.locator, document.source.name
    site = Row("site", 1, name, 1, locator.line)
    site.values["meters"] = "meters.csv"
    own = {key: value for key, value in values.items() if key not in TABLES}
    own.pop("version", None)
    meters = own.pop("meters", "meters.csv")
    foreign = {key for key in own if key != "id" and belongs_to_gateway(key)}
    for key in foreign:
        site.error(problems, key, "site_key_gateway", key=key, name=SITE_FILE)
    own = {key: value for key, value in own.items() if key not in foreign}
    check_fields(site, own, problems)
    plain = ("id", "name", "timezone", "period_s")
    unknown_keys(site, own, ["version", *plain, "meters", *TABLES], problems)
    tables = {"site": [site]}
    for table in TABLES:
        tables[table] = table_rows(values, table, name, locator, problems)
        if table in COMPULSORY and not values.get(table):
            problems.error(name, 1, "site_table_missing", table=table)
    tables["meter"] = []
    if not isinstance(meters, str) or not _PLAIN_FILE.fullmatch(meters) or meters in (".", ".."):
        site.error(problems, "meters", "site_value_file", got=meters)
        return tables, None
    meters_file, tables["meter"] = read_meters(folder / meters, problems)
    return tables, meters_file


def _site(tables: dict[str, list[Row]], toml: Source, meters: Source) -> Site:
    """The structs, from rows that hold no error."""
    rows: dict[str, tuple[Any, ...]] = {
        field: tuple(msgspec.convert(row.values, STRUCTS[table]) for row in tables[table])
        for table, field in TABLES.items()
    }
    own = tables["site"][0].values
    return Site(
        id=own["id"],
        name=own.get("name", ""),
        timezone=own["timezone"],
        period_s=own["period_s"],
        meters=tuple(_meter(row.values) for row in tables["meter"]),
        digest=hashlib.sha256(toml.data + b"\0" + meters.data).hexdigest()[:16],
        **rows,
    )


def _meter(values: dict[str, Any]) -> model.Meter:
    fields = {key: value for key, value in values.items() if key not in ("ct", "pt")}
    for ratio in ("ct", "pt"):
        if ratio in values:
            fields[f"{ratio}_primary"], fields[f"{ratio}_secondary"] = values[ratio]
    return msgspec.convert(fields, model.Meter)


def _drafts(source: Source, problems: Problems) -> None:
    for number, line in enumerate(source.text.split("\n"), start=1):
        if _DRAFT_MARK.search(line):
            problems.warning(source.name, number, "site_draft_left")
