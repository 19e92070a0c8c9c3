"""Mistakes people make in site files, one at a time: each is named with file, line and remedy."""

from pathlib import Path

import pytest

from edge.site.load import load_site
from edge.site.problem import Problem
from tests.edge.site.good import METERS, SITE, loaded, spoil_meters, spoil_site, write

ROW1 = "370112000001,household,b1,dlt645,1ph-2013,A,B1-1,B1-1-101,,,"
ROW2 = "370112000002,household,b1,dlt698,1ph-2020,B,B1-1,B1-1-102,,,"
MASTER = "370112009001,master,station,dlt645,3ph,ABC,,,,T1,800/5"


def says(problem: Problem, file: str, *words: str, severity: str = "error") -> None:
    """The problem is of that file and severity, and its sentence holds these words."""
    text = problem.text("en")
    assert Path(problem.file).name == file
    assert problem.severity == severity
    assert text.startswith(f"{problem.file}:{problem.line}: ")
    for word in words:
        assert word in text, text


def test_the_site_that_the_others_spoil_has_nothing_wrong(tmp_path: Path) -> None:
    result = load_site(write(tmp_path))
    assert result.problems == ()
    assert result.site is not None


SITE_MISTAKES = {
    "unknown key with a near one": (
        ('model = "S13-400"', 'modell = "S13-400"'),
        "modell =",
        ("transformer T1", "modell", "did you mean model?"),
    ),
    "unknown key like no other": (
        ('model = "S13-400"', 'zzz = "S13-400"'),
        "zzz =",
        ("zzz", "remove it", "known are"),
    ),
    "unknown top-level key": (
        ("period_s = 60", "period_s = 60\nperiods = 60"),
        "periods =",
        ("periods", "did you mean period_s?"),
    ),
    "unknown table": (
        ("[[building]]", "[[bilding]]"),
        "[[bilding]]",
        ("bilding", "did you mean building?"),
    ),
    "table not a list": (
        ("[[tmu]]", "[tmu]"),
        "[tmu]",
        ("tmu", "write [[tmu]]"),
    ),
    "time zone missing": (
        ('timezone = "Asia/Shanghai"\n', ""),
        "version = 1",
        ("timezone", 'add for example: timezone = "Asia/Shanghai"'),
    ),
    "time zone unknown": (
        ('"Asia/Shanghai"', '"Asia/Bejing"'),
        "timezone =",
        ("Asia/Bejing", "for China: Asia/Shanghai"),
    ),
    "version missing": (
        ("version = 1\n", ""),
        'id = "luying"',
        ("version is missing", "add the line version = 1"),
    ),
    "version of a newer program": (
        ("version = 1", "version = 2"),
        "version = 2",
        ("version is 2", "update boxgate"),
    ),
    "compulsory key missing": (
        ("rated_kva = 400\n", ""),
        "[[transformer]]",
        ("transformer T1 lacks rated_kva", "rated_kva = 400"),
    ),
    "number written as text": (
        ("rated_kva = 400", 'rated_kva = "400"'),
        "rated_kva =",
        ("rated_kva of transformer T1", "float", "string", "rated_kva = 400"),
    ),
    "true where a number belongs": (
        ("stairwells = 2", "stairwells = true"),
        "stairwells =",
        ("integer", "boolean"),
    ),
    "number out of range": (
        ("length_m = 110", "length_m = -110"),
        "length_m = -110",
        ("feeder F1", "from 0 to 20000"),
    ),
    "not a number at all": (
        ("length_m = 110", "length_m = nan"),
        "length_m = nan",
        ("length_m of feeder F1", "from 0 to 20000"),
    ),
    "huge number": (
        ("length_m = 110", "length_m = 0x" + "f" * 3000),
        "length_m = 0x",
        ("a huge number", "from 0 to 20000"),
    ),
    "control character in a name": (
        ('name = "Luying"', 'name = "Lu\\u0007ying"'),
        "name =",
        ("name of site", "control characters", "shorten it"),
    ),
    "name that is a story": (
        ('name = "Luying"', f'name = "{"x" * 201}"'),
        "name =",
        ("name of site", "longer than 200 characters"),
    ),
    "word that is no choice": (
        ('"Dyn11"', '"Dyn5"'),
        "vector_group",
        ("vector_group", "Dyn5", "Dyn11, Yyn0"),
    ),
    "baud rate that no meter has": (
        ("baud = 9600", "baud = 9601"),
        "baud = 9601",
        ("baud of line b1", "9600"),
    ),
    "id with a blank": (
        ('id = "luying"', 'id = "lu ying"'),
        'id = "lu ying"',
        ("lu ying", "64 letters"),
    ),
    "id of an array of tables twice": (
        ('id = "F2"', 'id = "F1"'),
        'id = "F1"',
        ("feeder F1", "line 18", "remove one"),
    ),
    "id that differs by case": (
        ('id = "F2"', 'id = "f1"'),
        'id = "f1"',
        ("feeder f1", "feeder F1", "line 18", "only in case", "rename"),
    ),
    "reference to nothing": (
        ('transformer = "T1"\nconductor', 'transformer = "XX9"\nconductor'),
        'transformer = "XX9"',
        ("transformer of feeder F1", "XX9", "does not exist", "known are: T1"),
    ),
    "reference to nearly something": (
        ('line = "station"', 'line = "stations"'),
        'line = "stations"',
        ("tmu tmu1", "did you mean station?"),
    ),
    "stairwell beyond the building": (
        ("stairwell = 1", "stairwell = 3"),
        "stairwell = 3",
        ("box B1-1", "stairwell 3", "building B1 has 2"),
    ),
    "tap that is no ratio": (
        ('tap = "10/0.4"', 'tap = "10/0"'),
        "tap =",
        ("tap of transformer T1", "10/0", "primary/secondary"),
    ),
    "port in the site": (
        ("baud = 9600", 'baud = 9600\nport = "/dev/ttyS1"'),
        "port =",
        ("port", "gateway.toml", "move it there"),
    ),
    "secret in the site": (
        ("period_s = 60", 'period_s = 60\npassword = "x"'),
        "password =",
        ("password", "gateway.toml", "move it there"),
    ),
    "broker table in the site": (
        ("[[tmu]]", '[broker]\nurl = "mqtt://a"\n\n[[tmu]]'),
        "[broker]",
        ("broker", "gateway.toml"),
    ),
    "line owned twice": (
        ('lines = ["b1", "station"]', 'lines = ["b1", "station", "b1"]'),
        "lines =",
        ("line b1", "gw1", "leave it with one"),
    ),
    "line owned by nobody": (
        ('lines = ["b1", "station"]', 'lines = ["b1"]'),
        'id = "station"',
        ("line station", "no gateway", "add it to lines"),
    ),
    "TMU unit twice on one line": (
        (
            "[[gateway]]",
            '[[tmu]]\nid = "tmu2"\ntransformer = "T1"\nline = "station"\n\n[[gateway]]',
        ),
        "[[tmu]]",
        ("tmu tmu2", "tmu tmu1", "unit 1", "its own unit"),
    ),
    "TMU with the map of a meter": (
        ('line = "station"\nunit = 1', 'line = "station"\nmap = "sdm630"'),
        'map = "sdm630"',
        ("map of tmu tmu1", "sdm630", "tmu-1, bwd-k"),
    ),
    "responsibility for no place": (
        ('scope = "area"', 'scope = "street"'),
        'scope = "street"',
        ("street", "write area, or transformer:ID"),
    ),
    "person's phone as grid": (
        ('"JN-LX-0142"', '"13800000000"'),
        "grid =",
        ("looks like a phone number", "write the number of the grid"),
    ),
    "meters file outside the folder": (
        ("period_s = 60", 'period_s = 60\nmeters = "../meters.csv"'),
        "meters =",
        ("../meters.csv", "plain name of a file"),
    ),
}


