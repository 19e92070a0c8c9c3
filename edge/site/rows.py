"""Tables of a declared file as rows: every field of every row checked on its own.

A row keeps the values that are right, so that the checks across rows can go on beside the mistakes.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from edge.site import model
from edge.site.fields import check_value, rules
from edge.site.locate import Locator
from edge.site.problem import Problems, listed, near, shown

STRUCTS: dict[str, type[msgspec.Struct]] = {
    "transformer": model.Transformer,
    "feeder": model.Feeder,
    "building": model.Building,
    "box": model.Box,
    "line": model.Line,
    "tmu": model.Tmu,
    "gateway": model.Gateway,
    "responsibility": model.Responsibility,
    "meter": model.Meter,
    "site": model.Site,
    "broker": model.Broker,
    "port": model.Port,
    "gateway_file": model.GatewayFile,
}
"""What a row of each table becomes once nothing is wrong with it."""

_GATEWAYS_OWN = re.compile(
    r"ports?|device|tty|serial|serial_port|com|broker|mqtt|urls?|host|hostname|server|ip|user|"
    r"username|client_id|certificate|cert|ca|ca_file|certificate_file|key_file|state|"
    r".*(?:password|passwd|secret|token|credential|api_?key|private_?key).*|端口|串口|密码",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Row:
    """One row: its table, where it stands, and those of its values that are right."""

    table: str
    number: int
    file: str
    line: int
    line_of: Callable[[str], int]
    values: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    """The id as written, also where it is not a right one."""
    written: set[str] = field(default_factory=set)
    """The keys that the file gives, right or wrong."""
    whole: bool = True
    """Nothing is wrong with it by itself."""

    @property
    def label(self) -> str:
        """How messages name it: "feeder F1", or by its place where it has no id."""
        if self.table in ("site", "broker", "gateway_file"):
            return self.table
        table = "line" if self.table == "port" else self.table
        return f"{table} {self.id}" if self.id else f"{table} #{self.number}"

    def error(self, problems: Problems, on: str, key: str, /, **facts: object) -> None:
        """An error of this row at its field `on`; `row` and `key` are filled in."""
        self.whole = False
        facts = {"row": self.label, "key": on, **facts}
        problems.error(self.file, self.line_of(on), key, **facts)

    def warning(self, problems: Problems, on: str, key: str, /, **facts: object) -> None:
        """A warning of this row at its field `on`."""
        facts = {"row": self.label, "key": on, **facts}
        problems.warning(self.file, self.line_of(on), key, **facts)


def belongs_to_gateway(key: str) -> bool:
    """Whether a key names a port, a broker or a secret: nothing of a site."""
    return _GATEWAYS_OWN.fullmatch(key.replace("-", "_")) is not None


def required(table: str) -> set[str]:
    """The fields of a table that have no default."""
    fields = msgspec.structs.fields(STRUCTS[table])
    return {f.name for f in fields if f.required}


def check_fields(
    row: Row, raw: Mapping[str, object], problems: Problems, passed_over: Collection[str] = ()
) -> None:
    """Check every key and value of a row; right values go into row.values.

    Fields `passed_over` may be missing: that has been said already.
    """
    known = rules(row.table)
    row.written = set(raw)
    identity = raw.get("id")
    row.id = shown(identity) if isinstance(identity, str | int) else row.id
    for key, value in raw.items():
        if rule := known.get(key):
            checked, wrong = check_value(rule, value)
            if wrong:
                row.error(problems, key, wrong.key, **wrong.facts)
            else:
                row.values[key] = checked
    for key, rule in known.items():
        if key not in raw and key not in passed_over and key in required(row.table):
            row.error(problems, key, "site_key_missing", example=rule.example)


def unknown_keys(row: Row, raw: Mapping[str, object], known: list[str], problems: Problems) -> None:
    """Say which keys nothing here knows, and what was most likely meant."""
    for key in raw:
        if key in known:
            continue
        if guess := near(key, known):
            row.error(problems, key, "site_key_unknown_near", key=key or '""', near=guess)
        else:
            row.error(problems, key, "site_key_unknown", key=key or '""', known=listed(known))


def table_rows(
    document: Mapping[str, Any], table: str, file: str, locator: Locator, problems: Problems
) -> list[Row]:
    """All [[table]] rows of a TOML document, each checked by itself."""
    found = document.get(table, [])
    if not isinstance(found, list) or not all(isinstance(raw, dict) for raw in found):
        header = f"[[{table}]]"
        line = locator.line(table)
        problems.error(file, line, "site_table_shape", table=table, header=header)
        return []
    rows = []
    for index, raw in enumerate(found):
        row = Row(
            table=table,
            number=index + 1,
            file=file,
            line=locator.line(table, index),
            line_of=lambda key, index=index: locator.line(table, index, key),  # type: ignore[misc]
        )
        foreign = {key for key in raw if key not in rules(table) and belongs_to_gateway(key)}
        check_fields(row, raw, problems)
        for key in foreign:
            row.error(problems, key, "site_key_gateway", key=key, name="site.toml")
        rest = {key: value for key, value in raw.items() if key not in foreign}
        unknown_keys(row, rest, list(rules(table)), problems)
        rows.append(row)
    return rows
