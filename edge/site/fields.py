"""What one value of a declared file may be: fields.csv as rules, and the check of a value.

A rule says the kind of a value, its bounds and what it refers to. A check gives the value as the
structs of model.py hold it, or the message key and facts of what is wrong. It never raises.
"""

import csv
import functools
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from edge.site.problem import listed

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SCOPES = ("transformer", "feeder", "building", "box")
BROADCAST = "9" * 12

_RATIO = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)/(\d{1,6}(?:\.\d{1,4})?)", re.ASCII)
_CT = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_EXCEL = re.compile(r"\d(?:\.\d*)?[eE][+-]?\d{1,3}", re.ASCII)
_PHONE = re.compile(r"1\d{10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of fields.csv."""

    table: str
    field: str
    kind: str
    low: float
    high: float
    choices: tuple[str, ...]
    refers: str
    """The table whose ids this field names, or ""."""
    example: str
    """As it would be written in the file."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One row of profiles.csv: a profile by one protocol, and what one sweep asks of it.

    Of a Modbus device the profile is its register map.
    """

    name: str
    protocol: str
    kind: str
    """"meter", or "unit": a box unit, which is a TMU."""
    phases: tuple[str, ...]
    exchanges: int
    wire_bytes: int
    """Of all its requests and answers."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a value is refused: a key of the message table and its facts."""

    key: str
    facts: dict[str, object]


Checked = tuple[Any, Wrong | None]


@functools.cache
def rules(table: str) -> dict[str, Rule]:
    """The rules of one table by field, in the order of fields.csv."""
    found = {}
    for row in csv.DictReader(_data("fields.csv")):
        if row["table"] == table:
            found[row["field"]] = Rule(
                table=table,
                field=row["field"],
                kind=row["kind"],
                low=float(row["low"] or 0),
                high=float(row["high"] or 0),
                choices=tuple(row["choices"].split("|")) if row["choices"] else (),
                refers=row["refers"],
                example=row["example"],
            )
    return found


@functools.cache
def profiles() -> dict[tuple[str, str], Profile]:
    """The profiles this program knows, by name and protocol."""
    return {
        (row["profile"], row["protocol"]): Profile(
            name=row["profile"],
            protocol=row["protocol"],
            kind=row["kind"],
            phases=tuple(filter(None, row["phases"].split("|"))),
            exchanges=int(row["exchanges"]),
            wire_bytes=int(row["wire_bytes"]),
        )
        for row in csv.DictReader(_data("profiles.csv"))
    }


def profile_names(kind: str, modbus: bool = False) -> list[str]:
    """The profiles of a kind, or its register maps, in the order of profiles.csv."""
    found = profiles().values()
    names = [p.name for p in found if p.kind == kind and (p.protocol == "modbus") is modbus]
    return list(dict.fromkeys(names))


def check_value(rule: Rule, value: object) -> Checked:
    """(value, None) or (None, what is wrong); the facts still lack `key` and `row`."""
    return _CHECKS[rule.kind](rule, value)


def pad_address(text: str) -> str:
    """A meter address with the leading zeros a spreadsheet may have dropped."""
    return text.rjust(12, "0") if text.isascii() and text.isdigit() else text


def _data(name: str) -> list[str]:
    return resources.files("edge.site").joinpath(name).read_text(encoding="utf-8").splitlines()


def _wrong(key: str, **facts: object) -> Checked:
    return None, Wrong(key, facts)


def _wrong_type(rule: Rule, value: object, want: str) -> Checked:
    names = {str: "string", bool: "boolean", int: "integer", float: "float"}
    names |= {list: "array", dict: "table"}
    got = names.get(type(value), "date or time")
    return _wrong("site_value_type", want=want, got=got, example=rule.example)


def _text(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    if len(value) < rule.low:
        return _wrong("site_key_missing", example=rule.example)
    if len(value) > rule.high or not value.isprintable():
        return _wrong("site_value_text", limit=int(rule.high))
    return value, None


def _id(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    if not ID.fullmatch(value):
        return _wrong("site_value_id", got=value or '""')
    if rule.field == "grid" and _PHONE.fullmatch(value):
        return _wrong("site_grid_phone")
    return value, None


def _ids(rule: Rule, value: object) -> Checked:
    if not isinstance(value, list):
        return _wrong_type(rule, value, "array")
    for one in value:
        _, wrong = _id(rule, one)
        if wrong:
            return None, wrong
    return tuple(value), None


def _integer(rule: Rule, value: object) -> Checked:
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong_type(rule, value, "integer")
    return _in_range(rule, value)


def _whole_cell(rule: Rule, value: object) -> Checked:
    """A whole number in a cell of a meter list, where every value is text."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return _wrong("site_value_range", got=text, low=int(rule.low), high=int(rule.high))
    return _in_range(rule, int(text))


def _number(rule: Rule, value: object) -> Checked:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _wrong_type(rule, value, "float")
    checked, wrong = _in_range(rule, value)
    return (None, wrong) if wrong else (float(checked), None)


def _in_range(rule: Rule, value: int | float) -> Checked:
    # not (low <= value) rather than value < low: nan is in no range
    if not rule.low <= value <= rule.high:
        return _wrong("site_value_range", got=value, low=rule.low, high=rule.high)
    return value, None


def _choice(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    if value not in rule.choices:
        return _wrong("site_value_choice", got=value or '""', choices=", ".join(rule.choices))
    return value, None


def _choice_integer(rule: Rule, value: object) -> Checked:
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong_type(rule, value, "integer")
    if value not in map(int, rule.choices):
        return _wrong("site_value_choice", got=value, choices=", ".join(rule.choices))
    return value, None


def _ratio(rule: Rule, value: object) -> Checked:
    """Transformer tap, "10.25/0.4": kept as text."""
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    match = _RATIO.fullmatch(value)
    if match is None or not all(float(part) > 0 for part in match.groups()):
        return _wrong("site_value_ratio", got=value or '""', example=rule.example)
    return value, None


def _ct(rule: Rule, value: object) -> Checked:
    """Ratio of an instrument transformer, "800/5", as (primary, secondary)."""
    match = _CT.fullmatch(value) if isinstance(value, str) else None
    if match is None or 0 in (pair := (int(match[1]), int(match[2]))):
        return _wrong("site_value_ratio", got=value, example=rule.example)
    return pair, None


def _address(rule: Rule, value: object) -> Checked:
    """A meter address; the caller warns where pad_address() changed it."""
    text = str(value)
    if _EXCEL.fullmatch(text):
        return _wrong("site_address_excel", got=text)
    padded = pad_address(text)
    if len(padded) != 12 or not (padded.isascii() and padded.isdigit()):
        return _wrong("site_address_wrong", got=text)
    if padded == BROADCAST:
        return _wrong("site_address_broadcast", got=text)
    return padded, None


def _profile(rule: Rule, value: object) -> Checked:
    # whether there is such a profile depends on the protocol: rules.py
    if not isinstance(value, str) or not ID.fullmatch(value):
        return _wrong("site_value_choice", got=value, choices=listed(profile_names("meter")))
    return value, None


def _scope(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    table, colon, place = value.partition(":")
    if value != "area" and not (colon and table in SCOPES and ID.fullmatch(place)):
        return _wrong("site_scope_wrong", got=value)
    return value, None


def _zone(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    if _zone_known(value):
        return value, None
    if not _zone_known("Asia/Shanghai"):
        return _wrong("site_zone_no_data", got=value)
    return _wrong("site_zone_unknown", got=value or '""')


def _zone_known(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _url(rule: Rule, value: object) -> Checked:
    if not isinstance(value, str):
        return _wrong_type(rule, value, "string")
    if "@" in value:
        # not quoted in the message: what stands before the @ may be a password
        return _wrong("site_url_secret")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return _wrong("site_url_wrong", got=value)
    plain = value.isprintable() and " " not in value and len(value) <= 300
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0:
        return _wrong("site_url_wrong", got=value)
    return (value, None) if plain and bare else _wrong("site_url_wrong", got=value)


_CHECKS: dict[str, Callable[[Rule, object], Checked]] = {
    "text": _text,
    "id": _id,
    "ids": _ids,
    "integer": _integer,
    "number": _number,
    "whole_cell": _whole_cell,
    "choice": _choice,
    "choice_integer": _choice_integer,
    "ratio": _ratio,
    "ct": _ct,
    "address": _address,
    "profile": _profile,
    "scope": _scope,
    "zone": _zone,
    "url": _url,
}