@pytest.mark.parametrize("name", SITE_MISTAKES)
def test_a_mistake_in_site_toml_is_named_with_its_line_and_remedy(
    tmp_path: Path, name: str
) -> None:
    change, line, words = SITE_MISTAKES[name]
    spoiled = spoil_site(tmp_path, change)
    found = [p for p in spoiled.loaded.problems if p.severity == "error"]
    assert spoiled.loaded.site is None
    says(found[0], "site.toml", *words)
    assert spoiled.at(found[0]).startswith(line), spoiled.at(found[0])
    if name not in ("unknown table", "table not a list", "meters file outside the folder"):
        assert len(found) == 1, [p.text("en") for p in found]


METER_MISTAKES = {
    "line that is missing": (
        (ROW1, ROW1.replace(",b1,", ",b7,")),
        ROW1[:12],
        ("line of meter 370112000001", "b7", "does not exist"),
    ),
    "phase that is none": (
        (ROW1, ROW1.replace(",A,", ",D,")),
        ROW1[:12],
        ("phase of meter 370112000001", "D", "A, B, C, ABC"),
    ),
    "phase left empty": (
        (ROW1, ROW1.replace(",A,", ",,")),
        ROW1[:12],
        ("meter 370112000001 lacks phase", "phase = A"),
    ),
    "single-phase meter on three phases": (
        (ROW1, ROW1.replace(",A,", ",ABC,")),
        ROW1[:12],
        ("phase of meter 370112000001", "profile 1ph-2013", "A, B, C"),
    ),
    "protocol that the profile has not": (
        (ROW1, ROW1.replace("dlt645", "dlt698")),
        ROW1[:12],
        ("protocol", "dlt698", "profile 1ph-2013", "dlt645"),
    ),
    "profile unknown": (
        (ROW1, ROW1.replace("1ph-2013", "1ph")),
        ROW1[:12],
        ("profile", "1ph-2013, 1ph-2020, 3ph"),
    ),
    "CT ratio zero": (
        (MASTER, MASTER.replace("800/5", "0/5")),
        MASTER[:12],
        ("ct of meter 370112009001", "0/5", "e.g. 800/5", "0"),
    ),
    "CT ratio without its secondary": (
        (MASTER, MASTER.replace("800/5", "160")),
        MASTER[:12],
        ("ct", "160", "primary/secondary"),
    ),
    "address twice": (
        (ROW2, ROW2.replace("370112000002", "370112000001")),
        "370112000001,household,b1,dlt698",
        ("meter 370112000001", "line 2", "remove one"),
    ),
    "address in Excel's notation": (
        (ROW1, ROW1.replace("370112000001", "3.70112E+11")),
        "3.70112E+11",
        ("3.70112E+11", "Excel", "format the column as Text"),
    ),
    "address with letters": (
        (ROW1, ROW1.replace("370112000001", "37O112000001")),
        "37O112000001",
        ("37O112000001", "12 digits printed on the meter"),
    ),
    "address of thirteen digits": (
        (ROW1, ROW1.replace("370112000001", "3701120000011")),
        "3701120000011",
        ("not a meter address", "12 digits"),
    ),
    "broadcast address": (
        (ROW1, ROW1.replace("370112000001", "999999999999")),
        "999999999999",
        ("broadcast", "12 digits printed"),
    ),
    "household without box": (
        (ROW1, ROW1.replace(",B1-1,", ",,")),
        ROW1[:12],
        ("of kind household and needs box", "fill in"),
    ),
    "feeder meter without feeder": (
        (",F1,,400/5", ",,,400/5"),
        "370112009101",
        ("of kind feeder and needs feeder", "fill in"),
    ),
    "master meter without transformer": (
        (",T1,800/5", ",,800/5"),
        "370112009001",
        ("of kind master and needs transformer", "fill in"),
    ),
    "public meter without place": (
        ("1ph-2013,C,,,F1,,", "1ph-2013,C,,,,,"),
        "370112009201",
        ("public and has no place", "fill in one of box, feeder"),
    ),
    "place against the box": (
        (ROW1, ROW1.replace("B1-1-101,,", "B1-1-101,F2,")),
        ROW1[:12],
        ("feeder of meter 370112000001 is F2", "box hangs on F1", "empty"),
    ),
    "column missing": (
        ("profile", ""),
        "id,kind",
        ("column profile is missing", "add it"),
    ),
    "column unknown": (
        ("profile,phase,box", "profile,phase,boxx"),
        "id,kind",
        ("boxx", "did you mean box?"),
    ),
    "column with personal data": (
        ("box,household", "box,household,姓名"),
        "id,kind",
        ("姓名", "personal data", "delete the column"),
    ),
    "column with ports": (
        ("box,household", "box,port"),
        "id,kind",
        ("port", "gateway.toml"),
    ),
    "column twice": (
        ("box,household", "box,box"),
        "id,kind",
        ("column box stands twice", "remove or rename"),
    ),
    "cell too many": (
        (ROW1, ROW1 + ",x"),
        ROW1[:12],
        ("12 cells, the header 11", "quote a value"),
    ),
}


