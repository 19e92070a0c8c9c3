"""What must be right across rows: ids, references, and what each kind of row needs of the others.

Every rule works on the values that are right by themselves and passes over the rest, so that one
mistake is said once.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from edge.site.fields import SCOPES, profile_names, profiles, rules
from edge.site.problem import Problems, listed, near
from edge.site.rows import Row

Tables = dict[str, list[Row]]
"""All rows by table; "site" and "meter" among them."""

NEEDS = {"household": "box", "feeder": "feeder", "master": "transformer"}
"""The place that each kind of meter must name."""

SHARED_IDS = (("meter", "tmu"), ("transformer", "feeder"))
"""Tables whose rows stand side by side in data and results, told apart by their ids alone."""

PLACES = frozenset({"box", "feeder", "transformer"})


@dataclass(slots=True)
class World:
    """The rows with their ids at hand."""

    tables: Tables
    problems: Problems
    by_id: dict[str, dict[str, Row]]

    def get(self, table: str, row_id: object) -> Row | None:
        """The row of that id, or None."""
        return self.by_id[table].get(row_id) if isinstance(row_id, str) else None


def check_world(tables: Tables, problems: Problems) -> None:
    """Every rule across rows."""
    world = World(tables, problems, {})
    for table in ("transformer", "feeder", "building", "box", "line", "tmu", "gateway", "meter"):
        world.by_id[table] = _ids_are_unique(tables[table], problems)
    for rule in _RULES:
        rule(world)


def _ids_are_unique(rows: list[Row], problems: Problems) -> dict[str, Row]:
    """Ids differ beyond case: they become file names, topics and spreadsheet cells."""
    found: dict[str, Row] = {}
    lower: dict[str, Row] = {}
    for row in rows:
        if not row.id:
            continue
        twin = lower.setdefault(row.id.lower(), row)
        found.setdefault(row.id, row)
        if twin is row:
            continue
        if twin.id == row.id:
            row.error(problems, "id", "site_id_twice", other=twin.line_of("id"))
        else:
            row.error(problems, "id", "site_id_twin", twin=twin.label, other=twin.line_of("id"))
    return found


def _references_exist(world: World) -> None:
    for table, rows in world.tables.items():
        for field, rule in rules(table).items():
            if not rule.refers:
                continue
            known = world.by_id[rule.refers]
            for row in rows:
                names = row.values.get(field, ())
                for name in (names,) if isinstance(names, str) else names:
                    if name not in known:
                        _missing(row, field, name, list(known), world.problems)


def _missing(row: Row, field: str, name: str, known: list[str], problems: Problems) -> None:
    if guess := near(name, known):
        row.error(problems, field, "site_ref_missing_near", got=name, near=guess)
    else:
        row.error(problems, field, "site_ref_missing", got=name, known=listed(known))


def _boxes_stand_in_their_building(world: World) -> None:
    for box in world.tables["box"]:
        building = world.get("building", box.values.get("building"))
        stairwell = box.values.get("stairwell")
        if building is None or stairwell is None:
            continue
        count = building.values.get("stairwells")
        if count is not None and stairwell > count:
            facts = {"got": stairwell, "building": building.id, "count": count}
            box.error(world.problems, "stairwell", "site_stairwell_outside", **facts)


def _meters_have_their_place(world: World) -> None:
    for meter in world.tables["meter"]:
        kind = str(meter.values.get("kind"))
        # a place that is written and wrong has its own error
        named = PLACES & meter.written
        needed = NEEDS.get(kind)
        if kind == "public" and not named:
            meter.error(world.problems, "box", "site_public_place")
        elif needed and needed not in named:
            meter.error(world.problems, needed, "site_meter_needs", kind=kind)
        _places_agree(world, meter)


def _places_agree(world: World, meter: Row) -> None:
    """A feeder or transformer written beside a box must be the one the box hangs on."""
    values = meter.values
    feeder = values.get("feeder")
    by = "feeder"
    if box := world.get("box", values.get("box")):
        building = world.get("building", box.values.get("building"))
        hangs_on = building.values.get("feeder") if building else None
        by = "box"
        if feeder and hangs_on and feeder != hangs_on:
            facts = {"got": feeder, "by": "box", "want": hangs_on}
            meter.error(world.problems, "feeder", "site_place_conflict", **facts)
            return
        feeder = hangs_on
    transformer = values.get("transformer")
    if row := world.get("feeder", feeder):
        want = row.values.get("transformer")
        if transformer and want and transformer != want:
            facts = {"got": transformer, "by": by, "want": want}
            meter.error(world.problems, "transformer", "site_place_conflict", **facts)


def _profiles_fit(world: World) -> None:
    for meter in world.tables["meter"]:
        name = meter.values.get("profile")
        protocol = _protocol(meter)
        if name is None:
            continue
        if protocol == "modbus":
            _map_exists(meter, "profile", name, "meter", world.problems)
        elif name not in profile_names("meter"):
            facts = {"got": name, "choices": ", ".join(profile_names("meter"))}
            meter.error(world.problems, "profile", "site_value_choice", **facts)
            continue
        _profile_agrees(meter, name, protocol, world.problems)
    for tmu in world.tables["tmu"]:
        if name := tmu.values.get("map"):
            _map_exists(tmu, "map", name, "unit", world.problems)


def _protocol(meter: Row) -> str | None:
    """As written, or by default; None where what is written is none."""
    protocol: str | None = meter.values.get(
        "protocol", "dlt645" if "protocol" not in meter.written else None
    )
    return protocol


def _map_exists(row: Row, field: str, name: str, kind: str, problems: Problems) -> None:
    known = profile_names(kind, modbus=True)
    if name not in known:
        row.error(problems, field, "site_map_unknown", got=name, choices=listed(known))


def _profile_agrees(meter: Row, name: str, protocol: str | None, problems: Problems) -> None:
    """A profile is of some protocols and phases, and of no others."""
    rows = [one for one in profiles().values() if one.name == name and one.kind == "meter"]
    phases = dict.fromkeys(phase for one in rows for phase in one.phases)
    protocols = [one.protocol for one in rows]
    allowed = (("phase", meter.values.get("phase"), list(phases)),
               ("protocol", protocol, protocols))  # fmt: skip
    for field, got, choices in allowed:
        # a Modbus meter whose profile is no map has its error already
        if rows and got not in (None, "modbus", *choices):
            facts = {"got": got, "profile": name, "choices": ", ".join(choices)}
            meter.error(problems, field, "site_profile_mismatch", **facts)


def _rows_of_data_differ(world: World) -> None:
    """Meters and TMUs are rows of one table to the utility, transformers and feeders of another."""
    for tables in SHARED_IDS:
        taken: dict[str, Row] = {}
        for row in (row for table in tables for row in world.by_id[table].values()):
            first = taken.setdefault(row.id.lower(), row)
            if first.table != row.table:
                where = f"{PurePath(first.file).name}:{first.line_of('id')}"
                facts = {"twin": first.label, "where": where}
                row.error(world.problems, "id", "site_id_shared", **facts)


def _modbus_meters_have_a_unit(world: World) -> None:
    for meter in world.tables["meter"]:
        protocol = _protocol(meter)
        if protocol == "modbus" and "unit" not in meter.written:
            meter.error(world.problems, "unit", "site_unit_missing")
        elif protocol not in (None, "modbus") and "unit" in meter.values:
            facts = {"got": meter.values["unit"], "protocol": protocol}
            meter.error(world.problems, "unit", "site_unit_unused", **facts)


def _units_differ_on_a_line(world: World) -> None:
    """Modbus addresses, of TMUs and of meters."""
    taken: dict[tuple[str, int], Row] = {}
    meters = [meter for meter in world.tables["meter"] if _protocol(meter) == "modbus"]
    for row in (*world.tables["tmu"], *meters):
        line = row.values.get("line")
        # the default of a TMU's struct, where the file says nothing
        absent = 1 if row.table == "tmu" and "unit" not in row.written else None
        unit = row.values.get("unit", absent)
        if line is None or unit is None:
            continue
        first = taken.setdefault((line, unit), row)
        if first is not row:
            facts = {"other": first.label, "unit": unit, "line": line}
            row.error(world.problems, "unit", "site_unit_twice", **facts)


def _every_line_has_one_gateway(world: World) -> None:
    owner: dict[str, Row] = {}
    for gateway in world.tables["gateway"]:
        for line in gateway.values.get("lines", ()):
            if line in owner:
                facts = {"line": line, "first": owner[line].id, "second": gateway.id}
                gateway.error(world.problems, "lines", "site_line_owned_twice", **facts)
            owner.setdefault(line, gateway)
    if any("lines" not in gateway.values for gateway in world.tables["gateway"]):
        # what that gateway owns is not known: its own error stands for these
        return
    for line_row in world.tables["line"]:
        if line_row.id and line_row.id not in owner and world.tables["gateway"]:
            line_row.error(world.problems, "id", "site_line_not_owned", line=line_row.id)


def _responsibilities_cover_the_area(world: World) -> None:
    seen: dict[tuple[str, str], Row] = {}
    scopes = set()
    rows = world.tables["responsibility"]
    for row in rows:
        scope, duty = row.values.get("scope"), row.values.get("duty")
        if scope is None:
            continue
        scopes.add(scope)
        table, _, place = scope.partition(":")
        if table in SCOPES and place not in world.by_id[table]:
            _missing(row, "scope", place, list(world.by_id[table]), world.problems)
        if duty is None:
            continue
        first = seen.setdefault((scope.lower(), duty), row)
        if first is not row:
            facts = {"got": scope, "duty": duty, "other": first.line_of("scope")}
            row.error(world.problems, "scope", "site_scope_twice", **facts)
    if "area" not in scopes and all("scope" in row.values for row in rows):
        site = world.tables["site"][0]
        world.problems.error(site.file, rows[0].line if rows else 1, "site_scope_area")


def _households_have_one_meter(world: World) -> None:
    by_household: dict[str, Row] = {}
    without = []
    for meter in world.tables["meter"]:
        if meter.values.get("kind") != "household":
            continue
        household = meter.values.get("household")
        if household is None:
            if "household" not in meter.written:
                without.append(meter)
            continue
        first = by_household.setdefault(household.lower(), meter)
        if first is not meter:
            facts = {"household": household, "other": first.line}
            meter.warning(world.problems, "household", "site_household_twice", **facts)
    if without:
        without[0].warning(world.problems, "household", "site_household_none", count=len(without))


def _places_are_measured_once(world: World) -> None:
    measured: dict[str, dict[str, Row]] = defaultdict(dict)
    for meter in world.tables["meter"]:
        kind = meter.values.get("kind")
        field = NEEDS.get(kind) if kind in ("master", "feeder") else None
        place = meter.values.get(field) if field else None
        if field is None or place is None:
            continue
        first = measured[field].setdefault(place, meter)
        if first is not meter:
            facts = {"other": first.line, "kind": kind, "place": f"{field} {place}"}
            meter.warning(world.problems, field, "site_place_twice", **facts)
    meters = world.tables["meter"]
    if not meters or any("kind" not in meter.values for meter in meters):
        # which of them are master meters is not known
        return
    for transformer in world.tables["transformer"]:
        if transformer.id and transformer.id not in measured["transformer"]:
            transformer.warning(world.problems, "id", "site_master_none", id=transformer.id)


_RULES: tuple[Callable[[World], None], ...] = (
    _references_exist,
    _boxes_stand_in_their_building,
    _meters_have_their_place,
    _profiles_fit,
    _rows_of_data_differ,
    _modbus_meters_have_a_unit,
    _units_differ_on_a_line,
    _every_line_has_one_gateway,
    _responsibilities_cover_the_area,
    _households_have_one_meter,
    _places_are_measured_once,
)
