"""fields.csv and the structs of model.py say the same, and the locator finds what tomllib reads."""

import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.site.fields import check_value, profile_names, profiles, rules
from edge.site.locate import Locator
from edge.site.rows import STRUCTS, belongs_to_gateway

NOT_IN_FILES = {
    "site": {"transformers", "feeders", "buildings", "boxes", "lines", "tmus", "gateways"}
    | {"responsibilities", "meters", "digest"},
    "meter": {"ct_primary", "ct_secondary", "pt_primary", "pt_secondary"},
    "gateway_file": {"version", "broker", "line"},
}
ONLY_IN_FILES = {"meter": {"ct", "pt"}}
NO_VALUE = (None, "", msgspec.NODEFAULT)
"""Defaults that say there is none; so does the unit 0 of a meter that is not on Modbus."""


@pytest.mark.parametrize("table", STRUCTS)
def test_every_field_of_a_struct_has_its_rule(table: str) -> None:
    fields = {f.name for f in msgspec.structs.fields(STRUCTS[table])}
    expected = fields - NOT_IN_FILES.get(table, set()) | ONLY_IN_FILES.get(table, set())
    assert set(rules(table)) == expected


@pytest.mark.parametrize("table", STRUCTS)
def test_every_example_and_every_default_passes_its_own_rule(table: str) -> None:
    defaults = {f.name: f.default for f in msgspec.structs.fields(STRUCTS[table]) if not f.required}
    for field, rule in rules(table).items():
        example: Any = rule.example
        if table != "meter":
            example = tomllib.loads(f"x = {rule.example}")["x"]
        assert check_value(rule, example)[1] is None, (table, field)
        default = defaults.get(field)
        if default not in NO_VALUE and (table, field) != ("meter", "unit"):
            assert check_value(rule, default)[1] is None, (table, field)


@pytest.mark.parametrize("table", STRUCTS)
def test_choices_are_those_of_the_struct(table: str) -> None:
    for field, rule in rules(table).items():
        if rule.kind != "choice":
            continue
        types = {f.name: f.type for f in msgspec.structs.fields(STRUCTS[table])}
        for choice in rule.choices:
            msgspec.convert(choice, types[field])
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert("no such", types[field])


def test_the_profiles_have_figures_for_the_time_they_take() -> None:
    assert profile_names("meter") == ["1ph-2013", "1ph-2020", "3ph"]
    assert set(profile_names("meter", modbus=True)) >= {"sdm630", "chint-dtsu666"}
    assert set(profile_names("unit", modbus=True)) == {"tmu-1", "bwd-k"}
    assert all(p.exchanges > 0 and p.wire_bytes > 0 for p in profiles().values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ALL_RULES = [rule for table in STRUCTS for rule in rules(table).values()]


@given(st.sampled_from(ALL_RULES), JSON)
def test_any_value_is_taken_or_refused_without_a_fault(rule: Any, value: Any) -> None:
    checked, wrong = check_value(rule, value)
    assert (checked is None) == (wrong is not None)


def test_no_field_of_the_site_is_taken_for_the_gateways() -> None:
    own = {"broker", "port", "gateway_file"}
    for table in set(STRUCTS) - own:
        assert not [field for field in rules(table) if belongs_to_gateway(field)]


TEXT = '''\
version = 1 # [ {
# [[not]]
name = "a # b [[no]]"
long = """
[[no]]
id = 1
"""
list = [
  1,  # ]
  [[9]]
]
after = 1
[[line]]
id = "a"
[[line]]
"id" = "b"
lines = [{ x = 1 },
  { y = 2 }]
[line.deep]
z = 1
[other]
'a.b' = 1
c.d = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("version",), 1),
        (("name",), 3),
        (("long",), 4),
        (("list",), 8),
        (("list", 1), 8),
        (("after",), 12),
        (("line", 0), 13),
        (("line", 0, "id"), 14),
        (("line", 1, "id"), 16),
        (("line", 1, "lines"), 17),
        (("line", 1, "missing"), 15),
        (("line", 1, "deep", "z"), 20),
        (("other", "a.b"), 22),
        (("other", "c", "d"), 23),
        (("nowhere",), 1),
    ],
)
def test_the_locator_finds_the_line_of_a_path(path: tuple[str | int, ...], line: int) -> None:
    assert Locator(TEXT).line(*path) == line


@given(st.text())
def test_the_locator_takes_any_text(text: str) -> None:
    assert Locator(text).line("a", 0, "b") >= 1