@pytest.mark.parametrize("name", METER_MISTAKES)
def test_a_mistake_in_meters_csv_is_named_with_its_row_and_remedy(
    tmp_path: Path, name: str
) -> None:
    change, line, words = METER_MISTAKES[name]
    spoiled = spoil_meters(tmp_path, change)
    found = [p for p in spoiled.loaded.problems if p.severity == "error"]
    assert spoiled.loaded.site is None
    says(found[0], "meters.csv", *words)
    assert spoiled.at(found[0]).startswith(line), spoiled.at(found[0])


def test_a_column_that_is_missing_is_said_once_and_not_for_every_row(tmp_path: Path) -> None:
    meters = METERS.replace(",phase,", ",,")
    problem = loaded(tmp_path, SITE, meters).only()
    says(problem, "meters.csv", "column phase is missing")
    assert problem.line == 1


TABLES_OF_ONE = ("transformer", "line", "gateway")


@pytest.mark.parametrize("table", TABLES_OF_ONE)
def test_a_site_without_any_of_a_compulsory_table_is_told_so(tmp_path: Path, table: str) -> None:
    start = SITE.index(f"[[{table}]]")
    rest = SITE[start + 2 :]
    while (following := rest.find("\n[[")) >= 0 and rest[following:].startswith(f"\n[[{table}]]"):
        rest = rest[following + 3 :]
    site = SITE[:start] + rest[rest.index("\n[[") + 1 :]
    spoiled = loaded(tmp_path, site, METERS)
    found = [p.text("en") for p in spoiled.loaded.problems]
    assert any(f"no [[{table}]]; add at least one" in text for text in found), found


def test_an_area_without_a_default_responsibility_is_told_so(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ('scope = "area"', 'scope = "building:B1"'))
    says(spoiled.only(), "site.toml", "covers the whole area", 'scope = "area"')
    assert spoiled.at(spoiled.only()) == "[[responsibility]]"


def test_a_responsibility_for_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    more = '\n[[responsibility]]\nscope = "box:Z9"\ngrid = "G1"\nduty = "repair"\n'
    spoiled = loaded(tmp_path, SITE + more, METERS)
    says(spoiled.only(), "site.toml", "Z9", "does not exist", "B1-1")
    assert spoiled.at(spoiled.only()) == 'scope = "box:Z9"'


def test_a_duty_given_twice_at_one_place_is_named_with_the_other_line(tmp_path: Path) -> None:
    more = '\n[[responsibility]]\nscope = "area"\ngrid = "G1"\nduty = "grid_manager"\n'
    spoiled = loaded(tmp_path, SITE + more, METERS)
    first = SITE.split("\n").index('scope = "area"') + 1
    says(spoiled.only(), "site.toml", "grid_manager", f"line {first}", "remove one")


def test_toml_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    spoiled = spoil_site(tmp_path, ('id = "T1"', "id = T1"))
    says(spoiled.only(), "site.toml", "not valid TOML", "mend this line")
    assert spoiled.at(spoiled.only()) == "id = T1"


def test_a_bracket_left_open_to_the_end_is_named_at_the_end(tmp_path: Path) -> None:
    spoiled = loaded(tmp_path, SITE + "extra = [1,\n2,\n", METERS)
    says(spoiled.only(), "site.toml", "not valid TOML")
    assert spoiled.at(spoiled.only()) == "2,"


def test_mistakes_in_both_files_are_all_said_at_once(tmp_path: Path) -> None:
    site = SITE.replace("rated_kva = 400", "rated_kva = -1").replace('id = "B1-1"', 'id = "B 1"')
    meters = METERS.replace("800/5", "800/0").replace(",A,", ",X,")
    found = {(Path(p.file).name, p.key) for p in loaded(tmp_path, site, meters).loaded.problems}
    assert {
        ("site.toml", "site_value_range"),
        ("site.toml", "site_value_id"),
        ("meters.csv", "site_value_ratio"),
        ("meters.csv", "site_value_choice"),
    } <= found


def test_mistakes_of_the_meter_list_are_said_beside_a_site_that_is_no_toml(
    tmp_path: Path,
) -> None:
    found = loaded(tmp_path, "[[", METERS.replace("800/5", "800/0")).loaded.problems
    assert [Path(p.file).name for p in found] == ["meters.csv", "site.toml"]


def test_a_file_with_thousands_of_mistakes_says_a_thousand_and_that_there_are_more(
    tmp_path: Path,
) -> None:
    meters = METERS.split("\n")[0] + "\n" + "x,household,b1,dlt645,1ph-2013,A,B1-1,h,,,\n" * 3000
    found = loaded(tmp_path, SITE, meters).loaded.problems
    assert len(found) == 1001
    assert "more than 1000 problems" in found[-1].text("en")


@pytest.mark.parametrize(
    ("changes", "row", "twin"),
    [
        ([('id = "tmu1"', 'id = "370112000001"')], "tmu 370112000001", "meter 370112000001"),
        ([('id = "F2"', 'id = "t1"')], "feeder t1", "transformer T1"),
    ],
)
def test_what_stands_side_by_side_in_data_needs_ids_of_its_own(
    tmp_path: Path, changes: list[tuple[str, str]], row: str, twin: str
) -> None:
    problem = spoil_site(tmp_path, *changes).only()
    assert problem.severity == "error"
    assert f": {row} has the id of {twin} (" in problem.text("en")


def test_a_building_may_have_the_id_of_a_feeder(tmp_path: Path) -> None:
    changes = [('id = "B1"', 'id = "F1"'), ('building = "B1"', 'building = "F1"')]
    assert spoil_site(tmp_path, *changes).loaded.problems == ()
